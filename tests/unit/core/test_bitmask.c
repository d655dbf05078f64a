// SPDX-License-Identifier: MIT
/*
 * Packed matrices: round trips, and every inconsistency refused.
 */
#include "tests/unit/core/fixture.h"

#include <stdlib.h>
#include <string.h>

#include "tools/device/core/bitmask.h"

struct matrix {
	size_t rows, depth, packed_bytes;
	uint8_t *dense, *packed, *unpacked;
};

static void make_matrix(struct matrix *matrix, size_t rows, size_t depth,
			unsigned int zero_percent, uint64_t seed)
{
	struct random random = { seed };

	matrix->rows = rows;
	matrix->depth = depth;
	matrix->dense = malloc(rows * depth);
	matrix->unpacked = malloc(EB_BITMASK_BLOCK_ROWS * depth);
	random_codes(&random, matrix->dense, rows * depth, 7, zero_percent);
	/* Both zeros of the format; packing makes them one. */
	for (size_t i = 0; i < rows * depth; i++)
		if ((matrix->dense[i] & 0x7f) == 0)
			matrix->dense[i] = 0;
	matrix->packed_bytes = eb_bitmask_packed_bytes(matrix->dense, rows, depth, depth);
	matrix->packed = malloc(matrix->packed_bytes);
	assert_int_equal(eb_bitmask_pack(matrix->dense, rows, depth, depth, matrix->packed),
			 matrix->packed_bytes);
}

static void free_matrix(struct matrix *matrix)
{
	free(matrix->dense);
	free(matrix->packed);
	free(matrix->unpacked);
}

static const uint32_t *offsets_of(const struct matrix *matrix)
{
	return (const uint32_t *)matrix->packed;
}

static size_t rows_of(const struct matrix *matrix, size_t block)
{
	size_t left = matrix->rows - block * EB_BITMASK_BLOCK_ROWS;

	return left < EB_BITMASK_BLOCK_ROWS ? left : EB_BITMASK_BLOCK_ROWS;
}

static bool unpack(struct matrix *matrix, size_t block)
{
	const uint32_t *offsets = offsets_of(matrix);

	return eb_bitmask_unpack_block(matrix->packed + offsets[block],
				       offsets[block + 1] - offsets[block],
				       rows_of(matrix, block), matrix->depth, matrix->unpacked);
}

static void packing_and_unpacking_gives_the_matrix_back(void **state)
{
	static const size_t shapes[][2] = { { 1, 16 }, { 15, 32 }, { 16, 16 }, { 17, 48 },
					    { 40, 64 }, { 100, 384 } };
	struct matrix matrix;

	(void)state;
	for (size_t s = 0; s < sizeof(shapes) / sizeof(shapes[0]); s++) {
		for (unsigned int percent = 0; percent <= 100; percent += 20) {
			make_matrix(&matrix, shapes[s][0], shapes[s][1], percent, s + 1);
			assert_true(eb_bitmask_offsets_are_valid(offsets_of(&matrix), matrix.rows,
								 matrix.depth));
			for (size_t b = 0; b < eb_bitmask_blocks(matrix.rows); b++) {
				assert_true(unpack(&matrix, b));
				assert_memory_equal(matrix.unpacked, matrix.dense + b * 16 *
						    matrix.depth, rows_of(&matrix, b) *
						    matrix.depth);
			}
			free_matrix(&matrix);
		}
	}
}

static void a_known_matrix_packs_to_known_bytes(void **state)
{
	static const uint8_t expected[] = { 8, 0, 0, 0, 16, 0, 0, 0,
					    0x05, 0x80, 0, 0, 0x11, 0x22, 0xff, 0 };
	uint8_t codes[32] = { [0] = 0x11, [1] = 0x80, [2] = 0x22, [15] = 0xff };
	uint8_t packed[sizeof(expected)];

	(void)state;
	assert_int_equal(eb_bitmask_pack(codes, 1, 32, 32, packed), sizeof(expected));
	assert_memory_equal(packed, expected, sizeof(expected));
}

static void a_stride_leaves_out_what_lies_between_rows(void **state)
{
	uint8_t dense[3 * 40], tight[3 * 32], a[512], b[512];
	struct random random = { 9 };
	size_t size;

	(void)state;
	random_codes(&random, dense, sizeof(dense), 7, 50);
	for (int row = 0; row < 3; row++)
		memcpy(tight + row * 32, dense + row * 40, 32);
	size = eb_bitmask_pack(dense, 3, 32, 40, a);
	assert_int_equal(eb_bitmask_pack(tight, 3, 32, 32, b), size);
	assert_memory_equal(a, b, size);
}

