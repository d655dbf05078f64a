// SPDX-License-Identifier: MIT
/*
 * The register file: the table itself, reset values, access rules, sizes of access.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/pcie/board.h"
#include "tools/device/core/core.h"
#include "tools/device/pcie/registers.h"

static uint32_t end_of(const struct eb_register *row)
{
	return row->offset + row->count * row->bits / 8;
}

static void table_is_sorted_aligned_and_disjoint(void **state)
{
	(void)state;
	for (size_t i = 0; i < eb_register_count; i++) {
		const struct eb_register *row = &eb_registers[i];

		assert_true(row->bits == 32 || row->bits == 64);
		assert_int_equal(row->offset % (row->bits / 8), 0);
		assert_true(row->count > 0);
		assert_true(end_of(row) <= 4 * EB_REGISTER_WORDS);
		if (i > 0)
			assert_true(end_of(&eb_registers[i - 1]) <= row->offset);
		/* Only what has a hook can have 64 bits or elements; it has no latch. */
		if (row->bits == 64 || row->count > 1)
			assert_non_null(row->read);
	}
}

static void every_offset_finds_its_row_and_no_other(void **state)
{
	(void)state;
	for (uint32_t offset = 0; offset < EDGEBERT_HW_BAR_REGISTERS_SIZE; offset += 4) {
		const struct eb_register *expected = NULL;
		unsigned int word;

		for (size_t i = 0; i < eb_register_count; i++) {
			if (offset >= eb_registers[i].offset && offset < end_of(&eb_registers[i]))
				expected = &eb_registers[i];
		}
		assert_ptr_equal(eb_register_find(offset, &word), expected);
		if (expected != NULL)
			assert_int_equal(word, (offset - expected->offset) / 4);
	}
}

static void identity_registers_describe_the_device(void **state)
{
	struct host_driver *driver = &((struct board *)*state)->driver;
	char name[EDGEBERT_HW_PROFILE_NAME_BYTES + 1] = { 0 };
	uint32_t limits;

	assert_int_equal(driver_register(driver, EDGEBERT_HW_REG_ID), 0x54524245);
	assert_int_equal(driver_register(driver, EDGEBERT_HW_REG_VERSION), 0x00010000);
	assert_int_equal(driver_register(driver, EDGEBERT_HW_REG_CAPABILITIES),
			 EDGEBERT_HW_CAP_ENVM_READ | EDGEBERT_HW_CAP_ENVM_PROGRAM |
			 EDGEBERT_HW_CAP_AUTONOMOUS_DVFS | EDGEBERT_HW_CAP_THERMAL |
			 EDGEBERT_HW_CAP_QUEUE_TIME);
	limits = driver_register(driver, EDGEBERT_HW_REG_LIMITS);
	assert_in_range(EDGEBERT_HW_LIMITS_OPERATING_POINTS(limits), 1, 16);
	assert_int_equal(EDGEBERT_HW_LIMITS_RING_ORDER_MAX(limits), 10);
	assert_int_equal(EDGEBERT_HW_LIMITS_CONTEXT_COUNT(limits), 256);
	assert_int_equal(driver_register(driver, EDGEBERT_HW_REG_DATA_BUFFER_BYTES), 131072);
	assert_int_equal(driver_register(driver, EDGEBERT_HW_REG_AUX_BUFFER_BYTES), 32768);
	assert_int_equal(driver_register(driver, EDGEBERT_HW_REG_ENVM_BYTES), 2097152);
	for (unsigned int i = 0; i < 4; i++) {
		uint32_t word = driver_register(driver, EDGEBERT_HW_REG_PROFILE_NAME + 4 * i);

		memcpy(name + 4 * i, &word, 4);
	}
	assert_string_equal(name, eb_core_profile_names()[0]);
}

