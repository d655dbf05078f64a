// SPDX-License-Identifier: MIT
/*
 * What stops a job, and what a job does not stop: aborts, updates, resets, pacing.
 */
#include <linux/pci_regs.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/pcie/board.h"

#define WITH_BOARD(test)	cmocka_unit_test_setup_teardown(test, board_setup, board_teardown)
#define WITH_PACED_BOARD(test) \
	cmocka_unit_test_setup_teardown(test, board_setup_paced, board_teardown)
#define PAGE		EDGEBERT_HW_PAGE_SIZE
/* Long enough that no test waits for its end: seconds. */
#define LONG_COMMANDS	EDGEBERT_HW_STREAM_COMMANDS_MAX
/* Where a long job says that it has begun to compute. */
#define BEGUN		0x7ff00000u
#define BEGUN_TAG	0xbe90beeu

static struct edgebert_hw_job long_job(struct board *board, uint32_t context)
{
	struct edgebert_hw_command *stream = calloc(LONG_COMMANDS, sizeof(*stream));
	struct edgebert_hw_job job;

	assert_non_null(stream);
	for (unsigned int i = 0; i + 1 < LONG_COMMANDS; i++)
		stream[i] = command_busy();
	stream[0] = (struct edgebert_hw_command) {
		.opcode = EDGEBERT_HW_OP_MARK,
		.mark = { .output = EDGEBERT_HW_OPERAND(7, 0), .tag = BEGUN_TAG },
	};
	stream[LONG_COMMANDS - 1] = command_end();
	board_write_stream(board, board_map_stream(board, context, LONG_COMMANDS), stream,
			   LONG_COMMANDS);
	free(stream);
	driver_map(&board->driver, context, BEGUN, PAGE, true);
	job = driver_job(context, STREAM, LONG_COMMANDS);
	job.segments[7] = BEGUN;
	return job;
}

static struct edgebert_hw_job short_job(struct board *board, uint32_t context)
{
	const struct edgebert_hw_command end = command_end();

	board_write_stream(board, board_map_stream(board, context, 1), &end, 1);
	return driver_job(context, STREAM, 1);
}

/* Reads and writes of registers are answered, and quickly, whatever the worker does. */
static void expect_registers_answer(struct board *board)
{
	struct host_driver *driver = &board->driver;
	uint64_t start = test_now_ms();

	for (unsigned int i = 0; i < 1000; i++) {
		driver_set_register(driver, EDGEBERT_HW_REG_ENVM_ADDRESS, i);
		assert_int_equal(driver_register(driver, EDGEBERT_HW_REG_ENVM_ADDRESS), i);
		assert_int_equal(driver_register(driver, EDGEBERT_HW_REG_STATUS) &
				 (EDGEBERT_HW_STATUS_BUSY | EDGEBERT_HW_STATUS_QUIESCED),
				 EDGEBERT_HW_STATUS_BUSY);
	}
	assert_in_range(test_now_ms() - start, 0, 1000);
}

/* Reads, and clears, the tag of a long job. */
static bool take_begun_tag(struct board *board, uint32_t context)
{
	uint64_t page = driver_entry(&board->driver, context, BEGUN) & EDGEBERT_HW_PTE_ADDRESS;
	uint32_t *tag = driver_at(&board->driver, page);
	bool begun;

	pthread_mutex_lock(&board->memory_lock);
	begun = *tag == BEGUN_TAG;
	*tag = 0;
	pthread_mutex_unlock(&board->memory_lock);
	return begun;
}

static void start_long_job(struct board *board, const struct edgebert_hw_job *job)
{
	uint64_t deadline = test_now_ms() + 60000;

	take_begun_tag(board, job->context);
	driver_submit(&board->driver, job);
	while (!take_begun_tag(board, job->context)) {
		assert_true(test_now_ms() < deadline);
		test_sleep_ms(1);
	}
}

static void registers_answer_while_a_job_computes(void **state)
{
	struct board *board = *state;
	struct edgebert_hw_job job = long_job(board, 1);

	start_long_job(board, &job);
	expect_registers_answer(board);
	driver_set_register(&board->driver, EDGEBERT_HW_REG_CONTEXT_ABORT, 1);
	assert_int_equal(driver_wait(&board->driver, 1).status, EDGEBERT_HW_ABORTED);
}

static void wait_until_held(struct board *board)
{
	uint64_t deadline = test_now_ms() + 60000;

	while (!atomic_load(&board->holding)) {
		assert_true(test_now_ms() < deadline);
		test_sleep_ms(1);
	}
}

