# SPDX-License-Identifier: MIT
# libedgebert-rt: the runtime, as shared library and as internal archive.

# Status texts alone, for programs that share nothing else with the runtime.
STATIC_LIBS += status
status_SOURCES := lib/status.c

STATIC_LIBS += edgebert-rt
edgebert-rt_SOURCES := lib/status.c lib/options.c lib/model_file.c lib/model.c \
	lib/model_parameters.c lib/cycle_table.c lib/exit_predictor.c lib/operating_point.c \
	lib/program.c lib/backend_reference.c lib/device.c lib/device_find.c lib/resident_model.c

# Text to token ids; the model compiler uses it too.
STATIC_LIBS += tokenizer
tokenizer_SOURCES := lib/tokenizer_wordpiece.c lib/vocabulary.c lib/unicode_text.c
tokenizer_PACKAGES := libutf8proc
