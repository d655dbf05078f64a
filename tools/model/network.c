// SPDX-License-Identifier: MIT
/*
 * Loading a network: the tensor names of BERT and ALBERT checkpoints, one structure.
 */
#include "tools/model/network.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/status.h"
#include "tools/model/matmul_float.h"

#define NAME_BYTES 160

/* Names below a layer's prefix. */
struct layer_names {
	const char *linears[EB_LINEAR_COUNT];
	const char *attention_norm;
	const char *output_norm;
};

static const struct layer_names bert_names = {
	.linears = {
		[EB_LINEAR_QUERY] = "attention.self.query",
		[EB_LINEAR_KEY] = "attention.self.key",
		[EB_LINEAR_VALUE] = "attention.self.value",
		[EB_LINEAR_ATTENTION_OUTPUT] = "attention.output.dense",
		[EB_LINEAR_INTERMEDIATE] = "intermediate.dense",
		[EB_LINEAR_OUTPUT] = "output.dense",
	},
	.attention_norm = "attention.output.LayerNorm",
	.output_norm = "output.LayerNorm",
};

static const struct layer_names albert_names = {
	.linears = {
		[EB_LINEAR_QUERY] = "attention.query",
		[EB_LINEAR_KEY] = "attention.key",
		[EB_LINEAR_VALUE] = "attention.value",
		[EB_LINEAR_ATTENTION_OUTPUT] = "attention.dense",
		[EB_LINEAR_INTERMEDIATE] = "ffn",
		[EB_LINEAR_OUTPUT] = "ffn_output",
	},
	.attention_norm = "attention.LayerNorm",
	.output_norm = "full_layer_layer_norm",
};

static const char *const linear_labels[EB_LINEAR_COUNT] = {
	[EB_LINEAR_QUERY] = "query",
	[EB_LINEAR_KEY] = "key",
	[EB_LINEAR_VALUE] = "value",
	[EB_LINEAR_ATTENTION_OUTPUT] = "attention output",
	[EB_LINEAR_INTERMEDIATE] = "intermediate",
	[EB_LINEAR_OUTPUT] = "output",
};

const char *eb_layer_linear_name(enum eb_layer_linear linear)
{
	return linear_labels[linear];
}

static enum eb_status load_linear(const struct eb_checkpoint *checkpoint, const char *prefix,
				  const char *name, unsigned int outputs, unsigned int depth,
				  struct eb_linear *linear)
{
	char full[NAME_BYTES];
	enum eb_status status;

	linear->outputs = outputs;
	linear->depth = depth;
	snprintf(full, sizeof(full), "%s%s.weight", prefix, name);
	status = eb_checkpoint_floats(checkpoint, full, outputs, depth, &linear->weights);
	snprintf(full, sizeof(full), "%s%s.bias", prefix, name);
	if (!status)
		status = eb_checkpoint_floats(checkpoint, full, 1, outputs, &linear->bias);
	if (status)
		return status;
	linear->panels = eb_matmul_panels(linear->weights, outputs, depth);
	return linear->panels ? EB_OK : eb_fail(EB_OUT_OF_MEMORY, "no memory for tensor %s", full);
}

static enum eb_status load_norm(const struct eb_checkpoint *checkpoint, const char *prefix,
				const char *name, unsigned int size, struct eb_norm *norm)
{
	char full[NAME_BYTES];
	enum eb_status status;

	norm->size = size;
	snprintf(full, sizeof(full), "%s%s.weight", prefix, name);
	status = eb_checkpoint_floats(checkpoint, full, 1, size, &norm->gamma);
	snprintf(full, sizeof(full), "%s%s.bias", prefix, name);
	if (!status)
		status = eb_checkpoint_floats(checkpoint, full, 1, size, &norm->beta);
	return status;
}

/* Scores are to be divided by sqrt(head size): the query matrix takes that in. */
static enum eb_status scale_query(const struct eb_shape *shape, struct eb_linear *query)
{
	float scale = (float)(1 / sqrt(shape->head_size));

	for (size_t i = 0; i < (size_t)query->outputs * query->depth; i++)
		query->weights[i] *= scale;
	for (size_t i = 0; i < query->outputs; i++)
		query->bias[i] *= scale;
	free(query->panels);
	query->panels = eb_matmul_panels(query->weights, query->outputs, query->depth);
	return query->panels ? EB_OK : eb_fail(EB_OUT_OF_MEMORY, "no memory for the query matrix");
}

static enum eb_status load_layer(const struct eb_checkpoint *checkpoint, const char *prefix,
				 const struct layer_names *names, struct eb_layer *layer)
{
	const struct eb_shape *shape = &checkpoint->shape;
	enum eb_status status = EB_OK;

	for (int i = 0; i < EB_LINEAR_COUNT && !status; i++) {
		unsigned int outputs = i == EB_LINEAR_INTERMEDIATE ? shape->intermediate_size
								   : shape->hidden_size;
		unsigned int depth = i == EB_LINEAR_OUTPUT ? shape->intermediate_size
							   : shape->hidden_size;

		status = load_linear(checkpoint, prefix, names->linears[i], outputs, depth,
				     &layer->linears[i]);
	}
	if (!status)
		status = scale_query(shape, &layer->linears[EB_LINEAR_QUERY]);
	if (!status)
		status = load_norm(checkpoint, prefix, names->attention_norm, shape->hidden_size,
				   &layer->attention_norm);
	if (!status)
		status = load_norm(checkpoint, prefix, names->output_norm, shape->hidden_size,
				   &layer->output_norm);
	return status;
}

