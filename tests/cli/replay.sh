#!/bin/bash
# SPDX-License-Identifier: MIT
# replay gives the published exit layers, agrees with a plain computation, refuses bad tables.
cd "$(dirname "$0")/../.." || exit 1
. tests/cli/common.bash

ENTROPIES=tests/data/replay/dataset_sst2_eval_entropies.txt
LUT=tests/data/replay/sst2_lookup_table_opt.csv

replay() {
	tool replay --entropies "$ENTROPIES" --lut "$LUT" --json "$@"
}

# Whether the JSON on standard output, without spaces, has the text.
output_has() {
	[[ $(tr -d ' \n' <"$WORK/out") == *"$1"* ]]
}

# published POLICY THRESHOLD MEMBER...
published() {
	local policy=$1 threshold=$2 member
	shift 2

	replay --policy "$policy" --threshold "$threshold"
	for member; do
		result "$policy at $threshold: $member" 0 output_has "$member"
	done
}

published entropy .16 '"mean_exit_layer":4.926606' '"mean_predicted_layer":null' \
	'"histogram":[67,163,105,150,114,83,46,19,10,7,10,98]'
published entropy .23 '"mean_exit_layer":4.297018' \
	'"histogram":[115,175,116,144,116,70,33,15,13,3,4,68]'
published entropy .28 '"mean_exit_layer":3.941514' \
	'"histogram":[153,177,128,136,105,58,31,18,5,3,3,55]'
published latency .16 '"mean_exit_layer":3.896789' '"mean_predicted_layer":4.911697' \
	'"histogram":[67,176,106,158,161,204,0,0,0,0,0,0]'
published latency .28 '"mean_exit_layer":3.051606' '"mean_predicted_layer":3.651376' \
	'"histogram":[153,191,146,222,160,0,0,0,0,0,0,0]'
published full .16 '"mean_exit_layer":12.0,' '"histogram":[0,0,0,0,0,0,0,0,0,0,0,872]'

# computed POLICY THRESHOLD NEVER_BELOW INCLUSIVE: the histograms, from the definition.
computed() {
	awk -F , -v policy="$1" -v threshold="$2" -v never_below="$3" -v inclusive="$4" '
		function passes(entropy) {
			return entropy + 0 < threshold + 0 || (inclusive && entropy + 0 == threshold + 0)
		}
		FNR == NR {
			for (i = 1; i <= NF; i++)
				lut[FNR - 1, i] = $i
			next
		}
		{
			limit = 12
			if (policy == "latency" && passes($1)) {
				limit = 1
			} else if (policy == "latency") {
				limit = never_below
				row = int($1 * 100 + .5)
				row = row > 99 ? 99 : row
				for (layer = 11; layer > 1; layer--)
					if (passes(lut[row, layer]))
						limit = layer
			}
			for (layer = 1; layer < limit; layer++)
				if (passes($layer))
					break
			exits[layer]++
			predictions[limit]++
		}
		END {
			printf "\"histogram\":["
			for (i = 1; i <= 12; i++)
				printf "%d%s", exits[i], i < 12 ? "," : "]"
			if (policy == "latency") {
				printf ",\"prediction_histogram\":["
				for (i = 1; i <= 12; i++)
					printf "%d%s", predictions[i], i < 12 ? "," : "]"
			}
		}' "$LUT" "$ENTROPIES"
}

for threshold in 0 .009 .09 .1 .16 .23 .3 .46 .5 .62 .7 1; do
	replay --policy entropy --threshold $threshold
	result "entropy at $threshold is what its definition says" 0 \
		output_has "$(computed entropy $threshold 12 0)"
	for layer in 12 11; do
		name=last
		[ $layer -eq 12 ] || name=table
		replay --policy latency --threshold $threshold --never-below $name
		result "latency at $threshold, never below: $name" 0 \
			output_has "$(computed latency $threshold $layer 0)"
	done
done

# An entropy of the data as threshold: only --inclusive stops there.
threshold=$(head -n 1 "$ENTROPIES" | cut -d , -f 1 | tr -d ' ')
replay --policy entropy --threshold "$threshold"
result "an entropy equal to the threshold is not below it" 0 \
	output_has "$(computed entropy "$threshold" 12 0)"
replay --policy entropy --threshold "$threshold" --inclusive
result "--inclusive stops at it" 0 output_has "$(computed entropy "$threshold" 12 1)"
check "which is another result" test \
	"$(computed entropy "$threshold" 12 0)" != "$(computed entropy "$threshold" 12 1)"

