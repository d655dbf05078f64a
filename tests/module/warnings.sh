#!/bin/bash
# SPDX-License-Identifier: MIT
# The module builds without a warning: gcc's and clang's extra ones on each kernel, sparse's on one.
# timeout: 600
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
. tests/tap.sh

build=${BUILD:-build}

# builds_silently KERNEL OPTION...: every file is compiled anew and nothing is said.
builds_silently() {
	local kernel=$1
	shift

	rm -rf "$build/kernel-check"
	tools/vm/build-module.sh --kernel "$kernel" --output "$build/kernel-check" --force "$@" \
		>"$tap_output.build" 2>&1 || { cat "$tap_output.build"; return 1; }
	cat "$tap_output.build"
	! grep -qiE 'warning|error:' "$tap_output.build"
}

check "Linux 6.12, gcc W=1" builds_silently 6.12 -- W=1
check "Linux 7, gcc W=1" builds_silently 7 -- W=1
check "Linux 6.12, clang W=1" builds_silently 6.12 --clang -- W=1
check "Linux 7, clang W=1" builds_silently 7 --clang -- W=1
# Debian's headers of newer kernels lack a script that C= needs.
check "Linux 6.12, sparse with endianness" builds_silently 6.12 -- C=2 CF=-D__CHECK_ENDIAN__

builds_in_copy() {
	tools/vm/build-module.sh --kernel 7 --output "$build/kernel-check" --force --in-copy
}

# Containers often forbid what the usual way needs.
if [ "$(id -u)" -eq 0 ]; then
	check "Linux 7, without a mount" builds_in_copy
else
	skip "Linux 7, without a mount" "needs root"
fi
rm -rf "$tap_output.build" "$build/kernel-check"
end_tests