static void registers_answer_while_memory_is_slow(void **state)
{
	struct board *board = *state;
	struct edgebert_hw_job job = short_job(board, 1);
	uint64_t stream = driver_entry(&board->driver, 1, STREAM) & EDGEBERT_HW_PTE_ADDRESS;

	atomic_store(&board->hold_page, stream);
	driver_submit(&board->driver, &job);
	wait_until_held(board);
	expect_registers_answer(board);
	atomic_store(&board->hold_page, 0);
	assert_int_equal(driver_wait(&board->driver, 1).status, EDGEBERT_HW_OK);
}

static void abort_ends_the_running_job_and_those_behind_it(void **state)
{
	struct board *board = *state;
	struct host_driver *driver = &board->driver;
	struct edgebert_hw_job endless = long_job(board, 1), other = short_job(board, 2);
	struct edgebert_hw_completion record;
	uint64_t start;

	start_long_job(board, &endless);
	driver_submit(driver, &endless);
	driver_submit(driver, &other);
	driver_submit(driver, &endless);
	start = test_now_ms();
	driver_set_register(driver, EDGEBERT_HW_REG_CONTEXT_ABORT, 1);
	record = driver_wait(driver, 1);
	assert_int_equal(record.status, EDGEBERT_HW_ABORTED);
	assert_true(record.cycles > 0);
	assert_true(record.end_ns > record.start_ns);
	record = driver_wait(driver, 2);
	assert_int_equal(record.status, EDGEBERT_HW_ABORTED);
	assert_int_equal(record.cycles, 0);
	/* That is how the host knows that it may be submitted again. */
	assert_int_equal(record.end_ns, record.start_ns);
	assert_int_equal(record.cookie, endless.cookie);
	assert_int_equal(driver_wait(driver, 3).status, EDGEBERT_HW_OK);
	assert_int_equal(driver_wait(driver, 4).status, EDGEBERT_HW_ABORTED);
	/* All of it in much less than the job would have taken. */
	assert_in_range(test_now_ms() - start, 0, 3000);
	assert_int_equal(driver_register64(driver, EDGEBERT_HW_REG_COUNT_ABORTS), 3);
	assert_int_equal(driver_register64(driver, EDGEBERT_HW_REG_COUNT_FAULTS), 0);
}

static void abort_holds_until_the_context_is_updated(void **state)
{
	struct board *board = *state;
	struct host_driver *driver = &board->driver;
	struct edgebert_hw_job job = short_job(board, 1);

	driver_set_register(driver, EDGEBERT_HW_REG_CONTEXT_ABORT, 1);
	assert_int_equal(driver_wait(driver, driver_submit(driver, &job)).status,
			 EDGEBERT_HW_ABORTED);
	/* Stopping and starting the rings is not an update. */
	driver_set_register(driver, EDGEBERT_HW_REG_CONTROL, 0);
	driver_set_register(driver, EDGEBERT_HW_REG_CONTROL, EDGEBERT_HW_CONTROL_ENABLE);
	driver_update_context(driver, 2);
	assert_int_equal(driver_wait(driver, driver_submit(driver, &job)).status,
			 EDGEBERT_HW_ABORTED);
	driver_update_context(driver, 1);
	assert_int_equal(driver_wait(driver, driver_submit(driver, &job)).status, EDGEBERT_HW_OK);
	/* Ids beyond the table mean nothing. */
	driver_set_register(driver, EDGEBERT_HW_REG_CONTEXT_ABORT, 257);
	driver_set_register(driver, EDGEBERT_HW_REG_CONTEXT_ABORT, 0xffffffff);
	driver_set_register(driver, EDGEBERT_HW_REG_CONTEXT_UPDATE, 0xffffffff);
	assert_int_equal(driver_wait(driver, driver_submit(driver, &job)).status, EDGEBERT_HW_OK);
}

