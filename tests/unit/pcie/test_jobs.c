// SPDX-License-Identifier: MIT
/*
 * Jobs through the rings: results, records, faults, rings that are wrong.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/pcie/board.h"

#define WITH_BOARD(test)	cmocka_unit_test_setup_teardown(test, board_setup, board_teardown)
#define PAGE			EDGEBERT_HW_PAGE_SIZE
#define CONTEXT			1
#define NOWHERE			(MEMORY_BASE + MEMORY_BYTES + 0x100000)

static uint32_t fatal_code(struct board *board)
{
	driver_wait_status(&board->driver, EDGEBERT_HW_STATUS_FATAL, EDGEBERT_HW_STATUS_FATAL);
	return EDGEBERT_HW_STATUS_FATAL_CODE(
		driver_register(&board->driver, EDGEBERT_HW_REG_STATUS));
}

/* Copies 256 bytes from SOURCE to DESTINATION. */
static struct edgebert_hw_job copy_job(struct board *board, uint64_t *ret_source,
				       uint64_t *ret_destination)
{
	const struct edgebert_hw_command stream[2] = {
		command_copy(EDGEBERT_HW_OPERAND(0, 16), EDGEBERT_HW_OPERAND(1, 32), 256),
		command_end(),
	};
	struct edgebert_hw_job job = driver_job(CONTEXT, STREAM, 2);

	job.segments[0] = SOURCE;
	job.segments[1] = DESTINATION;
	board_write_stream(board, board_map_stream(board, CONTEXT, 2), stream, 2);
	*ret_source = driver_map(&board->driver, CONTEXT, SOURCE, PAGE, false);
	*ret_destination = driver_map(&board->driver, CONTEXT, DESTINATION, PAGE, true);
	return job;
}

static void a_copy_runs_and_is_reported(void **state)
{
	struct board *board = *state;
	struct host_driver *driver = &board->driver;
	struct edgebert_hw_completion record;
	struct edgebert_hw_job job;
	uint64_t source, destination, before, after;

	job = copy_job(board, &source, &destination);
	for (unsigned int i = 0; i < 256; i++)
		((uint8_t *)driver_at(driver, source))[16 + i] = i ^ 0x3c;
	before = driver_register64(driver, EDGEBERT_HW_REG_TIME_LO);
	record = driver_wait(driver, driver_submit(driver, &job));
	board_wait_interrupts(board, EDGEBERT_HW_IRQ_COMPLETION, 1);
	after = driver_register64(driver, EDGEBERT_HW_REG_TIME_LO);

	assert_memory_equal((uint8_t *)driver_at(driver, destination) + 32,
			    (uint8_t *)driver_at(driver, source) + 16, 256);
	assert_int_equal(((uint8_t *)driver_at(driver, destination))[31], 0);
	assert_int_equal(((uint8_t *)driver_at(driver, destination))[32 + 256], 0);
	assert_int_equal(record.status, EDGEBERT_HW_OK);
	assert_int_equal(record.cookie, job.cookie);
	assert_int_equal(record.context, CONTEXT);
	assert_int_equal(record.sequence, 1);
	assert_int_equal(record.exit_layer, 0);
	assert_true(record.cycles > 0 && record.time_ns > 0 && record.energy_pj > 0);
	assert_true(before <= record.start_ns && record.start_ns <= record.end_ns &&
		    record.end_ns <= after);
	for (unsigned int i = 0; i < EDGEBERT_HW_LAYERS_MAX; i++)
		assert_int_equal(record.entropies[i], 0xffff);
	assert_int_equal(driver_register(driver, EDGEBERT_HW_REG_SUBMIT_HEAD), 1);
	assert_int_equal(driver_register(driver, EDGEBERT_HW_REG_COMPLETE_TAIL), 1);
	/* An edge, not a state. */
	assert_int_equal(driver_register(driver, EDGEBERT_HW_REG_IRQ_STATUS), 0);
}

