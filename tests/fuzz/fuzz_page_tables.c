// SPDX-License-Identifier: MIT
/*
 * Page tables of any contents: a job that copies from one address to another reads and
 * writes exactly the pages that a walk of the tables by this file leads to.
 *
 * Input: two addresses (4 each), length (2), four directories, then table entries: page (1),
 * index (2), and for each entry its kind (1) with an argument (8).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/fuzz/board.h"

#define TABLES		6
#define DATA_PAGES	6
#define ENTRIES_MAX	64
#define LENGTH_MAX	(3 * EDGEBERT_HW_PAGE_SIZE)

static uint64_t tables[TABLES], data_pages[DATA_PAGES];
static bool walked[MEMORY_PAGES];	/* pages that were read as tables */

static uint64_t take_entry(struct fuzz_input *input)
{
	uint8_t kind = fuzz_u8(input);
	uint64_t argument = fuzz_u64(input);
	uint64_t flags = argument >> 8 & (EDGEBERT_HW_PTE_VALID | EDGEBERT_HW_PTE_WRITE);

	switch (kind % 4) {
	case 0:
		/* Memory of the board is reached through the other kinds only. */
		if ((argument & EDGEBERT_HW_PTE_ADDRESS) >= MEMORY_BASE &&
		    (argument & EDGEBERT_HW_PTE_ADDRESS) < MEMORY_BASE + MEMORY_BYTES)
			argument |= 1ull << 51;
		return argument;
	case 1:
		return tables[argument % 256 % TABLES] | EDGEBERT_HW_PTE_VALID;
	default:
		return data_pages[argument % 256 % DATA_PAGES] | flags;
	}
}

static uint64_t read_entry(struct board *board, uint64_t table, uint32_t index)
{
	uint64_t entry;

	memcpy(&entry, (uint8_t *)driver_at(&board->driver, table) + 8 * index, 8);
	return entry;
}

static size_t page_number(uint64_t address)
{
	return (address - MEMORY_BASE) / EDGEBERT_HW_PAGE_SIZE;
}

/* Whether an entry leads to a page that can be read as a table; the device may then do so. */
static bool step_down(struct board *board, uint64_t entry)
{
	uint64_t address = entry & EDGEBERT_HW_PTE_ADDRESS;

	if ((entry & ~EDGEBERT_HW_PTE_ADDRESS) != EDGEBERT_HW_PTE_VALID ||
	    address < MEMORY_BASE || address >= MEMORY_BASE + MEMORY_BYTES)
		return false;
	walked[page_number(address)] = true;
	if (board->use[page_number(address)] == PAGE_FORBIDDEN)
		board->use[page_number(address)] = PAGE_READABLE;
	return true;
}

/* The bus address of a page, as Documentation/hardware/mmu.md says; 0: a fault. */
static uint64_t walk(struct board *board, const struct edgebert_hw_context *context,
		     uint32_t address, bool write)
{
	uint64_t directory = context->directory[address >> 30], table, page;

	if (!step_down(board, directory))
		return 0;
	table = read_entry(board, directory & EDGEBERT_HW_PTE_ADDRESS, address >> 21 & 511);
	if (!step_down(board, table))
		return 0;
	page = read_entry(board, table & EDGEBERT_HW_PTE_ADDRESS, address >> 12 & 511);
	if (!(page & EDGEBERT_HW_PTE_VALID) || (write && !(page & EDGEBERT_HW_PTE_WRITE)) ||
	    page & ~(EDGEBERT_HW_PTE_ADDRESS | EDGEBERT_HW_PTE_VALID | EDGEBERT_HW_PTE_WRITE))
		return 0;
	page &= EDGEBERT_HW_PTE_ADDRESS;
	if (page < MEMORY_BASE || page >= MEMORY_BASE + MEMORY_BYTES)
		return 0;
	return page;
}

/* Allows what the walk leads to; false: some page of the range faults. */
static bool allow_range(struct board *board, const struct edgebert_hw_context *context,
			uint32_t address, uint32_t length, bool write)
{
	bool whole = true;

	for (uint64_t at = address & ~(uint64_t)(EDGEBERT_HW_PAGE_SIZE - 1);
	     at < (uint64_t)address + length; at += EDGEBERT_HW_PAGE_SIZE) {
		uint64_t page = walk(board, context, (uint32_t)at, write);
		uint8_t *use;

		if (page == 0) {
			whole = false;
			continue;
		}
		use = &board->use[page_number(page)];
		if (*use == PAGE_FORBIDDEN || write)
			*use = write ? PAGE_WRITABLE : PAGE_READABLE;
	}
	return whole;
}

/* A job that can change its own tables is no subject for a walk that was done before. */
static bool can_change_tables(const struct board *board)
{
	for (size_t i = 0; i < MEMORY_PAGES; i++) {
		if (walked[i] && board->use[i] == PAGE_WRITABLE)
			return true;
	}
	return false;
}

static void allocate_pages(struct board *board)
{
	for (int i = 0; i < TABLES; i++)
		tables[i] = driver_allocate(&board->driver, EDGEBERT_HW_PAGE_SIZE);
	for (int i = 0; i < DATA_PAGES; i++)
		data_pages[i] = driver_allocate(&board->driver, EDGEBERT_HW_PAGE_SIZE);
}

