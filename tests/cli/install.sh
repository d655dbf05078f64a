#!/bin/bash
# SPDX-License-Identifier: MIT
# What "make install" installs is enough to compile and run the example of the manual.
cd "$(dirname "$0")/../.." || exit 1
. tests/cli/common.bash

root=$WORK/root
export PKG_CONFIG_PATH=$root/opt/edgebert/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$root
export LD_LIBRARY_PATH=$root/opt/edgebert/lib

# -o all: what is built is installed as it is.
check "make install" env -u MAKEFLAGS -u MFLAGS make -s BUILD="$BUILD" -o all install \
	DESTDIR="$root" PREFIX=/opt/edgebert
for file in bin/edgebert include/edgebert/edgebert.h lib/libedgebert-rt.so.1 \
	lib/pkgconfig/edgebert-rt.pc; do
	check "installs $file" test -e "$root/opt/edgebert/$file"
done
check "the development link leads to the library" \
	test "$(readlink "$root/opt/edgebert/lib/libedgebert-rt.so")" = libedgebert-rt.so.1
check "pkg-config knows the version" pkg-config --exact-version="$(
	sed -n 's/^VERSION *:= *//p' Makefile)" edgebert-rt

# shellcheck disable=SC2016 # backquotes are meant
sed -n '/^```c$/,/^```$/{/^```/d;p}' Documentation/runtime.md >"$WORK/example.c"
# shellcheck disable=SC2046 # flags are several words
check "the manual's example compiles" cc -Wall -Wextra -Werror -o "$WORK/example" \
	"$WORK/example.c" $(pkg-config --cflags --libs edgebert-rt)
check "and classifies" sh -c \
	"'$WORK/example' '$TINY' 'aa ba ca' | grep -Eqx '[a-z]+, layer [1-4], [0-9]+ MHz'"
check_fails 1 "model file can not be opened: /nonexistent.ebm" "and says what is wrong" \
	"$WORK/example" /nonexistent.ebm text

end_tests
