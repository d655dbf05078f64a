#!/bin/sh
# SPDX-License-Identifier: MIT
# A hot device works more slowly: programs are told, results are the same, and it ends when it cools.
#
# Needs edgebert-load and hostctl in the path and nothing but the driver: no model.
# stock-kernels-only
# vm-options: --smp 2
. tests/vm/guest.sh

modprobe edgebert
wait_until 60 has_node
device=/sys/bus/pci/devices/$(bound_devices)
# The clock and the interrupts of a sleeping device are of no use here.
echo on >"$device/power/control"

heat() {
	hostctl device 0 ambient "$1" && hostctl device 0 temperature "$1"
}

interrupts() {
	sed -n 's/^ *[0-9]*: *\(\([0-9]* *\)*\) .*edgebert.*dvfs.*/\1/p' /proc/interrupts |
		awk '{ for (i = 1; i <= NF; i++) sum += $i } END { print sum + 0 }'
}

state_says() {
	hostctl device 0 state | grep -q "\"highest_point\":$1[,}]"
}

throttled_jobs_are_right() {
	heat 110 && state_says 0 && edgebert-load 1
}

raises_interrupts() {
	before=$(interrupts)
	heat 93 && state_says 7 && heat 25 && state_says 15 || return
	after=$(interrupts)
	cat /proc/interrupts
	[ "$after" -ge $((before + 2)) ]
}

check "jobs run at room temperature" edgebert-load 1
check "a critical temperature leaves the lowest point, and right results" throttled_jobs_are_right
check "cooling down ends it" heat 25
check "a changed limit is an interrupt" raises_interrupts
check "jobs run again" edgebert-load 1
finish_tests
