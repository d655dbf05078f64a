// SPDX-License-Identifier: MIT
/*
 * Rows of codes and words with AVX2, 8 or 16 lanes at a time, and the rest of a row as the
 * plain C functions do it: the same integer operations as adaptivfloat.c, softmax.c,
 * layernorm.c and piecewise_linear.c.
 */
#include "tools/device/core/adaptivfloat.h"
#include "tools/device/core/avx2.h"
#include "tools/device/core/kernels_avx2.h"
#include "tools/device/core/operand.h"
#include "tools/device/core/piecewise_linear.h"
#include "tools/device/core/row.h"

#define LANES 8

/* ---- AdaptivFloat and words --------------------------------------------------------- */

static inline __m256i load_values(const int32_t *values)
{
	return _mm256_loadu_si256((const __m256i *)values);
}

void eb_avx2_adaptivfloat_encode_row(const int32_t *values, size_t count,
				     unsigned int fraction_bits, unsigned int bias,
				     uint8_t *codes)
{
	int32_t offset = eb_adaptivfloat_encode_offset(fraction_bits, bias);
	size_t i = 0;

	for (; i + 2 * LANES <= count; i += 2 * LANES)
		_mm_storeu_si128((__m128i *)(codes + i),
				 pack_codes(encode_lanes(load_values(values + i), offset),
					    encode_lanes(load_values(values + i + LANES), offset)));
	eb_adaptivfloat_encode_row(values + i, count - i, fraction_bits, bias, codes + i);
}

void eb_avx2_adaptivfloat_decode_row(const uint8_t *codes, size_t count, unsigned int bias,
				     int16_t *values)
{
	size_t i = 0;

	for (; i + LANES <= count; i += LANES) {
		__m256i code = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(codes + i)));
		__m256i exponent = _mm256_and_si256(_mm256_srli_epi32(code, 4),
						    _mm256_set1_epi32(7));
		__m256i value = _mm256_or_si256(_mm256_and_si256(code, _mm256_set1_epi32(15)),
						_mm256_set1_epi32(16));
		__m256i magnitude = _mm256_and_si256(code, _mm256_set1_epi32(0x7f));
		__m256i zero = _mm256_cmpeq_epi32(magnitude, _mm256_setzero_si256());
		__m256i sign = _mm256_srai_epi32(_mm256_slli_epi32(code, 24), 31);

		exponent = _mm256_add_epi32(exponent, _mm256_set1_epi32((int)bias));
		value = _mm256_srli_epi32(_mm256_sllv_epi32(value, exponent), 4);
		value = _mm256_andnot_si256(zero, value);
		value = _mm256_sub_epi32(_mm256_xor_si256(value, sign), sign);
		_mm_storeu_si128((__m128i *)(values + i),
				 _mm256_castsi256_si128(pack_words(value, value)));
	}
	eb_adaptivfloat_decode_row(codes + i, count - i, bias, values + i);
}

void eb_avx2_saturate_row(const int32_t *values, size_t count, int16_t *words)
{
	size_t i = 0;

	for (; i + 2 * LANES <= count; i += 2 * LANES)
		_mm256_storeu_si256((__m256i *)(words + i),
				    pack_words(saturate_lanes(load_values(values + i)),
					       saturate_lanes(load_values(values + i + LANES))));
	eb_saturate_row(values + i, count - i, words + i);
}

static inline __m256i load_words(const int16_t *words)
{
	return _mm256_cvtepi16_epi32(_mm_loadu_si128((const __m128i *)words));
}

void eb_avx2_add_row(const int16_t *words, const int16_t *second, size_t count,
		     int32_t *values)
{
	size_t i = 0;

	for (; i + LANES <= count; i += LANES)
		_mm256_storeu_si256((__m256i *)(values + i),
				    _mm256_add_epi32(load_words(words + i),
						     load_words(second + i)));
	eb_add_row(words + i, second + i, count - i, values + i);
}

/* ---- SOFTMAX ------------------------------------------------------------------------ */

/* As eb_piecewise_exp: shifts by 32 and more give zero, as there. */
static inline __m256i exp_lanes(__m256i value)
{
	const __m256i slopes = _mm256_setr_epi32(194, 230, 273, 325, 194, 230, 273, 325);
	const __m256i starts = _mm256_setr_epi32(1022 << 9, 1216 << 9, 1446 << 9, 1719 << 9,
						 1022 << 9, 1216 << 9, 1446 << 9, 1719 << 9);
	__m256i power = _mm256_srai_epi32(_mm256_mullo_epi32(value, _mm256_set1_epi32(23637)), 13);
	/* Only the lowest bits choose, and the tables repeat. */
	__m256i segment = _mm256_srli_epi32(power, 9);
	__m256i shift = _mm256_sub_epi32(_mm256_srai_epi32(power, 11), _mm256_set1_epi32(9));
	__m256i back = _mm256_sub_epi32(_mm256_setzero_si256(), shift);
	__m256i result = _mm256_mullo_epi32(_mm256_permutevar8x32_epi32(slopes, segment),
					    _mm256_and_si256(power, _mm256_set1_epi32(511)));

	result = _mm256_add_epi32(result, _mm256_permutevar8x32_epi32(starts, segment));
	result = _mm256_or_si256(_mm256_sllv_epi32(result, shift),
				 _mm256_srlv_epi32(result, back));
	return _mm256_and_si256(result, _mm256_set1_epi32(0xffff));
}

static uint32_t add_lanes(__m256i sum)
{
	uint32_t lanes[LANES], total = 0;

	_mm256_storeu_si256((__m256i *)lanes, sum);
	for (int i = 0; i < LANES; i++)
		total += lanes[i];
	return total;
}

