// SPDX-License-Identifier: MIT
/*
 * Collecting statistics of every tensor over calibration sentences.
 */
#include "tools/model/calibrate.h"

#include <stdlib.h>
#include <string.h>

#include "lib/status.h"
#include "tools/model/workers.h"

/* One worker's view: its own sums, the network for the importances. */
struct observation {
	struct eb_calibration *calibration;
	const float *importance[EDGEBERT_HW_LAYERS_MAX][EB_ACTIVATION_COUNT];
	bool failed;
};

static bool has_columns(enum eb_activation activation)
{
	return activation != EB_ACTIVATION_SCORES && activation != EB_ACTIVATION_PROBABILITIES;
}

static bool make_columns(struct eb_observed *tensor, size_t columns)
{
	if (tensor->column_sums)
		return tensor->columns == columns;
	tensor->columns = columns;
	tensor->column_sums = calloc(columns, sizeof(double));
	tensor->column_squares = calloc(columns, sizeof(double));
	return tensor->column_sums && tensor->column_squares;
}

static void add_row(struct eb_observed *tensor, const float *row, const float *importance,
		    size_t columns)
{
	for (size_t c = 0; c < columns; c++) {
		tensor->column_sums[c] += row[c];
		tensor->column_squares[c] += (double)row[c] * row[c];
		if (importance)
			eb_statistics_add(&tensor->statistics, row + c, 1, importance[c]);
	}
}

static void observe(void *opaque, unsigned int layer, enum eb_activation activation,
		    const float *values, size_t rows, size_t columns)
{
	struct observation *observation = opaque;
	struct eb_observed *tensor = &observation->calibration->tensors[layer][activation];
	const float *importance = observation->importance[layer][activation];

	tensor->rows += rows;
	if (!importance)
		eb_statistics_add(&tensor->statistics, values, rows * columns, 1);
	if (!has_columns(activation))
		return;
	if (!make_columns(tensor, columns)) {
		observation->failed = true;
		return;
	}
	for (size_t r = 0; r < rows; r++)
		add_row(tensor, values + r * columns, importance, columns);
}

/*
 * What an error in input d does to the outputs, each measured by what it is added to: an
 * output dimension of large values bears large errors.
 */
static float *column_importances(const struct eb_linear *linear, const struct eb_observed *sum)
{
	float *importances = calloc(linear->depth, sizeof(*importances));

	if (!importances)
		return NULL;
	for (size_t c = 0; c < linear->outputs; c++) {
		const float *row = linear->weights + c * linear->depth;
		double squares = sum->column_squares[c] / (double)sum->rows;

		for (size_t d = 0; d < linear->depth && squares > 0; d++)
			importances[d] += (float)(row[d] * row[d] / squares);
	}
	return importances;
}

/* Only inputs of one matrix alone: others also feed a residual sum, where all count alike. */
static enum eb_status make_importances(const struct eb_network *network,
				       const struct eb_calibration *before,
				       struct observation *observation)
{
	static const struct {
		enum eb_activation activation;
		enum eb_layer_linear consumer;
		enum eb_activation sum;
	} fed[] = {
		{ EB_ACTIVATION_CONTEXT, EB_LINEAR_ATTENTION_OUTPUT, EB_ACTIVATION_ATTENTION_SUM },
		{ EB_ACTIVATION_INTERMEDIATE, EB_LINEAR_OUTPUT, EB_ACTIVATION_OUTPUT_SUM },
	};

	for (unsigned int layer = 0; layer < network->shape.layers && before; layer++) {
		for (size_t i = 0; i < sizeof(fed) / sizeof(fed[0]); i++) {
			const struct eb_layer *weights = eb_network_layer(network, layer);
			float *importances =
				column_importances(&weights->linears[fed[i].consumer],
						   &before->tensors[layer][fed[i].sum]);

			if (!importances)
				return eb_fail(EB_OUT_OF_MEMORY, "no memory to calibrate");
			observation->importance[layer][fed[i].activation] = importances;
		}
	}
	return EB_OK;
}

static void free_importances(struct observation *observation)
{
	for (unsigned int i = 0; i < EDGEBERT_HW_LAYERS_MAX; i++) {
		for (int j = 0; j < EB_ACTIVATION_COUNT; j++)
			free((void *)observation->importance[i][j]);
	}
}

