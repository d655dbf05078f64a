# SPDX-License-Identifier: MIT
# Runs IGT, the test suite of DRM drivers, unmodified in a root of its own, on an accel node.
# shellcheck shell=sh
#
#   igt_prepare                  makes the root, or skips all tests and fails
#   igt_program NAME SECONDS     one program of IGT: each of its subtests must end as listed in
#                                igt-expected, and none may be missing or unlisted
#   igt_clean_up                 takes the root away

. tests/vm/guest.sh

IGT_EXPECTED=tests/vm/igt-expected
igt_root=/tmp/igt
igt_sw_sync=without

# IGT opens /dev/dri/card0 and further and goes by these names: here they are the accel nodes.
# More than one, because the node of a device that is bound again may have another number.
igt_devices() {
	igt_major=$(sed -n 's/^ *\([0-9]*\) accel$/\1/p' /proc/devices)
	mkdir "$igt_root/dev/dri" || return
	for igt_node in null:1:3 zero:1:5 random:1:8 urandom:1:9 kmsg:1:11 dri/card0:"$igt_major":0 \
		dri/card1:"$igt_major":1 dri/card2:"$igt_major":2 dri/card3:"$igt_major":3; do
		mknod "$igt_root/dev/${igt_node%%:*}" c \
			"$(echo "$igt_node" | cut -d : -f 2)" "${igt_node##*:}" || return
	done
}

igt_prepare() {
	if [ ! -d /build/igt ]; then
		skip "IGT's tests" "$(tail -n 1 /build/igt.reason 2>/dev/null || echo "make-igt has not run")"
		return 1
	fi
	# Over the shared folder every page that a program touches would be a message to the host.
	cp -a /build/igt "$igt_root"
	mount --bind /proc "$igt_root/proc"
	mount -o rbind /sys "$igt_root/sys"
	check "IGT gets devices of its own" igt_devices
	[ ! -e /sys/kernel/debug/sync/sw_sync ] || igt_sw_sync=with
	igt_listed=$(sed -n 's/^# IGT version: //p' $IGT_EXPECTED)
	igt_version=$(sed -n 's/^igt-gpu-tools-tests \([^-]*\).*/\1/p' /build/igt/versions)
}

igt_clean_up() {
	umount -l "$igt_root/proc" "$igt_root/sys"
	rm -rf "$igt_root"
}

# What the list says of a program, as "subtest result" lines in the order of their names.
igt_wanted() {
	awk -v program="$1" -v sw_sync="$igt_sw_sync" '$1 == program {
		needs_sw_sync = $3 == "sw_sync" || $3 == "timed"
		print $2, !needs_sw_sync ? $3 : sw_sync == "with" ? "pass" : "skip"
	}' $IGT_EXPECTED | sort
}

# What a program's output says, likewise; "-" is a program that has no subtests.
igt_results() {
	sed -n 's/^Subtest \([^ :]*\): \([A-Z]*\) (.*/\1 \2/p; s/^\([A-Z]*\) ([0-9.]*s)$/- \1/p' "$1" |
		sed 's/ SUCCESS$/ pass/; s/ SKIP$/ skip/; s/ FAIL$/ fail/' | sort
}

# Those subtests of a program that have failed, perhaps because the machine was too slow for them.
igt_too_late() {
	awk -v program="$1" 'FNR == NR { if ($1 == program && $3 == "timed") timed[$2] = 1; next }
		$2 == "fail" && $1 in timed { printf "%s%s", comma, $1; comma = "," }' \
		$IGT_EXPECTED "$GUEST_WORK/all"
}

# igt_run PROGRAM SECONDS [OPTION...]: of a subtest that has run before, this result counts.
igt_run() {
	igt_command=/usr/libexec/igt-gpu-tools/$1
	igt_limit=$(($2 * ${TEST_TIME_SCALE:-1}))
	shift 2
	timeout $igt_limit chroot "$igt_root" "$igt_command" "$@" >"$GUEST_WORK/output" \
		2>"$GUEST_WORK/errors" </dev/null
	igt_results "$GUEST_WORK/output" >>"$GUEST_WORK/all"
	awk '{ result[$1] = $2 } END { for (name in result) print name, result[name] }' "$GUEST_WORK/all" |
		sort >"$GUEST_WORK/last"
	mv "$GUEST_WORK/last" "$GUEST_WORK/all"
}

# A tenth of a second, which IGT allows for a thread to be started and to do something, may be too
# little on an emulated processor beside a busy host.
igt_run_in_time() {
	: >"$GUEST_WORK/all"
	igt_run "$1" "$2"
	igt_tries=1
	while [ $igt_tries -lt 10 ] && [ -n "$(igt_too_late "$1")" ]; do
		igt_tries=$((igt_tries + 1))
		igt_run "$1" "$2" --run-subtest "$(igt_too_late "$1")"
	done
}

# Of another version only those subtests are judged that the listed one has, too.
igt_in_both() {
	if [ "$igt_version" = "$igt_listed" ]; then
		cat "$1"
	else
		awk 'FNR == NR { known[$1] = 1; next } $1 in known' "$2" "$1"
	fi
}

igt_as_listed() {
	igt_wanted "$1" >"$GUEST_WORK/wanted"
	echo "# $1, IGT $igt_version"
	igt_run_in_time "$1" "$2"
	igt_in_both "$GUEST_WORK/all" "$GUEST_WORK/wanted" >"$GUEST_WORK/got"
	igt_in_both "$GUEST_WORK/wanted" "$GUEST_WORK/all" >"$GUEST_WORK/judged"
	if [ ! -s "$GUEST_WORK/judged" ] || ! cmp -s "$GUEST_WORK/judged" "$GUEST_WORK/got"; then
		echo "listed (-) and found (+):"
		diff -U 0 "$GUEST_WORK/judged" "$GUEST_WORK/got"
		grep -vE '^(\(null\)|.*igt_core-INFO:)' "$GUEST_WORK/errors" | head -n 60
		return 1
	fi
}

# igt_count RESULT: how many subtests have ended so.
igt_count() {
	grep -c " $1\$" "$GUEST_WORK/got"
}

igt_reason() {
	sed -n "s/^$1 [^ ]* [^ ]* //p" $IGT_EXPECTED | head -n 1
}

igt_program() {
	igt_start=$(cut -d . -f 1 /proc/uptime)
	if ! igt_as_listed "$1" "$2" >"$tap_output" 2>&1; then
		fail "IGT $1: every subtest ends as listed"
	elif [ "$(igt_count skip)" -lt "$(grep -c . "$GUEST_WORK/got")" ]; then
		pass "IGT $1 as listed: $(igt_count pass) pass, $(igt_count skip) skip, $(igt_count fail) fail"
	else
		# IGT's own words, to compare with the list's.
		sed -n 's/^Test requirement: /# &/p' "$GUEST_WORK/output" | sort -u
		skip "IGT $1 as listed: all $(igt_count skip) skip" "$(igt_reason "$1")"
	fi
	echo "# $1: run $igt_tries time(s), $(($(cut -d . -f 1 /proc/uptime) - igt_start)) s"
}
