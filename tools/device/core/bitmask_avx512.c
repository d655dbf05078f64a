// SPDX-License-Identifier: MIT
/*
 * Unpacking of bitmask-sparse blocks with AVX-512 VBMI2: one instruction spreads the stored
 * bytes over the lanes of a mask.
 */
#include <immintrin.h>

#include "tools/device/core/bitmask.h"
#include "tools/device/core/rows_avx512.h"

bool eb_avx512_unpack_block(const void *block, size_t size, size_t rows, size_t depth,
			    uint8_t *dense)
{
	size_t vectors = rows * (depth / EB_BITMASK_LANES), masks = vectors * 2;
	const uint8_t *bytes = block;
	size_t used = masks;

	if (size < masks)
		return false;
	for (size_t i = 0; i < vectors; i++, dense += EB_BITMASK_LANES) {
		unsigned int mask = bytes[2 * i] | (unsigned int)bytes[2 * i + 1] << 8;
		unsigned int count = (unsigned int)__builtin_popcount(mask);
		__m128i stored;

		if (size - used >= EB_BITMASK_LANES)
			stored = _mm_loadu_si128((const __m128i *)(bytes + used));
		else if (size - used >= count)
			stored = _mm_maskz_loadu_epi8((__mmask16)((1u << count) - 1),
						      bytes + used);
		else
			return false;
		_mm_storeu_si128((__m128i *)dense,
				 _mm_maskz_expand_epi8((__mmask16)mask, stored));
		used += count;
	}
	return ((used + 3) & ~(size_t)3) == size &&
	       eb_bitmask_bytes_are_valid(bytes + masks, used - masks, size - masks);
}