/* AF8 codes with bias 4: 0x60 is 1.0, 0x68 is 1.5, 0xe0 is -1.0. */
static void a_matmul_computes_on_host_memory(void **state)
{
	struct board *board = *state;
	struct host_driver *driver = &board->driver;
	struct edgebert_hw_command stream[2] = {
		{
			.opcode = EDGEBERT_HW_OP_MATMUL,
			.flags = EDGEBERT_HW_CMD_BIAS,
			.matmul = {
				.input = EDGEBERT_HW_OPERAND(0, 0),
				.weights = EDGEBERT_HW_OPERAND(0, 512),
				.bias = EDGEBERT_HW_OPERAND(0, 1024),
				.output = EDGEBERT_HW_OPERAND(1, 0),
				.input_stride = 16, .weights_stride = 16, .output_stride = 32,
				.rows = 2, .depth = 16, .columns = 16,
				.input_bias = 4, .weights_bias = 4, .output_bias = 4,
				.output_format = EDGEBERT_HW_FORMAT_Q6_10,
			},
		},
		command_end(),
	};
	struct edgebert_hw_job job = driver_job(CONTEXT, STREAM, 2);
	struct edgebert_hw_completion record;
	uint64_t source, destination;
	int16_t *output;

	job.segments[0] = SOURCE;
	job.segments[1] = DESTINATION;
	board_write_stream(board, board_map_stream(board, CONTEXT, 2), stream, 2);
	source = driver_map(driver, CONTEXT, SOURCE, PAGE, false);
	destination = driver_map(driver, CONTEXT, DESTINATION, PAGE, true);
	/* Row 0: all 1.5; row 1: all -1.0.  Weights: column c has c ones.  Bias: c / 4. */
	memset(driver_at(driver, source), 0x68, 16);
	memset(driver_at(driver, source + 16), 0xe0, 16);
	for (unsigned int column = 0; column < 16; column++) {
		memset(driver_at(driver, source + 512 + 16 * column), 0x60, column);
		((int32_t *)driver_at(driver, source + 1024))[column] = column << 10;
	}
	record = driver_wait(driver, driver_submit(driver, &job));
	assert_int_equal(record.status, EDGEBERT_HW_OK);
	assert_true(record.block_energy_pj[EDGEBERT_HW_BLOCK_MATRIX] > 0);
	output = driver_at(driver, destination);
	for (int column = 0; column < 16; column++) {
		assert_int_equal(output[column], column * 1536 + column * 256);
		assert_int_equal(output[16 + column], column * -1024 + column * 256);
	}
}

static void contexts_see_only_their_own_memory(void **state)
{
	struct board *board = *state;
	struct host_driver *driver = &board->driver;
	const struct edgebert_hw_command stream[2] = {
		command_copy(EDGEBERT_HW_OPERAND(0, 0), EDGEBERT_HW_OPERAND(1, 0), 64),
		command_end(),
	};
	uint64_t source[3], destination[3];

	for (uint32_t context = 1; context <= 2; context++) {
		board_write_stream(board, board_map_stream(board, context, 2), stream, 2);
		source[context] = driver_map(driver, context, SOURCE, PAGE, false);
		destination[context] = driver_map(driver, context, DESTINATION, PAGE, true);
		memset(driver_at(driver, source[context]), 0x10 * context, 64);
	}
	for (unsigned int i = 0; i < 8; i++) {
		uint32_t context = 1 + i % 2;
		struct edgebert_hw_job job = driver_job(context, STREAM, 2);

		job.segments[0] = SOURCE;
		job.segments[1] = DESTINATION;
		memset(driver_at(driver, destination[context]), 0, 64);
		assert_int_equal(driver_wait(driver, driver_submit(driver, &job)).status, 0);
		assert_memory_equal(driver_at(driver, destination[context]),
				    driver_at(driver, source[context]), 64);
	}
}

/* ---- Faults: each ends its own job and no other ---- */

