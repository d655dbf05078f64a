/* SPDX-License-Identifier: MIT */
/*
 * A full-depth ALBERT-base-size encoder for measurements: random weights that all layers
 * share, a command stream as the model compiler would write it, one sentence of random input.
 */
#ifndef EDGEBERT_BENCH_ENCODER_H
#define EDGEBERT_BENCH_ENCODER_H

#include <stddef.h>
#include <stdint.h>

#include "tools/device/core/core.h"

struct encoder_shape {
	uint32_t layers, hidden, inner, heads, sequence;
	uint32_t zero_percent;		/* of the weights; from 1 on they are stored packed */
};

struct encoder {
	struct encoder_shape shape;
	uint8_t *memory;		/* one flat address space */
	size_t used, size;
	struct edgebert_hw_command *commands;
	uint32_t command_count;
	uint32_t input, output;		/* offsets in memory, AF8 [sequence][hidden] */
};

/* Ends the program when there is no memory. */
void encoder_create(const struct encoder_shape *shape, struct encoder *encoder);
void encoder_destroy(struct encoder *encoder);

/* Puts the sentence in place and runs all layers. */
void encoder_run(struct encoder *encoder, struct eb_core *core,
		 struct edgebert_hw_completion *completion);

/* FNV-1a of the last layer's output. */
uint64_t encoder_checksum(const struct encoder *encoder);

#endif /* EDGEBERT_BENCH_ENCODER_H */
