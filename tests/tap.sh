# SPDX-License-Identifier: MIT
# TAP for shell scripts, on the host and, under busybox, in the VM: source it, check, end.
# shellcheck shell=sh
#
#   check NAME COMMAND...            passes when the command succeeds
#   check_fails STATUS TEXT NAME COMMAND...
#                                    passes when it exits with STATUS and its output has TEXT
#   skip NAME REASON                 a test that cannot run here
#   end_tests                        prints the plan; the script's exit status
# A command's output follows its line as comments when it does not do as it should.

tap_count=0
tap_failed=0
tap_output=${TMPDIR:-/tmp}/tap.$$

pass() {
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $1"
}

fail() {
	tap_count=$((tap_count + 1))
	tap_failed=$((tap_failed + 1))
	echo "not ok $tap_count - $1"
	[ ! -s "$tap_output" ] || sed 's/^/# /' "$tap_output"
}

skip() {
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $1 # SKIP $2"
}

check() {
	tap_name=$1
	shift
	if "$@" >"$tap_output" 2>&1; then
		pass "$tap_name"
	else
		echo "(exit status $?)" >>"$tap_output"
		fail "$tap_name"
	fi
}

check_fails() {
	tap_wanted=$1
	tap_text=$2
	tap_name=$3
	shift 3
	tap_status=0
	"$@" >"$tap_output" 2>&1 || tap_status=$?
	if [ "$tap_status" -eq "$tap_wanted" ] && grep -qF -- "$tap_text" "$tap_output"; then
		pass "$tap_name"
	else
		echo "(exit status $tap_status, wanted $tap_wanted and the text '$tap_text')" >>"$tap_output"
		fail "$tap_name"
	fi
}

end_tests() {
	rm -f "$tap_output"
	echo "1..$tap_count"
	[ "$tap_failed" -eq 0 ]
}
