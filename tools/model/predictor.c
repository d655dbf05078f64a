// SPDX-License-Identifier: MIT
/*
 * Fitting the exit predictor.
 *
 * The paper trains a small neural network on pairs (entropy of layer 1, entropies of the
 * other layers) and reads it out into a table of 100 rows.  One input and a table as the
 * result leave nothing for a network to add: each row here is the mean over sentences with
 * a similar entropy (a Gaussian kernel), which is what the network's squared loss also
 * tends to.  Two differences: rows with few sentences widen their kernel instead of
 * extrapolating, and no row is below the one before it, because a less certain start does
 * not make a sentence leave earlier.
 */
#include "tools/model/predictor.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/status.h"

#define ENTROPY_ONE 1024.0
#define NOT_ASSESSED 0xffff
#define BANDWIDTH 0.03			/* nats */
#define BANDWIDTH_MAX 1.0
/* Sentences, in effect, that a row's mean must rest on. */
#define SUPPORT_MIN 25.0
/* Thresholds that are tried, Q6.10: 0.01 to 0.7 nats. */
#define THRESHOLD_STEP 10
#define THRESHOLD_MAX 717

struct row_mean {
	double value;
	double support;
};

static struct row_mean kernel_mean(const struct eb_exit_result *results, size_t sentences,
				   unsigned int layers, unsigned int layer, double key,
				   double bandwidth)
{
	struct row_mean mean = { 0 };

	for (size_t s = 0; s < sentences; s++) {
		const struct eb_exit_result *result = results + s * layers;
		double distance = (result[0].entropy / ENTROPY_ONE - key) / bandwidth;
		double weight = exp(-distance * distance / 2);

		mean.support += weight;
		mean.value += weight * result[layer].entropy;
	}
	mean.value = mean.support > 0 ? mean.value / mean.support : 0;
	return mean;
}

static struct row_mean supported_mean(const struct eb_exit_result *results, size_t sentences,
				      unsigned int layers, unsigned int layer, double key)
{
	struct row_mean mean = { 0 };

	for (double bandwidth = BANDWIDTH; bandwidth <= BANDWIDTH_MAX; bandwidth *= 1.5) {
		mean = kernel_mean(results, sentences, layers, layer, key, bandwidth);
		if (mean.support >= SUPPORT_MIN)
			break;
	}
	return mean;
}

/*
 * Isotonic regression (pool adjacent violators): the closest sequence that never falls,
 * each value weighing as much as it has support.
 */
static void make_monotone(struct row_mean *means, unsigned int rows, unsigned int *sizes)
{
	unsigned int blocks = 0, next = rows;

	for (unsigned int i = 0; i < rows; i++) {
		means[blocks] = means[i];
		sizes[blocks++] = 1;
		while (blocks > 1 && means[blocks - 2].value > means[blocks - 1].value) {
			struct row_mean *kept = &means[blocks - 2], *merged = &means[blocks - 1];
			double support = kept->support + merged->support;

			kept->value = (kept->value * kept->support +
				       merged->value * merged->support) / support;
			kept->support = support;
			sizes[blocks - 2] += sizes[blocks - 1];
			blocks--;
		}
	}
	/* Spread the blocks over their rows again, from the end so that none is overwritten. */
	while (blocks-- > 0) {
		for (unsigned int i = 0; i < sizes[blocks]; i++)
			means[--next].value = means[blocks].value;
	}
}

static void fit_layer(const struct eb_exit_result *results, size_t sentences,
		      unsigned int layers, unsigned int layer, unsigned int rows,
		      unsigned int step, struct row_mean *means, unsigned int *sizes,
		      int16_t *entropies)
{
	for (unsigned int row = 0; row < rows; row++)
		means[row] = supported_mean(results, sentences, layers, layer,
					    row * step / ENTROPY_ONE);
	make_monotone(means, rows, sizes);
	for (unsigned int row = 0; row < rows; row++)
		entropies[row * (layers - 2)] = (int16_t)lrint(fmin(means[row].value, INT16_MAX));
}

