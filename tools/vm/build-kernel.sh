#!/bin/bash
# SPDX-License-Identifier: MIT
# Builds the debug kernel from Debian's linux-source, in the tools tree, into a kernel component.
#
# usage: build-kernel.sh TREE
# TREE holds the unpacked package linux-source; at the end it holds what the other kernels'
# trees do (image, modules, all that a module is built against) and nothing else.
set -euo pipefail
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/chroot.sh"

configuration=$EDGEBERT_ROOT/tools/vm/kernel-debug.config

# Other processors' code and a few giants among the drivers would take longer to unpack than
# everything else; no part of this kernel needs them, only their Kconfig files are read.
unpack_source() {
	local archive=$1 source=$2

	mkdir -p "$source"
	tar -xJf "$archive" -C "$source" --strip-components=1 \
		--exclude='linux-source-*/Documentation/*/*' --exclude='linux-source-*/tools/testing/*' \
		--exclude='*/drivers/gpu/drm/amd/include/*' --exclude='*/drivers/net/*/*.[ch]' \
		--exclude='*/drivers/media/*.[ch]' --exclude='*/sound/*.[ch]' \
		--exclude='linux-source-*/arch/[!x]*/*.[chS]' --exclude='*.dts' --exclude='*.dtsi'
	cp "$EDGEBERT_ROOT/tools/vm/kernel-debug.Kconfig" "$source/drivers/accel/out-of-tree.Kconfig"
	echo 'source "drivers/accel/out-of-tree.Kconfig"' >>"$source/drivers/accel/Kconfig"
	cp "$configuration" "$source/wanted.config"
}

# Every line of the wanted configuration that the kernel's own rules have overruled.
lost_symbols() {
	local result=$1 line name

	grep '^CONFIG_' "$configuration" | while read -r line; do
		name=${line%%=*}
		if [ "${line#*=}" = n ]; then
			! grep -q "^$name=" "$result" || echo "$name"
		else
			grep -qxF "$line" "$result" || echo "$name"
		fi
	done
}

make_kernel() {
	local tools=$1 source=$2
	shift 2

	run_in_tools "$tools" "$source" -- make -C /src -s KBUILD_BUILD_USER=edgebert "$@" >&2
}

# What modules are built against, as Debian's headers packages hold it.
keep_headers() {
	local tools=$1 source=$2 headers=$3

	# shellcheck disable=SC2016 # make expands it
	make_kernel "$tools" "$source" run-command \
		KBUILD_RUN_COMMAND='$(srctree)/scripts/package/install-extmod-build headers'
	mkdir -p "$(dirname "$headers")"
	mv "$source/headers" "$headers"
}

main() {
	local tree=$1 source=$1/source tools release lost

	tools=$("$EDGEBERT_ROOT/tools/vm/get-vm.sh" tools)
	step UNPACK "the kernel's sources"
	unpack_source "$(ls "$tree"/usr/src/linux-source-*.tar.xz)" "$source"
	rm -rf "${tree:?}/usr"
	make_kernel "$tools" "$source" KCONFIG_ALLCONFIG=wanted.config allnoconfig
	lost=$(lost_symbols "$source/.config" | tr '\n' ' ')
	[ -z "$lost" ] || die "this kernel source does not take these lines of kernel-debug.config: $lost"
	step KERNEL "debug kernel: $(grep -c '=[ym]$' "$source/.config") options; takes a while"
	make_kernel "$tools" "$source" -j"$(nproc)" bzImage modules
	make_kernel "$tools" "$source" INSTALL_MOD_PATH=/src/installed modules_install
	release=$(cat "$source/include/config/kernel.release")
	mkdir -p "$tree/boot" "$tree/usr/lib/linux-kbuild-$release"
	keep_headers "$tools" "$source" "$tree/usr/src/linux-headers-$release"
	mv "$source/arch/x86/boot/bzImage" "$tree/boot/vmlinuz-$release"
	mv "$source/installed/lib/modules" "$tree/usr/lib/modules"
	rm -f "$tree/usr/lib/modules/$release"/{build,source}
	cp "$source/.config" "$tree/boot/config-$release"
	echo "$release" >"$tree/release"
	rm -rf "$source"
}

[ $# -eq 1 ] || { sed -n 's/^# usage: /usage: /p' "$0" >&2; exit 2; }
main "$@"
