// SPDX-License-Identifier: MIT
/* BERT and ALBERT by their definition, in loops. */
#include "tests/unit/model/plain_network.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/model/fixture.h"

#define ROWS_MAX 64
#define WIDTH_MAX 160

typedef double matrix[ROWS_MAX][WIDTH_MAX];

struct plain {
	const struct eb_checkpoint *checkpoint;
	size_t rows;
	char prefix[80];		/* of the layer */
};

static float *tensor(const struct plain *plain, const char *prefix, const char *name,
		     const char *suffix, size_t rows, size_t columns)
{
	char full[200];
	float *values;

	snprintf(full, sizeof(full), "%s%s%s", prefix, name, suffix);
	if (eb_checkpoint_floats(plain->checkpoint, full, rows, columns, &values))
		fail_msg("%s", full);
	return values;
}

static void multiply(const struct plain *plain, const char *prefix, const char *name,
		     matrix input, size_t rows, size_t depth, size_t outputs, matrix output)
{
	float *weights = tensor(plain, prefix, name, ".weight", outputs, depth);
	float *bias = tensor(plain, prefix, name, ".bias", 1, outputs);

	for (size_t r = 0; r < rows; r++) {
		for (size_t c = 0; c < outputs; c++) {
			output[r][c] = bias[c];
			for (size_t d = 0; d < depth; d++)
				output[r][c] += input[r][d] * weights[c * depth + d];
		}
	}
	free(weights);
	free(bias);
}

static void normalise(const struct plain *plain, const char *prefix, const char *name,
		      size_t size, matrix values)
{
	float *gamma = tensor(plain, prefix, name, ".weight", 1, size);
	float *beta = tensor(plain, prefix, name, ".bias", 1, size);

	for (size_t r = 0; r < plain->rows; r++) {
		double mean = 0, variance = 0;

		for (size_t i = 0; i < size; i++)
			mean += values[r][i] / (double)size;
		for (size_t i = 0; i < size; i++)
			variance += pow(values[r][i] - mean, 2) / (double)size;
		for (size_t i = 0; i < size; i++)
			values[r][i] = (values[r][i] - mean) /
				       sqrt(variance + plain->checkpoint->shape.layer_norm_epsilon) *
				       gamma[i] + beta[i];
	}
	free(gamma);
	free(beta);
}

static void embed(const struct plain *plain, const struct plain_sentence *sentence, matrix hidden)
{
	const struct eb_shape *shape = &plain->checkpoint->shape;
	size_t size = shape->embedding_size;
	float *words = tensor(plain, "embeddings.", "word_embeddings", ".weight",
			      shape->vocabulary_size, size);
	float *positions = tensor(plain, "embeddings.", "position_embeddings", ".weight",
				  shape->positions, size);
	float *types = tensor(plain, "embeddings.", "token_type_embeddings", ".weight",
			      shape->token_types, size);
	static matrix sum;

	for (size_t t = 0; t < sentence->count; t++) {
		size_t type = sentence->types ? sentence->types[t] : 0;

		for (size_t i = 0; i < size; i++)
			sum[t][i] = (double)words[sentence->tokens[t] * size + i] +
				    positions[t * size + i] + types[type * size + i];
	}
	normalise(plain, "embeddings.", "LayerNorm", size, sum);
	if (shape->architecture == EB_ARCHITECTURE_ALBERT)
		multiply(plain, "encoder.", "embedding_hidden_mapping_in", sum, plain->rows, size,
			 shape->hidden_size, hidden);
	else
		memcpy(hidden, sum, sizeof(sum));
	free(words);
	free(positions);
	free(types);
}

/* The paper's mask: 1 up to the span, then down to 0 along the ramp; a span of 0: none. */
static double mask(const struct eb_shape *shape, double span, double distance)
{
	if (span == 0)
		return 0;
	return fmin(1, fmax(0, (shape->span_ramp + span - distance) / shape->span_ramp));
}

static void attend(const struct plain *plain, matrix query, matrix key, matrix value,
		   const float *spans, matrix context)
{
	const struct eb_shape *shape = &plain->checkpoint->shape;

	for (size_t i = 0; i < shape->hidden_size; i++) {
		size_t head = i / shape->head_size, first = head * shape->head_size;

		for (size_t r = 0; r < plain->rows; r++) {
			double total = 0, weighted = 0;

			for (size_t c = 0; c < plain->rows; c++) {
				double score = 0, kept = 1;

				for (size_t d = first; d < first + shape->head_size; d++)
					score += query[r][d] * key[c][d];
				score = exp(score / sqrt(shape->head_size));
				if (spans)
					kept = mask(shape, spans[head], fabs((double)r - (double)c));
				total += score;
				weighted += score * kept * value[c][i];
			}
			context[r][i] = weighted / total;
		}
	}
}

