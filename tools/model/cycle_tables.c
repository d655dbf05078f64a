// SPDX-License-Identifier: MIT
/*
 * Cycle tables: adds up what the device core charges for each command.
 */
#include "tools/model/cycle_tables.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/status.h"
#include "tools/device/core/core.h"

/* One row: cycles up to the end of each layer's exit, for sentences of this length. */
static enum eb_status fill_row(const struct eb_core *core,
			       const struct eb_program_builder *builder, unsigned int layers,
			       unsigned int tokens, uint32_t *row)
{
	unsigned int layer = 0;
	uint64_t total = 0;

	for (size_t i = 0; i < builder->command_count; i++) {
		const struct edgebert_hw_command *command = &builder->commands[i];
		uint64_t cycles = eb_core_command_cycles(core, command, (uint16_t)tokens,
							 builder->packed_bytes[i]);

		if (cycles == 0)
			return eb_fail(EB_INTERNAL, "the device refuses command %zu of the program",
				       i);
		/* A layer without exit ends where the next one starts. */
		if (layer + 1 < layers && i == builder->layer_start[layer + 1])
			layer++;
		total += cycles;
		if (total > UINT32_MAX)
			return eb_fail(EB_MODEL_UNSUPPORTED,
				       "a sentence of %u tokens takes more than 2^32 cycles", tokens);
		if (command->opcode != EDGEBERT_HW_OP_PREDICT)
			row[layer] = (uint32_t)total;
	}
	return EB_OK;
}

static enum eb_status make_table(const struct eb_program_builder *builder, const char *profile,
				 unsigned int layers, unsigned int vectors,
				 struct eb_model_cycles **ret_table, size_t *ret_size)
{
	size_t size = sizeof(struct eb_model_cycles) + sizeof(uint32_t) * vectors * layers;
	struct eb_model_cycles *table = calloc(1, size);
	struct eb_core *core = eb_core_create(profile);
	enum eb_status status = EB_OK;
	uint32_t *rows = (uint32_t *)(table + 1);

	if (!table || !core) {
		free(table);
		eb_core_destroy(core);
		return eb_fail(EB_OUT_OF_MEMORY, "no memory for the cycle table of %s", profile);
	}
	snprintf(table->profile, sizeof(table->profile), "%s", profile);
	table->layers = layers;
	table->vectors = vectors;
	for (unsigned int i = 0; i < vectors && !status; i++)
		status = fill_row(core, builder, layers, (i + 1) * EDGEBERT_HW_LANES,
				  rows + (size_t)i * layers);
	eb_core_destroy(core);
	if (status) {
		free(table);
		return status;
	}
	*ret_table = table;
	*ret_size = size;
	return EB_OK;
}

enum eb_status eb_cycle_tables_make(const struct eb_program_builder *builder,
				    unsigned int layers, unsigned int sequence_max,
				    struct eb_cycle_tables *ret_tables)
{
	const char *const *names = eb_core_profile_names();
	struct eb_cycle_tables tables = { 0 };
	enum eb_status status = EB_OK;

	for (; names[tables.count] && tables.count < EB_PROFILES_MAX; tables.count++) {
		status = make_table(builder, names[tables.count], layers,
				    sequence_max / EDGEBERT_HW_LANES,
				    &tables.tables[tables.count], &tables.sizes[tables.count]);
		if (status)
			break;
	}
	if (status)
		eb_cycle_tables_free(&tables);
	else
		*ret_tables = tables;
	return status;
}

void eb_cycle_tables_free(struct eb_cycle_tables *tables)
{
	for (size_t i = 0; i < tables->count; i++)
		free(tables->tables[i]);
	memset(tables, 0, sizeof(*tables));
}
