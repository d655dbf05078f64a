// SPDX-License-Identifier: MIT
/* Reads whole files. */
#include "tests/unit/tokenizer/files.h"

#include <stdio.h>
#include <stdlib.h>

char *read_whole_file(const char *path, size_t *ret_size)
{
	FILE *file = fopen(path, "rb");
	char *bytes = NULL;
	long size = -1;

	if (file && fseek(file, 0, SEEK_END) == 0)
		size = ftell(file);
	if (size >= 0)
		bytes = malloc((size_t)size + 1);
	if (bytes) {
		rewind(file);
		*ret_size = fread(bytes, 1, (size_t)size, file);
		bytes[*ret_size] = '\0';
	}
	if (file)
		fclose(file);
	return bytes;
}