static void operating_points_are_those_of_the_core(void **state)
{
	struct host_driver *driver = &((struct board *)*state)->driver;
	struct eb_core *core = eb_core_create(NULL);
	struct eb_core_operating_point points[EDGEBERT_HW_OPERATING_POINTS_MAX];
	size_t count = eb_core_operating_points(core, points);
	uint32_t last = 0;

	for (uint32_t i = 0; i < EDGEBERT_HW_OPERATING_POINTS_MAX; i++) {
		uint32_t khz = driver_register(driver, EDGEBERT_HW_REG_OPP_KHZ(i));

		assert_int_equal(khz, i < count ? points[i].khz : 0);
		assert_int_equal(driver_register(driver, EDGEBERT_HW_REG_OPP_MILLIVOLT(i)),
				 i < count ? points[i].millivolt : 0);
		assert_int_equal(driver_register(driver, EDGEBERT_HW_REG_OPP_MICROWATT(i)),
				 i < count ? points[i].microwatt : 0);
		if (i < count)
			assert_true(khz > last);
		last = khz;
	}
	assert_int_equal(driver_register(driver, EDGEBERT_HW_REG_DVFS_THERMAL_MAX), count - 1);
	eb_core_destroy(core);
}

/* Every bit pattern, at every word of the BAR that has no effect elsewhere. */
static void read_only_and_unknown_offsets_ignore_writes(void **state)
{
	struct board *board = *state;
	struct host_driver *driver = &board->driver;

	for (uint32_t offset = 0; offset < EDGEBERT_HW_BAR_REGISTERS_SIZE; offset += 4) {
		unsigned int word;
		const struct eb_register *row = eb_register_find(offset, &word);
		uint32_t before = driver_register(driver, offset);

		if (row != NULL && (row->access != EB_READ_ONLY || row->offset == EDGEBERT_HW_REG_TIME_LO))
			continue;
		if (row == NULL)
			assert_int_equal(before, 0);
		driver_set_register(driver, offset, 0xffffffff);
		driver_set_register(driver, offset, 0x5a5a5a5a);
		assert_int_equal(driver_register(driver, offset), before);
	}
}

static void write_only_registers_read_zero(void **state)
{
	struct host_driver *driver = &((struct board *)*state)->driver;

	driver_set_register(driver, EDGEBERT_HW_REG_CONTEXT_ABORT, 7);
	driver_set_register(driver, EDGEBERT_HW_REG_CONTEXT_UPDATE, 7);
	driver_set_register(driver, EDGEBERT_HW_REG_ENVM_COMMAND, EDGEBERT_HW_ENVM_READ);
	for (size_t i = 0; i < eb_register_count; i++) {
		if (eb_registers[i].access == EB_WRITE_ONLY)
			assert_int_equal(driver_register(driver, eb_registers[i].offset), 0);
	}
}

static void ring_registers_are_frozen_while_enabled(void **state)
{
	struct host_driver *driver = &((struct board *)*state)->driver;

	for (size_t i = 0; i < eb_register_count; i++) {
		const struct eb_register *row = &eb_registers[i];
		uint32_t before;

		if (row->access != EB_WRITE_STOPPED)
			continue;
		before = driver_register(driver, row->offset);
		driver_set_register(driver, row->offset, ~before);
		assert_int_equal(driver_register(driver, row->offset), before);
	}
	driver_set_register(driver, EDGEBERT_HW_REG_CONTROL, 0);
	for (size_t i = 0; i < eb_register_count; i++) {
		const struct eb_register *row = &eb_registers[i];

		if (row->access != EB_WRITE_STOPPED)
			continue;
		driver_set_register(driver, row->offset, 0x12345678);
		assert_int_equal(driver_register(driver, row->offset), 0x12345678);
	}
}

static void short_reads_take_bytes_out_of_the_word(void **state)
{
	struct board *board = *state;
	uint8_t bytes[8];
	uint32_t id = EDGEBERT_HW_ID_MAGIC;

	for (uint32_t offset = 0; offset < 4; offset++) {
		eb_device_read(board->device, EB_DEVICE_REGISTERS, offset, bytes, 1);
		assert_int_equal(bytes[0], id >> 8 * offset & 0xff);
	}
	eb_device_read(board->device, EB_DEVICE_REGISTERS, 2, bytes, 2);
	assert_memory_equal(bytes, (uint8_t *)&id + 2, 2);
	/* Across a word: the end of ID, the beginning of VERSION. */
	eb_device_read(board->device, EB_DEVICE_REGISTERS, 2, bytes, 4);
	assert_memory_equal(bytes, (uint8_t *)&id + 2, 2);
	assert_int_equal(bytes[2], 0);
	eb_device_read(board->device, EB_DEVICE_REGISTERS, 0, bytes, 8);
	assert_memory_equal(bytes, &id, 4);
	assert_int_equal(bytes[6], EDGEBERT_HW_VERSION_MAJOR);
}

