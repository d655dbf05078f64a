// SPDX-License-Identifier: MIT
/*
 * Codes to what the multipliers see, with AVX-512; and what Winograd's identity adds to the
 * sums of each row, see sums_avx512.h.
 */
#include "tools/device/core/codes_avx512.h"

#include "tools/device/core/avx512.h"
#include "tools/device/core/sums_avx512.h"

#define PAIR_ELEMENTS 32		/* int16 per vector */

/* 32 codes to values; takes from products what the identity adds to pairs of `identity`. */
static inline __m512i decode_lanes(__m256i row, __mmask16 identity, __mmask32 *nonzero,
				   __m512i *products)
{
	const __m512i seven = _mm512_set1_epi16(7), fifteen = _mm512_set1_epi16(15);
	const __m512i sixteen = _mm512_set1_epi16(16), magnitude = _mm512_set1_epi16(0x7f);
	__m512i code = _mm512_cvtepu8_epi16(row);
	__m512i exponent = _mm512_and_si512(_mm512_srli_epi16(code, 4), seven);
	__m512i value = _mm512_or_si512(_mm512_and_si512(code, fifteen), sixteen);

	*nonzero = _mm512_test_epi16_mask(code, magnitude);
	value = _mm512_maskz_sllv_epi16(*nonzero, value, exponent);
	value = _mm512_mask_sub_epi16(value, _mm256_movepi8_mask(row), _mm512_setzero_si512(),
				      value);
	DOT_PRODUCT(*products, value, _mm512_maskz_shuffle_epi32(identity, value, _MM_PERM_CDAB));
	return value;
}

/* Decodes 32 codes, or the last 16. */
static inline void decode_part(const uint8_t *codes, __mmask32 lanes, __mmask16 identity,
			       int16_t *values, uint8_t *nonzero, __m512i *products)
{
	__m256i row = _mm256_maskz_loadu_epi8(lanes, codes);
	__m256i counts = _mm256_maskz_loadu_epi8(lanes, nonzero);
	__mmask32 set;

	_mm512_mask_storeu_epi16(values, lanes, decode_lanes(row, identity, &set, products));
	counts = _mm256_mask_sub_epi8(counts, set, counts, _mm256_set1_epi8(-1));
	_mm256_mask_storeu_epi8(nonzero, lanes, counts);
}

/* Which of the pairs of the 16 elements at d are multiplied by the next pair. */
static unsigned int identity_pairs(size_t d, size_t depth)
{
	if (d >= depth)
		return 0;
	if (d >= depth - depth % EB_SUM_LONG_BLOCK)
		return 0x15;
	return d % EB_SUM_LONG_BLOCK < EB_SUM_LONG_IDENTITY ? 0x55 : 0;
}

int32_t eb_avx512_decode_codes(const uint8_t *codes, size_t depth, int16_t *values,
			       uint8_t *nonzero)
{
	__m512i products = _mm512_setzero_si512();
	size_t d;

	for (d = 0; d + 2 * EB_SUM_LONG_BLOCK <= depth; d += 2 * EB_SUM_LONG_BLOCK) {
		decode_part(codes + d, UINT32_MAX, 0x5555, values + d, nonzero + d, &products);
		decode_part(codes + d + 32, UINT32_MAX, 0x5500, values + d + 32, nonzero + d + 32,
			    &products);
		decode_part(codes + d + 64, UINT32_MAX, 0x0055, values + d + 64, nonzero + d + 64,
			    &products);
	}
	for (; d < depth; d += PAIR_ELEMENTS)
		decode_part(codes + d, depth - d < PAIR_ELEMENTS ? 0xffff : UINT32_MAX,
			    (__mmask16)(identity_pairs(d, depth) |
					identity_pairs(d + LANES, depth) << 8),
			    values + d, nonzero + d, &products);
	return (int32_t)-(uint32_t)_mm512_reduce_add_epi32(products);
}

