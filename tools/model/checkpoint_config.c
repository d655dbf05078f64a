// SPDX-License-Identifier: MIT
/*
 * config.json of a checkpoint: which network it is, checked against what the hardware's
 * commands can hold.
 */
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "lib/status.h"
#include "tools/model/checkpoint.h"

struct config {
	const char *path;
	json_object *root;
};

static enum eb_status read_number(const struct config *config, const char *key,
				  unsigned int least, unsigned int most, unsigned int *ret_value)
{
	json_object *value;
	int64_t number;

	if (!json_object_object_get_ex(config->root, key, &value) ||
	    !json_object_is_type(value, json_type_int))
		return eb_fail(EB_INVALID_ARGUMENT, "%s: \"%s\" is missing or not an integer",
			       config->path, key);
	number = json_object_get_int64(value);
	if (number < (int64_t)least || number > (int64_t)most)
		return eb_fail(EB_INVALID_ARGUMENT, "%s: \"%s\" is %lld, supported are %u to %u",
			       config->path, key, (long long)number, least, most);
	*ret_value = (unsigned int)number;
	return EB_OK;
}

static enum eb_status read_architecture(const struct config *config, struct eb_shape *shape)
{
	json_object *value;
	const char *type;

	if (!json_object_object_get_ex(config->root, "model_type", &value))
		return eb_fail(EB_INVALID_ARGUMENT, "%s: \"model_type\" is missing", config->path);
	type = json_object_get_string(value);
	if (type && strcmp(type, "bert") == 0)
		shape->architecture = EB_ARCHITECTURE_BERT;
	else if (type && strcmp(type, "albert") == 0)
		shape->architecture = EB_ARCHITECTURE_ALBERT;
	else
		return eb_fail(EB_INVALID_ARGUMENT,
			       "%s: \"model_type\" is \"%.20s\"; supported are \"bert\" and \"albert\"",
			       config->path, type ? type : "null");
	return EB_OK;
}

/* The activation unit computes the erf form; the tanh form would be another network. */
static enum eb_status check_activation(const struct config *config)
{
	json_object *value;
	const char *name = NULL;

	if (json_object_object_get_ex(config->root, "hidden_act", &value))
		name = json_object_get_string(value);
	if (!name || strcmp(name, "gelu") != 0)
		return eb_fail(EB_INVALID_ARGUMENT,
			       "%s: \"hidden_act\" is \"%.20s\"; the device computes \"gelu\" only",
			       config->path, name ? name : "null");
	return EB_OK;
}

static enum eb_status read_sizes(const struct config *config, struct eb_shape *shape)
{
	enum eb_status status;

	status = read_number(config, "num_hidden_layers", 1, EDGEBERT_HW_LAYERS_MAX,
			     &shape->layers);
	if (!status)
		status = read_number(config, "hidden_size", 16, EDGEBERT_HW_DEPTH_MAX,
				     &shape->hidden_size);
	if (!status)
		status = read_number(config, "num_attention_heads", 1, 256,
				     &shape->attention_heads);
	if (!status)
		status = read_number(config, "intermediate_size", 16, EDGEBERT_HW_DEPTH_MAX,
				     &shape->intermediate_size);
	if (!status)
		status = read_number(config, "vocab_size", 1, 1 << 20, &shape->vocabulary_size);
	if (!status)
		status = read_number(config, "max_position_embeddings", 16, 1 << 16,
				     &shape->positions);
	if (!status)
		status = read_number(config, "type_vocab_size", 1, 16, &shape->token_types);
	if (!status)
		status = read_number(config, "num_labels", 2, EDGEBERT_HW_CLASSES_MAX,
				     &shape->classes);
	shape->embedding_size = shape->hidden_size;
	if (!status && shape->architecture == EB_ARCHITECTURE_ALBERT)
		status = read_number(config, "embedding_size", 16, EDGEBERT_HW_DEPTH_MAX,
				     &shape->embedding_size);
	return status;
}

