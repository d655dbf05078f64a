#!/bin/bash
# SPDX-License-Identifier: MIT
# The demonstration: builds, boots the VM, classifies real sentences through the driver, compares.
set -euo pipefail
. "$(dirname "$0")/common.sh"

# The make started from here is its own master, also when "make demo" started this.
unset MAKEFLAGS MFLAGS MAKELEVEL

build=$(realpath -m "${BUILD:-$EDGEBERT_ROOT/build}")
model=${DEMO_MODEL:-gte-small-sst2-ee}
target_ms=${DEMO_TARGET_MS:-12}
sentences=$EDGEBERT_ROOT/models/data/sst2-dev-100.tsv
results=$build/demo

steps=()
milliseconds() {
	date +%s%3N
}

# timed NAME COMMAND...: says what begins, and keeps how long it took for the end.
timed() {
	local name=$1 start
	shift

	printf '\n== %s\n' "$name"
	start=$(milliseconds)
	"$@"
	steps+=("$(awk -v t=$(($(milliseconds) - start)) 'BEGIN { printf "%7.1f s", t / 1000 }')  $name")
}

build_everything() {
	make -C "$EDGEBERT_ROOT" BUILD="$build" -j"$(nproc)" all
}

get_vm() {
	"$EDGEBERT_ROOT/tools/vm/get-vm.sh" tools "kernel-${KERNEL:-6.12}" >/dev/null
}

build_module() {
	"$EDGEBERT_ROOT/tools/vm/build-module.sh" --output "$build/kernel" >/dev/null
}

run_in_vm() {
	rm -rf "$results"
	mkdir -p "$results"
	cp "$sentences" "$results/sentences.tsv"
	BUILD=$build "$EDGEBERT_ROOT/tools/vm/run-vm.sh" --name demo --timeout 1800 -- \
		sh tools/vm/guest-demo "$model" "$target_ms"
}

show_results() {
	printf 'Policy latency, target %s ms; latency and energy are modelled figures of the device.\n\n' \
		"$target_ms"
	cat "$results/comparison.txt"
}

main() {
	[ -r "$sentences" ] || die "$sentences is missing: this is no complete checkout"
	timed "Debian packages" "$EDGEBERT_ROOT/tools/setup/install-packages.sh"
	timed "build" build_everything
	[ -r "$build/models/$model.ebm" ] || die "there is no model $build/models/$model.ebm"
	timed "QEMU and kernel (from the cache after the first time)" get_vm
	timed "kernel module" build_module
	timed "VM" run_in_vm
	timed "results" show_results
	printf '\nhow long it took:\n'
	printf '%s\n' "${steps[@]}"
	sed 's/^/             in the VM: /' "$results/steps"
}

main "$@"
