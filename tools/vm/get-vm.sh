#!/bin/bash
# SPDX-License-Identifier: MIT
# Gets QEMU, guest kernels and a module tool chain: Debian packages unpacked privately in the cache.
#
# Nothing is installed and no root is needed: apt resolves and downloads with a state of its
# own, dpkg only unpacks.  Each component is unpacked beside its final place and renamed
# into it, so an interrupted run leaves nothing half done; a component that is there is used
# as it is, without any network.
set -euo pipefail
. "$(dirname "$0")/common.sh"

usage() {
	cat <<USAGE
usage: get-vm.sh [--update] COMPONENT...
Prints the directory of each component, getting it first when the cache has none.

components:
  tools         QEMU with vfio-user-pci, and gcc, clang, make, sparse for kernels and modules
  kernel-6.12   Debian 13's kernel: image, modules, headers
  kernel-7      the newest kernel of Debian 13's backports, the same
  kernel-debug  Debian 13's kernel built here with kernel-debug.config (takes its time, once)
  kernel-source what of Debian 13's linux-source a driver is built and checked with in its tree
  dkms          Debian's dkms, to try packaging/dkms.conf with
  igt           IGT's tests that concern every DRM driver, with the libraries they need

  --update      get the packages again even when the cache has them

environment:
  EDGEBERT_DEBIAN_MIRROR  URL of a Debian archive (default: the one this machine's apt uses)
  XDG_CACHE_HOME          the cache is its subdirectory edgebert (default: ~/.cache)
USAGE
}

SUITE=trixie
BACKPORTS=trixie-backports
# The first suite whose packages of IGT hold its tests.
IGT_SUITE=forky

# What a tree must hold so that kernels and modules can be built in a chroot of it: no package's
# maintainer script runs, so every tool is named here, together with QEMU and its libraries.
TOOLS_PACKAGES="qemu-system-x86 base-files bash bc binutils bison clang-19 coreutils dash diffutils
	findutils flex gcc-14 gcc-14-for-host gcc gawk grep gzip kmod libc6-dev libelf-dev libelf1t64 m4
	make pahole perl-base sed sparse tar xz-utils"

IGT_PROGRAMS="core_auth core_debugfs core_getclient core_getstats core_getversion core_hotunplug
	core_setmaster core_setmaster_vs_auth core_sysfs syncobj_basic syncobj_eventfd
	syncobj_timeline syncobj_wait"
# Besides what the programs name: the C library loads it when a thread ends itself.
IGT_LIBRARIES="libgcc_s.so.1"

# What besides the kernel's sources decides how the debug kernel turns out.
debug_kernel_files() {
	cat "$EDGEBERT_ROOT"/tools/vm/{kernel-debug.config,kernel-debug.Kconfig,build-kernel.sh} |
		sha256sum | cut -c 1-16
}

# Debian component recipes: suite to prefer, packages to resolve, which of the result to keep,
# and what else the result depends on.
component_recipe() {
	case $1 in
	tools) echo "$BACKPORTS|$TOOLS_PACKAGES|." ;;
	kernel-6.12) echo "$SUITE|linux-image-amd64 linux-headers-amd64|^linux-" ;;
	kernel-debug) echo "$SUITE|linux-source|^linux-source-|$(debug_kernel_files)" ;;
	kernel-7) echo "$BACKPORTS|linux-image-amd64 linux-headers-amd64|^linux-" ;;
	kernel-source) echo "$SUITE|linux-source|^linux-source-" ;;
	dkms) echo "$SUITE|dkms|^dkms\$" ;;
	igt) echo "$IGT_SUITE|igt-gpu-tools-tests|.|$IGT_PROGRAMS $IGT_LIBRARIES" ;;
	*) return 1 ;;
	esac
}

find_keyring() {
	local keyring

	for keyring in /usr/share/keyrings/debian-archive-keyring.gpg \
		/usr/share/keyrings/debian-archive-keyring.pgp; do
		[ -r "$keyring" ] && echo "$keyring" && return
	done
	die "no Debian archive keyring in /usr/share/keyrings; install the package debian-archive-keyring"
}

