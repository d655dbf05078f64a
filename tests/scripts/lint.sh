#!/bin/bash
# SPDX-License-Identifier: MIT
# Every shell script of the repository passes shellcheck and can be parsed.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
. tests/tap.sh

list_scripts() {
	git ls-files -co --exclude-standard 2>/dev/null | while read -r file; do
		[ -f "$file" ] || continue
		case $file in
		*.sh) echo "$file" ;;
		*) head -c 64 "$file" | head -n 1 | grep -qaE '^#!.*(/| )(ba|busybox )?sh$' && echo "$file" ;;
		esac
	done
}

mapfile -t scripts < <(list_scripts)
check "git lists the repository's scripts" test ${#scripts[@]} -gt 5
for script in "${scripts[@]}"; do
	check "$script" shellcheck --external-sources --severity=style \
		--exclude=SC1090,SC1091,SC2015,SC2016,SC2317 "$script"
done
end_tests
