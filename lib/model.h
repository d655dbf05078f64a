/* SPDX-License-Identifier: MIT */
/* A loaded model: everything the file holds, checked and within reach. */
#ifndef EDGEBERT_LIB_MODEL_H
#define EDGEBERT_LIB_MODEL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/cycle_table.h"
#include "lib/exit_predictor.h"
#include "lib/model_file.h"

struct eb_tokenizer;
struct json_object;

struct eb_model {
	atomic_uint references;
	struct eb_model_file file;
	struct eb_model_parameters parameters;

	const uint8_t *weights;
	uint64_t weights_size;

	uint32_t command_count;
	const struct edgebert_hw_command *commands;
	uint32_t layer_start[EDGEBERT_HW_LAYERS_MAX];
	uint32_t exit_layers;		/* bit l - 1: layer l has an exit */
	bool has_predict;		/* the program reads segment 4 */

	uint32_t cycle_table_count;
	struct eb_cycle_table cycle_tables[EB_MODEL_SECTIONS_MAX];
	bool has_predictor;
	struct eb_exit_predictor predictor;

	struct eb_model_envm_image envm_image;	/* bytes 0: the program reads none */

	struct json_object *metadata;
	const char *name, *architecture;	/* owned by metadata */
	const char *labels[EDGEBERT_HW_CLASSES_MAX];
	struct eb_tokenizer *tokenizer;
};

/* Operand offsets have 28 bits: no segment is larger. */
#define EB_MODEL_SEGMENT_BYTES_MAX (1u << 28)
/* 1 nat in the Q6.10 of entropies, thresholds and logits. */
#define EB_MODEL_ENTROPY_ONE 1024

/* Checks every field of the parameters against the format and the hardware's limits. */
enum eb_status eb_model_parameters_check(const struct eb_model_file *file,
					 const struct eb_model_parameters *parameters);

/* The PROGRAM section: where layers begin and which of them have an exit. */
enum eb_status eb_model_read_program(struct eb_model *model);

static inline uint32_t eb_model_vectors(const struct eb_model_parameters *parameters)
{
	return (parameters->sequence_max + EDGEBERT_HW_LANES - 1) / EDGEBERT_HW_LANES;
}

/* The cycle table of a device profile, NULL when the model has none. */
const struct eb_cycle_table *eb_model_cycle_table(const struct eb_model *model,
						  const char *profile);

/* First layer at or after this one that has an exit: where a limit takes effect. */
uint32_t eb_model_exit_at_or_after(const struct eb_model *model, uint32_t layer);

#endif /* EDGEBERT_LIB_MODEL_H */