static void update_waits_for_the_access_under_way(void **state)
{
	struct board *board = *state;
	struct host_driver *driver = &board->driver;
	struct edgebert_hw_job job = short_job(board, 1);
	uint64_t stream = driver_entry(driver, 1, STREAM) & EDGEBERT_HW_PTE_ADDRESS;

	atomic_store(&board->hold_page, stream);
	driver_submit(driver, &job);
	wait_until_held(board);
	driver_set_register(driver, EDGEBERT_HW_REG_CONTEXT_UPDATE, 1);
	for (unsigned int i = 0; i < 10; i++) {
		assert_int_equal(driver_register(driver, EDGEBERT_HW_REG_CONTEXT_UPDATE_BUSY), 1);
		test_sleep_ms(1);
	}
	atomic_store(&board->hold_page, 0);
	assert_int_equal(driver_wait(driver, 1).status, EDGEBERT_HW_OK);
	assert_int_equal(driver_register(driver, EDGEBERT_HW_REG_CONTEXT_UPDATE_BUSY), 0);
}

/* After the update nobody touches the page that was unmapped; the oracle watches. */
static void a_page_taken_away_while_a_job_runs_is_not_touched_again(void **state)
{
	struct board *board = *state;
	struct host_driver *driver = &board->driver;
	struct edgebert_hw_command *stream = calloc(LONG_COMMANDS, sizeof(*stream));
	struct edgebert_hw_job job = driver_job(1, STREAM, LONG_COMMANDS);
	struct edgebert_hw_completion record;
	uint64_t page;

	assert_non_null(stream);
	for (unsigned int i = 0; i < LONG_COMMANDS; i++)
		stream[i] = command_copy(EDGEBERT_HW_OPERAND(EDGEBERT_HW_SEGMENT_DATA0, 0),
					 EDGEBERT_HW_OPERAND(1, 0), 4096);
	board_write_stream(board, board_map_stream(board, 1, LONG_COMMANDS), stream, LONG_COMMANDS);
	free(stream);
	page = driver_map(driver, 1, DESTINATION, PAGE, true);
	job.segments[1] = DESTINATION;
	driver_submit(driver, &job);
	test_sleep_ms(5);
	driver_set_entry(driver, 1, DESTINATION, 0);
	driver_update_context(driver, 1);
	board_forbid(board, page);
	record = driver_wait(driver, 1);
	/* On a very fast machine the job may have ended before. */
	assert_true(record.status == EDGEBERT_HW_PAGE_NOT_MAPPED ||
		    record.status == EDGEBERT_HW_NO_END);
	assert_int_equal(record.fault_address, record.status == EDGEBERT_HW_NO_END ? 0 :
			 EDGEBERT_HW_OPERAND(1, 0));
}

static void disabling_finishes_the_job_and_keeps_the_rest(void **state)
{
	struct board *board = *state;
	struct host_driver *driver = &board->driver;
	struct edgebert_hw_job job = short_job(board, 1);
	uint64_t stream = driver_entry(driver, 1, STREAM) & EDGEBERT_HW_PTE_ADDRESS;
	struct edgebert_hw_completion record;

	atomic_store(&board->hold_page, stream);
	driver_submit(driver, &job);
	driver_submit(driver, &job);
	wait_until_held(board);
	driver_set_register(driver, EDGEBERT_HW_REG_CONTROL, 0);
	assert_int_equal(driver_register(driver, EDGEBERT_HW_REG_STATUS),
			 EDGEBERT_HW_STATUS_READY | EDGEBERT_HW_STATUS_BUSY);
	atomic_store(&board->hold_page, 0);
	assert_int_equal(driver_wait(driver, 1).status, EDGEBERT_HW_OK);
	driver_wait_status(driver, EDGEBERT_HW_STATUS_QUIESCED, EDGEBERT_HW_STATUS_QUIESCED);
	assert_false(driver_poll(driver, 2, 20, &record));
	assert_int_equal(driver_register(driver, EDGEBERT_HW_REG_SUBMIT_HEAD), 1);
	driver_set_register(driver, EDGEBERT_HW_REG_CONTROL, EDGEBERT_HW_CONTROL_ENABLE);
	assert_int_equal(driver_wait(driver, 2).status, EDGEBERT_HW_OK);
}

/* ---- Resets in the middle of a job ---- */

static void reset_core(struct board *board)
{
	driver_set_register(&board->driver, EDGEBERT_HW_REG_CONTROL, EDGEBERT_HW_CONTROL_CORE_RESET);
}

static void reset_function(struct board *board)
{
	uint32_t pcie = driver_find_capability(&board->driver, PCI_CAP_ID_EXP);

	driver_set_config(&board->driver, pcie + PCI_EXP_DEVCTL, 2, PCI_EXP_DEVCTL_BCR_FLR);
	driver_power_up(&board->driver);
}

