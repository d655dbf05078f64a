#!/bin/bash
# SPDX-License-Identifier: MIT
# What the driver costs, measured in the VM: a table of medians, and the same as JSON.
set -euo pipefail
cd "$(dirname "$0")/../.."

usage='usage: bench-driver.sh [--runs N] [--rounds N] [--before MODULE] [--instructions] [--kernel 6.12|7]
                       [--json FILE]

Boots the VM, with two processors, runs edgebert-bench-driver in it, and counts the ioctls of a
classification if models are built.

  --runs N         empty jobs per measurement, default 2000
  --rounds N       how often all is measured, default 3
  --before MODULE  another edgebert.ko of the same kernel, below the build directory, which is
                   measured in turns with the one built from this tree
  --instructions   count instructions: a processor whose clock advances by 1 ns with each of them,
                   so that 1 us is 1000; jobs only, and the time from doorbell to interrupt means
                   nothing
  --kernel K       of the VM, default 6.12
  --json FILE      where the figures go too, default build/bench-driver.json
'
build=$(realpath -m "${BUILD:-build}")
runs=2000
rounds=3
before=
part=all
vm_options=(--smp 2)
kernel=${KERNEL:-6.12}
json=
while (($#)); do
	case $1 in
	--runs) runs=${2:?--runs needs a number}; shift 2 ;;
	--rounds) rounds=${2:?--rounds needs a number}; shift 2 ;;
	--before) before=$(realpath -e "${2:?--before needs a file}"); shift 2 ;;
	--instructions) part='jobs'; vm_options=(--smp 1 --count-instructions); shift ;;
	--kernel) kernel=${2:?--kernel needs 6.12 or 7}; shift 2 ;;
	--json) json=${2:?--json needs a file}; shift 2 ;;
	--help) echo -n "$usage"; exit 0 ;;
	*) echo -n "$usage" >&2; exit 2 ;;
	esac
done
json=${json:-$build/bench-driver.json}
[[ $runs:$rounds =~ ^[1-9][0-9]*:[1-9][0-9]*$ ]] || { echo -n "$usage" >&2; exit 2; }
if [[ -n $before && $before != "$build"/* ]]; then
	echo "bench-driver.sh: $before is not below $build, which is all that the VM sees" >&2
	exit 2
fi

# The guest's lines "MODULE NAME VALUE" become a line for each name, in the order of their coming:
# the median of the rounds and, where there are several, their range.
# shellcheck disable=SC2016 # the dollars are awk's
table='
function sort(values, count,	i, j, value) {
	for (i = 2; i <= count; i++) {
		value = values[i]
		for (j = i - 1; j && values[j] > value; j--)
			values[j + 1] = values[j]
		values[j + 1] = value
	}
}
function cell(module, name,	count, i, sorted) {
	count = counts[module, name]
	if (!count)
		return sprintf("%32s", "")
	for (i = 1; i <= count; i++)
		sorted[i] = figures[module, name, i]
	sort(sorted, count)
	median[module, name] = sorted[int((count + 1) / 2)]
	return sprintf("%10s %-21s", median[module, name],
		       count > 1 ? "(" sorted[1] " .. " sorted[count] ")" : "")
}
NF == 3 {
	if (!(($1, $2) in counts) && !($2 in known)) {
		known[$2]
		names[++name_count] = $2
	}
	figures[$1, $2, ++counts[$1, $2]] = $3 + 0
}
END {
	printf "%-40s %32s\n", "", before ? "      before                          after" : "median, range of rounds"
	for (i = 1; i <= name_count; i++) {
		if (before)
			printf "%-40s%s%s\n", names[i], cell("before", names[i]), cell("after", names[i])
		else
			printf "%-40s%s\n", names[i], cell("after", names[i])
		fields = fields sprintf(",\"%s\":%s", names[i], median["after", names[i]])
		if (("before", names[i]) in counts)
			fields = fields sprintf(",\"before_%s\":%s", names[i], median["before", names[i]])
	}
	printf "{%s%s}\n", head, fields >json
}'

output=$(mktemp)
trap 'rm -f "$output"' EXIT
load=$(cut -d' ' -f1 /proc/loadavg)
tools/vm/run-vm.sh --kernel "$kernel" "${vm_options[@]}" --name bench --timeout 600 -- \
	sh tests/bench/guest-bench-driver "$runs" "$rounds" "$part" \
	${before:+"/build/${before#"$build"/}"} >"$output" || {
	status=$?
	cat "$output" >&2
	exit "$status"
}
machine="$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1), $(nproc) processors, load $load before and $(cut -d' ' -f1 /proc/loadavg) after"
echo "machine: $machine; Linux $kernel in the VM, $rounds x $runs jobs"
mkdir -p "$(dirname "$json")"
awk -v before="$before" -v json="$json" \
	-v head="\"machine\":\"$machine\",\"kernel\":\"$kernel\",\"runs\":$runs,\"rounds\":$rounds" \
	"$table" <"$output"
[[ $part = jobs ]] || grep -q ioctls_per_sentence "$output" || echo "ioctls per sentence: not counted, there is no compiled model"
echo "as JSON: $json"
