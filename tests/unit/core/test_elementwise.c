// SPDX-License-Identifier: MIT
/*
 * ADD, COPY and EMBED, exactly.
 */
#include "tests/unit/core/fixture.h"

#include <math.h>
#include <string.h>

#include "tools/device/core/bitmask.h"

#define Q EDGEBERT_HW_FORMAT_Q6_10
#define AF8 EDGEBERT_HW_FORMAT_AF8

static int16_t *words_at(struct device *device, uint32_t operand)
{
	return (int16_t *)at(device, operand);
}

/* ---- ADD ---------------------------------------------------------------------------- */

static struct edgebert_hw_command add_command(void)
{
	struct edgebert_hw_command result = command(EDGEBERT_HW_OP_ADD, 0);

	result.add = (struct edgebert_hw_add){
		.a = IN(0), .b = WEIGHTS(0), .output = OUT(0), .a_stride = 32, .b_stride = 32,
		.output_stride = 32, .rows = 20, .columns = 30,
	};
	return result;
}

static void add_of_codes_goes_through_words(void **state)
{
	struct device *device = *state;
	struct random random = { 2 };

	random_codes(&random, at(device, IN(0)), 20 * 32, 7, 20);
	random_codes(&random, at(device, WEIGHTS(0)), 20 * 32, 7, 20);
	for (uint8_t bias = 0; bias < 8; bias++) {
		struct edgebert_hw_command add = add_command();

		add.add.a_bias = bias;
		add.add.b_bias = 7 - bias;
		add.add.output_bias = (bias + 3) & 7;
		assert_int_equal(device_run_one(device, &add), EDGEBERT_HW_OK);
		for (int i = 0; i < 20 * 32; i++) {
			double sum = trunc(reference_value(at(device, IN(0))[i], bias) * 1024) +
				     trunc(reference_value(at(device, WEIGHTS(0))[i],
							   7 - bias) * 1024);

			if (i % 32 < 30)
				assert_int_equal(at(device, OUT(0))[i],
						 reference_encode(sum / 1024, (bias + 3) & 7));
		}
	}
}

static void add_of_words_saturates(void **state)
{
	static const int16_t a[] = { 32767, -32768, 5, 20000 }, b[] = { 1, -1, -7, 20000 };
	static const int16_t sum[] = { 32767, -32767, -2, 32767 };
	struct device *device = *state;
	struct edgebert_hw_command add = add_command();

	memcpy(at(device, IN(0)), a, sizeof(a));
	memcpy(at(device, WEIGHTS(0)), b, sizeof(b));
	add.add.rows = 1;
	add.add.columns = 4;
	add.add.a_format = add.add.b_format = add.add.output_format = Q;
	assert_int_equal(device_run_one(device, &add), EDGEBERT_HW_OK);
	assert_memory_equal(at(device, OUT(0)), sum, sizeof(sum));
}

static void add_with_stride_zero_repeats_one_row(void **state)
{
	struct device *device = *state;
	struct edgebert_hw_command add = add_command();

	add.add.columns = 8;
	add.add.a_format = add.add.b_format = add.add.output_format = Q;
	add.add.b_stride = 0;
	for (int i = 0; i < 20 * 16; i++)
		words_at(device, IN(0))[i] = (int16_t)i;
	for (int i = 0; i < 16; i++)
		words_at(device, WEIGHTS(0))[i] = (int16_t)(i < 8 ? 1000 * i : 9);
	assert_int_equal(device_run_one(device, &add), EDGEBERT_HW_OK);
	for (int r = 0; r < 20; r++)
		for (int c = 0; c < 8; c++)
			assert_int_equal(words_at(device, OUT(0))[r * 16 + c],
					 r * 16 + c + 1000 * c);
}

static void add_may_write_over_its_operand(void **state)
{
	struct device *device = *state;
	struct edgebert_hw_command add = add_command();

	add.add.a_format = add.add.b_format = add.add.output_format = Q;
	add.add.columns = 16;
	add.add.b = add.add.output = add.add.a;
	for (int i = 0; i < 20 * 16; i++)
		words_at(device, IN(0))[i] = (int16_t)(i - 100);
	assert_int_equal(device_run_one(device, &add), EDGEBERT_HW_OK);
	for (int i = 0; i < 20 * 16; i++)
		assert_int_equal(words_at(device, IN(0))[i], 2 * (i - 100));
}

/* ---- COPY --------------------------------------------------------------------------- */

