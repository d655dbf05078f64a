# SPDX-License-Identifier: MIT
# Unit tests of the model compiler, each with the fixture.
model_tests := shapes safetensors checkpoint quantise forward predictor compile accuracy envm_image
UNIT_TESTS += $(model_tests:%=model-%)
define model_test
model-$(1)_SOURCES := tests/unit/model/test_$(1).c tests/unit/model/fixture.c \
	tests/unit/tokenizer/piece_model.c
model-$(1)_ARCHIVES := edgebert-compiler edgebert-rt edgebert-core tokenizer
model-$(1)_PACKAGES = cmocka libmd $(RUNTIME_PACKAGES)
model-$(1)_LIBS = $(RUNTIME_LIBS)
endef
$(foreach test,$(model_tests),$(eval $(call model_test,$(test))))
THREADED_UNIT_TESTS += model-forward
model-accuracy_CFLAGS := -DMODELS_FOLDER='"$(BUILD)/models"'
model-shapes_SOURCES += tests/unit/model/plain_network.c
