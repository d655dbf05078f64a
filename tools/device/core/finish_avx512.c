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
 * interpolate() is floor((start * 128 + step * part + 1024) / 2048), the same as
 * floor((start + 8 + floor(step * part / 128)) / 16): start with the 8, step doubled, so that
 * the high half of a product of words with 256 * part is the inner floor.  Entries of GELU have
 * 14 bits.
 */
__attribute__((noinline)) static void prepare_gelu(struct table *table)
{
	for (size_t i = 0; i < sizeof(table->start) / sizeof(table->start[0]); i++) {
		table->start[i] = (uint16_t)(table->start[i] + 8);
		table->step[i] = (uint16_t)(table->step[i] * 2);
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
	prepare_gelu(&gelu_table);
	fill_table(eb_tanh_value, &tanh_table);
}

/* Entries for indices below 192, of which the lowest 8 bits count, in 16 bits each. */
static inline __m512i look_up(const uint16_t *entries, __m512i index, __mmask32 from_64,
			      __mmask32 from_128)
{
	__m512i low = _mm512_permutex2var_epi16(_mm512_load_si512(entries), index,
						_mm512_load_si512(entries + 32));
	__m512i middle = _mm512_permutex2var_epi16(_mm512_load_si512(entries + 64), index,
						   _mm512_load_si512(entries + 96));
	__m512i high = _mm512_permutexvar_epi16(index, _mm512_load_si512(entries + 128));

	low = _mm512_mask_mov_epi16(low, from_64, middle);
	return _mm512_mask_mov_epi16(low, from_128, high);
}

#define LIMIT (EB_ACTIVATION_SEGMENTS << EB_ACTIVATION_SEGMENT_BITS)
#define PART_MASK ((1 << EB_ACTIVATION_SEGMENT_BITS) - 1)

/* Indices of a table for values below LIMIT in 16 bits each. */
struct place {
	__m512i segment, part;
	__mmask32 from_64, from_128;
};

static inline struct place find_place(__m512i values)
{
	return (struct place){
		.segment = _mm512_srli_epi16(values, EB_ACTIVATION_SEGMENT_BITS),
		.part = _mm512_and_si512(values, _mm512_set1_epi16(PART_MASK)),
		.from_64 = _mm512_test_epi16_mask(values, _mm512_set1_epi16(64 * (PART_MASK + 1))),
		.from_128 = _mm512_test_epi16_mask(values,
						   _mm512_set1_epi16(128 * (PART_MASK + 1))),
	};
}

/* Two values below LIMIT in each lane: what GELU takes away for each. */
static inline __m512i gelu_tails(__m512i values)
{
	const struct place place = find_place(values);
	__m512i start = look_up(gelu_table.start, place.segment, place.from_64, place.from_128);
	__m512i step = look_up(gelu_table.step, place.segment, place.from_64, place.from_128);
	__m512i inner = _mm512_mulhi_epi16(step, _mm512_slli_epi16(place.part, 8));

	return _mm512_srli_epi16(_mm512_add_epi16(start, inner), 4);
}

/* Of two columns, because their tails fit into one register. */
static inline void gelu(__m512i *first, __m512i *second)
{
	const __m512i zero = _mm512_setzero_si512(), last = _mm512_set1_epi32(LIMIT - 1);
	__m512i low = _mm512_min_epu32(_mm512_abs_epi32(*first), last);
	__m512i high = _mm512_min_epu32(_mm512_abs_epi32(*second), last);
	__m512i tails = gelu_tails(_mm512_or_si512(low, _mm512_slli_epi32(high, 16)));

	*first = _mm512_sub_epi32(_mm512_max_epi32(*first, zero),
				  _mm512_and_si512(tails, _mm512_set1_epi32(0xffff)));
	*second = _mm512_sub_epi32(_mm512_max_epi32(*second, zero), _mm512_srli_epi32(tails, 16));
}

/* As interpolate() in activation.c; zero beyond the table. */
static inline __m512i interpolate(const struct table *table, __m512i value, __mmask16 *inside)
{
	const int shift = EB_ACTIVATION_SEGMENT_BITS + 4;
	struct place place;
	__m512i start, step;

	*inside = _mm512_cmplt_epu32_mask(value, _mm512_set1_epi32(LIMIT));
	place = find_place(_mm512_maskz_mov_epi32(*inside, value));
	start = look_up(table->start, place.segment, place.from_64, place.from_128);
	start = _mm512_and_si512(start, _mm512_set1_epi32(0xffff));
	step = look_up(table->step, place.segment, place.from_64, place.from_128);
	step = _mm512_srai_epi32(_mm512_slli_epi32(step, 16), 16);
	start = _mm512_add_epi32(_mm512_slli_epi32(start, EB_ACTIVATION_SEGMENT_BITS),
				 _mm512_mullo_epi32(step, place.part));
	start = _mm512_add_epi32(start, _mm512_set1_epi32(1 << (shift - 1)));
	return _mm512_maskz_srai_epi32(*inside, start, (unsigned int)shift);
}

static inline __m512i tanh_lanes(__m512i value)
{
	__mmask16 inside;
	__m512i result = interpolate(&tanh_table, _mm512_abs_epi32(value), &inside);

	result = _mm512_mask_mov_epi32(_mm512_set1_epi32(1 << 12), inside, result);
	return _mm512_mask_sub_epi32(result, _mm512_movepi32_mask(value), _mm512_setzero_si512(),
				     result);
}

/* Two columns' values. */
static inline void activate(unsigned int activation, __m512i *first, __m512i *second)
{
	const __m512i zero = _mm512_setzero_si512();

	switch (activation) {
	case EDGEBERT_HW_ACTIVATION_RELU:
		*first = _mm512_max_epi32(*first, zero);
		*second = _mm512_max_epi32(*second, zero);
		break;
	case EDGEBERT_HW_ACTIVATION_GELU:
		gelu(first, second);
		break;
	case EDGEBERT_HW_ACTIVATION_TANH:
		*first = tanh_lanes(*first);
		*second = tanh_lanes(*second);
		break;
	default:
		break;
	}
}

/* ---- Elements ----------------------------------------------------------------------- */

/* What a column's sums are turned into, the same for a whole tile. */
struct rule {
	__m128i shift;
	unsigned int activation;
	int32_t offset;			/* of codes */
};

static inline __m512i add_bias(const struct rule *rule, const int32_t *sums, int32_t bias)
{
	__m512i value = _mm512_sra_epi32(_mm512_load_si512(sums), rule->shift);

	return _mm512_add_epi32(value, _mm512_set1_epi32(bias));
}

/* Values of a column and of the next. */
static inline void finish_sums(const struct rule *rule, const int32_t *sums, const int32_t *bias,
			       __m512i *first, __m512i *second)
{
	*first = add_bias(rule, sums, bias[0]);
	*second = add_bias(rule, sums + LANES, bias[1]);
	activate(rule->activation, first, second);
}

/* Two columns' codes, each in the lowest bytes. */
static inline void finish_codes(const struct rule *rule, const int32_t *sums, const int32_t *bias,
				__m512i *first, __m512i *second)
{
	finish_sums(rule, sums, bias, first, second);
	*first = encode_lanes(*first, rule->offset);
	*second = encode_lanes(*second, rule->offset);
}

/* From 12 fraction bits to a word of 10, rounded half up, in the lower half. */
static inline __m512i to_words(__m512i value)
{
	return saturate_lanes(_mm512_srai_epi32(_mm512_add_epi32(value, _mm512_set1_epi32(2)), 2));
}

static inline void finish_words(const struct rule *rule, const int32_t *sums, const int32_t *bias,
				__m512i *first, __m512i *second)
{
	finish_sums(rule, sums, bias, first, second);
	*first = to_words(*first);
	*second = to_words(*second);
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
		__m512i code[4], low, high;

		finish_codes(rule, sums, bias, &code[0], &code[1]);
		finish_codes(rule, sums + 2 * LANES, bias + 2, &code[2], &code[3]);
		low = _mm512_or_si512(code[0], _mm512_slli_epi32(code[1], 8));
		high = _mm512_or_si512(code[2], _mm512_slli_epi32(code[3], 8));
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
			__m512i low, high;

			finish_words(rule, sums, bias, &low, &high);
			pairs[pair] = _mm512_mask_mov_epi16(_mm512_slli_epi32(high, 16),
							    0x55555555, low);
		}
		gather_rows(pairs);
		store_rows(pairs, elements, stride);
	}
}

static inline void store_column(__m512i column, bool codes, uint8_t *elements)
{
	if (codes)
		_mm_storeu_si128((__m128i *)elements, _mm512_cvtepi32_epi8(column));
	else
		_mm256_storeu_si256((__m256i *)elements, _mm512_cvtepi32_epi16(column));
}

static inline void finish_columns(const struct rule *rule, bool codes, const int32_t *sums,
				  const int32_t *bias, uint8_t *elements, size_t stride)
{
	for (size_t c = 0; c < LANES; c += 2, sums += 2 * LANES, bias += 2) {
		__m512i column[2];

		if (codes)
			finish_codes(rule, sums, bias, &column[0], &column[1]);
		else
			finish_words(rule, sums, bias, &column[0], &column[1]);
		for (int i = 0; i < 2; i++, elements += stride)
			store_column(column[i], codes, elements);
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
