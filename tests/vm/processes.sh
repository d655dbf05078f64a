#!/bin/sh
# SPDX-License-Identifier: MIT
# Several processes use the device at once; killing one disturbs no other.
# timeout: 600
. tests/vm/guest.sh

# run_in_background NAME COUNT: results of COUNT sentences to a file of that name.
run_in_background() {
	sentences "$2" | edgebert run --model "$MODEL" --policy full --json - >"$GUEST_WORK/$1" &
}

same_results() {
	for name in "$@"; do
		sed 's/,"host_us":[^,}]*//' "$GUEST_WORK/$name" >"$GUEST_WORK/compared"
		cmp "$GUEST_WORK/compared" "$GUEST_WORK/alone" || return
	done
}

four_at_once() {
	for name in a b c d; do
		run_in_background $name 8
	done
	wait
	same_results a b c d
}

two_survive_a_kill() {
	endless_sentences | edgebert run --model "$MODEL" --policy full - >/dev/null &
	victim=$!
	run_in_background e 8
	run_in_background f 8
	sleep 1
	kill -KILL $victim || return
	wait
	same_results e f
}

sentences 8 | classify --policy full >"$GUEST_WORK/alone"
check "one process alone" test "$(wc -l <"$GUEST_WORK/alone")" -eq 8
check "four processes at once get the same results" four_at_once
check "a process killed in the middle disturbs no other" two_survive_a_kill
check "the device answers afterwards" edgebert info
finish_tests
