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
#include <stdlib.h>
#include <string.h>

#include "lib/status.h"

#define ENTROPY_ONE 1024.0
#define NOT_ASSESSED 0xffff
#define BANDWIDTH 0.03			/* nats */
#define BANDWIDTH_MAX 1.0
/* Sentences, in effect, that a row's mean must rest on. */
#define SUPPORT_MIN 25.0
#define THRESHOLD_MAX 0.7

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

static unsigned int exit_layer(const struct eb_exit_result *results, unsigned int layers,
			       int threshold)
{
	for (unsigned int layer = 0; layer + 1 < layers; layer++) {
		if (results[layer].entropy != NOT_ASSESSED && results[layer].entropy <= threshold)
			return layer;
	}
	return layers - 1;
}

static unsigned int best_class(const int16_t *logits, unsigned int classes)
{
	unsigned int best = 0;

	for (unsigned int i = 1; i < classes; i++)
		best = logits[i] > logits[best] ? i : best;
	return best;
}

struct eb_exit_outcome eb_exit_outcome(const struct eb_exit_result *results,
				       const struct eb_sentences *sentences, unsigned int layers,
				       unsigned int classes, int threshold)
{
	struct eb_exit_outcome outcome = { 0 };

	for (size_t s = 0; s < sentences->count; s++) {
		const struct eb_exit_result *result = results + s * layers;
		unsigned int layer = exit_layer(result, layers, threshold);

		outcome.mean_layer += layer + 1;
		outcome.accuracy += best_class(result[layer].logits, classes) ==
				    sentences->items[s].label;
	}
	outcome.mean_layer /= (double)sentences->count;
	outcome.accuracy /= (double)sentences->count;
	return outcome;
}

int eb_choose_threshold(const struct eb_exit_result *results,
			const struct eb_sentences *sentences, unsigned int layers,
			unsigned int classes, unsigned int step, double drop)
{
	double full = eb_exit_outcome(results, sentences, layers, classes, -1).accuracy;
	int chosen = 0;

	for (int threshold = (int)step; threshold <= THRESHOLD_MAX * ENTROPY_ONE;
	     threshold += (int)step) {
		struct eb_exit_outcome outcome = eb_exit_outcome(results, sentences, layers,
								 classes, threshold);

		if (full - outcome.accuracy > drop)
			break;
		chosen = threshold;
	}
	return chosen;
}
