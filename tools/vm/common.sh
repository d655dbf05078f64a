# SPDX-License-Identifier: MIT
# Shared by the scripts in tools/vm: messages, cache location, choice of guest kernel.
# shellcheck shell=bash

# Where this repository is, however the script was called.
# shellcheck disable=SC2034 # used by those who source this file
EDGEBERT_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
EDGEBERT_CACHE=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/edgebert

# An ordinary user's path often lacks the directories where modinfo and depmod are.
PATH=$PATH:/usr/sbin:/sbin

say() {
	printf '%s\n' "$*" >&2
}

die() {
	say "${0##*/}: error: $*"
	exit 1
}

# step VERB WHAT: one line of visible progress, in the style of the build's own.
step() {
	say "  $(printf '%-7s' "$1") $2"
}

# need_value OPTION COUNT: an option that takes a value must have one.
need_value() {
	[ "$2" -ge 2 ] || die "option $1 needs a value"
}

# "6.12" and "7" name Debian's stable kernel and the newest one in its backports; "debug" is the
# stable one built here, with everything that finds mistakes.
check_kernel_name() {
	case $1 in
	6.12 | 7 | debug) ;;
	*) die "unknown guest kernel '$1': use 6.12, 7 or debug" ;;
	esac
}

# A directory name for what RECIPE (any text) produces: a change of recipe is a new directory.
recipe_directory() {
	local name=$1 recipe=$2

	printf '%s/%s-%s\n' "$EDGEBERT_CACHE" "$name" \
		"$(printf '%s' "$recipe" | sha256sum | cut -c 1-12)"
}