# Debian's own archive among the sources that apt, with these options, has package lists of.
list_mirrors() {
	# shellcheck disable=SC2016 # apt expands these
	apt-get "$@" indextargets --format '$(ORIGIN)|$(RELEASE)|$(REPO_URI)' 'Created-By: Packages' |
		awk -F'|' '$1 == "Debian" && $2 !~ /-security/ && $3 !~ /^cdrom:/ { print $3; exit }'
}

# The archive this machine gets its own Debian packages from; $1 is a directory to work in.
find_mirror() {
	local mirror state=$1/machine

	mirror=${EDGEBERT_DEBIAN_MIRROR:-$(list_mirrors)}
	if [ -z "$mirror" ]; then
		# Origins are known from lists, and this machine has none: get some, out of its sight.
		mkdir -p "$state/lists/partial" "$state/cache/archives/partial"
		set -- -o Dir::State="$state" -o Dir::Cache="$state/cache" -o APT::Sandbox::User="$(id -un)"
		apt-get "$@" -qq update >/dev/null 2>&1 || true
		mirror=$(list_mirrors "$@")
	fi
	[ -n "$mirror" ] || die "this machine's apt sources name no Debian archive;" \
		"set EDGEBERT_DEBIAN_MIRROR to the URL of one"
	echo "${mirror%/}"
}

# Where to look for a component of suite $1: backports need what they are made for, and what is
# made for another suite needs only that.
suites_with() {
	case $1 in
	"$SUITE" | "$BACKPORTS") printf '%s\n' "$SUITE" "$BACKPORTS" ;;
	*) echo "$1" ;;
	esac
}

# Writes an apt configuration for suite $2 whose state is all below $1; the machine's own settings
# for proxies and the like stay in force, its hooks do not.
write_apt_configuration() {
	local directory=$1 keyring mirror suite

	keyring=$(find_keyring)
	mirror=$(find_mirror "$directory")
	mkdir -p "$directory/state/lists/partial" "$directory/cache/archives/partial"
	: >"$directory/status"
	for suite in $(suites_with "$2"); do
		echo "deb [signed-by=$keyring] $mirror $suite main"
	done >"$directory/sources.list"
	cat >"$directory/apt.conf" <<-CONFIGURATION
		#clear APT::Update;
		#clear DPkg;
		Dir::State "$directory/state";
		Dir::State::status "$directory/status";
		Dir::Cache "$directory/cache";
		Dir::Etc::sourcelist "$directory/sources.list";
		Dir::Etc::sourceparts "/dev/null";
		Dir::Etc::preferences "/dev/null";
		Dir::Etc::preferencesparts "/dev/null";
		APT::Architecture "amd64";
		APT::Install-Recommends "false";
		APT::Sandbox::User "$(id -un)";
		Acquire::Languages "none";
		Acquire::Retries "3";
	CONFIGURATION
}

# Shows how far a download into directory $1 of $2 bytes is, until killed.
show_progress() {
	while sleep 5; do
		say "          $(($(du -sb "$1" | cut -f 1) / 1000000)) of $(($2 / 1000000)) MB"
	done
}

