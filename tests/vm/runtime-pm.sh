#!/bin/sh
# SPDX-License-Identifier: MIT
# The idle device sleeps (D3hot) and wakes up for jobs, which lose nothing by it.
#
# Needs edgebert-load in the path and nothing but the driver: no model.
# timeout: 400
. tests/vm/guest.sh

wait_until 60 has_node
address=$(bound_devices)
device=/sys/bus/pci/devices/$address
power=$device/power
delay_before=$(cat "$power/autosuspend_delay_ms")

sleeps() {
	[ "$(cat "$power/runtime_status")" = suspended ] && [ "$(cat "$device/power_state")" = D3hot ]
}

falls_asleep() {
	wait_until 60 sleeps || { cat "$power/runtime_status" "$power/runtime_usage"; return 1; }
}

is_active() {
	[ "$(cat "$power/runtime_status")" = active ]
}

# As somebody would who measures how often it wakes up.
slept_ms() {
	cat "$power/runtime_suspended_time"
}

works() {
	edgebert-load 1
}

is_on_by_default() {
	[ "$(cat "$power/control")" = auto ] && [ "$delay_before" -gt 0 ]
}

wakes_for_jobs() {
	falls_asleep && works && falls_asleep
}

# Files come and go, what is told is told, and the device sleeps on.
stays_asleep_when_asked() {
	falls_asleep || return
	active=$(cat "$power/runtime_active_time")
	cat "$device/busy_time_us" "$device/jobs_completed" "$device/current_frequency_mhz" || return
	cat /proc/self/fdinfo/9 9<>/dev/accel/accel0 || return
	[ "$(cat "$power/runtime_active_time")" -eq "$active" ] && sleeps
}

# It falls asleep after every job that has no successor yet.
works_without_delay() {
	echo 0 >"$power/autosuspend_delay_ms"
	before=$(slept_ms)
	edgebert-load 4 1 1
	status=$?
	slept=$(($(slept_ms) - before))
	echo "$delay_before" >"$power/autosuspend_delay_ms"
	echo "slept $slept ms of it"
	[ $status -eq 0 ] && [ $slept -gt 0 ] && works && falls_asleep
}

can_be_kept_awake() {
	falls_asleep || return
	echo on >"$power/control"
	wait_until 60 is_active
	status=$?
	sleep 1
	is_active || status=1
	echo auto >"$power/control"
	[ $status -eq 0 ] && falls_asleep
}

is_reset_asleep() {
	falls_asleep && echo 1 >"$device/reset" && works && falls_asleep
}

is_rebound_asleep() {
	falls_asleep || return
	echo "$address" >"$PCI_DRIVER/unbind" || return
	echo "$address" >"$PCI_DRIVER/bind" || return
	wait_until 60 has_node && works && falls_asleep
}

was_not_reset_for_it() {
	state=/sys/kernel/debug/accel/$address/state
	grep '^device: working' "$state"
}

check "it sleeps unless told otherwise" is_on_by_default
check "idle it is in D3hot; jobs wake it up" wakes_for_jobs
check "what can be read does not wake it up" stays_asleep_when_asked
check "it may sleep between any two jobs" works_without_delay
check "an administrator can keep it awake" can_be_kept_awake
check "the function is reset while it sleeps" is_reset_asleep
check "it is unbound and bound while it sleeps" is_rebound_asleep
check "it counts as working" was_not_reset_for_it
finish_tests
