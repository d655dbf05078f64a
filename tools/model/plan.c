// SPDX-License-Identifier: MIT
/*
 * Choosing formats: AF8 biases by least squared error over what calibration saw, scales of
 * Q6.10 tensors so that the largest value seen has room to spare.
 */
#include "tools/model/plan.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/status.h"

/* Biases of commands. */
#define COMMAND_BIAS_MAX 7
/* A Q6.10 word holds magnitudes below this. */
#define WORD_LIMIT 31.99
/* Sentences may reach beyond what calibration saw. */
#define SUM_MARGIN 1.25
#define SCALE_LEAST (-8)
/* AF8 of any bias from here on is exact in the special function unit's words. */
#define EXACT_BIAS 4

static const struct eb_observed *observed(const struct eb_calibration *calibration,
					  unsigned int layer, enum eb_activation activation)
{
	return &calibration->tensors[layer][activation];
}

/* The best bias of an activation that a command encodes at its true value. */
static int activation_bias(const struct eb_calibration *calibration, unsigned int layer,
			   enum eb_activation activation)
{
	return eb_statistics_best_bias(&observed(calibration, layer, activation)->statistics, 0,
				       COMMAND_BIAS_MAX);
}

/* The best bias of an activation that may be encoded at any scale. */
static int scaled_bias(const struct eb_calibration *calibration, unsigned int layer,
		       enum eb_activation activation)
{
	return eb_statistics_best_bias(&observed(calibration, layer, activation)->statistics, -8,
				       COMMAND_BIAS_MAX);
}

/* The least scale at which magnitudes up to largest fit a word. */
static int word_scale(double largest)
{
	int scale = SCALE_LEAST;

	while (ldexp(largest, -scale) > WORD_LIMIT)
		scale++;
	return scale;
}

/*
 * The scale of a residual sum: its other operand, an AF8 tensor with this bias, must be
 * readable at the same scale with a bias of 0..7.
 */
static int sum_scale(const struct eb_calibration *calibration, unsigned int layer,
		     enum eb_activation activation, int other_bias)
{
	double largest = observed(calibration, layer, activation)->statistics.largest;
	int scale = word_scale(largest * SUM_MARGIN);

	if (other_bias - scale > COMMAND_BIAS_MAX)
		scale = other_bias - COMMAND_BIAS_MAX;
	if (other_bias - scale < 0)
		scale = other_bias;
	return scale;
}

static double largest_of(const float *values, size_t count)
{
	double largest = 0;

	for (size_t i = 0; i < count; i++)
		largest = fmax(largest, fabs(values[i]));
	return largest;
}

/*
 * The unit computes in Q6.10 words: a norm's parameters and output are scaled up as far as
 * they fit, so that they are rounded less.
 */
static struct eb_norm_plan plan_norm(const struct eb_norm *norm,
				     const struct eb_calibration *calibration,
				     unsigned int layer, enum eb_activation activation)
{
	struct eb_norm_plan plan = { .norm = norm };
	double parameters = fmax(largest_of(norm->gamma, norm->size),
				 largest_of(norm->beta, norm->size));

	plan.output_bias = activation_bias(calibration, layer, activation);
	plan.output_scale = word_scale(parameters);
	if (plan.output_scale > 0)
		plan.output_scale = 0;
	if (plan.output_bias - plan.output_scale > COMMAND_BIAS_MAX)
		plan.output_scale = plan.output_bias - COMMAND_BIAS_MAX;
	return plan;
}

/* The bias vector less what rounding the weights adds to each output in the mean. */
static float *corrected_bias(const struct eb_linear *linear, const struct eb_codes *codes,
			     const struct eb_observed *input)
{
	float *bias = malloc(linear->outputs * sizeof(*bias));

	for (size_t c = 0; c < linear->outputs && bias; c++) {
		double moved = 0;

		for (size_t d = 0; d < linear->depth; d++) {
			size_t i = c * linear->depth + d;

			moved += (eb_codes_value(codes, i) - linear->weights[i]) *
				 input->column_sums[d];
		}
		bias[c] = (float)(linear->bias[c] - moved / (double)input->rows);
	}
	return bias;
}

/* Mean square of each input of a matrix. */
static enum eb_status mean_squares(const struct eb_observed *input, double **ret_squares)
{
	double *squares = malloc(input->columns * sizeof(*squares));

