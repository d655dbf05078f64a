#!/bin/bash
# SPDX-License-Identifier: MIT
# Compiles a checkpoint of this repository, or takes the result from the cache when nothing
# that it depends on has changed.
set -euo pipefail

usage() {
	cat <<USAGE
usage: tools/model/build-model.sh EDGEBERT CHECKPOINT CALIBRATION OUTPUT
Runs EDGEBERT compile on folder CHECKPOINT with the sentences of CALIBRATION and puts the
model into OUTPUT and its calibration report beside it.  Results are kept in \${XDG_CACHE_HOME:-~/.cache}/edgebert/models under
the checksum of their inputs and of the compiler's sources.
USAGE
}

if [ $# -ne 4 ]; then
	usage >&2
	exit 64
fi
edgebert=$1
checkpoint=$2
calibration=$3
output=$4
name=$(basename "$checkpoint")
cache=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/edgebert/models

# Everything that the bytes of a model follow from; not the compiler's flags, which must
# not change them.
inputs() {
	find -L "$checkpoint" -type f
	find tools/model tools/device/core -name '*.[ch]' -o -name '*.def'
	echo "$calibration"
	ls lib/tokenizer*.[ch] lib/sentencepiece* lib/vocabulary.[ch] lib/unicode_text.[ch] lib/model_format.h \
		kernel/edgebert_hw.h
}

key=$(inputs | LC_ALL=C sort | xargs -d '\n' sha256sum | sha256sum | cut -c1-32)
cached=$cache/$name-$key.ebm
mkdir -p "$cache" "$(dirname "$output")"
if [ ! -r "$cached" ] || [ ! -r "$cached.txt" ]; then
	trap 'rm -f "$cached.$$" "$cached.$$.txt"' EXIT
	"$edgebert" compile "$checkpoint" --calibration "$calibration" \
		--report "$cached.$$.txt" --output "$cached.$$" >/dev/null
	mv "$cached.$$.txt" "$cached.txt"
	mv "$cached.$$" "$cached"
	# Older results of the same model: the last few may be wanted again, more only fill disks.
	find "$cache" -name "$name-*.ebm" -printf '%T@ %p\n' | sort -rn | tail -n +5 |
		cut -d' ' -f2- | while read -r old; do rm -f "$old" "$old.txt"; done
fi
cp "$cached.txt" "${output%.ebm}-report.txt"
cp "$cached" "$output.$$"
mv "$output.$$" "$output"
