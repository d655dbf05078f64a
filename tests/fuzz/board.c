// SPDX-License-Identifier: MIT
/*
 * The PCIe function for fuzz targets: see the header.
 */
#include "tests/fuzz/board.h"

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define PATIENCE_MS	20000

struct board *fuzz_board(void)
{
	static struct board board;
	static bool created;

	if (!created) {
		board_create(&board, false);
		created = true;
	}
	eb_device_reset(board.device);
	pthread_mutex_lock(&board.memory_lock);
	memset(board.use, PAGE_FORBIDDEN, sizeof(board.use));
	pthread_mutex_unlock(&board.memory_lock);
	board.driver.used = 0;
	board.driver.submit = 0;
	board.driver.complete = 0;
	board.driver.contexts = 0;
	driver_power_up(&board.driver);
	return &board;
}

static bool is_at_rest(uint32_t status)
{
	/* All ones: decoding was switched off, nobody can see more. */
	return status == UINT32_MAX || !(status & (EDGEBERT_HW_STATUS_BUSY |
						   EDGEBERT_HW_STATUS_RESETTING));
}

void fuzz_board_settle(struct board *board)
{
	uint64_t deadline = test_now_ms() + PATIENCE_MS;
	unsigned int calm = 0;

	/* BUSY is off for a moment between two jobs. */
	while (calm < 3) {
		uint32_t status = driver_register(&board->driver, EDGEBERT_HW_REG_STATUS);

		calm = is_at_rest(status) ? calm + 1 : 0;
		if (test_now_ms() > deadline) {
			fprintf(stderr, "STATUS 0x%x, SUBMIT_HEAD %u, COMPLETE_TAIL %u\n", status,
				driver_register(&board->driver, EDGEBERT_HW_REG_SUBMIT_HEAD),
				driver_register(&board->driver, EDGEBERT_HW_REG_COMPLETE_TAIL));
			FUZZ_CHECK(!"the function comes to rest");
		}
		if (calm == 0)
			sched_yield();
	}
}

void fuzz_board_check(struct board *board)
{
	const struct edgebert_hw_completion *records;

	FUZZ_CHECK(atomic_load(&board->violations) == 0);
	if (board->driver.complete == 0)
		return;
	records = driver_at(&board->driver, board->driver.complete);
	pthread_mutex_lock(&board->memory_lock);
	for (uint32_t i = 0; i < 1u << board->driver.order; i++) {
		if (records[i].sequence == 0)
			continue;
		FUZZ_CHECK((records[i].sequence - 1) % (1u << board->driver.order) == i);
		FUZZ_CHECK(records[i].status < EDGEBERT_HW_STATUS_COUNT);
		FUZZ_CHECK(records[i].exit_layer <= EDGEBERT_HW_LAYERS_MAX);
		for (size_t j = 0; j < sizeof(records[i].reserved) / 4; j++)
			FUZZ_CHECK(records[i].reserved[j] == 0);
	}
	pthread_mutex_unlock(&board->memory_lock);
}
