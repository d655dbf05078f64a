#!/bin/bash
# SPDX-License-Identifier: MIT
# Policy latency: one job and two jobs give the same answers; its options and their refusals.
# timeout: 600
cd "$(dirname "$0")/../.." || exit 1
. tests/cli/common.bash

# Label, scores, entropies, exit and predicted layer and operating point; not what it took, nor
# what the device does not tell.
answers() {
	sed 's/"modelled":{[^}]*},//; s/"host_us":[^,]*,//; s/"jobs":[0-9]*,//; s/"transitions":[0-9]*,//; s/"target_unreachable":[a-z]*,//' "$1"
}

# run_model MODEL TARGET ARGUMENT...
run_model() {
	tool run --backend reference --model "$1" --policy latency --target-latency "$2" --json \
		--in-flight 4 "${@:3}" "$WORK/in"
}

# same MODEL TARGET PROFILE: both modes on all sentences.
same() {
	run_model "$1" "$2" --profile "$3" --latency-mode one-job || return
	mv "$WORK/out" "$WORK/one"
	run_model "$1" "$2" --profile "$3" --latency-mode two-jobs || return
	[ "$(wc -l <"$WORK/one")" -eq 100 ] || return
	grep -q '"jobs":2' "$WORK/out" && ! grep -q '"jobs":2' "$WORK/one" || return
	diff <(answers "$WORK/one") <(answers "$WORK/out") | head -n 4 >"$WORK/different"
	cat "$WORK/different"
	[ ! -s "$WORK/different" ]
}

tail -n +2 models/data/sst2-dev-100.tsv | cut -f 1 >"$WORK/in"
for model in gte-small-sst2-ee albert384-sst2-ee; do
	file=$BUILD/models/$model.ebm
	if [ ! -r "$file" ]; then
		skip "$model: both modes" "$file has not been built"
		continue
	fi
	for target in 4ms 12ms 50ms; do
		check "$model, $target: both modes give the same answers" same "$file" $target stp23
	done
	check "$model, 8ms, micro21: both modes give the same answers" same "$file" 8ms micro21
done

printf 'aa ba ca da ea fa ga\nba\n' >"$WORK/in"
run_model "$TINY" 1s
result "the device decides where it can" 0 test "$(grep -c '"jobs":1,' "$WORK/out")" -eq 2
run_model "$TINY" 1s --target-scope end-to-end
result "end to end, a generous target is met" 0 \
	test "$(grep -c '"deadline_missed":false' "$WORK/out")" -eq 2
run_model "$TINY" 40us --unreachable refuse
result "what no point answers in time is refused on request" 40 \
	grep -q EB_TARGET_UNREACHABLE "$WORK/err"
refused 64 "*--latency-mode 'fast' is unknown*automatic, two-jobs, one-job*" \
	"an unknown mode is refused" run --model "$TINY" --latency-mode fast
refused 64 "*--target-scope 'all' is unknown*" "an unknown scope is refused" \
	run --model "$TINY" --target-scope all
refused 64 "*--unreachable 'no' is unknown*" "an unknown treatment is refused" \
	run --model "$TINY" --unreachable no
refused 1 "*one-job*refused*two jobs*" "the device can not refuse" \
	run --backend reference --model "$TINY" --policy latency --target-latency 1s \
	--latency-mode one-job --unreachable refuse
end_tests
