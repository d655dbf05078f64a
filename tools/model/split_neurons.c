// SPDX-License-Identifier: MIT
/*
 * Splitting neurons whose output weights are outliers into copies.
 */
#include "tools/model/split_neurons.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/status.h"
#include "tools/model/matmul_float.h"
#include "tools/model/statistics.h"

#define COPIES_MAX EDGEBERT_HW_LANES
#define BIAS_LEAST (-16)
#define BIAS_MOST 7
/* Worth a vector of neurons only when the error shrinks at least so much. */
#define GAIN_MIN 2.0

static float column_largest(const struct eb_linear *linear, size_t d)
{
	float largest = 0;

	for (size_t c = 0; c < linear->outputs; c++)
		largest = fmaxf(largest, fabsf(linear->weights[c * linear->depth + d]));
	return largest;
}

/* Copies beyond the first that the neuron needs so that no weight exceeds the limit. */
static size_t extra_copies(float largest, double limit)
{
	double copies = ceil(largest / limit);

	return copies > 1 ? (size_t)copies - 1 : 0;
}

static size_t total_copies(const float *largest, size_t depth, double limit)
{
	size_t copies = 0;

	for (size_t d = 0; d < depth && copies <= COPIES_MAX; d++)
		copies += extra_copies(largest[d], limit);
	return copies;
}

/* The error when nothing saturates: splitting took care of what would. */
static double error_without_saturation(const struct eb_statistics *statistics, int bias)
{
	struct eb_statistics inside = *statistics;

	for (int i = 0; i < EB_BINADES; i++) {
		if (ldexp(1, i + EB_BINADE_FIRST) > eb_bias_limit(bias))
			inside.second[i] = inside.first[i] = inside.weight[i] = 0;
	}
	return eb_statistics_error(&inside, bias);
}

/* The lowest limit worth splitting for, or 0. */
static double choose_limit(const struct eb_linear *output, const float *largest)
{
	struct eb_statistics statistics = { 0 };
	double best = INFINITY, limit = 0, whole;

	eb_statistics_add(&statistics, output->weights, (size_t)output->outputs * output->depth, 1);
	whole = eb_statistics_error(&statistics, eb_statistics_best_bias(&statistics, BIAS_LEAST,
									 BIAS_MOST));
	for (int bias = BIAS_LEAST; bias <= BIAS_MOST; bias++) {
		size_t copies = total_copies(largest, output->depth, eb_bias_limit(bias));
		double error = error_without_saturation(&statistics, bias);

		if (copies && copies <= COPIES_MAX && error < best) {
			best = error;
			limit = eb_bias_limit(bias);
		}
	}
	return best * GAIN_MIN < whole ? limit : 0;
}

/* Neuron d's output weights among `copies` more columns from column `next`. */
static void divide_column(const struct eb_linear *from, struct eb_linear *to, size_t d,
			  size_t copies, size_t next, double limit)
{
	for (size_t c = 0; c < from->outputs; c++) {
		float value = from->weights[c * from->depth + d];
		float *row = to->weights + c * to->depth;
		bool divided = fabsf(value) > limit;
		float part = divided ? value / (float)(copies + 1) : 0;

		row[d] = divided ? part : value;
		for (size_t i = 0; i < copies; i++)
			row[next + i] = part;
	}
}

static void copy_neuron(const struct eb_linear *from, struct eb_linear *to, size_t d, size_t copy)
{
	memcpy(to->weights + copy * to->depth, from->weights + d * from->depth,
	       from->depth * sizeof(float));
	to->bias[copy] = from->bias[d];
}

/* The two matrices with COPIES_MAX more neurons, all weights and biases of them zero. */
static enum eb_status allocate(struct eb_linear *linear)
{
	linear->weights = calloc((size_t)linear->outputs * linear->depth, sizeof(float));
	linear->bias = calloc(linear->outputs, sizeof(float));
	linear->panels = NULL;
	return linear->weights && linear->bias ? EB_OK
					       : eb_fail(EB_OUT_OF_MEMORY, "no memory to split neurons");
}

static enum eb_status replace(struct eb_linear *linear, struct eb_linear *with)
{
	with->panels = eb_matmul_panels(with->weights, with->outputs, with->depth);
	if (!with->panels)
		return eb_fail(EB_OUT_OF_MEMORY, "no memory to split neurons");
	free(linear->weights);
	free(linear->bias);
	free(linear->panels);
	*linear = *with;
	with->weights = with->bias = with->panels = NULL;
	return EB_OK;
}

static void fill(const struct eb_layer *layer, const float *largest, double limit,
		 struct eb_linear *inner, struct eb_linear *output)
{
	const struct eb_linear *old_inner = &layer->linears[EB_LINEAR_INTERMEDIATE];
	const struct eb_linear *old_output = &layer->linears[EB_LINEAR_OUTPUT];
	size_t next = old_inner->outputs;

	memcpy(output->bias, old_output->bias, output->outputs * sizeof(float));
	for (size_t d = 0; d < old_output->depth; d++) {
		size_t copies = extra_copies(largest[d], limit);

		copy_neuron(old_inner, inner, d, d);
		divide_column(old_output, output, d, copies, next, limit);
		for (size_t i = 0; i < copies; i++)
			copy_neuron(old_inner, inner, d, next + i);
		next += copies;
	}
}

static enum eb_status split_layer(struct eb_layer *layer)
{
	struct eb_linear inner = layer->linears[EB_LINEAR_INTERMEDIATE];
	struct eb_linear output = layer->linears[EB_LINEAR_OUTPUT];
	float *largest = malloc(output.depth * sizeof(*largest));
	enum eb_status status = EB_OK;
	double limit;

	if (!largest)
		return eb_fail(EB_OUT_OF_MEMORY, "no memory to split neurons");
	for (size_t d = 0; d < output.depth; d++)
		largest[d] = column_largest(&output, d);
	limit = choose_limit(&output, largest);
	if (limit > 0 && inner.outputs + COPIES_MAX <= EDGEBERT_HW_DEPTH_MAX) {
		inner.outputs += COPIES_MAX;
		output.depth += COPIES_MAX;
		status = allocate(&inner);
		if (status)
			output.weights = output.bias = output.panels = NULL;
		else
			status = allocate(&output);
		if (!status) {
			fill(layer, largest, limit, &inner, &output);
			status = replace(&layer->linears[EB_LINEAR_INTERMEDIATE], &inner);
		}
		if (!status)
			status = replace(&layer->linears[EB_LINEAR_OUTPUT], &output);
		free(inner.weights);
		free(inner.bias);
		free(output.weights);
		free(output.bias);
	}
	free(largest);
	return status;
}

enum eb_status eb_split_neurons(struct eb_network *network)
{
	enum eb_status status = EB_OK;

	for (unsigned int i = 0; i < network->own_layers && !status; i++)
		status = split_layer(&network->layers[i]);
	return status;
}
