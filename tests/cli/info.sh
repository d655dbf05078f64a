#!/bin/bash
# SPDX-License-Identifier: MIT
# info shows the reference device completely, as text and as JSON.
cd "$(dirname "$0")/../.." || exit 1
. tests/cli/common.bash

tool info --backend reference --json
result "info is complete JSON" 0 json_ok "$WORK/out" --document schema_version=whole \
	library_version=text devices=array
sed -n '/"devices"/,$p' "$WORK/out" | sed '1d;$d' | sed '$d' | tr -d '\n' >"$WORK/device"
result "a device is complete" 0 json_ok "$WORK/device" path=text backend=text \
	"bus_address=null|text" "driver.name=null|text" hardware_version=text profile=text \
	capabilities=array memories.data_buffer_bytes=whole memories.aux_buffer_bytes=whole \
	memories.envm_bytes=whole operating_points=array counters.jobs=whole counters.faults=whole \
	counters.modelled_cycles=whole counters.modelled_energy_uj=whole
result "the default profile has 16 operating points" 0 \
	test "$(grep -c '"mv":' "$WORK/out")" -eq 16

tool info --backend reference
for wanted in "device: *reference" "profile: *stp23" "hardware version: *1.0" \
	" *15 *717.000 *1000 *" " *jobs: *0"; do
	result "the text has '$wanted'" 0 has_line "$WORK/out" "$wanted"
done
tool info --backend reference --counters
result "--counters shows nothing else" 0 lines_are "$WORK/out" 6
tool info --backend reference --all --json
result "--all with the reference shows the reference" 0 has_line "$WORK/out" '*"path": *"reference"*'
tool info --backend reference --profile micro21
result "another profile" 0 has_line "$WORK/out" "profile: *micro21"
end_tests
