#!/bin/bash
# SPDX-License-Identifier: MIT
# The example programs, compiled against what "make install" installs, in C and from C++, and run.
cd "$(dirname "$0")/../.." || exit 1
. tests/cli/common.bash

root=$WORK/root
export PKG_CONFIG_PATH=$root/usr/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$root
export LD_LIBRARY_PATH=$root/usr/lib
env -u MAKEFLAGS -u MFLAGS make -s BUILD="$BUILD" -o all install DESTDIR="$root" PREFIX=/usr \
	>"$WORK/install" 2>&1 || { cat "$WORK/install"; exit 1; }

# build NAME: one example, with nothing of the source tree but itself.
build() {
	cp "examples/$1.c" "$WORK/$1.c"
	# shellcheck disable=SC2046 # flags are several words
	(cd "$WORK" && cc -std=c17 -D_POSIX_C_SOURCE=200809L -Wall -Wextra -Werror -pedantic \
		-o "$1" "$1.c" $(pkg-config --cflags --libs edgebert-rt))
}

for example in minimal async_poll multi_task custom_policy watch_devices; do
	check "$example compiles against the installed library" build $example
done
check "these are all examples" test "$(find examples -name '*.c' | wc -l)" -eq 5

answers_once() {
	"$WORK/minimal" "$TINY" "aa ba ca" | grep -Eqx '[a-z]+ \([0-9.]+ %\), after layer [1-4]'
}
check "minimal answers" answers_once
check_fails 20 "model file can not be opened" "minimal says what is wrong" \
	"$WORK/minimal" /nonexistent.ebm text

printf 'aa ba ca\nda ea\n\n%.0s' 1 2 3 4 5 6 7 >"$WORK/in"
answers_all() {
	"$WORK/async_poll" "$TINY" <"$WORK/in" | sort -n >"$WORK/answers" || return
	cut -d: -f1 "$WORK/answers" | cmp - <(seq 21) || return
	[ "$(grep -c ': [a-z]*$' "$WORK/answers")" -eq 14 ] &&
		[ "$(grep -c 'no tokens' "$WORK/answers")" -eq 7 ]
}
check "async_poll answers or explains every line" answers_all

both_tasks() {
	"$WORK/multi_task" "aa ba ca" "$TINY" "$(make_model other-seed)" >"$WORK/tasks" &&
		[ "$(grep -cE '^.+: [a-z]+$' "$WORK/tasks")" -eq 2 ]
}
check "multi_task answers both tasks" both_tasks

# deepest BUDGET: the deepest layer that a sentence reached, and no more energy than that.
within_budget() {
	printf 'aa ba ca da ea fa ga ab bb\nba ca\nda ea fa\n' |
		"$WORK/custom_policy" "$TINY" "$1" >"$WORK/budget" || return
	awk -v most="$1" '{ for (i = 1; i < NF; i++) if ($(i + 1) == "uJ") energy = $i
		if (energy > most) exit 1
		if ($3 > deepest) deepest = $3 + 0 } END { exit NR != 3 || !deepest }' "$WORK/budget"
}
check "custom_policy stays within a generous budget" within_budget 1000
check "custom_policy stays within a tight budget" within_budget 3
check "which less would not have been enough for all layers" \
	sh -c "! grep -q 'layer 4' '$WORK/budget'"

watched() {
	"$WORK/watch_devices" 0 1 >"$WORK/watched" && ! grep -v '^present ' "$WORK/watched"
}
check "watch_devices lists and ends" watched

cat >"$WORK/use.cpp" <<'CPP'
// A program in another language that opens a device and lets it go.
#include <edgebert/edgebert.h>
int main()
{
	eb_device_options options = {};
	eb_device *device = nullptr;

	options.size = sizeof(options);
	options.backend = EB_BACKEND_REFERENCE;
	if (eb_device_open(&options, &device) != EB_OK)
		return 1;
	return eb_device_unref(device) != nullptr;
}
CPP
from_cpp() {
	# shellcheck disable=SC2046 # flags are several words
	c++ -std=c++17 -Wall -Wextra -Werror -o "$WORK/use" "$WORK/use.cpp" \
		$(pkg-config --cflags --libs edgebert-rt) && "$WORK/use"
}
check "a C++ program uses the library" from_cpp
end_tests
