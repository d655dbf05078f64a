#!/bin/bash
# SPDX-License-Identifier: MIT
# edgebert-device as a program: options, sockets, the eNVM file, ending.
cd "$(dirname "$0")/../.." || exit 1
. tests/tap.sh

device=${BUILD:-build}/bin/edgebert-device
helpers=${BUILD:-build}/helpers
work=$(mktemp -d)
trap 'kill "${pid:-}" 2>/dev/null; rm -rf "$work"' EXIT
socket=$work/socket

listens() {
	grep -q " 00010000 .* $1\$" /proc/net/unix
}

# start ARGUMENT...: a server in the background; its process is $pid, its messages in $work/log.
# shellcheck disable=SC2120 # called through check, too
start() {
	"$device" --socket "$socket" "$@" >"$work/log" 2>&1 &
	pid=$!
	for ((i = 0; i < 200; i++)); do
		listens "$socket" && return 0
		kill -0 "$pid" 2>/dev/null || break
		sleep 0.05
	done
	cat "$work/log"
	return 1
}

# ends SIGNAL: it ends by itself with status 0 and takes its socket away.
ends() {
	kill "-$1" "$pid" || return
	for ((i = 0; i < 200; i++)); do
		kill -0 "$pid" 2>/dev/null || break
		sleep 0.05
	done
	wait "$pid" || return
	[ ! -e "$socket" ]
}

has_all_options() {
	"$device" --help >"$work/help" || return
	for option in socket profile envm envm-image envm-errors ambient control faults send threads pace verbose version help; do
		grep -q -- "--$option" "$work/help" || { echo "no --$option"; return 1; }
	done
	grep -q stp23 "$work/help"
}

# The first sector's words lie behind the header, the journal and the sector's own head.
holds_image() {
	cmp <(head -c 4096 "$work/image") <(tail -c +$((12288 + 16 + 1)) "$work/envm" | head -c 4096)
}

# Seconds of processor time that the server has used.
processor_seconds() {
	awk -v ticks="$(getconf CLK_TCK)" '{ print int(($14 + $15) / ticks) }' "/proc/$pid/stat"
}

idles() {
	sleep 1
	[ "$(processor_seconds)" -eq 0 ]
}

check "help lists every option and the profiles" has_all_options
check "version" grep -qx "edgebert-device [0-9.]*" <("$device" --version)
check_fails 2 "--socket PATH is missing" "no socket" "$device"
check_fails 2 "unexpected argument 'more'" "an argument too many" "$device" --socket "$socket" more
check_fails 2 "see --help" "an unknown option" "$device" --socket "$socket" --no-such-option
check_fails 2 "see --help" "an option without its value" "$device" --socket
check_fails 2 "there is no profile 'none'" "an unknown profile" \
	"$device" --socket "$socket" --profile none
check_fails 2 "--threads '0' is not a whole number from 1 to 64" "no thread" \
	"$device" --socket "$socket" --threads 0
check_fails 2 "--threads '65' is not a whole number" "too many threads" \
	"$device" --socket "$socket" --threads 65
check_fails 2 "--threads '2x' is not a whole number" "a number with something behind it" \
	"$device" --socket "$socket" --threads 2x
check_fails 1 "too long" "a socket path that is too long" \
	"$device" --socket "$work/$(printf '%0120d' 0)"
check_fails 1 "cannot listen" "a folder that is not there" "$device" --socket "$work/nil/socket"
check_fails 1 "cannot listen" "an empty path" "$device" --socket ""
echo precious >"$work/file"
check_fails 1 "is not a socket" "a file in the way" "$device" --socket "$work/file"
check "the file in the way is kept" grep -qx precious "$work/file"

check_fails 1 "cannot read the eNVM contents" "an eNVM image that is not there" \
	"$device" --socket "$socket" --envm-image "$work/nil"
check_fails 1 "cannot read the eNVM contents" "an eNVM image that is a folder" \
	"$device" --socket "$socket" --envm-image "$work"
check_fails 1 "cannot use the eNVM file '$work'" "an eNVM file that is a folder" \
	"$device" --socket "$socket" --envm "$work"
check_fails 1 "not an eNVM file (a raw image is loaded with --envm-image)" "an image as eNVM file" \
	"$device" --socket "$socket" --envm "$0"
check_fails 2 "is not a whole number" "a seed that is no number" \
	"$device" --socket "$socket" --envm-errors 12x
