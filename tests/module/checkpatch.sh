#!/bin/bash
# SPDX-License-Identifier: MIT
# The driver and its interface header pass the kernel's checkpatch.pl --strict without a word.
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

# Ignored everywhere: BIT() does not exist for userspace, which shares the headers; what a lock
# guards is in the kernel-doc of its structure, where the script does not look.
# Ignored in the tracepoints: they are laid out as all TRACE_EVENT()s are.
is_clean() {
	local ignored=BIT_MACRO,UNCOMMENTED_DEFINITION

	[ "$1" != kernel/edgebert_trace.h ] || ignored+=,OPEN_ENDED_LINE,PARENTHESIS_ALIGNMENT
	# From a directory of its own: it leaves files in the one it runs in.
	(cd "$work" && perl "$source/scripts/checkpatch.pl" --no-tree --strict --ignore "$ignored" \
		--terse --show-types --no-summary --file "$root/$1") 2>&1 | tee "$work/lines"
	! grep -qE 'ERROR:|WARNING:|CHECK:' "$work/lines"
}

for file in kernel/*.[ch] kernel/tests/*.[ch] uapi/drm/*.h; do
	check "$file" is_clean "$file"
done
end_tests
