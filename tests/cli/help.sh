#!/bin/bash
# SPDX-License-Identifier: MIT
# Help, versions and metadata: complete, and in step with Documentation/tool.md.
cd "$(dirname "$0")/../.." || exit 1
. tests/cli/common.bash

document=Documentation/tool.md

tool metadata
result "metadata is JSON" 0 json_ok "$WORK/out" --document schema_version=whole commands=array \
	exit_statuses=array
cp "$WORK/out" "$WORK/metadata"

# Names at a depth of the indented metadata: 6 spaces commands, 10 spaces options.
names() {
	sed -n "s/^ \{$1\}\"name\": *\"\(.*\)\",\$/\1/p" "$WORK/metadata"
}
# options COMMAND: the long options of a command.
options() {
	awk -v command="\"name\": \"$1\"," '
		/^      "name":/ { inside = index($0, command) }
		/^          "name":/ && inside { gsub(/.*: *"|",$/, ""); print }' "$WORK/metadata"
}

tool --help
cp "$WORK/out" "$WORK/help"
result "the list of commands needs no option" 0 is_empty "$WORK/err"
tool help
result "help and --help are the same" 0 cmp "$WORK/out" "$WORK/help"

commands=$(names 6 | sed '/^[A-Z_]*$/d')
check "there are commands" test "$(wc -w <<<"$commands")" -ge 6
for command in $commands; do
	check "$command is in the list of commands" grep -q "^  $command " "$WORK/help"
	check "$command is in $document" grep -q "^## edgebert $command\$" $document
	tool "$command" --help
	cp "$WORK/out" "$WORK/$command.help"
	result "$command --help" 0 has_line "$WORK/out" "usage: edgebert $command*"
	tool help "$command"
	result "help $command is the same" 0 cmp "$WORK/out" "$WORK/$command.help"
	for option in $(options "$command") help; do
		check "$command --help has --$option" grep -q -- "--$option\b" "$WORK/$command.help"
		check "$document has --$option of $command" \
			awk -v start="## edgebert $command" -v option="\`--$option" '
				/^## / { inside = $0 == start || $0 == "## Common options" }
				inside && index($0, option) { found = 1 }
				END { exit !found }' $document
	done
done

statuses=$(tr -d ' \n' <"$WORK/metadata" | sed 's/.*"exit_statuses":\[//' |
	grep -o '"value":[0-9]*,"name":"[A-Z_]*"' | sed 's/"value":\([0-9]*\),"name":"\(.*\)"/\1=\2/')
check "there are exit statuses" test "$(wc -l <<<"$statuses")" -ge 20
for entry in $statuses; do
	check "$document has exit status ${entry%=*}, ${entry#*=}" \
		grep -q "^| ${entry%=*} | \`${entry#*=}\` |" $document
done

tool --version
result "--version" 0 has_line "$WORK/out" "edgebert: *[0-9].[0-9]*"
tool version --json
result "version as JSON" 0 json_ok "$WORK/out" --document tool=text library=text \
	model_format=text hardware_contract=text
end_tests
