#!/bin/bash
# SPDX-License-Identifier: MIT
# What the driver costs, measured in the VM: text, and the same as JSON.
set -euo pipefail
cd "$(dirname "$0")/../.."

usage='usage: bench-driver.sh [--runs N] [--kernel 6.12|7] [--json FILE]

Boots the VM with two processors, runs edgebert-bench-driver in it, and counts the ioctls of a
classification if models are built.

  --runs N      empty jobs per measurement, default 2000
  --kernel K    of the VM, default 6.12
  --json FILE   where the figures go too, default build/bench-driver.json
'
build=${BUILD:-build}
runs=2000
kernel=${KERNEL:-6.12}
json=
while (($#)); do
	case $1 in
	--runs) runs=${2:?--runs needs a number}; shift 2 ;;
	--kernel) kernel=${2:?--kernel needs 6.12 or 7}; shift 2 ;;
	--json) json=${2:?--json needs a file}; shift 2 ;;
	--help) echo -n "$usage"; exit 0 ;;
	*) echo -n "$usage" >&2; exit 2 ;;
	esac
done
json=${json:-$build/bench-driver.json}
[[ $runs =~ ^[1-9][0-9]*$ ]] || { echo -n "$usage" >&2; exit 2; }

output=$(mktemp)
trap 'rm -f "$output"' EXIT
tools/vm/run-vm.sh --kernel "$kernel" --smp 2 --name bench --timeout 600 -- \
	sh tests/bench/guest-bench-driver "$runs" >"$output"

machine="$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1), $(nproc) processors, load $(cut -d' ' -f1 /proc/loadavg)"
echo "machine: $machine"
grep -v '^@json' "$output"
{
	printf '{"machine":"%s","kernel":"%s"' "$machine" "$kernel"
	sed -n 's/^@json,*/,/p' "$output" | tr -d '\n'
	echo '}'
} >"$json"
echo "as JSON: $json"