static struct edgebert_hw_command copy_command(uint32_t source, uint32_t destination,
					       uint32_t row_bytes, uint16_t rows)
{
	struct edgebert_hw_command result = command(EDGEBERT_HW_OP_COPY, 0);

	result.copy = (struct edgebert_hw_copy){
		.source = source, .destination = destination, .source_stride = row_bytes,
		.destination_stride = row_bytes, .row_bytes = row_bytes, .rows = rows,
	};
	return result;
}

static void copies_move_rows_between_every_kind_of_memory(void **state)
{
	static const uint32_t stations[] = {
		EDGEBERT_HW_OPERAND(EDGEBERT_HW_SEGMENT_DATA0, 100),
		EDGEBERT_HW_OPERAND(EDGEBERT_HW_SEGMENT_DATA1, 7),
		EDGEBERT_HW_OPERAND(EDGEBERT_HW_SEGMENT_AUX, 31),
		OUT(5),
	};
	struct device *device = *state;
	struct random random = { 1 };
	uint32_t from = EDGEBERT_HW_OPERAND(EDGEBERT_HW_SEGMENT_ENVM, 12345);

	for (int i = 0; i < 600; i++)
		eb_core_envm(device->core)[12345 + i] = (uint8_t)random_next(&random);
	device_begin(device);
	for (int i = 0; i < 4; i++) {
		struct edgebert_hw_command copy = copy_command(from, stations[i], 200, 3);

		device_add(device, &copy);
		from = stations[i];
	}
	assert_int_equal(device_run(device), EDGEBERT_HW_OK);
	assert_memory_equal(at(device, OUT(5)), eb_core_envm(device->core) + 12345, 600);
}

static int run_with_envm_base(struct device *device, const struct edgebert_hw_command *command,
			      uint32_t base)
{
	device_begin(device);
	device->job.envm_base = base;
	device_add(device, command);
	return device_run(device);
}

static void the_envm_begins_where_the_job_says(void **state)
{
	struct device *device = *state;
	struct edgebert_hw_command copy =
		copy_command(EDGEBERT_HW_OPERAND(EDGEBERT_HW_SEGMENT_ENVM, 5), OUT(0), 100, 1);

	for (int i = 0; i < 100; i++)
		eb_core_envm(device->core)[0x4000 + 5 + i] = (uint8_t)(i + 1);
	assert_int_equal(run_with_envm_base(device, &copy, 0x4000), EDGEBERT_HW_OK);
	assert_memory_equal(at(device, OUT(0)), eb_core_envm(device->core) + 0x4000 + 5, 100);
}

static void the_envm_ends_where_it_ends_whatever_the_base(void **state)
{
	struct device *device = *state;
	struct edgebert_hw_command copy = copy_command(
		EDGEBERT_HW_OPERAND(EDGEBERT_HW_SEGMENT_ENVM, EDGEBERT_HW_ENVM_BYTES - 0x4000 - 99),
		OUT(0), 100, 1);

	assert_int_equal(run_with_envm_base(device, &copy, 0x4000), EDGEBERT_HW_BAD_ADDRESS);
}

static void a_base_outside_of_the_envm_or_its_sectors_is_refused(void **state)
{
	struct device *device = *state;
	struct edgebert_hw_command copy =
		copy_command(EDGEBERT_HW_OPERAND(EDGEBERT_HW_SEGMENT_ENVM, 0), OUT(0), 1, 1);

	assert_int_equal(run_with_envm_base(device, &copy, EDGEBERT_HW_ENVM_BYTES),
			 EDGEBERT_HW_BAD_JOB);
	assert_int_equal(run_with_envm_base(device, &copy, 0x100), EDGEBERT_HW_BAD_JOB);
}

static void copies_follow_both_strides(void **state)
{
	struct device *device = *state;
	struct edgebert_hw_command copy = copy_command(IN(0), OUT(0), 5, 3);

	copy.copy.source_stride = 7;
	copy.copy.destination_stride = 11;
	for (int i = 0; i < 32; i++)
		at(device, IN(0))[i] = (uint8_t)(i + 1);
	memset(at(device, OUT(0)), 0xee, 40);
	assert_int_equal(device_run_one(device, &copy), EDGEBERT_HW_OK);
	for (int i = 0; i < 40; i++) {
		int row = i / 11, column = i % 11;

		assert_int_equal(at(device, OUT(0))[i],
				 row < 3 && column < 5 ? row * 7 + column + 1 : 0xee);
	}
}

