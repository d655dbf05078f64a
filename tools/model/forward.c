// SPDX-License-Identifier: MIT
/*
 * The network in floating point.  Sentences of a batch lie one after the other, so that
 * the large products see many rows; attention treats each sentence by itself.
 */
#include "tools/model/forward.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/status.h"
#include "tools/model/matmul_float.h"

struct eb_forward {
	const struct eb_network *network;
	/* One buffer for each tensor that outlives the next one. */
	float *hidden, *query, *key, *value, *context, *projected, *intermediate;
	float *scores;
	float *rows;			/* one per sentence */
	float *pooled;
	float *exit_logits;
	eb_observer observer;
	void *opaque;
};

static const char *const activation_names[EB_ACTIVATION_COUNT] = {
	[EB_ACTIVATION_EMBEDDING_SUM] = "embedding sum",
	[EB_ACTIVATION_EMBEDDING_TOTAL] = "embedding total",
	[EB_ACTIVATION_EMBEDDING_NORM] = "embedding norm",
	[EB_ACTIVATION_MAPPED] = "mapped embedding",
	[EB_ACTIVATION_QUERY] = "query",
	[EB_ACTIVATION_KEY] = "key",
	[EB_ACTIVATION_VALUE] = "value",
	[EB_ACTIVATION_SCORES] = "scores",
	[EB_ACTIVATION_PROBABILITIES] = "probabilities",
	[EB_ACTIVATION_ATTENDED_KEY] = "attended key",
	[EB_ACTIVATION_CONTEXT] = "context",
	[EB_ACTIVATION_ATTENTION_OUTPUT] = "attention output",
	[EB_ACTIVATION_ATTENTION_SUM] = "attention sum",
	[EB_ACTIVATION_ATTENTION_NORM] = "attention norm",
	[EB_ACTIVATION_INTERMEDIATE] = "intermediate",
	[EB_ACTIVATION_OUTPUT] = "output",
	[EB_ACTIVATION_OUTPUT_SUM] = "output sum",
	[EB_ACTIVATION_OUTPUT_NORM] = "output norm",
	[EB_ACTIVATION_EXIT_INPUT] = "exit input",
	[EB_ACTIVATION_POOLED] = "pooled",
	[EB_ACTIVATION_LOGITS] = "logits",
};

const char *eb_activation_name(enum eb_activation activation)
{
	return activation_names[activation];
}

static void observe(const struct eb_forward *forward, unsigned int layer,
		    enum eb_activation activation, const float *values, size_t rows,
		    size_t columns)
{
	if (forward->observer)
		forward->observer(forward->opaque, layer, activation, values, rows, columns);
}

enum eb_status eb_forward_create(const struct eb_network *network, size_t capacity,
				 size_t longest, struct eb_forward **ret_forward)
{
	const struct eb_shape *shape = &network->shape;
	struct eb_forward *forward = calloc(1, sizeof(*forward));
	size_t row = shape->hidden_size * sizeof(float), heads;
	size_t widest = shape->embedding_size, attention = shape->hidden_size;

	if (!forward)
		return eb_fail(EB_OUT_OF_MEMORY, "no memory for the reference network");
	/* Split neurons make layers wider than the configuration says. */
	for (unsigned int i = 0; i < network->own_layers; i++) {
		size_t inner = network->layers[i].linears[EB_LINEAR_INTERMEDIATE].outputs;

		widest = inner > widest ? inner : widest;
		attention = eb_attention_size(&network->layers[i]) > attention ?
			    eb_attention_size(&network->layers[i]) : attention;
	}
	heads = attention * sizeof(float);
	forward->network = network;
	forward->hidden = malloc(capacity * row);
	forward->query = malloc(capacity * heads);
	forward->key = malloc(capacity * heads);
	forward->value = malloc(capacity * heads);
	forward->context = malloc(capacity * heads);
	forward->projected = malloc(capacity * row);
	forward->intermediate = malloc(capacity * widest * sizeof(float));
	forward->scores = malloc(longest * longest * sizeof(float));
	forward->rows = malloc(capacity * heads);
	forward->pooled = malloc(capacity * row);
	forward->exit_logits = malloc(capacity * shape->classes * sizeof(float));
	if (!forward->hidden || !forward->query || !forward->key || !forward->value ||
	    !forward->context || !forward->projected || !forward->intermediate ||
	    !forward->scores || !forward->rows || !forward->pooled || !forward->exit_logits) {
		eb_forward_destroy(forward);
		return eb_fail(EB_OUT_OF_MEMORY, "no memory for a batch of %zu tokens", capacity);
	}
	*ret_forward = forward;
	return EB_OK;
}