/* Vectors of 16 lanes are the unit of every operand. */
static enum eb_status check_vectors(const struct config *config, struct eb_shape *shape)
{
	const struct {
		const char *name;
		unsigned int value;
	} sizes[] = {
		{ "hidden_size", shape->hidden_size },
		{ "intermediate_size", shape->intermediate_size },
		{ "embedding_size", shape->embedding_size },
	};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		if (sizes[i].value % EDGEBERT_HW_LANES)
			return eb_fail(EB_INVALID_ARGUMENT, "%s: \"%s\" is %u, must be a multiple of %d",
				       config->path, sizes[i].name, sizes[i].value,
				       EDGEBERT_HW_LANES);
	}
	shape->head_size = shape->hidden_size / shape->attention_heads;
	if (shape->head_size * shape->attention_heads != shape->hidden_size ||
	    shape->head_size % EDGEBERT_HW_LANES)
		return eb_fail(EB_INVALID_ARGUMENT,
			       "%s: %u attention heads do not divide the hidden size %u into multiples of %d",
			       config->path, shape->attention_heads, shape->hidden_size,
			       EDGEBERT_HW_LANES);
	return EB_OK;
}

/* Groups and inner groups of ALBERT: the shared layer is the only one supported. */
static enum eb_status check_groups(const struct config *config, const struct eb_shape *shape)
{
	unsigned int groups;
	enum eb_status status;

	if (shape->architecture != EB_ARCHITECTURE_ALBERT)
		return EB_OK;
	status = read_number(config, "num_hidden_groups", 1, 1, &groups);
	if (!status)
		status = read_number(config, "inner_group_num", 1, 1, &groups);
	return status;
}

static void read_labels(const struct config *config, struct eb_shape *shape)
{
	json_object *names, *value;
	char key[16];

	if (!json_object_object_get_ex(config->root, "id2label", &names) ||
	    !json_object_is_type(names, json_type_object))
		names = NULL;
	for (unsigned int i = 0; i < shape->classes; i++) {
		snprintf(key, sizeof(key), "%u", i);
		if (names && json_object_object_get_ex(names, key, &value))
			snprintf(shape->labels[i], EB_LABEL_BYTES, "%s",
				 json_object_get_string(value));
		else
			snprintf(shape->labels[i], EB_LABEL_BYTES, "class %u", i);
	}
}

static void read_options(const struct config *config, struct eb_shape *shape)
{
	json_object *value;

	shape->layer_norm_epsilon = 1e-12;
	if (json_object_object_get_ex(config->root, "layer_norm_eps", &value))
		shape->layer_norm_epsilon = json_object_get_double(value);
}

static enum eb_status parse_shape(const struct config *config, struct eb_shape *shape)
{
	enum eb_status status;

	status = read_architecture(config, shape);
	if (!status)
		status = check_activation(config);
	if (!status)
		status = read_sizes(config, shape);
	if (!status)
		status = check_vectors(config, shape);
	if (!status)
		status = check_groups(config, shape);
	if (status)
		return status;
	read_labels(config, shape);
	read_options(config, shape);
	if (!(shape->layer_norm_epsilon >= 0 && shape->layer_norm_epsilon < 1))
		return eb_fail(EB_INVALID_ARGUMENT, "%s: \"layer_norm_eps\" must lie in 0..1",
			       config->path);
	return EB_OK;
}

enum eb_status eb_shape_parse(const char *path, const char *text, size_t size,
			      struct eb_shape *ret_shape)
{
	struct eb_shape shape = { 0 };
	struct config config = { .path = path };
	struct json_tokener *tokener = json_tokener_new();
	enum eb_status status;

	if (!tokener)
		return eb_fail(EB_OUT_OF_MEMORY, "%s: no memory to parse it", path);
	config.root = json_tokener_parse_ex(tokener, text, (int)size);
	if (!json_object_is_type(config.root, json_type_object))
		status = eb_fail(EB_INVALID_ARGUMENT, "%s: is not a JSON object: %s", path,
				 json_tokener_error_desc(json_tokener_get_error(tokener)));
	else
		status = parse_shape(&config, &shape);
	json_object_put(config.root);
	json_tokener_free(tokener);
	if (!status)
		*ret_shape = shape;
	return status;
}
