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

#define SPAN_RAMP_DEFAULT 32

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

/*
 * The tanh forms differ from the erf form that the device computes by 0.0005 at most, half
 * of the last digit of its words.
 */
static enum eb_status read_activation(const struct config *config, struct eb_shape *shape)
{
	static const struct {
		const char *name;
		enum eb_activation_function function;
	} functions[] = {
		{ "gelu", EB_FUNCTION_GELU },
		{ "gelu_python", EB_FUNCTION_GELU },
		{ "gelu_new", EB_FUNCTION_GELU_TANH },
		{ "gelu_fast", EB_FUNCTION_GELU_TANH },
		{ "gelu_pytorch_tanh", EB_FUNCTION_GELU_TANH },
		{ "relu", EB_FUNCTION_RELU },
	};
	const char *name = NULL;
	json_object *value;

	if (json_object_object_get_ex(config->root, "hidden_act", &value))
		name = json_object_get_string(value);
	for (size_t i = 0; name && i < sizeof(functions) / sizeof(functions[0]); i++) {
		if (strcmp(name, functions[i].name) == 0) {
			shape->activation = functions[i].function;
			return EB_OK;
		}
	}
	return eb_fail(EB_INVALID_ARGUMENT,
		       "%s: \"hidden_act\" is \"%.20s\"; the device computes \"gelu\" (and, near enough, \"gelu_new\") and \"relu\": train the network with one of them",
		       config->path, name ? name : "null");
}

/* Labels are counted by their names where nobody says their number, as exporters do. */
static enum eb_status read_classes(const struct config *config, struct eb_shape *shape)
{
	json_object *names;
	size_t count = 2;

	if (json_object_object_get_ex(config->root, "num_labels", NULL))
		return read_number(config, "num_labels", 2, EDGEBERT_HW_CLASSES_MAX,
				   &shape->classes);
	if (json_object_object_get_ex(config->root, "id2label", &names) &&
	    json_object_is_type(names, json_type_object))
		count = (size_t)json_object_object_length(names);
	if (count < 2 || count > EDGEBERT_HW_CLASSES_MAX)
		return eb_fail(EB_INVALID_ARGUMENT,
			       "%s: \"id2label\" names %zu classes, supported are 2 to %d",
			       config->path, count, EDGEBERT_HW_CLASSES_MAX);
	shape->classes = (unsigned int)count;
	return EB_OK;
}

static enum eb_status read_sizes(const struct config *config, struct eb_shape *shape)
{
	enum eb_status status;

	status = read_number(config, "num_hidden_layers", 1, EDGEBERT_HW_LAYERS_MAX,
			     &shape->layers);
	if (!status)
		status = read_number(config, "hidden_size", 1, EDGEBERT_HW_DEPTH_MAX,
				     &shape->hidden_size);
	if (!status)
		status = read_number(config, "num_attention_heads", 1, 256,
				     &shape->attention_heads);
	if (!status)
		status = read_number(config, "intermediate_size", 1, EDGEBERT_HW_DEPTH_MAX,
				     &shape->intermediate_size);
	if (!status)
		status = read_number(config, "vocab_size", 1, 1 << 20, &shape->vocabulary_size);
	if (!status)
		status = read_number(config, "max_position_embeddings", 16, 1 << 16,
				     &shape->positions);
	if (!status)
		status = read_number(config, "type_vocab_size", 1, 16, &shape->token_types);
	if (!status)
		status = read_classes(config, shape);
	shape->embedding_size = shape->hidden_size;
	if (!status && shape->architecture == EB_ARCHITECTURE_ALBERT)
		status = read_number(config, "embedding_size", 1, EDGEBERT_HW_DEPTH_MAX,
				     &shape->embedding_size);
	return status;
}

/* Heads are raised to whole vectors of 16 each: all of them must still fit a product. */
static enum eb_status check_heads(const struct config *config, struct eb_shape *shape)
{
	unsigned int raised;

	shape->head_size = shape->hidden_size / shape->attention_heads;
	if (shape->head_size * shape->attention_heads != shape->hidden_size)
		return eb_fail(EB_INVALID_ARGUMENT,
			       "%s: %u attention heads do not divide the hidden size %u: correct the number that is wrong",
			       config->path, shape->attention_heads, shape->hidden_size);
	raised = eb_whole_vectors(shape->head_size) * shape->attention_heads;
	if (raised > EDGEBERT_HW_DEPTH_MAX)
		return eb_fail(EB_INVALID_ARGUMENT,
			       "%s: %u heads of %u, raised to multiples of %d, are %u columns; the device takes %d",
			       config->path, shape->attention_heads, shape->head_size,
			       EDGEBERT_HW_LANES, raised, EDGEBERT_HW_DEPTH_MAX);
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
		status = read_activation(config, shape);
	if (!status)
		status = read_sizes(config, shape);
	if (!status)
		status = check_heads(config, shape);
	if (!status)
		status = check_groups(config, shape);
	if (status)
		return status;
	read_labels(config, shape);
	read_options(config, shape);
	shape->span_ramp = SPAN_RAMP_DEFAULT;
	if (json_object_object_get_ex(config->root, "attention_span_ramp", NULL))
		status = read_number(config, "attention_span_ramp", 1, 1 << 16, &shape->span_ramp);
	if (status)
		return status;
	if (!(shape->layer_norm_epsilon >= 0 && shape->layer_norm_epsilon < 1))
		return eb_fail(EB_INVALID_ARGUMENT, "%s: \"layer_norm_eps\" must be at least 0 and below 1",
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
