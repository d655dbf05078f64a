// SPDX-License-Identifier: MIT
/*
 * Writing safetensors: header and tensors in the given order, replaced atomically, the same
 * bytes for the same tensors.
 */
#include <endian.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "lib/status.h"
#include "tools/model/file.h"
#include "tools/model/safetensors.h"

static size_t source_bytes(const struct eb_tensor_source *tensor)
{
	size_t bytes = eb_tensor_element_size(tensor->type);

	for (unsigned int i = 0; i < tensor->rank; i++)
		bytes *= tensor->shape[i];
	return bytes;
}

static json_object *describe_tensor(const struct eb_tensor_source *tensor, size_t offset)
{
	json_object *entry = json_object_new_object();
	json_object *shape = json_object_new_array();
	json_object *offsets = json_object_new_array();

	for (unsigned int i = 0; i < tensor->rank; i++)
		json_object_array_add(shape, json_object_new_int64((int64_t)tensor->shape[i]));
	json_object_array_add(offsets, json_object_new_int64((int64_t)offset));
	json_object_array_add(offsets,
			      json_object_new_int64((int64_t)(offset + source_bytes(tensor))));
	json_object_object_add(entry, "dtype",
			       json_object_new_string(eb_tensor_type_name(tensor->type)));
	json_object_object_add(entry, "shape", shape);
	json_object_object_add(entry, "data_offsets", offsets);
	return entry;
}

/* The header's text, padded with spaces so that the data starts 8-byte aligned. */
static char *make_header(const struct eb_tensor_source *tensors, size_t count,
			 size_t *ret_size)
{
	json_object *header = json_object_new_object();
	size_t offset = 0, length, padded;
	const char *text;
	char *result;

	for (size_t i = 0; i < count; i++) {
		json_object_object_add(header, tensors[i].name,
				       describe_tensor(&tensors[i], offset));
		offset += source_bytes(&tensors[i]);
	}
	text = json_object_to_json_string_ext(header, JSON_C_TO_STRING_PLAIN);
	length = strlen(text);
	padded = (length + 7) & ~(size_t)7;
	result = malloc(padded);
	if (result) {
		memset(result, ' ', padded);
		memcpy(result, text, length);
		*ret_size = padded;
	}
	json_object_put(header);
	return result;
}

enum eb_status eb_safetensors_write(const char *path, const struct eb_tensor_source *tensors,
				    size_t count)
{
	struct eb_file_part *parts = calloc(count + 2, sizeof(*parts));
	enum eb_status status;
	uint64_t header_size;
	size_t size = 0;
	char *header;

	header = parts ? make_header(tensors, count, &size) : NULL;
	if (!header) {
		free(parts);
		return eb_fail(EB_OUT_OF_MEMORY, "%s: no memory for its header", path);
	}
	header_size = htole64(size);
	parts[0] = (struct eb_file_part){ &header_size, sizeof(header_size) };
	parts[1] = (struct eb_file_part){ header, size };
	for (size_t i = 0; i < count; i++)
		parts[i + 2] = (struct eb_file_part){ tensors[i].bytes, source_bytes(&tensors[i]) };
	status = eb_file_replace(path, parts, count + 2);
	free(header);
	free(parts);
	return status;
}
