#!/bin/sh
# SPDX-License-Identifier: MIT
# The driver lets go of the device under load: by unbinding, removal from the bus, and reset.
# timeout: 600
# stock-kernels-only
# vm-options: --smp 2
. tests/vm/guest.sh

modprobe edgebert
wait_until 60 has_node
address=$(bound_devices)
device=/sys/bus/pci/devices/$address

has_results() {
	[ "$(grep -c . "$GUEST_WORK/load")" -ge 3 ]
}

# Returns once the load is under way, however slow the machine.
start_load() {
	endless_sentences | edgebert run --model "$MODEL" --policy full - >"$GUEST_WORK/load" 2>&1 &
	load=$!
	wait_until 60 has_results
}

# The program under load ends by itself, and says that its device is gone.
load_ends_with() {
	tries=0
	while kill -0 "$load" 2>/dev/null; do
		tries=$((tries + 1))
		[ $tries -lt 300 ] || { echo "still running after 30 s"; kill -KILL "$load"; return 1; }
		sleep 0.1
	done
	status=0
	wait "$load" || status=$?
	tail -n 2 "$GUEST_WORK/load"
	[ $status -eq "$1" ] || { echo "exit status $status, wanted $1"; return 1; }
}

classifies() {
	wait_until 60 has_node && sentences 1 | edgebert run --model "$MODEL" --policy full -
}

unbind_under_load() {
	start_load || return
	echo "$address" >$PCI_DRIVER/unbind || return
	has_no_node && load_ends_with 14
}

remove_under_load() {
	start_load || return
	echo 1 >"$device/remove" || return
	has_no_node && load_ends_with 14
}

bind_again() {
	echo "$address" >$PCI_DRIVER/bind && classifies
}

rescan() {
	echo 1 >/sys/bus/pci/rescan && classifies
}

check "unbinding under load" unbind_under_load
check "binding again" bind_again
check "removal from the bus under load" remove_under_load
check "rescan of the bus" rescan
check "the module can be removed" rmmod edgebert
finish_tests
