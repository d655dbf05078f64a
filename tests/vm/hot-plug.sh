#!/bin/sh
# SPDX-License-Identifier: MIT
# Programs that watch for devices are told when one goes and when one comes back.
# timeout: 300
. tests/vm/guest.sh

watch=/build/helpers/example-watch_devices
node=$(find /dev/accel -type c -name 'accel*' | head -n 1)
device=$(bound_devices | head -n 1)

says() {
	grep -q "^$1 " "$GUEST_WORK/watched"
}

told_both() {
	wait "$watcher" || return
	cat "$GUEST_WORK/watched"
	[ "$(cut -d' ' -f1 "$GUEST_WORK/watched" | tr '\n' ' ')" = "present removed added " ]
}

$watch 2 60 >"$GUEST_WORK/watched" &
watcher=$!
check "there is a device" test -c "$node"
check "a program that watches sees it" wait_until 60 says present
echo "$device" >"$PCI_DRIVER/unbind"
check "it is told that the device goes" wait_until 60 says removed
echo "$device" >"$PCI_DRIVER/bind"
check "it is told that one comes, and nothing else" told_both
check "the device works" wait_until 60 edgebert info
finish_tests