static enum eb_status load_layers(const struct eb_checkpoint *checkpoint,
				  struct eb_network *network)
{
	char prefix[NAME_BYTES / 2];
	enum eb_status status = EB_OK;

	if (network->shape.architecture == EB_ARCHITECTURE_ALBERT) {
		network->own_layers = 1;
		return load_layer(checkpoint, "encoder.albert_layer_groups.0.albert_layers.0.",
				  &albert_names, &network->layers[0]);
	}
	network->own_layers = network->shape.layers;
	for (unsigned int i = 0; i < network->own_layers && !status; i++) {
		snprintf(prefix, sizeof(prefix), "encoder.layer.%u.", i);
		status = load_layer(checkpoint, prefix, &bert_names, &network->layers[i]);
	}
	return status;
}

static enum eb_status load_exits(const struct eb_checkpoint *checkpoint,
				 struct eb_network *network)
{
	const struct eb_shape *shape = &network->shape;
	enum eb_status status = EB_OK;
	char name[NAME_BYTES / 2];

	for (unsigned int i = 0; i < shape->layers && !status; i++) {
		struct eb_exit_head *head = &network->exits[i];

		snprintf(name, sizeof(name), "exits.%u.classifier.weight", i);
		/* Any layer may lack a head except the last, which always answers. */
		if (i + 1 < shape->layers && !eb_checkpoint_has(checkpoint, name))
			continue;
		head->present = true;
		snprintf(name, sizeof(name), "exits.%u.", i);
		status = load_linear(checkpoint, name, "pooler", shape->hidden_size,
				     shape->hidden_size, &head->pooler);
		if (!status)
			status = load_linear(checkpoint, name, "classifier", shape->classes,
					     shape->hidden_size, &head->classifier);
	}
	return status;
}

static enum eb_status load_embeddings(const struct eb_checkpoint *checkpoint,
				      struct eb_network *network)
{
	const struct eb_shape *shape = &network->shape;
	enum eb_status status;

	status = eb_checkpoint_floats(checkpoint, "embeddings.word_embeddings.weight",
				      shape->vocabulary_size, shape->embedding_size,
				      &network->word_embedding);
	if (!status)
		status = eb_checkpoint_floats(checkpoint, "embeddings.position_embeddings.weight",
					      shape->positions, shape->embedding_size,
					      &network->position_embedding);
	if (!status)
		status = eb_checkpoint_floats(checkpoint, "embeddings.token_type_embeddings.weight",
					      shape->token_types, shape->embedding_size,
					      &network->type_embedding);
	if (!status)
		status = load_norm(checkpoint, "embeddings.", "LayerNorm", shape->embedding_size,
				   &network->embedding_norm);
	if (!status && shape->architecture == EB_ARCHITECTURE_ALBERT)
		status = load_linear(checkpoint, "encoder.", "embedding_hidden_mapping_in",
				     shape->hidden_size, shape->embedding_size, &network->mapping);
	return status;
}

enum eb_status eb_network_load(const struct eb_checkpoint *checkpoint,
			       struct eb_network *ret_network)
{
	struct eb_network *network = calloc(1, sizeof(*network));
	enum eb_status status;

	if (!network)
		return eb_fail(EB_OUT_OF_MEMORY, "%s: no memory", checkpoint->directory);
	network->shape = checkpoint->shape;
	status = load_embeddings(checkpoint, network);
	if (!status)
		status = load_layers(checkpoint, network);
	if (!status)
		status = load_exits(checkpoint, network);
	if (status)
		eb_network_free(network);
	else
		*ret_network = *network;
	free(network);
	return status;
}

static void free_linear(struct eb_linear *linear)
{
	free(linear->weights);
	free(linear->bias);
	free(linear->panels);
}

static void free_norm(struct eb_norm *norm)
{
	free(norm->gamma);
	free(norm->beta);
}

void eb_network_free(struct eb_network *network)
{
	free(network->word_embedding);
	free(network->position_embedding);
	free(network->type_embedding);
	free_norm(&network->embedding_norm);
	free_linear(&network->mapping);
	for (unsigned int i = 0; i < network->own_layers; i++) {
		for (int j = 0; j < EB_LINEAR_COUNT; j++)
			free_linear(&network->layers[i].linears[j]);
		free_norm(&network->layers[i].attention_norm);
		free_norm(&network->layers[i].output_norm);
	}
	for (unsigned int i = 0; i < network->shape.layers; i++) {
		free_linear(&network->exits[i].pooler);
		free_linear(&network->exits[i].classifier);
	}
	memset(network, 0, sizeof(*network));
}