static int32_t greatest_word(const int16_t *words, size_t count)
{
	int32_t greatest = INT16_MIN;

	for (size_t i = 0; i < count; i++)
		greatest = words[i] > greatest ? words[i] : greatest;
	return greatest;
}

void eb_avx2_softmax_row(const int16_t *words, const int16_t *span, size_t count,
			 int32_t *probabilities)
{
	const int32_t greatest = greatest_word(words, count);
	const size_t whole = count - count % LANES;
	__m256i lanes = _mm256_setzero_si256(), distance;
	uint32_t sum;
	int32_t shift;

	for (size_t i = 0; i < whole; i += LANES) {
		distance = _mm256_sub_epi32(load_words(words + i), _mm256_set1_epi32(greatest));
		lanes = _mm256_add_epi32(lanes, exp_lanes(saturate_lanes(distance)));
	}
	sum = add_lanes(lanes);
	for (size_t i = whole; i < count; i++)
		sum += eb_piecewise_exp(eb_saturate_word(words[i] - greatest));
	shift = greatest + eb_piecewise_ln(sum);
	for (size_t i = 0; i < whole; i += LANES) {
		__m256i result;

		distance = _mm256_sub_epi32(load_words(words + i), _mm256_set1_epi32(shift));
		result = exp_lanes(saturate_lanes(distance));
		_mm256_storeu_si256((__m256i *)(probabilities + i), result);
	}
	for (size_t i = whole; i < count; i++)
		probabilities[i] = eb_piecewise_exp(eb_saturate_word(words[i] - shift));
	for (size_t i = 0; span && i < count; i++)
		probabilities[i] = (probabilities[i] * span[i]) >> 10;
}

/* ---- LAYERNORM ---------------------------------------------------------------------- */

static void layernorm_sums(const int16_t *words, size_t count, int64_t *ret_sum,
			   int64_t *ret_squares)
{
	const __m256i low = _mm256_set1_epi64x(UINT32_MAX);
	__m256i sum = _mm256_setzero_si256(), squares = sum;
	uint64_t lanes[LANES / 2];
	size_t i = 0;

	for (; i + 2 * LANES <= count; i += 2 * LANES) {
		__m256i row = _mm256_loadu_si256((const __m256i *)(words + i));
		/* Two squares may make 2^31: unsigned from here on. */
		__m256i pairs = _mm256_madd_epi16(row, row);

		sum = _mm256_add_epi32(sum, _mm256_madd_epi16(row, _mm256_set1_epi16(1)));
		squares = _mm256_add_epi64(squares, _mm256_srli_epi64(pairs, 32));
		squares = _mm256_add_epi64(squares, _mm256_and_si256(pairs, low));
	}
	_mm256_storeu_si256((__m256i *)lanes, squares);
	*ret_sum = (int32_t)add_lanes(sum);
	*ret_squares = (int64_t)(lanes[0] + lanes[1] + lanes[2] + lanes[3]);
	for (; i < count; i++) {
		*ret_sum += words[i];
		*ret_squares += (int32_t)words[i] * words[i];
	}
}

/* What a row's words are moved and multiplied by, in every lane. */
struct scale {
	__m256i mean, mantissa;
	__m128i shift;
};

/* 64-bit lanes to the right with their sign, for which AVX2 has no instruction. */
static inline __m256i shift_right(__m256i value, __m128i shift)
{
	const __m256i top = _mm256_set1_epi64x(INT64_MIN);

	value = _mm256_srl_epi64(_mm256_xor_si256(value, top), shift);
	return _mm256_sub_epi64(value, _mm256_srl_epi64(top, shift));
}

/* As in rows_avx512.c, where it says why 32 bits are enough for the factors. */
static inline __m256i normalize_words(const struct scale *scale, __m256i words, __m256i gamma,
				      __m256i beta)
{
	__m256i even = _mm256_sub_epi32(_mm256_slli_epi32(words, 10), scale->mean);
	__m256i odd = _mm256_srli_epi64(even, 32);

	even = shift_right(_mm256_mul_epi32(even, scale->mantissa), scale->shift);
	odd = shift_right(_mm256_mul_epi32(odd, scale->mantissa), scale->shift);
	even = _mm256_srli_epi64(_mm256_mul_epi32(even, gamma), 10);
	odd = _mm256_slli_epi64(_mm256_mul_epi32(odd, _mm256_srli_epi64(gamma, 32)), 32 - 10);
	return _mm256_add_epi32(_mm256_blend_epi32(even, odd, 0xaa), beta);
}

void eb_avx2_layernorm_row(const int16_t *words, const int16_t *gamma, const int16_t *beta,
			   size_t count, uint32_t epsilon, int32_t *values)
{
	const size_t whole = count - count % LANES;
	struct eb_layernorm_scale scale;
	struct scale lanes;
	int64_t sum, squares;

	layernorm_sums(words, count, &sum, &squares);
	scale = eb_layernorm_scale(sum, squares, count, epsilon);
	lanes = (struct scale){
		.mean = _mm256_set1_epi32((int32_t)scale.mean),
		.mantissa = _mm256_set1_epi32(scale.mantissa),
		.shift = _mm_cvtsi32_si128(scale.shift),
	};
	for (size_t i = 0; i < whole; i += LANES)
		_mm256_storeu_si256((__m256i *)(values + i),
				    normalize_words(&lanes, load_words(words + i),
						    load_words(gamma + i), load_words(beta + i)));
	for (size_t i = whole; i < count; i++)
		values[i] = eb_layernorm_value(&scale, words[i], gamma[i], beta[i]);
}
