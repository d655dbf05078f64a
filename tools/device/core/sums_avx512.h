/* SPDX-License-Identifier: MIT */
/*
 * The inner loop of the matrix unit with AVX-512 VNNI, and which elements of the depth it
 * treats how.
 */
#ifndef EDGEBERT_DEVICE_SUMS_AVX512_H
#define EDGEBERT_DEVICE_SUMS_AVX512_H

#include <stddef.h>
#include <stdint.h>

/*
 * The depth is cut into long blocks, and what is left into short ones.
 *
 * Of a long block's three vectors of 32 elements, the first two go by Winograd's identity,
 * pair by pair, and the third by plain products.  Of a short block the first twelve elements go
 * by the identity, each pair with the next, and four by plain products.
 */
#define EB_SUM_VECTOR 32
#define EB_SUM_LONG_BLOCK (3 * EB_SUM_VECTOR)
#define EB_SUM_SHORT_BLOCK 16
#define EB_SUM_SHORT_IDENTITY 12
/* Pairs of a short block that are multiplied by the next, one bit each. */
#define EB_SUM_SHORT_PAIRS 0x15

/*
 * Where the packed input has the pair of the elements d and d + 1: the pairs of a long block
 * that are used together lie together, because three places at once, 2048 or 4096 bytes apart,
 * get in each other's way in the first cache.
 */
static inline size_t eb_sum_input_pair(size_t d, size_t depth)
{
	const size_t whole = depth - depth % EB_SUM_LONG_BLOCK, at = d % EB_SUM_LONG_BLOCK;

	if (d >= whole)
		return d / 2;
	return (d - at) / 2 + at % EB_SUM_VECTOR / 2 * 3 + at / EB_SUM_VECTOR;
}

/* Columns of one call. */
#define EB_SUM_COLUMNS 8

/* The operands of sums of 16 or 32 input rows by 8 columns. */
struct eb_sum_tile {
	const int16_t *input;		/* [eb_sum_input_pair][16 or 32 rows] */
	const int16_t *weights;		/* [8][depth] */
	const int32_t *weight_pairs;	/* [8]: what the identity takes away per column */
	size_t depth;			/* a multiple of 16 */
	size_t short_blocks;		/* of the depth */
	/* [16 rows][8 columns] to begin from; the first step may be 0. */
	const int32_t *begin;
	size_t begin_column, begin_group;	/* steps between columns and groups, in bytes */
	int32_t *sums;			/* [16 rows][16 columns][16], of which 8 columns */
};

void eb_avx512_sum_32_rows(const struct eb_sum_tile *tile);
void eb_avx512_sum_16_rows(const struct eb_sum_tile *tile);

#endif /* EDGEBERT_DEVICE_SUMS_AVX512_H */
