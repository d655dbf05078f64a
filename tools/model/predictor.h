/* SPDX-License-Identifier: MIT */
/*
 * The exit predictor: what the entropy after layer 1 says about the entropies to come, and
 * the threshold at which leaving early costs little.
 */
#ifndef EDGEBERT_MODEL_PREDICTOR_H
#define EDGEBERT_MODEL_PREDICTOR_H

#include "tools/model/runner.h"

/*
 * entropies[rows][layers - 2], Q6.10: the expected entropy of layers 2 .. layers - 1 when
 * layer 1 had entropy row * step.  Never falls with the row; INT16_MAX where a layer has
 * no exit.
 */
enum eb_status eb_predictor_fit(const struct eb_exit_result *results, size_t sentences,
				unsigned int layers, unsigned int rows, unsigned int step,
				int16_t *entropies) EB_WARN_UNUSED;

/* What becomes of labelled sentences when each leaves at the first exit that passes. */
struct eb_exit_outcome {
	double accuracy;		/* 0..1 */
	double mean_layer;
};
/* threshold: Q6.10; below 0: all layers. */
struct eb_exit_outcome eb_exit_outcome(const struct eb_exit_result *results,
				       const struct eb_sentences *sentences, unsigned int layers,
				       unsigned int classes, int threshold);

/*
 * The highest threshold, in steps, with an accuracy at most `drop` below that of all
 * layers, and none lower that loses more.
 */
int eb_choose_threshold(const struct eb_exit_result *results,
			const struct eb_sentences *sentences, unsigned int layers,
			unsigned int classes, unsigned int step, double drop);

#endif /* EDGEBERT_MODEL_PREDICTOR_H */
