#!/bin/sh
# SPDX-License-Identifier: MIT
# The administrator's side of operating points: devfreq's files, under load and while all changes.
#
# Needs edgebert-load in the path and nothing but the driver: no model.
# timeout: 400
. tests/vm/guest.sh

wait_until 60 has_node
address=$(bound_devices)
devfreq=/sys/class/devfreq/$address
events=/sys/kernel/tracing/events/edgebert

point() {
	tr ' ' '\n' <"$devfreq/available_frequencies" | grep . | sed -n "$1p"
}

has_the_devices_table() {
	points=$(edgebert info --json | grep -c '"khz"') || points=0
	listed=$(tr ' ' '\n' <"$devfreq/available_frequencies" | grep -c .)
	echo "$listed frequencies listed"
	[ "$listed" -gt 3 ] && [ "$points" -le "$listed" ] && [ "$(point 1)" -lt "$(point 2)" ] &&
		[ "$(point 1)" = "$(cat "$devfreq/min_freq")" ] &&
		[ "$(point "$listed")" = "$(cat "$devfreq/max_freq")" ]
}

uses_its_own_governor() {
	[ "$(cat "$devfreq/governor")" = edgebert ]
}

works_at() {
	[ "$(cat "$devfreq/cur_freq")" = "$1" ]
}

aims_at() {
	[ "$(cat "$devfreq/target_freq")" = "$1" ]
}

# Frequencies are limits of the table: what jobs run at is always one of its points.
follows_limits_under_load() {
	edgebert-load 4 >"$GUEST_WORK/load" 2>&1 &
	load=$!
	for number in 1 2 3 4 3 2 1; do
		point $number >"$devfreq/max_freq" || return
		sleep 0.3
		grep -qx "$(cat "$devfreq/cur_freq")" <<-POINTS || return
			$(tr ' ' '\n' <"$devfreq/available_frequencies")
		POINTS
	done
	point 1 >"$devfreq/max_freq"
	wait_until 60 works_at "$(point 1)" || return
	echo 0 >"$devfreq/max_freq"
	wait $load && cat "$GUEST_WORK/load"
}

refuses_what_is_no_number() {
	! echo fast >"$devfreq/max_freq"
}

other_governors_work() {
	echo simple_ondemand >"$devfreq/governor" || return
	edgebert-load 2
	status=$?
	# Idle: jobs without a wish would get the lowest point.
	wait_until 60 aims_at "$(point 1)" || status=1
	echo edgebert >"$devfreq/governor" || return
	[ $status -eq 0 ] && aims_at "$(cat "$devfreq/max_freq")"
}

is_traced() {
	echo 1 >"$events/edgebert_limits/enable"
	echo >/sys/kernel/tracing/trace
	point 2 >"$devfreq/max_freq"
	wait_until 60 grep -q 'edgebert_limits: .* window=0\.\.1 ' /sys/kernel/tracing/trace
	status=$?
	echo 0 >"$devfreq/max_freq"
	echo 0 >"$events/edgebert_limits/enable"
	return $status
}

# The device goes and comes while limits are written.
survives_unbinding() {
	touch "$GUEST_WORK/write"
	(while [ -e "$GUEST_WORK/write" ]; do
		point 1 >"$devfreq/max_freq"
		point 3 >"$devfreq/max_freq"
		cat "$devfreq"/*_freq "$devfreq/trans_stat"
	done) >/dev/null 2>&1 &
	writer=$!
	status=0
	for _ in 1 2 3 4 5; do
		echo "$address" >"$PCI_DRIVER/unbind" && echo "$address" >"$PCI_DRIVER/bind" || status=1
	done
	# Not killed: what it has begun would be written later.
	rm "$GUEST_WORK/write"
	wait $writer
	wait_until 60 has_node && echo 0 >"$devfreq/max_freq" && [ $status -eq 0 ] && edgebert-load 1
}

check "devfreq lists the device's table, without limits" has_the_devices_table
check "jobs without a wish are the driver's governor's" uses_its_own_governor
check "limits are followed under load" follows_limits_under_load
check "no number is no limit" refuses_what_is_no_number
check "simple_ondemand can be used instead" other_governors_work
check "new limits are traced" is_traced
check "the device is unbound while limits are set" survives_unbinding
finish_tests