static void merge_tensor(struct eb_observed *tensor, struct eb_observed *other)
{
	eb_statistics_merge(&tensor->statistics, &other->statistics);
	tensor->rows += other->rows;
	if (!tensor->column_sums) {
		tensor->columns = other->columns;
		tensor->column_sums = other->column_sums;
		tensor->column_squares = other->column_squares;
		other->column_sums = NULL;
		other->column_squares = NULL;
		return;
	}
	for (size_t c = 0; c < other->columns; c++) {
		tensor->column_sums[c] += other->column_sums[c];
		tensor->column_squares[c] += other->column_squares[c];
	}
}

static void merge(struct eb_calibration *calibration, struct eb_calibration *other)
{
	for (unsigned int i = 0; i < calibration->layers; i++) {
		for (int j = 0; j < EB_ACTIVATION_COUNT; j++)
			merge_tensor(&calibration->tensors[i][j], &other->tensors[i][j]);
	}
}

static enum eb_status run(struct eb_reference_run *run, const struct eb_calibration *before,
			  struct observation observations[2])
{
	enum eb_status status;

	for (int i = 0; i < EB_WORKERS; i++) {
		struct eb_calibration *calibration = calloc(1, sizeof(*calibration));

		if (!calibration)
			return eb_fail(EB_OUT_OF_MEMORY, "no memory to calibrate");
		calibration->layers = run->network->shape.layers;
		observations[i].calibration = calibration;
		run->observers[i] = &observations[i];
	}
	status = make_importances(run->network, before, &observations[0]);
	memcpy(observations[1].importance, observations[0].importance,
	       sizeof(observations[0].importance));
	if (!status)
		status = eb_reference_run(run);
	if (!status && (observations[0].failed || observations[1].failed))
		status = eb_fail(EB_OUT_OF_MEMORY, "no memory to calibrate");
	return status;
}

enum eb_status eb_calibrate(const struct eb_network *network,
			    const struct eb_sentences *sentences,
			    const struct eb_calibration *before, eb_step_progress progress,
			    void *progress_opaque, struct eb_calibration **ret_calibration)
{
	struct observation *observations = calloc(EB_WORKERS, sizeof(*observations));
	struct eb_reference_run reference = {
		.network = network, .sentences = sentences, .observer = observe,
		.progress = progress, .progress_opaque = progress_opaque,
	};
	enum eb_status status;

	if (!observations)
		return eb_fail(EB_OUT_OF_MEMORY, "no memory to calibrate");
	status = run(&reference, before, observations);
	if (!status) {
		merge(observations[0].calibration, observations[1].calibration);
		*ret_calibration = observations[0].calibration;
		observations[0].calibration = NULL;
	}
	free_importances(&observations[0]);
	for (int i = 0; i < EB_WORKERS; i++)
		eb_calibration_free(observations[i].calibration);
	free(observations);
	return status;
}

void eb_calibration_free(struct eb_calibration *calibration)
{
	if (!calibration)
		return;
	for (unsigned int i = 0; i < calibration->layers; i++) {
		for (int j = 0; j < EB_ACTIVATION_COUNT; j++) {
			free(calibration->tensors[i][j].column_sums);
			free(calibration->tensors[i][j].column_squares);
		}
	}
	free(calibration);
}

void eb_centre_keys(struct eb_network *network, const struct eb_calibration *calibration)
{
	for (unsigned int own = 0; own < network->own_layers; own++) {
		struct eb_linear *key = &network->layers[own].linears[EB_LINEAR_KEY];
		unsigned int last = network->own_layers == 1 ? network->shape.layers - 1 : own;

		for (size_t c = 0; c < key->outputs; c++) {
			double sum = 0, rows = 0;

			for (unsigned int layer = own; layer <= last; layer++) {
				const struct eb_observed *tensor =
					&calibration->tensors[layer][EB_ACTIVATION_ATTENDED_KEY];

				sum += tensor->column_sums[c];
				rows += (double)tensor->rows;
			}
			key->bias[c] -= (float)(sum / rows);
		}
	}
}
