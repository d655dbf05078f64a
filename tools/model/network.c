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

/* Where a matrix's rows or columns go when sizes are raised: in groups, as heads are. */
struct extent {
	unsigned int groups;
	unsigned int size, raised;	/* of a group */
};

static struct extent whole(unsigned int size)
{
	return (struct extent){ 1, size, eb_whole_vectors(size) };
}

/* A few outputs that no other matrix reads. */
static struct extent as_it_is(unsigned int size)
{
	return (struct extent){ 1, size, size };
}

static struct extent heads_of(const struct eb_shape *shape)
{
	return (struct extent){ shape->attention_heads, shape->head_size,
				eb_whole_vectors(shape->head_size) };
}

/* values[rows][columns] with zeros where rows and columns were raised; takes values over. */
static float *raise(float *values, struct extent rows, struct extent columns)
{
	size_t width = (size_t)columns.groups * columns.raised;
	float *raised;

	if (rows.size == rows.raised && columns.size == columns.raised)
		return values;
	raised = calloc((size_t)rows.groups * rows.raised * width, sizeof(*raised));
	for (size_t row = 0; row < (size_t)rows.groups * rows.size && raised; row++) {
		size_t place = row / rows.size * rows.raised + row % rows.size;

		for (unsigned int group = 0; group < columns.groups; group++)
			memcpy(raised + place * width + (size_t)group * columns.raised,
			       values + (row * columns.groups + group) * columns.size,
			       columns.size * sizeof(*values));
	}
	free(values);
	return raised;
}

static enum eb_status load_raised(const struct eb_checkpoint *checkpoint, const char *name,
				  struct extent rows, struct extent columns, float **ret_values)
{
	enum eb_status status = eb_checkpoint_floats(checkpoint, name, rows.groups * rows.size,
						     columns.groups * columns.size, ret_values);

	if (status)
		return status;
	*ret_values = raise(*ret_values, rows, columns);
	return *ret_values ? EB_OK : eb_fail(EB_OUT_OF_MEMORY, "no memory for tensor %s", name);
}

static enum eb_status load_linear(const struct eb_checkpoint *checkpoint, const char *prefix,
				  const char *name, struct extent outputs, struct extent depth,
				  struct eb_linear *linear)
{
	char full[NAME_BYTES];
	enum eb_status status;

	linear->outputs = outputs.groups * outputs.raised;
	linear->depth = depth.groups * depth.raised;
	snprintf(full, sizeof(full), "%s%s.weight", prefix, name);
	status = load_raised(checkpoint, full, outputs, depth, &linear->weights);
	snprintf(full, sizeof(full), "%s%s.bias", prefix, name);
	if (!status)
		status = load_raised(checkpoint, full, as_it_is(1), outputs, &linear->bias);
	return status;
}

/* When nothing changes the weights any more. */
static enum eb_status make_panels(struct eb_linear *linear)
{
	linear->panels = eb_matmul_panels(linear->weights, linear->outputs, linear->depth);
	return linear->panels ? EB_OK : eb_fail(EB_OUT_OF_MEMORY, "no memory for the network");
}

static enum eb_status load_head_linear(const struct eb_checkpoint *checkpoint, const char *name,
				       struct extent outputs, struct extent depth,
				       struct eb_linear *linear)
{
	enum eb_status status = load_linear(checkpoint, "", name, outputs, depth, linear);

