#!/bin/sh
# SPDX-License-Identifier: MIT
# The kernel cools a warm device by limiting its operating points, and tells what temperature does.
#
# Needs edgebert-load and hostctl in the path and nothing but the driver: no model.
# timeout: 600
. tests/vm/guest.sh

wait_until 60 has_node
address=$(bound_devices)
device=/sys/bus/pci/devices/$address
devfreq=/sys/class/devfreq/$address
trace=/sys/kernel/tracing/trace
limits=/sys/kernel/tracing/events/edgebert/edgebert_limits/enable
highest=$(cat "$devfreq/max_freq")

# The temperature of the air and, from now on, of the device.
heat() {
	hostctl device 0 ambient "$1" && hostctl device 0 temperature "$1"
}

# Sets zone and cooling to the folders of the device, which change when it is bound.
find_zone() {
	zone=
	for folder in /sys/class/thermal/thermal_zone*; do
		[ "$(cat "$folder/type" 2>/dev/null)" != edgebert ] || zone=$folder
	done
	[ -n "$zone" ] && cooling=$(readlink -f "$zone/cdev0") && [ -d "$cooling" ]
}

shows_temperature() {
	heat 40 || return
	edgebert-load 1 || return
	warm=$(cat "$zone/temp") sensor=$(cat "$device"/hwmon/hwmon*/temp1_input)
	echo "zone: $warm, hwmon: $sensor"
	[ "$warm" -ge 39000 ] && [ "$warm" -le 46000 ] && [ $((warm % 1000)) -eq 0 ] &&
		[ "$sensor" -ge 39000 ] && [ "$sensor" -le 46000 ]
}

cooling_state_is() {
	test "$(cat "$cooling/cur_state")" "$@"
}

max_freq_is() {
	test "$(cat "$devfreq/max_freq")" "$@"
}

is_cooled() {
	heat 82 && edgebert-load 2 || return
	wait_until 30 cooling_state_is -gt 0 && wait_until 60 max_freq_is -lt "$highest"
}

# Step by step, as the governor does it; and asleep it is not left limited.
recovers() {
	heat 30 && wait_until 60 cooling_state_is -eq 0 && wait_until 60 max_freq_is -eq "$highest"
}

obeys_its_administrator() {
	trip=$zone/trip_point_0_temp
	before=$(cat "$trip")
	echo 35000 >"$trip" || return
	heat 40 && edgebert-load 2 && wait_until 30 cooling_state_is -gt 0
	status=$?
	echo "$before" >"$trip"
	[ $status -eq 0 ] && recovers
}

# The device's own limits, which it announces.
tells_limits() {
	edgebert-load 6 >"$GUEST_WORK/load" 2>&1 &
	load=$!
	echo >"$trace"
	echo 1 >"$limits"
	heat 93 && wait_until 30 grep -q 'edgebert_limits: .* thermal_max=[1-9].* throttled=1' "$trace" &&
		heat 25 && wait_until 60 grep -q 'edgebert_limits: .* throttled=0' "$trace"
	status=$?
	echo 0 >"$limits"
	grep limits "$trace"
	wait $load && [ $status -eq 0 ] && recovers
}

# The machine is not switched off, and jobs still run, slowly.
survives_what_is_critical() {
	heat 110 && edgebert-load 3 && dmesg | grep -q 'critically hot' && recovers
}

sleeps() {
	[ "$(cat "$device/power/runtime_status")" = suspended ]
}

# Hot, it stays awake to be looked at; cool again, it sleeps.
sleeps_when_it_has_cooled_down() {
	heat 82 && edgebert-load 1 && wait_until 30 cooling_state_is -gt 0 || return
	recovers && wait_until 60 sleeps
}

is_unbound_while_cooled() {
	heat 82 && edgebert-load 2 && wait_until 30 cooling_state_is -gt 0 || return
	echo "$address" >"$PCI_DRIVER/unbind" || return
	! find_zone || return
	echo "$address" >"$PCI_DRIVER/bind" || return
	wait_until 60 has_node && find_zone && recovers && edgebert-load 1
}

if ! find_zone; then
	echo "1..0 # SKIP the device has no temperature"
	exit 4
fi
check "temperature is shown" shows_temperature
check "a warm device is cooled" is_cooled
check "a cool one is not" recovers
check "where cooling begins can be changed" obeys_its_administrator
check "the device's own limits are told" tells_limits
check "a critical temperature does no harm" survives_what_is_critical
check "it sleeps again when it has cooled down" sleeps_when_it_has_cooled_down
check "it is unbound while it is cooled" is_unbound_while_cooled
heat 25
finish_tests
