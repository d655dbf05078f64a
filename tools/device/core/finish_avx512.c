// SPDX-License-Identifier: MIT
/*
 * What becomes of finished sums, with AVX-512: activation, and 16 x 16 elements of the output
 * format.  Lanes are input rows until the elements of a few columns fit beside each other.
 */
#include "tools/device/core/finish_avx512.h"

#include "kernel/edgebert_hw.h"
#include "tools/device/core/activation.h"
#include "tools/device/core/adaptivfloat.h"
#include "tools/device/core/avx512.h"
#include "tools/device/core/kernels_x86.h"

/* ---- Activation --------------------------------------------------------------------- */

/* A table of activation.c, and the differences of its entries, as 16-bit words. */
struct table {
	uint16_t start[192], step[192];
};

static struct table gelu_table __attribute__((aligned(64)));
static struct table tanh_table __attribute__((aligned(64)));

__attribute__((noinline)) static void fill_table(const int32_t *entries, struct table *table)
{
	for (size_t i = 0; i < EB_ACTIVATION_SEGMENTS; i++) {
		table->start[i] = (uint16_t)entries[i];
		table->step[i] = (uint16_t)(entries[i + 1] - entries[i]);
	}
}

/*
 * Before any core exists, so that nobody can be reading them.  This runs on every processor,
 * but the compiler may use AVX-512 to fill.
 */
__attribute__((constructor)) static void fill_tables(void)
{
	__builtin_cpu_init();
	if (!eb_cpu_has_avx512())
		return;
	fill_table(eb_gelu_tail, &gelu_table);
	fill_table(eb_tanh_value, &tanh_table);
}

/* Entries are in the lower halves of the result; the upper ones hold anything. */
static inline __m512i look_up(const uint16_t *entries, __m512i index)
{
	__m512i low = _mm512_permutex2var_epi16(_mm512_load_si512(entries), index,
						_mm512_load_si512(entries + 32));
	__m512i middle = _mm512_permutex2var_epi16(_mm512_load_si512(entries + 64), index,
						   _mm512_load_si512(entries + 96));
	__m512i high = _mm512_permutexvar_epi16(index, _mm512_load_si512(entries + 128));

	low = _mm512_mask_mov_epi32(low, _mm512_cmpge_epi32_mask(index, _mm512_set1_epi32(64)),
				    middle);
	return _mm512_mask_mov_epi32(low,
				     _mm512_cmpge_epi32_mask(index, _mm512_set1_epi32(128)), high);
}

/* As interpolate() in activation.c; zero beyond the table. */
static inline __m512i interpolate(const struct table *table, __m512i value, __mmask16 *inside)
{
	const int shift = EB_ACTIVATION_SEGMENT_BITS + 4;
	__m512i segment = _mm512_srli_epi32(value, EB_ACTIVATION_SEGMENT_BITS);
	__m512i part = _mm512_and_si512(value,
					_mm512_set1_epi32((1 << EB_ACTIVATION_SEGMENT_BITS) - 1));
	__m512i start, step;

	*inside = _mm512_cmplt_epu32_mask(segment, _mm512_set1_epi32(EB_ACTIVATION_SEGMENTS));
	segment = _mm512_maskz_mov_epi32(*inside, segment);
	start = _mm512_and_si512(look_up(table->start, segment), _mm512_set1_epi32(0xffff));
	step = _mm512_srai_epi32(_mm512_slli_epi32(look_up(table->step, segment), 16), 16);
	start = _mm512_add_epi32(_mm512_slli_epi32(start, EB_ACTIVATION_SEGMENT_BITS),
				 _mm512_mullo_epi32(step, part));
	start = _mm512_add_epi32(start, _mm512_set1_epi32(1 << (shift - 1)));
	return _mm512_maskz_srai_epi32(*inside, start, (unsigned int)shift);
}

