#!/bin/bash
# SPDX-License-Identifier: MIT
# The references of the library's and the driver's interface are complete: every exported function,
# structure, member, parameter, flag and result is documented, and the tool that looks for that would
# find what is not.
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

# Every name that the driver's header defines, but its guard and the ioctl numbers as made by a macro.
all_driver_names() {
	local xml=$work/uapi/xml

	{
		sed -nE 's/^(struct|enum) (drm_edgebert_[a-z_]+) \{.*/\2/p' uapi/drm/edgebert_accel.h
		sed -nE 's/^#define (DRM_[A-Z_]+).*/\1/p' uapi/drm/edgebert_accel.h
	} | LC_ALL=C sort >"$work/defined"
	{
		sed -nE 's/.*<compound refid.* kind="struct"><name>([a-z_]+)<.*/\1/p' "$xml/index.xml"
		# The first name after the beginning of a definition is its own, the others are members'.
		awk '/<memberdef kind="(define|enum)"/ { own = 1 } own && /<name>/ { print; own = 0 }' \
			"$xml/edgebert__accel_8h.xml" | sed -nE 's/.*<name>([A-Za-z_]+)<.*/\1/p'
	} | LC_ALL=C sort -u | diff "$work/defined" -
}

# driver_complains MISSING: a copy of the driver's header without this line is refused.
driver_complains() {
	mkdir -p "$work/less"
	grep -vF "$1" uapi/drm/edgebert_accel.h >"$work/less/edgebert_accel.h"
	! cmp -s uapi/drm/edgebert_accel.h "$work/less/edgebert_accel.h" || return
	! { sed "s|^INPUT .*|INPUT = $work/less/edgebert_accel.h|" Documentation/Doxyfile \
			Documentation/Doxyfile.uapi
		echo "OUTPUT_DIRECTORY = $work/less"; } | doxygen - >"$work/less/log" 2>&1
}

check "the references are made without a warning" \
	env -u MAKEFLAGS -u MFLAGS make -s BUILD="$work" api-reference
check "it has every exported function" all_exports
check "an undocumented parameter is found" complains "@param path_size"
check "an undocumented result is found" complains "@return \"major.minor.patch\""
check "an undocumented member is found" complains "/** LATENCY: required; CUSTOM: optional"
check "the driver's has every structure, enumeration and flag" all_driver_names
check "an undocumented field of an ioctl is found" driver_complains "@stride: Size of one element"
check "an undocumented structure is found" driver_complains "struct drm_edgebert_sync - "
end_tests