check_fails 2 "is not a temperature" "an ambient that is too hot" \
	"$device" --socket "$socket" --ambient 151
check_fails 2 "is not a temperature" "an ambient that is no number" \
	"$device" --socket "$socket" --ambient mild
head -c 2097153 /dev/zero >"$work/large"
check_fails 1 "more than the 2097152 bytes" "an eNVM image that is too large" \
	"$device" --socket "$socket" --envm-image "$work/large"
head -c 2097152 /dev/urandom >"$work/image"

check "it listens" start --envm "$work/envm" --envm-image "$work/image" --envm-errors 5 --verbose
check_fails 1 "another process is using it" "a second server on the same eNVM file" \
	"$device" --socket "$work/other" --envm "$work/envm"
check_fails 1 "another server is listening" "a second server on the same socket" \
	"$device" --socket "$socket"
check "it idles without a client" idles
check "SIGTERM ends it cleanly" ends TERM
check "the eNVM file holds the image" holds_image
check "it starts again" start --envm "$work/envm" --pace --threads 2 --profile micro21
check "SIGINT ends it cleanly" ends INT
# shellcheck disable=SC2119
start --envm "$work/envm" >/dev/null && kill -KILL "$pid" && wait "$pid" 2>/dev/null
check "a killed server leaves its socket" test -S "$socket"
check "the next server replaces it, and can use the same eNVM file" start --envm "$work/envm"
check "which still holds the image" holds_image
check "and ends cleanly" ends TERM

# send COMMAND...: to the debug interface of the server that "start --control" has started.
send() {
	"$device" --send "$work/control" "$@"
}

has_status() {
	send status | grep -qx "$1"
}

owner_only() {
	[ "$(stat -c %a "$1")" = 600 ]
}

sends_lines() {
	printf 'hang-job after=7 # much later\n\n  drop-interrupt\n' | send || return
	has_status "hang-job armed=1 fired=0 after=7 every=1 count=1" &&
		has_status "drop-interrupt armed=1 fired=0 after=0 every=1 count=1"
}

goes_on_behind_errors() {
	printf 'nonsense\nclear\n' | send && return 1
	! send status | grep armed=1
}

is_json() {
	send state >"$work/state" || return
	[ "$("$helpers/json-check" profile=text registers.ID=whole registers.OPP_KHZ=array \
		rings=object contexts=array job=null working=boolean <"$work/state")" = 1 ]
}

printf '# at the start\ndead after=5\noverride ID value=1\n' >"$work/faults"
check "it starts with faults and a control socket" \
	start --control "$work/control" --faults "$work/faults" --ambient -5.25
check "the faults are armed" has_status "dead armed=1 fired=0 after=5 every=1 count=1"
check "registers lie from the start" has_status "override offset=0x0 value=0x1 active=1"
check "the ambient is as asked for" grep -q '"ambient":-5250' <(send state)
check "only its owner can use the control socket" owner_only "$work/control"
check "the state is one line of JSON" is_json
check "help lists the commands" grep -q '^hang-job ' <(send help)
check_fails 1 "there is no command 'nonsense'" "an unknown command" send nonsense
check_fails 1 "after=x is not a number" "a word that is no number" send hang-job after=x
check_fails 1 "more than 16 words" "too many words" send status 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7
check_fails 1 "the command is too long" "a command that is too long" send "$(printf '%0600d' 0)"
check_fails 1 "several lines" "a command of two lines" send $'status\nstatus'
check "commands on stdin" sends_lines
check "a refused one does not end them" goes_on_behind_errors
check_fails 1 "another server is listening" "a second server on the control socket" \
	"$device" --socket "$work/other" --control "$work/control"
check "SIGTERM ends it cleanly, with both sockets" ends TERM
check "the control socket is gone" test ! -e "$work/control"
check_fails 2 "cannot reach" "nobody to send to" send status
check_fails 1 "cannot read the faults" "a file of faults that is not there" \
	"$device" --socket "$socket" --faults "$work/nil"
echo "hang-job never" >>"$work/faults"
check_fails 1 "faults:4: 'never' means nothing here" "a file with a bad command" \
	"$device" --socket "$socket" --faults "$work/faults"
check_fails 1 "is not a socket" "a file in the control socket's way" \
	"$device" --socket "$socket" --control "$work/file"
end_tests
