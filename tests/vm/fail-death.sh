#!/bin/sh
# SPDX-License-Identifier: MIT
# The device goes, or has to be reset, while programs work with it and allocations fail: one of each
# call of theirs, and some of all that the driver makes, its recovery's as well.
#
# Needs edgebert-fail-calls and hostctl in the path and nothing but the driver: no model.
# timeout: 300
. tests/vm/guest.sh

# Of a hundred allocations.
PERCENT=30
# Beyond any time limit of a test: programs end when the device is lost.
FOREVER=1000
# Long enough for an emulated processor.
TIMEOUT_MS=3000

wait_until 60 has_node
address=$(bound_devices)
state=/sys/kernel/debug/accel/$address/state
timeout=/sys/module/edgebert/parameters/job_timeout_ms

device() {
	hostctl device 0 "$@"
}

works() {
	edgebert-load 0
}

bind_again() {
	[ ! -e "$PCI_DRIVER/$address" ] || echo "$address" >$PCI_DRIVER/unbind || return
	echo "$address" >$PCI_DRIVER/bind && wait_until 60 has_node && works
}

# start SECONDS: two programs at work.  A test that failed leaves nothing to the next one.
start() {
	if [ ! -e "$PCI_DRIVER/$address" ] || grep -q '^device: lost' "$state"; then
		device clear && bind_again || return
	fi
	edgebert-fail-calls "$1" >"$GUEST_WORK/a" 2>&1 &
	a=$!
	wait_until 60 grep -q '^at work' "$GUEST_WORK/a" || return
	edgebert-fail-calls "$1" $PERCENT >"$GUEST_WORK/b" 2>&1 &
	b=$!
	wait_until 60 grep -q '^at work' "$GUEST_WORK/b" || return
	sleep 1
}

# end STATUS: both ended by themselves, with that status.
end() {
	for program in $a $b; do
		status=0
		wait "$program" || status=$?
		[ $status -eq "$1" ] || { echo "exit status $status, wanted $1"; cat "$GUEST_WORK/a" "$GUEST_WORK/b"; return 1; }
	done
	cat "$GUEST_WORK/a" "$GUEST_WORK/b"
}

# loses COMMAND...: the device is lost by these faults of its own, and works when it is bound again.
loses() {
	start $FOREVER || return
	for line in "$@"; do
		# shellcheck disable=SC2086 # several words are meant
		device $line || return
	done
	end 3 || return
	grep '^device: lost' "$state" || return
	device clear && bind_again
}

# recovers COMMAND...: it comes through these, without any end of the programs.
recovers() {
	start 20 || return
	for line in "$@"; do
		# shellcheck disable=SC2086 # several words are meant
		device $line || return
	done
	end 0 || return
	cat "$state"
	grep '^device: working' "$state" || return
	device clear && works
}

unbound() {
	start $FOREVER || return
	echo "$address" >$PCI_DRIVER/unbind || return
	end 3 || return
	bind_again
}

function_reset() {
	start 20 || return
	for _ in 1 2 3; do
		echo 1 >"/sys/bus/pci/devices/$address/reset" || return
		sleep 1
	done
	end 0 && works
}

# shown NAME COMMAND...: also what the programs have counted.
shown() {
	check "$@"
	sed 's/^/# /' "$tap_output"
}

# What makes a fault worse comes before the fault, which eight jobs may be too short to wait for.
if [ -e /proc/self/fail-nth ]; then
	timeout_before=$(cat "$timeout")
	echo $TIMEOUT_MS >"$timeout"
	shown "the link goes down" loses "link-down after=8"
	shown "the device is dead" loses "dead after=8"
	shown "it does not come back from a reset" loses "stuck-reset every=1" "fatal code=1 after=8"
	shown "a job hangs and does not obey" recovers "ignore-abort every=1" "hang-job after=8"
	shown "fatal errors" recovers "fatal code=1 every=30"
	shown "the function is reset" function_reset
	shown "the driver lets go of the device" unbound
	echo "$timeout_before" >"$timeout"
	check "nothing is left over" wait_until 60 grep -q '^jobs existing: 0$' "$state"
else
	skip "device death, with allocations failing" "no fault injection in this kernel"
fi
finish_tests