static void wrong_offsets_are_refused(void **state)
{
	/* A gap, the table overlapped, not a multiple of 4, too large, too small. */
	static const struct {
		size_t index;
		int32_t change;
	} wrong[] = { { 0, 4 }, { 0, -4 }, { 1, 2 }, { 1, 4096 }, { 3, -1024 }, { 2, INT32_MAX } };
	struct matrix matrix;
	uint32_t *offsets, good[4];

	(void)state;
	make_matrix(&matrix, 40, 64, 50, 3);
	offsets = (uint32_t *)matrix.packed;
	memcpy(good, offsets, sizeof(good));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		offsets[wrong[i].index] += (uint32_t)wrong[i].change;
		assert_false(eb_bitmask_offsets_are_valid(offsets, 40, 64));
		memcpy(offsets, good, sizeof(good));
		assert_true(eb_bitmask_offsets_are_valid(offsets, 40, 64));
	}
	/* A block that would end before it begins. */
	offsets[2] = offsets[1] - 4;
	assert_false(eb_bitmask_offsets_are_valid(offsets, 40, 64));
	free_matrix(&matrix);
}

static void a_block_that_disagrees_with_its_masks_is_refused(void **state)
{
	struct matrix matrix;
	uint8_t *block;
	size_t size;

	(void)state;
	make_matrix(&matrix, 16, 32, 50, 4);
	block = matrix.packed + offsets_of(&matrix)[0];
	size = offsets_of(&matrix)[1] - offsets_of(&matrix)[0];
	/* One bit more takes a zero of the padding, one less leaves a byte in it. */
	for (size_t bit = 0; bit < 16 * 32; bit++) {
		block[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_false(unpack(&matrix, 0));
		block[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	assert_true(unpack(&matrix, 0));
	assert_false(eb_bitmask_unpack_block(block, size - 4, 16, 32, matrix.unpacked));
	assert_false(eb_bitmask_unpack_block(block, 16, 16, 32, matrix.unpacked));
	block[64] = 0;
	assert_false(unpack(&matrix, 0));
	free_matrix(&matrix);
}

static void padding_must_be_zero(void **state)
{
	uint8_t codes[16] = { 1 }, packed[64], dense[16];
	size_t size = eb_bitmask_pack(codes, 1, 16, 16, packed);

	(void)state;
	assert_int_equal(size, 12);
	assert_true(eb_bitmask_unpack_block(packed + 8, 4, 1, 16, dense));
	packed[11] = 7;
	assert_false(eb_bitmask_unpack_block(packed + 8, 4, 1, 16, dense));
}

static void sizes_stay_within_their_bounds(void **state)
{
	(void)state;
	assert_int_equal(eb_bitmask_block_bytes_min(16, 32), 64);
	assert_int_equal(eb_bitmask_block_bytes_max(16, 32), 64 + 512);
	assert_int_equal(eb_bitmask_block_bytes_min(1, 16), 4);
	assert_int_equal(eb_bitmask_table_bytes(33), 16);
}

static void bank_form_keeps_each_lane_in_its_bank(void **state)
{
	uint8_t codes[64 * 16], banks[64 * 16], back[64 * 16];
	struct random random = { 11 };
	uint16_t masks[64];
	size_t fullest, most = 0;

	(void)state;
	random_codes(&random, codes, sizeof(codes), 7, 60);
	for (size_t i = 0; i < sizeof(codes); i++)
		codes[i] = codes[i] & 0x7f ? codes[i] : 0;
	fullest = eb_bitmask_bank_pack(codes, 64, masks, banks);
	for (int lane = 0; lane < 16; lane++) {
		size_t k = 0;

		for (int i = 0; i < 64; i++)
			if (codes[16 * i + lane])
				assert_int_equal(banks[16 * k++ + (size_t)lane],
						 codes[16 * i + lane]);
		most = k > most ? k : most;
	}
	assert_int_equal(fullest, most);
	eb_bitmask_bank_unpack(masks, banks, 64, back);
	assert_memory_equal(back, codes, sizeof(codes));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packing_and_unpacking_gives_the_matrix_back),
		cmocka_unit_test(a_known_matrix_packs_to_known_bytes),
		cmocka_unit_test(a_stride_leaves_out_what_lies_between_rows),
		cmocka_unit_test(wrong_offsets_are_refused),
		cmocka_unit_test(a_block_that_disagrees_with_its_masks_is_refused),
		cmocka_unit_test(padding_must_be_zero),
		cmocka_unit_test(sizes_stay_within_their_bounds),
		cmocka_unit_test(bank_form_keeps_each_lane_in_its_bank),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("core-bitmask", tests, NULL, NULL);
}
