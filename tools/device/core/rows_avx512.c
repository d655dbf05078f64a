// SPDX-License-Identifier: MIT
/*
 * Rows of codes and words with AVX-512, 16 lanes at a time: the same integer operations as
 * adaptivfloat.c, softmax.c, piecewise_linear.c and layernorm.c.
 */
#include "tools/device/core/avx512.h"
#include "tools/device/core/adaptivfloat.h"
#include "tools/device/core/piecewise_linear.h"
#include "tools/device/core/row.h"
#include "tools/device/core/rows_avx512.h"

#define WORDS 32			/* 16-bit lanes */

/* ---- AdaptivFloat ------------------------------------------------------------------- */

void eb_avx512_adaptivfloat_encode_row(const int32_t *values, size_t count,
				       unsigned int fraction_bits, unsigned int bias,
				       uint8_t *codes)
{
	int32_t offset = eb_adaptivfloat_encode_offset(fraction_bits, bias);

	for (size_t i = 0; i < count; i += LANES) {
		__mmask16 lanes = lanes_left(count, i);

		__m512i value = _mm512_maskz_loadu_epi32(lanes, values + i);

		_mm_mask_storeu_epi8(codes + i, lanes,
				     _mm512_cvtepi32_epi8(encode_lanes(value, offset)));
	}
}

/* All ones for the words that are left of count at i. */
static inline __mmask32 words_left(size_t count, size_t i)
{
	return count - i >= WORDS ? UINT32_MAX : (1u << (count - i)) - 1;
}

void eb_avx512_adaptivfloat_decode_row(const uint8_t *codes, size_t count, unsigned int bias,
				       int16_t *values)
{
	for (size_t i = 0; i < count; i += WORDS) {
		__mmask32 lanes = words_left(count, i);
		__m256i row = _mm256_maskz_loadu_epi8(lanes, codes + i);
		__m512i code = _mm512_cvtepu8_epi16(row);
		/* Four bits less to the left: one of the two shifts is beyond the word. */
		__m512i left = _mm512_add_epi16(_mm512_and_si512(_mm512_srli_epi16(code, 4),
								 _mm512_set1_epi16(7)),
						_mm512_set1_epi16((int16_t)(bias - 4)));
		__m512i right = _mm512_sub_epi16(_mm512_setzero_si512(), left);
		__m512i value = _mm512_or_si512(_mm512_and_si512(code, _mm512_set1_epi16(15)),
						_mm512_set1_epi16(16));
		__mmask32 nonzero = _mm512_test_epi16_mask(code, _mm512_set1_epi16(0x7f));

		value = _mm512_or_si512(_mm512_maskz_sllv_epi16(nonzero, value, left),
					_mm512_maskz_srlv_epi16(nonzero, value, right));
		value = _mm512_mask_sub_epi16(value, _mm256_movepi8_mask(row),
					      _mm512_setzero_si512(), value);
		_mm512_mask_storeu_epi16(values + i, lanes, value);
	}
}

/* ---- Words -------------------------------------------------------------------------- */

void eb_avx512_saturate_row(const int32_t *values, size_t count, int16_t *words)
{
	for (size_t i = 0; i < count; i += LANES) {
		__mmask16 lanes = lanes_left(count, i);
		__m512i value = saturate_lanes(_mm512_maskz_loadu_epi32(lanes, values + i));

		_mm256_mask_storeu_epi16(words + i, lanes, _mm512_cvtepi32_epi16(value));
	}
}

static inline __m512i load_words(const int16_t *words, __mmask16 lanes)
{
	return _mm512_cvtepi16_epi32(_mm256_maskz_loadu_epi16(lanes, words));
}

void eb_avx512_add_row(const int16_t *words, const int16_t *second, size_t count,
		       int32_t *values)
{
	for (size_t i = 0; i < count; i += LANES) {
		__mmask16 lanes = lanes_left(count, i);

		_mm512_mask_storeu_epi32(values + i, lanes,
					 _mm512_add_epi32(load_words(words + i, lanes),
							  load_words(second + i, lanes)));
	}
}

