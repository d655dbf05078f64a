#!/bin/sh
# SPDX-License-Identifier: MIT
# Where there is a device: it gives the same bytes as the reference backend, for the 100 demo
# sentences under each policy.  Only the measured host time may differ.
# timeout: 1200
#
# Runs on a host and in the VM.  environment: BUILD (default build), EDGEBERT (the tool),
# MODEL (default: the demo's), SENTENCES (default: the demo's 100)
cd "$(dirname "$0")/../.." || exit 1
. tests/tap.sh

build=${BUILD:-build}
edgebert=${EDGEBERT:-$build/bin/edgebert}
model=${MODEL:-$build/models/gte-small-sst2-ee.ebm}
sentences=${SENTENCES:-models/data/sst2-dev-100.tsv}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# classify BACKEND POLICY: the results, without what is measured.
classify() {
	"$edgebert" run --backend "$1" --model "$model" --policy "$2" --target-latency 50ms --json \
		"$work/in" >"$work/out" || return
	sed 's/"host_us":[^,}]*,//' "$work/out" >"$work/$2.$1"
}

same() {
	classify reference "$1" && classify accel "$1" || return
	[ "$(wc -l <"$work/$1.accel")" -eq "$(wc -l <"$work/in")" ] || return
	cmp "$work/$1.reference" "$work/$1.accel" && return
	diff "$work/$1.reference" "$work/$1.accel" | head -n 4
	return 1
}

tail -n +2 "$sentences" | cut -f 1 >"$work/in"
if ! "$edgebert" info >/dev/null 2>&1; then
	skip "accel equals reference" "there is no usable EdgeBERT device"
elif [ ! -r "$model" ]; then
	skip "accel equals reference" "$model has not been built"
else
	check "there are 100 sentences" test "$(wc -l <"$work/in")" -eq 100
	for policy in full entropy latency; do
		check "policy $policy: accel and reference give the same bytes" same $policy
	done
fi
end_tests
