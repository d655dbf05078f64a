// SPDX-License-Identifier: MIT
/*
 * Rings and the context table: whatever they hold and wherever the doorbell points, each
 * job ends in one record, or the function stops with a reason.
 *
 * Input: ring order (1), doorbells (1), entry of context 2 (64), then per doorbell its value
 * (4), and the entries of the submission ring.
 */
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/fuzz/board.h"

#define DOORBELLS_MAX	4

static void write_stream(struct board *board)
{
	uint64_t stream = board_map_stream(board, 1, 4);
	const struct edgebert_hw_command commands[4] = {
		command_copy(EDGEBERT_HW_OPERAND(0, 0), EDGEBERT_HW_OPERAND(1, 0), 256),
		{ .opcode = EDGEBERT_HW_OP_MARK, .mark = { .output = EDGEBERT_HW_OPERAND(1, 512) } },
		command_end(),
		command_busy(),
	};

	board_write_stream(board, stream, commands, 4);
	driver_map(&board->driver, 1, SOURCE, EDGEBERT_HW_PAGE_SIZE, false);
	driver_map(&board->driver, 1, DESTINATION, EDGEBERT_HW_PAGE_SIZE, true);
}

/* Until the jobs up to the doorbell were taken, unless the function has stopped. */
static void wait_taken(struct board *board, uint32_t tail)
{
	struct host_driver *driver = &board->driver;

	while (driver_register(driver, EDGEBERT_HW_REG_SUBMIT_HEAD) != tail &&
	       !(driver_register(driver, EDGEBERT_HW_REG_STATUS) & EDGEBERT_HW_STATUS_FATAL))
		sched_yield();
	fuzz_board_settle(board);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = fuzz_input(data, size);
	struct board *board = fuzz_board();
	struct host_driver *driver = &board->driver;
	struct edgebert_hw_context *contexts;
	uint32_t order = EDGEBERT_HW_RING_ORDER_MIN + fuzz_u8(&input) % 3;
	uint32_t doorbells = 1 + fuzz_u8(&input) % DOORBELLS_MAX;
	uint32_t tails[DOORBELLS_MAX];

	driver_start(driver, order);
	write_stream(board);
	contexts = driver_at(driver, driver->contexts);
	pthread_mutex_lock(&board->memory_lock);
	fuzz_take(&input, &contexts[2], sizeof(contexts[2]));
	/* Its directories are the ones of context 1, or nothing that may be looked at. */
	for (unsigned int i = 0; i < 4; i++) {
		if ((contexts[2].directory[i] & EDGEBERT_HW_PTE_ADDRESS) >= MEMORY_BASE &&
		    (contexts[2].directory[i] & EDGEBERT_HW_PTE_ADDRESS) <
		    MEMORY_BASE + MEMORY_BYTES)
			contexts[2].directory[i] = contexts[1].directory[i];
	}
	for (uint32_t i = 0; i < doorbells; i++)
		tails[i] = fuzz_u32(&input);
	fuzz_take(&input, driver_at(driver, driver->submit), sizeof(struct edgebert_hw_job) << order);
	pthread_mutex_unlock(&board->memory_lock);
	for (uint32_t i = 0; i < doorbells; i++) {
		driver_set_register(driver, EDGEBERT_HW_REG_SUBMIT_DOORBELL, tails[i]);
		/* Now and then the next one follows at once. */
		if (tails[i] % 16 != 3)
			wait_taken(board, tails[i]);
	}
	wait_taken(board, tails[doorbells - 1]);
	fuzz_board_check(board);
	return 0;
}

void fuzz_write_seeds(const char *directory)
{
	static struct fuzz_seed seed;
	const struct edgebert_hw_context nothing = { 0 };
	struct edgebert_hw_job job = driver_job(1, STREAM, 4);

	job.segments[0] = SOURCE;
	job.segments[1] = DESTINATION;
	fuzz_put_u8(&seed, 0);
	fuzz_put_u8(&seed, 1);
	fuzz_put(&seed, &nothing, sizeof(nothing));
	fuzz_put_u32(&seed, 1);
	fuzz_put_u32(&seed, 3);
	for (int i = 0; i < 4; i++)
		fuzz_put(&seed, &job, sizeof(job));
	fuzz_save(&seed, directory, "three-jobs-two-doorbells");

	job.first_command = 3;
	job.context = 2;
	fuzz_put_u8(&seed, 1);
	fuzz_put_u8(&seed, 0);
	fuzz_put(&seed, &nothing, sizeof(nothing));
	fuzz_put_u32(&seed, 9);
	for (int i = 0; i < 8; i++)
		fuzz_put(&seed, &job, sizeof(job));
	fuzz_save(&seed, directory, "too-far-and-no-context");
}
