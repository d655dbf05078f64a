// SPDX-License-Identifier: MIT
/*
 * Opening a checkpoint folder and reading its tensors as floats.
 */
#include "tools/model/checkpoint.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/status.h"
#include "tools/model/file.h"

#define CONFIG_BYTES_MAX (1u << 20)
#define NAME_BYTES 200
#define SHAPE_BYTES 96

static enum eb_status read_member(const char *directory, const char *name, size_t limit,
				  char **ret_bytes, size_t *ret_size)
{
	char *path = eb_path_join(directory, name);
	enum eb_status status;

	if (!path)
		return eb_fail(EB_OUT_OF_MEMORY, "%s: no memory", directory);
	status = eb_file_read(path, limit, ret_bytes, ret_size);
	free(path);
	return status;
}

static bool has_suffix(const char *name, const char *suffix)
{
	size_t length = strlen(name), tail = strlen(suffix);

	return length > tail && strcmp(name + length - tail, suffix) == 0;
}

/* The folder's only *.safetensors file: exporters do not agree on its name. */
static enum eb_status find_weights(const char *directory, char **ret_path)
{
	DIR *folder = opendir(directory);
	char found[sizeof(((struct dirent *)0)->d_name)] = "";
	struct dirent *entry;
	bool several = false;

	if (!folder)
		return eb_fail(EB_INVALID_ARGUMENT, "%s: can not be opened: %s; name a checkpoint folder",
			       directory, strerror(errno));
	while ((entry = readdir(folder))) {
		if (!has_suffix(entry->d_name, ".safetensors"))
			continue;
		several = several || found[0];
		snprintf(found, sizeof(found), "%s", entry->d_name);
	}
	closedir(folder);
	if (!found[0])
		return eb_fail(EB_INVALID_ARGUMENT, "%s: holds no .safetensors file", directory);
	if (several)
		return eb_fail(EB_INVALID_ARGUMENT,
			       "%s: holds several .safetensors files; leave the one to compile",
			       directory);
	*ret_path = eb_path_join(directory, found);
	return *ret_path ? EB_OK : eb_fail(EB_OUT_OF_MEMORY, "%s: no memory", directory);
}

static enum eb_status open_weights(struct eb_checkpoint *checkpoint)
{
	static const char *const prefixes[] = { "", "bert.", "albert." };
	enum eb_status status;
	char *path;

	status = find_weights(checkpoint->directory, &path);
	if (status)
		return status;
	status = eb_safetensors_open(path, &checkpoint->tensors);
	free(path);
	if (status)
		return status;
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		checkpoint->prefix = prefixes[i];
		if (eb_checkpoint_has(checkpoint, "embeddings.word_embeddings.weight"))
			return EB_OK;
	}
	return eb_fail(EB_INVALID_ARGUMENT, "%s: holds no tensor embeddings.word_embeddings.weight",
		       checkpoint->tensors.path);
}

/* What a model is called and where it comes from; other tools do not write this file. */
static enum eb_status read_description(struct eb_checkpoint *checkpoint)
{
	char *path = eb_path_join(checkpoint->directory, "model.json");
	enum eb_status status = EB_OK;
	size_t size;

	if (!path)
		return eb_fail(EB_OUT_OF_MEMORY, "%s: no memory", checkpoint->directory);
	if (access(path, F_OK) == 0)
		status = eb_file_read(path, CONFIG_BYTES_MAX, &checkpoint->description, &size);
	free(path);
	return status;
}

static enum eb_status open_parts(struct eb_checkpoint *checkpoint)
{
	enum eb_status status;
	char *path;

	status = read_member(checkpoint->directory, "config.json", CONFIG_BYTES_MAX,
			     &checkpoint->config, &checkpoint->config_size);
	if (status)
		return status;
	path = eb_path_join(checkpoint->directory, "config.json");
	if (!path)
		return eb_fail(EB_OUT_OF_MEMORY, "%s: no memory", checkpoint->directory);
	status = eb_shape_parse(path, checkpoint->config, checkpoint->config_size,
				&checkpoint->shape);
	free(path);
	if (!status)
		status = eb_checkpoint_read_tokenizer(checkpoint);
	if (!status)
		status = read_description(checkpoint);
	if (!status)
		status = open_weights(checkpoint);
	return status;
}

