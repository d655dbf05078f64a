#!/bin/sh
# SPDX-License-Identifier: MIT
# Cards go at any moment, pulled or let go of in order, and another one, with another process behind
# it, is plugged in: the driver binds it, who watches is told, and work goes on.
#
# Not on the debug kernel: lockdep reports two locks of Linux 6.12's own pciehp there, whenever a card
# is plugged in, whatever its driver.  By hand it passes, and no memory is leaked.
# timeout: 400
# stock-kernels-only
# vm-options: --smp 2 --hot-plug
# vm-options: --kernel 7 --hot-plug
. tests/vm/guest.sh

ROUNDS=4
watch=/build/helpers/example-watch_devices
seed=${SEED:-$(od -An -N2 -tu2 /dev/urandom | tr -d ' ')}
echo "# SEED=$seed repeats the moments and kinds of this run"

# next_random LIMIT: sets random to 0..LIMIT-1.
next_random() {
	seed=$(((seed * 1103515245 + 12345) & 0x7fffffff))
	random=$((seed / 65536 % $1))
}

is_told() {
	[ "$(grep -c "^$1 " "$GUEST_WORK/watched")" -eq "$2" ]
}

has_results() {
	[ "$(grep -c . "$GUEST_WORK/sentences")" -ge 2 ]
}

# Jobs and sentences, the device being busy with one or the other when it goes.
start_work() {
	# What earlier ones have said would be taken for their word.
	rm -f "$GUEST_WORK/load" "$GUEST_WORK/sentences"
	edgebert-load 600 >"$GUEST_WORK/load" 2>&1 &
	load=$!
	endless_sentences | edgebert run --model "$MODEL" --backend accel --policy full - \
		>"$GUEST_WORK/sentences" 2>&1 &
	sentences=$!
	wait_until 60 grep -q 'at work' "$GUEST_WORK/load" && wait_until 60 has_results
}

# Everybody is told that the device is lost, and ends by himself.
work_ends() {
	load_status=0 sentences_status=0
	wait "$load" || load_status=$?
	wait "$sentences" || sentences_status=$?
	tail -n 2 "$GUEST_WORK/load" "$GUEST_WORK/sentences"
	[ $load_status -eq 3 ] && [ $sentences_status -eq 14 ]
}

# remove: what happens when a card is taken out of its slot, or its power button pressed.
remove() {
	echo 1 >"/sys/bus/pci/devices/$address/remove" && wait_until 30 has_no_node
}

# goes pulled|in-order: under load, at some moment.
goes() {
	address=$(bound_devices)
	start_work || return
	next_random 20
	sleep "$((random / 10)).$((random % 10))"
	echo "$1 after $random tenths of a second"
	[ "$1" = in-order ] || hostctl kill-device || return
	remove && work_ends
}

comes() {
	hostctl plug && wait_until 60 has_node && [ "$(bound_devices)" != "$address" ]
}

classify_some() {
	sentences 4 | classify --backend accel --policy full
}

works() {
	edgebert-load 0 && classify_some >"$GUEST_WORK/now" && cmp "$GUEST_WORK/now" "$GUEST_WORK/wanted"
}

modprobe edgebert
wait_until 5 has_node
$watch $((2 * ROUNDS)) 600 >"$GUEST_WORK/watched" &
watcher=$!
check "a program that watches sees the device" wait_until 30 is_told present 1
check "sentences are classified" classify_some
classify_some >"$GUEST_WORK/wanted"
round=0
while [ $round -lt $ROUNDS ]; do
	round=$((round + 1))
	next_random 2
	kind=pulled
	[ "$random" -eq 0 ] || kind=in-order
	check "$round: the device goes ($kind)" goes $kind
	check "$round: the program is told" wait_until 30 is_told removed $round
	check "$round: another one comes" comes
	check "$round: the program is told of it" wait_until 30 is_told added $round
	check "$round: it works" works
done
check "the program has seen all changes" wait $watcher
check "the module can be removed" timeout 30 rmmod edgebert
check "no task was stuck" sh -c '! dmesg | grep -q "blocked for more than"'
finish_tests
