#!/bin/sh
# SPDX-License-Identifier: MIT
# Two devices behind an I/O memory management unit: bus addresses are not memory addresses.
# timeout: 600
# stock-kernels-only
# vm-options: --smp 2 --iommu --devices 2
. tests/vm/guest.sh

modprobe edgebert
wait_until 60 test -c /dev/accel/accel1
devices=$(bound_devices)

# Each device's addresses are translated, by an address space of its own.
are_translated() {
	groups=
	for address in $devices; do
		device=/sys/bus/pci/devices/$address
		cat "$device/iommu_group/type"
		case $(cat "$device/iommu_group/type") in
		DMA | DMA-FQ) ;;
		*) return 1 ;;
		esac
		groups="$groups $(basename "$(readlink "$device/iommu_group")")"
	done
	[ "$(echo "$groups" | tr ' ' '\n' | grep . | sort -u | wc -l)" -eq 2 ]
}

# The interrupt that a fault of translation raises, and what the kernel says then.
no_faults() {
	! dmesg | grep -i 'DMAR:.*fault'
}

classify_on() {
	sentences 3 | classify --device "/dev/accel/$1" --policy full >"$GUEST_WORK/$1"
}

same_results() {
	classify_on accel0 && classify_on accel1 || return
	head -n 3 /build/reference/full.json | sed 's/,"host_us":[^,}]*//' >"$GUEST_WORK/wanted"
	cmp "$GUEST_WORK/accel0" "$GUEST_WORK/wanted" && cmp "$GUEST_WORK/accel1" "$GUEST_WORK/wanted"
}

both_at_once() {
	classify_on accel1 &
	other=$!
	edgebert-load 3 || return
	wait $other
}

# Unbinding takes all mappings away; whatever comes then is at other addresses.
bind_again() {
	for address in $devices; do
		echo "$address" >$PCI_DRIVER/unbind && echo "$address" >$PCI_DRIVER/bind || return
	done
	wait_until 60 test -c /dev/accel/accel1 && edgebert-load 1
}

reset_under_load() {
	edgebert-load 4 >"$GUEST_WORK/load" 2>&1 &
	load=$!
	sleep 1
	for address in $devices; do
		echo 1 >"/sys/bus/pci/devices/$address/reset" || return
	done
	status=0
	wait $load || status=$?
	cat "$GUEST_WORK/load"
	[ $status -eq 0 ]
}

check "there is a unit that translates" grep -q . /sys/class/iommu/dmar0/intel-iommu/version
check "both devices are behind it, apart from each other" are_translated
check "jobs run" edgebert-load 2
check "results are those of the reference" same_results
check "both work at once" both_at_once
check "function resets under load" reset_under_load
check "unbound and bound again" bind_again
for program in buffers isolation lifetime; do
	check "the driver's tests of $program" "/tests/$program"
done
# Not by killing its process: QEMU gives up when it can not map memory for a device.
check "a device loses its link" hostctl device 1 link-down
check "the other one works" classify_on accel0
check "no address was wrong" no_faults
check "the module can be removed" timeout 60 rmmod edgebert
finish_tests
