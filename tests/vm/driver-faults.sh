#!/bin/sh
# SPDX-License-Identifier: MIT
# Each fault the device can be told to have: what a program sees of it, and that it works again.
#
# Needs edgebert-load and hostctl in the path and nothing but the driver: no model.
# timeout: 1100
# stock-kernels-only
# vm-options: --smp 2
. tests/vm/guest.sh

modprobe edgebert
wait_until 60 has_node
address=$(bound_devices)
state=/sys/kernel/debug/accel/$address/state
# Long enough for an emulated processor, short enough for a test.
set_timeout() {
	echo "$1" >/sys/module/edgebert/parameters/job_timeout_ms
}

device() {
	hostctl device 0 "$@"
}

# Also without a second of load it starts with some jobs, which must be right.
works() {
	edgebert-load 0
}

resets() {
	sed -n 's/^device: .*, \([0-9]*\) resets$/\1/p' "$state"
}

have_fired() {
	device status >"$GUEST_WORK/status"
	for line in "$@"; do
		grep -q "^${line%% *} armed=[01] fired=[1-9]" "$GUEST_WORK/status" || return
	done
}

# load SECONDS COMMAND...: arms faults, which spare the jobs that the load measures with; its output
# goes to $GUEST_WORK/load, its exit status to $load_status.  False: a fault has not fired.
load() {
	load_status=0
	seconds=$1
	shift
	resets_before=$(resets)
	device clear || return
	for line in "$@"; do
		# shellcheck disable=SC2086 # several words are meant
		device $line || return
	done
	edgebert-load "$seconds" >"$GUEST_WORK/load" 2>&1 || load_status=$?
	# On a busy host a second may be too short for any job.
	for _ in 1 2 3 4 5; do
		! have_fired "$@" && [ "$load_status" -eq 0 ] || break
		edgebert-load "$seconds" >>"$GUEST_WORK/load" 2>&1 || load_status=$?
	done
	resets_after=$(resets)
	cat "$GUEST_WORK/load" "$GUEST_WORK/status" "$state"
	have_fired "$@"
}

no_resets() {
	[ "$resets_after" -eq "$resets_before" ]
}

# ends_job TEXT COMMAND...: one job fails with TEXT, the others and later ones do not.
ends_job() {
	text=$1
	shift
	load 4 "$@" && grep -q ": $text\$" "$GUEST_WORK/load" &&
		[ "$(grep -c '^job ' "$GUEST_WORK/load")" -eq 1 ] && device clear && works
}

ends_job_alone() {
	ends_job "$@" && no_resets
}

ends_only_job() {
	ends_job_alone "$@" && grep -q ' 0 cancelled' "$GUEST_WORK/load"
}

ends_job_by_reset() {
	ends_job "$@" && ! no_resets
}

# unnoticed COMMAND...: no program sees anything of it.
unnoticed() {
	load 1 "$@" && [ "$load_status" -eq 0 ] && no_resets &&
		grep -q ' 0 cancelled' "$GUEST_WORK/load" && device clear && works
}

# resets_device COMMAND...: the device is reset; the job that was running is cancelled at most.
resets_device() {
	load 4 "$@" && [ "$load_status" -eq 0 ] && ! no_resets && device clear && works
}

# An idle device sleeps, and is reset when it wakes up: not here, where resets are counted.
stay_awake() {
	echo on >"/sys/bus/pci/devices/$address/power/control"
}

bind() {
	echo "$address" >$PCI_DRIVER/bind && wait_until 60 has_node && stay_awake
}

bind_again() {
	echo "$address" >$PCI_DRIVER/unbind
	bind && works
}

# loses_device COMMAND...: everything fails with "device lost", binding again helps.
loses_device() {
	load 4 "$@"
	[ "$load_status" -eq 3 ] && grep -q '^device: lost' "$state"
	lost=$?
	device clear && bind_again && return $lost
}

# loses_device_at_once COMMAND: before a first job runs, a new program is told.
loses_device_at_once() {
	# shellcheck disable=SC2086 # several words are meant
	device clear && device $1 || return
	load_status=0
	edgebert-load 0 >"$GUEST_WORK/load" 2>&1 || load_status=$?
	cat "$GUEST_WORK/load" "$state"
	grep -q 'No such device' "$GUEST_WORK/load" && grep -q '^device: lost' "$state" &&
		[ $load_status -ne 0 ]
	lost=$?
	device clear && bind_again && return $lost
}

