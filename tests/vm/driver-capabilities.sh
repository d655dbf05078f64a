#!/bin/sh
# SPDX-License-Identifier: MIT
# A device that says it can not program its eNVM, picks no operating points and has no thermometer:
# what needs that is refused, or is not there, and sentences are classified all the same.
# timeout: 300
. tests/vm/guest.sh

wait_until 5 has_node
address=$(bound_devices)
device=/sys/bus/pci/devices/$address

bind_again() {
	echo "$address" >$PCI_DRIVER/unbind && echo "$address" >$PCI_DRIVER/bind && wait_until 10 has_node
}

# lacks VALUE: what CAPABILITIES reads as.
lacks() {
	hostctl device 0 override CAPABILITIES value="$1" now && bind_again
}

is_complete() {
	hostctl device 0 clear && bind_again
}

has_raw_memory() {
	grep -q "\"edgebert-$address\"" /proc/mtd
}

has_thermometer() {
	ls "$device"/hwmon/hwmon*/temp1_input >/dev/null 2>&1
}

has_zone() {
	grep -qx edgebert /sys/class/thermal/thermal_zone*/type 2>/dev/null
}

is_sensible() {
	has_raw_memory && has_thermometer && has_zone && ! edgebert-lacking >/dev/null
}

has_none_of_it() {
	! has_raw_memory && ! has_thermometer && ! has_zone
}

# Voltage and power are known all the same.
has_other_sensors() {
	cat "$device"/hwmon/hwmon*/in0_input
}

classify_some() {
	sentences 4 | classify --backend accel --policy "$@"
}

classifies_the_same() {
	classify_some full >"$GUEST_WORK/full" && cmp "$GUEST_WORK/full" "$GUEST_WORK/wanted"
}

# The device can not pick points: the host does, for each sentence.
classifies_within_latency() {
	classify_some latency --target-latency 50ms >"$GUEST_WORK/latency" &&
		[ "$(wc -l <"$GUEST_WORK/latency")" -eq 4 ]
}

# Only programming is missing: 13 is all but that.
lacks_only_programming() {
	lacks 13 && has_thermometer && has_zone && ! has_raw_memory &&
		said=$(edgebert-envm read 0 0 256) && return 1
	[ "$said" = "read: Operation not supported" ]
}

classify_some full >"$GUEST_WORK/wanted"
check "a complete device has everything" is_sensible
check "the driver binds a device that can only run jobs" lacks 0
check "what it can not do is refused" edgebert-lacking
check "raw memory, zone and thermometer are not there" has_none_of_it
check "there are other sensors" has_other_sensors
check "sentences are classified the same" classifies_the_same
check "the policy latency does without" classifies_within_latency
check "a device that can not program its eNVM" lacks_only_programming
check "the device is complete again" is_complete
check "everything is back" is_sensible
finish_tests