void eb_forward_destroy(struct eb_forward *forward)
{
	if (!forward)
		return;
	free(forward->hidden);
	free(forward->query);
	free(forward->key);
	free(forward->value);
	free(forward->context);
	free(forward->projected);
	free(forward->intermediate);
	free(forward->scores);
	free(forward->rows);
	free(forward->pooled);
	free(forward->exit_logits);
	free(forward);
}

static void linear(const struct eb_linear *weights, const float *input, size_t rows,
		   float *output)
{
	eb_matmul(input, rows, weights->depth, weights->panels, weights->bias, weights->outputs,
		  output);
}

static void add(float *sum, const float *other, size_t count)
{
	for (size_t i = 0; i < count; i++)
		sum[i] += other[i];
}

/* What lies between the norm's size and the rows' distance stays as it is. */
static void layer_norm(const struct eb_norm *norm, double epsilon, float *values, size_t rows,
		       size_t stride)
{
	for (size_t r = 0; r < rows; r++) {
		float *row = values + r * stride;
		double sum = 0, squares = 0;
		float mean, inverse;

		for (size_t i = 0; i < norm->size; i++)
			sum += row[i];
		mean = (float)(sum / norm->size);
		for (size_t i = 0; i < norm->size; i++)
			squares += (double)(row[i] - mean) * (row[i] - mean);
		inverse = (float)(1 / sqrt(squares / norm->size + epsilon));
		for (size_t i = 0; i < norm->size; i++)
			row[i] = (row[i] - mean) * inverse * norm->gamma[i] + norm->beta[i];
	}
}

/* Sums the three embeddings of all tokens into sum and calls the observer on the way. */
static void embed(struct eb_forward *forward, const struct eb_batch *batch, float *sum)
{
	const struct eb_network *network = forward->network;
	size_t size = network->shape.embedding_size;
	size_t total = batch->starts[batch->sentences];

	for (size_t s = 0; s < batch->sentences; s++) {
		for (size_t t = batch->starts[s]; t < batch->starts[s + 1]; t++) {
			memcpy(sum + t * size, network->word_embedding + batch->tokens[t] * size,
			       size * sizeof(*sum));
			add(sum + t * size,
			    network->position_embedding + (t - batch->starts[s]) * size, size);
		}
	}
	observe(forward, 0, EB_ACTIVATION_EMBEDDING_SUM, sum, total, size);
	for (size_t t = 0; t < total; t++)
		add(sum + t * size,
		    network->type_embedding + batch->types[t] * size, size);
	observe(forward, 0, EB_ACTIVATION_EMBEDDING_TOTAL, sum, total, size);
}

static void run_embedding(struct eb_forward *forward, const struct eb_batch *batch)
{
	const struct eb_network *network = forward->network;
	const struct eb_shape *shape = &network->shape;
	size_t total = batch->starts[batch->sentences];
	bool mapped = shape->architecture == EB_ARCHITECTURE_ALBERT;
	/* A factorised embedding need not be as wide as hidden; intermediate has room for it. */
	float *sum = mapped ? forward->intermediate : forward->hidden;

	embed(forward, batch, sum);
	layer_norm(&network->embedding_norm, shape->layer_norm_epsilon, sum, total,
		   shape->embedding_size);
	observe(forward, 0, EB_ACTIVATION_EMBEDDING_NORM, sum, total, shape->embedding_size);
	if (mapped) {
		linear(&network->mapping, sum, total, forward->hidden);
		observe(forward, 0, EB_ACTIVATION_MAPPED, forward->hidden, total,
			shape->hidden_size);
	}
}

static void softmax(float *values, size_t rows, size_t columns)
{
	for (size_t r = 0; r < rows; r++) {
		float *row = values + r * columns;
		float largest = row[0];
		double sum = 0;

		for (size_t c = 1; c < columns; c++)
			largest = fmaxf(largest, row[c]);
		for (size_t c = 0; c < columns; c++) {
			row[c] = expf(row[c] - largest);
			sum += row[c];
		}
		for (size_t c = 0; c < columns; c++)
			row[c] = (float)(row[c] / sum);
	}
}

/* Where this head looks in the mean: the average key, weighted by probabilities. */
static void average_key(const struct eb_forward *forward, const float *probabilities,
			size_t first, size_t tokens, size_t width, size_t column, float *mean)
{
	size_t size = forward->network->shape.head_size;

	memset(mean, 0, size * sizeof(*mean));
	for (size_t c = 0; c < tokens; c++) {
		const float *key = forward->key + (first + c) * width + column;
		float weight = 0;

		for (size_t r = 0; r < tokens; r++)
			weight += probabilities[r * tokens + c];
		for (size_t d = 0; d < size; d++)
			mean[d] += weight / (float)tokens * key[d];
	}
}