static inline __m512i activate(unsigned int activation, __m512i value)
{
	const __m512i zero = _mm512_setzero_si512();
	__m512i result;
	__mmask16 inside;

	switch (activation) {
	case EDGEBERT_HW_ACTIVATION_RELU:
		return _mm512_max_epi32(value, zero);
	case EDGEBERT_HW_ACTIVATION_GELU:
		result = interpolate(&gelu_table, _mm512_abs_epi32(value), &inside);
		return _mm512_sub_epi32(_mm512_max_epi32(value, zero), result);
	case EDGEBERT_HW_ACTIVATION_TANH:
		result = interpolate(&tanh_table, _mm512_abs_epi32(value), &inside);
		result = _mm512_mask_mov_epi32(_mm512_set1_epi32(1 << 12), inside, result);
		return _mm512_mask_sub_epi32(result, _mm512_movepi32_mask(value), zero, result);
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
};

static inline __m512i finish_sums(const struct rule *rule, const int32_t *sums, int32_t bias)
{
	__m512i value = _mm512_sra_epi32(_mm512_load_si512(sums), rule->shift);

	return activate(rule->activation, _mm512_add_epi32(value, _mm512_set1_epi32(bias)));
}

/* One column's codes in the lowest bytes. */
static inline __m512i finish_codes(const struct rule *rule, const int32_t *sums, int32_t bias)
{
	return encode_lanes(finish_sums(rule, sums, bias), rule->offset);
}

/* One column's words in the lower halves, rounded half up from 12 to 10 fraction bits. */
static inline __m512i finish_words(const struct rule *rule, const int32_t *sums, int32_t bias)
{
	__m512i value = finish_sums(rule, sums, bias);

	value = _mm512_srai_epi32(_mm512_add_epi32(value, _mm512_set1_epi32(2)), 2);
	return saturate_lanes(value);
}

/* Four vectors with a number per row: afterwards v[k] has the four numbers of row 4 L + k. */
static inline void gather_rows(__m512i *v)
{
	__m512i low01 = _mm512_unpacklo_epi32(v[0], v[1]);
	__m512i high01 = _mm512_unpackhi_epi32(v[0], v[1]);
	__m512i low23 = _mm512_unpacklo_epi32(v[2], v[3]);
	__m512i high23 = _mm512_unpackhi_epi32(v[2], v[3]);

	v[0] = _mm512_unpacklo_epi64(low01, low23);
	v[1] = _mm512_unpackhi_epi64(low01, low23);
	v[2] = _mm512_unpacklo_epi64(high01, high23);
	v[3] = _mm512_unpackhi_epi64(high01, high23);
}

/* The 16 bytes that each of 16 rows got from gather_rows. */
static inline void store_rows(const __m512i *v, uint8_t *elements, size_t stride)
{
#pragma GCC unroll 4
	for (size_t k = 0; k < 4; k++) {
		uint8_t *row = elements + k * stride;

		_mm_storeu_si128((__m128i *)row, _mm512_castsi512_si128(v[k]));
		_mm_storeu_si128((__m128i *)(row + 4 * stride),
				 _mm512_extracti32x4_epi32(v[k], 1));
		_mm_storeu_si128((__m128i *)(row + 8 * stride),
				 _mm512_extracti32x4_epi32(v[k], 2));
		_mm_storeu_si128((__m128i *)(row + 12 * stride),
				 _mm512_extracti32x4_epi32(v[k], 3));
	}
}

static inline void finish_code_rows(const struct rule *rule, const int32_t *sums,
				    const int32_t *bias, uint8_t *elements, size_t stride)
{
	__m512i quads[4];

	for (int quad = 0; quad < 4; quad++, sums += 4 * LANES, bias += 4) {
		__m512i low = finish_codes(rule, sums, bias[0]);
		__m512i high = finish_codes(rule, sums + 2 * LANES, bias[2]);

		low = _mm512_or_si512(low, _mm512_slli_epi32(finish_codes(rule, sums + LANES,
									  bias[1]), 8));
		high = _mm512_or_si512(high, _mm512_slli_epi32(finish_codes(rule, sums + 3 * LANES,
									    bias[3]), 8));
		quads[quad] = _mm512_or_si512(low, _mm512_slli_epi32(high, 16));
	}
	gather_rows(quads);
	store_rows(quads, elements, stride);
}

static inline void finish_word_rows(const struct rule *rule, const int32_t *sums,
				    const int32_t *bias, uint8_t *elements, size_t stride)
{
	for (int half = 0; half < 2; half++, elements += 16) {
		__m512i pairs[4];

		for (int pair = 0; pair < 4; pair++, sums += 2 * LANES, bias += 2) {
			__m512i low = finish_words(rule, sums, bias[0]);
			__m512i high = finish_words(rule, sums + LANES, bias[1]);

			pairs[pair] = _mm512_mask_mov_epi16(_mm512_slli_epi32(high, 16),
							    0x55555555, low);
		}
		gather_rows(pairs);
		store_rows(pairs, elements, stride);
	}
}

static inline void finish_columns(const struct rule *rule, bool codes, const int32_t *sums,
				  const int32_t *bias, uint8_t *elements, size_t stride)
{
	for (size_t c = 0; c < LANES; c++, sums += LANES, elements += stride) {
		if (codes)
			_mm_storeu_si128((__m128i *)elements,
					 _mm512_cvtepi32_epi8(finish_codes(rule, sums, bias[c])));
		else
			_mm256_storeu_si256((__m256i *)elements,
					    _mm512_cvtepi32_epi16(finish_words(rule, sums,
									       bias[c])));
	}
}

/* Everything that is decided per tile is known where this is inlined. */
static inline __attribute__((always_inline)) void
finish_tile(const struct eb_matmul_finish *finish, unsigned int activation, const int32_t *sums,
	    const int32_t *bias, bool transposed, uint8_t *elements, size_t stride)
{
	const struct rule rule = {
		.shift = _mm_cvtsi32_si128((int)finish->shift),
		.activation = activation,
		.offset = eb_adaptivfloat_encode_offset(EB_MATMUL_FRACTION_BITS,
							finish->output_bias),
	};
	const bool codes = finish->output_format == EDGEBERT_HW_FORMAT_AF8;

	if (transposed)
		finish_columns(&rule, codes, sums, bias, elements, stride);
	else if (codes)
		finish_code_rows(&rule, sums, bias, elements, stride);
	else
		finish_word_rows(&rule, sums, bias, elements, stride);
}

void eb_avx512_finish_tile(const struct eb_matmul_finish *finish, int32_t *sums,
			   const int32_t *bias, bool transposed, void *elements, size_t stride)
{
	switch (finish->activation) {
	case EDGEBERT_HW_ACTIVATION_NONE:
		finish_tile(finish, EDGEBERT_HW_ACTIVATION_NONE, sums, bias, transposed, elements,
			    stride);
		break;
	case EDGEBERT_HW_ACTIVATION_GELU:
		finish_tile(finish, EDGEBERT_HW_ACTIVATION_GELU, sums, bias, transposed, elements,
			    stride);
		break;
	default:
		finish_tile(finish, finish->activation, sums, bias, transposed, elements, stride);
	}
}
