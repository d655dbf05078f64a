# SPDX-License-Identifier: MIT
# Programs that the shell tests of the tool use.

HELPER_PROGRAMS += cli-checkpoint cli-model json-check

cli-model_SOURCES := tests/cli/make_model.c tests/unit/lib/tiny_model.c
cli-model_ARCHIVES := edgebert-core
cli-model_PACKAGES := zlib
cli-model_LIBS := -lm -lpthread

json-check_SOURCES := tests/cli/json_check.c
json-check_PACKAGES := json-c

cli-checkpoint_SOURCES := tests/cli/make_checkpoint.c tests/unit/tokenizer/piece_model.c
cli-checkpoint_ARCHIVES := edgebert-compiler edgebert-rt tokenizer edgebert-core
cli-checkpoint_PACKAGES = $(RUNTIME_PACKAGES)
cli-checkpoint_LIBS = $(RUNTIME_LIBS)
