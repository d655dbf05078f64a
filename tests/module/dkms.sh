#!/bin/bash
# SPDX-License-Identifier: MIT
# Debian's dkms builds and installs the driver from what "make install-dkms" lays out.
# timeout: 600
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
. tests/tap.sh
. tools/vm/common.sh
. tools/vm/chroot.sh

if ! dkms=$(tools/vm/get-vm.sh dkms 2>"$tap_output"); then
	echo "1..0 # SKIP dkms: $(tail -n 1 "$tap_output")"
	exit 4
fi
tools=$(tools/vm/get-vm.sh tools) || exit 1
version=$(sed -n 's/^VERSION *:= *//p' Makefile)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# in_chroot KERNEL-TREE COMMAND...: with dkms and all that it writes in /src.
in_chroot() {
	local tree=$1 kbuild
	shift

	kbuild=$(basename "$(ls -d "$tree"/usr/lib/linux-kbuild-*)")
	run_in_tools "$tools" "$work" "$tree/usr/src:/usr/src" "$tree/usr/lib/$kbuild:/usr/lib/$kbuild" -- "$@"
}

# dkms_does KERNEL ACTION...: one call of dkms for that kernel.  Keys and tables of modules are the
# machine's matter.
dkms_does() {
	local tree release
	tree=$(tools/vm/get-vm.sh "kernel-$1") || return 1
	release=$(cat "$tree/release")
	shift

	mkdir -p "$work/dkms" "$work/modules/$release"
	in_chroot "$tree" bash /src/dkms-program "$@" -m edgebert -v "$version" -k "$release" -j 2 \
		--kernelsourcedir "/usr/src/linux-headers-$release" --dkmstree /src/dkms \
		--sourcetree /src/source --installtree /src/modules --no-depmod
}

# installed KERNEL: the module is there, of that version and for that kernel.
installed() {
	local tree release module
	tree=$(tools/vm/get-vm.sh "kernel-$1") || return 1
	release=$(cat "$tree/release")
	module=$(find "$work/modules/$release" -name 'edgebert.ko*')

	echo "module: $module"
	[ -n "$module" ] && [ "$(modinfo -F name "$module")" = edgebert ] &&
		[[ $(modinfo -F vermagic "$module") == "$release "* ]]
}

not_installed() {
	! find "$work/modules" "$work/dkms" -name 'edgebert.ko*' | grep .
}

cp "$dkms/usr/sbin/dkms" "$work/dkms-program"
check "the source tree is laid out" make -s DESTDIR="$work" DKMS_SOURCE=/source install-dkms
# The rest shows when it is built; Debian's kernels have no KUnit.
check "it has the folder's Kconfig and tests" test -e "$work/source/edgebert-$version/kernel/Kconfig" \
	-a -e "$work/source/edgebert-$version/kernel/tests/edgebert_kunit.c"
check "its dkms.conf names the version" grep -qx "PACKAGE_VERSION=\"$version\"" \
	"$work/source/edgebert-$version/dkms.conf"

for kernel in 6.12 7; do
	check "dkms builds it for Linux $kernel" dkms_does "$kernel" build
	check "dkms installs it for Linux $kernel" dkms_does "$kernel" install
	check "the module is for Linux $kernel" installed "$kernel"
done
for kernel in 6.12 7; do
	check "dkms removes it for Linux $kernel" dkms_does "$kernel" remove
done
check "nothing of it is left" not_installed

# Kernels that cannot have the driver are passed over; a build that fails is told.
sed -i 's/^BUILD_EXCLUSIVE_CONFIG=.*/BUILD_EXCLUSIVE_CONFIG="CONFIG_NO_SUCH_THING"/' \
	"$work/source/edgebert-$version/dkms.conf"
check_fails 77 "BUILD_EXCLUSIVE" "a kernel without accel devices is passed over" dkms_does 6.12 build
cp packaging/dkms.conf "$work/source/edgebert-$version/dkms.conf"
sed -i "s/@VERSION@/$version/" "$work/source/edgebert-$version/dkms.conf"
echo '#error broken' >>"$work/source/edgebert-$version/kernel/edgebert_ring.c"
check_fails 10 "Bad return status" "a build that fails is told" dkms_does 6.12 build
end_tests
