// SPDX-License-Identifier: MIT
/*
 * What becomes of finished sums, with AVX2: activation, and 16 x 16 elements of the output
 * format.  Lanes are input rows until the elements of a few columns fit beside each other.
 */
#include "kernel/edgebert_hw.h"
#include "tools/device/core/activation.h"
#include "tools/device/core/adaptivfloat.h"
#include "tools/device/core/avx2.h"
#include "tools/device/core/kernels_avx2.h"

#define LANES 8
#define ROWS 16

/* ---- Activation --------------------------------------------------------------------- */

/* As interpolate() in activation.c; anything where `outside` is set. */
static inline __m256i interpolate(const int32_t *table, __m256i value, __m256i *outside)
{
	const int shift = EB_ACTIVATION_SEGMENT_BITS + 4;
	const int32_t limit = EB_ACTIVATION_SEGMENTS << EB_ACTIVATION_SEGMENT_BITS;
	const __m256i low = _mm256_set1_epi32((1 << EB_ACTIVATION_SEGMENT_BITS) - 1);
	__m256i segment, start, step;

	/* The magnitude of INT32_MIN is still negative. */
	*outside = _mm256_or_si256(_mm256_cmpgt_epi32(value, _mm256_set1_epi32(limit - 1)),
				   _mm256_srai_epi32(value, 31));
	value = _mm256_andnot_si256(*outside, value);
	segment = _mm256_srli_epi32(value, EB_ACTIVATION_SEGMENT_BITS);
	start = _mm256_i32gather_epi32(table, segment, 4);
	step = _mm256_sub_epi32(_mm256_i32gather_epi32(table + 1, segment, 4), start);
	start = _mm256_add_epi32(_mm256_slli_epi32(start, EB_ACTIVATION_SEGMENT_BITS),
				 _mm256_mullo_epi32(step, _mm256_and_si256(value, low)));
	start = _mm256_add_epi32(start, _mm256_set1_epi32(1 << (shift - 1)));
	return _mm256_srai_epi32(start, shift);
}

static inline __m256i activate(unsigned int activation, __m256i value)
{
	const __m256i zero = _mm256_setzero_si256();
	__m256i result, outside;

	switch (activation) {
	case EDGEBERT_HW_ACTIVATION_RELU:
		return _mm256_max_epi32(value, zero);
	case EDGEBERT_HW_ACTIVATION_GELU:
		result = interpolate(eb_gelu_tail, _mm256_abs_epi32(value), &outside);
		result = _mm256_andnot_si256(outside, result);
		return _mm256_sub_epi32(_mm256_max_epi32(value, zero), result);
	case EDGEBERT_HW_ACTIVATION_TANH:
		result = interpolate(eb_tanh_value, _mm256_abs_epi32(value), &outside);
		result = _mm256_blendv_epi8(result, _mm256_set1_epi32(1 << 12), outside);
		return _mm256_blendv_epi8(result, _mm256_sub_epi32(zero, result),
					  _mm256_srai_epi32(value, 31));
	default:
		return value;
	}
}

/* ---- Elements ----------------------------------------------------------------------- */

/* What a column's sums are turned into, the same for a whole tile. */
struct rule {
	__m128i shift;
	unsigned int activation;
	int32_t offset;			/* of codes */
	bool codes;
};

/* One column's elements of 8 rows, in the lowest bits of 32. */
static inline __m256i finish_sums(const struct rule *rule, const int32_t *sums, int32_t bias)
{
	__m256i value = _mm256_sra_epi32(_mm256_loadu_si256((const __m256i *)sums), rule->shift);

	value = activate(rule->activation, _mm256_add_epi32(value, _mm256_set1_epi32(bias)));
	if (rule->codes)
		return encode_lanes(value, rule->offset);
	/* Round half up from 12 to 10 fraction bits. */
	return saturate_lanes(_mm256_srai_epi32(_mm256_add_epi32(value, _mm256_set1_epi32(2)), 2));
}

