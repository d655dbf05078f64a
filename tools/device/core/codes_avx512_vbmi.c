// SPDX-License-Identifier: MIT
/*
 * As codes_avx512.c, with VBMI: magnitudes come from a table of the 128 codes, 64 at a time.
 */
#include <string.h>

#include "tools/device/core/adaptivfloat.h"
#include "tools/device/core/avx512.h"
#include "tools/device/core/codes_avx512.h"
#include "tools/device/core/kernels_x86.h"
#include "tools/device/core/sums_avx512.h"

#define CODES 64

/* The magnitudes of all codes, low bytes and high bytes. */
static struct {
	uint8_t low[128], high[128];
} magnitudes __attribute__((aligned(64)));

__attribute__((noinline)) static void fill_magnitudes(void)
{
	for (unsigned int code = 0; code < 128; code++) {
		int16_t magnitude = eb_adaptivfloat_mantissa((uint8_t)code);

		magnitudes.low[code] = (uint8_t)magnitude;
		magnitudes.high[code] = (uint8_t)(magnitude >> 8);
	}
}

/*
 * Before any core exists, so that nobody can be reading them.  This runs on every processor,
 * but the compiler may use AVX-512 to fill.
 */
__attribute__((constructor)) static void fill_tables(void)
{
	__builtin_cpu_init();
	if (eb_cpu_has_avx512_vbmi())
		fill_magnitudes();
}

struct tables {
	__m512i low0, low1, high0, high1;
};

/* 64 values. */
struct values {
	__m512i first, second;
};

static inline struct values decode_64(const struct tables *tables, __m512i row, int16_t *values,
				      __m512i *counts)
{
	/* So that interleaving bytes within quarters of a register leaves them in order. */
	const __m512i order = _mm512_setr_epi64(0, 4, 1, 5, 2, 6, 3, 7);
	const __m512i zero = _mm512_setzero_si512();
	__m512i index = _mm512_permutexvar_epi64(order, row);
	__m512i low = _mm512_permutex2var_epi8(tables->low0, index, tables->low1);
	__m512i high = _mm512_permutex2var_epi8(tables->high0, index, tables->high1);
	__mmask64 negative = _mm512_movepi8_mask(row);
	__mmask64 set = _mm512_test_epi8_mask(row, _mm512_set1_epi8(0x7f));
	__m512i first = _mm512_unpacklo_epi8(low, high);
	__m512i second = _mm512_unpackhi_epi8(low, high);

	first = _mm512_mask_sub_epi16(first, (__mmask32)negative, zero, first);
	second = _mm512_mask_sub_epi16(second, (__mmask32)(negative >> 32), zero, second);
	_mm512_storeu_si512(values, first);
	_mm512_storeu_si512(values + CODES / 2, second);
	*counts = _mm512_mask_sub_epi8(*counts, set, *counts, _mm512_set1_epi8(-1));
	return (struct values){ first, second };
}

/* ---- Where codes come from ---------------------------------------------------------- */

/* A row of codes, or of a packed block, from the first element that is wanted. */
struct source {
	const uint8_t *codes;
	const uint8_t *masks, *bytes, *end;
};

static inline struct source find_source(const struct eb_matmul_codes *codes, size_t row,
					bool packed)
{
	if (!packed)
		return (struct source){ .codes = codes->rows[row] + codes->first };
	return (struct source){
		.masks = codes->packed[row].masks + codes->first / 8,
		.bytes = codes->packed[row].bytes, .end = codes->packed[row].end,
	};
}

/* The stored bytes of a mask over its lanes; near the end of the block no more than are there. */
static inline __m512i expand(struct source *source, uint64_t mask)
{
	const size_t left = (size_t)(source->end - source->bytes);
	size_t count = (size_t)__builtin_popcountll(mask);
	__m512i stored;

	if (__builtin_expect(left >= CODES, 1)) {
		stored = _mm512_loadu_si512(source->bytes);
	} else {
		stored = _mm512_maskz_loadu_epi8(((uint64_t)1 << left) - 1, source->bytes);
		count = count < left ? count : left;
	}
	source->bytes += count;
	/*
	 * In place: some processors make this wait for what the register of its result held
	 * before, which compilers take for free.
	 */
	__asm__("vpexpandb %0, %0%{%1%}%{z%}" : "+v"(stored) : "Yk"(mask));
	return stored;
}

static inline __m512i next_codes(struct source *source, size_t d, bool packed)
{
	uint64_t mask;

	if (!packed)
		return _mm512_loadu_si512(source->codes + d);
	memcpy(&mask, source->masks + d / 8, sizeof(mask));
	return expand(source, mask);
}

/* ---- Rows --------------------------------------------------------------------------- */

/* Two long blocks of a row, the first of which is v0, v1, v2. */
#define TWO_BLOCKS (2 * EB_SUM_LONG_BLOCK)
_Static_assert(TWO_BLOCKS == 3 * CODES, "two long blocks are whole vectors of codes");

static inline __attribute__((always_inline)) void
decode_two_blocks(const struct tables *tables, struct source *source, size_t d, bool packed,
		  int16_t *values, __m512i counts[3], __m512i *products)
{
	struct values v01 = decode_64(tables, next_codes(source, d, packed), values, &counts[0]);
	struct values v23 = decode_64(tables, next_codes(source, d + CODES, packed),
				      values + CODES, &counts[1]);
	struct values v45 = decode_64(tables, next_codes(source, d + 2 * CODES, packed),
				      values + 2 * CODES, &counts[2]);

	DOT_PRODUCT(*products, v01.first, v01.second);
	DOT_PRODUCT(*products, v23.second, v45.first);
}

