#!/bin/bash
# SPDX-License-Identifier: MIT
# The tool starts and gives the same results on a processor without AVX-512: valgrind is one.
cd "$(dirname "$0")/../.." || exit 1
. tests/cli/common.bash

if ! command -v valgrind >/dev/null || [[ ${SANITIZE:-} ]]; then
	skip "a processor without AVX-512" "needs valgrind and a build without sanitizers"
	end_tests
	exit
fi
for i in aa "ba ca" "da ea fa ga" "ab bb cb ba ca da ea fa ga ab bb cb ba ca da ea fa"; do
	echo "$i"
done >"$WORK/in"
run_tiny --policy full --json "$WORK/in"
without_host_time "$WORK/out" >"$WORK/here"
EDGEBERT_HERE=$EDGEBERT
EDGEBERT=valgrind
tool --quiet --leak-check=full --error-exitcode=99 "$EDGEBERT_HERE" run --backend reference \
	--model "$TINY" --policy full --json "$WORK/in"
result "runs there, without memory errors or leaks" 0 lines_are "$WORK/out" 4
result "the same results" 0 cmp "$WORK/here" <(without_host_time "$WORK/out")
tool --quiet --leak-check=full --error-exitcode=99 "$EDGEBERT_HERE" tune --backend reference \
	--model "$TINY" --data <(printf 'text\tlabel\naa ba\t1\nca\t0\n') --accuracy-drop 50 --json
result "tune, too" 0 json_ok "$WORK/out" --document threshold=number
tool --quiet --leak-check=full --error-exitcode=99 "$EDGEBERT_HERE" replay \
	--entropies tests/data/replay/dataset_sst2_eval_entropies.txt \
	--lut tests/data/replay/sst2_lookup_table_opt.csv --policy latency --threshold .16 --json
result "replay, too" 0 json_ok "$WORK/out" --document mean_exit_layer=number
end_tests
