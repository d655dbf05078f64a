/* SPDX-License-Identifier: MIT */
/*
 * Building a model's WEIGHTS and PROGRAM: an image of constants and a list of commands.
 */
#ifndef EDGEBERT_MODEL_PROGRAM_H
#define EDGEBERT_MODEL_PROGRAM_H

#include <stdbool.h>

#include "lib/model_format.h"
#include "tools/model/quantise.h"

struct eb_program_builder {
	uint8_t *weights;		/* becomes the WEIGHTS section */
	size_t weights_size, weights_capacity;
	struct eb_constant *constants;	/* what was put there, to put equal bytes once */
	size_t constant_count, constant_capacity;

	struct edgebert_hw_command *commands;
	uint32_t *packed_bytes;		/* per command, for the cycle tables */
	size_t command_count, command_capacity;
	uint32_t layer_start[EDGEBERT_HW_LAYERS_MAX];

	uint32_t scratch_bytes;
	enum eb_status status;		/* the first failure; later calls do nothing */
};

void eb_program_free(struct eb_program_builder *builder);

/* Puts bytes into the image, or finds them there; returns their operand address. */
uint32_t eb_program_constant(struct eb_program_builder *builder, const void *bytes, size_t size);

/* A matrix or table of codes, packed where that is smaller. */
struct eb_stored_codes {
	uint32_t operand;
	uint32_t packed_bytes;		/* 0: dense, rows columns bytes apart */
};
struct eb_stored_codes eb_program_codes(struct eb_program_builder *builder,
					const struct eb_codes *codes);

/* Adds a command and returns it, zeroed but for its opcode; never NULL. */
struct edgebert_hw_command *eb_program_add(struct eb_program_builder *builder, uint8_t opcode,
					   uint16_t flags, uint32_t packed_bytes);

#endif /* EDGEBERT_MODEL_PROGRAM_H */