static void expect_fault(struct board *board, const struct edgebert_hw_job *job, uint16_t status,
			 uint32_t command, uint32_t address)
{
	struct host_driver *driver = &board->driver;
	uint64_t faults = driver_register64(driver, EDGEBERT_HW_REG_COUNT_FAULTS);
	struct edgebert_hw_completion record = driver_wait(driver, driver_submit(driver, job));

	assert_int_equal(record.status, status);
	assert_int_equal(record.cookie, job->cookie);
	assert_int_equal(record.context, job->context);
	assert_int_equal(record.fault_command, command);
	assert_int_equal(record.fault_address, address);
	assert_int_equal(driver_register64(driver, EDGEBERT_HW_REG_COUNT_FAULTS), faults + 1);
	assert_int_equal(driver_register(driver, EDGEBERT_HW_REG_STATUS) & EDGEBERT_HW_STATUS_FATAL,
			 0);
}

static void memory_faults_name_command_and_operand(void **state)
{
	struct board *board = *state;
	struct host_driver *driver = &board->driver;
	uint64_t source, destination;
	struct edgebert_hw_job good = copy_job(board, &source, &destination), job;

	job = good;
	job.stream_address = STREAM + 0x10000;
	expect_fault(board, &job, EDGEBERT_HW_PAGE_NOT_MAPPED, 0, STREAM + 0x10000);
	job = good;
	job.segments[0] = SOURCE + 0x10000;
	expect_fault(board, &job, EDGEBERT_HW_PAGE_NOT_MAPPED, 0, EDGEBERT_HW_OPERAND(0, 16));
	job = good;
	job.segments[1] = SOURCE;	/* read-only */
	expect_fault(board, &job, EDGEBERT_HW_PAGE_READ_ONLY, 0, EDGEBERT_HW_OPERAND(1, 32));
	driver_set_entry(driver, CONTEXT, SOURCE + PAGE, source | 0x801);
	job = good;
	job.segments[0] = SOURCE + PAGE;
	expect_fault(board, &job, EDGEBERT_HW_PAGE_TABLE_INVALID, 0, EDGEBERT_HW_OPERAND(0, 16));
	driver_set_entry(driver, CONTEXT, SOURCE + PAGE, NOWHERE | EDGEBERT_HW_PTE_VALID);
	expect_fault(board, &job, EDGEBERT_HW_BUS_ERROR, 0, EDGEBERT_HW_OPERAND(0, 16));
	assert_int_equal(driver_wait(driver, driver_submit(driver, &good)).status, EDGEBERT_HW_OK);
}

static void bad_contexts_are_refused(void **state)
{
	struct board *board = *state;
	struct host_driver *driver = &board->driver;
	const uint16_t contexts[] = { 0, 2, 255, 256, 0x8001, 0xffff };
	uint64_t source, destination;
	struct edgebert_hw_job good = copy_job(board, &source, &destination), job = good;

	for (size_t i = 0; i < sizeof(contexts) / sizeof(contexts[0]); i++) {
		job.context = contexts[i];
		expect_fault(board, &job, EDGEBERT_HW_BAD_CONTEXT, 0, 0);
	}
	assert_int_equal(driver_wait(driver, driver_submit(driver, &good)).status, EDGEBERT_HW_OK);
}

static void bad_descriptors_are_refused(void **state)
{
	struct board *board = *state;
	uint64_t source, destination;
	const struct edgebert_hw_job good = copy_job(board, &source, &destination);
	struct edgebert_hw_job jobs[10];

	for (size_t i = 0; i < 10; i++)
		jobs[i] = good;
	jobs[0].flags = 2;
	jobs[1].reserved[12] = 1;
	jobs[2].stream_address += 32;
	jobs[3].stream_commands = 0;
	jobs[4].first_command = 2;
	jobs[5].sequence_length = 0;
	jobs[6].sequence_length = EDGEBERT_HW_SEQUENCE_MAX + 1;
	jobs[7].operating_point = 0x40;
	jobs[8].window_low = 1, jobs[8].window_high = 0;
	jobs[9].stream_address = 0xffffffc0;
	for (size_t i = 0; i < 10; i++)
		expect_fault(board, &jobs[i], EDGEBERT_HW_BAD_JOB, 0, 0);
	assert_int_equal(driver_wait(&board->driver, driver_submit(&board->driver, &good)).status,
			 EDGEBERT_HW_OK);
}

