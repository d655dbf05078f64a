#!/bin/bash
# SPDX-License-Identifier: MIT
# Models and inputs that are missing, unreadable or damaged: each with its own exit status.
cd "$(dirname "$0")/../.." || exit 1
. tests/cli/common.bash

run=(run --backend reference)

# as_nobody COMMAND...: as a user whom permissions hold.
as_nobody() {
	setpriv --reuid=65534 --regid=65534 --clear-groups -- "$@"
}

refused 20 "*$WORK/nil.ebm*ENOENT*EB_MODEL_NOT_FOUND*" "a model that does not exist" \
	"${run[@]}" --model "$WORK/nil.ebm"
refused 21 "*$WORK*directory*" "a directory as model" "${run[@]}" --model "$WORK"
: >"$WORK/empty.ebm"
refused 21 "*$WORK/empty.ebm*" "an empty file as model" "${run[@]}" --model "$WORK/empty.ebm"
refused 21 "*README.md*EB_MODEL_NOT_A_MODEL*edgebert compile*" "another file as model" \
	"${run[@]}" --model README.md
refused 21 "*EB_MODEL_NOT_A_MODEL*" "a model with another magic" \
	"${run[@]}" --model "$(make_model other-magic)"
refused 22 "*format 2.0*reads format 1*EB_MODEL_VERSION*recompile*" \
	"a model of another format version" "${run[@]}" --model "$(make_model other-version)"
refused 23 "*truncated*EB_MODEL_CORRUPT*" "a model cut in half" \
	"${run[@]}" --model "$(make_model cut)"
refused 23 "*truncated*" "a model cut within its header" \
	"${run[@]}" --model "$(make_model cut-in-header)"
refused 23 "*WEIGHTS*checksum*" "a model with one wrong bit" \
	"${run[@]}" --model "$(make_model flipped-weight)"
refused 23 "*vocabulary has no \[PAD\] token*" "a model with a wrong vocabulary" \
	"${run[@]}" --model "$(make_model bad-vocabulary)"
refused 23 "*words-for-pieces.ebm: VOCABULARY: the SentencePiece model is damaged*" \
	"a model whose SentencePiece model is none" "${run[@]}" --model "$(make_model words-for-pieces)"
refused 24 "*no exit predictor*" "policy latency on a model without predictor" \
	"${run[@]}" --model "$(make_model without-predictor)" --policy latency --target-latency 1s
refused 40 "*target of 1 us can not be met*" "a target that no operating point meets" \
	"${run[@]}" --model "$TINY" --policy latency --target-latency 1us

refused 66 "*$WORK/nil.txt can not be read: No such file*ENOENT*" "an input that does not exist" \
	"${run[@]}" --model "$TINY" "$WORK/nil.txt"
refused 66 "*$WORK can not be read*EISDIR*" "a directory as input" \
	"${run[@]}" --model "$TINY" "$WORK"
tool "${run[@]}" --model "$TINY" <&-
result "a closed standard input" 66 has_line "$WORK/err" "*standard input can not be read*EBADF*"

if [ "$(id -u)" -eq 0 ]; then
	cp "$EDGEBERT" "$WORK/edgebert"
	chmod 755 "$WORK/edgebert"
	chmod 644 "$TINY"
	EDGEBERT_AS_ROOT=$EDGEBERT
	EDGEBERT=as_nobody
	echo aa >"$WORK/secret.txt"
	chmod 000 "$WORK/secret.txt"
	refused 66 "*secret.txt can not be read: Permission denied*EACCES*" \
		"an input without permission" "$WORK/edgebert" "${run[@]}" --model "$TINY" \
		"$WORK/secret.txt"
	cp "$TINY" "$WORK/secret.ebm"
	chmod 000 "$WORK/secret.ebm"
	refused 20 "*secret.ebm*EACCES*" "a model without permission" \
		"$WORK/edgebert" "${run[@]}" --model "$WORK/secret.ebm"
	EDGEBERT=$EDGEBERT_AS_ROOT
else
	skip "files without permission" "needs root to become another user"
fi

eval=(eval --backend reference --model "$TINY" --data)
refused 66 "*nil.tsv can not be read*" "a data set that does not exist" "${eval[@]}" "$WORK/nil.tsv"
: >"$WORK/data.tsv"
refused 66 "*data.tsv is empty*" "an empty data set" "${eval[@]}" "$WORK/data.tsv"
printf 'words\tlabel\naa\t1\n' >"$WORK/data.tsv"
refused 66 "*line 1: the header does not name the columns*'text'*" "a data set with another header" \
	"${eval[@]}" "$WORK/data.tsv"
printf 'question\tsentence\tlabel\naa\taa\t1\n' >"$WORK/data.tsv"
refused 66 "*line 1: the header names two texts, but the model classifies single texts*" \
	"pairs for a model that takes none" "${eval[@]}" "$WORK/data.tsv"
printf 'text\tlabel\n' >"$WORK/data.tsv"
refused 66 "*data.tsv holds no sentences*" "a data set of a header alone" "${eval[@]}" "$WORK/data.tsv"
printf 'text\tlabel\naa\t1\nba\n' >"$WORK/data.tsv"
refused 66 "*line 3: fewer columns*" "a data set with a short line" "${eval[@]}" "$WORK/data.tsv"
printf 'text\tlabel\naa\t1\nba\tgood\n' >"$WORK/data.tsv"
refused 66 "*line 3: label 'good' is neither a class*nor an index below 2*" \
	"a data set with an unknown label" "${eval[@]}" "$WORK/data.tsv"
printf 'text\tlabel\naa\t2\n' >"$WORK/data.tsv"
refused 66 "*label '2'*" "a data set with a label out of range" "${eval[@]}" "$WORK/data.tsv"
end_tests