static void multiply_scores(struct eb_forward *forward, size_t first, size_t tokens, size_t width,
			    size_t column)
{
	size_t size = forward->network->shape.head_size;

	for (size_t r = 0; r < tokens; r++) {
		const float *query = forward->query + (first + r) * width + column;

		for (size_t c = 0; c < tokens; c++) {
			const float *key = forward->key + (first + c) * width + column;
			float sum = 0;

			for (size_t d = 0; d < size; d++)
				sum += query[d] * key[d];
			forward->scores[r * tokens + c] = sum;
		}
	}
}

/* As the device's softmax has it: rows of masked probabilities do not add up to 1. */
static void apply_span(const struct eb_shape *shape, float span, float *probabilities,
		       size_t tokens)
{
	for (size_t r = 0; r < tokens; r++) {
		for (size_t c = 0; c < tokens; c++)
			probabilities[r * tokens + c] *=
				eb_span_mask(shape, span, (unsigned int)(r > c ? r - c : c - r));
	}
}

static void multiply_values(struct eb_forward *forward, size_t first, size_t tokens, size_t width,
			    size_t column)
{
	size_t size = forward->network->shape.head_size;

	for (size_t r = 0; r < tokens; r++) {
		float *context = forward->context + (first + r) * width + column;

		memset(context, 0, size * sizeof(*context));
		for (size_t c = 0; c < tokens; c++) {
			const float *value = forward->value + (first + c) * width + column;
			float weight = forward->scores[r * tokens + c];

			for (size_t d = 0; d < size; d++)
				context[d] += weight * value[d];
		}
	}
}

/* One head of one sentence, whose rows start at first; mean: where it looks. */
static void attend(struct eb_forward *forward, unsigned int layer, unsigned int head, size_t first,
		   size_t tokens, float *mean)
{
	const struct eb_shape *shape = &forward->network->shape;
	const struct eb_layer *weights = eb_network_layer(forward->network, layer);
	size_t width = eb_attention_size(weights), column = (size_t)head * shape->head_size;

	multiply_scores(forward, first, tokens, width, column);
	observe(forward, layer, EB_ACTIVATION_SCORES, forward->scores, tokens, tokens);
	softmax(forward->scores, tokens, tokens);
	average_key(forward, forward->scores, first, tokens, width, column, mean + column);
	if (weights->spans)
		apply_span(shape, weights->spans[head], forward->scores, tokens);
	observe(forward, layer, EB_ACTIVATION_PROBABILITIES, forward->scores, tokens, tokens);
	multiply_values(forward, first, tokens, width, column);
}

static void run_heads(struct eb_forward *forward, const struct eb_batch *batch,
		      unsigned int layer)
{
	const struct eb_layer *weights = eb_network_layer(forward->network, layer);
	size_t total = batch->starts[batch->sentences], width = eb_attention_size(weights);

	linear(&weights->linears[EB_LINEAR_QUERY], forward->hidden, total, forward->query);
	linear(&weights->linears[EB_LINEAR_KEY], forward->hidden, total, forward->key);
	linear(&weights->linears[EB_LINEAR_VALUE], forward->hidden, total, forward->value);
	observe(forward, layer, EB_ACTIVATION_QUERY, forward->query, total, width);
	observe(forward, layer, EB_ACTIVATION_KEY, forward->key, total, width);
	observe(forward, layer, EB_ACTIVATION_VALUE, forward->value, total, width);
	for (size_t s = 0; s < batch->sentences; s++) {
		size_t first = batch->starts[s], tokens = batch->starts[s + 1] - first;

		for (unsigned int head = 0; head < weights->heads; head++)
			attend(forward, layer, head, first, tokens, forward->rows + s * width);
	}
	observe(forward, layer, EB_ACTIVATION_ATTENDED_KEY, forward->rows, batch->sentences, width);
	observe(forward, layer, EB_ACTIVATION_CONTEXT, forward->context, total, width);
}

