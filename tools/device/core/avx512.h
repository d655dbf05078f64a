/* SPDX-License-Identifier: MIT */
/*
 * What the AVX-512 kernels share: 16 lanes of 32 bits.  Only for files compiled for it.
 */
#ifndef EDGEBERT_DEVICE_AVX512_H
#define EDGEBERT_DEVICE_AVX512_H

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

#define LANES 16

/* Kept as an instruction: gcc 12 copies the accumulator of the intrinsic back and forth. */
#define DOT_PRODUCT(sum, a, b) \
	__asm__("vpdpwssd %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b))

/* All ones for the lanes that are left of count at i. */
static inline __mmask16 lanes_left(size_t count, size_t i)
{
	return count - i >= LANES ? 0xffff : (__mmask16)((1u << (count - i)) - 1);
}

/*
 * As encode() in adaptivfloat.c, in 32 bits each; offset from eb_adaptivfloat_encode_offset.
 * Numbers that a float does not hold exactly are far beyond what saturates, so that they need
 * no limit; and the offset may be subtracted before the shift, as it is a multiple of it.
 */
static inline __m512i encode_lanes(__m512i value, int32_t offset)
{
	const __m512i half = _mm512_set1_epi32((1 << 18) - (offset << 19));
	__mmask16 negative = _mm512_movepi32_mask(value);
	__m512i code = _mm512_castps_si512(_mm512_cvtepi32_ps(value));

	code = _mm512_and_si512(code, _mm512_set1_epi32(INT32_MAX));
	code = _mm512_add_epi32(code, half);
	code = _mm512_mask_sub_epi32(code, negative, code, _mm512_set1_epi32(1));
	code = _mm512_max_epi32(_mm512_srai_epi32(code, 19), _mm512_setzero_si512());
	code = _mm512_min_epi32(code, _mm512_set1_epi32(0x7f));
	negative = _mm512_mask_test_epi32_mask(negative, code, code);
	return _mm512_mask_or_epi32(code, negative, code, _mm512_set1_epi32(0x80));
}

/* Cut to a Q6.10 word symmetrically. */
static inline __m512i saturate_lanes(__m512i value)
{
	value = _mm512_min_epi32(value, _mm512_set1_epi32(INT16_MAX));
	return _mm512_max_epi32(value, _mm512_set1_epi32(-INT16_MAX));
}

#endif /* EDGEBERT_DEVICE_AVX512_H */
