#!/bin/sh
# SPDX-License-Identifier: MIT
# An image in the eNVM: installed by the tool, shared by two tasks, which then answer as on
# the reference backend; updates, refusals.
# timeout: 600
#
# The host has compiled two tasks that share the image: build/reference/envm/.
. tests/vm/guest.sh

folder=/build/reference/envm

# same TASK: all results of the task are those of the reference backend.
same() {
	MODEL=$folder/$1.ebm
	classify --policy entropy <"$folder/texts" >"$GUEST_WORK/$1" || return
	sed 's/,"host_us":[^,}]*//' "$folder/$1.json" | cmp - "$GUEST_WORK/$1"
}

generation() {
	edgebert envm info --json | sed -n 's/.*"generation": *\([0-9]*\).*/\1/p'
}

both() {
	same one && same two
}

# Sentences of both tasks while the other slot is programmed with the same embedding under
# another name, and made the active one.
update_under_load() {
	for task in one two; do
		yes "$(head -n 1 "$folder/texts")" | head -n 4000 |
			edgebert run --model "$folder/$task.ebm" --policy entropy --json - \
				>"$GUEST_WORK/load-$task" 2>/dev/null &
		wait_until 60 test -s "$GUEST_WORK/load-$task" || return
	done
	edgebert envm program "$folder/other.evm" >/dev/null &&
		edgebert envm program "$folder/words.evm" >/dev/null
	updated=$?
	wait
	[ $updated -eq 0 ]
}

# Where the image was missing a sentence ended with an error; no answer was another one.
load_was_right() {
	for task in one two; do
		grep '"label"' "$GUEST_WORK/load-$task" |
			sed 's/,"host_us":[^,}]*//; s/"line":[0-9]*,//' | sort -u >"$GUEST_WORK/answers"
		[ "$(wc -l <"$GUEST_WORK/answers")" -eq 1 ] || { head -n 3 "$GUEST_WORK/answers"; return 1; }
	done
}

MODEL=$folder/one.ebm
chmod 666 /dev/accel/accel0
if [ "$(generation)" -eq 0 ]; then
	check_fails 25 "words" "without the image the model says which it needs" \
		edgebert run --model "$MODEL" "$folder/texts"
fi
check "the image is installed" edgebert envm program "$folder/words.evm"
check "it is what the file holds" edgebert envm verify "$folder/words.evm"
check "two tasks share it and answer like the reference" both
first=$(generation)
check "installing it again changes nothing" edgebert envm program "$folder/words.evm"
check "... nor its generation" test "$(generation)" -eq "$first"
check_fails 25 "words" "another image is not taken for it" edgebert envm verify "$folder/other.evm"
check_fails 12 "CAP_SYS_ADMIN" "an ordinary user can not install" \
	su tester -c "edgebert envm program $folder/other.evm"
check "an ordinary user can ask" su tester -c "edgebert envm info"
check "images are exchanged under load" update_under_load
check "the load got right answers only" load_was_right
check "two tasks answer like the reference afterwards" both
finish_tests