static void short_and_unaligned_writes_are_ignored(void **state)
{
	struct board *board = *state;
	struct host_driver *driver = &board->driver;
	const uint8_t ones[8] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	const struct { uint32_t offset; size_t size; } writes[] = {
		{ 0, 1 }, { 1, 1 }, { 3, 1 }, { 0, 2 }, { 2, 2 }, { 1, 4 }, { 2, 4 }, { 0, 3 },
		{ 0, 6 }, { 3, 8 },
	};

	driver_set_register(driver, EDGEBERT_HW_REG_ENVM_ADDRESS, 0x1000);
	driver_set_register(driver, EDGEBERT_HW_REG_ENVM_LENGTH, 0x2000);
	for (size_t i = 0; i < sizeof(writes) / sizeof(writes[0]); i++)
		eb_device_write(board->device, EB_DEVICE_REGISTERS,
				EDGEBERT_HW_REG_ENVM_ADDRESS + writes[i].offset, ones,
				writes[i].size);
	assert_int_equal(driver_register(driver, EDGEBERT_HW_REG_ENVM_ADDRESS), 0x1000);
	assert_int_equal(driver_register(driver, EDGEBERT_HW_REG_ENVM_LENGTH), 0x2000);
}

static void long_writes_are_words_in_order(void **state)
{
	struct board *board = *state;
	const uint32_t words[2] = { 0x11112222, 0x33334444 };

	eb_device_write(board->device, EB_DEVICE_REGISTERS, EDGEBERT_HW_REG_ENVM_HOST_LO, words,
			sizeof(words));
	assert_int_equal(driver_register(&board->driver, EDGEBERT_HW_REG_ENVM_HOST_LO), words[0]);
	assert_int_equal(driver_register(&board->driver, EDGEBERT_HW_REG_ENVM_HOST_HI), words[1]);
}

static void reading_the_low_word_latches_the_high_one(void **state)
{
	struct board *board = *state;
	uint32_t low, high, later;
	uint64_t one_read, before;

	low = driver_register(&board->driver, EDGEBERT_HW_REG_TIME_LO);
	high = driver_register(&board->driver, EDGEBERT_HW_REG_TIME_HI);
	before = (uint64_t)high << 32 | low;
	test_sleep_ms(2);
	/* The high word alone does not move. */
	later = driver_register(&board->driver, EDGEBERT_HW_REG_TIME_HI);
	assert_int_equal(later, high);
	eb_device_read(board->device, EB_DEVICE_REGISTERS, EDGEBERT_HW_REG_TIME_LO, &one_read, 8);
	assert_true(one_read - before >= 2000000);
	assert_true(one_read - before < 600000000000ull);
}

static void dvfs_limits_accept_only_points_that_exist(void **state)
{
	struct host_driver *driver = &((struct board *)*state)->driver;
	uint32_t count = EDGEBERT_HW_LIMITS_OPERATING_POINTS(
		driver_register(driver, EDGEBERT_HW_REG_LIMITS));
	const uint32_t refused[] = {
		count << 8, 0xffff, 0x0001, (count - 1) << 8 | count, 0x10000, 0xffffffff,
	};

	assert_int_equal(driver_register(driver, EDGEBERT_HW_REG_DVFS_WINDOW), (count - 1) << 8);
	assert_int_equal(driver_register(driver, EDGEBERT_HW_REG_DVFS_DEFAULT), count - 1);
	driver_set_register(driver, EDGEBERT_HW_REG_DVFS_WINDOW, 0x0201);
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		driver_set_register(driver, EDGEBERT_HW_REG_DVFS_WINDOW, refused[i]);
		assert_int_equal(driver_register(driver, EDGEBERT_HW_REG_DVFS_WINDOW), 0x0201);
	}
	driver_set_register(driver, EDGEBERT_HW_REG_DVFS_DEFAULT, 1);
	driver_set_register(driver, EDGEBERT_HW_REG_DVFS_DEFAULT, count);
	assert_int_equal(driver_register(driver, EDGEBERT_HW_REG_DVFS_DEFAULT), 1);
}

