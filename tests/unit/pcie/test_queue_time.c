// SPDX-License-Identifier: MIT
/*
 * JOB_QUEUE_TIME: what an autonomous job waits in the ring is spent of its target.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "tests/unit/pcie/board.h"

#define CONTEXT		1
#define HIGHEST		15
#define WAIT_MS		60
/* Less than the wait; at the slowest point the work takes 13 ms of it. */
#define TARGET_US	40000
#define CYCLES		1000000
#define LOGITS		EDGEBERT_HW_OPERAND(0, 0)
#define TABLE		EDGEBERT_HW_OPERAND(0, 0x100)
#define COUNTS		EDGEBERT_HW_OPERAND(0, 0x200)

/* Assesses two equal logits, predicts layer 2 and leaves there. */
static struct edgebert_hw_job predicting_job(struct board *board)
{
	const struct edgebert_hw_command stream[] = {
		{ .opcode = EDGEBERT_HW_OP_ENTROPY,
		  .entropy = { .input = LOGITS, .input_format = EDGEBERT_HW_FORMAT_Q6_10,
			       .classes = 2, .layer = 1 } },
		{ .opcode = EDGEBERT_HW_OP_PREDICT,
		  .predict = { .table = TABLE, .cycles = COUNTS, .rows = 1, .step = 512,
			       .columns = 1, .first_layer = 2, .last_layer = 2,
			       .cycle_rows = 1 } },
		{ .opcode = EDGEBERT_HW_OP_EXIT, .exit = { .layer = 2 } },
	};
	struct edgebert_hw_job job = driver_job(CONTEXT, STREAM, 3);
	uint8_t *operands;

	board_write_stream(board, board_map_stream(board, CONTEXT, 3), stream, 3);
	operands = driver_at(&board->driver,
			     driver_map(&board->driver, CONTEXT, SOURCE, 4096, false));
	memcpy(operands + 0x200, &(uint32_t){ CYCLES }, sizeof(uint32_t));
	job.segments[0] = SOURCE;
	job.flags = EDGEBERT_HW_JOB_AUTONOMOUS;
	job.entropy_threshold = 100;
	job.target_latency_us = TARGET_US;
	return job;
}

/* The point of a job that waits so long between doorbell and start. */
static unsigned int point_after(struct board *board, const struct edgebert_hw_job *job,
				unsigned int wait_ms)
{
	const struct timespec time = { .tv_nsec = wait_ms * 1000000l };
	struct host_driver *driver = &board->driver;
	struct edgebert_hw_completion record;
	uint32_t number;

	driver_set_register(driver, EDGEBERT_HW_REG_CONTROL, 0);
	number = driver_submit(driver, job);
	nanosleep(&time, NULL);
	driver_set_register(driver, EDGEBERT_HW_REG_CONTROL, EDGEBERT_HW_CONTROL_ENABLE);
	record = driver_wait(driver, number);
	assert_int_equal(record.status, EDGEBERT_HW_OK);
	assert_int_equal(record.predicted_layer, 2);
	return record.operating_point;
}

static void waiting_counts_where_the_job_says_so(void **state)
{
	struct board *board = *state;
	struct edgebert_hw_job job = predicting_job(board);
	const unsigned int frugal = point_after(board, &job, 0);

	assert_in_range(frugal, 0, HIGHEST - 1);
	assert_int_equal(point_after(board, &job, WAIT_MS), frugal);
	job.flags |= EDGEBERT_HW_JOB_QUEUE_TIME;
	for (unsigned int i = 0; i < 20; i++)
		assert_int_equal(point_after(board, &job, WAIT_MS), HIGHEST);
	/* What was spent before is not forgotten, and the sum does not wrap. */
	job.elapsed_us = UINT32_MAX;
	assert_int_equal(point_after(board, &job, WAIT_MS), HIGHEST);
}

/* Each job its own time, also when one doorbell is for several of them. */
static void time_is_kept_for_each_job(void **state)
{
	const struct timespec wait = { .tv_nsec = WAIT_MS * 1000000l };
	struct board *board = *state;
	struct host_driver *driver = &board->driver;
	struct edgebert_hw_job job = predicting_job(board);
	const unsigned int frugal = point_after(board, &job, 0);
	uint32_t first;

	job.flags |= EDGEBERT_HW_JOB_QUEUE_TIME;
	driver_set_register(driver, EDGEBERT_HW_REG_CONTROL, 0);
	driver_queue(driver, &job);
	first = driver_submit(driver, &job) - 1;
	nanosleep(&wait, NULL);
	job.target_latency_us = 100 * TARGET_US;
	driver_submit(driver, &job);
	driver_set_register(driver, EDGEBERT_HW_REG_CONTROL, EDGEBERT_HW_CONTROL_ENABLE);
	assert_int_equal(driver_wait(driver, first).operating_point, HIGHEST);
	assert_int_equal(driver_wait(driver, first + 1).operating_point, HIGHEST);
	assert_int_equal(driver_wait(driver, first + 2).operating_point, frugal);
}

static void only_autonomous_jobs_may_have_the_flag(void **state)
{
	struct board *board = *state;
	struct host_driver *driver = &board->driver;
	struct edgebert_hw_job job = predicting_job(board);

	job.flags = EDGEBERT_HW_JOB_QUEUE_TIME;
	assert_int_equal(driver_wait(driver, driver_submit(driver, &job)).status,
			 EDGEBERT_HW_BAD_JOB);
}

#define WITH_BOARD(name) cmocka_unit_test_setup_teardown(name, board_setup, board_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_BOARD(waiting_counts_where_the_job_says_so),
		WITH_BOARD(time_is_kept_for_each_job),
		WITH_BOARD(only_autonomous_jobs_may_have_the_flag),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
