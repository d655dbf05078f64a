#!/bin/bash
# SPDX-License-Identifier: MIT
# The driver moved into a kernel's tree, with one line in the Kconfig and one in the Makefile above it:
# it is configured and compiled there, as a module and built in, and its comments suit kernel-doc.
# timeout: 900
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
. tests/tap.sh
. tools/vm/common.sh
. tools/vm/chroot.sh

if ! source=$(tools/vm/get-vm.sh kernel-source 2>"$tap_output"); then
	echo "1..0 # SKIP the kernel's sources: $(tail -n 1 "$tap_output")"
	exit 4
fi
tools=$(tools/vm/get-vm.sh tools) || exit 1
build=$(realpath -m "${BUILD:-build}")
work=$build/in-tree
trap 'rm -rf "$work"' EXIT

# Everything that is not the driver's own choice; what it selects must come by itself.
CONFIGURATION="64BIT SMP MODULES PRINTK PCI PCI_MSI DRM DRM_ACCEL PM PM_DEVFREQ THERMAL HWMON MTD
	DEBUG_KERNEL DEBUG_FS FTRACE ENABLE_DEFAULT_TRACERS KUNIT"

kernel_make() {
	run_in_tools "$tools" "$work/tree" -- make -C /src -s -j"$(nproc)" "$@"
}

# What Documentation/driver.md says has to be done.
move_into_tree() {
	local accel=$work/tree/drivers/accel

	rm -rf "$work"
	link_tree "$source" "$work/tree" && mkdir -p "$accel/edgebert" || return
	cp -r kernel/. "$accel/edgebert" && cp uapi/drm/edgebert_accel.h "$work/tree/include/uapi/drm" || return
	# New files: the old ones are the cache's, too.
	sed -i '$a obj-$(CONFIG_DRM_ACCEL_EDGEBERT) += edgebert/' "$accel/Makefile"
	sed -i 's|^source "drivers/accel/[a-z]*/Kconfig"|&\nsource "drivers/accel/edgebert/Kconfig"|;T;:rest;n;brest' \
		"$accel/Kconfig"
	grep edgebert "$accel/Makefile" "$accel/Kconfig"
}

# configures VALUE: as m or y, which stays after what it depends on was looked at.
configures() {
	local name

	{
		for name in $CONFIGURATION; do echo "CONFIG_$name=y"; done
		echo "CONFIG_DRM_ACCEL_EDGEBERT=$1"
		echo "CONFIG_DRM_ACCEL_EDGEBERT_KUNIT_TEST=$1"
	} >"$work/tree/wanted"
	kernel_make KCONFIG_ALLCONFIG=wanted allnoconfig || return
	grep -vxFf "$work/tree/.config" "$work/tree/wanted" && return 1
	grep -E '^CONFIG_(DRM|DEV_COREDUMP|PM_OPP)' "$work/tree/.config"
}

# Only that directory, which compiles all that is in it.
compiles_silently() {
	local status=0

	rm -f "$work"/tree/drivers/accel/edgebert/*.o
	kernel_make W=1 drivers/accel/edgebert/ >"$work/said" 2>&1 || status=$?
	cat "$work/said"
	[ $status -eq 0 ] && ! grep -qiE 'warning|error:' "$work/said"
}

as_module() {
	[ -s "$work/tree/drivers/accel/edgebert/edgebert.o" ] &&
		[ "$(sort -u "$work/tree/drivers/accel/edgebert/edgebert.mod" | grep -c .)" -eq "$(parts)" ]
}

built_in() {
	ar t "$work/tree/drivers/accel/edgebert/built-in.a" | sort -u >"$work/members"
	[ "$(grep -vc tests "$work/members")" -eq "$(parts)" ]
}

# How many files the driver itself has.
parts() {
	find "$work/tree/drivers/accel/edgebert" -maxdepth 1 -name 'edgebert_*.c' ! -name '*.mod.c' | wc -l
}

comments_suit() {
	perl "$source/scripts/kernel-doc" -none -Werror kernel/*.[ch] kernel/tests/*.[ch] uapi/drm/*.h
}

check "it is moved into the tree" move_into_tree
check "it is configured as a module" configures m
check "the kernel is prepared" kernel_make prepare
check "it compiles as a module, W=1" compiles_silently
check "all of it is in the module" as_module
check "it is configured to be built in" configures y
check "the kernel is prepared for that" kernel_make prepare
check "it compiles to be built in, W=1" compiles_silently
check "all of it is built in" built_in
check "kernel-doc finds nothing wrong in its comments" comments_suit
# What the test would say if something were.
printf '/**\n * struct x - y\n * @a: b\n */\nstruct x {\n\tint a, c;\n};\n' >"$work/bad.h"
check_fails 1 "not described" "and would say if it did" \
	perl "$source/scripts/kernel-doc" -none -Werror "$work/bad.h"
end_tests
