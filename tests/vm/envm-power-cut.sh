#!/bin/sh
# SPDX-License-Identifier: MIT
# The eNVM's supply fails at every write step of an update: the old or the new image is active
# afterwards, and whole.
#
# Steps are those of the memory: a page of an erase, a word of a program. Of the slot's erase, which
# has thousands and touches nothing that counts, some are tried.
# timeout: 900
# vm-options: --smp 2
. tests/vm/guest.sh

modprobe edgebert
wait_until 60 has_node
address=$(bound_devices)

# An image of one page, so the update's steps are these.
ERASE=$((254 * 16))
PROGRAM=32
HEADER_ERASE=16
HEADER_PROGRAM=32
COMMIT=$((ERASE + PROGRAM))
END=$((COMMIT + HEADER_ERASE + HEADER_PROGRAM))

bind_again() {
	echo "$address" >$PCI_DRIVER/unbind && echo "$address" >$PCI_DRIVER/bind && wait_until 60 has_node
}

seed=1
old_kept=0
new_active=0

# cut_at STEP: an update in which the supply fails after so many steps. What is active afterwards is
# the image for the next one to replace.
cut_at() {
	next=$((seed + 1))
	hostctl device 0 envm-cut-power "steps=$1" || return
	if installed=$(edgebert-envm install $next 256) && [ "$1" -lt $END ]; then
		echo "step $1: the update succeeded without supply"
		return 1
	fi
	hostctl device 0 envm-power-on && bind_again || return
	active=$(edgebert-envm check "$seed" "$next") || { echo "step $1: $active (update: $installed)"; return 1; }
	if [ "$active" = $next ]; then
		new_active=$((new_active + 1))
	else
		old_kept=$((old_kept + 1))
	fi
	seed=$active
}

# cut_from FIRST LAST STRIDE
cut_from() {
	step=$1
	while [ "$step" -le "$2" ]; do
		cut_at "$step" || return
		step=$((step + $3))
	done
}

# Nothing of it is visible before the header's last word, and all of it after.
counts_are_right() {
	echo "old image kept $old_kept times, new one active $new_active times"
	[ "$old_kept" -ge $((PROGRAM + HEADER_ERASE + HEADER_PROGRAM)) ] && [ "$new_active" -eq 1 ]
}

update_without_cut() {
	next=$((seed + 1))
	edgebert-envm install $next 256 && [ "$(edgebert-envm check $next)" = $next ] && bind_again &&
		[ "$(edgebert-envm check $next)" = $next ]
}

check "the first image is installed" edgebert-envm install $seed 256
check "it is there when the driver is bound again" bind_again
check "cuts in the erase of the slot" cut_from 0 $((ERASE - 1)) 211
check "a cut at every step of programming the image" cut_from $ERASE $((COMMIT - 1)) 1
check "a cut at every step of the commit" cut_from $COMMIT $((END - 1)) 1
check "a cut behind the last step" cut_at $END
check "the image changed at the last step, and only there" counts_are_right
check "an update without a cut" update_without_cut
finish_tests
