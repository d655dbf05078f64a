// SPDX-License-Identifier: MIT
/*
 * Bitmask-sparse blocks with AVX-512: checked and measured, so that the decoder can spread the
 * stored bytes over the lanes of the masks itself.
 */
#include <immintrin.h>
#include <string.h>

#include "tools/device/core/bitmask.h"
#include "tools/device/core/codes_avx512.h"

#define VECTOR 64

static size_t count_bits(const uint8_t *masks, size_t size)
{
	size_t count = 0, i = 0;

	for (; i + sizeof(uint64_t) <= size; i += sizeof(uint64_t)) {
		uint64_t mask;

		memcpy(&mask, masks + i, sizeof(mask));
		count += (size_t)__builtin_popcountll(mask);
	}
	for (; i < size; i++)
		count += (size_t)__builtin_popcount(masks[i]);
	return count;
}

static bool any_is_zero(const uint8_t *bytes, size_t count)
{
	uint64_t zeros = 0;
	size_t i = 0;

	for (; i + VECTOR <= count; i += VECTOR) {
		__m512i stored = _mm512_loadu_si512(bytes + i);

		zeros |= _mm512_testn_epi8_mask(stored, stored);
	}
	return zeros || !eb_bitmask_bytes_are_valid(bytes + i, count - i, count - i);
}

bool eb_avx512_find_packed_rows(const void *block, size_t size, size_t block_rows, size_t depth,
				struct eb_packed_row *rows)
{
	const size_t mask_bytes = depth / EB_BITMASK_LANES * 2, masks = block_rows * mask_bytes;
	const uint8_t *bytes = block;
	size_t used = masks;

	for (size_t row = 0; row < block_rows && used <= size; row++) {
		rows[row] = (struct eb_packed_row){
			.masks = bytes + row * mask_bytes, .bytes = bytes + used,
			.end = bytes + size,
		};
		used += count_bits(rows[row].masks, mask_bytes);
	}
	if (used > size || ((used + 3) & ~(size_t)3) != size)
		return false;
	return !any_is_zero(bytes + masks, used - masks) &&
	       eb_bitmask_bytes_are_valid(bytes + used, 0, size - used);
}
