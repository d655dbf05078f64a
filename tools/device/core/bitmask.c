// SPDX-License-Identifier: MIT
/*
 * Bitmask-sparse matrices: pack, check and unpack.
 */
#include "tools/device/core/bitmask.h"

#include <string.h>

static bool is_nonzero(uint8_t code)
{
	return code & 0x7f;
}

static uint16_t vector_mask(const uint8_t *codes)
{
	unsigned int mask = 0;

	for (unsigned int lane = 0; lane < EB_BITMASK_LANES; lane++)
		mask |= (unsigned int)is_nonzero(codes[lane]) << lane;
	return (uint16_t)mask;
}

static size_t align4(size_t size)
{
	return (size + 3) & ~(size_t)3;
}

static size_t block_rows(size_t rows, size_t block)
{
	size_t left = rows - block * EB_BITMASK_BLOCK_ROWS;

	return left < EB_BITMASK_BLOCK_ROWS ? left : EB_BITMASK_BLOCK_ROWS;
}

size_t eb_bitmask_block_bytes_min(size_t rows, size_t depth)
{
	return align4(rows * depth / EB_BITMASK_LANES * 2);
}

size_t eb_bitmask_block_bytes_max(size_t rows, size_t depth)
{
	return align4(rows * depth / EB_BITMASK_LANES * 2 + rows * depth);
}

/* Packs the rows of one block to `packed` unless that is NULL; returns the block's size. */
static size_t pack_block(const uint8_t *codes, size_t rows, size_t depth, size_t stride,
			 uint8_t *packed)
{
	size_t vectors = depth / EB_BITMASK_LANES;
	size_t used = rows * vectors * 2;
	size_t mask_at = 0;

	for (size_t row = 0; row < rows; row++) {
		for (size_t at = 0; at < depth; at += EB_BITMASK_LANES) {
			const uint8_t *vector = codes + row * stride + at;
			uint16_t mask = vector_mask(vector);

			if (packed)
				memcpy(packed + mask_at, &mask, sizeof(mask));
			mask_at += sizeof(mask);
			for (unsigned int lane = 0; lane < EB_BITMASK_LANES; lane++) {
				if (!(mask >> lane & 1))
					continue;
				if (packed)
					packed[used] = vector[lane];
				used++;
			}
		}
	}
	if (packed)
		memset(packed + used, 0, align4(used) - used);
	return align4(used);
}

static size_t pack(const uint8_t *codes, size_t rows, size_t depth, size_t stride,
		   uint8_t *packed)
{
	size_t used = eb_bitmask_table_bytes(rows);
	uint32_t offset = (uint32_t)used;

	if (packed)
		memcpy(packed, &offset, sizeof(offset));
	for (size_t block = 0; block < eb_bitmask_blocks(rows); block++) {
		used += pack_block(codes + block * EB_BITMASK_BLOCK_ROWS * stride,
				   block_rows(rows, block), depth, stride,
				   packed ? packed + used : NULL);
		offset = (uint32_t)used;
		if (packed)
			memcpy(packed + 4 * (block + 1), &offset, sizeof(offset));
	}
	return used;
}

size_t eb_bitmask_packed_bytes(const uint8_t *codes, size_t rows, size_t depth, size_t stride)
{
	return pack(codes, rows, depth, stride, NULL);
}

size_t eb_bitmask_pack(const uint8_t *codes, size_t rows, size_t depth, size_t stride,
		       void *packed)
{
	return pack(codes, rows, depth, stride, packed);
}

bool eb_bitmask_offsets_are_valid(const uint32_t *offsets, size_t rows, size_t depth)
{
	size_t blocks = eb_bitmask_blocks(rows);

	if (offsets[0] != eb_bitmask_table_bytes(rows))
		return false;
	for (size_t block = 0; block < blocks; block++) {
		size_t count = block_rows(rows, block);
		size_t size = offsets[block + 1] - (size_t)offsets[block];

		if (offsets[block + 1] < offsets[block] || size % 4 ||
		    size < eb_bitmask_block_bytes_min(count, depth) ||
		    size > eb_bitmask_block_bytes_max(count, depth))
			return false;
	}
	return true;
}

