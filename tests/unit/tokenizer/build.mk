# SPDX-License-Identifier: MIT
# Unit tests of the tokenizer.

tokenizer_tests := test_tokenizer test_golden test_sentencepiece
UNIT_TESTS += $(tokenizer_tests)
tokenizer_parts := tests/unit/tokenizer/piece_model.c
define tokenizer_test
$(1)_SOURCES := tests/unit/tokenizer/$(1).c tests/unit/tokenizer/files.c $(tokenizer_parts)
$(1)_ARCHIVES := tokenizer status
$(1)_PACKAGES := cmocka libutf8proc sentencepiece
$(1)_LIBS := -lstdc++
endef
$(foreach test,$(tokenizer_tests),$(eval $(call tokenizer_test,$(test))))
