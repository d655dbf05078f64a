#!/bin/sh
# SPDX-License-Identifier: MIT
# Binding the driver and letting go of the device, with one allocation failing at a time.
#
# Not every one, which would take too long: always the same sample of them.  All are tried by
# edgebert-fail-bind without its last argument.  Every ioctl: the kselftest program failnth.
# timeout: 300
. tests/vm/guest.sh

# Every ninth of two thousand chances, and all of some forty: two minutes of the debug kernel.
BIND_STEP=9
UNBIND_STEP=1

address=$(bound_devices)

# fail_each bind|unbind STEP
fail_each() {
	edgebert-fail-bind "$1" "$address" "$2"
}

if [ -e /proc/self/fail-nth ]; then
	check "binding, with allocations failing" fail_each bind $BIND_STEP
	sed 's/^/# /' "$tap_output"
	check "letting go, with allocations failing" fail_each unbind $UNBIND_STEP
	sed 's/^/# /' "$tap_output"
	check "the device works" edgebert-load 1
else
	skip "binding, with allocations failing" "no fault injection in this kernel"
	skip "letting go, with allocations failing" "no fault injection in this kernel"
fi
finish_tests
