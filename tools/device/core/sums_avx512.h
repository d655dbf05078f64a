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
 * The depth is cut into blocks of 48 elements, and what is left into blocks of 16.  Of each
 * block the first elements go by Winograd's identity, two pairs at a time, and the others
 * by plain products.
 */
#define EB_SUM_LONG_BLOCK 48
#define EB_SUM_LONG_IDENTITY 32
#define EB_SUM_SHORT_BLOCK 16
#define EB_SUM_SHORT_IDENTITY 12

/* Columns of one call. */
#define EB_SUM_COLUMNS 8

/* The operands of sums of 16 or 32 input rows by 8 columns. */
struct eb_sum_tile {
	const int16_t *input;		/* [pair of elements][16 or 32 rows] */
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
