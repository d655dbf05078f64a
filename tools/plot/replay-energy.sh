#!/bin/bash
# SPDX-License-Identifier: MIT
# Draws modelled energy per sentence of the three policies over the target latency, from
# recorded entropies.
set -euo pipefail
cd "$(dirname "$0")/../.."

usage() {
	cat <<USAGE
usage: tools/plot/replay-energy.sh [--threshold NATS] OUTPUT.svg
Runs "edgebert replay" with the paper's recorded entropies over a range of target latencies, for
the profiles stp23 and micro21, and draws the result with gnuplot.

environment: BUILD (build directory, default build)
USAGE
}

threshold=0.28
output=
while [ $# -gt 0 ]; do
	case $1 in
	--threshold) threshold=${2:?--threshold needs a number}; shift ;;
	--help) usage; exit 0 ;;
	-*) usage >&2; exit 64 ;;
	*) output=$1 ;;
	esac
	shift
done
[ -n "$output" ] || { usage >&2; exit 64; }
command -v gnuplot >/dev/null || { echo "gnuplot is missing: apt-get install gnuplot-nox" >&2; exit 1; }

edgebert=${BUILD:-build}/bin/edgebert
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# energies PROFILE: lines of target in ms, energies of full, entropy and latency in uJ, misses of latency.
energies() {
	local target

	for target in 15 17 20 22 25 27 30 35 40 45 50 60 70 80 100 120 150 200; do
		"$edgebert" replay --entropies tests/data/replay/dataset_sst2_eval_entropies.txt \
			--lut tests/data/replay/sst2_lookup_table_opt.csv --policy latency \
			--threshold "$threshold" --profile "$1" --target-latency "${target}ms" --json |
			sed -n 's/.*"\(modelled_energy_uj_mean\|deadline_misses\)": *\([0-9.]*\).*/\2/p' |
			tr '\n' ' ' | awk -v target="$target" '{ print target, $1, $3, $5, $6 }'
	done
}

for profile in stp23 micro21; do
	energies $profile >"$work/$profile"
done
gnuplot <<PLOT
set terminal svg size 760,420 font "sans-serif,13" background rgb "white"
set output "$work/plot.svg"
set multiplot layout 1,2 title "SST-2, recorded entropies, threshold $threshold nats; modelled"
set xlabel "target latency (ms)"
set ylabel "modelled energy per sentence (uJ)"
set yrange [0:*]
set xtics 50
set grid
set key at graph 0.98, graph 0.78
do for [profile in "stp23 micro21"] {
	set title "profile ".profile
	file = "$work/".profile
	plot file using 1:2 with lines lw 2 lc rgb "#666666" title "full, highest V/F", \
	     file using 1:3 with lines lw 2 lc rgb "#cc7722" title "early exit", \
	     file using 1:4 with linespoints lw 2 pt 7 ps 0.4 lc rgb "#1155aa" title "latency-aware"
}
unset multiplot
PLOT
mv "$work/plot.svg" "$output"
