// SPDX-License-Identifier: MIT
/*
 * Compact 8-bit form of a checkpoint: each matrix as I8 with one symmetric scale for every
 * 64 values of a row (tensor "NAME.scale"), everything else in its own type.  Exact zeros stay zero, so a
 * pruned table keeps its sparsity.
 */
#include "tools/model/checkpoint_pack.h"

#include <endian.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/status.h"
#include "tools/model/checkpoint.h"
#include "tools/model/file.h"

/*
 * Values that share a scale.  Rows of trained matrices often hold one value far above the
 * rest (the diagonal of a pooler, a neuron that feeds an outlier dimension); a scale for the
 * whole row would cost the rest 3 bits.
 */
#define GROUP 64
/* A matrix of few rows (type embeddings, classifiers) saves nothing worth its rounding. */
#define ROWS_MIN 16
#define MEMBER_BYTES_MAX (64u << 20)

struct packing {
	struct eb_tensor_source *tensors;
	void **owned;			/* bytes and names made here, one list */
	size_t count;
	size_t owned_count;
};

static void packing_free(struct packing *packing)
{
	for (size_t i = 0; i < packing->owned_count; i++)
		free(packing->owned[i]);
	free(packing->owned);
	free(packing->tensors);
}

static void *own(struct packing *packing, void *memory)
{
	if (memory)
		packing->owned[packing->owned_count++] = memory;
	return memory;
}

/*
 * One group's codes and scale.  The scale is rounded up to a half first, so that the codes
 * belong to the stored scale and never exceed 127.
 */
static enum eb_status pack_group(const char *name, const float *values, size_t count,
				 int8_t *codes, uint16_t *ret_scale)
{
	float largest = 0, scale;

	for (size_t i = 0; i < count; i++)
		largest = fmaxf(largest, fabsf(values[i]));
	*ret_scale = eb_half_from_float(largest / 127);
	if (eb_float_from_half(*ret_scale) * 127 < largest)
		(*ret_scale)++;
	scale = eb_float_from_half(*ret_scale);
	if (!isfinite(scale))
		return eb_fail(EB_INVALID_ARGUMENT, "tensor %s: %g is too large to pack", name,
			       (double)largest);
	for (size_t i = 0; i < count; i++)
		codes[i] = largest > 0 ? (int8_t)lrintf(values[i] / scale) : 0;
	return EB_OK;
}

static enum eb_status pack_groups(const struct eb_tensor *tensor, size_t group, int8_t *codes,
				  uint16_t *scales)
{
	enum eb_status status = EB_OK;
	float *values = malloc(group * sizeof(*values));

	if (!values)
		return eb_fail(EB_OUT_OF_MEMORY, "no memory to pack tensor %s", tensor->name);
	for (size_t i = 0; i < tensor->elements / group && !status; i++) {
		eb_tensor_floats(tensor, i * group, group, values);
		status = pack_group(tensor->name, values, group, codes + i * group, &scales[i]);
		scales[i] = htole16(scales[i]);
	}
	free(values);
	return status;
}

static enum eb_status pack_matrix(struct packing *packing, const struct eb_tensor *tensor)
{
	size_t rows = tensor->shape[0], columns = tensor->shape[1];
	size_t group = columns % GROUP ? columns : GROUP;
	int8_t *codes = own(packing, malloc(rows * columns));
	uint16_t *scales = own(packing, malloc(rows * columns / group * sizeof(*scales)));
	char *name = NULL;

	if (asprintf(&name, "%s.scale", tensor->name) < 0)
		name = NULL;
	own(packing, name);
	if (!codes || !scales || !name)
		return eb_fail(EB_OUT_OF_MEMORY, "no memory to pack tensor %s", tensor->name);
	packing->tensors[packing->count++] = (struct eb_tensor_source){
		tensor->name, EB_TENSOR_I8, 2, { rows, columns }, codes };
	packing->tensors[packing->count++] = (struct eb_tensor_source){
		name, EB_TENSOR_F16, 2, { rows, columns / group }, scales };
	return pack_groups(tensor, group, codes, scales);
}