static void bad_streams_are_refused(void **state)
{
	struct board *board = *state;
	struct edgebert_hw_command stream[2] = { command_busy(), { .opcode = 0xee } };
	struct edgebert_hw_job job = driver_job(CONTEXT, STREAM, 2);
	uint64_t bus = board_map_stream(board, CONTEXT, 2);

	board_write_stream(board, bus, stream, 2);
	expect_fault(board, &job, EDGEBERT_HW_BAD_OPCODE, 1, 0);
	stream[1] = command_end();
	stream[1].flags = 1;
	board_write_stream(board, bus, stream, 2);
	expect_fault(board, &job, EDGEBERT_HW_BAD_COMMAND, 1, 0);
	job.stream_commands = 1;
	expect_fault(board, &job, EDGEBERT_HW_NO_END, 1, 0);
}

/* Random bytes as commands: every job is answered, the oracle sees nothing strange. */
static void garbage_streams_stay_inside_their_context(void **state)
{
	struct board *board = *state;
	struct host_driver *driver = &board->driver;
	const uint8_t opcodes[] = { 1, 2, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18 };
	unsigned int outcomes[EDGEBERT_HW_STATUS_COUNT] = { 0 };
	struct edgebert_hw_command stream[8];
	uint64_t bus = board_map_stream(board, CONTEXT, 8);

	driver_map(driver, CONTEXT, SOURCE, 4 * PAGE, false);
	driver_map(driver, CONTEXT, DESTINATION, 4 * PAGE, true);
	srand(2);
	for (unsigned int round = 0; round < 300; round++) {
		struct edgebert_hw_job job = driver_job(CONTEXT, STREAM, 8);

		for (size_t i = 0; i < sizeof(stream); i++)
			((uint8_t *)stream)[i] = rand() % 3 ? 0 : rand();
		for (unsigned int i = 0; i < 8; i++) {
			stream[i].opcode = opcodes[rand() % sizeof(opcodes)];
			stream[i].flags &= rand() % 2 ? 0 : 0x1ff;
			if (round % 2) {	/* likely enough to get through the checks */
				stream[i] = command_copy(rand() % 0x3000, 0x10000000 +
							 rand() % 0x3000, 1 + rand() % 0x2000);
				stream[i].copy.rows = 1 + rand() % 2;
			}
		}
		job.segments[0] = rand() % 2 ? SOURCE : DESTINATION;
		job.segments[1] = rand() % 4 ? DESTINATION : SOURCE;
		job.segments[2] = rand();
		board_write_stream(board, bus, stream, 8);
		outcomes[driver_wait(driver, driver_submit(driver, &job)).status]++;
	}
	assert_true(outcomes[EDGEBERT_HW_BAD_COMMAND] > 10);
	assert_true(outcomes[EDGEBERT_HW_PAGE_NOT_MAPPED] > 10);
	assert_true(outcomes[EDGEBERT_HW_PAGE_READ_ONLY] > 10);
	assert_int_equal(outcomes[EDGEBERT_HW_BUS_ERROR], 0);
	assert_int_equal(outcomes[EDGEBERT_HW_DEVICE_ERROR], 0);
}

/* ---- Rings ---- */

static void rings_wrap_for_many_laps(void **state)
{
	struct board *board = *state;
	struct host_driver *driver = &board->driver;
	uint64_t source, destination;
	struct edgebert_hw_job job = copy_job(board, &source, &destination);
	uint32_t number = 0;

	/* Batches of all sizes up to a full ring, 10 times round its 8 entries. */
	for (unsigned int batch = 1; number < 80; batch = batch % 8 + 1) {
		for (unsigned int i = 0; i < batch; i++) {
			job.cookie = 1000 + number + i;
			driver_queue(driver, &job);
		}
		driver_set_register(driver, EDGEBERT_HW_REG_SUBMIT_DOORBELL, driver->submitted);
		for (unsigned int i = 0; i < batch; i++) {
			struct edgebert_hw_completion record = driver_wait(driver, ++number);

			assert_int_equal(record.status, EDGEBERT_HW_OK);
			assert_int_equal(record.cookie, 1000 + number - 1);
		}
	}
	assert_int_equal(driver_register(driver, EDGEBERT_HW_REG_SUBMIT_HEAD), number);
	assert_int_equal(driver_register(driver, EDGEBERT_HW_REG_COMPLETE_TAIL), number);
	assert_int_equal(driver_register64(driver, EDGEBERT_HW_REG_COUNT_JOBS), number);
	board_wait_interrupts(board, EDGEBERT_HW_IRQ_COMPLETION, number);
}