	if (!squares)
		return eb_fail(EB_OUT_OF_MEMORY, "no memory to quantise");
	for (size_t d = 0; d < input->columns; d++)
		squares[d] = input->column_squares[d] / (double)input->rows;
	*ret_squares = squares;
	return EB_OK;
}

/* A matrix that one tensor is multiplied with. */
static enum eb_status plan_linear(const char *name, const struct eb_linear *linear,
				  const struct eb_observed *input, struct eb_linear_plan *plan)
{
	double *squares = NULL;
	enum eb_status status;

	status = mean_squares(input, &squares);
	if (!status)
		status = eb_quantise_matrix(name, linear->weights, linear->outputs,
					    linear->depth, squares, &plan->codes);
	free(squares);
	if (status)
		return status;
	plan->bias = corrected_bias(linear, &plan->codes, input);
	return plan->bias ? EB_OK : eb_fail(EB_OUT_OF_MEMORY, "no memory to quantise");
}

/* The tensor that each matrix of a layer is multiplied with. */
static const struct eb_observed *linear_input(const struct eb_network *network,
					      const struct eb_calibration *calibration,
					      unsigned int layer, enum eb_layer_linear linear)
{
	switch (linear) {
	case EB_LINEAR_ATTENTION_OUTPUT:
		return observed(calibration, layer, EB_ACTIVATION_CONTEXT);
	case EB_LINEAR_INTERMEDIATE:
		return observed(calibration, layer, EB_ACTIVATION_ATTENTION_NORM);
	case EB_LINEAR_OUTPUT:
		return observed(calibration, layer, EB_ACTIVATION_INTERMEDIATE);
	default:
		break;
	}
	if (layer > 0)
		return observed(calibration, layer - 1, EB_ACTIVATION_OUTPUT_NORM);
	return observed(calibration, 0, network->mapping.weights ? EB_ACTIVATION_MAPPED
								 : EB_ACTIVATION_EMBEDDING_NORM);
}

/* Mean square of each input of a matrix, over all layers that use it. */
static enum eb_status input_squares(const struct eb_network *network,
				    const struct eb_calibration *calibration, unsigned int own,
				    enum eb_layer_linear linear, double **ret_squares)
{
	size_t depth = network->layers[own].linears[linear].depth;
	unsigned int last = network->own_layers == 1 ? network->shape.layers - 1 : own;
	double *squares = calloc(depth, sizeof(*squares));

	if (!squares)
		return eb_fail(EB_OUT_OF_MEMORY, "no memory to quantise");
	for (unsigned int layer = own; layer <= last; layer++) {
		const struct eb_observed *input = linear_input(network, calibration, layer, linear);

		for (size_t d = 0; d < depth; d++)
			squares[d] += input->column_squares[d] / (double)input->rows;
	}
	*ret_squares = squares;
	return EB_OK;
}

static enum eb_status plan_layer_linear(struct eb_plan *plan,
					const struct eb_calibration *calibration,
					unsigned int own, enum eb_layer_linear index)
{
	const struct eb_network *network = plan->network;
	const struct eb_linear *linear = &network->layers[own].linears[index];
	double *squares = NULL;
	enum eb_status status;
	char name[64];

	snprintf(name, sizeof(name), "layer %u %s", own + 1, eb_layer_linear_name(index));
	status = input_squares(network, calibration, own, index, &squares);
	if (!status)
		status = eb_quantise_matrix(name, linear->weights, linear->outputs,
					    linear->depth, squares, &plan->linears[own][index]);
	free(squares);
	return status;
}

static enum eb_status plan_exit(struct eb_plan *plan, const struct eb_calibration *calibration,
				unsigned int layer)
{
	const struct eb_exit_head *head = &plan->network->exits[layer];
	struct eb_layer_plan *layer_plan = &plan->layers[layer];
	enum eb_status status;
	char name[64];

	layer_plan->has_exit = head->present;
	if (!head->present)
		return EB_OK;
	layer_plan->pooled = activation_bias(calibration, layer, EB_ACTIVATION_POOLED);
	snprintf(name, sizeof(name), "exit %u pooler", layer + 1);
	status = plan_linear(name, &head->pooler,
			     observed(calibration, layer, EB_ACTIVATION_EXIT_INPUT),
			     &layer_plan->pooler);
	snprintf(name, sizeof(name), "exit %u classifier", layer + 1);
	if (!status)
		status = plan_linear(name, &head->classifier,
				     observed(calibration, layer, EB_ACTIVATION_POOLED),
				     &layer_plan->classifier);
	return status;
}

