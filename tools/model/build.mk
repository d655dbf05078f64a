# SPDX-License-Identifier: MIT
# The model compiler: checkpoints in, model files out.

STATIC_LIBS += edgebert-compiler
edgebert-compiler_SOURCES := $(addprefix tools/model/, \
	checkpoint.c checkpoint_config.c checkpoint_pack.c file.c forward.c matmul_float.c \
	network.c reference.c safetensors.c safetensors_write.c sentences.c workers.c)
edgebert-compiler_PACKAGES := json-c
# Fused multiply-add would make calibration depend on the machine that compiles the tool.
edgebert-compiler_CFLAGS := -ffp-contract=off

PROGRAMS += edgebert-model-check
edgebert-model-check_SOURCES := tools/model/check_main.c
edgebert-model-check_ARCHIVES := edgebert-compiler tokenizer status
edgebert-model-check_PACKAGES := json-c popt libutf8proc
edgebert-model-check_LIBS := -lm -pthread
