// SPDX-License-Identifier: MIT
/*
 * Codes to what the multipliers see, with AVX-512; and what Winograd's identity adds to the
 * sums of each row, see sums_avx512.h.
 */
#include "tools/device/core/codes_avx512.h"

#include "tools/device/core/avx512.h"
#include "tools/device/core/sums_avx512.h"

/* 32 codes to values, or the last 16; counts those that are not zero. */
static inline __m512i decode_lanes(const uint8_t *codes, __mmask32 lanes, int16_t *values,
				   uint8_t *nonzero)
{
	const __m512i seven = _mm512_set1_epi16(7), fifteen = _mm512_set1_epi16(15);
	const __m512i sixteen = _mm512_set1_epi16(16), magnitude = _mm512_set1_epi16(0x7f);
	__m256i row = _mm256_maskz_loadu_epi8(lanes, codes);
	__m256i counts = _mm256_maskz_loadu_epi8(lanes, nonzero);
	__m512i code = _mm512_cvtepu8_epi16(row);
	__m512i exponent = _mm512_and_si512(_mm512_srli_epi16(code, 4), seven);
	__m512i value = _mm512_or_si512(_mm512_and_si512(code, fifteen), sixteen);
	__mmask32 set = _mm512_test_epi16_mask(code, magnitude);

	value = _mm512_maskz_sllv_epi16(set, value, exponent);
	value = _mm512_mask_sub_epi16(value, _mm256_movepi8_mask(row), _mm512_setzero_si512(),
				      value);
	_mm512_mask_storeu_epi16(values, lanes, value);
	counts = _mm256_mask_sub_epi8(counts, set, counts, _mm256_set1_epi8(-1));
	_mm256_mask_storeu_epi8(nonzero, lanes, counts);
	return value;
}

int32_t eb_avx512_decode_from(const uint8_t *row, size_t d, size_t depth, int16_t *values,
			      uint8_t *nonzero)
{
	__m512i products = _mm512_setzero_si512();

	for (; depth - d >= EB_SUM_LONG_BLOCK; d += EB_SUM_LONG_BLOCK) {
		__m512i value[3];

#pragma GCC unroll 3
		for (size_t v = 0; v < 3; v++) {
			size_t at = d + v * EB_SUM_VECTOR;

			value[v] = decode_lanes(row + at, UINT32_MAX, values + at, nonzero + at);
		}
		DOT_PRODUCT(products, value[0], value[1]);
	}
	for (; d < depth; d += EB_SUM_VECTOR) {
		const bool one = depth - d < EB_SUM_VECTOR;
		const __mmask16 pairs = one ? EB_SUM_SHORT_PAIRS :
					      EB_SUM_SHORT_PAIRS | EB_SUM_SHORT_PAIRS << 8;
		__m512i value = decode_lanes(row + d, one ? UINT16_MAX : UINT32_MAX, values + d,
					     nonzero + d);

		DOT_PRODUCT(products, value,
			    _mm512_maskz_shuffle_epi32(pairs, value, _MM_PERM_CDAB));
	}
	return (int32_t)-(uint32_t)_mm512_reduce_add_epi32(products);
}

void eb_avx512_decode_rows(const struct eb_matmul_codes *codes, int16_t *values, uint8_t *nonzero,
			   int32_t *pairs)
{
	for (size_t r = 0; r < codes->count; r++)
		pairs[r] = eb_avx512_decode_from(codes->rows[r] + codes->first, 0, codes->depth,
						 values + r * codes->depth, nonzero);
}
