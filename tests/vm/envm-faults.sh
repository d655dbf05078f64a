#!/bin/sh
# SPDX-License-Identifier: MIT
# The eNVM errs, hangs, is reset or disappears during an operation: everybody is told, nothing is lost.
# timeout: 400
# vm-options: --smp 2
. tests/vm/guest.sh

modprobe edgebert
wait_until 5 has_node
address=$(bound_devices)

# The page at the beginning of slots A and B.
SLOT_A=16384
SLOT_B=1056768

bind_again() {
	echo "$address" >$PCI_DRIVER/unbind && echo "$address" >$PCI_DRIVER/bind && wait_until 5 has_node
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
check "a commit that lost power leaves the image before" commit_without_power
check "an operation that hangs is ended by a reset" hanging_operation
check "function resets under updates" reset_under_update
check "the device is pulled under an update" device_is_pulled
check "the module can be removed" timeout 30 rmmod edgebert
finish_tests