/* ---- SOFTMAX ------------------------------------------------------------------------ */

static inline __m512i repeat_four(uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	return _mm512_set1_epi64((int64_t)(a | b << 16 | c << 32 | d << 48));
}

/*
 * As eb_piecewise_exp in 16 bits, for values of a softmax: they are hardly above 0, and below
 * LEAST all give 0.  The whole part is 3 v - v * 939 / 2^13 for v * 23637 / 2^13, and the 9 bits
 * below the interpolated value are cut before it is shifted: both as floor, so it is the same.
 */
#define LEAST (-10900)
static inline __m512i exp_words(__m512i value)
{
	const __m512i slopes = repeat_four(194 << 7, 230 << 7, 273 << 7, 325 << 7);
	const __m512i starts = repeat_four(1022, 1216, 1446, 1719);
	__m512i power, segment, result, shift;

	value = _mm512_max_epi16(value, _mm512_set1_epi16(LEAST));
	power = _mm512_mulhi_epi16(value, _mm512_set1_epi16(-939 * 8));
	power = _mm512_add_epi16(power, _mm512_add_epi16(value, _mm512_add_epi16(value, value)));
	/* Only the lowest bits choose, and the tables repeat. */
	segment = _mm512_srli_epi16(power, 9);
	result = _mm512_mulhi_epu16(_mm512_permutexvar_epi16(segment, slopes),
				    _mm512_and_si512(power, _mm512_set1_epi16(511)));
	result = _mm512_add_epi16(result, _mm512_permutexvar_epi16(segment, starts));
	shift = _mm512_sub_epi16(_mm512_setzero_si512(), _mm512_srai_epi16(power, 11));
	return _mm512_srlv_epi16(result, shift);
}

static int16_t greatest_word(const int16_t *words, size_t count)
{
	__m512i greatest = _mm512_set1_epi16(INT16_MIN);

	for (size_t i = 0; i < count; i += WORDS)
		greatest = _mm512_max_epi16(greatest,
					    _mm512_mask_loadu_epi16(greatest, words_left(count, i),
								    words + i));
	greatest = _mm512_max_epi16(greatest, _mm512_srli_epi32(greatest, 16));
	greatest = _mm512_srai_epi32(_mm512_slli_epi32(greatest, 16), 16);
	return (int16_t)_mm512_reduce_max_epi32(greatest);
}

/* 16 probabilities, times the span's entries unless that is NULL. */
static inline void store_probabilities(__m256i words, const int16_t *span, __mmask16 lanes,
				       int32_t *probabilities)
{
	__m512i result = _mm512_cvtepu16_epi32(words);

	if (span)
		result = _mm512_srai_epi32(_mm512_mullo_epi32(result, load_words(span, lanes)), 10);
	_mm512_mask_storeu_epi32(probabilities, lanes, result);
}

void eb_avx512_softmax_row(const int16_t *words, const int16_t *span, size_t count,
			   int32_t *probabilities)
{
	const __m512i greatest = _mm512_set1_epi16(greatest_word(words, count));
	__m512i sum = _mm512_setzero_si512(), logarithm;

	for (size_t i = 0; i < count; i += WORDS) {
		__mmask32 lanes = words_left(count, i);
		__m512i row = _mm512_maskz_loadu_epi16(lanes, words + i);
		__m512i result = exp_words(_mm512_subs_epi16(row, greatest));

		result = _mm512_maskz_mov_epi16(lanes, result);
		sum = _mm512_add_epi32(sum, _mm512_madd_epi16(result, _mm512_set1_epi16(1)));
	}
	logarithm = _mm512_set1_epi16(eb_piecewise_ln((uint32_t)_mm512_reduce_add_epi32(sum)));
	for (size_t i = 0; i < count; i += WORDS) {
		__mmask32 lanes = words_left(count, i);
		__m512i row = _mm512_maskz_loadu_epi16(lanes, words + i);
		__m512i result = exp_words(_mm512_subs_epi16(_mm512_subs_epi16(row, greatest),
							     logarithm));

		store_probabilities(_mm512_castsi512_si256(result), span ? span + i : NULL,
				    (__mmask16)lanes, probabilities + i);
		if (lanes >> LANES)
			store_probabilities(_mm512_extracti64x4_epi64(result, 1),
					    span ? span + i + LANES : NULL,
					    (__mmask16)(lanes >> LANES), probabilities + i + LANES);
	}
}

