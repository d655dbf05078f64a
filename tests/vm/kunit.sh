#!/bin/sh
# SPDX-License-Identifier: MIT
# The driver's KUnit suites: run when their module is loaded, reported case by case.
. tests/vm/guest.sh

results=/sys/kernel/debug/kunit

# What KUnit calls subtests are the tests here; a suite's own line stands for all of them.
report_case() {
	case $2 in
	ok) pass "$1" ;;
	*) fail "$1" ;;
	esac
}

if [ -d $results ]; then
	check "the module with the tests can be loaded" modprobe edgebert_kunit
	for suite in "$results"/edgebert_*; do
		sed 's/^/# /' "$suite/results"
		sed -n 's/^    \(ok\|not ok\) [0-9]* \([a-z0-9_]*\).*/\1:\2/p' "$suite/results" >"$GUEST_WORK/cases"
		while IFS=: read -r verdict name; do
			: >"$tap_output"
			report_case "$(basename "$suite"): $name" "$verdict"
		done <"$GUEST_WORK/cases"
		check "$(basename "$suite"): as many cases as planned" test "$(grep -c . "$GUEST_WORK/cases")" \
			-eq "$(sed -n 's/^    1\.\.\([0-9]*\)$/\1/p' "$suite/results")"
	done
	check "all seven suites have run" test "$(find "$results" -name 'edgebert_*' | wc -l)" -eq 7
	check "the module with the tests can be removed" rmmod edgebert_kunit
else
	skip "tests of the driver's pure logic" "no KUnit in this kernel"
fi
finish_tests