# A failed bind says why in the kernel's log.
bind_fails() {
	text=$1
	shift
	echo "$address" >$PCI_DRIVER/unbind
	dmesg -c >/dev/null
	device "$@" now || return
	bind_status=0
	echo "$address" >$PCI_DRIVER/bind || bind_status=1
	dmesg -c >"$GUEST_WORK/log"
	cat "$GUEST_WORK/log"
	device clear
	has_no_node && bind && [ $bind_status -ne 0 ] && grep -q "$text" "$GUEST_WORK/log"
}

# unbinds_with COMMAND...: under load, the driver lets go of the device in good time.
unbinds_with() {
	edgebert-load 60 >"$GUEST_WORK/load" 2>&1 &
	loading=$!
	sleep 1
	for line in "$@"; do
		# shellcheck disable=SC2086 # several words are meant
		device $line || return
	done
	sleep 1
	unbind_status=0
	timeout 30 sh -c "echo $address >$PCI_DRIVER/unbind" || unbind_status=$?
	load_status=0
	wait $loading || load_status=$?
	cat "$GUEST_WORK/load"
	device clear
	bind && works && [ $unbind_status -eq 0 ] && [ $load_status -eq 3 ]
}

raise_all() {
	for vector in 0 1 2 3; do
		device raise-interrupt vector=$vector times=200 || return
	done
	works
}

set_timeout 2000
stay_awake
check "jobs run" works

# Ending a job, the device ends those of its context that are queued.
check "a job that hangs is stopped" ends_job_alone "error -110, status 3" "hang-job after=8"
check "one that hangs in its middle, too" \
	ends_job_alone "error -110, status 3" "hang-job after=8 commands=1"
check "one that ignores being stopped ends by a reset" \
	ends_job_by_reset "error -110, status .*" "hang-job after=8" "ignore-abort every=1"
check "jobs that take longer are waited for" unnoticed "delay-completion ms=200 after=8 every=4"

for row in page-not-mapped:4 page-read-only:5 page-table-invalid:6 bus-error:7 device-error:15; do
	check "an access that fails: ${row%:*}" ends_only_job "error -5, status ${row#*:}" \
		"mmu-fault after=8 access=2 status=${row%:*}"
done

check "no interrupt arrives" unnoticed "drop-interrupt every=1"
check "some interrupts do not arrive" unnoticed "drop-interrupt every=3"
check "interrupts arrive twice" unnoticed "repeat-interrupt every=1"
check "interrupts without a cause" raise_all

check "a record with a wrong cookie" ends_job_by_reset "error -110, status .*" \
	"corrupt-completion field=cookie after=8"
check "a record with a wrong sequence" ends_job_by_reset "error -110, status .*" \
	"corrupt-completion field=sequence after=8"
check "a record that never comes" ends_job_by_reset "error -110, status .*" \
	"lose-completion after=8"
check "a record that comes twice" unnoticed "repeat-completion after=8"
check "a record with an unknown status" ends_only_job "error -5, status .*" \
	"corrupt-completion field=status value=0x7fff after=8"
for field in context exit-layer operating-point cycles energy start end entropy reserved \
	layers-assessed throttled; do
	check "records with another $field" unnoticed "corrupt-completion field=$field every=2"
done

check "a doorbell that is lost" unnoticed "ignore-doorbell after=8"
for code in 1 2 3 4 5 200; do
	check "fatal error $code" resets_device "fatal code=$code after=8"
done

check "an address space is not confirmed" resets_device stuck-update
check "an unmapped buffer is not confirmed" resets_device "stuck-update after=1"
check "nothing is ever confirmed" loses_device_at_once "stuck-update every=1"
check "a reset that does not end" loses_device "fatal code=1 after=8" stuck-reset
check "a device that is dead" loses_device "dead after=8"
check "a link that is down" loses_device "link-down after=8"

set_timeout 30000
check "unbinding with a job that hangs" unbinds_with "hang-job" "ignore-abort every=1"
check "unbinding a dead device" unbinds_with dead
check "unbinding without a link" unbinds_with link-down

check "not the ID of an EdgeBERT" bind_fails "not an EdgeBERT device" override ID value=0
check "a version that is too new" bind_fails "hardware contract 2.0" override VERSION value=0x20000
check "no context" bind_fails "unusable limits" override LIMITS value=0xa10
check "rings that are too small" bind_fails "unusable limits" override LIMITS value=0x1000110
check "no operating point" bind_fails "claims 0 operating points" points 0
check "too many operating points" bind_fails "claims 17 operating points" points 17
for kind in zero equal reversed; do
	check "operating points with frequencies that are $kind" \
		bind_fails "unusable frequency" point-table $kind
done
check "never ready" bind_fails "does not become ready" override STATUS value=0

check "nothing is left over" wait_until 60 grep -q '^jobs existing: 0$' "$state"
check "the module can be removed" timeout 30 rmmod edgebert
finish_tests
