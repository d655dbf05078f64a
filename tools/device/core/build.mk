# SPDX-License-Identifier: MIT
# The device core, shared by edgebert-device, the reference backend and the compiler.
STATIC_LIBS += edgebert-core
edgebert-core_SOURCES := $(addprefix tools/device/core/, \
	activation.c adaptivfloat.c bitmask.c command.c core.c cycles.c elementwise.c \
	envm.c envm_cells.c envm_ecc.c envm_file.c \
	embedding.c energy.c execute.c exit_assessment.c kernels.c layernorm.c matmul.c \
	matmul_generic.c matmul_strips.c operand.c operating_point.c piecewise_linear.c profile.c \
	rows.c softmax.c workers.c)
# Kernels for instruction sets that the rest does not need; the processor is asked first.
ifneq ($(filter x86_64% amd64%,$(shell $(CC) -dumpmachine)),)
edgebert-core_SOURCES += $(addprefix tools/device/core/, bitmask_avx512.c codes_avx512.c \
	codes_avx512_vbmi.c finish_avx2.c finish_avx512.c matmul_avx2.c matmul_avx512.c \
	rows_avx2.c rows_avx512.c sums_avx512.c)
$(addprefix $(BUILD)/obj/tools/device/core/, finish_avx2.o matmul_avx2.o rows_avx2.o): \
	TARGET_CFLAGS += -mavx2
$(addprefix $(BUILD)/obj/tools/device/core/, bitmask_avx512.o codes_avx512.o codes_avx512_vbmi.o \
	finish_avx512.o matmul_avx512.o rows_avx512.o sums_avx512.o): TARGET_CFLAGS += \
	-mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx512vnni
$(addprefix $(BUILD)/obj/tools/device/core/, bitmask_avx512.o codes_avx512_vbmi.o): \
	TARGET_CFLAGS += -mavx512vbmi -mavx512vbmi2
endif
# Loops over rows are written to be vectorised.
edgebert-core_CFLAGS := -O3

# Test vectors of the published hardware model: build/bin/eb-vectors tests/data/golden
core_vector_sources := $(addprefix tools/device/core/, vector_checks.c vector_file.c \
	vector_published.c)
PROGRAMS += eb-vectors
eb-vectors_SOURCES := tools/device/core/vectors_main.c $(core_vector_sources)
eb-vectors_ARCHIVES := edgebert-core
eb-vectors_LIBS := -lm