static void keep_tensor(struct packing *packing, const struct eb_tensor *tensor)
{
	struct eb_tensor_source *copy = &packing->tensors[packing->count++];

	*copy = (struct eb_tensor_source){ .name = tensor->name, .type = tensor->type,
					   .rank = tensor->rank, .bytes = tensor->bytes };
	memcpy(copy->shape, tensor->shape, sizeof(copy->shape));
}

/* Masks hold zeros and ones, which no scale goes with. */
static bool is_mask(const char *name)
{
	size_t length = strlen(name);

	return length > 5 && (strcmp(name + length - 5, "_mask") == 0 ||
			      strcmp(name + length - 5, ".mask") == 0);
}

static enum eb_status pack_tensors(struct packing *packing, const struct eb_safetensors *file)
{
	enum eb_status status = EB_OK;

	packing->tensors = calloc(2 * file->count, sizeof(*packing->tensors));
	packing->owned = calloc(3 * file->count, sizeof(*packing->owned));
	if (!packing->tensors || !packing->owned)
		return eb_fail(EB_OUT_OF_MEMORY, "%s: no memory to pack it", file->path);
	for (size_t i = 0; i < file->count && !status; i++) {
		const struct eb_tensor *tensor = &file->tensors[i];

		if (tensor->type == EB_TENSOR_OTHER)
			continue;
		if (tensor->type == EB_TENSOR_I8)
			status = eb_fail(EB_INVALID_ARGUMENT, "%s: is packed already", file->path);
		else if (tensor->rank == 2 && tensor->shape[0] >= ROWS_MIN && tensor->elements &&
			 tensor->type <= EB_TENSOR_F64 && !is_mask(tensor->name))
			status = pack_matrix(packing, tensor);
		else
			keep_tensor(packing, tensor);
	}
	return status;
}

static enum eb_status write_member(const char *directory, const char *name, const char *bytes,
				   size_t size)
{
	const struct eb_file_part part = { bytes, size };
	char *path = eb_path_join(directory, name);
	enum eb_status status;

	if (!path)
		return eb_fail(EB_OUT_OF_MEMORY, "%s: no memory", directory);
	status = eb_file_replace(path, &part, 1);
	free(path);
	return status;
}

/* A file that a checkpoint may lack. */
static enum eb_status copy_member(const char *input, const char *output, const char *name)
{
	char *path = eb_path_join(input, name), *bytes = NULL;
	enum eb_status status = EB_OK;
	size_t size;

	if (!path)
		return eb_fail(EB_OUT_OF_MEMORY, "%s: no memory", input);
	if (access(path, F_OK) == 0) {
		status = eb_file_read(path, MEMBER_BYTES_MAX, &bytes, &size);
		if (!status)
			status = write_member(output, name, bytes, size);
	}
	free(bytes);
	free(path);
	return status;
}

enum eb_status eb_checkpoint_pack(const char *input, const char *output)
{
	struct packing packing = { 0 };
	struct eb_checkpoint checkpoint;
	enum eb_status status;
	char *path;

	status = eb_checkpoint_open(input, &checkpoint);
	if (status)
		return status;
	status = pack_tensors(&packing, &checkpoint.tensors);
	path = eb_path_join(output, "model.safetensors");
	if (!status && !path)
		status = eb_fail(EB_OUT_OF_MEMORY, "%s: no memory", output);
	if (!status)
		status = eb_safetensors_write(path, packing.tensors, packing.count);
	if (!status)
		status = write_member(output, "config.json", checkpoint.config,
				      checkpoint.config_size);
	if (!status)
		status = write_member(output, checkpoint.vocabulary_name, checkpoint.vocabulary,
				      checkpoint.vocabulary_size);
	if (!status)
		status = copy_member(input, output, "tokenizer_config.json");
	if (!status)
		status = copy_member(input, output, "tokenizer.json");
	if (!status && checkpoint.description)
		status = write_member(output, "model.json", checkpoint.description,
				      strlen(checkpoint.description));
	free(path);
	packing_free(&packing);
	eb_checkpoint_close(&checkpoint);
	return status;
}