static void reset_power(struct board *board)
{
	eb_device_reset(board->device);
	driver_power_up(&board->driver);
}

static void reset_by_power_state(struct board *board)
{
	uint32_t power = driver_find_capability(&board->driver, PCI_CAP_ID_PM);

	driver_set_config(&board->driver, power + PCI_PM_CTRL, 2, 3);
	driver_set_config(&board->driver, power + PCI_PM_CTRL, 2, 0);
	driver_power_up(&board->driver);
}

static void expect_clean_after_reset(struct board *board, const struct edgebert_hw_job *next)
{
	struct host_driver *driver = &board->driver;
	struct edgebert_hw_completion record;

	driver_wait_status(driver, EDGEBERT_HW_STATUS_RESETTING | EDGEBERT_HW_STATUS_READY,
			   EDGEBERT_HW_STATUS_READY);
	assert_int_equal(driver_register(driver, EDGEBERT_HW_REG_CONTROL), 0);
	assert_int_equal(driver_register(driver, EDGEBERT_HW_REG_SUBMIT_HEAD), 0);
	assert_int_equal(driver_register(driver, EDGEBERT_HW_REG_COMPLETE_TAIL), 0);
	/* The job that was running leaves no record. */
	assert_false(driver_poll(driver, 1, 5, &record));
	driver_restart(driver);
	record = driver_wait(driver, driver_submit(driver, next));
	assert_int_equal(record.status, EDGEBERT_HW_OK);
	assert_int_equal(record.cookie, next->cookie);
}

static void (*const resets[])(struct board *board) = {
	reset_core, reset_function, reset_power, reset_by_power_state,
};

#define RESET_COUNT	(sizeof(resets) / sizeof(resets[0]))

static void resets_stop_a_computing_job(void **state)
{
	struct board *board = *state;
	struct edgebert_hw_job endless = long_job(board, 1), next = short_job(board, 2);

	for (size_t i = 0; i < RESET_COUNT; i++) {
		start_long_job(board, &endless);
		driver_clear_records(&board->driver);
		test_sleep_ms(3);
		resets[i](board);
		expect_clean_after_reset(board, &next);
	}
}

/* A reset returns at once although memory does not answer, and no access follows. */
static void resets_do_not_wait_for_memory(void **state)
{
	struct board *board = *state;
	struct host_driver *driver = &board->driver;
	struct edgebert_hw_job job = short_job(board, 1), next = short_job(board, 2);
	uint64_t stream = driver_entry(driver, 1, STREAM) & EDGEBERT_HW_PTE_ADDRESS;

	for (size_t i = 0; i < RESET_COUNT; i++) {
		atomic_store(&board->hold_page, stream);
		driver_submit(driver, &job);
		wait_until_held(board);
		driver_clear_records(driver);
		resets[i](board);
		assert_false(atomic_load(&board->holding));
		atomic_store(&board->hold_page, 0);
		expect_clean_after_reset(board, &next);
	}
}

/* Writes that come while the reset is still going on are not lost. */
static void settings_made_during_a_reset_hold(void **state)
{
	struct board *board = *state;
	struct host_driver *driver = &board->driver;
	struct edgebert_hw_job endless = long_job(board, 1), next = short_job(board, 2);

	for (unsigned int i = 0; i < 5; i++) {
		start_long_job(board, &endless);
		reset_core(board);
		driver_restart(driver);
		assert_int_equal(driver_wait(driver, driver_submit(driver, &next)).status,
				 EDGEBERT_HW_OK);
		assert_int_equal(driver_register(driver, EDGEBERT_HW_REG_STATUS) &
				 EDGEBERT_HW_STATUS_RESETTING, 0);
	}
}

