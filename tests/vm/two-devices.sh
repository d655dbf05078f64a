#!/bin/sh
# SPDX-License-Identifier: MIT
# Two devices in one machine: both are found and work at once; losing one leaves the other.
# timeout: 300
# vm-options: --smp 2 --devices 2
. tests/vm/guest.sh

modprobe edgebert
wait_until 5 test -c /dev/accel/accel1

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

check "both are bound" test "$(bound_devices | wc -l)" -eq 2
check "both work at once and agree" both_at_once
check "the second one is pulled" hostctl kill-device 1
check "the first one still works" classify_on accel0
check "the module can be removed" timeout 30 rmmod edgebert
finish_tests
