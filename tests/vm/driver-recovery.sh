#!/bin/sh
# SPDX-License-Identifier: MIT
# The device misbehaves or is reset under load: the driver recovers, and no job's data is wrong.
#
# Needs edgebert-load in the path and nothing but the driver: no model.
# timeout: 300
# vm-options: --smp 2
. tests/vm/guest.sh

modprobe edgebert
wait_until 60 has_node
address=$(bound_devices)
device=/sys/bus/pci/devices/$address
state=/sys/kernel/debug/accel/$address/state

# configuration OFFSET: the 16-bit value there, as a decimal number.
configuration() {
	dd if="$device/config" bs=1 skip="$1" count=2 2>/dev/null | od -An -tu2 | tr -d ' '
}

# configure OFFSET VALUE: writes 16 bits.
configure() {
	# shellcheck disable=SC2059 # the format is the data
	printf "\\$(printf %o $(($2 & 255)))\\$(printf %o $(($2 >> 8)))" |
		dd of="$device/config" bs=1 seek="$1" conv=notrunc 2>/dev/null
}

# capability ID: offset of a capability in configuration space.
capability() {
	offset=$(($(configuration 52) & 255))
	while [ $offset -ne 0 ]; do
		header=$(configuration $offset)
		[ $((header & 255)) -ne "$1" ] || { echo $offset; return; }
		offset=$((header >> 8))
	done
	return 1
}

resets() {
	sed -n 's/^device: .*, \([0-9]*\) resets$/\1/p' "$state"
}

start_load() {
	edgebert-load "$1" >"$GUEST_WORK/load" 2>&1 &
	load=$!
	sleep 1
}

# The load ends well: nothing was wrong with its data, some of its jobs ran.
load_ends_well() {
	status=0
	wait "$load" || status=$?
	cat "$GUEST_WORK/load" "$state"
	[ $status -eq 0 ] && grep -q '^[1-9][0-9]* good' "$GUEST_WORK/load"
}

works() {
	edgebert-load 1
}

# No interrupt arrives: completions are found by looking.
loses_interrupts() {
	msix=$(capability 17) || return
	control=$(configuration $((msix + 2)))
	start_load 4
	configure $((msix + 2)) $((control | 0x4000))
	sleep 2
	configure $((msix + 2)) "$control"
	load_ends_well && works
}

# Memory is out of the device's reach for a moment: it stops with a fatal error.
loses_bus_mastering() {
	before=$(resets)
	command=$(configuration 4)
	start_load 4
	configure 4 $((command & ~4))
	sleep 1
	configure 4 "$command"
	load_ends_well && [ "$(resets)" -gt "$before" ] && works
}

function_reset() {
	start_load 4
	for _ in 1 2 3 4 5; do
		echo 1 >"$device/reset" || return
		sleep 0.3
	done
	load_ends_well && works
}

function_reset_when_idle() {
	echo 1 >"$device/reset" && works
}

check "jobs run" works
check "interrupts are lost for a while" loses_interrupts
check "bus mastering is lost for a while" loses_bus_mastering
check "the function is reset, idle" function_reset_when_idle
check "the function is reset under load, five times" function_reset
check "nothing is left over" wait_until 60 grep -q '^jobs existing: 0$' "$state"
check "the module can be removed" rmmod edgebert
finish_tests