static void core_reset_keeps_the_configuration(void **state)
{
	struct board *board = *state;
	struct host_driver *driver = &board->driver;
	struct edgebert_hw_job job = short_job(board, 1);
	uint64_t base = driver_register64(driver, EDGEBERT_HW_REG_SUBMIT_BASE_LO);

	driver_set_register(driver, EDGEBERT_HW_REG_DVFS_WINDOW, 0x0100);
	driver_set_register(driver, EDGEBERT_HW_REG_CONTEXT_ABORT, 1);
	driver_set_register(driver, EDGEBERT_HW_REG_ENVM_COMMAND, EDGEBERT_HW_ENVM_READ);
	driver_wait(driver, driver_submit(driver, &job));
	reset_core(board);
	driver_wait_status(driver, EDGEBERT_HW_STATUS_RESETTING, 0);
	assert_int_equal(driver_register64(driver, EDGEBERT_HW_REG_SUBMIT_BASE_LO), base);
	assert_int_equal(driver_register(driver, EDGEBERT_HW_REG_RING_ORDER), 3);
	assert_int_equal(driver_register(driver, EDGEBERT_HW_REG_IRQ_ENABLE), 0xf);
	assert_int_equal(driver_register(driver, EDGEBERT_HW_REG_IRQ_STATUS), 0);
	assert_int_equal(driver_register(driver, EDGEBERT_HW_REG_DVFS_WINDOW), 0x0100);
	assert_int_equal(driver_register(driver, EDGEBERT_HW_REG_DVFS_CURRENT), 0);
	assert_int_equal(driver_register64(driver, EDGEBERT_HW_REG_COUNT_JOBS), 1);
	/* Aborts are lifted. */
	driver_restart(driver);
	assert_int_equal(driver_wait(driver, driver_submit(driver, &job)).status, EDGEBERT_HW_OK);
}

static void the_function_can_go_away_in_the_middle_of_a_job(void **state)
{
	struct board board;
	struct edgebert_hw_job job;

	(void)state;
	board_create(&board, false);
	board_start(&board, 3);
	job = long_job(&board, 1);
	start_long_job(&board, &job);
	board_destroy(&board);
}

/* ---- Pacing ---- */

/* As many commands as take about the given modelled time. */
static uint32_t commands_for(struct board *board, const struct edgebert_hw_job *job, uint64_t ns)
{
	struct edgebert_hw_job probe = *job;
	struct edgebert_hw_completion record;

	probe.stream_commands = 2;
	probe.first_command = 1;
	record = driver_wait(&board->driver, driver_submit(&board->driver, &probe));
	assert_int_equal(record.status, EDGEBERT_HW_NO_END);
	return ns / record.time_ns + 1;
}

static void paced_jobs_take_their_modelled_time(void **state)
{
	struct board *board = *state;
	struct host_driver *driver = &board->driver;
	struct edgebert_hw_job job = long_job(board, 1);
	struct edgebert_hw_completion record;
	uint64_t start;

	job.operating_point = 0;
	job.stream_commands = commands_for(board, &job, 100000000);
	start = test_now_ms();
	record = driver_wait(driver, driver_submit(driver, &job));
	assert_true(record.time_ns > 30000000);
	assert_true(record.end_ns - record.start_ns >= record.time_ns);
	assert_true(test_now_ms() - start >= record.time_ns / 1000000);
}

static void paced_jobs_can_be_aborted_and_reset(void **state)
{
	struct board *board = *state;
	struct host_driver *driver = &board->driver;
	struct edgebert_hw_job job = long_job(board, 1), next = short_job(board, 2);
	uint64_t start = test_now_ms();

	job.operating_point = 0;
	start_long_job(board, &job);
	test_sleep_ms(20);
	driver_set_register(driver, EDGEBERT_HW_REG_CONTEXT_ABORT, 1);
	assert_int_equal(driver_wait(driver, 1).status, EDGEBERT_HW_ABORTED);
	driver_update_context(driver, 1);
	start_long_job(board, &job);
	driver_clear_records(driver);
	test_sleep_ms(20);
	reset_core(board);
	expect_clean_after_reset(board, &next);
	assert_in_range(test_now_ms() - start, 0, 10000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_BOARD(registers_answer_while_a_job_computes),
		WITH_BOARD(registers_answer_while_memory_is_slow),
		WITH_BOARD(abort_ends_the_running_job_and_those_behind_it),
		WITH_BOARD(abort_holds_until_the_context_is_updated),
		WITH_BOARD(update_waits_for_the_access_under_way),
		WITH_BOARD(a_page_taken_away_while_a_job_runs_is_not_touched_again),
		WITH_BOARD(disabling_finishes_the_job_and_keeps_the_rest),
		WITH_BOARD(resets_stop_a_computing_job),
		WITH_BOARD(resets_do_not_wait_for_memory),
		WITH_BOARD(settings_made_during_a_reset_hold),
		WITH_BOARD(core_reset_keeps_the_configuration),
		cmocka_unit_test(the_function_can_go_away_in_the_middle_of_a_job),
		WITH_PACED_BOARD(paced_jobs_take_their_modelled_time),
		WITH_PACED_BOARD(paced_jobs_can_be_aborted_and_reset),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
