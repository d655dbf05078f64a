/* SPDX-License-Identifier: MIT */
/* From the numeric plan to the device's commands. */
#ifndef EDGEBERT_MODEL_LOWER_H
#define EDGEBERT_MODEL_LOWER_H

#include "tools/model/plan.h"
#include "tools/model/program.h"

/* The predictor's table, which PREDICT reads from the tables segment. */
#define EB_PREDICTOR_ROWS 100
/* 0.01 nats, as the paper's table has it: the keys are then 0.00 .. 0.97 in Q6.10. */
#define EB_PREDICTOR_STEP 10

struct eb_lowering {
	const struct eb_plan *plan;
	unsigned int sequence_max;
	bool predict;			/* put PREDICT after layer 1 */
	/* The word embedding lies in the eNVM, behind this at its beginning; NULL: it does not. */
	const struct eb_envm_table *envm_words;
};

/* Tables segment: predictor's entropies, then cycles, as the model format says. */
size_t eb_lower_tables_bytes(const struct eb_lowering *lowering);
size_t eb_lower_cycles_offset(const struct eb_lowering *lowering);

/* Fills the builder; on failure it may hold part of a program and must still be freed. */
enum eb_status eb_lower(const struct eb_lowering *lowering,
			struct eb_program_builder *builder) EB_WARN_UNUSED;

#endif /* EDGEBERT_MODEL_LOWER_H */
