// SPDX-License-Identifier: MIT
/*
 * The eNVM controller: each command and result by its registers, interrupts, resets, jobs
 * that read the memory while it is programmed, and its file.
 */
#include <linux/pci_regs.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/pcie/board.h"
#include "tools/device/core/envm.h"

#define WITH_BOARD(test)	cmocka_unit_test_setup_teardown(test, board_setup, board_teardown)
#define WITH_PACED_BOARD(test) \
	cmocka_unit_test_setup_teardown(test, board_setup_paced, board_teardown)
#define CONTEXT			1
#define PAGE			EB_ENVM_PAGE_BYTES
#define SECTOR			EB_ENVM_SECTOR_BYTES
#define END			EDGEBERT_HW_ENVM_BYTES
#define BIT			(1u << EDGEBERT_HW_IRQ_ENVM)
#define NOWHERE			(MEMORY_BASE + MEMORY_BYTES + 0x100000)

static void start(struct board *board, uint32_t command, uint32_t address, uint32_t length,
		  uint64_t host)
{
	struct host_driver *driver = &board->driver;

	driver_set_register(driver, EDGEBERT_HW_REG_ENVM_ADDRESS, address);
	driver_set_register(driver, EDGEBERT_HW_REG_ENVM_LENGTH, length);
	driver_set_register(driver, EDGEBERT_HW_REG_ENVM_HOST_LO, (uint32_t)host);
	driver_set_register(driver, EDGEBERT_HW_REG_ENVM_HOST_HI, host >> 32);
	driver_set_register(driver, EDGEBERT_HW_REG_IRQ_STATUS, BIT);
	driver_set_register(driver, EDGEBERT_HW_REG_ENVM_COMMAND, command);
}

static uint32_t status(struct board *board)
{
	return driver_register(&board->driver, EDGEBERT_HW_REG_ENVM_STATUS);
}

static uint32_t wait_result(struct board *board)
{
	uint64_t deadline = test_now_ms() + 60000;

	while (status(board) & 1) {
		assert_true(test_now_ms() < deadline);
		test_sleep_ms(1);
	}
	assert_int_equal(driver_register(&board->driver, EDGEBERT_HW_REG_IRQ_STATUS) & BIT, BIT);
	assert_int_equal(status(board) & 0xffff00ff, 0);
	return status(board) >> 8;
}

static uint32_t run(struct board *board, uint32_t command, uint32_t address, uint32_t length,
		    uint64_t host)
{
	uint32_t before = atomic_load(&board->interrupts[EDGEBERT_HW_IRQ_ENVM]);
	uint32_t result;

	start(board, command, address, length, host);
	result = wait_result(board);
	assert_int_equal(atomic_load(&board->interrupts[EDGEBERT_HW_IRQ_ENVM]), before + 1);
	return result;
}