# Downloads the packages that apt resolves for a recipe into directory $1/debs and lists
# "name version" of each in $1/versions.
download_packages() {
	local work=$1 suite=$2 packages=$3 keep=$4 configuration=$5
	local -a requests
	local bytes progress=0 status=0

	# shellcheck disable=SC2086 # packages is a list of words
	apt-get -c "$configuration" -qq -s -t "$suite" install $packages |
		awk -v keep="$keep" '$1 == "Inst" && $2 ~ keep { sub(/^\(/, "", $3); print $2, $3 }' |
		sort >"$work/versions.new"
	# Packages left by an interrupted run are of use only while they are still the wanted ones.
	cmp -s "$work/versions.new" "$work/versions" || rm -rf "$work/debs"
	mv "$work/versions.new" "$work/versions"
	[ -s "$work/versions" ] || die "apt found nothing to download for: $packages"
	mapfile -t requests < <(tr ' ' '=' <"$work/versions")
	mkdir -p "$work/debs"
	cd "$work/debs"
	bytes=$(apt-get -c "$configuration" -qq --print-uris download "${requests[@]}" |
		awk '{ sum += $3 } END { printf "%d", sum }')
	step GET "${#requests[@]} packages, $((bytes / 1000000)) MB to download"
	show_progress "$work/debs" "$bytes" &
	progress=$!
	apt-get -c "$configuration" -qq download "${requests[@]}" </dev/null >"$work/download.log" 2>&1 ||
		status=$?
	kill "$progress" 2>/dev/null
	wait "$progress" 2>/dev/null || true
	if [ "$status" -ne 0 ]; then
		tail -n 5 "$work/download.log" >&2
		die "download failed; check the network and try again (what is there is kept)"
	fi
	cd "$EDGEBERT_ROOT"
}

unpack_packages() {
	local work=$1 tree=$2 package

	mkdir -p "$tree"
	# base-files first: it makes /bin, /lib and /sbin the links that others unpack through.
	for package in "$work"/debs/base-files_*.deb "$work"/debs/*.deb; do
		[ -e "$package" ] && dpkg-deb -x "$package" "$tree"
	done
}

# What maintainer scripts would have done, as far as building modules needs it.
finish_tools() {
	local tree=$1

	ln -sf gawk "$tree/usr/bin/awk"
	mkdir -p "$tree"/{proc,dev,src,out,tmp,usr/src}
	[ -e "$tree/bin/sh" ] || ln -s dash "$tree/usr/bin/sh"
	[ -x "$tree/usr/bin/qemu-system-x86_64" ] || die "the QEMU package holds no qemu-system-x86_64"
}

finish_kernel() {
	local tree=$1 release

	release=$(basename "$(dirname "$(ls -d "$tree"/usr/lib/modules/*/kernel)")")
	echo "$release" >"$tree/release"
	# Debian 13 keeps the image in /boot, its backports beside the modules.
	mkdir -p "$tree/boot"
	[ -e "$tree/boot/vmlinuz-$release" ] ||
		ln -s "../usr/lib/modules/$release/vmlinuz" "$tree/boot/vmlinuz-$release"
	[ -s "$tree/boot/vmlinuz-$release" ] || die "no kernel image for $release in its packages"
}

# linux-source is one large archive.  Kept is what can be configured, and built as far as a
# driver below drivers/accel: all Kconfig files and makefiles, but few sources.
finish_source() {
	local tree=$1 archive
	local -a wanted=({Makefile,Kconfig,arch/x86,drivers/accel,include,kernel,lib,scripts,security/selinux}
		tools/{arch,build,include,lib,objtool,scripts})

	archive=$(ls "$tree"/usr/src/linux-source-*.tar.xz)
	step UNPACK "the kernel's sources"
	tar -xJf "$archive" -C "$tree" --strip-components=1 \
		--wildcards --no-wildcards-match-slash "${wanted[@]/#/linux-source-*/}" \
		--wildcards-match-slash '*/Kconfig*' '*/Makefile*' '*/Kbuild*'
	rm -rf "${tree:?}/usr/src"
	[ -s "$tree/scripts/checkpatch.pl" ] && [ -s "$tree/drivers/accel/Kconfig" ] ||
		die "linux-source holds no scripts/checkpatch.pl or drivers/accel"
}

finish_dkms() {
	[ -x "$1/usr/sbin/dkms" ] || die "the package dkms holds no usr/sbin/dkms"
}

libraries_named_by() {
	readelf -d "$@" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'
}

# Copies libraries, and those that they name in turn, from directory $1 to $2.
keep_libraries() {
	local from=$1 to=$2 library
	shift 2

	for library in "$@"; do
		[ ! -e "$to/$library" ] || continue
		[ -e "$from/$library" ] || die "the packages of IGT hold no $library, which it needs"
		strip --strip-unneeded -o "$to/$library" "$from/$library"
		# shellcheck disable=SC2046 # several words are meant
		keep_libraries "$from" "$to" $(libraries_named_by "$from/$library")
	done
}

