# SPDX-License-Identifier: MIT
# What the tests of the tool share: where it is, small models, running it and judging.
# shellcheck shell=bash
#
# Sourced in the repository's root; gives BUILD (build directory), EDGEBERT (the tool), WORK (a
# folder that goes away), TINY (a small model), and
#
#   tool ARGUMENT...                 runs the tool; sets status; $WORK/out and $WORK/err
#   refused STATUS GLOB NAME ARGUMENT...
#                                    passes when the tool exits with STATUS, writes nothing to
#                                    standard output and a message that matches to standard error
#   result NAME WANTED-STATUS TEST   passes when $status is as wanted and the command succeeds

. tests/tap.sh

BUILD=$(realpath -m "${BUILD:-build}")
EDGEBERT=$BUILD/bin/edgebert
JSON_CHECK=$BUILD/helpers/json-check
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
# Readable for the ordinary user that some tests become.
chmod 755 "$WORK"
TINY=$WORK/tiny.ebm
"$BUILD/helpers/cli-model" "$TINY" || exit 1

# make_model KIND: prints the path of a small model of that kind.
make_model() {
	"$BUILD/helpers/cli-model" "$WORK/$1.ebm" "$1" && echo "$WORK/$1.ebm"
}

tool() {
	status=0
	"$EDGEBERT" "$@" >"$WORK/out" 2>"$WORK/err" || status=$?
}

# run_tiny ARGUMENT...: the tool's run on the small model, without a device.
run_tiny() {
	tool run --backend reference --model "$TINY" "$@"
}

# judge NAME: passes when the file $WORK/why is empty; else it says why not.
judge() {
	if [ ! -s "$WORK/why" ]; then
		pass "$1"
		return
	fi
	{
		cat "$WORK/why"
		echo "exit status $status; standard error:"
		head -c 2000 "$WORK/err"
		echo "standard output:"
		head -c 2000 "$WORK/out"
	} >"$tap_output"
	fail "$1"
}

refused() {
	local wanted=$1 glob=$2 name=$3
	shift 3

	tool "$@" </dev/null
	: >"$WORK/why"
	[ "$status" -eq "$wanted" ] || echo "wanted exit status $wanted" >>"$WORK/why"
	# shellcheck disable=SC2053 # a glob is meant
	[[ $(<"$WORK/err") == $glob ]] || echo "wanted a message like: $glob" >>"$WORK/why"
	[ ! -s "$WORK/out" ] || echo "wanted no standard output" >>"$WORK/why"
	judge "$name"
}

result() {
	local name=$1 wanted=$2
	shift 2

	: >"$WORK/why"
	[ "$status" -eq "$wanted" ] || echo "wanted exit status $wanted" >>"$WORK/why"
	"$@" >>"$WORK/why" 2>&1 || echo "failed: $*" >>"$WORK/why"
	judge "$name"
}

# Whether a file has a line that matches the glob.
has_line() {
	local line

	while IFS= read -r line; do
		# shellcheck disable=SC2053
		[[ $line == $2 ]] && return
	done <"$1"
	return 1
}

lines_are() {
	[ "$(wc -l <"$1")" -eq "$2" ]
}

# JSON results without what is measured and not modelled.
without_host_time() {
	sed 's/"host_us":[^,}]*,//' "$@"
}

json_ok() {
	local file=$1
	shift

	"$JSON_CHECK" "$@" <"$file" >/dev/null
}

is_empty() {
	[ ! -s "$1" ]
}

# A sentence of so many words.
words() {
	yes aa | head -n "$1" | tr '\n' ' '
	echo
}
