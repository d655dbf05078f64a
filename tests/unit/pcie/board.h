/* SPDX-License-Identifier: MIT */
/*
 * The PCIe function on a test board: memory in this process, and an oracle that knows
 * every page the function may touch.
 */
#ifndef EDGEBERT_TESTS_PCIE_BOARD_H
#define EDGEBERT_TESTS_PCIE_BOARD_H

#include <stdatomic.h>

#include "tests/unit/pcie/host_driver.h"

#define MEMORY_PAGES	(MEMORY_BYTES / EDGEBERT_HW_PAGE_SIZE)

enum page_use {
	PAGE_FORBIDDEN,
	PAGE_READABLE,
	PAGE_WRITABLE,
};

struct board {
	struct eb_device *device;
	struct host_driver driver;
	pthread_mutex_t memory_lock;
	uint8_t *memory;
	uint8_t use[MEMORY_PAGES];		/* enum page_use; memory_lock */
	atomic_uint violations;			/* accesses that the oracle forbids */
	atomic_uint interrupts[EDGEBERT_HW_IRQ_COUNT];
	atomic_bool deaf;			/* interrupts can not be delivered */
	atomic_bool dma_allowed;
	/* Accesses to this page wait until it is 0 or DMA is no longer allowed. */
	atomic_ullong hold_page;
	atomic_bool holding;			/* an access is waiting there */
	/* Accesses to this page fail as if nobody answered; 0: none. */
	atomic_ullong dead_page;
};

void board_create(struct board *board, bool paced);
/* The same at an ambient temperature in 1/1000 degree C. */
void board_create_at(struct board *board, bool paced, const int32_t *ambient);
void board_destroy(struct board *board);
/* Created, powered up and started with rings of 1 << order entries. */
void board_start(struct board *board, uint32_t order);
/* Waits until a vector was raised at least count times. */
void board_wait_interrupts(struct board *board, unsigned int vector, unsigned int count);
void board_forbid(struct board *board, uint64_t address);

/* cmocka fixtures: *state is a started board with rings of 8 entries. */
int board_setup(void **state);
int board_setup_paced(void **state);
int board_teardown(void **state);

/*
 * Context 1 with a writable stream page at STREAM, whose bus address is returned, and
 * segment addresses that tests agree on.
 */
#define STREAM		0x00100000u
#define SOURCE		0x40000000u
#define DESTINATION	0xfff00000u
uint64_t board_map_stream(struct board *board, uint32_t context, size_t commands);
void board_write_stream(struct board *board, uint64_t stream,
			const struct edgebert_hw_command *commands, size_t count);

#endif /* EDGEBERT_TESTS_PCIE_BOARD_H */
