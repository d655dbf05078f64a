/* SPDX-License-Identifier: MIT */
/*
 * The inner loops of the device core, once in plain C and once per instruction set.  All
 * give the same bits; which set is used is chosen when a core is created.
 */
#ifndef EDGEBERT_DEVICE_KERNELS_H
#define EDGEBERT_DEVICE_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/device/core/matmul.h"

/* Input rows are packed, and sums are formed, in groups of so many. */
#define EB_MATMUL_ROWS 16

/* A row of a packed block. */
struct eb_packed_row {
	const uint8_t *masks;		/* of the whole row */
	const uint8_t *bytes;		/* that are stored for what is not decoded yet */
	const uint8_t *end;		/* of the block: nothing is read from here on */
};

/* Rows of codes: `depth` elements of each from `first` on, a multiple of 16. */
struct eb_matmul_codes {
	const uint8_t *const *rows;
	struct eb_packed_row *packed;	/* instead, for decode_packed_rows */
	size_t count, first, depth;
};

/*
 * The decoded operands of sums of whole blocks of 16 columns, over a part of the depth:
 * `depth` elements from `first` on, both multiples of 16.
 */
struct eb_matmul_block {
	const int16_t *packed;		/* input rows as pack_rows left them, whole depth */
	const int32_t *input_pairs;	/* per row, from decode_rows */
	const int16_t *weights;		/* [columns][depth] */
	const int32_t *weight_pairs;	/* per column, from decode_rows */
	size_t rows, groups, columns;
	size_t first, depth, whole_depth;
	/* Codes that are wanted next, so many bytes at each: worth fetching meanwhile. */
	const uint8_t *const *ahead;
	size_t ahead_count, ahead_bytes;
};

struct eb_kernels {
	const char *name;
	bool (*supported)(void);
	size_t depth_step;		/* `sum` wants this much of the depth at a time */

	/*
	 * Codes to what the multipliers see, values[row][depth]; adds one to nonzero[d] for each
	 * that is not zero.  pairs gets a number per row that `sum` of the same set wants back.
	 */
	void (*decode_rows)(const struct eb_matmul_codes *codes, int16_t *values, uint8_t *nonzero,
			    int32_t *pairs);
	/* As eb_bitmask_unpack_block. */
	bool (*unpack_block)(const void *block, size_t size, size_t block_rows, size_t depth,
			     uint8_t *dense);
	/*
	 * Both or none; then unpack_block is not used.  The first checks as that does and finds
	 * the rows, the second decodes the next `depth` elements of each.  Memory may change in
	 * between: what is decoded is then wrong, but nothing beyond the block is read.
	 */
	bool (*find_packed_rows)(const void *block, size_t size, size_t block_rows, size_t depth,
				 struct eb_packed_row *rows);
	void (*decode_packed_rows)(const struct eb_matmul_codes *codes, int16_t *values,
				   uint8_t *nonzero, int32_t *pairs);
	/* rows[16][depth] to their place in the order that `sum` reads. */
	void (*pack_rows)(const int16_t *rows, size_t depth, size_t group, size_t groups,
			  int16_t *input);
	/*
	 * Adds to the sums, modulo 2^32, or begins them when first is 0: [column block][group]
	 * and there 16 x 16 in an order known to `finish`.
	 */
	void (*sum)(const struct eb_matmul_block *block, int32_t *sums);
	/*
	 * One group's sums, each with its column's bias, to 16 elements of each row, or of each
	 * column when transposed; stride is the distance of the next 16 in bytes.
	 */
	void (*finish)(const struct eb_matmul_finish *finish, int32_t *sums, const int32_t *bias,
		       bool transposed, void *elements, size_t stride);

	/* As the functions of the same names. */
	void (*adaptivfloat_encode_row)(const int32_t *values, size_t count,
					unsigned int fraction_bits, unsigned int bias,
					uint8_t *codes);
	void (*adaptivfloat_decode_row)(const uint8_t *codes, size_t count, unsigned int bias,
					int16_t *values);
	void (*saturate_row)(const int32_t *values, size_t count, int16_t *words);
	void (*add_row)(const int16_t *words, const int16_t *second, size_t count,
			int32_t *values);
	void (*softmax_row)(const int16_t *words, const int16_t *span, size_t count,
			    int32_t *probabilities);
	void (*layernorm_row)(const int16_t *words, const int16_t *gamma, const int16_t *beta,
			      size_t count, uint32_t epsilon, int32_t *values);
};

/* Fastest first; the last is plain C and runs everywhere.  Ends with NULL. */
extern const struct eb_kernels *const eb_kernel_sets[];

/* name NULL: the fastest that this processor supports.  NULL: no such set, or unsupported. */
const struct eb_kernels *eb_kernels_find(const char *name);

#endif /* EDGEBERT_DEVICE_KERNELS_H */
