#!/bin/bash
# SPDX-License-Identifier: MIT
# run-vm.sh reports what happened in the VM, also when that is a crash, a hang or a kernel warning.
# timeout: 600
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
. tests/tap.sh

vm() {
	tools/vm/run-vm.sh --name self-test --no-device "$@"
}

work_directories() {
	find "${TMPDIR:-/tmp}" -maxdepth 1 -name 'edgebert-vm.*' | wc -l
}

before=$(work_directories)
check "a command that succeeds" vm true
check_fails 7 "said this" "a command's exit status and output" vm sh -c 'echo said this; exit 7'
check_fails 3 "a b|c'd" "arguments arrive as they are" vm sh -c 'echo "$1|$2"; exit 3' sh 'a b' "c'd"
check_fails 124 "did not end within 10 s" "a hang" vm --timeout 10 sleep 1000
check_fails 125 "without a result" "a kernel panic" vm sh -c 'echo c >/proc/sysrq-trigger; sleep 100'
check_fails 126 "WARNING: made up" "a kernel warning" vm sh -c 'echo "WARNING: made up" >/dev/kmsg'
check "a kernel warning that is allowed" vm --allow-kernel-errors sh -c 'echo WARNING: >/dev/kmsg'
check_fails 125 "without a result" "a VM that goes away" vm poweroff -f
check "the file system, users and host control are as documented" vm sh -c '
	set -e
	test -r /repository/Makefile
	! touch /repository/written 2>/dev/null
	touch /build/vm/written && rm /build/vm/written
	test "$(su tester -c "id -u")" = 1000
	! su tester -c "cat /dev/kmsg" >/dev/null 2>&1
	! hostctl kill-device 0 2>/dev/null'

# descendant_named PROCESS NAME: a process below it; they come and go meanwhile.
descendant_named() {
	local child
	local -a children=()

	read -ra children 2>/dev/null <"/proc/$1/task/$1/children" || true
	for child in "${children[@]}"; do
		[ "$(cat "/proc/$child/comm" 2>/dev/null)" != "$2" ] || { echo "$child"; return; }
		! descendant_named "$child" "$2" || return 0
	done
	return 1
}

# A device model that dies of itself: the guest may not even have noticed.
device_dies() {
	local vm_pid device_pid tries status=0

	tools/vm/run-vm.sh --name self-test -- sleep 15 &
	vm_pid=$!
	for ((tries = 0; tries < 200; tries++)); do
		device_pid=$(descendant_named "$vm_pid" edgebert-device) && break
		sleep 0.1
	done
	sleep 2
	kill -SEGV "$device_pid"
	wait "$vm_pid" || status=$?
	return $status
}

check_fails 1 "edgebert-device did not start listening" "a device model that does not start" \
	tools/vm/run-vm.sh --name self-test --device-args --no-such-option true
check_fails 1 "device 0 ended with status 139" "a device model that crashes" device_dies
check "no temporary directory is left" test "$(work_directories)" -eq "$before"
end_tests
