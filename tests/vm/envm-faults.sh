#!/bin/sh
# SPDX-License-Identifier: MIT
# The eNVM errs, hangs, is reset or disappears during an operation: everybody is told, nothing is lost.
# timeout: 400
# vm-options: --smp 2
. tests/vm/guest.sh

modprobe edgebert
wait_until 60 has_node
address=$(bound_devices)

# The page at the beginning of slots A and B.
SLOT_A=16384
SLOT_B=1056768

bind_again() {
	echo "$address" >$PCI_DRIVER/unbind && echo "$address" >$PCI_DRIVER/bind && wait_until 60 has_node
}

# envm_info NAME: its value.
envm_info() {
	edgebert-envm info | sed -n "s/^$1 //p"
}

# fails_with TEXT COMMAND...: and says this.
fails_with() {
	text=$1
	shift
	said=$("$@") && { echo "succeeded: $*"; return 1; }
	echo "$said"
	[ "$said" = "$text" ]
}

corrected_error() {
	before=$(envm_info ecc_corrected)
	hostctl device 0 envm-flip address=$SLOT_A bit=3 && [ "$(edgebert-envm check 1)" = 1 ] || return
	[ "$(envm_info ecc_corrected)" -gt "$before" ]
}

# The older image is still there, and better than none.
uncorrected_error() {
	edgebert-envm install 2 1024 && [ "$(edgebert-envm check 2)" = 2 ] || return
	before=$(envm_info ecc_failed)
	hostctl device 0 envm-spoil address=$SLOT_B || return
	fails_with "read: Bad message" edgebert-envm read 1 0 256 || return
	[ "$(envm_info ecc_failed)" -gt "$before" ] || return
	bind_again && [ "$(edgebert-envm check 1)" = 1 ] || return
	dmesg | grep -q 'image "pattern 2" is damaged'
}

# address_of SLOT: of its image, in the array.
address_of() {
	[ "$1" -eq 0 ] && echo $SLOT_A || echo $SLOT_B
}

# looks_up TEXT: what becomes of a job that reads embeddings from the image.
looks_up() {
	said=$(edgebert-envm look-up) || return
	echo "$said, wanted: $1"
	[ "$said" = "$1" ]
}

# Other jobs, which run meanwhile, do not notice.
looks_up_beside_load() {
	# What an earlier load has said would be taken for its word.
	rm -f "$GUEST_WORK/load"
	edgebert-load 600 >"$GUEST_WORK/load" 2>&1 &
	load=$!
	wait_until 30 grep -q "at work" "$GUEST_WORK/load" && looks_up "$1"
	status=$?
	kill -USR1 $load
	wait $load || status=1
	cat "$GUEST_WORK/load"
	[ $status -eq 0 ] && grep -q ' good, 0 cancelled, 0 lost, 0 wrong$' "$GUEST_WORK/load"
}

GOOD="error 0, status 0, command 0, address 0"
# EIO, ENVM_FAILED; the eNVM is segment 8.
FAILED="error -5, status 14, command 0, address 0x80000000"

look_up_of_a_damaged_word() {
	image=$(address_of "$(envm_info active_slot)")
	looks_up "$GOOD" || return
	before=$(envm_info ecc_failed)
	hostctl device 0 envm-spoil address="$image" && looks_up_beside_load "$FAILED" || return
	[ "$(envm_info ecc_failed)" -gt "$before" ] || return
	edgebert-envm install 6 1024 && looks_up "$GOOD"
}

# Reading needs the supply, too; what was stored is there when it is back.
look_up_without_power() {
	hostctl device 0 envm-cut-power && ! edgebert-envm install 7 1024 || return
	looks_up_beside_load "$FAILED"
	status=$?
	hostctl device 0 envm-power-on && [ $status -eq 0 ] && looks_up "$GOOD" &&
		[ "$(edgebert-envm check 6)" = 6 ]
}

# In the erase of the header: the new image was there and whole, and is not active.
commit_without_power() {
	edgebert-envm install 3 4096 || return
	hostctl device 0 envm-cut-power "steps=$((254 * 16 + 512 + 8))" || return
	fails_with "commit: Bad message" edgebert-envm install 4 4096 || return
	hostctl device 0 envm-power-on && bind_again && [ "$(edgebert-envm check 3 4)" = 3 ]
}

# It hangs, with nothing to delay it: a reset after ten seconds, then all is well.
hanging_operation() {
	hostctl device 0 hang-envm || return
	fails_with "erase: Input/output error" edgebert-envm install 5 1024 || return
	edgebert-envm install 5 1024 && [ "$(edgebert-envm check 5)" = 5 ]
}

# Installs again and again while the function is reset: errors, but the image is one of both.
reset_under_update() {
	(seed=10; while edgebert-envm install $seed 65536 || [ ! -e "$GUEST_WORK/stop" ]; do
		[ ! -e "$GUEST_WORK/stop" ] || break
		seed=$((seed + 1))
	done >"$GUEST_WORK/updates") &
	updates=$!
	for _ in 1 2 3 4 5 6; do
		sleep 0.7
		echo 1 >"/sys/bus/pci/devices/$address/reset" || return
	done
	touch "$GUEST_WORK/stop"
	wait $updates
	cat "$GUEST_WORK/updates"
	active=$(envm_info name)
	bind_again && [ "$(edgebert-envm check "${active#pattern }")" = "${active#pattern }" ]
}

# An update under way when the card is pulled comes to its end, and so does unbinding.
device_is_pulled() {
	edgebert-envm install 99 1000192 >"$GUEST_WORK/pulled" &
	pulled=$!
	sleep 0.3
	hostctl kill-device || return
	! wait $pulled || return
	grep 'No such device' "$GUEST_WORK/pulled"
}

check "an image is installed" edgebert-envm install 1 1024
check "one wrong bit is corrected and counted" corrected_error
check "more are told, and the image before is used" uncorrected_error
check "a job's look-up of a damaged embedding fails alone" look_up_of_a_damaged_word
check "a job's look-up without power fails alone" look_up_without_power
check "a commit that lost power leaves the image before" commit_without_power
check "an operation that hangs is ended by a reset" hanging_operation
check "function resets under updates" reset_under_update
check "the device is pulled under an update" device_is_pulled
check "the module can be removed" timeout 30 rmmod edgebert
finish_tests