static void smallest_and_largest_rings_work(void **state)
{
	const uint32_t orders[] = { EDGEBERT_HW_RING_ORDER_MIN, EDGEBERT_HW_RING_ORDER_MAX };
	struct board *board = *state;
	struct host_driver *driver = &board->driver;

	for (unsigned int i = 0; i < 2; i++) {
		struct edgebert_hw_job job;
		uint64_t source, destination;
		uint32_t entries = 1u << orders[i];

		eb_device_reset(board->device);
		board_start(board, orders[i]);
		job = copy_job(board, &source, &destination);
		for (uint32_t n = 0; n < entries; n++)
			driver_queue(driver, &job);
		driver_set_register(driver, EDGEBERT_HW_REG_SUBMIT_DOORBELL, entries);
		for (uint32_t n = 1; n <= entries; n++)
			assert_int_equal(driver_wait(driver, n).status, EDGEBERT_HW_OK);
	}
}

static void counters_add_up_what_records_say(void **state)
{
	struct board *board = *state;
	struct host_driver *driver = &board->driver;
	uint64_t source, destination, cycles = 0, time = 0, energy = 0, transitions = 0;
	uint64_t blocks[EDGEBERT_HW_BLOCK_COUNT] = { 0 };
	struct edgebert_hw_job job = copy_job(board, &source, &destination);

	for (unsigned int i = 0; i < 6; i++) {
		struct edgebert_hw_completion record;

		job.operating_point = i;
		record = driver_wait(driver, driver_submit(driver, &job));
		assert_int_equal(record.operating_point, i);
		assert_int_equal(driver_register(driver, EDGEBERT_HW_REG_DVFS_CURRENT), i);
		cycles += record.cycles;
		time += record.time_ns;
		energy += record.energy_pj;
		transitions += record.transitions;
		for (unsigned int b = 0; b < EDGEBERT_HW_BLOCK_COUNT; b++)
			blocks[b] += record.block_energy_pj[b];
	}
	assert_int_equal(driver_register64(driver, EDGEBERT_HW_REG_COUNT_CYCLES), cycles);
	assert_int_equal(driver_register64(driver, EDGEBERT_HW_REG_COUNT_BUSY_NS), time);
	assert_int_equal(driver_register64(driver, EDGEBERT_HW_REG_COUNT_ENERGY_PJ), energy);
	assert_int_equal(driver_register(driver, EDGEBERT_HW_REG_DVFS_TRANSITIONS), transitions);
	assert_true(transitions > 0);
	for (unsigned int b = 0; b < EDGEBERT_HW_BLOCK_COUNT; b++)
		assert_int_equal(driver_register64(driver, EDGEBERT_HW_REG_COUNT_BLOCK_PJ(b)),
				 blocks[b]);
}

static void exits_are_counted_by_layer(void **state)
{
	struct board *board = *state;
	struct host_driver *driver = &board->driver;
	struct edgebert_hw_command stream = {
		.opcode = EDGEBERT_HW_OP_EXIT, .flags = EDGEBERT_HW_CMD_LAST, .exit.layer = 5,
	};
	struct edgebert_hw_job job = driver_job(CONTEXT, STREAM, 1);
	uint64_t bus = board_map_stream(board, CONTEXT, 1);

	board_write_stream(board, bus, &stream, 1);
	for (unsigned int i = 1; i <= 3; i++)
		assert_int_equal(driver_wait(driver, driver_submit(driver, &job)).exit_layer, 5);
	for (unsigned int layer = 1; layer <= EDGEBERT_HW_LAYERS_MAX; layer++)
		assert_int_equal(driver_register64(driver, EDGEBERT_HW_REG_COUNT_EXITS(layer)),
				 layer == 5 ? 3 : 0);
}

