// SPDX-License-Identifier: MIT
/*
 * The PCIe function on a test board: see the header.
 */
#include "tests/unit/pcie/board.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- What the function does by itself ---- */

static bool page_allows(const struct board *board, uint64_t address, bool write)
{
	uint8_t use = board->use[(address - MEMORY_BASE) / EDGEBERT_HW_PAGE_SIZE];

	return use == PAGE_WRITABLE || (use == PAGE_READABLE && !write);
}

/* Waits as slow memory would; false: the function was told to give up. */
static bool hold(struct board *board, uint64_t address)
{
	uint64_t page = address & ~(uint64_t)(EDGEBERT_HW_PAGE_SIZE - 1);

	/* Nothing is held while hold_page is 0, not even page 0. */
	while (page != 0 && atomic_load(&board->hold_page) == page) {
		atomic_store(&board->holding, true);
		if (!atomic_load(&board->dma_allowed))
			break;
		test_sleep_ms(1);
	}
	atomic_store(&board->holding, false);
	return atomic_load(&board->dma_allowed);
}

/* The part of an access that stays in its page. */
static int access_page(struct board *board, uint64_t address, void *destination,
		       const void *source, size_t size)
{
	uint64_t dead = atomic_load(&board->dead_page);
	uint8_t *there;

	if (!hold(board, address))
		return -ECANCELED;
	if (address < MEMORY_BASE || address >= MEMORY_BASE + MEMORY_BYTES ||
	    (dead != 0 && address / EDGEBERT_HW_PAGE_SIZE == dead / EDGEBERT_HW_PAGE_SIZE))
		return -EFAULT;
	there = board->memory + (address - MEMORY_BASE);
	pthread_mutex_lock(&board->memory_lock);
	if (!page_allows(board, address, source != NULL))
		atomic_fetch_add(&board->violations, 1);
	if (source == NULL)
		memcpy(destination, there, size);
	else if (size == 4)
		__atomic_store_n((uint32_t *)(void *)there, *(const uint32_t *)source,
				 __ATOMIC_RELEASE);
	else
		memcpy(there, source, size);
	pthread_mutex_unlock(&board->memory_lock);
	return 0;
}

static int access_memory(struct board *board, uint64_t address, uint8_t *destination,
			 const uint8_t *source, size_t size)
{
	if (!atomic_load(&board->dma_allowed))
		return -ECANCELED;
	while (size > 0) {
		size_t part = EDGEBERT_HW_PAGE_SIZE - address % EDGEBERT_HW_PAGE_SIZE;
		int result;

		part = part < size ? part : size;
		result = access_page(board, address, destination, source, part);
		if (result != 0)
			return result;
		address += part;
		size -= part;
		if (source != NULL)
			source += part;
		else
			destination += part;
	}
	return 0;
}

static int read_memory(void *opaque, uint64_t address, void *destination, size_t size)
{
	return access_memory(opaque, address, destination, NULL, size);
}

static int write_memory(void *opaque, uint64_t address, const void *source, size_t size)
{
	return access_memory(opaque, address, NULL, source, size);
}

static void allow_dma(void *opaque, bool allowed)
{
	atomic_store(&((struct board *)opaque)->dma_allowed, allowed);
}

static bool take_interrupt(void *opaque, unsigned int vector)
{
	struct board *board = opaque;

	if (atomic_load(&board->deaf))
		return false;
	atomic_fetch_add(&board->interrupts[vector], 1);
	return true;
}

/* ---- The driver's way to the function ---- */

static void read_region(void *opaque, enum eb_device_region region, uint32_t offset, void *data,
			size_t size)
{
	eb_device_read(((struct board *)opaque)->device, region, offset, data, size);
}

static void write_region(void *opaque, enum eb_device_region region, uint32_t offset,
			 const void *data, size_t size)
{
	eb_device_write(((struct board *)opaque)->device, region, offset, data, size);
}

static void allow_pages(void *opaque, uint64_t address, size_t size, bool write)
{
	struct board *board = opaque;
	size_t first = (address - MEMORY_BASE) / EDGEBERT_HW_PAGE_SIZE;
	size_t last = (address + size - 1 - MEMORY_BASE) / EDGEBERT_HW_PAGE_SIZE;

	pthread_mutex_lock(&board->memory_lock);
	memset(board->use + first, write ? PAGE_WRITABLE : PAGE_READABLE, last - first + 1);
	pthread_mutex_unlock(&board->memory_lock);
}

void board_forbid(struct board *board, uint64_t address)
{
	pthread_mutex_lock(&board->memory_lock);
	board->use[(address - MEMORY_BASE) / EDGEBERT_HW_PAGE_SIZE] = PAGE_FORBIDDEN;
	pthread_mutex_unlock(&board->memory_lock);
}

/* ---- Life ---- */

void board_create(struct board *board, bool paced)
{
	board_create_at(board, paced, NULL);
}

void board_create_at(struct board *board, bool paced, const int32_t *ambient)
{
	const struct eb_device_options options = { .paced = paced, .ambient = ambient };
	const struct eb_device_host host = {
		.opaque = board,
		.read = read_memory,
		.write = write_memory,
		.allow_dma = allow_dma,
		.interrupt = take_interrupt,
	};

	memset(board, 0, sizeof(*board));
	pthread_mutex_init(&board->memory_lock, NULL);
	board->memory = aligned_alloc(EDGEBERT_HW_PAGE_SIZE, MEMORY_BYTES);
	assert_non_null(board->memory);
	/* What the function must not see is not zero. */
	memset(board->memory, 0xa5, MEMORY_BYTES);
	board->device = eb_device_create(&options, &host);
	assert_non_null(board->device);
	board->driver = (struct host_driver) {
		.opaque = board,
		.read = read_region,
		.write = write_region,
		.memory_lock = &board->memory_lock,
		.allow = allow_pages,
		.memory = board->memory,
	};
}

void board_destroy(struct board *board)
{
	eb_device_destroy(board->device);
	assert_int_equal(atomic_load(&board->violations), 0);
	free(board->memory);
	pthread_mutex_destroy(&board->memory_lock);
}

void board_start(struct board *board, uint32_t order)
{
	driver_power_up(&board->driver);
	driver_start(&board->driver, order);
}

void board_wait_interrupts(struct board *board, unsigned int vector, unsigned int count)
{
	uint64_t deadline = test_now_ms() + 60000;

	while (atomic_load(&board->interrupts[vector]) < count) {
		if (test_now_ms() > deadline)
			fail_msg("vector %u was raised %u times, wanted %u", vector,
				 atomic_load(&board->interrupts[vector]), count);
		test_sleep_ms(1);
	}
}

static int setup(void **state, bool paced)
{
	struct board *board = malloc(sizeof(*board));

	assert_non_null(board);
	board_create(board, paced);
	board_start(board, 3);
	*state = board;
	return 0;
}

int board_setup(void **state)
{
	return setup(state, false);
}

int board_setup_paced(void **state)
{
	return setup(state, true);
}

int board_teardown(void **state)
{
	board_destroy(*state);
	free(*state);
	return 0;
}

uint64_t board_map_stream(struct board *board, uint32_t context, size_t commands)
{
	driver_add_context(&board->driver, context);
	return driver_map(&board->driver, context, STREAM,
			  commands * sizeof(struct edgebert_hw_command), false);
}

void board_write_stream(struct board *board, uint64_t stream,
			const struct edgebert_hw_command *commands, size_t count)
{
	pthread_mutex_lock(&board->memory_lock);
	memcpy(driver_at(&board->driver, stream), commands, count * sizeof(*commands));
	pthread_mutex_unlock(&board->memory_lock);
}
