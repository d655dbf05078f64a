// SPDX-License-Identifier: MIT
/*
 * Reading safetensors: maps the file, parses its JSON header and checks every tensor's
 * type, shape and place in the file before anything is handed out.
 */
#include "tools/model/safetensors.h"

#include <endian.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "lib/status.h"
#include "tools/model/file.h"

/* Real headers have about 100 bytes per tensor. */
#define HEADER_BYTES_MAX (16u << 20)
#define TENSORS_MAX 100000

static const struct {
	const char *name;
	size_t size;
} tensor_types[] = {
	[EB_TENSOR_I8] = { "I8", 1 },
	[EB_TENSOR_F16] = { "F16", 2 },
	[EB_TENSOR_BF16] = { "BF16", 2 },
	[EB_TENSOR_F32] = { "F32", 4 },
	[EB_TENSOR_F64] = { "F64", 8 },
	[EB_TENSOR_U8] = { "U8", 1 },
	[EB_TENSOR_BOOL] = { "BOOL", 1 },
	[EB_TENSOR_I32] = { "I32", 4 },
	[EB_TENSOR_I64] = { "I64", 8 },
	/* Its size is not known, so that of its elements is not checked. */
	[EB_TENSOR_OTHER] = { "of another type", 0 },
};

size_t eb_tensor_element_size(enum eb_tensor_type type)
{
	return tensor_types[type].size;
}

const char *eb_tensor_type_name(enum eb_tensor_type type)
{
	return tensor_types[type].name;
}

static enum eb_status parse_type(const char *path, const char *name, json_object *entry,
				 enum eb_tensor_type *ret_type)
{
	json_object *value;
	const char *text;

	if (!json_object_object_get_ex(entry, "dtype", &value) ||
	    !json_object_is_type(value, json_type_string))
		return eb_fail(EB_INVALID_ARGUMENT, "%s: tensor %s has no \"dtype\"", path, name);
	text = json_object_get_string(value);
	*ret_type = EB_TENSOR_OTHER;
	for (size_t i = 0; i < EB_TENSOR_OTHER; i++) {
		if (strcmp(text, tensor_types[i].name) == 0)
			*ret_type = (enum eb_tensor_type)i;
	}
	return EB_OK;
}

bool eb_tensor_is_readable(const struct eb_tensor *tensor)
{
	return tensor->type < EB_TENSOR_I32;
}

/* A member that must be an array of non-negative integers, at most limit of them. */
static enum eb_status parse_sizes(const char *path, const char *name, json_object *entry,
				  const char *key, size_t limit, size_t *sizes, size_t *ret_count)
{
	json_object *array;
	size_t count;

	if (!json_object_object_get_ex(entry, key, &array) ||
	    !json_object_is_type(array, json_type_array))
		return eb_fail(EB_INVALID_ARGUMENT, "%s: tensor %s has no \"%s\"", path, name, key);
	count = json_object_array_length(array);
	if (count > limit)
		return eb_fail(EB_INVALID_ARGUMENT, "%s: tensor %s: \"%s\" has %zu numbers, at most %zu",
			       path, name, key, count, limit);
	for (size_t i = 0; i < count; i++) {
		json_object *number = json_object_array_get_idx(array, i);
		int64_t value = json_object_get_int64(number);

		if (!json_object_is_type(number, json_type_int) || value < 0)
			return eb_fail(EB_INVALID_ARGUMENT,
				       "%s: tensor %s: \"%s\" must hold non-negative integers",
				       path, name, key);
		sizes[i] = (size_t)value;
	}
	*ret_count = count;
	return EB_OK;
}

