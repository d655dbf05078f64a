#!/bin/sh
# SPDX-License-Identifier: MIT
# Two devices in one machine: both are found and work at once; when one is pulled under load, its
# sentences go to the other, or end with an error where nobody asked for that.
# timeout: 600
# stock-kernels-only
# vm-options: --smp 2 --devices 2
. tests/vm/guest.sh

modprobe edgebert
wait_until 60 test -c /dev/accel/accel1

classify_on() {
	sentences 4 | classify --device "/dev/accel/$1" --policy full >"$GUEST_WORK/$1"
}

both_at_once() {
	classify_on accel0 &
	first=$!
	classify_on accel1 || return
	wait $first || return
	cmp "$GUEST_WORK/accel0" "$GUEST_WORK/accel1"
}

# under_load NAME ARGUMENT...: starts 60 sentences on the second device, eight at once.
under_load() {
	load_name=$1
	shift
	{ sentences 30; sentences 30; } >"$GUEST_WORK/$load_name.in"
	edgebert run --model "$MODEL" --device /dev/accel/accel1 --policy full --in-flight 8 --json \
		"$@" "$GUEST_WORK/$load_name.in" >"$GUEST_WORK/$load_name" 2>"$GUEST_WORK/$load_name.err" &
	load=$!
}

has_answers() {
	[ "$(wc -l <"$GUEST_WORK/$1")" -ge "$2" ]
}

# Every sentence is answered, and as the other device answers it.
all_answered() {
	wait "$1" || { cat "$GUEST_WORK/moved.err"; return 1; }
	sed 's/,"host_us":[^,}]*//' "$GUEST_WORK/moved" >"$GUEST_WORK/moved.plain"
	classify --device /dev/accel/accel0 --policy full --in-flight 8 <"$GUEST_WORK/moved.in" \
		>"$GUEST_WORK/wanted" || return
	cmp "$GUEST_WORK/moved.plain" "$GUEST_WORK/wanted" && [ "$(wc -l <"$GUEST_WORK/wanted")" -eq 60 ]
}

says_moved() {
	cat "$GUEST_WORK/moved.err"
	grep -q "accel1 disappeared; its work goes on on /dev/accel/accel0" "$GUEST_WORK/moved.err"
}

# The one that may not move ends with the status of a lost device.
says_lost() {
	status=0
	wait "$1" || status=$?
	cat "$GUEST_WORK/stayed.err"
	[ $status -eq 14 ] && grep -q EB_DEVICE_LOST "$GUEST_WORK/stayed.err"
}

check "both are bound" test "$(bound_devices | wc -l)" -eq 2
check "both work at once and agree" both_at_once
under_load moved --failover
moved=$load
under_load stayed
stayed=$load
check "both programs have begun" wait_until 60 has_answers moved 2
check "so has the other" wait_until 60 has_answers stayed 2
check "the second one is pulled" hostctl kill-device 1
check "the work of a program with --failover goes on, nothing is lost" all_answered "$moved"
check "and it says so" says_moved
check "a program without ends with an error" says_lost "$stayed"
check "the first one still works" classify_on accel0
check "the module can be removed" timeout 30 rmmod edgebert
finish_tests
