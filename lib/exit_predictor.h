/* SPDX-License-Identifier: MIT */
/* Entropy after the first layer -> the layer at which the sentence is expected to exit. */
#ifndef EDGEBERT_LIB_EXIT_PREDICTOR_H
#define EDGEBERT_LIB_EXIT_PREDICTOR_H

#include <stdint.h>

#include "lib/model_file.h"

struct eb_exit_predictor {
	uint32_t rows;
	uint32_t step;			/* entropy between two rows, Q6.10 */
	uint32_t columns;		/* last_layer - first_layer */
	uint32_t first_layer;
	uint32_t last_layer;
	const int16_t *entropies;	/* [rows][columns] Q6.10, inside the model file */
	/*
	 * Instead of entropies: a table from elsewhere in a unit of its own, in which step,
	 * entropy and threshold are then meant too.
	 */
	const int32_t *fine_entropies;
};

enum eb_status eb_exit_predictor_read(const struct eb_model_file *file,
				      const struct eb_model_section *section, uint32_t layers,
				      struct eb_exit_predictor *ret_predictor);

/*
 * What the PREDICT command of the hardware computes: the first layer whose entropy, in
 * the row nearest to the one measured, is expected at or below the threshold.
 */
uint32_t eb_exit_predict(const struct eb_exit_predictor *predictor, int32_t entropy,
			 int32_t threshold);

/*
 * The last layer that may run after layer 1 had this entropy: 1 when it passes, else what
 * is predicted.
 */
uint32_t eb_exit_limit(const struct eb_exit_predictor *predictor, int32_t entropy,
		       int32_t threshold);

#endif /* EDGEBERT_LIB_EXIT_PREDICTOR_H */