static void jobs_run_inside_the_dvfs_window(void **state)
{
	struct board *board = *state;
	struct host_driver *driver = &board->driver;
	uint64_t source, destination;
	struct edgebert_hw_job job = copy_job(board, &source, &destination);

	driver_set_register(driver, EDGEBERT_HW_REG_DVFS_WINDOW, 0x0402);
	driver_set_register(driver, EDGEBERT_HW_REG_DVFS_DEFAULT, 3);
	assert_int_equal(driver_wait(driver, driver_submit(driver, &job)).operating_point, 3);
	job.operating_point = 0;
	assert_int_equal(driver_wait(driver, driver_submit(driver, &job)).operating_point, 2);
	job.operating_point = 6;
	assert_int_equal(driver_wait(driver, driver_submit(driver, &job)).operating_point, 4);
	job.window_high = 3;
	assert_int_equal(driver_wait(driver, driver_submit(driver, &job)).operating_point, 3);
}

/* ---- Fatal errors ---- */

static void doorbells_beyond_the_ring_are_fatal(void **state)
{
	const uint32_t tails[] = { 9, 0xffffffff, 0x80000000 };
	struct board *board = *state;
	struct host_driver *driver = &board->driver;

	for (unsigned int i = 0; i < 3; i++) {
		driver_set_register(driver, EDGEBERT_HW_REG_SUBMIT_DOORBELL, tails[i]);
		assert_int_equal(fatal_code(board), EDGEBERT_HW_FATAL_DOORBELL);
		board_wait_interrupts(board, EDGEBERT_HW_IRQ_ERROR, i + 1);
		assert_int_equal(driver_register(driver, EDGEBERT_HW_REG_IRQ_STATUS),
				 1u << EDGEBERT_HW_IRQ_ERROR);
		assert_int_equal(driver_register(driver, EDGEBERT_HW_REG_CONTROL), 0);
		/* Nothing but a reset helps. */
		driver_set_register(driver, EDGEBERT_HW_REG_SUBMIT_DOORBELL, 0);
		driver_set_register(driver, EDGEBERT_HW_REG_CONTROL, EDGEBERT_HW_CONTROL_ENABLE);
		assert_int_equal(fatal_code(board), EDGEBERT_HW_FATAL_DOORBELL);
		assert_int_equal(driver_register(driver, EDGEBERT_HW_REG_CONTROL), 0);
		driver_set_register(driver, EDGEBERT_HW_REG_CONTROL, EDGEBERT_HW_CONTROL_CORE_RESET);
		driver_wait_status(driver, EDGEBERT_HW_STATUS_RESETTING, 0);
		assert_int_equal(driver_register(driver, EDGEBERT_HW_REG_STATUS),
				 EDGEBERT_HW_STATUS_READY | EDGEBERT_HW_STATUS_QUIESCED);
		driver_restart(driver);
	}
}

static void a_doorbell_moved_behind_a_job_that_is_fetched_is_fatal(void **state)
{
	struct board *board = *state;
	struct edgebert_hw_job job = driver_job(1, STREAM, 1);

	board_map_stream(board, 1, 1);
	atomic_store(&board->hold_page, board->driver.submit);
	driver_submit(&board->driver, &job);
	while (!atomic_load(&board->holding))
		test_sleep_ms(1);
	driver_set_register(&board->driver, EDGEBERT_HW_REG_SUBMIT_DOORBELL, 0);
	atomic_store(&board->hold_page, 0);
	driver_wait_status(&board->driver, EDGEBERT_HW_STATUS_FATAL, EDGEBERT_HW_STATUS_FATAL);
	assert_int_equal(fatal_code(board), EDGEBERT_HW_FATAL_DOORBELL);
}

