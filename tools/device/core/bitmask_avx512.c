// SPDX-License-Identifier: MIT
/*
 * Unpacking of bitmask-sparse blocks with AVX-512 VBMI2: one instruction spreads the stored
 * bytes over the lanes of a mask.
 */
#include <immintrin.h>
#include <string.h>

#include "tools/device/core/bitmask.h"
#include "tools/device/core/codes_avx512.h"

#define VECTORS 4		/* at once, while that many bytes are certain to be there */

/* 16 lanes near the end of a block; how many bytes were stored, or -1: not all are there. */
static int unpack_last(unsigned int mask, const uint8_t *stored, size_t left, uint8_t *dense)
{
	int count = __builtin_popcount(mask);
	__m128i lanes;

	if (left < (size_t)count)
		return -1;
	lanes = _mm_maskz_loadu_epi8((__mmask16)((1u << count) - 1), stored);
	lanes = _mm_maskz_expand_epi8((__mmask16)mask, lanes);
	_mm_storeu_si128((__m128i *)dense, lanes);
	/* A stored zero is wrong. */
	return _mm_test_epi8_mask(lanes, lanes) == mask ? count : -1;
}

bool eb_avx512_unpack_block(const void *block, size_t size, size_t rows, size_t depth,
			    uint8_t *dense)
{
	size_t vectors = rows * (depth / EB_BITMASK_LANES), masks = vectors * 2, i = 0;
	const uint8_t *bytes = block;
	size_t used = masks;
	uint64_t wrong = 0;

	if (size < masks)
		return false;
	for (; i + VECTORS <= vectors && size - used >= VECTORS * EB_BITMASK_LANES; i += VECTORS) {
		uint64_t mask;
		__m512i lanes;

		memcpy(&mask, bytes + 2 * i, sizeof(mask));
		lanes = _mm512_maskz_expand_epi8(mask, _mm512_loadu_si512(bytes + used));
		_mm512_storeu_si512(dense + i * EB_BITMASK_LANES, lanes);
		wrong |= _mm512_test_epi8_mask(lanes, lanes) ^ mask;
		used += (size_t)__builtin_popcountll(mask);
	}
	for (; i < vectors; i++) {
		int count = unpack_last(bytes[2 * i] | (unsigned int)bytes[2 * i + 1] << 8,
					bytes + used, size - used, dense + i * EB_BITMASK_LANES);

		if (count < 0)
			return false;
		used += (size_t)count;
	}
	return !wrong && ((used + 3) & ~(size_t)3) == size &&
	       eb_bitmask_bytes_are_valid(bytes + used, 0, size - used);
}
