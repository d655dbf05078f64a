/* SPDX-License-Identifier: MIT */
/*
 * What the AVX2 kernels share: 8 lanes of 32 bits.  Only for files compiled for it.
 */
#ifndef EDGEBERT_DEVICE_AVX2_H
#define EDGEBERT_DEVICE_AVX2_H

#include <immintrin.h>
#include <stdint.h>

/* As encode_lanes() in avx512.h. */
static inline __m256i encode_lanes(__m256i value, int32_t offset)
{
	const __m256i half = _mm256_set1_epi32((1 << 18) - (offset << 19));
	__m256i sign = _mm256_srai_epi32(value, 31);
	__m256i code = _mm256_castps_si256(_mm256_cvtepi32_ps(value));

	code = _mm256_and_si256(code, _mm256_set1_epi32(INT32_MAX));
	code = _mm256_add_epi32(_mm256_add_epi32(code, half), sign);
	code = _mm256_max_epi32(_mm256_srai_epi32(code, 19), _mm256_setzero_si256());
	code = _mm256_min_epi32(code, _mm256_set1_epi32(0x7f));
	/* No minus zero. */
	sign = _mm256_andnot_si256(_mm256_cmpeq_epi32(code, _mm256_setzero_si256()), sign);
	return _mm256_or_si256(code, _mm256_and_si256(sign, _mm256_set1_epi32(0x80)));
}

/* Cut to a Q6.10 word symmetrically. */
static inline __m256i saturate_lanes(__m256i value)
{
	value = _mm256_min_epi32(value, _mm256_set1_epi32(INT16_MAX));
	return _mm256_max_epi32(value, _mm256_set1_epi32(-INT16_MAX));
}

/* Two vectors of words in 32 bits as 16 words in order. */
static inline __m256i pack_words(__m256i low, __m256i high)
{
	return _mm256_permute4x64_epi64(_mm256_packs_epi32(low, high), 0xd8);
}

/* Two vectors of codes in 32 bits as 16 codes in order. */
static inline __m128i pack_codes(__m256i low, __m256i high)
{
	__m256i words = pack_words(low, high);

	return _mm_packus_epi16(_mm256_castsi256_si128(words),
				_mm256_extracti128_si256(words, 1));
}

#endif /* EDGEBERT_DEVICE_AVX2_H */