static void doorbells_before_enabling_count(void **state)
{
	struct board *board = *state;
	struct host_driver *driver = &board->driver;
	uint64_t source, destination;
	struct edgebert_hw_job job = copy_job(board, &source, &destination);

	driver_set_register(driver, EDGEBERT_HW_REG_CONTROL, 0);
	driver_submit(driver, &job);
	assert_int_equal(driver_register(driver, EDGEBERT_HW_REG_SUBMIT_HEAD), 0);
	driver_set_register(driver, EDGEBERT_HW_REG_CONTROL, EDGEBERT_HW_CONTROL_ENABLE);
	assert_int_equal(driver_wait(driver, 1).status, EDGEBERT_HW_OK);
	driver_set_register(driver, EDGEBERT_HW_REG_CONTROL, 0);
	driver_set_register(driver, EDGEBERT_HW_REG_SUBMIT_DOORBELL, 100);
	driver_set_register(driver, EDGEBERT_HW_REG_CONTROL, EDGEBERT_HW_CONTROL_ENABLE);
	assert_int_equal(fatal_code(board), EDGEBERT_HW_FATAL_DOORBELL);
}

static void unusable_settings_are_refused_as_a_whole(void **state)
{
	const struct { uint32_t offset, value; } settings[] = {
		{ EDGEBERT_HW_REG_RING_ORDER, 1 },
		{ EDGEBERT_HW_REG_RING_ORDER, 11 },
		{ EDGEBERT_HW_REG_RING_ORDER, 0xffffffff },
		{ EDGEBERT_HW_REG_SUBMIT_BASE_LO, 0x80 },
		{ EDGEBERT_HW_REG_COMPLETE_BASE_LO, 0x100 },
		{ EDGEBERT_HW_REG_CONTEXT_TABLE_LO, 0xfff },
		{ EDGEBERT_HW_REG_SUBMIT_BASE_HI, 0x00100000 },
		{ EDGEBERT_HW_REG_COMPLETE_BASE_HI, 0xffffffff },
		{ EDGEBERT_HW_REG_CONTEXT_TABLE_HI, 0x80000000 },
	};
	struct board *board = *state;
	struct host_driver *driver = &board->driver;

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		uint32_t before;

		driver_set_register(driver, EDGEBERT_HW_REG_CONTROL, 0);
		before = driver_register(driver, settings[i].offset);
		driver_set_register(driver, settings[i].offset, settings[i].value);
		driver_set_register(driver, EDGEBERT_HW_REG_CONTROL, EDGEBERT_HW_CONTROL_ENABLE);
		assert_int_equal(fatal_code(board), EDGEBERT_HW_FATAL_CONFIGURATION);
		assert_int_equal(driver_register(driver, EDGEBERT_HW_REG_CONTROL), 0);
		driver_set_register(driver, EDGEBERT_HW_REG_CONTROL, EDGEBERT_HW_CONTROL_CORE_RESET);
		driver_set_register(driver, settings[i].offset, before);
		driver_set_register(driver, EDGEBERT_HW_REG_CONTROL, EDGEBERT_HW_CONTROL_ENABLE);
		assert_int_equal(driver_register(driver, EDGEBERT_HW_REG_CONTROL), 1);
	}
}

static void bases_of_zero_are_not_configured(void **state)
{
	const uint32_t bases[] = {
		EDGEBERT_HW_REG_SUBMIT_BASE_LO, EDGEBERT_HW_REG_COMPLETE_BASE_LO,
		EDGEBERT_HW_REG_CONTEXT_TABLE_LO,
	};
	struct board *board = *state;
	struct host_driver *driver = &board->driver;

	for (unsigned int i = 0; i < 3; i++) {
		uint64_t before = driver_register64(driver, bases[i]);

		driver_set_register(driver, EDGEBERT_HW_REG_CONTROL, 0);
		driver_set_register(driver, bases[i], 0);
		driver_set_register(driver, bases[i] + 4, 0);
		driver_set_register(driver, EDGEBERT_HW_REG_CONTROL, EDGEBERT_HW_CONTROL_ENABLE);
		assert_int_equal(fatal_code(board), EDGEBERT_HW_FATAL_CONFIGURATION);
		driver_set_register(driver, EDGEBERT_HW_REG_CONTROL, EDGEBERT_HW_CONTROL_CORE_RESET);
		driver_set_register(driver, bases[i], (uint32_t)before);
		driver_set_register(driver, bases[i] + 4, before >> 32);
	}
}

