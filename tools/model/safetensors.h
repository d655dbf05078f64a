/* SPDX-License-Identifier: MIT */
/*
 * Reading safetensors files: a JSON header that names tensors, then their bytes.
 * The file is mapped, every offset is checked before anything is handed out.
 */
#ifndef EDGEBERT_MODEL_SAFETENSORS_H
#define EDGEBERT_MODEL_SAFETENSORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <edgebert/edgebert.h>

#define EB_TENSOR_RANK_MAX 4

enum eb_tensor_type {
	EB_TENSOR_I8,
	EB_TENSOR_F16,
	EB_TENSOR_BF16,
	EB_TENSOR_F32,
	EB_TENSOR_F64,
	EB_TENSOR_U8,
	EB_TENSOR_BOOL,
	/* Counters and such that checkpoints carry along; nothing reads their elements. */
	EB_TENSOR_I32,
	EB_TENSOR_I64,
	EB_TENSOR_OTHER,
};

struct eb_tensor {
	char *name;
	enum eb_tensor_type type;
	unsigned int rank;
	size_t shape[EB_TENSOR_RANK_MAX];
	size_t elements;
	const uint8_t *bytes;		/* inside the mapping, not aligned */
};

struct eb_safetensors {
	char *path;
	const uint8_t *map;
	size_t map_size;
	struct eb_tensor *tensors;	/* in the order of the file's header */
	size_t count;
};

enum eb_status eb_safetensors_open(const char *path, struct eb_safetensors *ret_file)
	EB_WARN_UNUSED;
/* Accepts a file that failed to open, and a zeroed structure. */
void eb_safetensors_close(struct eb_safetensors *file);

const struct eb_tensor *eb_safetensors_find(const struct eb_safetensors *file,
					    const char *name);

size_t eb_tensor_element_size(enum eb_tensor_type type);
const char *eb_tensor_type_name(enum eb_tensor_type type);
/* Whether elements can be read as floats: all but the last three types. */
bool eb_tensor_is_readable(const struct eb_tensor *tensor);
/* Elements first .. first + count - 1 as floats; I8 without any scale. */
void eb_tensor_floats(const struct eb_tensor *tensor, size_t first, size_t count,
		      float *destination);

/* ---- writing ---------------------------------------------------------------- */

struct eb_tensor_source {
	const char *name;
	enum eb_tensor_type type;
	unsigned int rank;
	size_t shape[EB_TENSOR_RANK_MAX];
	const void *bytes;
};

/* Writes path atomically (temporary file, sync, rename). */
enum eb_status eb_safetensors_write(const char *path, const struct eb_tensor_source *tensors,
				    size_t count) EB_WARN_UNUSED;

float eb_float_from_half(uint16_t half);
/* Round to nearest even; overflow becomes infinity. */
uint16_t eb_half_from_float(float value);

#endif /* EDGEBERT_MODEL_SAFETENSORS_H */
