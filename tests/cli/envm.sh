#!/bin/bash
# SPDX-License-Identifier: MIT
# The word embedding in the eNVM: compile --envm-image, envm, run --envm-image, and refusals.
cd "$(dirname "$0")/../.." || exit 1
. tests/cli/common.bash

if ! "$EDGEBERT" compile --help >/dev/null 2>&1; then
	skip "envm" "this tool was built without the compiler"
	end_tests
	exit
fi

# compile_task NAME EMBEDDING TASK IMAGE
compile_task() {
	mkdir -p "$WORK/$1"
	"$BUILD/helpers/cli-checkpoint" "$WORK/$1" bert "$2" "$3" || return
	tool compile "$WORK/$1" --calibration "$WORK/$1/sentences.tsv" --output "$WORK/$1.ebm" \
		--report "$WORK/$1.txt" --envm-image "$WORK/$4" --json
}

image=$WORK/words.evm
compile_task one 7 1 words.evm
result "an image is made" 0 json_ok "$WORK/out" --document embedding_place=text envm_image_id=text
check "the report says where the embedding lies" grep -q "in the eNVM: image words, [0-9a-f]" \
	"$WORK/one.txt"
before=$(sha256sum "$image")
compile_task two 7 2 words.evm
result "a second task shares it" 0 test "$before" = "$(sha256sum "$image")"
compile_task three 8 1 words.evm
result "another embedding does not" 1 grep -q "another word embedding" "$WORK/err"

tool envm info --backend reference --envm-image "$image"
result "info shows the image" 0 grep -Eq "^image: +words$" "$WORK/out"
tool envm info --backend reference --json
result "info of an empty memory, as JSON" 0 json_ok "$WORK/out" --document \
	image_name=null generation=whole active_slot=text slots=array
head -c 500 "$image" >"$WORK/cut.evm"
refused 27 "*cut.evm*EB_IMAGE_CORRUPT*" "a damaged image is refused" \
	envm info --backend reference --envm-image "$WORK/cut.evm"
refused 26 "*nil.evm*EB_IMAGE_NOT_FOUND*" "a missing image is named" \
	envm info --backend reference --envm-image "$WORK/nil.evm"
refused 1 "*when it is opened*" "the reference's memory is not programmed" \
	envm program "$image" --backend reference
refused 64 "*there is no envm burn*info, program and verify*" "an unknown action" envm burn
refused 64 "*needs the image*" "program without image" envm program --backend reference
refused 64 "*needs the image*" "verify without image" envm verify --backend reference
refused 64 "*takes no image*" "info with image" envm info "$image" --backend reference
refused 64 "*--envm-image needs --backend reference*" "an image for a device" \
	envm info --envm-image "$image"

echo "ae af ag" >"$WORK/in"
tool run --backend reference --envm-image "$image" --model "$WORK/one.ebm" "$WORK/in"
result "a model runs with its image" 0 grep -q "exit" "$WORK/out"
refused 25 "*one.ebm*words*EB_IMAGE_NOT_INSTALLED*--envm-image*" \
	"without, it says which image it needs" \
	run --backend reference --model "$WORK/one.ebm" "$WORK/in"
end_tests
