#!/bin/sh
# SPDX-License-Identifier: MIT
# The last test of every boot of the debug kernel: no memory was leaked, by the module's removal
# neither.
# timeout: 120
. tests/vm/guest.sh

report=/sys/kernel/debug/kmemleak

# What is younger than five seconds is not looked at, and what one scan meets in a register or
# in the middle of a list, the next one does not.
finds_nothing() {
	for _ in 1 2; do
		sleep 6
		echo scan >$report || return
	done
	head -n 200 $report
	! grep -q '^unreferenced object' $report
}

if [ -e $report ]; then
	! grep -q '^edgebert ' /proc/modules || check "the module can be removed" rmmod edgebert
	check "no memory is leaked" finds_nothing
else
	skip "no memory is leaked" "this kernel has no kmemleak"
fi
finish_tests
