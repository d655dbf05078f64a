/* SPDX-License-Identifier: MIT */
/* Modelled cycles of a model by sentence length and layer, for one device profile. */
#ifndef EDGEBERT_LIB_CYCLE_TABLE_H
#define EDGEBERT_LIB_CYCLE_TABLE_H

#include <stdint.h>

#include "lib/model_file.h"

struct eb_cycle_table {
	char profile[EDGEBERT_HW_PROFILE_NAME_BYTES + 1];
	uint32_t layers;
	uint32_t vectors;		/* rows: sentences of up to 16, 32, ... tokens */
	const uint32_t *cycles;		/* [vectors][layers], inside the model file */
};

/* layers and vectors: what the model's parameters ask for. */
enum eb_status eb_cycle_table_read(const struct eb_model_file *file,
				   const struct eb_model_section *section, uint32_t layers,
				   uint32_t vectors, struct eb_cycle_table *ret_table);

/*
 * Cycles from the program's first command to the end of a layer's exit (layer from 1;
 * 0: none).  The table counts whole vectors of tokens, so this is an upper bound.
 */
uint32_t eb_cycle_table_until(const struct eb_cycle_table *table, uint32_t tokens,
			      uint32_t layer);

#endif /* EDGEBERT_LIB_CYCLE_TABLE_H */