/* Restarts with one of the three tables where there is no memory. */
static void expect_fatal_table(struct board *board, uint64_t *table, uint32_t code)
{
	struct host_driver *driver = &board->driver;
	const struct edgebert_hw_job job = driver_job(CONTEXT, STREAM, 2);
	uint64_t good = *table;

	driver_set_register(driver, EDGEBERT_HW_REG_CONTROL, EDGEBERT_HW_CONTROL_CORE_RESET);
	driver_wait_status(driver, EDGEBERT_HW_STATUS_RESETTING, 0);
	driver_restart(driver);
	driver_queue(driver, &job);
	driver_set_register(driver, EDGEBERT_HW_REG_CONTROL, EDGEBERT_HW_CONTROL_CORE_RESET);
	*table = NOWHERE;
	driver_set_register(driver, EDGEBERT_HW_REG_SUBMIT_BASE_LO, (uint32_t)driver->submit);
	driver_set_register(driver, EDGEBERT_HW_REG_COMPLETE_BASE_LO, (uint32_t)driver->complete);
	driver_set_register(driver, EDGEBERT_HW_REG_CONTEXT_TABLE_LO, (uint32_t)driver->contexts);
	*table = good;
	driver_set_register(driver, EDGEBERT_HW_REG_CONTROL, EDGEBERT_HW_CONTROL_ENABLE);
	driver_set_register(driver, EDGEBERT_HW_REG_SUBMIT_DOORBELL, 1);
	assert_int_equal(fatal_code(board), code);
}

static void tables_out_of_memory_are_fatal(void **state)
{
	struct board *board = *state;
	struct host_driver *driver = &board->driver;
	uint64_t source, destination;
	struct edgebert_hw_job job = copy_job(board, &source, &destination);

	expect_fatal_table(board, &driver->submit, EDGEBERT_HW_FATAL_SUBMIT_RING);
	expect_fatal_table(board, &driver->complete, EDGEBERT_HW_FATAL_COMPLETE_RING);
	expect_fatal_table(board, &driver->contexts, EDGEBERT_HW_FATAL_CONTEXT_TABLE);
	driver_set_register(driver, EDGEBERT_HW_REG_CONTROL, EDGEBERT_HW_CONTROL_CORE_RESET);
	driver_wait_status(driver, EDGEBERT_HW_STATUS_RESETTING, 0);
	driver_restart(driver);
	assert_int_equal(driver_wait(driver, driver_submit(driver, &job)).status, EDGEBERT_HW_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_BOARD(a_copy_runs_and_is_reported),
		WITH_BOARD(a_matmul_computes_on_host_memory),
		WITH_BOARD(contexts_see_only_their_own_memory),
		WITH_BOARD(memory_faults_name_command_and_operand),
		WITH_BOARD(bad_contexts_are_refused),
		WITH_BOARD(bad_descriptors_are_refused),
		WITH_BOARD(bad_streams_are_refused),
		WITH_BOARD(garbage_streams_stay_inside_their_context),
		WITH_BOARD(rings_wrap_for_many_laps),
		WITH_BOARD(smallest_and_largest_rings_work),
		WITH_BOARD(counters_add_up_what_records_say),
		WITH_BOARD(exits_are_counted_by_layer),
		WITH_BOARD(jobs_run_inside_the_dvfs_window),
		WITH_BOARD(doorbells_beyond_the_ring_are_fatal),
		WITH_BOARD(a_doorbell_moved_behind_a_job_that_is_fetched_is_fatal),
		WITH_BOARD(doorbells_before_enabling_count),
		WITH_BOARD(unusable_settings_are_refused_as_a_whole),
		WITH_BOARD(bases_of_zero_are_not_configured),
		WITH_BOARD(tables_out_of_memory_are_fatal),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