static enum eb_status parse_tensor(const struct eb_safetensors *file, size_t data_start,
				   const char *name, json_object *entry, struct eb_tensor *tensor)
{
	size_t offsets[2], count, bytes, rank;
	size_t data_size = file->map_size - data_start;
	enum eb_status status;

	status = parse_type(file->path, name, entry, &tensor->type);
	if (!status)
		status = parse_sizes(file->path, name, entry, "shape", EB_TENSOR_RANK_MAX,
				     tensor->shape, &rank);
	if (!status)
		status = parse_sizes(file->path, name, entry, "data_offsets", 2, offsets, &count);
	if (status)
		return status;
	tensor->rank = (unsigned int)rank;
	tensor->elements = 1;
	for (size_t i = 0; i < rank; i++) {
		if (__builtin_mul_overflow(tensor->elements, tensor->shape[i], &tensor->elements))
			return eb_fail(EB_INVALID_ARGUMENT, "%s: tensor %s: shape is too large",
				       file->path, name);
	}
	if (count != 2 || offsets[0] > offsets[1] || offsets[1] > data_size)
		return eb_fail(EB_INVALID_ARGUMENT,
			       "%s: tensor %s lies outside the file's %zu data bytes; is it truncated?",
			       file->path, name, data_size);
	if (tensor->type != EB_TENSOR_OTHER &&
	    (__builtin_mul_overflow(tensor->elements, tensor_types[tensor->type].size, &bytes) ||
	     bytes != offsets[1] - offsets[0]))
		return eb_fail(EB_INVALID_ARGUMENT,
			       "%s: tensor %s has %zu bytes, its shape and type say %zu",
			       file->path, name, offsets[1] - offsets[0], bytes);
	tensor->bytes = file->map + data_start + offsets[0];
	tensor->name = strdup(name);
	return tensor->name ? EB_OK : eb_fail(EB_OUT_OF_MEMORY, "%s: no memory", file->path);
}

static enum eb_status parse_header(struct eb_safetensors *file, size_t data_start,
				   json_object *header)
{
	size_t count = (size_t)json_object_object_length(header);
	enum eb_status status;

	if (count > TENSORS_MAX)
		return eb_fail(EB_INVALID_ARGUMENT, "%s: has %zu tensors, at most %d are expected",
			       file->path, count, TENSORS_MAX);
	file->tensors = calloc(count ? count : 1, sizeof(*file->tensors));
	if (!file->tensors)
		return eb_fail(EB_OUT_OF_MEMORY, "%s: no memory for its header", file->path);
	json_object_object_foreach(header, name, entry) {
		if (strcmp(name, "__metadata__") == 0)
			continue;
		status = parse_tensor(file, data_start, name, entry, &file->tensors[file->count]);
		if (status)
			return status;
		file->count++;
	}
	return EB_OK;
}

static enum eb_status parse_file(struct eb_safetensors *file)
{
	uint64_t header_size;
	struct json_tokener *tokener;
	json_object *header;
	enum eb_status status;

	if (file->map_size < sizeof(header_size))
		return eb_fail(EB_INVALID_ARGUMENT, "%s: %zu bytes are too few for a safetensors file",
			       file->path, file->map_size);
	memcpy(&header_size, file->map, sizeof(header_size));
	header_size = le64toh(header_size);
	if (header_size > HEADER_BYTES_MAX || header_size > file->map_size - sizeof(header_size))
		return eb_fail(EB_INVALID_ARGUMENT,
			       "%s: header of %llu bytes does not fit the file of %zu bytes; is it a safetensors file?",
			       file->path, (unsigned long long)header_size, file->map_size);
	tokener = json_tokener_new();
	if (!tokener)
		return eb_fail(EB_OUT_OF_MEMORY, "%s: no memory for its header", file->path);
	header = json_tokener_parse_ex(tokener, (const char *)file->map + sizeof(header_size),
				       (int)header_size);
	if (!json_object_is_type(header, json_type_object))
		status = eb_fail(EB_INVALID_ARGUMENT, "%s: header is not a JSON object", file->path);
	else
		status = parse_header(file, sizeof(header_size) + (size_t)header_size, header);
	json_object_put(header);
	json_tokener_free(tokener);
	return status;
}

enum eb_status eb_safetensors_open(const char *path, struct eb_safetensors *ret_file)
{
	struct eb_safetensors file = { 0 };
	enum eb_status status;

