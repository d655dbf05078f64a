#!/bin/bash
# SPDX-License-Identifier: MIT
# Models of pairs of texts, and models without exits: run, eval, info, and what is refused.
cd "$(dirname "$0")/../.." || exit 1
. tests/cli/common.bash

pairs=$(make_model pairs)
plain=$(make_model without-exits)

# ---- Pairs ----

printf 'aa ba\tca\nda\tea fa\n' >"$WORK/in"
tool run --backend reference --model "$pairs" --json "$WORK/in"
result "pairs are classified" 0 lines_are "$WORK/out" 2
result "they count all their tokens" 0 has_line "$WORK/out" '*"tokens":6*'
result "a result holds both texts" 0 has_line "$WORK/out" '*"text":"aa ba\\tca"*'
cp "$WORK/out" "$WORK/pairs"
printf 'aa ba\tda\nda\tea fa\n' >"$WORK/in"
tool run --backend reference --model "$pairs" --json "$WORK/in"
result "the second text matters" 0 test \
	"$(sed -n 's/.*"logits":\(\[[^]]*\]\).*/\1/p' "$WORK/out" | head -n 1)" != \
	"$(sed -n 's/.*"logits":\(\[[^]]*\]\).*/\1/p' "$WORK/pairs" | head -n 1)"

printf 'aa ba\naa\tba\tca\naa\t\n\tba\naa\tba\n' >"$WORK/in"
tool run --backend reference --model "$pairs" "$WORK/in"
result "bad pairs get an error in their place" 65 lines_are "$WORK/out" 5
result "a line without a tab is named" 65 has_line "$WORK/err" \
	'*line 1: *has no tab: the model takes pairs, text_a<TAB>text_b*'
result "a line with two tabs is named" 65 has_line "$WORK/err" '*line 2: *more than one tab*'
result "an empty second text is named" 65 has_line "$WORK/err" '*line 3: *the second text has no tokens*'
result "an empty first text is named" 65 has_line "$WORK/err" '*line 4: *the first text has no tokens*'
result "the good line is answered" 65 has_line "$WORK/out" '*exit*'

eval=(eval --backend reference --model "$pairs" --policy full --data)
printf 'index\tquestion\tsentence\tlabel\n0\taa ba\tca\t1\n1\tda\tea\t0\n' >"$WORK/data.tsv"
tool "${eval[@]}" "$WORK/data.tsv" --json
result "eval reads question and sentence" 0 has_line "$WORK/out" '*"n": 2,*'
cp "$WORK/out" "$WORK/first"
printf 'premise\thypothesis\tlabel\naa ba\tca\t1\nda\tea\t0\n' >"$WORK/data.tsv"
tool "${eval[@]}" "$WORK/data.tsv" --json
result "eval reads premise and hypothesis alike" 0 test \
	"$(grep '"accuracy"' "$WORK/out")" = "$(grep '"accuracy"' "$WORK/first")"
printf 'text\tlabel\naa ba\t1\n' >"$WORK/data.tsv"
refused 66 "*names one text, but the model classifies pairs of texts*" \
	"single texts for a model of pairs" "${eval[@]}" "$WORK/data.tsv"
printf 'text_a\ttext_b\tlabel\naa\tba\tnever\n' >"$WORK/data.tsv"
refused 66 "*line 2: label 'never' is neither a class*" "a label that is none" \
	"${eval[@]}" "$WORK/data.tsv"

# ---- Without exits ----

echo "aa ba" >"$WORK/in"
tool run --backend reference --model "$plain" "$WORK/in"
result "a model without exits runs all layers unless told otherwise" 0 \
	has_line "$WORK/out" '*exit  4*'
for policy in entropy latency; do
	refused 24 "*without-exits.ebm: has no exit before its last layer, which the $policy policy needs: use policy full*" \
		"policy $policy of it" run --backend reference --model "$plain" \
		--policy $policy --target-latency 1s "$WORK/in"
done

# ---- What a model is ----

tool info --model "$plain"
result "info says what a model can do" 0 has_line "$WORK/out" "policies: *full"
result "and that it has no exits" 0 has_line "$WORK/out" "exits (0: the last layer's only): *0"
tool info --model "$TINY" --json
result "as JSON" 0 json_ok "$WORK/out" --document schema_version=whole model=text name=text \
	architecture=text input=text tokenizer=text labels=array layers=whole hidden_size=whole \
	attention_heads=whole intermediate_size=whole embedding_size=whole vocabulary_size=whole \
	sequence_max=whole weight_bytes=whole exit_count=whole exit_predictor=boolean \
	default_entropy_threshold=number policies=array
tool info --model "$pairs"
result "info says that a model takes pairs" 0 has_line "$WORK/out" "input: *pairs of texts"
refused 20 "*nil.ebm*" "info of a model that is not there" info --model "$WORK/nil.ebm"
end_tests
