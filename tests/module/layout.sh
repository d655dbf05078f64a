#!/bin/bash
# SPDX-License-Identifier: MIT
# Every structure of the driver's interface has the same layout for 32-bit and 64-bit programs.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
. tests/tap.sh

header=uapi/drm/edgebert_accel.h
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# C source with the sizes of all structures and the offsets of all their fields, as numbers; no
# program has to run for the comparison.
layout_source() {
	echo '#include <stddef.h>'
	echo '#include <drm/edgebert_accel.h>'
	awk '
		/^struct [a-z0-9_]+ \{/ { name = $2; print "const unsigned int size_of_" name " = sizeof(struct " name ");" }
		/^\};/ { name = "" }
		name != "" && /^\t[a-z_].*;/ {
			field = $0
			sub(/;.*/, "", field); sub(/\[.*/, "", field); sub(/.*[ \t*]/, "", field)
			print "const unsigned int offset_of_" name "_" field " = offsetof(struct " name ", " field ");"
		}' "$header"
}

# layout BITS: one line per number, "name value".
layout() {
	# shellcheck disable=SC2046 # several words are meant
	gcc "-m$1" -std=c17 -Iuapi $(pkg-config --cflags libdrm) -S -o - "$work/layout.c" |
		awk '/^(size|offset)_of_.*:$/ { name = $1 } /\.long|\.zero/ && name { print name, $1 == ".zero" ? 0 : $2; name = "" }' |
		sort >"$work/$1"
	[ -s "$work/$1" ]
}

layout_source >"$work/layout.c"
structures=$(grep -c '^struct .* {' "$header")
check "the layout for 64-bit programs is known" layout 64
check "the layout for 32-bit programs is known" layout 32
check "all $structures structures are in it" test "$(grep -c '^size_of' "$work/64")" -eq "$structures"
check "no field is forgotten" test "$(wc -l <"$work/64")" -eq "$(grep -c '^const' "$work/layout.c")"
check "both are the same" diff "$work/64" "$work/32"

# A structure that is different must be found: what the test would say if one were.
header=$work/different.h
printf 'struct drm_edgebert_different {\n\t__u32 a;\n\t__u64 b;\n};\n' >"$header"
{ layout_source | grep '^#'; cat "$header"; layout_source | grep '^const'; } >"$work/layout.c"
layout 64 && layout 32
check_fails 1 "offset_of_drm_edgebert_different_b" "a difference would be found" \
	diff "$work/64" "$work/32"
end_tests
