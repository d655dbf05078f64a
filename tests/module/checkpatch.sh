#!/bin/bash
# SPDX-License-Identifier: MIT
# The driver and its interface header pass the kernel's checkpatch.pl without error or warning.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
. tests/tap.sh

if ! checkpatch=$(tools/vm/get-vm.sh checkpatch 2>"$tap_output"); then
	echo "1..0 # SKIP checkpatch.pl: $(tail -n 1 "$tap_output")"
	exit 4
fi

# Errors and warnings count; CHECK lines are shown but are matters of taste.
is_clean() {
	perl "$checkpatch/checkpatch.pl" --no-tree --strict --ignore BIT_MACRO --terse --show-types --no-summary \
		--file "$1" >"$tap_output.lines" 2>&1
	grep -v 'CHECK:' "$tap_output.lines"
	! grep -qE 'ERROR:|WARNING:' "$tap_output.lines"
}

for file in kernel/*.[ch] uapi/drm/*.h; do
	check "$file" is_clean "$file"
	grep 'CHECK:' "$tap_output.lines" | sed 's/^/# /'
done
rm -f "$tap_output.lines"
end_tests
