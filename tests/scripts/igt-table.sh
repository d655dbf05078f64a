#!/bin/bash
# SPDX-License-Identifier: MIT
# The table of IGT's results in Documentation/testing.md says what the tests expect.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
. tests/tap.sh

# One row's beginning for each program, with the counts on a kernel that has sw_sync.
rows() {
	awk '!/^#/ {
		result = $3 == "sw_sync" || $3 == "timed" ? "pass" : $3
		count[$1, result]++
		programs[$1] = 1
	}
	END {
		for (name in programs)
			printf "| `%s` | %d | %d | %d |\n", name, count[name, "pass"], count[name, "skip"],
				count[name, "fail"]
	}' tests/vm/igt-expected | sort
}

check "every expectation is of a known kind" test -z \
	"$(awk '!/^#/ && ($3 !~ /^(pass|skip|fail|sw_sync|timed)$/ || $3 != "pass" && NF < 4)' \
		tests/vm/igt-expected)"
while read -r row; do
	check "documented: $row" grep -qF "$row" Documentation/testing.md
done < <(rows)
check "and no other program is" test "$(rows | wc -l)" -eq "$(grep -cE '^\| `(core|syncobj)_[a-z_]+` \| [0-9]' \
	Documentation/testing.md)"
end_tests
