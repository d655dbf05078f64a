/* SPDX-License-Identifier: MIT */
/* Whole files for tests of the tokenizer. */
#ifndef EDGEBERT_TESTS_TOKENIZER_FILES_H
#define EDGEBERT_TESTS_TOKENIZER_FILES_H

#include <stddef.h>

#define TOKENIZER_DATA "tests/data/tokenizer/"

/* The file with a zero behind it; NULL when it can not be read.  Free it. */
char *read_whole_file(const char *path, size_t *ret_size);

#endif /* EDGEBERT_TESTS_TOKENIZER_FILES_H */
