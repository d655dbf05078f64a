#!/bin/sh
# SPDX-License-Identifier: MIT
# A paced device: jobs take the time that the modelled part would, whatever the computer needs.
# timeout: 600
# stock-kernels-only
# vm-options: --smp 2 --device-args --pace
. tests/vm/guest.sh

modprobe edgebert
wait_until 60 has_node
state=/sys/kernel/debug/accel/$(bound_devices)/state

set_timeout() {
	echo "$1" >/sys/module/edgebert/parameters/job_timeout_ms
}

same_results() {
	sentences 5 | classify --policy full >"$GUEST_WORK/results" || return
	head -n 5 /build/reference/full.json | sed 's/,"host_us":[^,}]*//' >"$GUEST_WORK/wanted"
	cmp "$GUEST_WORK/results" "$GUEST_WORK/wanted"
}

# At the lowest point jobs of this model take a tenth of a second.
takes_its_time() {
	sentences 5 | edgebert run --model "$MODEL" --policy full --operating-point 0 --json - \
		>"$GUEST_WORK/slow" || return
	sed 's/.*"latency_us":\([0-9.]*\).*"host_us":\([0-9.]*\).*/\1 \2/' "$GUEST_WORK/slow"
	sed 's/.*"latency_us":\([0-9.]*\).*"host_us":\([0-9.]*\).*/\1 \2/' "$GUEST_WORK/slow" |
		awk '$2 < $1 { early++ } END { exit early > 0 || NR != 5 }'
}

# What a program has handed to the device runs to its end, also after the program's own.
jobs_have_ended() {
	wait_until 30 grep -q '^jobs existing: 0$' "$state"
}

# Each job takes longer than the driver waits for a sign of life; its cycles are one.
long_jobs_are_let_run() {
	set_timeout 1000
	edgebert-load 6 2500 && jobs_have_ended
}

# One that hangs gives none.
hanging_job_is_stopped() {
	hostctl device 0 hang-job after=6 || return
	edgebert-load 4 20 >"$GUEST_WORK/load" 2>&1
	cat "$GUEST_WORK/load"
	hostctl device 0 clear
	grep -q '^job .*: error -110' "$GUEST_WORK/load" && jobs_have_ended
}

killed_program_leaves_the_device() {
	edgebert-load 60 500 >/dev/null 2>&1 &
	victim=$!
	sleep 3
	kill -KILL $victim
	wait $victim
	jobs_have_ended && edgebert-load 1 10
}

check "jobs run" edgebert-load 2
check "results are those of the reference" same_results
check "jobs take the modelled time at least" takes_its_time
check "long jobs show signs of life" long_jobs_are_let_run
check "a hanging job shows none" hanging_job_is_stopped
check "a killed program leaves the device to others" killed_program_leaves_the_device
check "the module can be removed" timeout 60 rmmod edgebert
finish_tests