enum eb_status eb_checkpoint_open(const char *directory, struct eb_checkpoint *ret_checkpoint)
{
	struct eb_checkpoint checkpoint = { 0 };
	enum eb_status status;

	if (access(directory, F_OK) != 0)
		return eb_fail(EB_MODEL_NOT_FOUND, "%s: the checkpoint's folder can not be opened: %s "
			       "(%s); check the path", directory, strerrordesc_np(errno),
			       eb_errno_name(errno));
	checkpoint.directory = strdup(directory);
	if (!checkpoint.directory)
		return eb_fail(EB_OUT_OF_MEMORY, "%s: no memory", directory);
	status = open_parts(&checkpoint);
	if (status) {
		eb_checkpoint_close(&checkpoint);
		return status;
	}
	*ret_checkpoint = checkpoint;
	return EB_OK;
}

void eb_checkpoint_close(struct eb_checkpoint *checkpoint)
{
	eb_safetensors_close(&checkpoint->tensors);
	free(checkpoint->vocabulary);
	free(checkpoint->config);
	free(checkpoint->description);
	free(checkpoint->directory);
	memset(checkpoint, 0, sizeof(*checkpoint));
}

static const struct eb_tensor *find(const struct eb_checkpoint *checkpoint, const char *name,
				    const char *suffix)
{
	char full[NAME_BYTES];
	int length = snprintf(full, sizeof(full), "%s%s%s", checkpoint->prefix, name, suffix);
	const struct eb_tensor *tensor;

	if (length < 0 || (size_t)length >= sizeof(full))
		return NULL;
	tensor = eb_safetensors_find(&checkpoint->tensors, full);
	/* Exit heads sit beside the encoder, outside its prefix. */
	if (!tensor)
		tensor = eb_safetensors_find(&checkpoint->tensors,
					     full + strlen(checkpoint->prefix));
	return tensor;
}

bool eb_checkpoint_has(const struct eb_checkpoint *checkpoint, const char *name)
{
	return find(checkpoint, name, "") || find(checkpoint, name, "_orig");
}

/* "NAME.scale" is [rows][groups]: each group of a row's columns has a scale. */
static enum eb_status apply_scales(const struct eb_checkpoint *checkpoint, const char *name,
				   size_t rows, size_t columns, float *values)
{
	const struct eb_tensor *scales = find(checkpoint, name, ".scale");
	size_t group;
	float scale;

	if (!scales || scales->type == EB_TENSOR_I8 || scales->elements == 0 ||
	    scales->elements % rows || columns % (scales->elements / rows))
		return eb_fail(EB_INVALID_ARGUMENT,
			       "%s: 8-bit tensor %s needs %s.scale with one scale per part of each of its %zu rows",
			       checkpoint->tensors.path, name, name, rows);
	group = rows * columns / scales->elements;
	for (size_t i = 0; i < scales->elements; i++) {
		eb_tensor_floats(scales, i, 1, &scale);
		for (size_t j = 0; j < group; j++)
			values[i * group + j] *= scale;
	}
	return EB_OK;
}

/* NaN and infinity would silently become codes; no trained network holds them. */
static enum eb_status check_finite(const struct eb_checkpoint *checkpoint, const char *name,
				   const float *values, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!__builtin_isfinite(values[i]))
			return eb_fail(EB_INVALID_ARGUMENT, "%s: tensor %s: element %zu is not finite",
				       checkpoint->tensors.path, name, i);
	}
	return EB_OK;
}

static bool shape_is(const struct eb_tensor *tensor, size_t rows, size_t columns)
{
	if (tensor->rank == 1)
		return rows == 1 && tensor->shape[0] == columns;
	return tensor->rank == 2 && tensor->shape[0] == rows && tensor->shape[1] == columns;
}

/* "3072 x 768", for messages. */
static const char *shape_text(const struct eb_tensor *tensor, char text[SHAPE_BYTES])
{
	size_t length = 0;

	snprintf(text, SHAPE_BYTES, "a single number");
	for (unsigned int i = 0; i < tensor->rank && length < SHAPE_BYTES; i++)
		length += (size_t)snprintf(text + length, SHAPE_BYTES - length, "%s%zu",
					   i ? " x " : "", tensor->shape[i]);
	return text;
}

