# SPDX-License-Identifier: MIT
# Unit tests of the tool's parts that hold no device.

tool_parts := $(addprefix tools/edgebert/, record.c render_json.c render_text.c report.c)

UNIT_TESTS += test_line_reader test_tool_options test_tool_records \
	test_tool_advice
test_line_reader_SOURCES := tests/unit/tool/test_line_reader.c tools/edgebert/line_reader.c \
	$(tool_parts)
test_tool_options_SOURCES := tests/unit/tool/test_tool_options.c tools/edgebert/options.c \
	$(tool_parts)
test_tool_records_SOURCES := tests/unit/tool/test_tool_records.c $(tool_parts)

test_line_reader_ARCHIVES := tokenizer status
test_line_reader_PACKAGES := cmocka json-c libutf8proc
test_tool_options_ARCHIVES := tokenizer status
test_tool_options_PACKAGES := cmocka json-c libutf8proc popt
test_tool_options_LIBS := -lm
test_tool_records_ARCHIVES := tokenizer status
test_tool_records_PACKAGES := cmocka json-c libutf8proc
test_tool_advice_SOURCES := tests/unit/tool/test_tool_advice.c tools/edgebert/diagnosis.c \
	$(tool_parts)
test_tool_advice_ARCHIVES := tokenizer status
test_tool_advice_PACKAGES := cmocka json-c libutf8proc
