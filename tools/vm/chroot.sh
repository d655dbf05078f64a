# SPDX-License-Identifier: MIT
# Runs a build inside the unpacked tools tree, as root or not, with or without leave to mount.
# shellcheck shell=bash
#
#   run_in_tools TOOLS SOURCE [FROM:TO]... -- COMMAND...
# runs COMMAND in a chroot of TOOLS, where the directory SOURCE is /src, writable, and each
# FROM is TO, to be read only.  The mounts are in a namespace of their own: nothing of them is
# seen outside.  Where mounting is forbidden, as for root in many containers, a copy of the
# tree made of hard links takes their place; EDGEBERT_IN_COPY=1 asks for that.

# Runs inside the mount namespace.
run_mounted() {
	local tools=$1 source=$2 pair

	shift 2
	mount --bind "$source" "$tools/src"
	while [ "$1" != -- ]; do
		pair=$1
		mkdir -p "$tools${pair#*:}"
		mount --bind "${pair%%:*}" "$tools${pair#*:}"
		shift
	done
	shift
	mount --rbind /proc "$tools/proc"
	mount --rbind /dev "$tools/dev"
	mount -t tmpfs none "$tools/tmp"
	exec env -i PATH=/usr/sbin:/usr/bin HOME=/tmp LC_ALL=C chroot "$tools" "$@"
}

# Copies a directory's contents, by hard links where they are possible.
link_tree() {
	mkdir -p "$2"
	cp -al "$1/." "$2/" 2>/dev/null || cp -a "$1/." "$2/"
}

# The same without a mount: root's way where namespaces are forbidden.
run_copied() {
	local tools=$1 source=$2 root=$2.root pair status=0

	shift 2
	rm -rf "$root"
	link_tree "$tools" "$root"
	while [ "$1" != -- ]; do
		pair=$1
		link_tree "${pair%%:*}" "$root${pair#*:}"
		shift
	done
	shift
	mknod -m 666 "$root/dev/null" c 1 3
	# All that the builds read of /proc: objtool looks for its stack there, to explain crashes.
	mkdir -p "$root/proc/self"
	cat /proc/self/maps >"$root/proc/self/maps"
	rmdir "$root/src"
	mv "$source" "$root/src"
	env -i PATH=/usr/sbin:/usr/bin HOME=/tmp LC_ALL=C chroot "$root" "$@" || status=$?
	mv "$root/src" "$source"
	rm -rf "$root"
	return $status
}

run_in_tools() {
	local -a mounted=(bash -euc "$(declare -f run_mounted); run_mounted \"\$@\"" run-in-tools)

	if [ "$(id -u)" -eq 0 ]; then
		if [ "${EDGEBERT_IN_COPY:-0}" -eq 0 ] && unshare --mount true 2>/dev/null; then
			unshare --mount "${mounted[@]}" "$@"
		else
			run_copied "$@"
		fi
	elif unshare --map-root-user --mount true 2>/dev/null; then
		unshare --map-root-user --mount "${mounted[@]}" "$@"
	elif sudo -n true 2>/dev/null; then
		sudo -n unshare --mount "${mounted[@]}" "$@"
	else
		die "neither root nor allowed to create user namespaces; run as root or with sudo"
	fi
}
