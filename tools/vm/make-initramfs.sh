#!/bin/bash
# SPDX-License-Identifier: MIT
# Makes the VM's root file system: busybox, kmod, stock kernel modules, edgebert.ko, our programs.
set -euo pipefail
. "$(dirname "$0")/common.sh"

usage() {
	cat <<USAGE
usage: make-initramfs.sh --kernel 6.12|7|debug --output FILE [--module FILE] [--build DIR]
Packs FILE, an initramfs with all that runs in the VM: the programs of DIR/bin, DIR/guest and
DIR/tests/kselftest{,32} with every library they need, and the module with the modules it needs.
USAGE
}

# Stock modules the guest needs whether or not edgebert.ko does: the shared folders, and vgem as
# the other side of buffer sharing tests.
STOCK_MODULES="9p 9pnet_virtio drm drm_shmem_helper gpu-sched governor_simpleondemand vgem"

kernel=${KERNEL:-6.12}
output=
module=
build=$EDGEBERT_ROOT/build

parse_options() {
	while [ $# -gt 0 ]; do
		case $1 in
		--kernel) need_value "$1" $#; kernel=$2; shift ;;
		--output) need_value "$1" $#; output=$2; shift ;;
		--module) need_value "$1" $#; module=$2; shift ;;
		--build) need_value "$1" $#; build=$2; shift ;;
		--help) usage; exit 0 ;;
		*) die "unknown option '$1' (see --help)" ;;
		esac
		shift
	done
	[ -n "$output" ] || die "--output is missing (see --help)"
}

make_skeleton() {
	local root=$1

	chmod 755 "$root"
	mkdir -p "$root"/{dev,proc,sys,tmp,run,root,host,repository,build,models,etc} \
		"$root"/usr/{bin,sbin,lib/busybox,lib64,lib/x86_64-linux-gnu}
	ln -s usr/bin usr/sbin usr/lib usr/lib64 "$root"
	cp "$(command -v busybox)" "$root/usr/bin/busybox"
	ln -s busybox "$root/usr/bin/sh"
	install -m 755 "$EDGEBERT_ROOT/tools/vm/guest-init" "$root/init"
	install -m 755 "$EDGEBERT_ROOT/tools/vm/guest-hostctl" "$root/usr/bin/hostctl"
	install -m 755 "$EDGEBERT_ROOT/tools/vm/guest-share" "$root/usr/bin/guest-share"
	# "tester" is for what an ordinary user may and may not do.
	printf '%s\n' 'root:x:0:0:root:/root:/bin/sh' 'tester:x:1000:1000::/tmp:/bin/sh' \
		'nobody:x:65534:65534::/:/bin/sh' >"$root/etc/passwd"
	printf '%s\n' 'root:x:0:' 'tester:x:1000:' 'nogroup:x:65534:' >"$root/etc/group"
}

# Copies a program, without its debug information, and the shared libraries it names, if any.
add_program() {
	local root=$1 program=$2 destination=$3 library

	install -D -m 755 "$program" "$root$destination"
	strip --strip-debug "$root$destination" 2>/dev/null || true
	{ LD_LIBRARY_PATH=$build/lib ldd "$program" 2>/dev/null || true; } |
		sed -n 's/.*=> \(\/[^ ]*\) (.*/\1/p; s/^\s*\(\/[^ ]*ld-linux[^ ]*\) (.*/\1/p' |
		while read -r library; do
			case $library in
			"$build"/*) destination=/usr/lib/x86_64-linux-gnu/${library##*/} ;;
			*) destination=$library ;;
			esac
			[ -e "$root$destination" ] || install -D -m 755 "$library" "$root$destination"
		done
}

add_programs() {
	local root=$1 program name

	add_program "$root" "$(command -v kmod || echo /bin/kmod)" /usr/bin/kmod
	for name in modprobe insmod rmmod lsmod modinfo depmod; do
		ln -s ../bin/kmod "$root/usr/sbin/$name"
	done
	for program in "$build"/bin/* "$build"/guest/*; do
		[ ! -f "$program" ] || [ ! -x "$program" ] ||
			add_program "$root" "$program" "/usr/bin/${program##*/}"
	done
	for program in "$build"/tests/kselftest/* "$build"/tests/kselftest32/*; do
		[ ! -f "$program" ] || [ ! -x "$program" ] ||
			add_program "$root" "$program" "/tests/${program##*/}"
	done
}

# Copies a stock module and, before it, what it depends on; a module that the kernel has built
# in has no file and needs none.
add_stock_module() {
	local root=$1 modules=$2 name=${3//-/_} file dependency

	[ -z "${added[$name]:-}" ] || return 0
	added[$name]=1
	file=$(find "$modules/kernel" -name "${name//_/[-_]}.ko*" -print -quit)
	[ -n "$file" ] || return 0
	for dependency in $(modinfo -F depends "$file" | tr ',' ' '); do
		add_stock_module "$root" "$modules" "$dependency"
	done
	# Unpacked here: the host does in no time what costs the emulated guest seconds.
	case $file in
	*.xz) xz -dc "$file" ;;
	*.zst) zstd -dcq "$file" ;;
	*) cat "$file" ;;
	esac >"$root/usr/lib/modules/$release/kernel/$name.ko"
}

add_modules() {
	local root=$1 modules=$2 release=$3 name wanted=$STOCK_MODULES
	local destination=$root/usr/lib/modules/$release
	local -A added=()

	mkdir -p "$destination/kernel" "$destination/updates"
	cp "$modules"/modules.{builtin,builtin.modinfo,order} "$destination"
	if [ -n "$module" ]; then
		strip --strip-debug -o "$destination/updates/edgebert.ko" "$module"
		for name in "${module%/*}"/edgebert_*.ko; do
			[ ! -e "$name" ] || strip --strip-debug -o "$destination/updates/${name##*/}" "$name"
		done
		wanted+=" $(modinfo -F depends "$module" | tr ',' ' ')"
		wanted+=" $(modinfo -F softdep "$module" | sed 's/\(pre\|post\)://g')"
	fi
	for name in $wanted; do
		add_stock_module "$root" "$modules" "$name"
	done
	depmod -b "$root" "$release"
}

main() {
	local kernel_tree release

	parse_options "$@"
	check_kernel_name "$kernel"
	kernel_tree=$("$EDGEBERT_ROOT/tools/vm/get-vm.sh" "kernel-$kernel")
	release=$(cat "$kernel_tree/release")
	mkdir -p "$(dirname "$output")"
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	make_skeleton "$work"
	add_programs "$work"
	add_modules "$work" "$kernel_tree/usr/lib/modules/$release" "$release"
	(cd "$work" && find . | cpio --quiet -o -H newc -R 0:0) >"$output.new"
	mv "$output.new" "$output"
}

main "$@"
