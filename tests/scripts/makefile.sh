#!/bin/bash
# SPDX-License-Identifier: MIT
# The Makefile rebuilds what depends on a changed header, however its directory is spelled.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
. tests/tap.sh

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A copy small enough to build: one program and the files it is made of.
mkdir -p "$work/tools/small"
cp Makefile "$work"
printf '#define ANSWER 1\n' >"$work/tools/small/answer.h"
printf '#include "tools/small/answer.h"\nint main(void)\n{\n\treturn ANSWER;\n}\n' >"$work/tools/small/main.c"
printf 'PROGRAMS += small\nsmall_SOURCES := tools/small/main.c\n' >"$work/tools/small/build.mk"

# answer BUILD: builds in that directory and runs the program.
answer() {
	make -s -C "$work" BUILD="$1" build/bin/small >"$work/log" 2>&1 || return 100
	"$work/build/bin/small"
}

is_answer() {
	local status=0

	answer "$2" || status=$?
	[ "$status" -eq "$1" ] || { cat "$work/log"; return 1; }
}

check "builds in a directory named from the root" is_answer 1 "$work/build"
sed -i 's/1/2/' "$work/tools/small/answer.h"
check "rebuilds after a change of a header, the directory named from here" is_answer 2 build
sed -i 's/2/3/' "$work/tools/small/answer.h"
check "and named in yet another way" is_answer 3 ./build/
end_tests