replay --policy latency --threshold .16
result "complete JSON" 0 json_ok "$WORK/out" --document mean_exit_layer=number \
	mean_predicted_layer=number histogram=array prediction_histogram=array n=whole \
	policy=text threshold=number schema_version=whole
tool replay --entropies "$ENTROPIES" --threshold .16
result "as text" 0 has_line "$WORK/out" "mean exit layer: *4.926606"

# ---- modelled cost ----

# energy POLICY-NUMBER: of the row of --json's comparison.
energy() {
	sed -n 's/.*"modelled_energy_uj_mean": *\([0-9.]*\).*/\1/p' "$WORK/out" | sed -n "$1p"
}

replay --policy latency --threshold .28 --target-latency 100ms --profile micro21
result "a target latency compares the policies" 0 json_ok "$WORK/out" --document comparison=array
check "full takes three times as much as early exit, as the layers say" \
	awk -v full="$(energy 1)" -v entropy="$(energy 2)" \
	'BEGIN { exit !(full / entropy > 3.0 && full / entropy < 3.1) }'
loose=$(energy 3)
check "prediction and DVFS take less than early exit alone" \
	awk -v entropy="$(energy 2)" -v latency="$loose" 'BEGIN { exit !(latency < entropy * 0.7) }'
replay --policy latency --threshold .28 --target-latency 20ms --profile micro21
check "a tighter target costs energy" \
	awk -v loose="$loose" -v tight="$(energy 3)" 'BEGIN { exit !(tight > loose) }'
replay --policy latency --threshold .28 --target-latency 1ms --profile micro21
check "a target that no point meets is missed by every sentence" \
	test "$(grep -o '"deadline_misses": *872' "$WORK/out" | wc -l)" -eq 3
check "the plot is drawn" tools/plot/replay-energy.sh "$WORK/plot.svg"
check "it has curves" test "$(grep -c '<path' "$WORK/plot.svg")" -ge 6
refused 64 "*--target-latency*--lut FILE*" "a target without a table" \
	replay --entropies "$ENTROPIES" --threshold .2 --target-latency 50ms
refused 64 "*--profile needs a --target-latency*" "a profile without a target" \
	replay --entropies "$ENTROPIES" --threshold .2 --profile stp23
refused 1 "*no device profile \"nil\"*" "an unknown profile" \
	replay --entropies "$ENTROPIES" --lut "$LUT" --threshold .2 --target-latency 50ms --profile nil

# ---- bad input ----

printf '.1,.2,.3\n.1,.2\n' >"$WORK/uneven"
printf '.1,.2,x\n' >"$WORK/letters"
printf '.1,,.3\n' >"$WORK/empty-cell"
printf '.1,.2,-1\n' >"$WORK/negative"
printf '.1,.2,nan\n' >"$WORK/nan"
printf '.1,.2\n' >"$WORK/narrow"
seq -s , 0 .05 1.5 >"$WORK/wide"
printf '.1,.2,.3\n.3,.2,.1\n' >"$WORK/three"
printf '0,.1,.1\n' >"$WORK/lut-of-four"
printf '.2,.1\n.3,.1\n' >"$WORK/lut-from-2"
printf '0,.1\n.1,.1\n.3,.1\n' >"$WORK/lut-uneven"
printf '0,.1\n0,.1\n' >"$WORK/lut-still"
bad() {
	refused 66 "*$WORK/$1*$2*" "$1" replay --entropies "$WORK/$1" --threshold .1
}
bad uneven "line 2: 2 numbers, the first line has 3"
bad letters "line 1: not a number: x"
bad empty-cell "line 1: not a number"
bad negative "line 1: not an entropy from 0 to 2.1 nats: -1"
bad nan "line 1: not an entropy"
bad narrow "2 columns"
bad wide "line 1: more numbers than a sentence has layers"
bad nil "ENOENT"
touch "$WORK/nothing"
bad nothing "holds no numbers"
bad_lut() {
	refused 66 "*$WORK/$1*$2*" "$1" replay --entropies "$WORK/three" --lut "$WORK/$1" \
		--policy latency --threshold .1
}
bad_lut lut-of-four "needs 2"
bad_lut lut-from-2 "row 1: the first column must count from 0"
bad_lut lut-uneven "row 3: the first column must count from 0 in equal steps"
bad_lut lut-still "the first column must count"
refused 64 "*--threshold NATS is missing*" "no threshold" replay --entropies "$ENTROPIES"
refused 64 "*--lut FILE*" "latency without table" replay --entropies "$ENTROPIES" --threshold .1 \
	--policy latency
refused 64 "*--threshold 3 is out of range*" "a threshold above every entropy" \
	replay --entropies "$ENTROPIES" --threshold 3
end_tests
