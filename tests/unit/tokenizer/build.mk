# SPDX-License-Identifier: MIT
# Unit tests of the tokenizer.

UNIT_TESTS += test_tokenizer
test_tokenizer_SOURCES := tests/unit/tokenizer/test_tokenizer.c
test_tokenizer_ARCHIVES := tokenizer status
test_tokenizer_PACKAGES := cmocka libutf8proc
