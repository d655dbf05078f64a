#!/bin/bash
# SPDX-License-Identifier: MIT
# The set-up scripts do nothing where nothing is to do, and say plainly what is wrong.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
. tests/tap.sh

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/setup"
cp tools/setup/install-packages.sh "$work/setup"
printf 'bash # there\n# a comment\nno-such-package-here # why\n' >"$work/setup/packages.txt"

check "every listed package is installed" tools/setup/install-packages.sh --check
mkdir "$work/bin"
printf '#!/bin/sh\nexit 99\n' >"$work/bin/apt-get"
cp "$work/bin/apt-get" "$work/bin/sudo"
chmod +x "$work"/bin/*
check "installing them again does nothing, at once" \
	timeout 2 env PATH="$work/bin:$PATH" tools/setup/install-packages.sh
check_fails 1 "  no-such-package-here" "a missing package is named" \
	"$work/setup/install-packages.sh" --check
check_fails 2 "usage:" "an unknown option is refused" tools/setup/install-packages.sh --frobnicate

check_fails 1 "unknown component 'kernel-5'" "get-vm.sh names an unknown component" \
	tools/vm/get-vm.sh kernel-5
check_fails 1 "set EDGEBERT_DEBIAN_MIRROR" "get-vm.sh says what to do without a mirror" \
	env XDG_CACHE_HOME="$work/cache" EDGEBERT_DEBIAN_MIRROR=file:///nonexistent \
	tools/vm/get-vm.sh kernel-source
check "a failed download leaves no component behind" \
	test -z "$(find "$work/cache/edgebert" -maxdepth 1 -name 'kernel-source-*' ! -name '*.partial')"
check "without a mirror IGT's tests are left out" env XDG_CACHE_HOME="$work/cache" BUILD="$work/build" \
	EDGEBERT_DEBIAN_MIRROR=file:///nonexistent tests/vm/make-igt
check "and why is said" grep -q "set EDGEBERT_DEBIAN_MIRROR" "$work/build/igt.reason"
check "and nothing of them is left" test ! -e "$work/build/igt"
check_fails 1 "unknown guest kernel '5.10'" "run-vm.sh names an unknown kernel" \
	tools/vm/run-vm.sh --kernel 5.10 true
check_fails 1 "option --smp needs a value" "run-vm.sh names an option without value" \
	tools/vm/run-vm.sh --smp
check_fails 1 "unknown option '--frobnicate'" "run-vm.sh names an unknown option" \
	tools/vm/run-vm.sh --frobnicate
mkdir "$work/empty"
check_fails 1 "no Kbuild file in" "build-module.sh needs a module to build" \
	tools/vm/build-module.sh --source "$work/empty"
end_tests