/* Directories and entries of the tables, from the input. */
static void take_tables(struct board *board, struct fuzz_input *input,
			struct edgebert_hw_context *context)
{
	for (int i = 0; i < 4; i++)
		context->directory[i] = take_entry(input);
	for (int i = 0; i < ENTRIES_MAX && input->left > 0; i++) {
		uint64_t table = tables[fuzz_u8(input) % TABLES];
		uint32_t index = fuzz_u16(input) % EDGEBERT_HW_TABLE_ENTRIES;
		uint64_t entry = take_entry(input);

		memcpy((uint8_t *)driver_at(&board->driver, table) + 8 * index, &entry, 8);
	}
}

/* Makes the job's own stream reachable, whatever the input wants there. */
static void map_stream(struct board *board, struct edgebert_hw_context *context, uint32_t length)
{
	const struct edgebert_hw_command commands[2] = {
		command_copy(EDGEBERT_HW_OPERAND(0, 0), EDGEBERT_HW_OPERAND(1, 0), length),
		command_end(),
	};
	uint64_t stream = driver_allocate(&board->driver, sizeof(commands));
	uint64_t entry = stream | EDGEBERT_HW_PTE_VALID;

	board_write_stream(board, stream, commands, 2);
	board->use[page_number(stream)] = PAGE_READABLE;
	context->directory[0] = tables[0] | EDGEBERT_HW_PTE_VALID;
	((uint64_t *)driver_at(&board->driver, tables[0]))[STREAM >> 21 & 511] =
		tables[1] | EDGEBERT_HW_PTE_VALID;
	((uint64_t *)driver_at(&board->driver, tables[1]))[STREAM >> 12 & 511] = entry;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = fuzz_input(data, size);
	struct board *board = fuzz_board();
	struct host_driver *driver = &board->driver;
	struct edgebert_hw_job job = driver_job(2, STREAM, 2);
	struct edgebert_hw_completion record;
	struct edgebert_hw_context *context;
	uint32_t source = fuzz_u32(&input), destination = fuzz_u32(&input);
	uint32_t length = 1 + fuzz_u16(&input) % LENGTH_MAX;
	bool good;

	driver_start(driver, 2);
	allocate_pages(board);
	context = (struct edgebert_hw_context *)driver_at(driver, driver->contexts) + 2;
	context->flags = EDGEBERT_HW_CONTEXT_VALID;
	take_tables(board, &input, context);
	map_stream(board, context, length);
	job.segments[0] = source;
	job.segments[1] = destination;
	memset(walked, 0, sizeof(walked));
	walk(board, context, STREAM, false);
	good = allow_range(board, context, source, length, false);
	good &= allow_range(board, context, destination, length, true);
	good &= (uint64_t)source + length <= 1ull << 32 &&
		(uint64_t)destination + length <= 1ull << 32;
	if (can_change_tables(board))
		return 0;
	record = driver_wait(driver, driver_submit(driver, &job));
	FUZZ_CHECK((record.status == EDGEBERT_HW_OK) == good);
	fuzz_board_check(board);
	return 0;
}

static void put_entry(struct fuzz_seed *seed, uint8_t kind, uint64_t argument)
{
	fuzz_put_u8(seed, kind);
	fuzz_put_u64(seed, argument);
}

/* A context in which pages are mapped at the two addresses; flags: of the destination. */
static void put_tables(struct fuzz_seed *seed, uint32_t source, uint32_t destination,
		       uint16_t length, uint64_t flags)
{
	const uint32_t addresses[2] = { source, destination };

	fuzz_put_u32(seed, source);
	fuzz_put_u32(seed, destination);
	fuzz_put_u16(seed, length);
	for (uint64_t i = 0; i < 4; i++)
		put_entry(seed, 1, i == 0 ? 0 : 2);
	for (uint8_t i = 0; i < 2; i++) {
		fuzz_put_u8(seed, addresses[i] >> 30 ? 2 : 0);
		fuzz_put_u16(seed, addresses[i] >> 21 & 511);
		put_entry(seed, 1, 4 + i);
		for (uint8_t page = 0; page < 3; page++) {
			fuzz_put_u8(seed, 4 + i);
			fuzz_put_u16(seed, (addresses[i] >> 12 & 511) + page);
			put_entry(seed, 2, (3 * i + page) | (i == 0 ? 1u : flags) << 8);
		}
	}
}

void fuzz_write_seeds(const char *directory)
{
	static struct fuzz_seed seed;

	put_tables(&seed, 0x40000000, 0x80200000, 5000, 3);
	fuzz_save(&seed, directory, "good");
	put_tables(&seed, 0x40000123, 0xfffff000, 255, 1);
	fuzz_save(&seed, directory, "read-only-destination");
	put_tables(&seed, 0xc0001000, 0x40200ff0, 12000, 3);
	put_entry(&seed, 0, 0xfff0000000000003);
	fuzz_save(&seed, directory, "three-pages");
}
