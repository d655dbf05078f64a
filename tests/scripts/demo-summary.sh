#!/bin/bash
# SPDX-License-Identifier: MIT
# The demo's summary is computed from the results, and refuses results it cannot read.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
. tests/tap.sh

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
summary=${BUILD:-build}/helpers/demo-summary

# result LABEL EXIT PREDICTED LATENCY ENERGY: one line as "edgebert run --json" writes it.
result() {
	printf '{"text":"t","label":"l","label_index":%s,"exit_layer":%s,"predicted_layer":%s,' "$1" "$2" "$3"
	printf '"entropies":[0.5],"operating_point":{"mhz":200,"mv":700},'
	printf '"modelled":{"cycles":1,"latency_us":%s,"energy_uj":%s},"host_us":1000}\n' "$4" "$5"
}

summarise() {
	"$summary" --labels "$work/labels" --target-latency 50000 "$@"
}

# has REGULAR-EXPRESSION COMMAND...: the command succeeds and says so.
has() {
	local expression=$1
	shift

	"$@" >"$work/output" || return
	cat "$work/output"
	grep -qE -- "$expression" "$work/output"
}

printf 'text\tlabel\na good film\t1\na b\xc3\xa4d film\t0\nbetter\t1\nworse\t0\n' >"$work/labels"
{ result 1 3 4 40000 100; result 0 5 5 49000 200; result 1 4 4 60000 300; result 1 12 12 50000 400; } \
	>"$work/latency"
{ result 1 12 0 30000 900; result 0 12 0 30000 1100; result 1 12 null 30000 1000; result 0 12 0 30000 1000; } \
	>"$work/full"

check "accuracy, layers, misses, means" \
	has '^latency +75\.0 +6\.00 +6\.25 +1 +49\.75 +250\.0 +1\.0$' \
	summarise "latency=$work/latency" "full=$work/full"
check "a policy that predicts nothing shows none" has '^full +100\.0 +12\.00 +- +0 +30\.00 +1000\.0 ' \
	summarise "latency=$work/latency" "full=$work/full"
check "the energies are compared" has 'latency against full: 4\.00 times less' \
	summarise "latency=$work/latency" "full=$work/full"
check "a late sentence is marked" has '^better .*LATE$' summarise "latency=$work/latency"
check "a wrong label is marked" has '^worse +positive x ' summarise "latency=$work/latency"
head -n 3 "$work/full" >"$work/short"
check_fails 1 "3 results for 4 labelled sentences" "a missing result is an error" \
	summarise "full=$work/short"
{ cat "$work/short"; echo '{"text":"t"}'; } >"$work/incomplete"
check_fails 1 "incomplete:4: the result has no \"label_index\"" "an incomplete result is named" \
	summarise "full=$work/incomplete"
echo 'not json' >"$work/garbage"
check_fails 1 "garbage:1: not a JSON object" "garbage is named" summarise "full=$work/garbage"
check_fails 1 "No such file" "a missing file is named" summarise "full=$work/nothing"
printf 'text\tlabel\nno label here\n' >"$work/labels"
check_fails 1 "labels:2: expected text, a tab and the label" "a bad label is named" \
	summarise "full=$work/full"
end_tests
