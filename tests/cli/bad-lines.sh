#!/bin/bash
# SPDX-License-Identifier: MIT
# Input lines that can not be classified: named, answered in their place, and the rest goes on.
cd "$(dirname "$0")/../.." || exit 1
. tests/cli/common.bash

{
	printf 'aa ba\n'
	printf '\n'
	printf 'da db\r\n'
	printf '   \t \n'
	printf 'ca \xff da\n'
	words 10000
	printf 'caf\xc3\xa9 \xf0\x9f\x98\x80\n'
	printf 'ea\x00fa\n'
	printf 'last line without an end'
} >"$WORK/in"

run_tiny "$WORK/in"
result "text: one line out for each line in" 65 lines_are "$WORK/out" 9
result "text: the empty line's place says so" 65 has_line "$WORK/out" "error *line 2: *no tokens*"
result "text: the invalid line's place says so" 65 \
	has_line "$WORK/out" "error *line 5: *not valid UTF-8*"
result "an empty line is named" 65 \
	has_line "$WORK/err" "edgebert run: line 2: error: *no tokens*EB_TEXT_EMPTY*"
result "a line of spaces is named" 65 has_line "$WORK/err" "*line 4: error: *no tokens*"
result "invalid UTF-8 is named with line and byte" 65 \
	has_line "$WORK/err" "*line 5: error: *not valid UTF-8 at byte 4 (0xff)*EB_TEXT_INVALID*"
result "a line of 10,000 words is classified, and said to be cut" 65 \
	has_line "$WORK/err" "*line 6: warning: *longer than the model's 40 tokens*"

run_tiny --json "$WORK/in"
result "JSON: one line out for each line in" 65 lines_are "$WORK/out" 9
result "JSON: messages are JSON too" 65 json_ok "$WORK/err"
sed -n 2p "$WORK/out" >"$WORK/line"
result "JSON: an error stands in its line's place" 65 json_ok "$WORK/line" --first text,error \
	text=text error.line=whole error.status=text error.message=text error.remedy=text
sed -n 5p "$WORK/out" >"$WORK/line"
result "JSON: text that is not UTF-8 is null" 65 json_ok "$WORK/line" text=null error.line=whole
sed -n 6p "$WORK/out" >"$WORK/line"
result "JSON: truncated says so" 65 has_line "$WORK/line" '*"tokens":40,"truncated":true*'
sed -n 3p "$WORK/out" >"$WORK/line"
result "JSON: the carriage return of CRLF is no text" 65 has_line "$WORK/line" '{"text":"da db",*'
sed -n 7p "$WORK/out" >"$WORK/line"
result "JSON: characters beyond ASCII stay" 65 \
	has_line "$WORK/line" $'{"text":"caf\xc3\xa9 \xf0\x9f\x98\x80",*'
sed -n 8p "$WORK/out" >"$WORK/line"
result "JSON: a zero byte is kept in the text" 65 has_line "$WORK/line" '{"text":"ea\\u0000fa",*'
sed -n 9p "$WORK/out" >"$WORK/line"
result "JSON: the last line needs no end" 65 \
	has_line "$WORK/line" '{"text":"last line without an end","label":*'

run_tiny --in-flight 4 --json "$WORK/in"
result "several in flight: errors stay in their places" 65 \
	has_line <(sed -n 2p "$WORK/out") '*"error":{"line":2,*'
result "several in flight: one line out for each line in" 65 lines_are "$WORK/out" 9

{
	echo aa
	head -c 3000000 /dev/zero | tr '\0' 'a'
	echo
	echo ba
} >"$WORK/in"
run_tiny --json "$WORK/in"
result "a line above 1 MiB is refused" 65 has_line "$WORK/err" '*"line":2,*longer than 1 MiB*'
result "and the lines around it are answered" 65 lines_are "$WORK/out" 3
result "the line behind it keeps its number" 65 has_line "$WORK/out" '{"text":"ba",*"line":3,*'

printf '\xef\xbb\xbfaa\n' >"$WORK/in"
run_tiny --json "$WORK/in"
result "a byte order mark is no text" 0 has_line "$WORK/out" '{"text":"aa",*'
printf 'aa \x1b[31mred\x07\n' >"$WORK/in"
run_tiny "$WORK/in"
result "control characters do not reach the terminal" 0 has_line "$WORK/out" '*aa \?\[31mred\?'
: >"$WORK/in"
run_tiny "$WORK/in"
result "no lines in, no lines out" 0 is_empty "$WORK/out"

printf 'text\tlabel\naa\t1\n \t0\nba\t0\n' >"$WORK/data.tsv"
tool eval --backend reference --model "$TINY" --data "$WORK/data.tsv" --json
result "eval counts refused sentences" 65 has_line "$WORK/out" '*"refused": *1*'
result "eval names their lines" 65 has_line "$WORK/err" '*"line":3,*EB_TEXT_EMPTY*'
end_tests
