#!/bin/bash
# SPDX-License-Identifier: MIT
# tune finds the threshold that trying them all would find, confirms it, and says when none will do.
cd "$(dirname "$0")/../.." || exit 1
. tests/cli/common.bash

for i in aa ba ca da ea fa ga ab bb cb; do
	echo "$i $i ba"
	echo "$i ca"
done >"$WORK/in"
run_tiny --policy full --json "$WORK/in"
grep -o '"label_index":[01]' "$WORK/out" | cut -d : -f 2 >"$WORK/labels"
{
	printf 'text\tlabel\n'
	paste "$WORK/in" "$WORK/labels"
} >"$WORK/data.tsv"

tune() {
	tool tune --backend reference --model "$TINY" --data "$WORK/data.tsv" "$@"
}

# member KEY: its first value in the JSON on standard output.
member() {
	grep -o "\"$1\": *[-0-9.]*" "$WORK/out" | head -n 1 | sed 's/.*: *//'
}

# confirmed KEY: its value in the last object that has it.
confirmed() {
	grep -o "\"$1\": *[-0-9.]*" "$WORK/out" | tail -n 1 | sed 's/.*: *//'
}

# is_best THRESHOLD DROP OPTION...: tries thresholds in steps of 1/64 nat; passes when none with
# so small a drop (full is always right here) has less energy than the given one.
is_best() {
	local threshold=$1 drop=$2 energy accuracy best step
	shift 2

	best=$(confirmed energy_uj_mean)
	for step in $(seq 0 45); do
		tool eval --backend reference --model "$TINY" --data "$WORK/data.tsv" --json \
			--entropy "$(awk "BEGIN { print $step / 64 }")" "$@"
		accuracy=$(member accuracy)
		energy=$(member energy_uj_mean)
		# The forecast orders by estimated energy: a percent is within its error.
		if awk "BEGIN { exit !(100 - 100 * $accuracy <= $drop + 1e-9 &&
				$energy < $best * 0.99) }"; then
			echo "$step/64: accuracy $accuracy, $energy uJ; at $threshold $best uJ"
			return 1
		fi
	done
}

for policy in "entropy" "latency --target-latency 150us"; do
	for drop in 0 10 30; do
		# shellcheck disable=SC2086
		tune --policy $policy --accuracy-drop $drop --json
		cp "$WORK/out" "$WORK/tuned"
		result "$policy, $drop points: complete JSON" 0 json_ok "$WORK/out" --document \
			schema_version=whole threshold=number policy=text n=whole \
			accuracy_drop=number accuracy_lost=number energy_ratio=number \
			full.accuracy=number forecast.accuracy=number \
			forecast.energy_uj_mean=number confirmed.accuracy=number \
			confirmed.exit_histogram=array
		result "$policy, $drop points: it goes as forecast" 0 is_empty "$WORK/err"
		threshold=$(member threshold)
		result "$policy, $drop points: loses $(member accuracy_lost)" 0 \
			awk "BEGIN { exit !($(member accuracy_lost) <= $drop) }"
		# shellcheck disable=SC2086
		result "$policy, $drop points: no threshold is better than $threshold" 0 \
			is_best "$threshold" $drop --policy $policy
		cp "$WORK/tuned" "$WORK/out"
		wanted=$(confirmed energy_uj_mean)
		# shellcheck disable=SC2086
		tool eval --backend reference --model "$TINY" --data "$WORK/data.tsv" --json \
			--policy $policy --entropy "$threshold"
		result "$policy, $drop points: eval at the threshold takes as much energy" 0 \
			test "$(member energy_uj_mean)" = "$wanted"
		[ "$drop" -ne 0 ] || strict=$wanted
	done
	check "$policy: a larger drop saves more" awk "BEGIN { exit !($wanted < $strict) }"
done

tune --accuracy-drop 10 --curve
result "--curve: a row for every 1/32 nat" 0 has_line "$WORK/out" " *0.12500  *[0-9.]*  *[0-9.]*  *-*"
result "as text" 0 has_line "$WORK/out" "threshold: *[0-9.]* nats"
tune --accuracy-drop 10 --curve --json
result "--curve as JSON" 0 json_ok "$WORK/out" --document curve=array threshold=number
tune --limit 5 --json
result "--limit" 0 has_line "$WORK/out" '*"n": *5,'

# ---- what can not be tuned ----

refused 64 "*--policy full has no threshold*" "policy full" tune --backend reference \
	--model "$TINY" --data "$WORK/data.tsv" --policy full
refused 64 "*needs a --target-latency*" "latency without a target" tune --backend reference \
	--model "$TINY" --data "$WORK/data.tsv" --policy latency
refused 40 "*EB_TARGET_UNREACHABLE*" "a target that can not be met" tune --backend reference \
	--model "$TINY" --data "$WORK/data.tsv" --policy latency --target-latency 1us
refused 24 "*no exit predictor*" "latency without predictor" tune --backend reference \
	--model "$(make_model without-predictor)" --data "$WORK/data.tsv" --policy latency \
	--target-latency 1s
refused 67 "*no threshold of policy latency keeps the accuracy within 0 points*TOOL_NOT_REACHED*" \
	"a predictor that is always wrong" tune --backend reference \
	--model "$(make_model predicts-layer-2)" --data "$WORK/data.tsv" --policy latency \
	--target-latency 1s --accuracy-drop 0
refused 64 "*unknown option --entropy*" "a threshold" tune --backend reference --model "$TINY" \
	--data "$WORK/data.tsv" --entropy 0.1
refused 66 "*nil.tsv*" "data that are not there" tune --backend reference --model "$TINY" \
	--data "$WORK/nil.tsv"

{
	cat "$WORK/data.tsv"
	printf ' \t0\n'
} >"$WORK/refused.tsv"
tool tune --backend reference --model "$TINY" --data "$WORK/refused.tsv" --json
result "a sentence without tokens is left out and named" 65 has_line "$WORK/out" '*"n": *20,'
printf 'text\tlabel\n \t0\n' >"$WORK/refused.tsv"
tool tune --backend reference --model "$TINY" --data "$WORK/refused.tsv"
result "nothing but refused sentences" 66 has_line "$WORK/err" "*every sentence was refused*"
end_tests
