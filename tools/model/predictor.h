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

/* What becomes of labelled sentences under a policy. */
struct eb_exit_outcome {
	double accuracy;		/* 0..1 */
	double mean_layer;
	double mean_limit;		/* the predicted layer; all layers without predictor */
};

struct eb_exit_study {
	const struct eb_exit_result *results;	/* [sentence][layer] */
	const struct eb_sentences *sentences;
	unsigned int layers;
	unsigned int classes;
	/* The table of eb_predictor_fit, for the latency policy; NULL: the entropy policy. */
	const int16_t *entropies;
	unsigned int rows, step;
};

/*
 * Each sentence leaves at the first exit whose entropy is at or below the threshold (Q6.10;
 * below 0: none is), and at the latest at the layer that the predictor names.
 */
struct eb_exit_outcome eb_exit_outcome(const struct eb_exit_study *study, int threshold);

/*
 * The highest threshold, in steps of 0.01 nats, up to which neither policy loses more than
 * `drop` of the accuracy of all layers.
 */
int eb_choose_threshold(const struct eb_exit_study *study, double drop);

#endif /* EDGEBERT_MODEL_PREDICTOR_H */