enum eb_status eb_predictor_fit(const struct eb_exit_result *results, size_t sentences,
				unsigned int layers, unsigned int rows, unsigned int step,
				int16_t *entropies)
{
	struct row_mean *means = calloc(rows, sizeof(*means));
	unsigned int *sizes = calloc(rows, sizeof(*sizes));

	if (!means || !sizes) {
		free(means);
		free(sizes);
		return eb_fail(EB_OUT_OF_MEMORY, "no memory for the exit predictor");
	}
	for (unsigned int layer = 1; layer + 1 < layers; layer++) {
		int16_t *column = entropies + layer - 1;

		if (results[layer].entropy != NOT_ASSESSED) {
			fit_layer(results, sentences, layers, layer, rows, step, means, sizes,
				  column);
			continue;
		}
		for (unsigned int row = 0; row < rows; row++)
			column[row * (layers - 2)] = INT16_MAX;
	}
	free(means);
	free(sizes);
	return EB_OK;
}

/* The look-up of the PREDICT command: a layer from 1. */
static unsigned int predicted_layer(const struct eb_exit_study *study, int entropy, int threshold)
{
	unsigned int columns = study->layers - 2;
	unsigned int row = ((unsigned int)entropy + study->step / 2) / study->step;
	const int16_t *expected;

	row = row < study->rows ? row : study->rows - 1;
	expected = study->entropies + (size_t)row * columns;
	for (unsigned int column = 0; column < columns; column++) {
		if (expected[column] <= threshold)
			return column + 2;
	}
	return study->layers;
}

/* The layer, from 1, at which the policies stop a sentence at the latest. */
static unsigned int layer_limit(const struct eb_exit_study *study,
				const struct eb_exit_result *result, int threshold)
{
	if (!study->entropies)
		return study->layers;
	if (result[0].entropy <= threshold)
		return 1;
	return predicted_layer(study, result[0].entropy, threshold);
}

static bool passes(const struct eb_exit_result *result, int threshold)
{
	return result->entropy != NOT_ASSESSED && result->entropy <= threshold;
}

static unsigned int best_class(const int16_t *logits, unsigned int classes)
{
	unsigned int best = 0;

	for (unsigned int i = 1; i < classes; i++)
		best = logits[i] > logits[best] ? i : best;
	return best;
}

struct eb_exit_outcome eb_exit_outcome(const struct eb_exit_study *study, int threshold)
{
	size_t count = study->sentences->count;
	struct eb_exit_outcome outcome = { 0 };

	for (size_t s = 0; s < count; s++) {
		const struct eb_exit_result *result = study->results + s * study->layers;
		unsigned int limit = layer_limit(study, result, threshold);
		unsigned int layer = 1;

		/* A limit takes effect at the next layer that has an exit. */
		while (layer < study->layers && !passes(&result[layer - 1], threshold) &&
		       (layer < limit || result[layer - 1].entropy == NOT_ASSESSED))
			layer++;
		outcome.mean_limit += limit;
		outcome.mean_layer += layer;
		outcome.accuracy += best_class(result[layer - 1].logits, study->classes) ==
				    study->sentences->items[s].label;
	}
	outcome.mean_limit /= (double)count;
	outcome.mean_layer /= (double)count;
	outcome.accuracy /= (double)count;
	return outcome;
}

int eb_choose_threshold(const struct eb_exit_study *study, double drop)
{
	struct eb_exit_study entropy_policy = *study;
	double least;
	int chosen = 0;

	entropy_policy.entropies = NULL;
	least = eb_exit_outcome(&entropy_policy, -1).accuracy - drop;
	for (int threshold = THRESHOLD_STEP; threshold <= THRESHOLD_MAX;
	     threshold += THRESHOLD_STEP) {
		if (eb_exit_outcome(&entropy_policy, threshold).accuracy < least ||
		    eb_exit_outcome(study, threshold).accuracy < least)
			break;
		chosen = threshold;
	}
	return chosen;
}
