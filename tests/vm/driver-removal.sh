#!/bin/sh
# SPDX-License-Identifier: MIT
# The device process is killed under load: every read gives all ones, and everything ends in order.
#
# Needs edgebert-load and hostctl in the path and nothing but the driver: no model.
# timeout: 300
# vm-options: --smp 2
. tests/vm/guest.sh

modprobe edgebert
wait_until 60 has_node
address=$(bound_devices)
state=/sys/kernel/debug/accel/$address/state

# ended PID...: no such process is left.
ended() {
	for process in "$@"; do
		! kill -0 "$process" 2>/dev/null || return
	done
}

lost() {
	status=0
	wait "$2" || status=$?
	cat "$GUEST_WORK/$1"
	[ $status -eq 3 ] || { echo "exit status $status, wanted 3"; return 1; }
}

for name in a b; do
	edgebert-load 120 >"$GUEST_WORK/$name" 2>&1 &
	eval "$name=\$!"
done
sleep 3

# shellcheck disable=SC2154 # a and b are set by eval
check "both loads are at work" kill -0 "$a" "$b"
check "the device process is killed" hostctl kill-device 0
check "both loads end within 10 s" wait_until 60 ended "$a" "$b"
check "the first was told that the device is lost" lost a "$a"
check "the second was told so too" lost b "$b"
check "the driver says so" grep -q '^device: lost' "$state"
check "nothing is left over" wait_until 60 grep -q '^jobs existing: 0$' "$state"
check_fails 1 "" "a new job fails" edgebert-load 1
check "the module can be removed" timeout 30 rmmod edgebert
check "no task was stuck" sh -c '! dmesg | grep -q "blocked for more than"'
finish_tests