	file.path = strdup(path);
	if (!file.path)
		return eb_fail(EB_OUT_OF_MEMORY, "%s: no memory", path);
	status = eb_file_map(path, &file.map, &file.map_size);
	if (!status)
		status = parse_file(&file);
	if (status) {
		eb_safetensors_close(&file);
		return status;
	}
	*ret_file = file;
	return EB_OK;
}

void eb_safetensors_close(struct eb_safetensors *file)
{
	for (size_t i = 0; i < file->count; i++)
		free(file->tensors[i].name);
	free(file->tensors);
	free(file->path);
	if (file->map)
		munmap((void *)file->map, file->map_size);
	memset(file, 0, sizeof(*file));
}

const struct eb_tensor *eb_safetensors_find(const struct eb_safetensors *file, const char *name)
{
	for (size_t i = 0; i < file->count; i++) {
		if (strcmp(file->tensors[i].name, name) == 0)
			return &file->tensors[i];
	}
	return NULL;
}

float eb_float_from_half(uint16_t half)
{
	uint32_t sign = (uint32_t)(half & 0x8000) << 16;
	uint32_t exponent = (half >> 10) & 0x1f;
	uint32_t mantissa = half & 0x3ff;
	uint32_t bits;
	float value;

	if (exponent == 0) {
		value = (float)mantissa * 0x1p-24f;
		return sign ? -value : value;
	}
	bits = sign | (mantissa << 13) | (exponent == 31 ? 0x7f800000 : (exponent + 112) << 23);
	memcpy(&value, &bits, sizeof(value));
	return value;
}

uint16_t eb_half_from_float(float value)
{
	uint32_t bits, magnitude;
	uint16_t sign;
	float scaled;

	memcpy(&bits, &value, sizeof(bits));
	sign = (uint16_t)((bits >> 16) & 0x8000);
	magnitude = bits & 0x7fffffff;
	if (magnitude > 0x7f800000)
		return sign | 0x7e00;
	if (magnitude >= 0x477ff000)
		return sign | 0x7c00;
	if (magnitude < 0x38800000) {
		/* Adding 0.5 leaves the subnormal's digits, rounded, in the low mantissa bits. */
		memcpy(&scaled, &magnitude, sizeof(scaled));
		scaled += 0.5f;
		memcpy(&magnitude, &scaled, sizeof(magnitude));
		return sign | (uint16_t)(magnitude - 0x3f000000);
	}
	magnitude += 0xfff + ((magnitude >> 13) & 1);
	return sign | (uint16_t)((magnitude - 0x38000000) >> 13);
}

static float element_as_float(const struct eb_tensor *tensor, size_t index)
{
	const uint8_t *bytes = tensor->bytes + index * tensor_types[tensor->type].size;
	uint16_t half;
	uint32_t word;
	double wide;
	float value;

	switch (tensor->type) {
	case EB_TENSOR_I8:
		return (float)(int8_t)*bytes;
	case EB_TENSOR_U8:
	case EB_TENSOR_BOOL:
		return (float)*bytes;
	case EB_TENSOR_F64:
		memcpy(&wide, bytes, sizeof(wide));
		return (float)wide;
	case EB_TENSOR_F16:
		memcpy(&half, bytes, sizeof(half));
		return eb_float_from_half(le16toh(half));
	case EB_TENSOR_BF16:
		memcpy(&half, bytes, sizeof(half));
		word = (uint32_t)le16toh(half) << 16;
		break;
	case EB_TENSOR_F32:
	default:
		memcpy(&word, bytes, sizeof(word));
		word = le32toh(word);
		break;
	}
	memcpy(&value, &word, sizeof(value));
	return value;
}

void eb_tensor_floats(const struct eb_tensor *tensor, size_t first, size_t count,
		      float *destination)
{
	for (size_t i = 0; i < count; i++)
		destination[i] = element_as_float(tensor, first + i);
}
