#!/bin/bash
# SPDX-License-Identifier: MIT
# The reference of the interface is complete: every exported function, structure, member, parameter
# and result is documented, and the tool that looks for that would find what is not.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
. tests/tap.sh

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if ! command -v doxygen >/dev/null; then
	skip "API reference" "doxygen is not installed"
	end_tests
	exit
fi

documented() {
	grep -A 40 '<memberdef kind="function"' "$work/api/xml/edgebert_8h.xml" |
		sed -n 's/.*<name>\(eb_[a-z_]*\)<.*/\1/p' | LC_ALL=C sort -u
}

all_exports() {
	documented | diff <(cut -d' ' -f1 lib/libedgebert-rt.symbols) -
}

# complains MISSING: a copy of the header without this line is refused.
complains() {
	mkdir -p "$work/less"
	grep -vF "$1" lib/include/edgebert/edgebert.h >"$work/less/edgebert.h"
	! cmp -s lib/include/edgebert/edgebert.h "$work/less/edgebert.h" || return
	! { sed "s|^INPUT .*|INPUT = $work/less/edgebert.h|" Documentation/Doxyfile
		echo "OUTPUT_DIRECTORY = $work/less"; } | doxygen - >"$work/less/log" 2>&1
}

check "the reference is made without a warning" \
	env -u MAKEFLAGS -u MFLAGS make -s BUILD="$work" api-reference
check "it has every exported function" all_exports
check "an undocumented parameter is found" complains "@param path_size"
check "an undocumented result is found" complains "@return \"major.minor.patch\""
check "an undocumented member is found" complains "/** LATENCY: required; CUSTOM: optional"
end_tests
