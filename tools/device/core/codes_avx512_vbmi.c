// SPDX-License-Identifier: MIT
/*
 * As codes_avx512.c, with VBMI: magnitudes come from a table of the 128 codes, 64 at a time.
 */
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

static inline void subtract_products(__m512i value, __mmask16 identity, __m512i *products)
{
	DOT_PRODUCT(*products, value, _mm512_maskz_shuffle_epi32(identity, value, _MM_PERM_CDAB));
}

/* 64 codes; `identity0` and `identity1` are the pairs that are multiplied by the next. */
static inline void decode_64(const struct tables *tables, const uint8_t *codes,
			     __mmask16 identity0, __mmask16 identity1, int16_t *values,
			     uint8_t *nonzero, __m512i *products)
{
	/* So that interleaving bytes within quarters of a register leaves them in order. */
	const __m512i order = _mm512_setr_epi64(0, 4, 1, 5, 2, 6, 3, 7);
	const __m512i zero = _mm512_setzero_si512();
	__m512i row = _mm512_loadu_si512(codes), counts = _mm512_loadu_si512(nonzero);
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
	counts = _mm512_mask_sub_epi8(counts, set, counts, _mm512_set1_epi8(-1));
	_mm512_storeu_si512(nonzero, counts);
	subtract_products(first, identity0, products);
	subtract_products(second, identity1, products);
}

int32_t eb_avx512_vbmi_decode_codes(const uint8_t *codes, size_t depth, int16_t *values,
				    uint8_t *nonzero)
{
	const struct tables tables = {
		_mm512_load_si512(magnitudes.low), _mm512_load_si512(magnitudes.low + CODES),
		_mm512_load_si512(magnitudes.high), _mm512_load_si512(magnitudes.high + CODES),
	};
	__m512i products = _mm512_setzero_si512();
	uint32_t rest = 0;
	size_t d;

	/* The pattern of long blocks comes back after four of them. */
	for (d = 0; d + 4 * EB_SUM_LONG_BLOCK <= depth; d += 4 * EB_SUM_LONG_BLOCK) {
		decode_64(&tables, codes + d, 0x5555, 0x5500, values + d, nonzero + d, &products);
		decode_64(&tables, codes + d + CODES, 0x0055, 0x5555, values + d + CODES,
			  nonzero + d + CODES, &products);
		decode_64(&tables, codes + d + 2 * CODES, 0x5500, 0x0055, values + d + 2 * CODES,
			  nonzero + d + 2 * CODES, &products);
	}
	if (d < depth)
		rest = (uint32_t)eb_avx512_decode_codes(codes + d, depth - d, values + d,
							nonzero + d);
	return (int32_t)(rest - (uint32_t)_mm512_reduce_add_epi32(products));
}
