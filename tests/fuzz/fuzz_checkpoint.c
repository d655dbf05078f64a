// SPDX-License-Identifier: MIT
/*
 * safetensors files: opening one and reading its tensors ends in a status, inside the file.
 *
 * Input: the file.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"
#include "tools/model/safetensors.h"

static void read_tensors(const struct eb_safetensors *file)
{
	float values[16];

	for (size_t i = 0; i < file->count; i++) {
		const struct eb_tensor *tensor = &file->tensors[i];
		size_t count = tensor->elements < 16 ? tensor->elements : 16;

		FUZZ_CHECK(tensor->elements * eb_tensor_element_size(tensor->type) <=
			   file->map_size);
		FUZZ_CHECK(eb_safetensors_find(file, tensor->name) != NULL);
		eb_tensor_floats(tensor, 0, count, values);
		eb_tensor_floats(tensor, tensor->elements - count, count, values);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct eb_safetensors file;
	char path[64];
	int fd = memfd_create("checkpoint", MFD_CLOEXEC);

	FUZZ_CHECK(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (eb_safetensors_open(path, &file) == EB_OK) {
		read_tensors(&file);
		eb_safetensors_close(&file);
	}
	close(fd);
	return 0;
}

void fuzz_write_seeds(const char *directory)
{
	static struct fuzz_seed seed;
	static const char *const headers[] = {
		"{\"a\":{\"dtype\":\"F32\",\"shape\":[2,2],\"data_offsets\":[0,16]}}",
		"{\"__metadata__\":{\"format\":\"pt\"},"
		"\"a\":{\"dtype\":\"F16\",\"shape\":[4],\"data_offsets\":[0,8]},"
		"\"b\":{\"dtype\":\"I8\",\"shape\":[2,1,4],\"data_offsets\":[8,16]}}",
		"{\"a\":{\"dtype\":\"BF16\",\"shape\":[],\"data_offsets\":[0,2]}}",
	};
	const uint8_t contents[16] = { 0, 0, 0x80, 0x3f, 1, 2, 3, 4 };

	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		const char name[2] = { (char)('a' + i) };

		fuzz_put_u64(&seed, strlen(headers[i]));
		fuzz_put(&seed, headers[i], strlen(headers[i]));
		fuzz_put(&seed, contents, i == 2 ? 2 : 16);
		fuzz_save(&seed, directory, name);
	}
}