static void run_attention(struct eb_forward *forward, const struct eb_batch *batch,
			  unsigned int layer)
{
	const struct eb_shape *shape = &forward->network->shape;
	const struct eb_layer *weights = eb_network_layer(forward->network, layer);
	size_t total = batch->starts[batch->sentences], hidden = shape->hidden_size;

	run_heads(forward, batch, layer);
	linear(&weights->linears[EB_LINEAR_ATTENTION_OUTPUT], forward->context, total,
	       forward->projected);
	observe(forward, layer, EB_ACTIVATION_ATTENTION_OUTPUT, forward->projected, total, hidden);
	add(forward->hidden, forward->projected, total * hidden);
	observe(forward, layer, EB_ACTIVATION_ATTENTION_SUM, forward->hidden, total, hidden);
	layer_norm(&weights->attention_norm, shape->layer_norm_epsilon, forward->hidden, total,
		   hidden);
	observe(forward, layer, EB_ACTIVATION_ATTENTION_NORM, forward->hidden, total, hidden);
}

/* The network as it was trained, also where the device comes near it only. */
static float activate(enum eb_activation_function function, float x)
{
	switch (function) {
	case EB_FUNCTION_RELU:
		return x > 0 ? x : 0;
	case EB_FUNCTION_GELU_TANH:
		return 0.5f * x * (1 + tanhf(0.7978845608f * (x + 0.044715f * x * x * x)));
	case EB_FUNCTION_GELU:
	default:
		return 0.5f * x * (1 + erff(x * (float)M_SQRT1_2));
	}
}

static void run_feed_forward(struct eb_forward *forward, const struct eb_batch *batch,
			     unsigned int layer)
{
	const struct eb_shape *shape = &forward->network->shape;
	const struct eb_layer *weights = eb_network_layer(forward->network, layer);
	size_t total = batch->starts[batch->sentences], hidden = shape->hidden_size;
	size_t inner = weights->linears[EB_LINEAR_INTERMEDIATE].outputs;

	linear(&weights->linears[EB_LINEAR_INTERMEDIATE], forward->hidden, total,
	       forward->intermediate);
	for (size_t i = 0; i < total * inner; i++)
		forward->intermediate[i] = activate(shape->activation, forward->intermediate[i]);
	observe(forward, layer, EB_ACTIVATION_INTERMEDIATE, forward->intermediate, total, inner);
	linear(&weights->linears[EB_LINEAR_OUTPUT], forward->intermediate, total,
	       forward->projected);
	observe(forward, layer, EB_ACTIVATION_OUTPUT, forward->projected, total, hidden);
	add(forward->hidden, forward->projected, total * hidden);
	observe(forward, layer, EB_ACTIVATION_OUTPUT_SUM, forward->hidden, total, hidden);
	layer_norm(&weights->output_norm, shape->layer_norm_epsilon, forward->hidden, total, hidden);
	observe(forward, layer, EB_ACTIVATION_OUTPUT_NORM, forward->hidden, total, hidden);
}

static void run_exit(struct eb_forward *forward, const struct eb_batch *batch,
		     unsigned int layer, float *logits)
{
	const struct eb_shape *shape = &forward->network->shape;
	const struct eb_exit_head *head = &forward->network->exits[layer];
	size_t hidden = shape->hidden_size, classes = shape->classes;

	for (size_t s = 0; s < batch->sentences; s++)
		memcpy(forward->rows + s * hidden, forward->hidden + batch->starts[s] * hidden,
		       hidden * sizeof(float));
	observe(forward, layer, EB_ACTIVATION_EXIT_INPUT, forward->rows, batch->sentences, hidden);
	linear(&head->pooler, forward->rows, batch->sentences, forward->pooled);
	for (size_t i = 0; i < batch->sentences * hidden; i++)
		forward->pooled[i] = tanhf(forward->pooled[i]);
	observe(forward, layer, EB_ACTIVATION_POOLED, forward->pooled, batch->sentences, hidden);
	linear(&head->classifier, forward->pooled, batch->sentences, forward->exit_logits);
	observe(forward, layer, EB_ACTIVATION_LOGITS, forward->exit_logits, batch->sentences,
		classes);
	for (size_t s = 0; s < batch->sentences && logits; s++)
		memcpy(logits + (s * shape->layers + layer) * classes,
		       forward->exit_logits + s * classes, classes * sizeof(float));
}

void eb_forward_run(struct eb_forward *forward, const struct eb_batch *batch,
		    eb_observer observer, void *opaque, float *logits)
{
	const struct eb_network *network = forward->network;

	forward->observer = observer;
	forward->opaque = opaque;
	run_embedding(forward, batch);
	for (unsigned int layer = 0; layer < network->shape.layers; layer++) {
		run_attention(forward, batch, layer);
		run_feed_forward(forward, batch, layer);
		if (network->exits[layer].present)
			run_exit(forward, batch, layer, logits);
	}
}
