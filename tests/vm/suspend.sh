#!/bin/sh
# SPDX-License-Identifier: MIT
# The system sleeps with jobs, sentences and an eNVM update under way, and nobody notices.
#
# "Idle": all of suspend to idle but the idling itself, from which this machine's clock can not
# wake.  "Memory": S3, where the device loses power, and the clock wakes the machine.
# One processor: with two, emulation of the first S3 is a hundred times slower.
# timeout: 300
# vm-options: --in-memory
# vm-options: --kernel 7 --in-memory
. tests/vm/guest.sh

modprobe edgebert
wait_until 60 has_node
address=$(bound_devices)
device=/sys/bus/pci/devices/$address
devfreq=/sys/class/devfreq/$address
state=/sys/kernel/debug/accel/$address/state
SENTENCES=12
HIGHEST_POINT=2

echo 1 >/sys/module/suspend/parameters/pm_test_delay

# fall_asleep idle|memory
fall_asleep() {
	if [ "$1" = idle ]; then
		echo platform >/sys/power/pm_test
		sleep_status=0
		edgebert-sleep freeze || sleep_status=$?
		echo none >/sys/power/pm_test
		return $sleep_status
	fi
	echo deep >/sys/power/mem_sleep && edgebert-sleep mem
}

jobs_ended() {
	sed -n 's/^jobs: \([0-9]*\) ended.*/\1/p' "$state"
}

has_advanced() {
	[ "$(jobs_ended)" -gt "$1" ]
}

# advances: jobs end from now on.
advances() {
	wait_until 30 has_advanced "$(jobs_ended)"
}

works() {
	edgebert-load 0
}

# start_load ARGUMENT...: until end_load.
start_load() {
	# What an earlier load has said would be taken for its word.
	rm -f "$GUEST_WORK/load"
	edgebert-load 600 "$@" >"$GUEST_WORK/load" 2>&1 &
	load=$!
	wait_until 30 grep -q "at work" "$GUEST_WORK/load" && advances
}

# end_load: exit status of the load, whose verdict is shown.
end_load() {
	load_status=0
	kill -USR1 "$load"
	wait "$load" || load_status=$?
	tail -n 5 "$GUEST_WORK/load"
	return $load_status
}

classify_some() {
	sentences $SENTENCES | classify --backend accel --policy full
}

# An image of 64 KiB is written page by page, which the sleep may interrupt anywhere.
start_update() {
	edgebert-envm install "$1" 65536 >"$GUEST_WORK/update" 2>&1 &
	update=$!
}

update_ended_well() {
	wait "$update" || { cat "$GUEST_WORK/update"; return 1; }
	[ "$(edgebert-envm check "$1")" = "$1" ]
}

image=1
# sleep_at_work idle|memory: with all kinds of work under way; how each of them ends is checked later.
sleep_at_work() {
	image=$((image + 1))
	start_load 20 8 $HIGHEST_POINT || return
	classify_some >"$GUEST_WORK/sentences" 2>&1 &
	classifying=$!
	start_update $image
	advances && fall_asleep "$1" && advances
}

# Each job ran once, at a point that was allowed, and copied what it should.
no_job_is_lost() {
	end_load && grep -q '^[1-9][0-9]* good, 0 cancelled, 0 lost, 0 wrong$' "$GUEST_WORK/load" &&
		wait_until 30 grep -q '^jobs existing: 0$' "$state"
}

no_sentence_is_lost() {
	wait "$classifying" || { cat "$GUEST_WORK/sentences"; return 1; }
	cmp "$GUEST_WORK/sentences" "$GUEST_WORK/wanted"
}

limits_are_kept() {
	[ "$(cat "$devfreq/max_freq")" = "$limit" ] && edgebert-load 0 20 8 $HIGHEST_POINT
}

is_asleep() {
	[ "$(cat "$device/power/runtime_status")" = suspended ]
}

# Nobody needs it: what it does afterwards is its own affair, but it can be woken up.
sleeps_while_asleep() {
	wait_until 60 is_asleep && fall_asleep "$1" && works && wait_until 20 is_asleep
}

locked_slots() {
	edgebert-envm info | sed -n 's/^locked //p'
}

# As the device sees it, which is asked while it is awake.
locked_sectors() {
	edgebert-envm info >/dev/null && hostctl device 0 state | sed -n 's/.*"locked_sectors": *\([0-9]*\).*/\1/p'
}

# The lock of slot A is the device's own, and lost without power.
locks_are_kept() {
	[ "$(edgebert-envm check $image)" = $image ] && edgebert-envm lock 0 && edgebert-envm lock 1 ||
		return
	locked=$(locked_slots)
	sectors=$(locked_sectors)
	fall_asleep memory || return
	echo "locked before: slots $locked, sectors $sectors, after: $(locked_slots), $(locked_sectors)"
	[ "$locked" -eq 3 ] && [ "$(locked_slots)" -eq 3 ] || return
	[ "$sectors" -gt 500 ] && [ "$(locked_sectors)" -eq "$sectors" ] || return
	said=$(edgebert-envm install 99 1024)
	[ "$said" = "erase: Read-only file system" ] && [ "$(edgebert-envm check $image)" = $image ] &&
		echo 1 >"$device/reset" && [ "$(locked_slots)" -eq 0 ] &&
		[ "$(locked_sectors)" -eq 0 ]
}

# A job that neither ends nor obeys keeps the system awake, until recovery has dealt with it.
refuses_with_hung_job() {
	start_load || return
	hostctl device 0 ignore-abort every=1 && hostctl device 0 hang-job || return
	refused=$(fall_asleep idle) && { echo "it has slept"; return 1; }
	echo "$refused"
	hostctl device 0 clear
	advances && end_load && [ "$refused" = "refused by $address" ] && works && fall_asleep idle && works
}

# The system wakes up all the same, and says what is lost; the driver can be bound again.
wakes_without_device() {
	start_load || return
	hostctl device 0 stuck-reset || return
	fall_asleep idle || return
	load_status=0
	wait "$load" || load_status=$?
	tail -n 3 "$GUEST_WORK/load"
	grep '^device: lost' "$state" || return
	hostctl device 0 clear
	echo "$address" >$PCI_DRIVER/unbind && echo "$address" >$PCI_DRIVER/bind || return
	[ $load_status -eq 3 ] && wait_until 60 has_node && works
}

no_task_was_stuck() {
	! dmesg | grep "blocked for more than"
}

limit=$(tr ' ' '\n' <"$devfreq/available_frequencies" | grep . | sed -n "$((HIGHEST_POINT + 1))p")
echo "$limit" >"$devfreq/max_freq"
check "sentences are classified" classify_some
classify_some >"$GUEST_WORK/wanted"
check "an image is installed" edgebert-envm install $image 1024
for kind in idle memory; do
	check "$kind: the system sleeps with jobs queued" sleep_at_work $kind
	check "$kind: no job is lost" no_job_is_lost
	check "$kind: no sentence is lost" no_sentence_is_lost
	check "$kind: the eNVM update ends well" update_ended_well $image
	check "$kind: the limits are kept" limits_are_kept
	check "$kind: a device that sleeps already" sleeps_while_asleep $kind
done
echo 0 >"$devfreq/max_freq"
check "locks of the eNVM outlive the loss of power" locks_are_kept
check "a job that hangs keeps the system awake, for a while" refuses_with_hung_job
check "a device that does not wake up" wakes_without_device
check "no task was stuck" no_task_was_stuck
check "the module can be removed" timeout 30 rmmod edgebert
finish_tests
