# SPDX-License-Identifier: MIT
# edgebert: the command-line tool.

PROGRAMS += edgebert
edgebert_SOURCES := $(addprefix tools/edgebert/, \
	cmd_envm.c cmd_eval.c cmd_help.c cmd_info.c cmd_replay.c cmd_run.c cmd_tune.c dataset.c \
	dataset_run.c diagnosis.c evaluation.c line_reader.c main.c model_info.c number_table.c options.c \
	pipeline.c progress.c record.c render_json.c render_text.c replay_cost.c report.c result_record.c \
	session.c tuning.c) tools/model/columns.c
edgebert_ARCHIVES := edgebert-rt tokenizer edgebert-core
edgebert_PACKAGES = popt json-c libmd libutf8proc $(RUNTIME_PACKAGES)
edgebert_LIBS = $(RUNTIME_LIBS)

# The compiler's commands come with the compiler.
ifneq ($(wildcard tools/model/compile.c),)
edgebert_SOURCES += tools/edgebert/cmd_compile.c
edgebert_ARCHIVES += edgebert-compiler
edgebert_CFLAGS := -DEDGEBERT_WITH_COMPILER
endif
