#!/bin/sh
# SPDX-License-Identifier: MIT
# What the tool says without module, without device and without permission; an ordinary user works.
. tests/vm/guest.sh

info_as_tester() {
	su tester -c "edgebert info"
}

classify_as_tester() {
	sentences 1 >/tmp/sentence
	su tester -c "edgebert run --model $MODEL --policy full /tmp/sentence"
}

chmod 600 /dev/accel/accel0
check_fails 12 "EB_PERMISSION" "no permission on the node" info_as_tester
chmod 666 /dev/accel/accel0
check "an ordinary user with permission sees the device" info_as_tester
check "an ordinary user with permission classifies" classify_as_tester
rmmod edgebert
check_fails 11 "EB_NO_MODULE" "no module" edgebert info
modprobe edgebert
wait_until 60 has_node
address=$(bound_devices)
echo "$address" >$PCI_DRIVER/unbind
check_fails 10 "EB_NO_DEVICE" "a module without a device" edgebert info
echo "$address" >$PCI_DRIVER/bind
check "bound again, the device answers" edgebert info
finish_tests