static double activate(enum eb_activation_function function, double x)
{
	if (function == EB_FUNCTION_RELU)
		return fmax(x, 0);
	if (function == EB_FUNCTION_GELU_TANH)
		return 0.5 * x * (1 + tanh(sqrt(2 / M_PI) * (x + 0.044715 * pow(x, 3))));
	return 0.5 * x * (1 + erf(x * M_SQRT1_2));
}

static void add(matrix sum, matrix other, size_t rows, size_t columns)
{
	for (size_t r = 0; r < rows; r++) {
		for (size_t i = 0; i < columns; i++)
			sum[r][i] += other[r][i];
	}
}

static void run_attention(struct plain *plain, matrix hidden)
{
	const struct eb_shape *shape = &plain->checkpoint->shape;
	bool albert = shape->architecture == EB_ARCHITECTURE_ALBERT;
	const char *name = albert ? "attention." : "attention.self.";
	size_t size = shape->hidden_size;
	static matrix query, key, value, context, output;
	char inner[120], span[140];
	float *spans = NULL;

	snprintf(inner, sizeof(inner), "%s%s", plain->prefix, name);
	snprintf(span, sizeof(span), "%sspan", inner);
	if (eb_checkpoint_has(plain->checkpoint, span))
		spans = tensor(plain, span, "", "", 1, shape->attention_heads);
	multiply(plain, inner, "query", hidden, plain->rows, size, size, query);
	multiply(plain, inner, "key", hidden, plain->rows, size, size, key);
	multiply(plain, inner, "value", hidden, plain->rows, size, size, value);
	attend(plain, query, key, value, spans, context);
	multiply(plain, plain->prefix, albert ? "attention.dense" : "attention.output.dense",
		 context, plain->rows, size, size, output);
	add(hidden, output, plain->rows, size);
	normalise(plain, plain->prefix,
		  albert ? "attention.LayerNorm" : "attention.output.LayerNorm", size, hidden);
	free(spans);
}

static void run_feed_forward(struct plain *plain, matrix hidden)
{
	const struct eb_shape *shape = &plain->checkpoint->shape;
	bool albert = shape->architecture == EB_ARCHITECTURE_ALBERT;
	size_t size = shape->hidden_size, wide = shape->intermediate_size;
	static matrix inner, output;

	multiply(plain, plain->prefix, albert ? "ffn" : "intermediate.dense", hidden, plain->rows,
		 size, wide, inner);
	for (size_t r = 0; r < plain->rows; r++) {
		for (size_t i = 0; i < wide; i++)
			inner[r][i] = activate(shape->activation, inner[r][i]);
	}
	multiply(plain, plain->prefix, albert ? "ffn_output" : "output.dense", inner, plain->rows,
		 wide, size, output);
	add(hidden, output, plain->rows, size);
	normalise(plain, plain->prefix, albert ? "full_layer_layer_norm" : "output.LayerNorm", size,
		  hidden);
}

void plain_network_run(const struct eb_checkpoint *checkpoint,
		       const struct plain_sentence *sentence, const char *pooler,
		       const char *classifier, double *logits)
{
	const struct eb_shape *shape = &checkpoint->shape;
	struct plain plain = { .checkpoint = checkpoint, .rows = sentence->count };
	static matrix hidden, pooled, result;

	embed(&plain, sentence, hidden);
	for (unsigned int layer = 0; layer < shape->layers; layer++) {
		if (shape->architecture == EB_ARCHITECTURE_ALBERT)
			snprintf(plain.prefix, sizeof(plain.prefix),
				 "encoder.albert_layer_groups.0.albert_layers.0.");
		else
			snprintf(plain.prefix, sizeof(plain.prefix), "encoder.layer.%u.", layer);
		run_attention(&plain, hidden);
		run_feed_forward(&plain, hidden);
	}
	multiply(&plain, pooler, "", hidden, 1, shape->hidden_size, shape->hidden_size, pooled);
	for (size_t i = 0; i < shape->hidden_size; i++)
		pooled[0][i] = tanh(pooled[0][i]);
	multiply(&plain, classifier, "", pooled, 1, shape->hidden_size, shape->classes, result);
	for (unsigned int i = 0; i < shape->classes; i++)
		logits[i] = result[0][i];
}