# Most of IGT is for one driver each: of the rest a root for chroot is made, as small as can be.
finish_igt() {
	local tree=$1 all=$1/all libraries=usr/lib/x86_64-linux-gnu programs=usr/libexec/igt-gpu-tools name

	mkdir "$all"
	mv "$tree/usr" "$all"
	mkdir -p "$tree/$libraries" "$tree/$programs" "$tree/usr/lib64"
	for name in $IGT_PROGRAMS; do
		[ -x "$all/$programs/$name" ] || die "the package igt-gpu-tools-tests holds no $name"
		cp "$all/$programs/$name" "$tree/$programs"
	done
	# shellcheck disable=SC2046 # several words are meant
	keep_libraries "$all/$libraries" "$tree/$libraries" $IGT_LIBRARIES \
		$(libraries_named_by "$tree/$programs"/*)
	cp "$all/$libraries/ld-linux-x86-64.so.2" "$tree/usr/lib64"
	find "$tree" -mindepth 1 -maxdepth 1 ! -name usr -exec rm -rf {} +
	ln -s usr/lib usr/lib64 "$tree"
	mkdir "$tree"/{dev,proc,sys,tmp}
}

finish_component() {
	case $1 in
	kernel-debug) "$EDGEBERT_ROOT/tools/vm/build-kernel.sh" "$2" ;;
	kernel-source) finish_source "$2" ;;
	*) "finish_${1%%-*}" "$2" ;;
	esac
}

get_component() {
	local component=$1 final=$2 recipe=$3
	local work="$final.partial" suite packages keep _

	IFS='|' read -r -d '' suite packages keep _ < <(printf '%s\0' "$recipe") || true
	step GET "$component from Debian $suite (once; kept in $EDGEBERT_CACHE)"
	rm -rf "$work/tree"
	mkdir -p "$work"
	write_apt_configuration "$work/apt" "$suite"
	apt-get -c "$work/apt/apt.conf" -qq update ||
		die "could not read the package lists of $(awk '{ print $3; exit }' "$work/apt/sources.list");" \
			"set EDGEBERT_DEBIAN_MIRROR to a Debian archive that has $(suites_with "$suite" | xargs)"
	download_packages "$work" "$suite" "$(echo "$packages" | xargs)" "$keep" "$work/apt/apt.conf"
	step UNPACK "$component"
	unpack_packages "$work" "$work/tree"
	finish_component "$component" "$work/tree"
	cp "$work/versions" "$work/tree/versions"
	rm -rf "$final"
	mv "$work/tree" "$final"
	rm -rf "$work"
	grep -E '^(qemu-system-x86|gcc-14|linux-(image|headers)-[0-9].*-amd64|linux-source.*|dkms|igt-.*-tests) ' \
		"$final/versions" | while read -r name version; do step HAVE "$name $version"; done
}

main() {
	local update=0 component recipe final

	[ $# -gt 0 ] || { usage >&2; exit 2; }
	[ "$(dpkg --print-architecture)" = amd64 ] ||
		die "the VM needs an amd64 machine; this one is $(dpkg --print-architecture)"
	mkdir -p "$EDGEBERT_CACHE"
	for component in "$@"; do
		case $component in
		--help) usage; exit 0 ;;
		--update) update=1; continue ;;
		esac
		recipe=$(component_recipe "$component") || die "unknown component '$component' (see --help)"
		final=$(recipe_directory "$component" "$recipe")
		if [ ! -d "$final" ] || [ $update -eq 1 ]; then
			# Once at a time; whoever waited finds the component there.
			exec 9>"$EDGEBERT_CACHE/lock-$component"
			flock 9
			if [ ! -d "$final" ] || [ $update -eq 1 ]; then
				get_component "$component" "$final" "$recipe" 9>&-
			fi
			exec 9>&-
		fi
		echo "$final"
	done
}

main "$@"
