// SPDX-License-Identifier: MIT
/*
 * Taking fuzz inputs apart and putting seeds together; "TARGET --write-seeds DIRECTORY".
 */
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerInitialize(int *count, char ***values);

void fuzz_failed(const char *file, int line, const char *condition)
{
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, condition);
	abort();
}

struct fuzz_input fuzz_input(const uint8_t *data, size_t size)
{
	return (struct fuzz_input){ data, size };
}

void fuzz_take(struct fuzz_input *input, void *destination, size_t size)
{
	size_t there = size < input->left ? size : input->left;

	if (there > 0)
		memcpy(destination, input->next, there);
	memset((uint8_t *)destination + there, 0, size - there);
	input->next += there;
	input->left -= there;
}

uint8_t fuzz_u8(struct fuzz_input *input)
{
	uint8_t value;

	fuzz_take(input, &value, sizeof(value));
	return value;
}

uint16_t fuzz_u16(struct fuzz_input *input)
{
	uint16_t value;

	fuzz_take(input, &value, sizeof(value));
	return value;
}

uint32_t fuzz_u32(struct fuzz_input *input)
{
	uint32_t value;

	fuzz_take(input, &value, sizeof(value));
	return value;
}

uint64_t fuzz_u64(struct fuzz_input *input)
{
	uint64_t value;

	fuzz_take(input, &value, sizeof(value));
	return value;
}

void fuzz_put(struct fuzz_seed *seed, const void *bytes, size_t size)
{
	FUZZ_CHECK(size <= sizeof(seed->bytes) - seed->size);
	if (size > 0)
		memcpy(seed->bytes + seed->size, bytes, size);
	seed->size += size;
}

void fuzz_put_u8(struct fuzz_seed *seed, uint8_t value)
{
	fuzz_put(seed, &value, sizeof(value));
}

void fuzz_put_u16(struct fuzz_seed *seed, uint16_t value)
{
	fuzz_put(seed, &value, sizeof(value));
}

void fuzz_put_u32(struct fuzz_seed *seed, uint32_t value)
{
	fuzz_put(seed, &value, sizeof(value));
}

void fuzz_put_u64(struct fuzz_seed *seed, uint64_t value)
{
	fuzz_put(seed, &value, sizeof(value));
}

void fuzz_save_bytes(const char *directory, const char *name, const void *bytes, size_t size)
{
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "wb");
	if (file == NULL || fwrite(bytes, 1, size, file) != size || fclose(file) != 0) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		exit(1);
	}
}

void fuzz_save(struct fuzz_seed *seed, const char *directory, const char *name)
{
	fuzz_save_bytes(directory, name, seed->bytes, seed->size);
	seed->size = 0;
}

int LLVMFuzzerInitialize(int *count, char ***values)
{
	if (*count == 3 && strcmp((*values)[1], "--write-seeds") == 0) {
		fuzz_write_seeds((*values)[2]);
		exit(0);
	}
	return 0;
}
