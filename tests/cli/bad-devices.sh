#!/bin/bash
# SPDX-License-Identifier: MIT
# Device nodes that are missing, forbidden or something else: no crash, and what to do.
cd "$(dirname "$0")/../.." || exit 1
. tests/cli/common.bash

as_nobody() {
	setpriv --reuid=65534 --regid=65534 --clear-groups -- "$@"
}

# refused_device STATUSES GLOB NAME NODE: info and run both refuse the node with one of the
# statuses; run writes no results.
refused_device() {
	local statuses=" $1 " glob=$2 name=$3 node=$4

	tool run --model "$TINY" --device "$node" </dev/null
	: >"$WORK/why"
	[[ $statuses == *" $status "* ]] || echo "wanted an exit status of$statuses" >>"$WORK/why"
	# shellcheck disable=SC2053
	[[ $(<"$WORK/err") == $glob ]] || echo "wanted a message like: $glob" >>"$WORK/why"
	is_empty "$WORK/out" || echo "wanted no results" >>"$WORK/why"
	judge "run: $name"
	tool info --device "$node" --json </dev/null
	: >"$WORK/why"
	[[ $statuses == *" $status "* ]] || echo "wanted an exit status of$statuses" >>"$WORK/why"
	json_ok "$WORK/out" --document devices=array diagnosis.advice=text \
		diagnosis.module_loaded=boolean diagnosis.nodes=array || echo "no diagnosis" >>"$WORK/why"
	json_ok "$WORK/err" error.status=text error.remedy=text || echo "no error" >>"$WORK/why"
	judge "info: $name"
}

touch "$WORK/file"
refused_device "10 11" "*$WORK/nil*" "a node that does not exist" "$WORK/nil"
refused_device "10 13" "*$WORK/file*" "a regular file" "$WORK/file"
refused_device "10 13" "*$WORK*" "a directory" "$WORK"
refused_device "10 13" "*/dev/null*" "another character device" /dev/null

if [ ! -e /sys/module/edgebert ]; then
	tool info
	: >"$WORK/why"
	[ "$status" -eq 11 ] || [ "$status" -eq 10 ] || echo "wanted exit status 10 or 11" >>"$WORK/why"
	has_line "$WORK/err" "*edgebert info: error: *" || echo "wanted a message" >>"$WORK/why"
	has_line "$WORK/out" "*module loaded: *no" || echo "wanted a diagnosis" >>"$WORK/why"
	judge "without module and device"
	tool run --model "$TINY" </dev/null
	result "run without module and device names the way out" "$status" \
		has_line "$WORK/err" "*reference backend*"
else
	skip "no module" "the module is loaded here"
fi

if [ "$(id -u)" -eq 0 ] && mknod "$WORK/node" c 1 3 2>/dev/null; then
	cp "$EDGEBERT" "$WORK/edgebert"
	chmod 755 "$WORK/edgebert"
	chmod 644 "$TINY"
	chmod 000 "$WORK/node"
	EDGEBERT=as_nobody
	tool "$WORK/edgebert" run --model "$TINY" --device "$WORK/node" </dev/null
	result "a node without permission" 12 has_line "$WORK/err" "*$WORK/node*EB_PERMISSION*"
else
	skip "a node without permission" "needs root to make one"
fi
end_tests
