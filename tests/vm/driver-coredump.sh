#!/bin/sh
# SPDX-License-Identifier: MIT
# A job that hangs leaves a dump of the device, without anything of other users; a device that is
# lost announces itself.
#
# Needs edgebert-load and hostctl in the path and nothing but the driver: no model.
# timeout: 300
# vm-options: --smp 2
. tests/vm/guest.sh

modprobe edgebert
wait_until 60 has_node
address=$(bound_devices)
echo 500 >/sys/module/edgebert/parameters/job_timeout_ms
dump=$GUEST_WORK/dump
events=$GUEST_WORK/events

device() {
	hostctl device 0 "$@" >/dev/null
}

has_dump() {
	ls /sys/class/devcoredump/devcd*/data >/dev/null 2>&1
}

has_no_dump() {
	! has_dump
}

# Reading does not remove it, writing does.
take_dump() {
	cat /sys/class/devcoredump/devcd*/data >"$dump" || return
	for data in /sys/class/devcoredump/devcd*/data; do
		echo 1 >"$data"
	done
	wait_until 60 has_no_dump
}

# Two loads at work, one job of theirs hangs.
hang_under_load() {
	edgebert-load 60 >/dev/null 2>&1 &
	first=$!
	edgebert-load 60 >/dev/null 2>&1 &
	second=$!
	sleep 3
	device hang-job || return
	wait_until 60 has_dump
	status=$?
	kill $first $second
	wait
	return $status
}

names_registers() {
	grep -E '^  0x0000 ID 0x54524245$' "$dump" && grep -E '^  0x0104 STATUS 0x[0-9a-f]{7}[37bf]$' "$dump"
}

# Two users are at work; only the guilty one's jobs are described.
hides_others() {
	head -n 80 "$dump"
	grep -qE '^  cookie [0-9]+ queue [0-9]+ sequence [0-9]+$' "$dump" || return
	# Whether the other user has a job in the ring just then is the scheduler's choice.
	! sed -n '/^ring:/,/^job:/p' "$dump" | grep '^  ' |
		grep -vE '^  cookie [0-9]+ (queue [0-9]+ sequence [0-9]+|of another user)$' || return
	[ "$(grep -c '^job: ' "$dump")" -eq 1 ]
}

# The load's stream: products, a copy, the end.
shows_the_stream() {
	commands=$(sed -n 's/^  stream: .*, \([0-9]*\) commands, beginning with 0$/\1/p' "$dump")
	[ "$commands" -ge 3 ] || return
	[ "$commands" -gt 1024 ] || [ "$(grep -cE '^  [0-9]+:( [0-9a-f]{8}){16}$' "$dump")" -eq "$commands" ] || return
	grep -qE '^  0: 00000010 ' "$dump" || return
	[ "$commands" -gt 1024 ] || grep -qE "^  $((commands - 1)): 00000001( 00000000){15}\$" "$dump"
}

describes_the_space() {
	grep -E '^space: [1-9][0-9]* tables, 4 mappings$' "$dump" &&
		[ "$(grep -cE '^  0x[0-9a-f]{8} [0-9]+ bytes r[ow]$' "$dump")" -eq 4 ] &&
		[ "$(grep -cE '^  0x[0-9a-f]{8} [0-9]+ bytes ro$' "$dump")" -eq 1 ]
}

is_bounded() {
	[ "$(wc -c <"$dump")" -le 262144 ]
}

# What an ordinary user sees of a dump: nothing.
is_for_root_only() {
	! su tester -c "cat /sys/class/devcoredump/devcd*/data" >/dev/null 2>&1
}

dump_of_a_fatal_error() {
	edgebert-load 4 >/dev/null 2>&1 &
	sleep 2
	device fatal code=1 || return
	wait
	wait_until 60 has_dump && take_dump && grep -x 'reason: fatal error or no answer' "$dump"
}

# announces TEXT COMMAND...: the device is lost under load, the node says so.
announces() {
	text=$1
	shift
	uevent env >"$events" 2>&1 &
	listener=$!
	edgebert-load 60 >/dev/null 2>&1 &
	load=$!
	sleep 3
	for line in "$@"; do
		# shellcheck disable=SC2086 # several words are meant
		device $line || return
	done
	wait $load
	wait_until 60 grep -qx "WEDGED=$text" "$events"
	status=$?
	kill $listener
	grep -E "^(WEDGED|DEVNAME|ACTION|SUBSYSTEM)=" "$events" | sort | uniq -c
	[ $status -eq 0 ] && [ "$(grep -c '^WEDGED=' "$events")" -eq 1 ] &&
		grep -q '^DEVNAME=accel/accel' "$events"
}

bind_again() {
	device clear
	echo "$address" >$PCI_DRIVER/unbind
	echo "$address" >$PCI_DRIVER/bind && wait_until 60 has_node && edgebert-load 1
}

check "nothing has been dumped yet" has_no_dump
check "a job that hangs leaves a dump" hang_under_load
check "it is for root only" is_for_root_only
check "it can be read and removed" take_dump
check "the reason is there" grep -x 'reason: no progress' "$dump"
check "registers are there, the device was busy" names_registers
check "of other users there is nothing but that they are there" hides_others
check "the stream of the job is there" shows_the_stream
check "its address space is described" describes_the_space
check "it is no larger than 256 KiB" is_bounded
check "a fatal error leaves a dump" dump_of_a_fatal_error
check "a device that does not reset is announced" announces rebind,bus-reset \
	"stuck-reset kind=function every=1" "ignore-abort every=1" hang-job
check "binding again helps" bind_again
check "a device that does not answer is announced" announces bus-reset link-down
check "the module can be removed" rmmod edgebert
finish_tests
