#!/bin/bash
# SPDX-License-Identifier: MIT
# Builds edgebert.ko against a Debian guest kernel, with Debian 13's own compiler, in a chroot.
#
# The chroot is the unpacked tree of get-vm.sh with the kernel's headers bound into it, in a
# mount namespace of its own: as root, or as any user who may create user namespaces.  Root
# without leave to mount, as in containers, gets a copy of the tree instead (hard links).
set -euo pipefail
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/chroot.sh"

usage() {
	cat <<USAGE
usage: build-module.sh [--kernel 6.12|7|debug] [--source DIR] [--output DIR] [--clang] [--force] [-- MAKE-ARGUMENT...]
Builds the module whose Kbuild file is in DIR (default: this repository) and prints the path of
the result, DIR/RELEASE/edgebert.ko below the output directory (default: build/kernel).

  --clang   compile with clang, the rest of the kernel being gcc's (also: MODULE_COMPILER=clang)
  --in-copy build in a copy of the tree even where mounting is possible
  --force   build even when the sources are the ones of the last build; with make arguments
            such as W=1 or C=2 this shows every warning
USAGE
}

kernel=${KERNEL:-6.12}
source_directory=$EDGEBERT_ROOT
output_directory=$EDGEBERT_ROOT/build/kernel
force=0
in_copy=0
clang=0
[ "${MODULE_COMPILER:-gcc}" != clang ] || clang=1
make_arguments=()

# Debian's kernels are configured for gcc, and headers without Kconfig files cannot be configured
# anew: what the answers would be with clang, as far as they decide about compiler options.
# The calls that ftrace replaces must be as in the rest of the kernel: calls, not nops.
# That per-CPU variables have a named address space stays on in the headers, where clang sees it
# named twice.
CLANG_ARGUMENTS=(CC=clang-19 CONFIG_CC_IS_GCC= CONFIG_GCC_VERSION=0 CONFIG_CC_IS_CLANG=y
	CONFIG_CLANG_VERSION=190100 CONFIG_CC_HAS_MIN_FUNCTION_ALIGNMENT= CONFIG_FTRACE_MCOUNT_USE_CC=
	CONFIG_FTRACE_MCOUNT_USE_OBJTOOL=y CONFIG_HAVE_OBJTOOL_NOP_MCOUNT=
	CONFIG_CC_IMPLICIT_FALLTHROUGH=-Wimplicit-fallthrough
	CONFIG_UBSAN_BOUNDS_STRICT= CONFIG_UBSAN_ARRAY_BOUNDS=y KCFLAGS=-Wno-duplicate-decl-specifier)

parse_options() {
	while [ $# -gt 0 ]; do
		case $1 in
		--kernel) need_value "$1" $#; kernel=$2; shift ;;
		--source) need_value "$1" $#; source_directory=$(realpath "$2"); shift ;;
		--output) need_value "$1" $#; output_directory=$(realpath -m "$2"); shift ;;
		--force) force=1 ;;
		--in-copy) in_copy=1 ;;
		--clang) clang=1 ;;
		--help) usage; exit 0 ;;
		--) shift; make_arguments=("$@"); return ;;
		*) die "unknown option '$1' (see --help)" ;;
		esac
		shift
	done
}

# The module's own files, relative to the source directory.
list_sources() {
	local part

	for part in Kbuild kernel uapi; do
		[ ! -e "$part" ] || find "$part" -type f \( -name '*.[chS]' -o -name 'Kbuild*' \
			-o -name 'Makefile*' -o -name 'Kconfig*' -o -name '*.sh' \) ! -name '*.mod.c'
	done | sort
}

# A line that changes whenever the result could: sources, compiler tree, kernel tree, arguments.
fingerprint() {
	{
		list_sources | xargs -r sha256sum
		printf '%s\n' "$tools_tree" "$kernel_tree" "${make_arguments[*]}"
	} | sha256sum | cut -c 1-64
}

# Brings the copy the build runs in up to date; unchanged files keep their times, so that
# only what changed is compiled again.
copy_sources() {
	local copy=$1 file

	mkdir -p "$copy"
	(cd "$copy" && list_sources) | while read -r file; do
		[ -e "$file" ] || rm -f "$copy/$file"
	done
	list_sources | while read -r file; do
		cmp -s "$file" "$copy/$file" || install -D -m 644 "$file" "$copy/$file"
		[ ! -x "$file" ] || chmod 755 "$copy/$file"
	done
}

main() {
	local tools_tree kernel_tree release kbuild result stamp now

	parse_options "$@"
	[ $clang -eq 0 ] || make_arguments=("${CLANG_ARGUMENTS[@]}" "${make_arguments[@]}")
	check_kernel_name "$kernel"
	cd "$source_directory"
	[ -e Kbuild ] || die "no Kbuild file in $source_directory: nothing to build"
	tools_tree=$("$EDGEBERT_ROOT/tools/vm/get-vm.sh" tools)
	kernel_tree=$("$EDGEBERT_ROOT/tools/vm/get-vm.sh" "kernel-$kernel")
	release=$(cat "$kernel_tree/release")
	kbuild=$(basename "$(ls -d "$kernel_tree"/usr/lib/linux-kbuild-*)")
	result=$output_directory/$release/edgebert.ko
	stamp=$output_directory/$release/fingerprint
	now=$(fingerprint)
	if [ $force -eq 0 ] && [ -e "$result" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$now" ]; then
		echo "$result"
		return
	fi
	step MODULE "edgebert.ko for Linux $release"
	rm -f "$stamp"
	copy_sources "$output_directory/$release/source"
	EDGEBERT_IN_COPY=$in_copy run_in_tools "$tools_tree" "$output_directory/$release/source" \
		"$kernel_tree/usr/src:/usr/src" "$kernel_tree/usr/lib/$kbuild:/usr/lib/$kbuild" -- \
		make -C "/usr/src/linux-headers-$release" M=/src -s -j"$(nproc)" "${make_arguments[@]}" \
		modules >&2
	# The tests, where the kernel has KUnit; their module goes beside the driver's.
	find "$output_directory/$release/source" -name edgebert_kunit.ko \
		-exec cp -t "$output_directory/$release" {} +
	cp "$(find "$output_directory/$release/source" -name edgebert.ko -print -quit)" "$result.new"
	mv "$result.new" "$result"
	echo "$now" >"$stamp"
	echo "$result"
}

main "$@"