static enum eb_status check_tensor(const struct eb_checkpoint *checkpoint, const char *name,
				   const struct eb_tensor *tensor, size_t rows, size_t columns)
{
	const char *path = checkpoint->tensors.path;
	char text[SHAPE_BYTES];

	if (!tensor && rows == 1)
		return eb_fail(EB_INVALID_ARGUMENT,
			       "%s: tensor %s is missing; expected is a vector of %zu: save the checkpoint with all its weights",
			       path, name, columns);
	if (!tensor)
		return eb_fail(EB_INVALID_ARGUMENT,
			       "%s: tensor %s is missing; expected is a matrix of %zu x %zu: save the checkpoint with all its weights",
			       path, name, rows, columns);
	if (!shape_is(tensor, rows, columns) && rows == 1)
		return eb_fail(EB_INVALID_ARGUMENT,
			       "%s: tensor %s has shape %s, config.json asks for %zu; correct the one that is wrong",
			       path, name, shape_text(tensor, text), columns);
	if (!shape_is(tensor, rows, columns))
		return eb_fail(EB_INVALID_ARGUMENT,
			       "%s: tensor %s has shape %s, config.json asks for %zu x %zu; correct the one that is wrong",
			       path, name, shape_text(tensor, text), rows, columns);
	if (!eb_tensor_is_readable(tensor))
		return eb_fail(EB_INVALID_ARGUMENT,
			       "%s: tensor %s is %s; save it as F32, F16 or BF16", path, name,
			       eb_tensor_type_name(tensor->type));
	return EB_OK;
}

/*
 * Pruning leaves a mask of zeros and ones beside a matrix: NAME_mask (with the matrix as
 * NAME_orig, as torch.nn.utils.prune has it) or NAME.mask.
 */
static enum eb_status apply_mask(const struct eb_checkpoint *checkpoint, const char *name,
				 size_t rows, size_t columns, float *values)
{
	static const char *const suffixes[] = { "_mask", ".mask" };
	const struct eb_tensor *mask = NULL;
	enum eb_status status;
	char full[NAME_BYTES];

	for (size_t i = 0; i < 2 && !mask; i++) {
		mask = find(checkpoint, name, suffixes[i]);
		snprintf(full, sizeof(full), "%s%s", name, suffixes[i]);
	}
	if (!mask)
		return EB_OK;
	status = check_tensor(checkpoint, full, mask, rows, columns);
	for (size_t i = 0; i < rows * columns && !status; i++) {
		float element;

		eb_tensor_floats(mask, i, 1, &element);
		if (element != 0 && element != 1)
			return eb_fail(EB_INVALID_ARGUMENT,
				       "%s: tensor %s: element %zu is %g, a mask holds zeros and ones",
				       checkpoint->tensors.path, full, i, element);
		values[i] = element != 0 ? values[i] : 0;
	}
	return status;
}

enum eb_status eb_checkpoint_floats(const struct eb_checkpoint *checkpoint, const char *name,
				    size_t rows, size_t columns, float **ret_values)
{
	const struct eb_tensor *tensor = find(checkpoint, name, "");
	enum eb_status status;
	float *values;

	if (!tensor)
		tensor = find(checkpoint, name, "_orig");
	status = check_tensor(checkpoint, name, tensor, rows, columns);
	if (status)
		return status;
	values = malloc(rows * columns * sizeof(*values));
	if (!values)
		return eb_fail(EB_OUT_OF_MEMORY, "%s: no memory for tensor %s",
			       checkpoint->tensors.path, name);
	eb_tensor_floats(tensor, 0, rows * columns, values);
	if (tensor->type == EB_TENSOR_I8)
		status = apply_scales(checkpoint, name, rows, columns, values);
	if (!status)
		status = apply_mask(checkpoint, name, rows, columns, values);
	if (!status)
		status = check_finite(checkpoint, name, values, rows * columns);
	if (status) {
		free(values);
		return status;
	}
	*ret_values = values;
	return EB_OK;
}