static void on_chip_memory_is_empty_when_a_job_begins(void **state)
{
	static const uint32_t buffers[][2] = {
		{ EDGEBERT_HW_SEGMENT_DATA0, EDGEBERT_HW_DATA_BUFFER_BYTES },
		{ EDGEBERT_HW_SEGMENT_DATA1, EDGEBERT_HW_DATA_BUFFER_BYTES },
		{ EDGEBERT_HW_SEGMENT_AUX, EDGEBERT_HW_AUX_BUFFER_BYTES },
	};
	struct device *device = *state;

	memset(at(device, IN(0)), 0x5a, EDGEBERT_HW_DATA_BUFFER_BYTES);
	for (int i = 0; i < 3; i++) {
		uint32_t operand = EDGEBERT_HW_OPERAND(buffers[i][0], 0);
		struct edgebert_hw_command in = copy_command(IN(0), operand, buffers[i][1], 1);
		struct edgebert_hw_command out = copy_command(operand, OUT(0), buffers[i][1], 1);

		assert_int_equal(device_run_one(device, &in), EDGEBERT_HW_OK);
		memset(at(device, OUT(0)), 0xee, buffers[i][1]);
		assert_int_equal(device_run_one(device, &out), EDGEBERT_HW_OK);
		for (uint32_t b = 0; b < buffers[i][1]; b++)
			assert_int_equal(at(device, OUT(0))[b], 0);
	}
}

/* ---- EMBED -------------------------------------------------------------------------- */

#define TABLE_ROWS 37
#define COLUMNS 48

static struct edgebert_hw_command embed_command(uint16_t flags)
{
	struct edgebert_hw_command result = command(EDGEBERT_HW_OP_EMBED, flags);

	result.embed = (struct edgebert_hw_embed){
		.indices = IN(0), .table = WEIGHTS(0), .output = OUT(0),
		.table_stride = flags & EDGEBERT_HW_CMD_PACKED ? 0 : COLUMNS,
		.output_stride = 2 * COLUMNS, .table_rows = TABLE_ROWS, .rows = 9,
		.columns = COLUMNS, .table_bias = 3, .output_bias = 3,
	};
	return result;
}

static void fill_table(struct device *device, uint32_t *indices)
{
	static const uint32_t chosen[] = { 0, 36, 15, 16, 17, 31, 32, 0, 5 };
	struct random random = { 12 };

	random_codes(&random, at(device, WEIGHTS(0)), TABLE_ROWS * COLUMNS, 7, 40);
	memcpy(at(device, IN(0)), chosen, sizeof(chosen));
	memcpy(indices, chosen, sizeof(chosen));
}

static void embedding_rows_come_by_index_in_either_format(void **state)
{
	struct device *device = *state;
	uint32_t indices[9];

	fill_table(device, indices);
	for (uint8_t bias = 0; bias < 9; bias++) {
		struct edgebert_hw_command embed = embed_command(0);

		embed.embed.output_bias = bias & 7;
		embed.embed.output_format = bias == 8 ? Q : AF8;
		assert_int_equal(device_run_one(device, &embed), EDGEBERT_HW_OK);
		for (uint32_t r = 0; r < 9; r++) {
			const uint8_t *row = at(device, WEIGHTS(indices[r] * COLUMNS));
			uint32_t output = OUT(r * 2 * COLUMNS);

			for (uint32_t c = 0; c < COLUMNS; c++) {
				double value = reference_value(row[c], 3);

				if (bias == 8)
					assert_int_equal(words_at(device, output)[c],
							 trunc(value * 1024));
				else
					assert_int_equal(at(device, output)[c],
							 reference_encode(value, bias));
			}
		}
	}
}

static void a_packed_table_gives_the_rows_of_a_dense_one(void **state)
{
	static uint8_t dense[9 * 2 * COLUMNS];
	struct device *device = *state;
	struct edgebert_hw_command embed = embed_command(0);
	uint32_t indices[9];

	fill_table(device, indices);
	assert_int_equal(device_run_one(device, &embed), EDGEBERT_HW_OK);
	memcpy(dense, at(device, OUT(0)), sizeof(dense));
	memset(at(device, OUT(0)), 0, sizeof(dense));
	eb_bitmask_pack(at(device, WEIGHTS(0)), TABLE_ROWS, COLUMNS, COLUMNS,
			eb_core_envm(device->core) + 64);
	embed = embed_command(EDGEBERT_HW_CMD_PACKED);
	embed.embed.table = EDGEBERT_HW_OPERAND(EDGEBERT_HW_SEGMENT_ENVM, 64);
	assert_int_equal(device_run_one(device, &embed), EDGEBERT_HW_OK);
	for (uint32_t r = 0; r < 9; r++)
		assert_memory_equal(at(device, OUT(r * 2 * COLUMNS)), dense + r * 2 * COLUMNS,
				    COLUMNS);
}