#define RUN(command, address, length, host) \
	run(board, EDGEBERT_HW_ENVM_##command, address, length, host)
#define ASSERT_RUN(result, command, address, length, host) \
	assert_int_equal(RUN(command, address, length, host), EDGEBERT_HW_ENVM_##result)

/* A buffer that the function may read or write, filled by a seed (0: zeros). */
static uint64_t buffer(struct board *board, size_t size, bool write, uint32_t seed)
{
	uint64_t address = driver_allocate(&board->driver, size);
	uint8_t *bytes = driver_at(&board->driver, address);

	board->driver.allow(board->driver.opaque, address, size, write);
	pthread_mutex_lock(&board->memory_lock);
	for (size_t i = 0; i < size && seed; i++)
		bytes[i] = (uint8_t)((i * 2654435761u + seed * 40503u) >> 11);
	pthread_mutex_unlock(&board->memory_lock);
	return address;
}

static void assert_same(struct board *board, uint64_t a, uint64_t b, size_t size)
{
	assert_memory_equal(driver_at(&board->driver, a), driver_at(&board->driver, b), size);
}

static void what_is_programmed_is_read_and_verified(void **state)
{
	struct board *board = *state;
	struct host_driver *driver = &board->driver;
	const uint32_t at = EB_ENVM_SINGLE_BYTES - SECTOR, size = 3 * SECTOR;
	uint64_t source = buffer(board, size, false, 1), back = buffer(board, size, true, 0);
	uint64_t energy = driver_register64(driver, EDGEBERT_HW_REG_COUNT_ENERGY_PJ);

	assert_int_equal(driver_register(driver, EDGEBERT_HW_REG_ENVM_PAGE_BYTES), 256);
	assert_int_equal(driver_register(driver, EDGEBERT_HW_REG_ENVM_SECTOR_BYTES), 4096);
	assert_int_equal(driver_register(driver, EDGEBERT_HW_REG_ENVM_SINGLE_BYTES), 512 * 1024);
	assert_int_equal(status(board), 0);
	ASSERT_RUN(OK, PROGRAM, at, size, source);
	ASSERT_RUN(OK, READ, at, size, back);
	assert_same(board, back, source, size);
	ASSERT_RUN(OK, VERIFY, at, size, source);
	/* Odd ranges, across sectors. */
	ASSERT_RUN(OK, READ, at + 4090, 13, back + 1);
	assert_same(board, back + 1, source + 4090, 13);
	assert_same(board, back + 14, source + 14, 100);
	ASSERT_RUN(OK, VERIFY, at + 4090, 13, source + 4090);
	ASSERT_RUN(MISMATCH, VERIFY, at, size, source + 1);
	ASSERT_RUN(NOT_ERASED, PROGRAM, at + SECTOR - PAGE, PAGE, source);
	ASSERT_RUN(OK, ERASE, at + SECTOR, SECTOR, 0);
	ASSERT_RUN(OK, VERIFY, at, SECTOR, source);
	ASSERT_RUN(OK, READ, at + SECTOR, SECTOR, back);
	for (uint32_t i = 0; i < SECTOR; i++)
		assert_int_equal(((uint8_t *)driver_at(driver, back))[i], 0xff);
	driver_set_register(driver, EDGEBERT_HW_REG_ENVM_ADDRESS, at + SECTOR + 5);
	assert_int_equal(driver_register(driver, EDGEBERT_HW_REG_ENVM_WEAR), 1);
	driver_set_register(driver, EDGEBERT_HW_REG_ENVM_ADDRESS, 0xffffffff);
	assert_int_equal(driver_register(driver, EDGEBERT_HW_REG_ENVM_WEAR), 0);
	assert_true(driver_register64(driver, EDGEBERT_HW_REG_COUNT_ENERGY_PJ) > energy);
	assert_true(driver_register64(driver, EDGEBERT_HW_REG_COUNT_BLOCK_PJ(
						      EDGEBERT_HW_BLOCK_ENVM)) > 0);
}

static void all_of_it_in_one_command(void **state)
{
	struct board *board = *state;
	uint64_t source = buffer(board, END, false, 9), back = buffer(board, END, true, 0);

	ASSERT_RUN(OK, PROGRAM, 0, END, source);
	ASSERT_RUN(OK, READ, 0, END, back);
	assert_same(board, back, source, END);
	ASSERT_RUN(OK, ERASE, 0, END, 0);
	ASSERT_RUN(OK, PROGRAM, END - PAGE, PAGE, source);
}

static void bad_ranges_and_commands_end_at_once(void **state)
{
	static const struct {
		uint32_t command, address, length;
	} bad[] = {
		{ EDGEBERT_HW_ENVM_READ, 0, 0 },
		{ EDGEBERT_HW_ENVM_READ, END, 1 },
		{ EDGEBERT_HW_ENVM_READ, END - 1, 2 },
		{ EDGEBERT_HW_ENVM_READ, 0, 0xffffffff },
		{ EDGEBERT_HW_ENVM_READ, 0xffffffff, 2 },
		{ EDGEBERT_HW_ENVM_VERIFY, 1, END },
		{ EDGEBERT_HW_ENVM_PROGRAM, 128, PAGE },
		{ EDGEBERT_HW_ENVM_PROGRAM, 0, 128 },
		{ EDGEBERT_HW_ENVM_PROGRAM, END - PAGE, 2 * PAGE },
		{ EDGEBERT_HW_ENVM_ERASE, PAGE, SECTOR },
		{ EDGEBERT_HW_ENVM_ERASE, 0, PAGE },
		{ EDGEBERT_HW_ENVM_ERASE, END, SECTOR },
		{ EDGEBERT_HW_ENVM_LOCK, PAGE, SECTOR },
		{ EDGEBERT_HW_ENVM_LOCK, 0xfffff000, SECTOR },
	};
	struct board *board = *state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		start(board, bad[i].command, bad[i].address, bad[i].length, NOWHERE);
		assert_int_equal(status(board), EDGEBERT_HW_ENVM_BAD_RANGE << 8);
		wait_result(board);
	}
	assert_int_equal(run(board, 0, 0, SECTOR, 0), EDGEBERT_HW_ENVM_UNSUPPORTED);
	assert_int_equal(run(board, 6, 0, SECTOR, 0), EDGEBERT_HW_ENVM_UNSUPPORTED);
	assert_int_equal(run(board, 0xffffffff, 0, SECTOR, 0), EDGEBERT_HW_ENVM_UNSUPPORTED);
}

static void locks_hold_until_a_function_reset(void **state)
{
	struct board *board = *state;
	struct host_driver *driver = &board->driver;
	uint64_t source = buffer(board, 3 * SECTOR, false, 2);
	uint32_t flr;

	ASSERT_RUN(OK, LOCK, SECTOR, SECTOR, 0);
	/* As a whole or not at all. */
	ASSERT_RUN(LOCKED, PROGRAM, 0, 3 * SECTOR, source);
	ASSERT_RUN(LOCKED, ERASE, 0, 2 * SECTOR, 0);
	ASSERT_RUN(OK, PROGRAM, 0, SECTOR, source);
	driver_set_register(driver, EDGEBERT_HW_REG_CONTROL, EDGEBERT_HW_CONTROL_CORE_RESET);
	driver_wait_status(driver, EDGEBERT_HW_STATUS_RESETTING, 0);
	ASSERT_RUN(LOCKED, ERASE, SECTOR, SECTOR, 0);
	flr = driver_find_capability(driver, PCI_CAP_ID_EXP) + PCI_EXP_DEVCTL;
	driver_set_config(driver, flr, 2, PCI_EXP_DEVCTL_BCR_FLR);
	driver_power_up(driver);
	driver_set_register(driver, EDGEBERT_HW_REG_IRQ_ENABLE, 0xf);
	ASSERT_RUN(OK, PROGRAM, SECTOR, SECTOR, source);
	ASSERT_RUN(OK, VERIFY, 0, SECTOR, source);
}

static void hosts_that_do_not_answer_end_the_operation(void **state)
{
	struct board *board = *state;
	uint64_t source = buffer(board, 2 * SECTOR, false, 3);

	ASSERT_RUN(BUS_ERROR, PROGRAM, 0, PAGE, NOWHERE);
	ASSERT_RUN(BUS_ERROR, READ, 0, PAGE, NOWHERE);
	ASSERT_RUN(BUS_ERROR, VERIFY, 0, PAGE, 0xfffffffffffffff0ull);
	/* Bad in the middle: the pages before it are programmed. */
	atomic_store(&board->dead_page, source + SECTOR);
	ASSERT_RUN(BUS_ERROR, PROGRAM, 0, 2 * SECTOR, source);
	atomic_store(&board->dead_page, 0);
	ASSERT_RUN(OK, VERIFY, 0, SECTOR, source);
	ASSERT_RUN(OK, PROGRAM, SECTOR, SECTOR, source + SECTOR);
	driver_set_config(&board->driver, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	start(board, EDGEBERT_HW_ENVM_VERIFY, 0, PAGE, source);
	assert_int_equal(wait_result(board), EDGEBERT_HW_ENVM_BUS_ERROR);
}

static void errors_are_corrected_counted_and_reported(void **state)
{
	struct board *board = *state;
	struct host_driver *driver = &board->driver;
	struct eb_envm *envm = eb_device_envm(board->device);
	uint64_t source = buffer(board, SECTOR, false, 4), back = buffer(board, SECTOR, true, 0);

	ASSERT_RUN(OK, PROGRAM, 0, SECTOR, source);
	assert_int_equal(eb_envm_flip(envm, 800, 3), EDGEBERT_HW_ENVM_OK);
	ASSERT_RUN(OK, READ, 0, SECTOR, back);
	assert_same(board, back, source, SECTOR);
	assert_int_equal(driver_register(driver, EDGEBERT_HW_REG_ENVM_ECC_CORRECTED), 1);
	assert_int_equal(eb_envm_flip(envm, 800, 66), EDGEBERT_HW_ENVM_OK);
	ASSERT_RUN(ECC_ERROR, READ, 0, SECTOR, back);
	ASSERT_RUN(ECC_ERROR, VERIFY, 800, 1, source);
	ASSERT_RUN(OK, VERIFY, 0, 800, source);
	assert_int_equal(driver_register(driver, EDGEBERT_HW_REG_ENVM_ECC_FAILED), 2);
	/* Since power-on. */
	eb_device_reset(board->device);
	driver_power_up(driver);
	assert_int_equal(driver_register(driver, EDGEBERT_HW_REG_ENVM_ECC_FAILED), 0);
	assert_int_equal(driver_register(driver, EDGEBERT_HW_REG_ENVM_ECC_CORRECTED), 0);
}

static void a_power_cut_ends_everything_until_power_on(void **state)
{
	struct board *board = *state;
	struct host_driver *driver = &board->driver;
	uint64_t source = buffer(board, SECTOR, false, 5);

	eb_envm_cut_power(eb_device_envm(board->device), 3 * PAGE / 8);
	ASSERT_RUN(ECC_ERROR, PROGRAM, 0, SECTOR, source);
	ASSERT_RUN(ECC_ERROR, VERIFY, 0, PAGE, source);
	ASSERT_RUN(ECC_ERROR, ERASE, 0, SECTOR, 0);
	eb_device_reset(board->device);
	driver_power_up(driver);
	driver_set_register(driver, EDGEBERT_HW_REG_IRQ_ENABLE, 0xf);
	ASSERT_RUN(OK, VERIFY, 0, 3 * PAGE, source);
	ASSERT_RUN(NOT_ERASED, PROGRAM, 3 * PAGE, PAGE, source);
	ASSERT_RUN(OK, ERASE, 0, SECTOR, 0);
	ASSERT_RUN(OK, PROGRAM, 0, SECTOR, source);
}

/* ---- Busy, resets ---- */

static void wait_holding(struct board *board)
{
	uint64_t deadline = test_now_ms() + 60000;

	while (!atomic_load(&board->holding)) {
		assert_true(test_now_ms() < deadline);
		test_sleep_ms(1);
	}
}

static void registers_answer_while_an_operation_waits(void **state)
{
	struct board *board = *state;
	struct host_driver *driver = &board->driver;
	uint64_t source = buffer(board, SECTOR, false, 6), begin;

	atomic_store(&board->hold_page, source);
	start(board, EDGEBERT_HW_ENVM_PROGRAM, 0, SECTOR, source);
	wait_holding(board);
	begin = test_now_ms();
	assert_int_equal(status(board), 1);
	/* Neither a job runs nor is it quiet. */
	driver_set_register(driver, EDGEBERT_HW_REG_CONTROL, 0);
	assert_int_equal(driver_register(driver, EDGEBERT_HW_REG_STATUS) &
			 (EDGEBERT_HW_STATUS_BUSY | EDGEBERT_HW_STATUS_QUIESCED), 0);
	/* Ignored, and the registers can be used for the next one. */
	start(board, EDGEBERT_HW_ENVM_ERASE, SECTOR, SECTOR, 0);
	assert_int_equal(status(board), 1);
	for (int i = 0; i < 1000; i++)
		driver_register(driver, EDGEBERT_HW_REG_ENVM_ECC_CORRECTED);
	assert_in_range(test_now_ms() - begin, 0, 5000);
	atomic_store(&board->hold_page, 0);
	assert_int_equal(wait_result(board), EDGEBERT_HW_ENVM_OK);
	assert_int_equal(driver_register(driver, EDGEBERT_HW_REG_ENVM_WEAR), 0);
	assert_int_equal(eb_envm_wear(eb_device_envm(board->device), SECTOR), 0);
	driver_wait_status(driver, EDGEBERT_HW_STATUS_QUIESCED, EDGEBERT_HW_STATUS_QUIESCED);
	ASSERT_RUN(OK, VERIFY, 0, SECTOR, source);
}

static void a_reset_ends_an_operation_without_a_trace(void **state)
{
	struct board *board = *state;
	struct host_driver *driver = &board->driver;
	uint64_t source = buffer(board, SECTOR, false, 7), other = buffer(board, SECTOR, false, 8);

	atomic_store(&board->hold_page, source);
	start(board, EDGEBERT_HW_ENVM_PROGRAM, 0, SECTOR, source);
	wait_holding(board);
	driver_set_register(driver, EDGEBERT_HW_REG_CONTROL, EDGEBERT_HW_CONTROL_CORE_RESET);
	/* DMA has ended: the oracle would see any more of it. */
	board_forbid(board, source);
	assert_int_equal(status(board), 0);
	atomic_store(&board->hold_page, 0);
	/* The next one may be given at once. */
	start(board, EDGEBERT_HW_ENVM_PROGRAM, 0, SECTOR, other);
	assert_int_equal(wait_result(board), EDGEBERT_HW_ENVM_OK);
	ASSERT_RUN(OK, VERIFY, 0, SECTOR, other);
	assert_int_equal(atomic_load(&board->interrupts[EDGEBERT_HW_IRQ_ENVM]), 2);
}

static void resets_at_any_time_leave_whole_pages(void **state)
{
	struct board *board = *state;
	struct host_driver *driver = &board->driver;
	uint64_t source = buffer(board, 16 * SECTOR, false, 10);
	const uint8_t *bytes = driver_at(driver, source);
	uint8_t page[PAGE], erased[PAGE];

	memset(erased, 0xff, PAGE);
	for (int round = 0; round < 20; round++) {
		ASSERT_RUN(OK, ERASE, 0, 16 * SECTOR, 0);
		start(board, EDGEBERT_HW_ENVM_PROGRAM, 0, 16 * SECTOR, source);
		usleep((useconds_t)round * 100);
		if (round % 2)
			eb_device_reset(board->device);
		else
			driver_set_register(driver, EDGEBERT_HW_REG_CONTROL,
					    EDGEBERT_HW_CONTROL_CORE_RESET);
		driver_power_up(driver);
		driver_set_register(driver, EDGEBERT_HW_REG_IRQ_ENABLE, 0xf);
		for (uint32_t i = 0; i < 16 * SECTOR; i += PAGE) {
			assert_int_equal(eb_envm_read(eb_device_envm(board->device), i, page, PAGE),
					 EDGEBERT_HW_ENVM_OK);
			if (memcmp(page, bytes + i, PAGE) != 0)
				assert_memory_equal(page, erased, PAGE);
		}
	}
}

static void destruction_does_not_wait_for_an_operation(void **state)
{
	struct board *board = *state;

	/* Paced: 8192 pages of 32 words at microseconds each. */
	start(board, EDGEBERT_HW_ENVM_PROGRAM, 0, END, buffer(board, END, false, 1));
	test_sleep_ms(5);
	assert_int_equal(status(board), 1);
}

static void paced_operations_take_their_time(void **state)
{
	struct board *board = *state;
	uint64_t begin = test_now_ms();

	/* 32 pages of single-level cells at 10 us, 4096 of multi-level ones at 20 us. */
	ASSERT_RUN(OK, ERASE, EB_ENVM_SINGLE_BYTES, 256 * SECTOR, 0);
	assert_true(test_now_ms() - begin >= 81);
}

/* ---- Jobs ---- */

/* Two embeddings of the same row, so that a job can be caught seeing two states. */
static struct edgebert_hw_job embed_job(struct board *board, uint32_t table, uint32_t repeats,
					uint64_t *ret_destination)
{
	struct edgebert_hw_command *stream = calloc(repeats + 1, sizeof(*stream));
	struct edgebert_hw_job job = driver_job(CONTEXT, STREAM, repeats + 1);
	uint64_t source;

	assert_non_null(stream);
	for (uint32_t i = 0; i < repeats; i++) {
		stream[i].opcode = EDGEBERT_HW_OP_EMBED;
		stream[i].embed = (struct edgebert_hw_embed){
			.indices = EDGEBERT_HW_OPERAND(0, 0),
			.table = EDGEBERT_HW_OPERAND(EDGEBERT_HW_SEGMENT_ENVM, table),
			.output = EDGEBERT_HW_OPERAND(1, i * PAGE),
			.table_stride = PAGE, .output_stride = PAGE, .table_rows = 4,
			.rows = 1, .columns = PAGE,
		};
	}
	stream[repeats] = command_end();
	board_write_stream(board, board_map_stream(board, CONTEXT, repeats + 1), stream,
			   repeats + 1);
	free(stream);
	source = driver_map(&board->driver, CONTEXT, SOURCE, EDGEBERT_HW_PAGE_SIZE, false);
	*(uint32_t *)driver_at(&board->driver, source) = 2;
	*ret_destination = driver_map(&board->driver, CONTEXT, DESTINATION, repeats * PAGE, true);
	job.segments[0] = SOURCE;
	job.segments[1] = DESTINATION;
	return job;
}

/* Codes that EMBED copies as they are. */
static uint64_t table_buffer(struct board *board, uint32_t seed)
{
	uint64_t address = buffer(board, SECTOR, false, seed);
	uint8_t *bytes = driver_at(&board->driver, address);

	for (uint32_t i = 0; i < SECTOR; i++)
		bytes[i] = (bytes[i] & 0x7f) | 1;
	return address;
}

static void jobs_read_tables_and_fail_with_bad_ones(void **state)
{
	struct board *board = *state;
	struct host_driver *driver = &board->driver;
	struct eb_envm *envm = eb_device_envm(board->device);
	uint64_t table = table_buffer(board, 20), destination;
	struct edgebert_hw_job job = embed_job(board, 0, 1, &destination);
	struct edgebert_hw_completion record;

	ASSERT_RUN(OK, PROGRAM, 0, SECTOR, table);
	assert_int_equal(eb_envm_flip(envm, 2 * PAGE + 8, 9), EDGEBERT_HW_ENVM_OK);
	record = driver_wait(driver, driver_submit(driver, &job));
	assert_int_equal(record.status, EDGEBERT_HW_OK);
	assert_same(board, destination, table + 2 * PAGE, PAGE);
	assert_int_equal(driver_register(driver, EDGEBERT_HW_REG_ENVM_ECC_CORRECTED), 1);
	assert_int_equal(eb_envm_flip(envm, 2 * PAGE + 8, 10), EDGEBERT_HW_ENVM_OK);
	record = driver_wait(driver, driver_submit(driver, &job));
	assert_int_equal(record.status, EDGEBERT_HW_ENVM_FAILED);
	assert_int_equal(record.fault_command, 0);
	assert_int_equal(record.fault_address,
			 EDGEBERT_HW_OPERAND(EDGEBERT_HW_SEGMENT_ENVM, 2 * PAGE));
	assert_int_equal(driver_register(driver, EDGEBERT_HW_REG_ENVM_ECC_FAILED), 1);
	assert_int_equal(driver_register64(driver, EDGEBERT_HW_REG_COUNT_FAULTS), 1);
}

static void a_job_sees_one_state_while_the_table_is_programmed(void **state)
{
	enum { REPEATS = 60, ROUNDS = 150 };
	struct board *board = *state;
	struct host_driver *driver = &board->driver;
	uint64_t table[2] = { table_buffer(board, 30), table_buffer(board, 31) }, destination;
	struct edgebert_hw_job job = embed_job(board, 0, REPEATS, &destination);
	const uint8_t *output = driver_at(driver, destination);
	unsigned int programs = 0, seen = 0, round = 0;
	uint8_t row[PAGE];

	memset(row, 0xff, PAGE);
	for (; round < ROUNDS || programs < 4; round++) {
		bool job_first = round % 3 == 0;
		uint32_t number = job_first ? driver_submit(driver, &job) : 0;

		usleep(round * 13 % 150);
		if (!(status(board) & 1)) {
			/* Erase and program in turns, each with other contents. */
			bool erase = programs++ % 2 == 0;

			start(board, erase ? EDGEBERT_HW_ENVM_ERASE : EDGEBERT_HW_ENVM_PROGRAM, 0,
			      SECTOR, table[programs / 2 % 2]);
		}
		usleep(round * 7 % 100);
		if (!job_first)
			number = driver_submit(driver, &job);
		assert_int_equal(driver_wait(driver, number).status, EDGEBERT_HW_OK);
		for (int i = 1; i < REPEATS; i++)
			assert_memory_equal(output, output + i * PAGE, PAGE);
		seen += memcmp(row, output, PAGE) != 0;
		memcpy(row, output, PAGE);
	}
	/* It did change between jobs. */
	assert_true(seen >= 2);
	wait_result(board);
}

/* ---- The file ---- */

static void contents_survive_the_device(void **state)
{
	char folder[] = "/tmp/envm-test-XXXXXX", path[64], message[200] = "";
	struct eb_envm_options options = { .path = path };
	const struct eb_device_host host = { 0 };
	struct eb_device_options device_options = { 0 };
	uint8_t page[PAGE], read[PAGE];

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/state", folder);
	memset(page, 0x5a, PAGE);
	for (int life = 0; life < 2; life++) {
		struct eb_device *device;

		device_options.envm = eb_envm_create(&options, message, sizeof(message));
		assert_non_null(device_options.envm);
		device = eb_device_create(&device_options, &host);
		assert_non_null(device);
		assert_ptr_equal(eb_device_envm(device), device_options.envm);
		if (life == 0)
			assert_int_equal(eb_envm_program(device_options.envm, 0, page), 0);
		eb_device_reset(device);
		assert_int_equal(eb_envm_read(device_options.envm, 0, read, PAGE), 0);
		assert_memory_equal(read, page, PAGE);
		eb_device_destroy(device);
		eb_envm_destroy(device_options.envm);
	}
	unlink(path);
	assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_BOARD(what_is_programmed_is_read_and_verified),
		WITH_BOARD(all_of_it_in_one_command),
		WITH_BOARD(bad_ranges_and_commands_end_at_once),
		WITH_BOARD(locks_hold_until_a_function_reset),
		WITH_BOARD(hosts_that_do_not_answer_end_the_operation),
		WITH_BOARD(errors_are_corrected_counted_and_reported),
		WITH_BOARD(a_power_cut_ends_everything_until_power_on),
		WITH_BOARD(registers_answer_while_an_operation_waits),
		WITH_BOARD(a_reset_ends_an_operation_without_a_trace),
		WITH_BOARD(resets_at_any_time_leave_whole_pages),
		WITH_PACED_BOARD(destruction_does_not_wait_for_an_operation),
		WITH_PACED_BOARD(paced_operations_take_their_time),
		WITH_BOARD(jobs_read_tables_and_fail_with_bad_ones),
		WITH_BOARD(a_job_sees_one_state_while_the_table_is_programmed),
		cmocka_unit_test(contents_survive_the_device),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
