# SPDX-License-Identifier: MIT
# Fuzz targets: built by "make fuzz-targets" with clang, libFuzzer and sanitizers only.

FUZZ_TARGETS := commands rings registers page_tables vfio_user model text pieces checkpoint

ifdef FUZZING
fuzz_board := tests/fuzz/board.c tests/unit/pcie/board.c tests/unit/pcie/host_driver.c
fuzz_device := edgebert-pcie edgebert-core
fuzz_runtime := edgebert-rt tokenizer edgebert-core

fuzz_commands_ARCHIVES := edgebert-core
fuzz_rings_EXTRA := $(fuzz_board)
fuzz_rings_ARCHIVES := $(fuzz_device)
fuzz_registers_EXTRA := $(fuzz_board)
fuzz_registers_ARCHIVES := $(fuzz_device)
fuzz_page_tables_EXTRA := $(fuzz_board)
fuzz_page_tables_ARCHIVES := $(fuzz_device)
fuzz_vfio_user_ARCHIVES := edgebert-vfio-user $(fuzz_device)
fuzz_model_EXTRA := tests/unit/lib/tiny_model.c
fuzz_model_ARCHIVES := $(fuzz_runtime)
fuzz_text_EXTRA := tests/unit/lib/tiny_model.c
fuzz_text_ARCHIVES := $(fuzz_runtime)
fuzz_pieces_EXTRA := tests/unit/tokenizer/piece_model.c
fuzz_pieces_ARCHIVES := $(fuzz_runtime)
fuzz_checkpoint_ARCHIVES := edgebert-compiler $(fuzz_runtime)

define fuzz_target
HELPER_PROGRAMS += fuzz_$(1)
fuzz_$(1)_SOURCES := tests/fuzz/fuzz_$(1).c tests/fuzz/fuzz.c $$(fuzz_$(1)_EXTRA)
fuzz_$(1)_PACKAGES := cmocka $(RUNTIME_PACKAGES)
fuzz_$(1)_LIBS := -fsanitize=fuzzer -lm -lpthread
# libFuzzer's own entry point has no prototype anywhere.
fuzz_$(1)_CFLAGS := -Wno-missing-prototypes
endef
$(foreach target,$(FUZZ_TARGETS),$(eval $(call fuzz_target,$(target))))
endif

.PHONY: fuzz fuzz-targets
fuzz:
	@BUILD=$(BUILD) tests/fuzz/run

fuzz-targets:
	@$(MAKE) CC=clang SANITIZE=address,undefined FUZZING=1 BUILD=$(BUILD)/fuzz \
		$(FUZZ_TARGETS:%=$(BUILD)/fuzz/helpers/fuzz_%)