static void a_packed_table_of_one_row_works(void **state)
{
	struct device *device = *state;
	struct edgebert_hw_command embed = embed_command(EDGEBERT_HW_CMD_PACKED);
	uint8_t row[16] = { 0x11, 0, 0x22, [15] = 0x93 };

	memset(at(device, IN(0)), 0, 4);
	eb_bitmask_pack(row, 1, 16, 16, at(device, WEIGHTS(0)));
	embed.embed.table_rows = 1;
	embed.embed.rows = 1;
	embed.embed.columns = 16;
	assert_int_equal(device_run_one(device, &embed), EDGEBERT_HW_OK);
	assert_memory_equal(at(device, OUT(0)), row, 16);
}

static void an_index_outside_the_table_is_refused(void **state)
{
	struct device *device = *state;
	struct edgebert_hw_command embed = embed_command(0);
	uint32_t indices[9];

	fill_table(device, indices);
	((uint32_t *)at(device, IN(0)))[4] = TABLE_ROWS;
	assert_int_equal(device_run_one(device, &embed), EDGEBERT_HW_BAD_INDEX);
	assert_int_equal(device->completion.fault_address, IN(16));
	((uint32_t *)at(device, IN(0)))[4] = UINT32_MAX;
	assert_int_equal(device_run_one(device, &embed), EDGEBERT_HW_BAD_INDEX);
}

static void a_corrupted_packed_table_is_refused(void **state)
{
	/* Byte of the packed table, flip: offsets and masks of the block of row 0. */
	static const struct {
		size_t at;
		uint8_t flip;
	} damage[] = { { 0, 4 }, { 0, 1 }, { 3, 0x80 }, { 4, 8 }, { 7, 0x80 }, { 16, 4 } };
	struct device *device = *state;
	struct edgebert_hw_command embed = embed_command(EDGEBERT_HW_CMD_PACKED);
	uint8_t *packed = at(device, PARAMETERS(0));
	uint8_t row[TABLE_ROWS * COLUMNS];

	/* Four non-zero bytes per row: one more or less cannot hide in the padding. */
	memset(row, 0, sizeof(row));
	for (int r = 0; r < TABLE_ROWS; r++)
		memset(row + r * COLUMNS, 0x33, 4);
	eb_bitmask_pack(row, TABLE_ROWS, COLUMNS, COLUMNS, packed);
	memset(at(device, IN(0)), 0, 36);
	embed.embed.table = PARAMETERS(0);
	assert_int_equal(device_run_one(device, &embed), EDGEBERT_HW_OK);
	for (size_t i = 0; i < sizeof(damage) / sizeof(damage[0]); i++) {
		packed[damage[i].at] ^= damage[i].flip;
		assert_int_equal(device_run_one(device, &embed), EDGEBERT_HW_BAD_PACKING);
		packed[damage[i].at] ^= damage[i].flip;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(add_of_codes_goes_through_words),
		cmocka_unit_test(add_of_words_saturates),
		cmocka_unit_test(add_with_stride_zero_repeats_one_row),
		cmocka_unit_test(add_may_write_over_its_operand),
		cmocka_unit_test(copies_move_rows_between_every_kind_of_memory),
		cmocka_unit_test(the_envm_begins_where_the_job_says),
		cmocka_unit_test(the_envm_ends_where_it_ends_whatever_the_base),
		cmocka_unit_test(a_base_outside_of_the_envm_or_its_sectors_is_refused),
		cmocka_unit_test(copies_follow_both_strides),
		cmocka_unit_test(on_chip_memory_is_empty_when_a_job_begins),
		cmocka_unit_test(embedding_rows_come_by_index_in_either_format),
		cmocka_unit_test(a_packed_table_gives_the_rows_of_a_dense_one),
		cmocka_unit_test(a_packed_table_of_one_row_works),
		cmocka_unit_test(an_index_outside_the_table_is_refused),
		cmocka_unit_test(a_corrupted_packed_table_is_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("core-elementwise", tests, device_setup,
					   device_teardown);
}
