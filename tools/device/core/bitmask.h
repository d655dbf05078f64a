/* SPDX-License-Identifier: MIT */
/*
 * Bitmask-sparse matrices of AF8 codes, in two forms.
 *
 * Stored form (MATMUL weights, EMBED tables): from the start of the operand
 *   __le32 offset[blocks + 1]     relative to that start, one block per 16 rows
 * then per block
 *   __le16 mask[rows in block][depth / 16]    bit i: lane i is non-zero
 *   the non-zero bytes in the same order, zero padding to 4 bytes.
 * offset[i + 1] ends block i; blocks follow the table and each other without gaps.
 *
 * Bank form (the published on-chip format): per lane, the k-th non-zero byte lies at
 * 16 * k + lane.
 */
#ifndef EDGEBERT_DEVICE_BITMASK_H
#define EDGEBERT_DEVICE_BITMASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EB_BITMASK_LANES 16
#define EB_BITMASK_BLOCK_ROWS 16

static inline size_t eb_bitmask_blocks(size_t rows)
{
	return (rows + EB_BITMASK_BLOCK_ROWS - 1) / EB_BITMASK_BLOCK_ROWS;
}

static inline size_t eb_bitmask_table_bytes(size_t rows)
{
	return 4 * (eb_bitmask_blocks(rows) + 1);
}

/*
 * Size of the stored form of rows x depth codes, stride bytes apart; depth is a multiple
 * of 16.  The codes 0x00 and 0x80 are both zero.
 */
size_t eb_bitmask_packed_bytes(const uint8_t *codes, size_t rows, size_t depth, size_t stride);

/* Writes the stored form, 4-byte aligned; returns its size, as eb_bitmask_packed_bytes. */
size_t eb_bitmask_pack(const uint8_t *codes, size_t rows, size_t depth, size_t stride,
		       void *packed);

/* Least and greatest size of a block of so many rows. */
size_t eb_bitmask_block_bytes_min(size_t block_rows, size_t depth);
size_t eb_bitmask_block_bytes_max(size_t block_rows, size_t depth);

/* True when the offset table starts right, grows, and every block's size is possible. */
bool eb_bitmask_offsets_are_valid(const uint32_t *offsets, size_t rows, size_t depth);

/*
 * Unpacks one block of the stored form to dense rows.  False when its size does not equal
 * masks, one byte per mask bit and zero padding, or when a stored byte is zero; dense then
 * holds nothing of use.
 */
bool eb_bitmask_unpack_block(const void *block, size_t size, size_t block_rows, size_t depth,
			     uint8_t *dense);

/* Part of that: no stored byte is zero, and all from `used` to `size` are. */
bool eb_bitmask_bytes_are_valid(const uint8_t *bytes, size_t used, size_t size);

/*
 * Bank form of count vectors of 16 codes: masks[count], and banks with room for 16 * count
 * bytes, unused ones zero.  Returns the entries of the fullest bank.
 */
size_t eb_bitmask_bank_pack(const uint8_t *codes, size_t count, uint16_t *masks, uint8_t *banks);
void eb_bitmask_bank_unpack(const uint16_t *masks, const uint8_t *banks, size_t count,
			    uint8_t *codes);

#endif /* EDGEBERT_DEVICE_BITMASK_H */