	return status ? status : make_panels(linear);
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
static void scale_query(const struct eb_shape *shape, struct eb_linear *query)
{
	float scale = (float)(1 / sqrt(shape->head_size));

	for (size_t i = 0; i < (size_t)query->outputs * query->depth; i++)
		query->weights[i] *= scale;
	for (size_t i = 0; i < query->outputs; i++)
		query->bias[i] *= scale;
}

static enum eb_status load_matrices(const struct eb_checkpoint *checkpoint, const char *prefix,
				    const struct layer_names *names, struct eb_layer *layer)
{
	const struct eb_shape *shape = &checkpoint->shape;
	const struct extent hidden = whole(shape->hidden_size), heads = heads_of(shape);
	const struct extent inner = whole(shape->intermediate_size);
	const struct {
		struct extent outputs, depth;
	} extents[EB_LINEAR_COUNT] = {
		[EB_LINEAR_QUERY] = { heads, hidden },
		[EB_LINEAR_KEY] = { heads, hidden },
		[EB_LINEAR_VALUE] = { heads, hidden },
		[EB_LINEAR_ATTENTION_OUTPUT] = { hidden, heads },
		[EB_LINEAR_INTERMEDIATE] = { inner, hidden },
		[EB_LINEAR_OUTPUT] = { hidden, inner },
	};
	enum eb_status status = EB_OK;

	for (int i = 0; i < EB_LINEAR_COUNT && !status; i++)
		status = load_linear(checkpoint, prefix, names->linears[i], extents[i].outputs,
				     extents[i].depth, &layer->linears[i]);
	return status;
}

static enum eb_status load_layer(const struct eb_checkpoint *checkpoint, const char *prefix,
				 const struct layer_names *names, struct eb_layer *layer)
{
	const struct eb_shape *shape = &checkpoint->shape;
	enum eb_status status = load_matrices(checkpoint, prefix, names, layer);

	layer->heads = shape->attention_heads;
	if (!status)
		status = eb_network_load_spans(checkpoint, prefix, layer);
	if (!status)
		scale_query(shape, &layer->linears[EB_LINEAR_QUERY]);
	for (int i = 0; i < EB_LINEAR_COUNT && !status; i++)
		status = make_panels(&layer->linears[i]);
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

/*
 * Names of exit heads: this project's, those of DeeBERT and of the EdgeBERT authors' code,
 * and the classifier behind the last layer that a network without exits has.
 */
static const struct {
	const char *pooler, *classifier;	/* with the layer's number, from 0, for %u */
	bool last_only;
} head_names[] = {
	{ "exits.%u.pooler", "exits.%u.classifier", false },
	{ "pooler.dense", "classifier", true },
	{ "pooler", "classifier", true },
	{ "encoder.highway.%u.pooler.dense", "encoder.highway.%u.classifier", false },
	{ "encoder.highway.%u.pooler", "encoder.highway.%u.classifier", false },
};

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
/* The formats are the table's own. */
static void name_head(char name[NAME_BYTES], const char *format, unsigned int layer)
{
	snprintf(name, NAME_BYTES, format, layer);
}
#pragma GCC diagnostic pop

static bool has_linear(const struct eb_checkpoint *checkpoint, const char *format,
		       unsigned int layer)
{
	char name[NAME_BYTES], full[NAME_BYTES + 8];

	name_head(name, format, layer);
	snprintf(full, sizeof(full), "%s.weight", name);
	return eb_checkpoint_has(checkpoint, full);
}

static enum eb_status load_exit(const struct eb_checkpoint *checkpoint, const char *pooler,
				const char *classifier, unsigned int layer,
				struct eb_exit_head *head)
{
	const struct eb_shape *shape = &checkpoint->shape;
	const struct extent hidden = whole(shape->hidden_size);
	enum eb_status status;
	char name[NAME_BYTES];

	head->present = true;
	name_head(name, pooler, layer);
	status = load_head_linear(checkpoint, name, hidden, hidden, &head->pooler);
	name_head(name, classifier, layer);
	if (!status)
		status = load_head_linear(checkpoint, name, as_it_is(shape->classes), hidden,
					  &head->classifier);
	return status;
}

/* Any layer may lack a head except the last, which always answers. */
static enum eb_status load_exits(const struct eb_checkpoint *checkpoint,
				 struct eb_network *network)
{
	unsigned int layers = checkpoint->shape.layers;
	enum eb_status status = EB_OK;

	for (unsigned int i = 0; i < layers && !status; i++) {
		bool last = i + 1 == layers;

		for (size_t n = 0; n < sizeof(head_names) / sizeof(head_names[0]); n++) {
			/* Half a head is an error that names the other half. */
			if ((head_names[n].last_only && !last) ||
			    !has_linear(checkpoint, head_names[n].classifier, i) ||
			    (n > 0 && !has_linear(checkpoint, head_names[n].pooler, i)))
				continue;
			status = load_exit(checkpoint, head_names[n].pooler,
					   head_names[n].classifier, i, &network->exits[i]);
			break;
		}
	}
	if (!status && !network->exits[layers - 1].present)
		return eb_fail(EB_INVALID_ARGUMENT,
			       "%s: tensor exits.%u.classifier.weight is missing, and so is a classifier (classifier.weight with pooler.dense.weight, %u x %u and %u x %u): compile a checkpoint that was trained to classify",
			       checkpoint->tensors.path, layers - 1, checkpoint->shape.classes,
			       checkpoint->shape.hidden_size, checkpoint->shape.hidden_size,
			       checkpoint->shape.hidden_size);
	return status;
}

static enum eb_status load_embeddings(const struct eb_checkpoint *checkpoint,
				      struct eb_network *network)
{
	const struct eb_shape *shape = &checkpoint->shape;
	const struct extent columns = whole(shape->embedding_size);
	enum eb_status status;

	status = load_raised(checkpoint, "embeddings.word_embeddings.weight",
			     as_it_is(shape->vocabulary_size), columns, &network->word_embedding);
	if (!status)
		status = load_raised(checkpoint, "embeddings.position_embeddings.weight",
				     as_it_is(shape->positions), columns,
				     &network->position_embedding);
	if (!status)
		status = load_raised(checkpoint, "embeddings.token_type_embeddings.weight",
				     as_it_is(shape->token_types), columns,
				     &network->type_embedding);
	if (!status)
		status = load_norm(checkpoint, "embeddings.", "LayerNorm", shape->embedding_size,
				   &network->embedding_norm);
	if (!status && shape->architecture == EB_ARCHITECTURE_ALBERT)
		status = load_linear(checkpoint, "encoder.", "embedding_hidden_mapping_in",
				     whole(shape->hidden_size), columns, &network->mapping);
	if (!status && shape->architecture == EB_ARCHITECTURE_ALBERT)
		status = make_panels(&network->mapping);
	return status;
}

static void raise_sizes(struct eb_shape *shape)
{
	shape->hidden_size = eb_whole_vectors(shape->hidden_size);
	shape->intermediate_size = eb_whole_vectors(shape->intermediate_size);
	shape->embedding_size = eb_whole_vectors(shape->embedding_size);
	shape->head_size = eb_whole_vectors(shape->head_size);
}

enum eb_status eb_network_load(const struct eb_checkpoint *checkpoint,
			       struct eb_network *ret_network)
{
	struct eb_network *network = calloc(1, sizeof(*network));
	enum eb_status status;

	if (!network)
		return eb_fail(EB_OUT_OF_MEMORY, "%s: no memory", checkpoint->directory);
	network->shape = checkpoint->shape;
	raise_sizes(&network->shape);
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

static void release_panels(struct eb_linear *linear)
{
	free(linear->panels);
	linear->panels = NULL;
}

static void release_weights(struct eb_linear *linear)
{
	release_panels(linear);
	free(linear->weights);
	linear->weights = NULL;
}

static void free_linear(struct eb_linear *linear)
{
	release_weights(linear);
	free(linear->bias);
}

static void for_each_linear(struct eb_network *network, void (*call)(struct eb_linear *linear))
{
	call(&network->mapping);
	for (unsigned int i = 0; i < network->own_layers; i++) {
		for (int j = 0; j < EB_LINEAR_COUNT; j++)
			call(&network->layers[i].linears[j]);
	}
	for (unsigned int i = 0; i < network->shape.layers; i++) {
		call(&network->exits[i].pooler);
		call(&network->exits[i].classifier);
	}
}

void eb_network_release_panels(struct eb_network *network)
{
	for_each_linear(network, release_panels);
}

void eb_network_release_weights(struct eb_network *network)
{
	for_each_linear(network, release_weights);
	free(network->word_embedding);
	free(network->position_embedding);
	free(network->type_embedding);
	network->word_embedding = network->position_embedding = network->type_embedding = NULL;
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
	for_each_linear(network, free_linear);
	for (unsigned int i = 0; i < network->own_layers; i++) {
		free_norm(&network->layers[i].attention_norm);
		free_norm(&network->layers[i].output_norm);
		free(network->layers[i].spans);
	}
	memset(network, 0, sizeof(*network));
}
