#!/bin/bash
# SPDX-License-Identifier: MIT
# Installs the Debian packages of packages.txt that are missing; does nothing when none is.
set -euo pipefail

usage() {
	cat <<USAGE
usage: install-packages.sh [--check]
Installs what packages.txt, beside this script, lists and this machine lacks, as root or by sudo.
  --check   install nothing: say what is missing and fail if anything is
USAGE
}

missing_packages() {
	local list

	list=$(sed 's/#.*//' "$(dirname "$0")/packages.txt" | awk 'NF { print $1 }')
	# shellcheck disable=SC2086 # several words are meant
	{ dpkg-query -W -f '${db:Status-Status} ${Package}\n' $list 2>/dev/null || true; } |
		awk -v list="$list" '
		$1 == "installed" { have[$2] = 1 }
		END {
			count = split(list, names)
			for (i = 1; i <= count; i++)
				if (!(names[i] in have))
					print names[i]
		}'
}

# apt as root, never asking and waiting for another apt to finish.
as_root_apt() {
	local -a prefix=()

	if [ "$(id -u)" -ne 0 ]; then
		if ! command -v sudo >/dev/null; then
			echo "install-packages.sh: error: not root and no sudo; as root run: $0" >&2
			exit 1
		fi
		prefix=(sudo)
	fi
	"${prefix[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y \
		-o DPkg::Lock::Timeout=600 -o Dpkg::Use-Pty=0 -o Acquire::Retries=3 "$@" </dev/null
}

check_only() {
	[ $# -gt 0 ] || return 0
	echo "These Debian packages are needed and not installed:" >&2
	echo "  $*" >&2
	echo "Install them with: sudo tools/setup/install-packages.sh" >&2
	return 1
}

main() {
	local -a missing

	if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
		[ "${1:-}" != --check ] || return 0
		echo "install-packages.sh: error: this is no Debian machine (no apt-get); install the" \
			"equivalents of tools/setup/packages.txt yourself" >&2
		exit 1
	fi
	mapfile -t missing < <(missing_packages)
	case ${1:-} in
	'') ;;
	--check) check_only "${missing[@]}"; return ;;
	--help) usage; return ;;
	*) usage >&2; exit 2 ;;
	esac
	[ ${#missing[@]} -gt 0 ] || return 0
	echo "  INSTALL ${missing[*]}"
	# One unreachable list among others is no obstacle; what it leaves missing, install reports.
	as_root_apt update || echo "  WARNING apt-get update failed in part; going on" >&2
	as_root_apt install --no-install-recommends "${missing[@]}"
}

main "$@"
