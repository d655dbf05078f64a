#!/bin/bash
# SPDX-License-Identifier: MIT
# eval adds up what run would have said, reads data sets of either form, and compares policies.
cd "$(dirname "$0")/../.." || exit 1
. tests/cli/common.bash

for i in aa ba ca da ea fa ga ab bb cb; do
	echo "$i $i ba"
	echo "$i ca"
done >"$WORK/in"
run_tiny --policy full --json "$WORK/in"
grep -o '"label_index":[01]' "$WORK/out" | cut -d : -f 2 >"$WORK/labels"
energy=$(grep -o '"energy_uj":[0-9.]*' "$WORK/out" | cut -d : -f 2 |
	awk '{ sum += $1 } END { printf "%.3f", sum / NR }')
# Fifteen right labels, five wrong ones.
{
	printf 'text\tlabel\n'
	paste "$WORK/in" "$WORK/labels" | awk -F '\t' '{ print $1 "\t" (NR <= 15 ? $2 : 1 - $2) }'
} >"$WORK/data.tsv"
{
	printf 'label\tnote\ttext\r\n'
	tail -n +2 "$WORK/data.tsv" | awk -F '\t' \
		'{ print ($2 ? "positive" : "negative") "\tx\t" $1 "\r" }'
} >"$WORK/other.tsv"

evaluate() {
	tool eval --backend reference --model "$TINY" "$@"
}

evaluate --data "$WORK/data.tsv" --policy full --json
cp "$WORK/out" "$WORK/full"
result "eval is complete JSON" 0 json_ok "$WORK/out" --document schema_version=whole policy=text \
	n=whole accuracy=number f1=number mean_exit_layer=number mean_predicted_layer=null \
	exit_histogram=array layer_accuracy=array energy_uj_mean=number latency_us_mean=number latency_us_max=number \
	cycles_mean=number deadline_misses=whole host_us_mean=number seconds=number \
	truncated=whole refused=whole
result "n counts the sentences" 0 has_line "$WORK/out" '*"n": *20,'
result "accuracy is that of the labels" 0 has_line "$WORK/out" '*"accuracy": *0.75,'
result "full exits at the last layer" 0 has_line "$WORK/out" '*"mean_exit_layer": *4.0,'
result "the energy is the mean of run's ($energy uJ)" 0 \
	has_line "$WORK/out" "*\"energy_uj_mean\": *${energy%%0}*,"
