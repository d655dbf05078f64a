#!/bin/bash
# SPDX-License-Identifier: MIT
# Times the device core against onnxruntime's int8 kernels on this machine, in one run.

set -euo pipefail

usage='usage: bench-device.sh BENCH_PROGRAM [--runs N] [--zeros PERCENT]

Runs a full-depth ALBERT-base-size encoder (12 layers, hidden 768, inner 3072, 12 heads,
128 tokens, batch 1) on the device core and, where npm can get onnxruntime-node, the int8
model of the same size there; each on one and on two threads, in turns.

  --runs N         timed runs per measurement, default 15
  --zeros PERCENT  of the weights, stored packed as compiled models are; default 0 (dense)
'
cache=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/edgebert/onnxruntime
version=1.30.0
rounds=3
runs=15
zeros=0
here=$(dirname "$0")

die() {
	echo "bench-device: $*" >&2
	exit 1
}

program=${1:-}
[[ -x $program ]] || { echo -n "$usage" >&2; exit 2; }
shift
while (($#)); do
	case $1 in
	--runs) runs=${2:?--runs needs a number}; shift 2 ;;
	--zeros) zeros=${2:?--zeros needs a number}; shift 2 ;;
	--help) echo -n "$usage"; exit 0 ;;
	*) echo -n "$usage" >&2; exit 2 ;;
	esac
done

# Unpacks a package from npm without running its install scripts; the CPU library is in it.
get_package() {
	local name=$1 folder=$cache/node_modules/$1 archive
	shift

	grep -qsxF "$version" "$folder/.version" && return 0
	rm -rf "$folder"
	mkdir -p "$folder"
	archive=$(cd "$cache" && npm pack --silent "$name@$version") || return 1
	tar -xzf "$cache/$archive" -C "$folder" --strip-components=1 --wildcards "$@" || return 1
	rm -f "$cache/$archive"
	echo "$version" > "$folder/.version"
}

# True, or a message that says what is missing.
get_onnxruntime() {
	local why=

	if ! command -v node > /dev/null || ! command -v npm > /dev/null; then
		why='node and npm are not installed'
	elif ! mkdir -p "$cache" || ! get_package onnxruntime-common 'package/*' ||
	     ! get_package onnxruntime-node package/package.json 'package/dist/*' \
			'package/bin/napi-*/linux/x64/*'; then
		why="npm cannot get onnxruntime-node $version"
	fi
	[[ -z $why ]] && return 0
	echo "onnxruntime: not compared, because $why" >&2
	return 1
}

# Lines "NAME DETAIL THREADS MEDIAN LEAST ..." to "NAME THREADS MEDIAN-OF-ROUNDS LEAST".
summary() {
	sort -k1,1 -k3,3n -k4,4n | awk '
		{ key = $1 " " $3; n[key]++; value[key, n[key]] = $4; detail[key] = $2
		  if (!(key in least) || $5 < least[key]) least[key] = $5 }
		END { for (key in n) print key, detail[key], value[key, int((n[key] + 1) / 2)],
			least[key] }' | sort -k1,1 -k2,2n
}

results=$(mktemp)
trap 'rm -f "$results"' EXIT
compare=false
get_onnxruntime && compare=true

echo "machine: $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1)," \
	"$(nproc) processors, load $(cut -d' ' -f1 /proc/loadavg)"
echo "encoder: 12 layers, hidden 768, inner 3072, 12 heads, 128 tokens, $zeros % zeros"
for ((round = 0; round < rounds; round++)); do
	"$program" --runs "$runs" --zeros "$zeros" 1 2 >> "$results" ||
		die "the device core failed; see above"
	if $compare; then
		node "$here/onnxruntime_bench.mjs" "$cache/node_modules" "$runs" 1 2 \
			>> "$results" || die "onnxruntime failed; see above"
	fi
done

[[ $(awk '$1 == "device" { print $6, $7 }' "$results" | sort -u | wc -l) == 1 ]] ||
	die "the device core's results differ between runs: $(<"$results")"
summary < "$results" | awk '
	{ printf "%-12s %-8s %s thread%s  %7.2f ms per sentence (least %.2f)\n",
		$1, $3, $2, $2 == 1 ? " " : "s", $4, $5
	  median[$1, $2] = $4 }
	END { for (t = 1; t <= 2; t++) if (("onnxruntime", t) in median)
		printf "%d thread%s: the device core runs at %.2f times the speed of onnxruntime int8\n",
			t, t == 1 ? "" : "s", median["onnxruntime", t] / median["device", t] }'