/*
 * Spreads the bytes at packed over the lanes of mask; returns how many there were.  Every
 * lane looks at the next byte whether it takes it or not, so that nothing branches on the
 * mask: the caller makes sure that a byte more than the mask wants is there.
 */
static inline size_t unpack_vector(unsigned int mask, const uint8_t *packed, uint8_t *dense)
{
	size_t used = 0;

	for (unsigned int lane = 0; lane < EB_BITMASK_LANES; lane++) {
		unsigned int bit = mask >> lane & 1;

		dense[lane] = (uint8_t)(packed[used] & -bit);
		used += bit;
	}
	return used;
}

/* The same near the end of a block, where few bytes are left. */
static size_t unpack_last(unsigned int mask, const uint8_t *packed, size_t left, uint8_t *dense)
{
	uint8_t bytes[EB_BITMASK_LANES + 1] = { 0 };

	memcpy(bytes, packed, left < EB_BITMASK_LANES ? left : EB_BITMASK_LANES);
	return unpack_vector(mask, bytes, dense);
}

/* Every stored byte is non-zero, every byte of padding zero. */
bool eb_bitmask_bytes_are_valid(const uint8_t *bytes, size_t stored, size_t size)
{
	unsigned int wrong = 0;

	for (size_t i = 0; i < stored; i++)
		wrong |= bytes[i] == 0;
	for (size_t i = stored; i < size; i++)
		wrong |= bytes[i] != 0;
	return !wrong;
}

bool eb_bitmask_unpack_block(const void *block, size_t size, size_t rows, size_t depth,
			     uint8_t *dense)
{
	size_t vectors = rows * (depth / EB_BITMASK_LANES), masks = vectors * 2;
	const uint8_t *bytes = block;
	size_t used = masks;

	if (size < masks)
		return false;
	for (size_t i = 0; i < vectors; i++, dense += EB_BITMASK_LANES) {
		unsigned int mask = bytes[2 * i] | (unsigned int)bytes[2 * i + 1] << 8;

		if (size - used > EB_BITMASK_LANES)
			used += unpack_vector(mask, bytes + used, dense);
		else if (size - used >= (size_t)__builtin_popcount(mask))
			used += unpack_last(mask, bytes + used, size - used, dense);
		else
			return false;
	}
	return align4(used) == size &&
	       eb_bitmask_bytes_are_valid(bytes + masks, used - masks, size - masks);
}

size_t eb_bitmask_bank_pack(const uint8_t *codes, size_t count, uint16_t *masks, uint8_t *banks)
{
	size_t entries[EB_BITMASK_LANES] = { 0 };
	size_t fullest = 0;

	memset(banks, 0, count * EB_BITMASK_LANES);
	for (size_t i = 0; i < count; i++) {
		masks[i] = vector_mask(codes + i * EB_BITMASK_LANES);
		for (unsigned int lane = 0; lane < EB_BITMASK_LANES; lane++)
			if (masks[i] >> lane & 1)
				banks[EB_BITMASK_LANES * entries[lane]++ + lane] =
					codes[i * EB_BITMASK_LANES + lane];
	}
	for (unsigned int lane = 0; lane < EB_BITMASK_LANES; lane++)
		fullest = entries[lane] > fullest ? entries[lane] : fullest;
	return fullest;
}

void eb_bitmask_bank_unpack(const uint16_t *masks, const uint8_t *banks, size_t count,
			    uint8_t *codes)
{
	size_t entries[EB_BITMASK_LANES] = { 0 };

	for (size_t i = 0; i < count; i++)
		for (unsigned int lane = 0; lane < EB_BITMASK_LANES; lane++)
			codes[i * EB_BITMASK_LANES + lane] =
				masks[i] >> lane & 1 ?
					banks[EB_BITMASK_LANES * entries[lane]++ + lane] : 0;
}
