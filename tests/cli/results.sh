#!/bin/bash
# SPDX-License-Identifier: MIT
# Results of run: complete, the same every time and from every input, text and JSON alike.
cd "$(dirname "$0")/../.." || exit 1
. tests/cli/common.bash

tail -n +2 models/data/sst2-dev-100.tsv | cut -f 1 | head -n 30 >"$WORK/sst2"
for i in aa ba ca da ea fa ga ab bb cb; do
	echo "$i $i ba"
	echo "$i ca"
done >"$WORK/in"

members=(text=text label=text scores=array exit_layer=whole "predicted_layer=whole|null"
	entropies=array operating_point.mhz=whole operating_point.mv=whole modelled.cycles=whole
	modelled.latency_us=number modelled.energy_uj=number host_us=number line=whole
	label_index=whole logits=array tokens=whole truncated=boolean schema_version=whole)
first=text,label,scores,exit_layer,predicted_layer,entropies,operating_point,modelled,host_us

for policy in full entropy latency; do
	run_tiny --policy $policy --target-latency 1s --json "$WORK/in"
	result "policy $policy: every line is complete JSON" 0 \
		json_ok "$WORK/out" --first $first "${members[@]}"
	result "policy $policy: one result per line" 0 lines_are "$WORK/out" 20
	without_host_time "$WORK/out" >"$WORK/$policy"
	result "policy $policy: no warnings" 0 is_empty "$WORK/err"

	run_tiny --policy $policy --target-latency 1s --json <"$WORK/in"
	result "policy $policy: standard input gives the same" 0 \
		cmp "$WORK/$policy" <(without_host_time "$WORK/out")
	run_tiny --policy $policy --target-latency 1s --json - < <(cat "$WORK/in")
	result "policy $policy: a pipe gives the same" 0 \
		cmp "$WORK/$policy" <(without_host_time "$WORK/out")
	run_tiny --policy $policy --target-latency 1s --json --in-flight 8 "$WORK/in"
	result "policy $policy: eight in flight give the same, in order" 0 \
		cmp "$WORK/$policy" <(without_host_time "$WORK/out")
done

# How many of the entropies are numbers is the exit layer; full runs all of them.
full_runs_all() {
	[ "$(grep -c '"exit_layer":4,"predicted_layer":null,' "$WORK/full")" -eq 20 ]
}
latency_predicts() {
	[ "$(grep -c '"predicted_layer":[1-4],.*"deadline_missed":false' "$WORK/latency")" -eq 20 ]
}
result "policy full runs all layers" 0 full_runs_all
result "policy latency predicts a layer and meets a generous target" 0 latency_predicts

run_tiny --policy entropy --entropy 10 --json "$WORK/in"
result "an entropy that every layer has leaves at the first" 0 \
	test "$(grep -c '"exit_layer":1,' "$WORK/out")" -eq 20
run_tiny --policy entropy --entropy 0 --json "$WORK/in"
result "an entropy that no layer has leaves at the last" 0 \
	test "$(grep -c '"exit_layer":4,' "$WORK/out")" -eq 20
run_tiny --policy full --operating-point 0 --json "$WORK/in"
result "the operating point is the one asked for" 0 \
	test "$(grep -c '"mhz":77,"mv":620.*"operating_point_index":0' "$WORK/out")" -eq 20
run_tiny --policy full --profile micro21 --json "$WORK/in"
result "the profile is the one asked for" 0 test "$(grep -c '"mhz":1000,' "$WORK/out")" -eq 20
run_tiny --policy full --threads 2 --json "$WORK/in"
result "two threads give the results of one" 0 \
	cmp -s "$WORK/full" <(without_host_time "$WORK/out")
tool run --backend reference --model "$(make_model other-seed)" --policy full --json "$WORK/in"
differs() {
	! cmp -s "$1" "$2"
}
result "another model gives another result" 0 \
	differs "$WORK/full" <(without_host_time "$WORK/out")

# The figures of the text come from the same records as the JSON.
run_tiny --policy full "$WORK/in"
text_agrees() {
	local label exit rest n=0

	while read -r label exit rest <&3 && IFS= read -r json <&4; do
		[[ $json == *"\"label\":\"$label\""* ]] || return
		[[ "$exit $rest" =~ ^exit\ +([0-9]+)\ .*\ ([0-9]+)\ MHz\ +([0-9]+)\ mV ]] || return
		[[ $json == *"\"exit_layer\":${BASH_REMATCH[1]},"* ]] || return
		[[ $json == *"\"mhz\":${BASH_REMATCH[2]},\"mv\":${BASH_REMATCH[3]}"* ]] || return
		n=$((n + 1))
	done 3<"$WORK/out" 4<"$WORK/full"
	[ $n -eq 20 ]
}
result "text and JSON agree" 0 text_agrees
aligned() {
	[ "$(sed 's/ uJ .*//' "$WORK/out" | awk '{ print length }' | sort -u | wc -l)" -eq 1 ]
}
result "text lines are aligned" 0 aligned

model=$BUILD/models/gte-small-sst2-ee.ebm
if [ -r "$model" ]; then
	tool run --backend reference --model "$model" --policy entropy --json "$WORK/sst2"
	result "the demo's model classifies SST-2" 0 json_ok "$WORK/out" --first $first "${members[@]}"
	tail -n +2 models/data/sst2-dev-100.tsv | cut -f 2 | head -n 30 >"$WORK/labels"
	agree() {
		[ "$(grep -o '"label_index":[01]' "$WORK/out" | cut -d : -f 2 |
			paste - "$WORK/labels" | awk '$1 == $2' | wc -l)" -ge 24 ]
	}
	result "at least 24 of 30 as the data set has them" 0 agree
else
	skip "the demo's model" "$model has not been built"
fi
end_tests