/* What is left of a row: attention has nothing else.  Returns its part of pairs. */
static int32_t decode_rest(const struct tables *tables, const uint8_t *codes, size_t depth,
			   int16_t *values, uint8_t *nonzero)
{
	__m512i products = _mm512_setzero_si512();
	size_t d = 0;

	if (depth % CODES)
		return eb_avx512_decode_from(codes, 0, depth, values, nonzero);
	for (size_t at = 0; at < depth; at += CODES) {
		__m512i counts = _mm512_loadu_si512(nonzero + at);

		decode_64(tables, _mm512_loadu_si512(codes + at), values + at, &counts);
		_mm512_storeu_si512(nonzero + at, counts);
	}
	if (depth >= EB_SUM_LONG_BLOCK) {
		DOT_PRODUCT(products, _mm512_loadu_si512(values),
			    _mm512_loadu_si512(values + EB_SUM_VECTOR));
		d = EB_SUM_LONG_BLOCK;
	}
	for (; d < depth; d += EB_SUM_VECTOR) {
		__m512i value = _mm512_loadu_si512(values + d);

		DOT_PRODUCT(products, value,
			    _mm512_maskz_shuffle_epi32(EB_SUM_SHORT_PAIRS | EB_SUM_SHORT_PAIRS << 8,
						       value, _MM_PERM_CDAB));
	}
	return -_mm512_reduce_add_epi32(products);
}

/* The same of a packed row, less than two long blocks: 16 codes at a time. */
static int32_t decode_packed_rest(const struct tables *tables, struct source *source, size_t d,
				  size_t depth, int16_t *values, uint8_t *nonzero)
{
	uint8_t codes[TWO_BLOCKS];

	for (size_t at = 0; at < depth; at += 16) {
		uint16_t mask;

		memcpy(&mask, source->masks + (d + at) / 8, sizeof(mask));
		_mm_storeu_si128((__m128i *)(codes + at),
				 _mm512_castsi512_si128(expand(source, mask)));
	}
	return decode_rest(tables, codes, depth, values, nonzero);
}

/* So many rows at once share the counts; packed ones need more registers each. */
#define ROWS 4
#define PACKED_ROWS 2

static inline __attribute__((always_inline)) void
decode_together(const struct tables *tables, const struct eb_matmul_codes *codes, size_t row,
		size_t rows, bool packed, int16_t *values, uint8_t *nonzero, int32_t *pairs)
{
	const size_t depth = codes->depth, rest = depth % TWO_BLOCKS, whole = depth - rest;
	struct source sources[ROWS];
	__m512i products[ROWS];

	values += row * depth;
#pragma GCC unroll 4
	for (size_t r = 0; r < rows; r++) {
		sources[r] = find_source(codes, row + r, packed);
		products[r] = _mm512_setzero_si512();
	}
	for (size_t d = 0; d < whole; d += TWO_BLOCKS) {
		__m512i counts[3];

#pragma GCC unroll 3
		for (size_t i = 0; i < 3; i++)
			counts[i] = _mm512_loadu_si512(nonzero + d + i * CODES);
#pragma GCC unroll 4
		for (size_t r = 0; r < rows; r++)
			decode_two_blocks(tables, &sources[r], d, packed, values + r * depth + d,
					  counts, &products[r]);
#pragma GCC unroll 3
		for (size_t i = 0; i < 3; i++)
			_mm512_storeu_si512(nonzero + d + i * CODES, counts[i]);
	}
#pragma GCC unroll 4
	for (size_t r = 0; r < rows; r++) {
		int16_t *at = values + r * depth + whole;

		pairs[row + r] = -_mm512_reduce_add_epi32(products[r]);
		if (rest)
			pairs[row + r] += packed ?
				decode_packed_rest(tables, &sources[r], whole, rest, at,
						   nonzero + whole) :
				decode_rest(tables, sources[r].codes + whole, rest, at,
					    nonzero + whole);
		if (packed)
			codes->packed[row + r].bytes = sources[r].bytes;
	}
}

static inline __attribute__((always_inline)) void
decode_rows(const struct eb_matmul_codes *codes, bool packed, int16_t *values, uint8_t *nonzero,
	    int32_t *pairs)
{
	const struct tables tables = {
		_mm512_load_si512(magnitudes.low), _mm512_load_si512(magnitudes.low + CODES),
		_mm512_load_si512(magnitudes.high), _mm512_load_si512(magnitudes.high + CODES),
	};
	const size_t together = packed ? PACKED_ROWS : ROWS;
	size_t row = 0;

	for (; row + together <= codes->count; row += together)
		decode_together(&tables, codes, row, together, packed, values, nonzero, pairs);
	for (; row < codes->count; row++)
		decode_together(&tables, codes, row, 1, packed, values, nonzero, pairs);
}

void eb_avx512_vbmi_decode_rows(const struct eb_matmul_codes *codes, int16_t *values,
				uint8_t *nonzero, int32_t *pairs)
{
	decode_rows(codes, false, values, nonzero, pairs);
}

void eb_avx512_decode_packed_rows(const struct eb_matmul_codes *codes, int16_t *values,
				  uint8_t *nonzero, int32_t *pairs)
{
	decode_rows(codes, true, values, nonzero, pairs);
}
