#!/bin/sh
# SPDX-License-Identifier: MIT
# The device disappears under load: programs end with a clear message, the driver can be removed.
# timeout: 300
# vm-options: --smp 2
. tests/vm/guest.sh

modprobe edgebert
wait_until 60 has_node
for name in a b; do
	endless_sentences | edgebert run --model "$MODEL" --policy full - >"$GUEST_WORK/$name" 2>&1 &
	eval "$name=\$!"
done
sleep 2

ended() {
	for process in "$@"; do
		! kill -0 "$process" 2>/dev/null || return
	done
}

says_device_lost() {
	status=0
	wait "$2" || status=$?
	tail -n 2 "$GUEST_WORK/$1"
	[ $status -eq 14 ] || { echo "exit status $status, wanted 14"; return 1; }
}

# shellcheck disable=SC2154 # a and b are set by eval
check "both programs are at work" kill -0 "$a" "$b"
check "the device is pulled" hostctl kill-device 0
check "both programs end" wait_until 30 ended "$a" "$b"
check "the first says that the device is lost" says_device_lost a "$a"
check "the second says so too" says_device_lost b "$b"
check "a new program finds no usable device" sh -c '! edgebert info'
check "the module can be removed" timeout 30 rmmod edgebert
check "no task is stuck" sh -c '! dmesg | grep -q "blocked for more than"'
finish_tests