# F1 of class 1 from the labels themselves.
f1=$(tail -n +2 "$WORK/data.tsv" | cut -f 2 | paste "$WORK/labels" - |
	awk '{ answered += $1; expected += $2; right += $1 * $2 }
		END { printf "%.6f", 2 * right / (answered + expected) }')
result "F1 is that of the labels ($f1)" 0 has_line "$WORK/out" "*\"f1\": *$f1*,"

# Accuracy by layer: sentences that leave at layer 1 at some threshold tell its answers.
tool run --backend reference --model "$TINY" --policy entropy --entropy 0.6 --json "$WORK/in"
grep -o '"label_index":[01]' "$WORK/out" | cut -d : -f 2 >"$WORK/early"
grep -o '"exit_layer":[0-9]*' "$WORK/out" | cut -d : -f 2 >"$WORK/exits"
wanted=$(tail -n +2 "$WORK/data.tsv" | cut -f 2 | paste "$WORK/early" - "$WORK/exits" |
	awk '$3 == 1 { exits++; right += $1 == $2 } END { print exits " " right }')
head -n 1 "$WORK/data.tsv" >"$WORK/first.tsv"
tail -n +2 "$WORK/data.tsv" | paste - "$WORK/exits" | awk -F '\t' '$3 == 1 { print $1 "\t" $2 }' \
	>>"$WORK/first.tsv"
evaluate --data "$WORK/first.tsv" --policy full --json
result "accuracy at layer 1 is that of sentences that leave there ($wanted)" 0 \
	awk -v RS= -v wanted="${wanted#* } ${wanted% *}" 'BEGIN { split(wanted, n, " ") }
		{ gsub(/[ \n]/, ""); sub(/.*"layer_accuracy":\[/, ""); sub(/,.*/, "")
		exit !(n[2] > 0 && $0 - n[1] / n[2] < 1e-4 && n[1] / n[2] - $0 < 1e-4) }' "$WORK/out"
evaluate --data "$WORK/first.tsv" --policy entropy --entropy 0.6 --json
result "layers that no sentence reached have none" 0 test \
	"$(tr -d ' \n' <"$WORK/out" | grep -c '"layer_accuracy":\[[0-9.]*,null,null,null\]')" -eq 1

unmeasured() {
	grep -v '"host_us_mean"\|"seconds"' "$1"
}
evaluate --data "$WORK/other.tsv" --policy full --json
result "columns in another order, names as labels, CRLF: the same" 0 \
	cmp <(unmeasured "$WORK/full") <(unmeasured "$WORK/out")
evaluate --data "$WORK/data.tsv" --policy full --json --in-flight 1
result "one in flight: the same" 0 cmp <(unmeasured "$WORK/full") <(unmeasured "$WORK/out")
evaluate --data "$WORK/data.tsv" --policy full --json --limit 5
result "--limit" 0 has_line "$WORK/out" '*"n": *5,'
evaluate --data "$WORK/data.tsv" --policy full
result "as text" 0 has_line "$WORK/out" "accuracy: *0.750000*"
evaluate --data "$WORK/data.tsv" --policy latency --target-latency 1s --json
result "policy latency has a mean predicted layer" 0 \
	json_ok "$WORK/out" --document mean_predicted_layer=number

evaluate --data "$WORK/data.tsv" --policy full --details
result "--details: headings, a row for each sentence, the figures" 0 \
	test "$(grep -c ' \(yes\|no \)  ' "$WORK/out")" -eq 20
result "--details marks wrong answers" 0 test "$(grep -c ' no  ' "$WORK/out")" -eq 5
evaluate --data "$WORK/data.tsv" --policy full --details --json
result "--details as JSON" 0 json_ok "$WORK/out" --document sentences=array n=whole

evaluate --data "$WORK/data.tsv" --compare --target-latency 1s --json
result "--compare as JSON" 0 json_ok "$WORK/out" --document policies=array \
	energy_ratios.full_to_latency=number energy_ratios.entropy_to_latency=number
result "--compare has all three policies" 0 \
	test "$(grep -c '"policy": "\(full\|entropy\|latency\)"' "$WORK/out")" -eq 3
evaluate --data "$WORK/data.tsv" --compare --target-latency 1s --details
for wanted in "sentence *label *ok *exit*" "full *20 *75.00 *4.00 *-*" "entropy *20 *" "latency *20 *" \
	"*times less than full at the highest point: *[0-9]*"; do
	result "--compare has '$wanted'" 0 has_line "$WORK/out" "$wanted"
done

# Long sentences can not meet a target that is meant for short ones.
{
	printf 'text\tlabel\n'
	for i in aa ba ca da ea; do
		printf '%s ba ca da ea fa ga ab bb cb aa ba ca da ea fa\t0\n%s\t1\n' "$i $i" "$i"
	done
} >"$WORK/long.tsv"
tool eval --backend reference --model "$TINY" --data "$WORK/long.tsv" --policy latency \
	--target-latency 50us --json
missed=$(grep -o '"deadline_misses": *[0-9]*' "$WORK/out" | grep -o '[0-9]*$')
tool eval --backend reference --model "$TINY" --data "$WORK/long.tsv" --policy latency \
	--target-latency 50us --details
result "--details marks the $missed late ones of 10" 0 test "$missed" -gt 0 -a "$missed" -lt 10 -a \
	"$(grep -c '  yes$' "$WORK/out")" -eq "$missed"
end_tests