/* Four columns with a number per row: the four numbers of 8 rows, 16 bytes each. */
static inline void store_rows(const __m256i v[4], uint8_t *elements, size_t stride)
{
	__m256i low01 = _mm256_unpacklo_epi32(v[0], v[1]);
	__m256i high01 = _mm256_unpackhi_epi32(v[0], v[1]);
	__m256i low23 = _mm256_unpacklo_epi32(v[2], v[3]);
	__m256i high23 = _mm256_unpackhi_epi32(v[2], v[3]);
	const __m256i rows[4] = {
		_mm256_unpacklo_epi64(low01, low23), _mm256_unpackhi_epi64(low01, low23),
		_mm256_unpacklo_epi64(high01, high23), _mm256_unpackhi_epi64(high01, high23),
	};

	for (size_t k = 0; k < 4; k++) {
		_mm_storeu_si128((__m128i *)(elements + k * stride),
				 _mm256_castsi256_si128(rows[k]));
		_mm_storeu_si128((__m128i *)(elements + (k + 4) * stride),
				 _mm256_extracti128_si256(rows[k], 1));
	}
}

/* 8 rows of 16 codes. */
static inline void finish_code_rows(const struct rule *rule, const int32_t *sums,
				    const int32_t *bias, uint8_t *elements, size_t stride)
{
	__m256i quads[4];

	for (int quad = 0; quad < 4; quad++) {
		quads[quad] = _mm256_setzero_si256();
		for (int c = 3; c >= 0; c--)
			quads[quad] = _mm256_or_si256(_mm256_slli_epi32(quads[quad], 8),
				finish_sums(rule, sums + (4 * quad + c) * ROWS,
					    bias[4 * quad + c]));
	}
	store_rows(quads, elements, stride);
}

/* 8 rows of 16 words. */
static inline void finish_word_rows(const struct rule *rule, const int32_t *sums,
				    const int32_t *bias, uint8_t *elements, size_t stride)
{
	for (int half = 0; half < 2; half++) {
		__m256i pairs[4];

		for (int pair = 0; pair < 4; pair++) {
			int c = 8 * half + 2 * pair;
			__m256i low = finish_sums(rule, sums + c * ROWS, bias[c]);
			__m256i high = finish_sums(rule, sums + (c + 1) * ROWS, bias[c + 1]);

			pairs[pair] = _mm256_blend_epi16(low, _mm256_slli_epi32(high, 16), 0xaa);
		}
		store_rows(pairs, elements + 16 * half, stride);
	}
}

static inline void finish_columns(const struct rule *rule, const int32_t *sums,
				  const int32_t *bias, uint8_t *elements, size_t stride)
{
	for (size_t c = 0; c < EB_MATMUL_COLUMNS; c++, elements += stride) {
		__m256i low = finish_sums(rule, sums + c * ROWS, bias[c]);
		__m256i high = finish_sums(rule, sums + c * ROWS + LANES, bias[c]);

		if (rule->codes)
			_mm_storeu_si128((__m128i *)elements, pack_codes(low, high));
		else
			_mm256_storeu_si256((__m256i *)elements, pack_words(low, high));
	}
}

void eb_avx2_finish_tile(const struct eb_matmul_finish *finish, int32_t *sums,
			 const int32_t *bias, bool transposed, void *elements, size_t stride)
{
	const struct rule rule = {
		.shift = _mm_cvtsi32_si128((int)finish->shift),
		.activation = finish->activation,
		.offset = eb_adaptivfloat_encode_offset(EB_MATMUL_FRACTION_BITS,
							finish->output_bias),
		.codes = finish->output_format == EDGEBERT_HW_FORMAT_AF8,
	};
	uint8_t *bytes = elements;

	if (transposed) {
		finish_columns(&rule, sums, bias, bytes, stride);
		return;
	}
	for (size_t row = 0; row < ROWS; row += LANES) {
		if (rule.codes)
			finish_code_rows(&rule, sums + row, bias, bytes + row * stride, stride);
		else
			finish_word_rows(&rule, sums + row, bias, bytes + row * stride, stride);
	}
}
