/* SPDX-License-Identifier: MIT */
/*
 * Calibration: runs sentences through the floating-point network and collects statistics
 * of every tensor that the device will store.
 */
#ifndef EDGEBERT_MODEL_CALIBRATE_H
#define EDGEBERT_MODEL_CALIBRATE_H

#include "tools/model/reference.h"
#include "tools/model/statistics.h"

struct eb_observed {
	struct eb_statistics statistics;
	/* Per column, for tensors that feed a matrix; NULL for scores and probabilities. */
	double *column_sums;
	double *column_squares;
	size_t columns;
	size_t rows;
};

struct eb_calibration {
	unsigned int layers;
	struct eb_observed tensors[EDGEBERT_HW_LAYERS_MAX][EB_ACTIVATION_COUNT];
};

typedef void (*eb_step_progress)(void *opaque, double fraction);

/*
 * before: a calibration of the same network, over fewer sentences perhaps, that tells how
 * much errors of a tensor's columns matter; NULL: all count alike.
 */
enum eb_status eb_calibrate(const struct eb_network *network,
			    const struct eb_sentences *sentences,
			    const struct eb_calibration *before, eb_step_progress progress,
			    void *progress_opaque, struct eb_calibration **ret_calibration)
	EB_WARN_UNUSED;
void eb_calibration_free(struct eb_calibration *calibration);

/*
 * Keys may be shifted by any vector: each row of scores then changes by one number, which
 * softmax ignores.  Moves every layer's key bias so that the keys that attention falls on
 * average to zero: scores that matter then are near zero and fit their words, and those
 * keys have the smallest rounding errors.  The network computes the same.  With one shared
 * layer the mean is over all layers.
 */
void eb_centre_keys(struct eb_network *network, const struct eb_calibration *calibration);

#endif /* EDGEBERT_MODEL_CALIBRATE_H */
