#!/bin/bash
# SPDX-License-Identifier: MIT
# kernel/Kconfig as part of a kernel's configuration: what it asks for and what it brings along.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
. tests/tap.sh
. tools/vm/common.sh
. tools/vm/chroot.sh

tools=$(tools/vm/get-vm.sh tools) || exit 1
tree=$(tools/vm/get-vm.sh kernel-6.12) || exit 1
conf=$(ls "$tree"/usr/lib/linux-kbuild-*/scripts/kconfig/conf) || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The kernel's own parser, and a stand-in for the rest of its Kconfig files: the same symbols
# with the same types, so that a misspelt one shows.
cp "$conf" "$work/conf"
cp kernel/Kconfig "$work/Kconfig.edgebert"
{
	printf 'config MODULES\n\tdef_bool y\n\tmodules\n'
	printf 'config %s\n\tbool "%s"\n' 64BIT 64 COMPILE_TEST c PCI_MSI p DRM_ACCEL a
	printf 'config %s\n\ttristate "%s"\n' DRM d HWMON h MTD m KUNIT k KUNIT_ALL_TESTS t
	printf 'config %s\n\ttristate\n' DRM_EXEC DRM_GEM_SHMEM_HELPER DRM_SCHED
	printf 'config WANT_DEV_COREDUMP\n\tbool\n'
	printf 'source "Kconfig.edgebert"\n'
} >"$work/Kconfig"

# configure SYMBOL=VALUE...: a configuration that starts from these and is completed by defaults.
configure() {
	printf 'CONFIG_%s\n' "$@" >"$work/config"
	run_in_tools "$tools" "$work" -- sh -c \
		'cd /src && srctree=. KCONFIG_CONFIG=config ./conf --olddefconfig Kconfig' >"$work/said" 2>&1 ||
		{ cat "$work/said"; return 1; }
	cat "$work/said" "$work/config"
	! grep -qi warning "$work/said"
}

# gives LINE... -- SYMBOL=VALUE...: the lines are in the configuration that comes of it.
gives() {
	local -a lines=()
	local line

	while [ "$1" != -- ]; do
		lines+=("$1")
		shift
	done
	shift
	configure "$@" || return 1
	for line in "${lines[@]}"; do
		grep -qxF "$line" "$work/config" || { echo "missing: $line"; return 1; }
	done
}

lacks() {
	local symbol=$1
	shift 2

	configure "$@" || return 1
	! grep -q "^CONFIG_$symbol=" "$work/config"
}

machine=(64BIT=y PCI_MSI=y DRM_ACCEL=y)
check "as a module it brings along what it is built on" \
	gives CONFIG_DRM_ACCEL_EDGEBERT=m CONFIG_DRM_EXEC=m CONFIG_DRM_GEM_SHMEM_HELPER=m \
	CONFIG_DRM_SCHED=m CONFIG_WANT_DEV_COREDUMP=y -- \
	"${machine[@]}" DRM=m HWMON=m MTD=m DRM_ACCEL_EDGEBERT=m
check "it can be built in" gives CONFIG_DRM_ACCEL_EDGEBERT=y CONFIG_DRM_SCHED=y -- \
	"${machine[@]}" DRM=y HWMON=y MTD=y DRM_ACCEL_EDGEBERT=y
check "without sensors and MTD too" gives CONFIG_DRM_ACCEL_EDGEBERT=y -- \
	"${machine[@]}" DRM=y DRM_ACCEL_EDGEBERT=y
for module in HWMON MTD; do
	check "it is a module where $module is one" gives CONFIG_DRM_ACCEL_EDGEBERT=m -- \
		"${machine[@]}" DRM=y "$module=m" DRM_ACCEL_EDGEBERT=y
done
check "and where DRM is one" gives CONFIG_DRM_ACCEL_EDGEBERT=m -- \
	"${machine[@]}" DRM=m DRM_ACCEL_EDGEBERT=y
check "not without accel devices" lacks DRM_ACCEL_EDGEBERT -- 64BIT=y PCI_MSI=y DRM=y DRM_ACCEL_EDGEBERT=y
check "not without interrupts by message" lacks DRM_ACCEL_EDGEBERT -- \
	64BIT=y DRM_ACCEL=y DRM=y DRM_ACCEL_EDGEBERT=y
check "not on 32-bit machines" lacks DRM_ACCEL_EDGEBERT -- PCI_MSI=y DRM_ACCEL=y DRM=y DRM_ACCEL_EDGEBERT=y
check "but there for a compiler to try" gives CONFIG_DRM_ACCEL_EDGEBERT=y -- \
	COMPILE_TEST=y PCI_MSI=y DRM_ACCEL=y DRM=y DRM_ACCEL_EDGEBERT=y
check "tests come with KUnit's" gives CONFIG_DRM_ACCEL_EDGEBERT_KUNIT_TEST=m -- \
	"${machine[@]}" DRM=m KUNIT=m KUNIT_ALL_TESTS=m DRM_ACCEL_EDGEBERT=m
check "and not without KUnit" lacks DRM_ACCEL_EDGEBERT_KUNIT_TEST -- \
	"${machine[@]}" DRM=m DRM_ACCEL_EDGEBERT=m DRM_ACCEL_EDGEBERT_KUNIT_TEST=m
end_tests