static void plan_activations(struct eb_plan *plan, const struct eb_calibration *calibration,
			     unsigned int layer, int input_bias)
{
	const struct eb_layer *weights = eb_network_layer(plan->network, layer);
	struct eb_layer_plan *layer_plan = &plan->layers[layer];

	layer_plan->own = plan->network->own_layers == 1 ? 0 : layer;
	layer_plan->query = scaled_bias(calibration, layer, EB_ACTIVATION_QUERY);
	layer_plan->key = scaled_bias(calibration, layer, EB_ACTIVATION_KEY);
	layer_plan->value = scaled_bias(calibration, layer, EB_ACTIVATION_VALUE);
	layer_plan->probabilities = activation_bias(calibration, layer,
						    EB_ACTIVATION_PROBABILITIES);
	layer_plan->context = scaled_bias(calibration, layer, EB_ACTIVATION_CONTEXT);
	layer_plan->intermediate = activation_bias(calibration, layer,
						   EB_ACTIVATION_INTERMEDIATE);
	layer_plan->attention_norm = plan_norm(&weights->attention_norm, calibration, layer,
					       EB_ACTIVATION_ATTENTION_NORM);
	layer_plan->output_norm = plan_norm(&weights->output_norm, calibration, layer,
					    EB_ACTIVATION_OUTPUT_NORM);
	layer_plan->attention_sum_scale = sum_scale(calibration, layer,
						    EB_ACTIVATION_ATTENTION_SUM, input_bias);
	layer_plan->output_sum_scale = sum_scale(calibration, layer, EB_ACTIVATION_OUTPUT_SUM,
						 layer_plan->attention_norm.output_bias);
}

/* Where weights are shared, their rounding still moves each layer by another mean. */
static enum eb_status plan_biases(struct eb_plan *plan, const struct eb_calibration *calibration,
				  unsigned int layer)
{
	const struct eb_layer *weights = eb_network_layer(plan->network, layer);
	struct eb_layer_plan *layer_plan = &plan->layers[layer];

	for (int i = 0; i < EB_LINEAR_COUNT; i++) {
		const struct eb_observed *input = linear_input(plan->network, calibration, layer,
							       (enum eb_layer_linear)i);

		layer_plan->biases[i] = corrected_bias(&weights->linears[i],
						       &plan->linears[layer_plan->own][i], input);
		if (!layer_plan->biases[i])
			return eb_fail(EB_OUT_OF_MEMORY, "no memory to quantise");
	}
	return EB_OK;
}

/*
 * The three tables share one scale: the least at which no sum of any three rows saturates
 * and each can be read with a bias of 0..7.
 */
static int embedding_scale(const struct eb_plan *plan)
{
	const struct eb_codes *tables[] = { &plan->words, &plan->positions, &plan->types };
	double largest = 0;
	int scale;

	for (int i = 0; i < 3; i++)
		largest += eb_codes_largest(tables[i], tables[i]->bias);
	scale = word_scale(largest);
	for (int i = 0; i < 3; i++) {
		if (tables[i]->bias - scale > COMMAND_BIAS_MAX)
			scale = tables[i]->bias - COMMAND_BIAS_MAX;
	}
	return scale;
}

/* A table whose values are far below the others' is encoded again where it is read exactly. */
static void raise_table(const float *values, int least, struct eb_codes *codes)
{
	if (codes->bias < least)
		eb_quantise_again(values, least, codes);
}

/*
 * Positions also take back what rounding adds to the other two tables, where that is the
 * same in every sentence: the first type, and the first token, which the exits look at.
 */
static enum eb_status correct_positions(struct eb_plan *plan, uint32_t first_token)
{
	const struct eb_network *network = plan->network;
	size_t columns = plan->positions.columns, count = plan->positions.rows * columns;
	float *values = malloc(count * sizeof(*values));

	if (!values)
		return eb_fail(EB_OUT_OF_MEMORY, "no memory to quantise");
	for (size_t i = 0; i < count; i++) {
		size_t column = i % columns, word = first_token * columns + column;
		double value = network->position_embedding[i] + network->type_embedding[column] -
			       eb_codes_value(&plan->types, column);

		if (i < columns)
			value += network->word_embedding[word] - eb_codes_value(&plan->words, word);
		values[i] = (float)value;
	}
	eb_quantise_again(values, plan->positions.bias, &plan->positions);
	free(values);
	return EB_OK;
}

