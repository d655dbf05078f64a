#!/bin/bash
# SPDX-License-Identifier: MIT
# The driver and its interface header pass the kernel's checkpatch.pl without error or warning.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
. tests/tap.sh

if ! source=$(tools/vm/get-vm.sh kernel-source 2>"$tap_output"); then
	echo "1..0 # SKIP checkpatch.pl: $(tail -n 1 "$tap_output")"
	exit 4
fi

root=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Errors and warnings count; CHECK lines are shown but are matters of taste.
is_clean() {
	# From a directory of its own: it leaves files in the one it runs in.
	(cd "$work" && perl "$source/scripts/checkpatch.pl" --no-tree --strict --ignore BIT_MACRO --terse --show-types --no-summary \
		--file "$root/$1") >"$work/lines" 2>&1
	grep -v 'CHECK:' "$work/lines"
	! grep -qE 'ERROR:|WARNING:' "$work/lines"
}

for file in kernel/*.[ch] uapi/drm/*.h; do
	check "$file" is_clean "$file"
	grep 'CHECK:' "$work/lines" | sed 's/^/# /'
done
end_tests
