# SPDX-License-Identifier: MIT
# The model compiler: checkpoints in, model files out.

STATIC_LIBS += edgebert-compiler
edgebert-compiler_SOURCES := $(addprefix tools/model/, \
	calibrate.c checkpoint.c checkpoint_config.c checkpoint_pack.c checkpoint_tokenizer.c \
	columns.c compile.c cycle_tables.c \
	ebm_writer.c envm_image.c file.c forward.c heads.c lower.c lower_attention.c \
	lower_commands.c matmul_float.c metadata.c network.c plan.c \
	predictor.c program.c quantise.c reference.c report.c runner.c safetensors.c \
	safetensors_write.c sample_sentences.c sentences.c split_neurons.c statistics.c workers.c)
edgebert-compiler_PACKAGES := json-c libmd
# Fused multiply-add would make calibration depend on the machine that compiles the tool.
edgebert-compiler_CFLAGS := -ffp-contract=off

PROGRAMS += edgebert-model-check
edgebert-model-check_SOURCES := tools/model/check_main.c
edgebert-model-check_ARCHIVES := edgebert-compiler edgebert-rt edgebert-core tokenizer
edgebert-model-check_PACKAGES = popt libmd $(RUNTIME_PACKAGES)
edgebert-model-check_LIBS = $(RUNTIME_LIBS)

# The models of this repository.  The compiler's sources decide whether they are up to
# date, not its time stamp: see the script.
MODELS := $(patsubst models/%/config.json,$(BUILD)/models/%.ebm,$(wildcard models/*/config.json))
ALL_TARGETS += $(MODELS)

$(BUILD)/models/%.ebm: models/%/config.json models/%/model.safetensors \
		models/data/sst2-calibration.tsv tools/model/build-model.sh $(BUILD)/bin/edgebert
	@echo "  MODEL   $@"
	@tools/model/build-model.sh $(BUILD)/bin/edgebert models/$* \
		models/data/sst2-calibration.tsv $@
