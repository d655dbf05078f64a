#!/bin/bash
# SPDX-License-Identifier: MIT
# tests/run counts what programs report, and takes nothing but a plain success for one.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
. tests/tap.sh

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# program NAME: makes a test program of the shell code on stdin.
program() {
	{ echo '#!/bin/bash'; cat; } >"$work/$1"
	chmod +x "$work/$1"
}

# tally NAME...: the last line and exit status of running these programs.
tally() {
	local status=0 output

	output=$(BUILD=$work/build TEST_TIMEOUT=1 tests/run --programs "${@/#/$work/}" 2>&1) || status=$?
	echo "$output" >"$work/output"
	echo "$(tail -n 1 <<<"$output"), status $status"
}

# check_tally WANTED NAME TEXT PROGRAM: the tally is WANTED and the output tells TEXT.
check_tally() {
	local wanted=$1 name=$2 text=$3 got
	shift 3

	got=$(tally "$@")
	cp "$work/output" "$tap_output"
	echo "(got: $got)" >>"$tap_output"
	if [ "$got" = "$wanted" ] && grep -qF -- "$text" "$work/output"; then
		pass "$name"
	else
		fail "$name"
	fi
}

program good <<<'printf "ok 1 - a\nok 2 - b\n1..2\n"'
program bad <<<'printf "1..2\nok 1 - a\nnot ok 2 - b\n"; exit 1'
program liar <<<'printf "1..2\nok 1 - a\nnot ok 2 - b\n"'
program crash <<<'printf "1..3\nok 1 - a\n"; kill -SEGV $$'
program late_crash <<<'printf "1..1\nok 1 - a\n"; kill -ABRT $$'
program silent <<<':'
program no_plan <<<'echo "ok 1 - a"'
program too_many <<<'printf "1..1\nok 1 - a\nok 2 - b\n"'
program hang <<<'printf "1..1\nok 1 - a\n"; sleep 60'
program groups <<<'printf "1..2\nok 1 - a\nok 2 - b\n1..1\nok 1 - c\n"'
program skips <<<'printf "1..3\nok 1 - a # SKIP no device\nok 2 - b # XFAIL known\nnot ok 3 - # SKIP c\n"'
program all_skipped <<<'echo "1..0 # SKIP no kernel"; exit 4'
program empty_plan <<<'echo 1..0'
program kselftest <<<'printf "TAP version 13\r\n1..2\r\n# Starting 2 tests\r\n#  RUN  global.a ...\r\n# not ok 1 inner\r\n#    OK  global.a\r\nok 1 global.a\r\nok 2 global.b\r\n# Totals: pass:2\r\n"'
program nested <<<'printf "    1..2\n    ok 1 a\n    not ok 2 b # TODO later\nok 1 - parent\n1..1\n"'
program bail <<<'printf "1..2\nok 1 - a\nok 2 - b\nBail out! lost the device\n"'

check_tally "2 passed, 0 failed, 0 skipped, status 0" "a good program passes" PASS good
check_tally "1 passed, 1 failed, 0 skipped, status 1" "a failed test fails" "FAIL: bad: b" bad
check_tally "1 passed, 1 failed, 0 skipped, status 1" "a failed test fails whatever the exit status" "b" liar
check_tally "1 passed, 1 failed, 0 skipped, status 1" "a crash fails" "planned 3 tests, ran 1" crash
check_tally "1 passed, 1 failed, 0 skipped, status 1" "a crash after the last test fails" \
	"although no test failed" late_crash
check_tally "0 passed, 1 failed, 0 skipped, status 1" "no output fails" "printed no plan" silent
check_tally "1 passed, 1 failed, 0 skipped, status 1" "a missing plan fails" "printed no plan" no_plan
check_tally "2 passed, 1 failed, 0 skipped, status 1" "more tests than planned fail" "ran 2" too_many
check_tally "1 passed, 1 failed, 0 skipped, status 1" "a hang ends and fails" "did not end in time" hang
check_tally "3 passed, 0 failed, 0 skipped, status 0" "several groups add up" PASS groups
check_tally "1 passed, 0 failed, 2 skipped, status 0" "skips are counted and named" "no device" skips
check_tally "0 passed, 0 failed, 1 skipped, status 1" "nothing but skips is no success" "no kernel" all_skipped
check_tally "0 passed, 1 failed, 0 skipped, status 1" "an empty plan without a reason fails" \
	"plans no tests" empty_plan
check_tally "2 passed, 0 failed, 0 skipped, status 0" "kselftest's style is understood" PASS kselftest
check_tally "1 passed, 0 failed, 0 skipped, status 0" "subtests count through their parent" PASS nested
check_tally "2 passed, 1 failed, 0 skipped, status 1" "bailing out fails" "lost the device" bail
check_tally "3 passed, 1 failed, 0 skipped, status 1" "programs add up" PASS good bad
check_tally "0 passed, 1 failed, 0 skipped, status 1" "a program that is not there fails" \
	"printed no plan" missing
end_tests
