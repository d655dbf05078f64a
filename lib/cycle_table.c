// SPDX-License-Identifier: MIT
/* The CYCLES sections of a model file. */
#include "lib/cycle_table.h"

#include <string.h>

/* Layers take time one after the other: within a row, cycles must grow. */
static enum eb_status check_rows(const struct eb_model_file *file,
				 const struct eb_cycle_table *table)
{
	for (uint32_t row = 0; row < table->vectors; row++) {
		const uint32_t *cycles = table->cycles + (size_t)row * table->layers;

		for (uint32_t layer = 0; layer < table->layers; layer++) {
			if (cycles[layer] > (layer ? cycles[layer - 1] : 0))
				continue;
			return eb_fail(EB_MODEL_CORRUPT,
				       "%s: CYCLES of profile %s: layer %u of row %u takes no time",
				       file->name, table->profile, layer + 1, row);
		}
	}
	return EB_OK;
}

enum eb_status eb_cycle_table_read(const struct eb_model_file *file,
				   const struct eb_model_section *section, uint32_t layers,
				   uint32_t vectors, struct eb_cycle_table *ret_table)
{
	const uint8_t *bytes = eb_model_file_bytes(file, section);
	struct eb_cycle_table table = { 0 };
	struct eb_model_cycles header;

	if (section->size < sizeof(header))
		return eb_fail(EB_MODEL_CORRUPT, "%s: CYCLES has %llu bytes, its header has %zu",
			       file->name, (unsigned long long)section->size, sizeof(header));
	memcpy(&header, bytes, sizeof(header));
	memcpy(table.profile, header.profile, sizeof(header.profile));
	if (!table.profile[0] || header.reserved[0] || header.reserved[1])
		return eb_fail(EB_MODEL_CORRUPT,
			       "%s: CYCLES names no profile or has reserved fields set", file->name);
	if (header.layers != layers || header.vectors != vectors)
		return eb_fail(EB_MODEL_CORRUPT,
			       "%s: CYCLES of profile %s is for %u layers and %u vectors of tokens, "
			       "the model has %u and %u", file->name, table.profile, header.layers,
			       header.vectors, layers, vectors);
	if (section->size != sizeof(header) + sizeof(uint32_t) * layers * vectors)
		return eb_fail(EB_MODEL_CORRUPT, "%s: CYCLES of profile %s has %llu bytes, expected "
			       "%zu", file->name, table.profile, (unsigned long long)section->size,
			       sizeof(header) + sizeof(uint32_t) * layers * vectors);
	table.layers = layers;
	table.vectors = vectors;
	table.cycles = (const uint32_t *)(const void *)(bytes + sizeof(header));
	if (check_rows(file, &table))
		return EB_MODEL_CORRUPT;
	*ret_table = table;
	return EB_OK;
}

uint32_t eb_cycle_table_until(const struct eb_cycle_table *table, uint32_t tokens,
			      uint32_t layer)
{
	uint32_t row = tokens ? (tokens - 1) / EDGEBERT_HW_LANES : 0;

	if (!layer)
		return 0;
	if (row >= table->vectors)
		row = table->vectors - 1;
	if (layer > table->layers)
		layer = table->layers;
	return table->cycles[(size_t)row * table->layers + layer - 1];
}
