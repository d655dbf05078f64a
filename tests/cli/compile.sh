#!/bin/bash
# SPDX-License-Identifier: MIT
# compile and pack-checkpoint refuse what is no checkpoint and where nothing can be written.
cd "$(dirname "$0")/../.." || exit 1
. tests/cli/common.bash

if ! "$EDGEBERT" compile --help >/dev/null 2>&1; then
	skip "compile" "this tool was built without the compiler"
	end_tests
	exit
fi
mkdir "$WORK/checkpoint"
refused 64 "*--output FILE is missing*" "no output" compile "$WORK/checkpoint"
refused 64 "*CHECKPOINT is missing*" "no checkpoint" compile --output "$WORK/x.ebm"
refused 20 "*/nil: *No such file*ENOENT*EB_MODEL_NOT_FOUND*" "a folder that does not exist" \
	compile "$WORK/nil" --output "$WORK/x.ebm"
refused 1 "*checkpoint/config.json*No such file*" "an empty folder" \
	compile "$WORK/checkpoint" --output "$WORK/x.ebm"
refused 1 "*README.md*" "a file as folder" compile README.md --output "$WORK/x.ebm"
refused 74 "*nil/x.ebm can not be written: folder *ENOENT*" "an output folder that does not exist" \
	compile "$WORK/checkpoint" --output "$WORK/nil/x.ebm"
echo '{' >"$WORK/checkpoint/config.json"
refused 1 "*config.json*" "a configuration that is no JSON" \
	compile "$WORK/checkpoint" --output "$WORK/x.ebm"
echo '{"model_type": "gpt2"}' >"$WORK/checkpoint/config.json"
refused 1 "*config.json*" "a model of another kind" \
	compile "$WORK/checkpoint" --output "$WORK/x.ebm"
tool compile "$WORK/checkpoint" --output "$WORK/x.ebm" --json </dev/null
result "as JSON" 1 json_ok "$WORK/err" error.status=text error.message=text
check "nothing was left behind" test ! -e "$WORK/x.ebm"
refused 64 "*CHECKPOINT FOLDER is missing*" "pack-checkpoint without output" \
	pack-checkpoint "$WORK/checkpoint"
refused 20 "*/nil: *EB_MODEL_NOT_FOUND*" "pack-checkpoint of nothing" pack-checkpoint "$WORK/nil" "$WORK/checkpoint"
end_tests
