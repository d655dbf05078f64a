#!/bin/bash
# SPDX-License-Identifier: MIT
# Mistakes on the command line: named, with exit status 64, as JSON where that was asked for.
cd "$(dirname "$0")/../.." || exit 1
. tests/cli/common.bash

run=(run --backend reference --model "$TINY")

refused 64 "edgebert: error: no command given*see: edgebert --help" "no command"
refused 64 "edgebert: error: there is no command 'classify'*" "an unknown command" classify
refused 64 "edgebert run: error: unknown option --bogus*see: edgebert run --help" \
	"an unknown option" "${run[@]}" --bogus
refused 64 "*unknown option -x*" "an unknown letter" "${run[@]}" -x
refused 64 "*--model FILE is missing*" "a required option that is missing" run
refused 64 "*--model: missing argument*" "an option without its value" run --model
refused 64 "*'second' is one argument too many*" "an argument too many" "${run[@]}" first second
refused 64 "*--model '' is not a name: it is empty*" "an empty name" run --model ""

refused 64 "*--policy 'fast' is unknown: choose one of full, entropy, latency*" \
	"an unknown policy" "${run[@]}" --policy fast
refused 64 "*--policy 'lat' is unknown*" "an abbreviated policy" "${run[@]}" --policy lat
refused 64 "*--backend 'gpu' is unknown: choose one of accel, reference*" \
	"an unknown backend" run --model "$TINY" --backend gpu
refused 64 "*--target-latency '50' has no unit: write us, ms or s*50ms*" \
	"a duration without a unit" "${run[@]}" --target-latency 50
refused 64 "*--target-latency '50 ms' has an unknown unit*" \
	"a duration with a space" "${run[@]}" --target-latency "50 ms"
refused 64 "*--target-latency '5min' has an unknown unit*" \
	"a duration of another unit" "${run[@]}" --target-latency 5min
refused 64 "*--target-latency 'soon' is not a duration*" \
	"a duration that is no number" "${run[@]}" --target-latency soon
refused 64 "*--target-latency 0ms is out of range: it must be between 1us and 1000s*" \
	"a duration of nothing" "${run[@]}" --target-latency 0ms
refused 64 "*--target-latency -5ms is out of range*" "a negative duration" \
	"${run[@]}" --target-latency -5ms
refused 64 "*--target-latency 1e9s is out of range*" "a duration of 30 years" \
	"${run[@]}" --target-latency 1e9s
refused 64 "*--entropy 'nan' is not a number*" "an entropy that is no number" \
	"${run[@]}" --entropy nan
refused 64 "*--entropy '0x1' is not a number*" "a hexadecimal entropy" "${run[@]}" --entropy 0x1
refused 64 "*--entropy '0.2x' is not a number*" "a number with something behind it" \
	"${run[@]}" --entropy 0.2x
refused 64 "*--entropy -1 is out of range: it must be between 0 and 10*" "a negative entropy" \
	"${run[@]}" --entropy -1
refused 64 "*--in-flight 0 is out of range: it must be between 1 and 64*" "nothing in flight" \
	"${run[@]}" --in-flight 0
refused 64 "*--in-flight '2.5' is not a whole number*" "half a sentence in flight" \
	"${run[@]}" --in-flight 2.5
refused 64 "*--in-flight 99999999999999999999 is out of range*" "a number beyond all integers" \
	"${run[@]}" --in-flight 99999999999999999999
refused 64 "*--operating-point 64 is out of range*" "an operating point beyond any table" \
	"${run[@]}" --operating-point 64
refused 64 "*--operating-point 40 does not exist: reference has 0 to 15*edgebert info*" \
	"an operating point that the device does not have" "${run[@]}" --operating-point 40

refused 64 "*--policy latency needs a --target-latency*" "policy latency without a target" \
	"${run[@]}" --policy latency
refused 64 "*--device and --backend reference exclude each other*" \
	"a device node for the reference" "${run[@]}" --device /dev/accel/accel0
refused 64 "*--failover and --backend reference exclude each other*" \
	"another device for the reference" "${run[@]}" --failover
refused 64 "*--profile needs --backend reference*" "a profile for a device" \
	run --model "$TINY" --profile stp23
refused 64 "*--threads needs --backend reference*" "threads for a device" \
	run --model "$TINY" --threads 2
refused 64 "*--threads 0 is out of range: it must be between 1 and 64*" "no thread" \
	"${run[@]}" --threads 0
refused 64 "*--threads 65 is out of range: it must be between 1 and 64*" "too many threads" \
	"${run[@]}" --threads 65
refused 1 "*no device profile \"nil\"*stp23*" "a profile that does not exist" \
	"${run[@]}" --profile nil
refused 64 "*--compare needs a --target-latency*" "a comparison without a target" \
	eval --backend reference --model "$TINY" --data /dev/null --compare
refused 64 "*--data TSV is missing*" "an evaluation without data" eval --model "$TINY"
refused 64 "*there is no command 'nil'*" "help for an unknown command" help nil

check_json_error() {
	tool "$@" </dev/null
	result "as JSON: edgebert $*" 64 json_ok "$WORK/err" error.status=text \
		error.exit_status=whole error.message=text error.remedy=text
}
check_json_error run --model "$TINY" --json --bogus
check_json_error run -j
check_json_error classify --json
check_json_error run --model "$TINY" --policy fast --json

# Scripts give one set of options to all policies: what a policy does not use does no harm.
echo aa >"$WORK/in"
for policy in full entropy latency; do
	run_tiny --policy "$policy" --target-latency 50ms --entropy 0.2 --operating-point 3 "$WORK/in"
	result "policy $policy takes the options of the others" 0 lines_are "$WORK/out" 1
done
run_tiny --policy full --policy entropy --entropy 10 --json "$WORK/in"
result "of an option given twice the last counts" 0 has_line "$WORK/out" '*"exit_layer":1,*'
end_tests
