#!/bin/bash
# SPDX-License-Identifier: MIT
# Every example of Documentation/tool.md does what the page says.
#
# In a ```console block, "$ COMMAND" is run and what follows is its output; "..." in it stands
# for anything.  The figures that depend on the model are left open that way.
cd "$(dirname "$0")/../.." || exit 1
. tests/cli/common.bash

document=Documentation/tool.md

# A checkout as the examples see it.
mkdir -p "$WORK/checkout/build"
ln -s "$PWD/models" "$PWD/Documentation" "$PWD/tests" "$WORK/checkout/"
ln -s "$BUILD/bin" "$BUILD/models" "$WORK/checkout/build/"

# as_glob TEXT: a pattern that matches the text, with "..." for anything.
as_glob() {
	sed -e 's/[][()\\*?]/\\&/g' -e 's/\.\.\./*/g' <<<"$1"
}

# check_example LINE COMMAND OUTPUT: in the checkout, after the example before it.
check_example() {
	local line=$1 command=$2 expected=$3 output

	output=$(
		cd "$WORK/checkout" || exit 1
		PATH=$PWD/build/bin:$PATH
		(exit "$last")
		eval "$command" 2>&1
	)
	last=$?
	# shellcheck disable=SC2053 # a glob is meant
	if [[ $output == $(as_glob "$expected") ]]; then
		pass "line $line: $command"
	else
		printf 'wanted:\n%s\ngot:\n%s\n' "$expected" "$output" >"$tap_output"
		fail "line $line: $command"
	fi
}

last=0
inside=no
command=
number=0

finish_example() {
	[ -z "$command" ] || examples+=("$start" "$command" "${expected%$'\n'}")
	command=
	expected=
}

examples=()
while IFS= read -r line; do
	number=$((number + 1))
	case $line in
	'```console') inside=yes ;;
	'```'*)
		finish_example
		inside=no
		;;
	'$ '*)
		[ $inside = yes ] || continue
		finish_example
		start=$number
		command=${line#'$ '}
		;;
	*) [ $inside = no ] || expected+=$line$'\n' ;;
	esac
done <$document

check "there are examples" test ${#examples[@]} -ge 30
needs_model=no
for ((i = 0; i < ${#examples[@]}; i += 3)); do
	command=${examples[i + 1]}
	# What asks for the exit status belongs to the example before it.
	if [ "$command" != 'echo $?' ]; then
		needs_model=no
		[[ $command != *build/models/* ]] || needs_model=yes
	fi
	if [ $needs_model = yes ] && [ ! -r "$BUILD/models/gte-small-sst2-ee.ebm" ]; then
		skip "line ${examples[i]}: $command" "the model has not been built"
		continue
	fi
	check_example "${examples[i]}" "$command" "${examples[i + 2]}"
done
end_tests