static enum eb_status plan_embedding(struct eb_plan *plan, const struct eb_plan_options *options)
{
	const struct eb_calibration *calibration = options->calibration;
	const struct eb_network *network = plan->network;
	const struct eb_shape *shape = &network->shape;
	enum eb_status status;
	int least;

	status = eb_quantise_table("word embedding", network->word_embedding,
				   shape->vocabulary_size, shape->embedding_size,
				   options->word_counts, &plan->words);
	if (!status)
		status = eb_quantise_table("position embedding", network->position_embedding,
					   shape->positions, shape->embedding_size, NULL,
					   &plan->positions);
	if (!status)
		status = eb_quantise_table("type embedding", network->type_embedding,
					   shape->token_types, shape->embedding_size, NULL,
					   &plan->types);
	if (status)
		return status;
	if (options->word_bias)
		eb_quantise_again(network->word_embedding, *options->word_bias, &plan->words);
	plan->embedding_scale = embedding_scale(plan);
	least = plan->embedding_scale + EXACT_BIAS;
	if (options->word_bias && plan->words.bias < least)
		return eb_fail(EB_MODEL_UNSUPPORTED, "the shared word embedding has bias %d, beside this "
			       "network's positions and types at least %d is needed; make an image for "
			       "it alone", plan->words.bias, least);
	raise_table(network->word_embedding, least, &plan->words);
	raise_table(network->position_embedding, least, &plan->positions);
	raise_table(network->type_embedding, least, &plan->types);
	status = correct_positions(plan, options->first_token);
	if (status)
		return status;
	plan->embedding_norm = plan_norm(&network->embedding_norm, calibration, 0,
					 EB_ACTIVATION_EMBEDDING_NORM);
	if (network->mapping.weights) {
		status = plan_linear("embedding mapping", &network->mapping,
				     observed(calibration, 0, EB_ACTIVATION_EMBEDDING_NORM),
				     &plan->mapping);
		plan->mapped = scaled_bias(calibration, 0, EB_ACTIVATION_MAPPED);
	}
	return status;
}

static enum eb_status plan_matrices(struct eb_plan *plan, const struct eb_plan_options *options)
{
	const struct eb_network *network = plan->network;
	enum eb_status status = EB_OK;

	for (unsigned int own = 0; own < network->own_layers && !status; own++) {
		for (int i = 0; i < EB_LINEAR_COUNT && !status; i++)
			status = plan_layer_linear(plan, options->calibration, own,
						   (enum eb_layer_linear)i);
		if (options->progress)
			options->progress(options->progress_opaque,
					  (own + 1.0) / network->own_layers);
	}
	return status;
}

enum eb_status eb_plan_make(const struct eb_plan_options *options, struct eb_plan **ret_plan)
{
	const struct eb_calibration *calibration = options->calibration;
	const struct eb_network *network = options->network;
	struct eb_plan *plan = calloc(1, sizeof(*plan));
	enum eb_status status;
	int input_bias;

	if (!plan)
		return eb_fail(EB_OUT_OF_MEMORY, "no memory to quantise");
	plan->network = network;
	status = plan_embedding(plan, options);
	if (!status)
		status = plan_matrices(plan, options);
	input_bias = network->mapping.weights ? plan->mapped : plan->embedding_norm.output_bias;
	for (unsigned int i = 0; i < network->shape.layers && !status; i++) {
		plan_activations(plan, calibration, i, input_bias);
		input_bias = plan->layers[i].output_norm.output_bias;
		status = plan_biases(plan, calibration, i);
		if (!status)
			status = plan_exit(plan, calibration, i);
	}
	if (status)
		eb_plan_free(plan);
	else
		*ret_plan = plan;
	return status;
}

static void free_linear(struct eb_linear_plan *linear)
{
	eb_codes_free(&linear->codes);
	free(linear->bias);
}

void eb_plan_free(struct eb_plan *plan)
{
	if (!plan)
		return;
	eb_codes_free(&plan->words);
	eb_codes_free(&plan->positions);
	eb_codes_free(&plan->types);
	free_linear(&plan->mapping);
	for (unsigned int i = 0; i < EDGEBERT_HW_LAYERS_MAX; i++) {
		for (int j = 0; j < EB_LINEAR_COUNT; j++) {
			eb_codes_free(&plan->linears[i][j]);
			free(plan->layers[i].biases[j]);
		}
		free_linear(&plan->layers[i].pooler);
		free_linear(&plan->layers[i].classifier);
	}
	free(plan);
}
