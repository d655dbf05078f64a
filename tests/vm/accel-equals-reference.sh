#!/bin/sh
# SPDX-License-Identifier: MIT
# The device behind the driver gives the same bytes as the core in the host's process.
# timeout: 900
#
# The host has run the demo's sentences on the reference backend: build/reference/POLICY.json.
. tests/vm/guest.sh

reference=/build/reference
count=$(wc -l <"$reference/full.json")

# same POLICY ARGUMENT...: all of label, scores, entropies, exit layer, point, cycles, latency
# and energy of every sentence.
same() {
	policy=$1
	shift
	sentences "$count" | classify --backend accel --policy "$policy" "$@" >"$GUEST_WORK/$policy" || return
	sed 's/,"host_us":[^,}]*//' "$reference/$policy.json" >"$GUEST_WORK/wanted"
	cmp "$GUEST_WORK/$policy" "$GUEST_WORK/wanted" && return
	diff "$GUEST_WORK/wanted" "$GUEST_WORK/$policy" | head -n 4
	return 1
}

before=$(job_count)
check "the reference holds $count sentences" test "$count" -ge 100
check "policy full" same full
check "policy entropy" same entropy
check "policy latency" same latency --target-latency 50ms
after=$(job_count)
check "the driver's counter saw every sentence of each policy ($before to $after jobs)" \
	test $((after - before)) -ge $((3 * count))
finish_tests