/* ---- LAYERNORM ---------------------------------------------------------------------- */

static void layernorm_sums(const int16_t *words, size_t count, int64_t *ret_sum,
			   int64_t *ret_squares)
{
	__m512i sum = _mm512_setzero_si512(), squares = _mm512_setzero_si512();

	for (size_t i = 0; i < count; i += 2 * LANES) {
		__mmask32 lanes = count - i >= 2 * LANES ? UINT32_MAX :
							   (1u << (count - i)) - 1;
		__m512i row = _mm512_maskz_loadu_epi16(lanes, words + i);
		/* Two squares may make 2^31: unsigned from here on. */
		__m512i pairs = _mm512_madd_epi16(row, row);

		sum = _mm512_add_epi32(sum, _mm512_madd_epi16(row, _mm512_set1_epi16(1)));
		squares = _mm512_add_epi64(squares, _mm512_srli_epi64(pairs, 32));
		squares = _mm512_add_epi64(squares,
					   _mm512_and_si512(pairs,
							    _mm512_set1_epi64(UINT32_MAX)));
	}
	*ret_sum = _mm512_reduce_add_epi32(sum);
	*ret_squares = _mm512_reduce_add_epi64(squares);
}

/* What a row's words are moved and multiplied by, in every lane. */
struct scale {
	__m512i mean, mantissa;
	__m128i shift;
};

/*
 * Products have 64 bits, their factors 32 with the sign: the distance to the mean has 27, and
 * a normalised word 18, as no distance is above the root of twice the count times the root of
 * variance and epsilon.
 */
static inline __m512i normalize_words(const struct scale *scale, __m512i words, __m512i gamma,
				      __m512i beta)
{
	__m512i even = _mm512_sub_epi32(_mm512_slli_epi32(words, 10), scale->mean);
	__m512i odd = _mm512_srli_epi64(even, 32);

	even = _mm512_sra_epi64(_mm512_mul_epi32(even, scale->mantissa), scale->shift);
	odd = _mm512_sra_epi64(_mm512_mul_epi32(odd, scale->mantissa), scale->shift);
	even = _mm512_srli_epi64(_mm512_mul_epi32(even, gamma), 10);
	odd = _mm512_slli_epi64(_mm512_mul_epi32(odd, _mm512_srli_epi64(gamma, 32)), 32 - 10);
	return _mm512_add_epi32(_mm512_mask_mov_epi32(even, 0xaaaa, odd), beta);
}

void eb_avx512_layernorm_row(const int16_t *words, const int16_t *gamma, const int16_t *beta,
			     size_t count, uint32_t epsilon, int32_t *values)
{
	struct eb_layernorm_scale scale;
	struct scale lanes_scale;
	int64_t sum, squares;

	layernorm_sums(words, count, &sum, &squares);
	scale = eb_layernorm_scale(sum, squares, count, epsilon);
	lanes_scale = (struct scale){
		.mean = _mm512_set1_epi32((int32_t)scale.mean),
		.mantissa = _mm512_set1_epi32(scale.mantissa),
		.shift = _mm_cvtsi32_si128(scale.shift),
	};
	for (size_t i = 0; i < count; i += LANES) {
		__mmask16 lanes = lanes_left(count, i);
		__m512i value = normalize_words(&lanes_scale, load_words(words + i, lanes),
						load_words(gamma + i, lanes),
						load_words(beta + i, lanes));

		_mm512_mask_storeu_epi32(values + i, lanes, value);
	}
}