static void causes_send_one_message_until_cleared(void **state)
{
	struct board *board = *state;
	struct host_driver *driver = &board->driver;
	const uint32_t bit = 1u << EDGEBERT_HW_IRQ_ENVM;

	driver_set_register(driver, EDGEBERT_HW_REG_IRQ_ENABLE, 0);
	driver_set_register(driver, EDGEBERT_HW_REG_ENVM_COMMAND, EDGEBERT_HW_ENVM_READ);
	assert_int_equal(atomic_load(&board->interrupts[EDGEBERT_HW_IRQ_ENVM]), 0);
	assert_int_equal(driver_register(driver, EDGEBERT_HW_REG_IRQ_STATUS), bit);
	/* Enabling a cause that is set sends its message. */
	driver_set_register(driver, EDGEBERT_HW_REG_IRQ_ENABLE, bit);
	assert_int_equal(atomic_load(&board->interrupts[EDGEBERT_HW_IRQ_ENVM]), 1);
	driver_set_register(driver, EDGEBERT_HW_REG_IRQ_ENABLE, bit);
	driver_set_register(driver, EDGEBERT_HW_REG_ENVM_COMMAND, EDGEBERT_HW_ENVM_READ);
	assert_int_equal(atomic_load(&board->interrupts[EDGEBERT_HW_IRQ_ENVM]), 1);
	/* Only the bits written are cleared. */
	driver_set_register(driver, EDGEBERT_HW_REG_IRQ_STATUS, ~bit);
	assert_int_equal(driver_register(driver, EDGEBERT_HW_REG_IRQ_STATUS), bit);
	driver_set_register(driver, EDGEBERT_HW_REG_IRQ_STATUS, bit);
	assert_int_equal(driver_register(driver, EDGEBERT_HW_REG_IRQ_STATUS), 0);
	driver_set_register(driver, EDGEBERT_HW_REG_ENVM_COMMAND, EDGEBERT_HW_ENVM_READ);
	assert_int_equal(atomic_load(&board->interrupts[EDGEBERT_HW_IRQ_ENVM]), 2);
	/* Bits that are no cause do not stick. */
	driver_set_register(driver, EDGEBERT_HW_REG_IRQ_ENABLE, 0xffffffff);
	assert_int_equal(driver_register(driver, EDGEBERT_HW_REG_IRQ_ENABLE), 0xf);
}

static void unknown_profiles_are_refused(void **state)
{
	const struct eb_device_options options = { .profile = "no such part" };
	const struct eb_device_host host = { 0 };

	(void)state;
	assert_null(eb_device_create(&options, &host));
	eb_device_destroy(NULL);
}

#define WITH_BOARD(test)	cmocka_unit_test_setup_teardown(test, board_setup, board_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table_is_sorted_aligned_and_disjoint),
		cmocka_unit_test(every_offset_finds_its_row_and_no_other),
		cmocka_unit_test(unknown_profiles_are_refused),
		WITH_BOARD(identity_registers_describe_the_device),
		WITH_BOARD(operating_points_are_those_of_the_core),
		WITH_BOARD(read_only_and_unknown_offsets_ignore_writes),
		WITH_BOARD(write_only_registers_read_zero),
		WITH_BOARD(ring_registers_are_frozen_while_enabled),
		WITH_BOARD(short_reads_take_bytes_out_of_the_word),
		WITH_BOARD(short_and_unaligned_writes_are_ignored),
		WITH_BOARD(long_writes_are_words_in_order),
		WITH_BOARD(reading_the_low_word_latches_the_high_one),
		WITH_BOARD(dvfs_limits_accept_only_points_that_exist),
		WITH_BOARD(causes_send_one_message_until_cleared),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
