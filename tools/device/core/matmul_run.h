/* SPDX-License-Identifier: MIT */
/*
 * A MATMUL under way: what its parts share.  Only for matmul.c and matmul_strips.c.
 */
#ifndef EDGEBERT_DEVICE_MATMUL_RUN_H
#define EDGEBERT_DEVICE_MATMUL_RUN_H

#include "tools/device/core/job.h"

/*
 * Blocks that one thread takes at once: 64 columns fill a cache line of the output, and each
 * part of the input that comes to the first cache is used that often.
 */
#define EB_STRIP_BLOCKS 4
#define EB_STRIP_COLUMNS (EB_STRIP_BLOCKS * EB_MATMUL_COLUMNS)

/* A block of 16 weight rows where it can be read until the batch is done. */
struct eb_matmul_block_codes {
	const uint8_t *rows[EB_MATMUL_COLUMNS];	/* packed: the block is at rows[0] */
	size_t packed_bytes;
};

/* What one thread works in. */
struct eb_matmul_area {
	int16_t *weights;		/* [columns of a strip][part of the depth] */
	int32_t *sums;			/* [blocks of a strip][groups][16][16] */
	uint32_t *nonzero;		/* per depth: weight rows with a non-zero element */
	uint32_t *input_nonzero;	/* the same of input rows */
	uint8_t *strip_nonzero;		/* the same within a strip, or within 16 input rows */
	uint8_t *unpacked;		/* packed weights: codes of a strip; or 16 input rows */
};

/* A MATMUL under way. */
struct eb_matmul_run {
	struct eb_job *job;
	const struct eb_operation *operation;
	const struct eb_kernels *kernels;
	struct eb_workers *workers;	/* NULL: none */
	unsigned int threads;
	size_t groups;			/* of 16 input rows */
	const uint8_t **input_rows;	/* codes, where any thread can read them */
	uint8_t *input_copies;		/* of those that cannot be read in place */
	int16_t *input;			/* decoded and packed, whole groups */
	int32_t *input_pairs;		/* per row, see eb_kernels.decode_rows */
	int32_t *bias;			/* [columns rounded up to 16] */
	uint8_t *output;		/* [rows][columns] or transposed, output format */
	uint32_t *offsets;		/* packed weights: block ends */
	uint8_t *copies;		/* of blocks that cannot be read in place */
	size_t copy_bytes;		/* room for one */
	struct eb_matmul_area *areas;	/* per thread */
	struct eb_matmul_block_codes *batch;
	size_t batch_size, batch_first, batch_ready;
	size_t strip_blocks;
	atomic_size_t bad_block;	/* lowest one whose packing is wrong */
};

static inline size_t eb_at_most_16(size_t left)
{
	return left < 16 ? left : 16;
}

static inline size_t eb_matmul_block_columns(const struct eb_operation *operation, size_t block)
{
	return eb_at_most_16(operation->columns - block * EB_MATMUL_COLUMNS);
}

static inline void eb_add_counts(const uint8_t *counts, size_t depth, uint32_t *nonzero)
{
	for (size_t d = 0; d < depth; d++)
		nonzero[d] += counts[d];
}

/* One strip of the batch from codes to finished output: an eb_workers_part. */
void eb_matmul_run_strip(void *opaque, size_t part, unsigned int worker);

#endif /* EDGEBERT_DEVICE_MATMUL_RUN_H */
