#!/bin/sh
# SPDX-License-Identifier: MIT
# The module loads by modprobe, binds, makes the node, and goes without a trace, many times.
. tests/vm/guest.sh

reload_module() {
	for round in 1 2 3 4 5 6 7 8 9 10; do
		rmmod edgebert || return
		has_no_node || { echo "round $round: the node is still there"; return 1; }
		modprobe edgebert || return
		wait_until 60 has_node || return
	done
}

keeps_no_interrupts() {
	rmmod edgebert || return
	! grep edgebert /proc/interrupts || return
	modprobe edgebert && wait_until 60 has_node
}

# A node that is open keeps the module: it cannot be removed under its user.
is_held_by_open_node() {
	exec 8<>/dev/accel/accel0 || return
	rmmod edgebert 2>/dev/null && return 1
	exec 8>&-
	rmmod edgebert && modprobe edgebert && wait_until 60 has_node
}

check "the module is loaded" grep -q '^edgebert ' /proc/modules
check "it is bound to a PCI device" test -n "$(bound_devices)"
check "the node is there" test -c /dev/accel/accel0
check "message-signalled interrupts are used" grep -q 'MSI.*edgebert' /proc/interrupts
check "an open node holds the module" is_held_by_open_node
check "interrupts are given back" keeps_no_interrupts
check "ten times unloaded and loaded" reload_module
check "the device answers afterwards" edgebert info
finish_tests
