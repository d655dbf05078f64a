#!/bin/bash
# SPDX-License-Identifier: MIT
# compile and pack-checkpoint make models that run, and refuse what is no checkpoint.
cd "$(dirname "$0")/../.." || exit 1
. tests/cli/common.bash

if ! "$EDGEBERT" compile --help >/dev/null 2>&1; then
	skip "compile" "this tool was built without the compiler"
	end_tests
	exit
fi
mkdir "$WORK/checkpoint"
refused 64 "*--output FILE is missing*" "no output" compile "$WORK/checkpoint"
refused 64 "*CHECKPOINT is missing*" "no checkpoint" compile --output "$WORK/x.ebm"
refused 20 "*/nil: *No such file*ENOENT*EB_MODEL_NOT_FOUND*" "a folder that does not exist" \
	compile "$WORK/nil" --output "$WORK/x.ebm"
refused 1 "*checkpoint/config.json*No such file*" "an empty folder" \
	compile "$WORK/checkpoint" --output "$WORK/x.ebm"
refused 1 "*README.md*" "a file as folder" compile README.md --output "$WORK/x.ebm"
refused 74 "*nil/x.ebm can not be written: folder *ENOENT*" "an output folder that does not exist" \
	compile "$WORK/checkpoint" --output "$WORK/nil/x.ebm"
echo '{' >"$WORK/checkpoint/config.json"
refused 1 "*config.json*" "a configuration that is no JSON" \
	compile "$WORK/checkpoint" --output "$WORK/x.ebm"
echo '{"model_type": "gpt2"}' >"$WORK/checkpoint/config.json"
refused 1 "*config.json*" "a model of another kind" \
	compile "$WORK/checkpoint" --output "$WORK/x.ebm"
tool compile "$WORK/checkpoint" --output "$WORK/x.ebm" --json </dev/null
result "as JSON" 1 json_ok "$WORK/err" error.status=text error.message=text
check "nothing was left behind" test ! -e "$WORK/x.ebm"
refused 64 "*CHECKPOINT FOLDER is missing*" "pack-checkpoint without output" \
	pack-checkpoint "$WORK/checkpoint"
refused 20 "*/nil: *EB_MODEL_NOT_FOUND*" "pack-checkpoint of nothing" pack-checkpoint "$WORK/nil" "$WORK/checkpoint"

# ---- Whole ----

# checkpoint KIND: a small one in folder $WORK/KIND.
checkpoint() {
	mkdir "$WORK/$1" && "$BUILD/helpers/cli-checkpoint" "$WORK/$1" "$1" || exit 1
}
checkpoint bert
checkpoint albert
checkpoint classifier

tool compile "$WORK/bert" -o "$WORK/bert.ebm" -c "$WORK/bert/sentences.tsv" -r "$WORK/report" --json
result "a BERT checkpoint compiles" 0 json_ok "$WORK/out" --document schema_version=whole \
	output=text model_bytes=whole layers=whole commands=whole threshold=number sentences=whole
result "without a terminal there is no progress bar" 0 is_empty "$WORK/err"
result "the report names what is stored where" 0 has_line "$WORK/report" "weights *bytes in host memory*"
result "and every tensor of every layer" 0 has_line "$WORK/report" \
	"    4  attention output weights * AF8 *dense *1024"
if command -v script >/dev/null; then
	TERM=xterm script -qec "'$EDGEBERT' compile '$WORK/bert' -o '$WORK/again.ebm' -c '$WORK/bert/sentences.tsv'" \
		/dev/null </dev/null >"$WORK/out" 2>&1
	status=$?
	result "with a terminal there is one for each long step" 0 grep -q '\[#.*%  quantising' "$WORK/out"
	result "equal inputs make equal models" 0 cmp "$WORK/bert.ebm" "$WORK/again.ebm"
else
	skip "progress bars" "no program 'script' to make a terminal with"
fi
tool run --backend reference --model "$WORK/bert.ebm" --policy latency --target-latency 1s --json \
	< <(echo "ae af ag")
result "the model runs under every policy" 0 has_line "$WORK/out" '*"predicted_layer":*'

tool compile "$WORK/albert" -o "$WORK/albert.ebm" -c "$WORK/albert/pairs.tsv"
result "an ALBERT checkpoint with SentencePiece, spans and pairs compiles" 0 test -s "$WORK/albert.ebm"
tool info --model "$WORK/albert.ebm"
result "info knows the tokenizer" 0 has_line "$WORK/out" "tokenizer: *sentencepiece"
tool eval --backend reference --model "$WORK/albert.ebm" --data "$WORK/albert/pairs.tsv" --json
result "and eval reads the pairs that it was calibrated with" 0 has_line "$WORK/out" '*"n": 40,*'

tool compile "$WORK/classifier" -o "$WORK/classifier.ebm"
result "a classifier without exits compiles without calibration" 0 test -s "$WORK/classifier.ebm"
tool run --backend reference --model "$WORK/classifier.ebm" < <(echo "ae af ag")
result "and runs all its layers" 0 has_line "$WORK/out" "*exit  3*"
refused 24 "*classifier.ebm: has no exit before its last layer*" "but leaves none early" \
	run --backend reference --model "$WORK/classifier.ebm" --policy entropy
refused 1 "*sentences.tsv: holds single texts, but a model for pairs was asked for*" \
	"pairs without pairs" compile "$WORK/bert" -o "$WORK/x.ebm" -c "$WORK/bert/sentences.tsv" --pairs

sed -i 's/"intermediate_size": 64/"intermediate_size": 80/' "$WORK/bert/config.json"
refused 1 "*tensor encoder.layer.0.intermediate.dense.weight has shape 64 x 32, config.json asks for 80 x 32; correct*" \
	"a tensor of another shape" compile "$WORK/bert" -o "$WORK/x.ebm"
mkdir "$WORK/packed"
tool pack-checkpoint "$WORK/albert" "$WORK/packed"
tool compile "$WORK/packed" -o "$WORK/packed.ebm" -c "$WORK/albert/pairs.tsv"
result "a packed checkpoint compiles, with its tokenizer" 0 test -s "$WORK/packed.ebm"
end_tests
