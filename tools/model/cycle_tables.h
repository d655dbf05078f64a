/* SPDX-License-Identifier: MIT */
/* Modelled cycles of a program for every device profile. */
#ifndef EDGEBERT_MODEL_CYCLE_TABLES_H
#define EDGEBERT_MODEL_CYCLE_TABLES_H

#include "tools/model/program.h"

#define EB_PROFILES_MAX 16

struct eb_cycle_tables {
	struct eb_model_cycles *tables[EB_PROFILES_MAX];	/* sections, ready to write */
	size_t sizes[EB_PROFILES_MAX];
	size_t count;
};

enum eb_status eb_cycle_tables_make(const struct eb_program_builder *builder,
				    unsigned int layers, unsigned int sequence_max,
				    struct eb_cycle_tables *ret_tables) EB_WARN_UNUSED;
void eb_cycle_tables_free(struct eb_cycle_tables *tables);

#endif /* EDGEBERT_MODEL_CYCLE_TABLES_H */
