// SPDX-License-Identifier: MIT
/*
 * The matrix unit with AVX2: lanes are input rows, weights are broadcast, and pairs of 16-bit
 * products are added by one instruction.
 */
#include <immintrin.h>
#include <string.h>

#include "tools/device/core/adaptivfloat.h"
#include "tools/device/core/bitmask.h"
#include "tools/device/core/job.h"
#include "tools/device/core/kernels_avx2.h"
#include "tools/device/core/kernels_x86.h"
#include "tools/device/core/row.h"

#define PAIR_ELEMENTS 32		/* int16 of one pair of elements of 16 rows */

/* The shift by the exponent is a multiplication by a power of two from a table. */
static void decode_row(const uint8_t *codes, size_t depth, int16_t *values, uint8_t *nonzero)
{
	const __m128i powers = _mm_setr_epi8(1, 2, 4, 8, 16, 32, 64, -128, 0, 0, 0, 0, 0, 0, 0, 0);
	const __m128i seven = _mm_set1_epi8(7), one = _mm_set1_epi8(1);
	const __m128i magnitude = _mm_set1_epi8(0x7f), zero = _mm_setzero_si128();
	const __m256i fifteen = _mm256_set1_epi16(15), sixteen = _mm256_set1_epi16(16);

	for (size_t d = 0; d < depth; d += 16) {
		__m128i row = _mm_loadu_si128((const __m128i *)(codes + d));
		__m128i counts = _mm_loadu_si128((const __m128i *)(nonzero + d));
		__m128i is_zero = _mm_cmpeq_epi8(_mm_and_si128(row, magnitude), zero);
		__m128i exponent = _mm_and_si128(_mm_srli_epi16(row, 4), seven);
		__m256i code = _mm256_cvtepu8_epi16(row);
		__m256i sign = _mm256_srai_epi16(_mm256_slli_epi16(code, 8), 15);
		__m256i value = _mm256_or_si256(_mm256_and_si256(code, fifteen), sixteen);
		__m256i power = _mm256_cvtepu8_epi16(_mm_shuffle_epi8(powers, exponent));

		value = _mm256_andnot_si256(_mm256_cvtepi8_epi16(is_zero),
					    _mm256_mullo_epi16(value, power));
		value = _mm256_sub_epi16(_mm256_xor_si256(value, sign), sign);
		_mm256_storeu_si256((__m256i *)(values + d), value);
		counts = _mm_add_epi8(counts, _mm_add_epi8(is_zero, one));
		_mm_storeu_si128((__m128i *)(nonzero + d), counts);
	}
}

static void decode_rows(const struct eb_matmul_codes *codes, int16_t *values, uint8_t *nonzero,
			int32_t *pairs)
{
	for (size_t r = 0; r < codes->count; r++) {
		decode_row(codes->rows[r] + codes->first, codes->depth, values + r * codes->depth,
			   nonzero);
		pairs[r] = 0;
	}
}

/* packed[pair][row], as in matmul_avx512.c. */
static void pack_rows(const int16_t *rows, size_t depth, size_t group, size_t groups,
		      int16_t *input)
{
	int16_t *packed = input + group * EB_MATMUL_ROWS * depth;

	(void)groups;
	for (size_t pair = 0; pair < depth / 2; pair++)
		for (size_t row = 0; row < EB_MATMUL_ROWS; row++)
			memcpy(packed + pair * PAIR_ELEMENTS + 2 * row,
			       rows + row * depth + 2 * pair, 4);
}

static inline __m256i load_pair(const int16_t *weights)
{
	int32_t pair;

	memcpy(&pair, weights, sizeof(pair));
	return _mm256_set1_epi32(pair);
}

/* 16 rows by four columns to sums[column][row]. */
static void sum_tile(const int16_t *input, const int16_t *weights, size_t depth, int32_t *sums)
{
	__m256i sum[4][2];

#pragma GCC unroll 4
	for (int c = 0; c < 4; c++)
		sum[c][0] = sum[c][1] = _mm256_setzero_si256();
	for (size_t d = 0; d < depth; d += 2) {
		__m256i low = _mm256_loadu_si256((const __m256i *)(input + d * EB_MATMUL_ROWS));
		__m256i high = _mm256_loadu_si256((const __m256i *)(input + d * EB_MATMUL_ROWS) +
						  1);

#pragma GCC unroll 4
		for (int c = 0; c < 4; c++) {
			__m256i pair = load_pair(weights + (size_t)c * depth + d);

			sum[c][0] = _mm256_add_epi32(sum[c][0], _mm256_madd_epi16(low, pair));
			sum[c][1] = _mm256_add_epi32(sum[c][1], _mm256_madd_epi16(high, pair));
		}
	}
#pragma GCC unroll 4
	for (int c = 0; c < 4; c++) {
		_mm256_store_si256((__m256i *)(sums + c * EB_MATMUL_ROWS), sum[c][0]);
		_mm256_store_si256((__m256i *)(sums + c * EB_MATMUL_ROWS) + 1, sum[c][1]);
	}
}

/* The whole depth at once, so these sums are never added to. */
static void sum(const struct eb_matmul_block *block, int32_t *sums)
{
	const size_t depth = block->depth;

	for (size_t column = 0; column < block->columns; column += 4) {
		int32_t *tiles = sums + column / EB_MATMUL_COLUMNS * block->groups *
				 EB_MATMUL_ROWS * EB_MATMUL_COLUMNS;

		for (size_t group = 0; group < block->groups; group++)
			sum_tile(block->packed + group * EB_MATMUL_ROWS * depth,
				 block->weights + column * depth, depth,
				 tiles + (group * EB_MATMUL_COLUMNS + column % EB_MATMUL_COLUMNS) *
				 EB_MATMUL_ROWS);
	}
}

const struct eb_kernels eb_kernels_avx2 = {
	.name = "avx2",
	.supported = eb_cpu_has_avx2,
	.depth_step = EDGEBERT_HW_DEPTH_MAX,
	.decode_rows = decode_rows,
	.unpack_block = eb_bitmask_unpack_block,
	.pack_rows = pack_rows,
	.sum = sum,
	.finish = eb_avx2_finish_tile,
	.adaptivfloat_encode_row = eb_avx2_adaptivfloat_encode_row,
	.adaptivfloat_decode_row = eb_avx2_adaptivfloat_decode_row,
	.saturate_row = eb_avx2_saturate_row,
	.add_row = eb_avx2_add_row,
	.softmax_row = eb_avx2_softmax_row,
	.layernorm_row = eb_avx2_layernorm_row,
};
