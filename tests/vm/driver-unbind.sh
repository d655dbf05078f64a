#!/bin/sh
# SPDX-License-Identifier: MIT
# The driver is unbound again and again under load, with files that stay open; nothing leaks.
#
# Needs edgebert-load in the path and nothing but the driver: no model.
# timeout: 300
# vm-options: --smp 2
. tests/vm/guest.sh

modprobe edgebert
wait_until 60 has_node
address=$(bound_devices)

# lost NAME PID: the load ends, and says that its device was lost.
lost() {
	status=0
	wait "$2" || status=$?
	cat "$GUEST_WORK/$1"
	[ $status -eq 3 ] || { echo "exit status $status, wanted 3"; return 1; }
}

unbind_under_load() {
	for name in a b c; do
		edgebert-load 60 >"$GUEST_WORK/$name" 2>&1 &
		eval "$name=\$!"
	done
	for name in a b c; do
		wait_until 60 grep -q '^at work' "$GUEST_WORK/$name" || return
	done
	sleep "$1"
	echo "$address" >$PCI_DRIVER/unbind || return
	has_no_node || return
	# shellcheck disable=SC2154 # a, b and c are set by eval
	lost a "$a" && lost b "$b" && lost c "$c"
}

bind_again() {
	echo "$address" >$PCI_DRIVER/bind && wait_until 60 has_node && edgebert-load 1
}

repeatedly() {
	for moment in 0.1 0.2 0.3 0.4 0.5; do
		unbind_under_load $moment && bind_again || return
	done
}

# The node is open, idle, while the driver goes and comes; closing it afterwards is harmless.
open_file_outlives_unbind() {
	exec 8<>/dev/accel/accel0 || return
	echo "$address" >$PCI_DRIVER/unbind || return
	bind_again || return
	exec 8>&-
	edgebert-load 1
}

# Killed processes leave jobs behind; the module can be removed at once nevertheless.
remove_after_kill() {
	for _ in 1 2 3; do
		edgebert-load 60 >/dev/null 2>&1 &
		killed=$!
		sleep 1
		kill -KILL $killed
		wait $killed
		rmmod edgebert || return
		modprobe edgebert && wait_until 60 has_node || return
	done
	edgebert-load 1
}

check "unbinding under load and binding again, five times" repeatedly
check "a file stays open over unbinding" open_file_outlives_unbind
check "removal of the module after a kill, three times" remove_after_kill
address=$(bound_devices)
check "nothing is left over" wait_until 60 grep -q '^jobs existing: 0$' "/sys/kernel/debug/accel/$address/state"
check "the module can be removed" rmmod edgebert
finish_tests
