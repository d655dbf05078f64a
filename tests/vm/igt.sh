#!/bin/sh
# SPDX-License-Identifier: MIT
# Tests by others: IGT's own of what every DRM device has, on the driver's node.
# timeout: 200
. tests/vm/igt-root.sh

if igt_prepare; then
	for program in $(sed '/^#/d; s/ .*//' "$IGT_EXPECTED" | uniq); do
		igt_program "$program" 100
	done
	igt_clean_up
fi
finish_tests
