// SPDX-License-Identifier: MIT
/* The PREDICTOR section of a model file and its look-up. */
#include "lib/exit_predictor.h"

#include <string.h>

static enum eb_status check_header(const struct eb_model_file *file,
				   const struct eb_model_predictor *header, uint32_t layers)
{
	/* Layer 1 is what the prediction starts from, so it is never predicted. */
	if (header->first_layer < 2 || header->last_layer < header->first_layer ||
	    header->last_layer > layers)
		return eb_fail(EB_MODEL_CORRUPT,
			       "%s: PREDICTOR predicts layers %u to %u of a model with %u, expected a "
			       "range from 2", file->name, header->first_layer, header->last_layer,
			       layers);
	if (header->columns != header->last_layer - header->first_layer)
		return eb_fail(EB_MODEL_CORRUPT, "%s: PREDICTOR has %u columns, expected %u",
			       file->name, header->columns,
			       header->last_layer - header->first_layer);
	/* Rows and step are 16-bit fields of the PREDICT command. */
	if (!header->rows || header->rows > UINT16_MAX || !header->step ||
	    header->step > INT16_MAX)
		return eb_fail(EB_MODEL_CORRUPT, "%s: PREDICTOR has %u rows with a step of %u",
			       file->name, header->rows, header->step);
	if (header->reserved[0] || header->reserved[1] || header->reserved[2])
		return eb_fail(EB_MODEL_CORRUPT, "%s: PREDICTOR has reserved fields set",
			       file->name);
	return EB_OK;
}

enum eb_status eb_exit_predictor_read(const struct eb_model_file *file,
				      const struct eb_model_section *section, uint32_t layers,
				      struct eb_exit_predictor *ret_predictor)
{
	const uint8_t *bytes = eb_model_file_bytes(file, section);
	struct eb_model_predictor header;
	enum eb_status status;
	uint64_t expected;

	if (section->size < sizeof(header))
		return eb_fail(EB_MODEL_CORRUPT, "%s: PREDICTOR has %llu bytes, its header has %zu",
			       file->name, (unsigned long long)section->size, sizeof(header));
	memcpy(&header, bytes, sizeof(header));
	status = check_header(file, &header, layers);
	if (status)
		return status;
	expected = sizeof(header) + sizeof(int16_t) * (uint64_t)header.rows * header.columns;
	if (section->size != expected)
		return eb_fail(EB_MODEL_CORRUPT, "%s: PREDICTOR has %llu bytes, expected %llu",
			       file->name, (unsigned long long)section->size,
			       (unsigned long long)expected);
	ret_predictor->rows = header.rows;
	ret_predictor->step = header.step;
	ret_predictor->columns = header.columns;
	ret_predictor->first_layer = header.first_layer;
	ret_predictor->last_layer = header.last_layer;
	ret_predictor->entropies = (const int16_t *)(const void *)(bytes + sizeof(header));
	return EB_OK;
}

static int32_t expected_entropy(const struct eb_exit_predictor *predictor, uint32_t row,
				uint32_t column)
{
	const size_t place = (size_t)row * predictor->columns + column;

	return predictor->fine_entropies ? predictor->fine_entropies[place] :
					   predictor->entropies[place];
}

uint32_t eb_exit_predict(const struct eb_exit_predictor *predictor, int32_t entropy,
			 int32_t threshold)
{
	uint32_t row;

	row = ((uint32_t)(entropy < 0 ? 0 : entropy) + predictor->step / 2) / predictor->step;
	if (row >= predictor->rows)
		row = predictor->rows - 1;
	for (uint32_t column = 0; column < predictor->columns; column++) {
		if (expected_entropy(predictor, row, column) <= threshold)
			return predictor->first_layer + column;
	}
	return predictor->last_layer;
}

uint32_t eb_exit_limit(const struct eb_exit_predictor *predictor, int32_t entropy,
		       int32_t threshold)
{
	return entropy <= threshold ? 1 : eb_exit_predict(predictor, entropy, threshold);
}
