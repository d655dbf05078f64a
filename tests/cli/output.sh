#!/bin/bash
# SPDX-License-Identifier: MIT
# Where output goes and when: line by line, to full disks and to readers that went away.
cd "$(dirname "$0")/../.." || exit 1
. tests/cli/common.bash

yes "aa ba" | head -n 3000 >"$WORK/in"

# The first line must be out while the second has not been asked yet.
dialogue() {
	local line i input

	coproc TOOL { "$EDGEBERT" run --backend reference --model "$TINY" --json "$@" 2>/dev/null; }
	for i in 1 2 3; do
		echo "aa ba" >&"${TOOL[1]}"
		IFS= read -r -t 20 line <&"${TOOL[0]}" || return
		[[ $line == *"\"line\":$i,"* ]] || return
	done
	input=${TOOL[1]}
	exec {input}>&-
	wait "$TOOL_PID"
}
status=0
check "answers come line by line" dialogue
check "answers come line by line with eight in flight" dialogue --in-flight 8

# closed_pipe ARGUMENT...: the exit status and messages when nobody reads on.
closed_pipe() {
	"$EDGEBERT" "$@" 2>"$WORK/err" | head -n 1 >"$WORK/out"
	status=${PIPESTATUS[0]}
}
closed_pipe run --backend reference --model "$TINY" "$WORK/in"
result "run ends quietly when its reader went away" 74 is_empty "$WORK/err"
closed_pipe run --backend reference --model "$TINY" --in-flight 8 --json "$WORK/in"
result "the same with eight in flight" 74 is_empty "$WORK/err"

if [ -c /dev/full ]; then
	for arguments in "run --backend reference --model $TINY $WORK/in" "info --backend reference" \
		metadata --help "run --help" "version --json"; do
		status=0
		# shellcheck disable=SC2086 # words are meant
		"$EDGEBERT" $arguments >/dev/full 2>"$WORK/err" || status=$?
		: >"$WORK/out"
		result "a full disk is an error: ${arguments%% --*}" 74 \
			has_line "$WORK/err" "*standard output can not be written: ENOSPC*"
	done
else
	skip "a full disk" "there is no /dev/full"
fi
status=0
"$EDGEBERT" run --backend reference --model "$TINY" "$WORK/in" >&- 2>"$WORK/err" || status=$?
: >"$WORK/out"
result "a closed standard output is an error" 74 has_line "$WORK/err" "*EBADF*"
# Nothing that is opened later may take its place.
status=0
echo "aa ba" | "$EDGEBERT" run --backend reference --model "$TINY" >&- 2>"$WORK/err" || status=$?
: >"$WORK/out"
result "the same, reading standard input" 74 has_line "$WORK/err" "*EBADF*"
status=0
"$EDGEBERT" run --backend reference --model "$TINY" <&- >"$WORK/out" 2>"$WORK/err" || status=$?
result "a closed standard input is an error" 66 has_line "$WORK/err" "*standard input*EBADF*"
end_tests
