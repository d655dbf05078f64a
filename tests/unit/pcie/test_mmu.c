// SPDX-License-Identifier: MIT
/*
 * The MMU by itself: walks, faults, permissions, the translation cache.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/pcie/board.h"
#include "tools/device/pcie/context.h"

#define WITH_BOARD(test)	cmocka_unit_test_setup_teardown(test, board_setup, board_teardown)
#define PAGE			EDGEBERT_HW_PAGE_SIZE
#define CONTEXT			3

/* The worker has nothing to do in these tests: this thread takes its place. */
static struct eb_job_memory *job_memory(struct board *board)
{
	static struct eb_job_memory memory;

	eb_job_memory_init(&memory, board->device, CONTEXT, board->driver.contexts);
	return &memory;
}

static int read_byte(struct eb_job_memory *memory, uint32_t address)
{
	uint8_t byte;

	return eb_mmu_read(memory, address, &byte, 1);
}

static int write_byte(struct eb_job_memory *memory, uint32_t address)
{
	uint8_t byte = 0x5a;

	return eb_mmu_write(memory, address, &byte, 1);
}

static void pages_in_all_directories_translate(void **state)
{
	struct board *board = *state;
	struct host_driver *driver = &board->driver;
	const uint32_t addresses[] = {
		0, 0x1000, 0x1ff000, 0x200000, 0x3ffff000, 0x40000000, 0x80000000, 0xc0201000,
		0xfffff000,
	};
	struct eb_job_memory *memory;

	driver_add_context(driver, CONTEXT);
	memory = job_memory(board);
	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		uint64_t bus = driver_map(driver, CONTEXT, addresses[i], PAGE, true);
		uint32_t written = 0x1000 + i, read = 0;

		assert_int_equal(eb_mmu_write(memory, addresses[i] + PAGE - 4, &written, 4), 0);
		assert_memory_equal(driver_at(driver, bus + PAGE - 4), &written, 4);
		assert_int_equal(eb_mmu_read(memory, addresses[i] + PAGE - 4, &read, 4), 0);
		assert_int_equal(read, written);
	}
}

static void accesses_cross_pages_that_are_apart(void **state)
{
	struct board *board = *state;
	struct host_driver *driver = &board->driver;
	uint8_t pattern[3 * PAGE], back[3 * PAGE];
	struct eb_job_memory *memory;
	uint64_t bus[4];

	driver_add_context(driver, CONTEXT);
	/* Bus addresses in the opposite order of the virtual ones. */
	for (unsigned int i = 4; i-- > 0;)
		bus[i] = driver_map(driver, CONTEXT, 0x3ffff000 + i * PAGE, PAGE, true);
	for (size_t i = 0; i < sizeof(pattern); i++)
		pattern[i] = i * 7 + i / 256;
	memory = job_memory(board);
	assert_int_equal(eb_mmu_write(memory, 0x3ffff000 + 100, pattern, sizeof(pattern)), 0);
	assert_memory_equal(driver_at(driver, bus[0] + 100), pattern, PAGE - 100);
	assert_memory_equal(driver_at(driver, bus[1]), pattern + PAGE - 100, PAGE);
	assert_memory_equal(driver_at(driver, bus[2]), pattern + 2 * PAGE - 100, PAGE);
	assert_memory_equal(driver_at(driver, bus[3]), pattern + 3 * PAGE - 100, 100);
	assert_int_equal(eb_mmu_read(memory, 0x3ffff000 + 100, back, sizeof(back)), 0);
	assert_memory_equal(back, pattern, sizeof(pattern));
}

static void missing_entries_are_not_mapped(void **state)
{
	struct board *board = *state;
	struct host_driver *driver = &board->driver;
	struct edgebert_hw_context *contexts = driver_at(driver, driver->contexts);
	struct eb_job_memory *memory;
	uint64_t bus;

	driver_add_context(driver, CONTEXT);
	bus = driver_map(driver, CONTEXT, 0x5000, PAGE, true);
	contexts[CONTEXT].directory[2] = 0;
	memory = job_memory(board);
	assert_int_equal(read_byte(memory, 0x5000), EDGEBERT_HW_OK);
	assert_int_equal(read_byte(memory, 0x4000), EDGEBERT_HW_PAGE_NOT_MAPPED);	/* entry */
	assert_int_equal(read_byte(memory, 0x200000), EDGEBERT_HW_PAGE_NOT_MAPPED);	/* table */
	assert_int_equal(read_byte(memory, 0x80000000), EDGEBERT_HW_PAGE_NOT_MAPPED);	/* directory */
	/* Without VALID the rest does not count. */
	driver_set_entry(driver, CONTEXT, 0x6000, bus | EDGEBERT_HW_PTE_WRITE | 0xff0);
	assert_int_equal(read_byte(memory, 0x6000), EDGEBERT_HW_PAGE_NOT_MAPPED);
}

static void an_access_stops_at_the_first_missing_page(void **state)
{
	struct board *board = *state;
	struct host_driver *driver = &board->driver;
	uint8_t bytes[64];
	uint64_t bus;

	driver_add_context(driver, CONTEXT);
	bus = driver_map(driver, CONTEXT, 0x7000, PAGE, true);
	memset(bytes, 0x33, sizeof(bytes));
	assert_int_equal(eb_mmu_write(job_memory(board), 0x7fe0, bytes, sizeof(bytes)),
			 EDGEBERT_HW_PAGE_NOT_MAPPED);
	assert_int_equal(*(uint8_t *)driver_at(driver, bus + PAGE - 1), 0x33);
}

static void read_only_pages_refuse_writes(void **state)
{
	struct board *board = *state;
	struct host_driver *driver = &board->driver;
	struct eb_job_memory *memory;

	driver_add_context(driver, CONTEXT);
	driver_map(driver, CONTEXT, 0x8000, PAGE, false);
	memory = job_memory(board);
	assert_int_equal(write_byte(memory, 0x8000), EDGEBERT_HW_PAGE_READ_ONLY);
	assert_int_equal(read_byte(memory, 0x8000), EDGEBERT_HW_OK);
	assert_int_equal(write_byte(memory, 0x8000), EDGEBERT_HW_PAGE_READ_ONLY);
}

/* Each bit that means nothing, at each level, is a fault. */
static void reserved_bits_are_faults(void **state)
{
	struct board *board = *state;
	struct host_driver *driver = &board->driver;
	struct edgebert_hw_context *contexts = driver_at(driver, driver->contexts);
	uint64_t bus, *directory, root, table, flags;

	driver_add_context(driver, CONTEXT);
	bus = driver_map(driver, CONTEXT, 0x9000, PAGE, true);
	root = contexts[CONTEXT].directory[0];
	directory = driver_at(driver, root & EDGEBERT_HW_PTE_ADDRESS);
	table = directory[0];
	flags = EDGEBERT_HW_PTE_VALID | EDGEBERT_HW_PTE_ADDRESS;
	for (unsigned int bit = 0; bit < 64; bit++) {
		uint64_t mask = 1ull << bit;

		if (mask & flags)
			continue;
		contexts[CONTEXT].directory[0] = root | mask;
		driver_update_context(driver, CONTEXT);
		assert_int_equal(read_byte(job_memory(board), 0x9000),
				 EDGEBERT_HW_PAGE_TABLE_INVALID);
		contexts[CONTEXT].directory[0] = root;
		driver_update_context(driver, CONTEXT);
		directory[0] = table | mask;
		assert_int_equal(read_byte(job_memory(board), 0x9000),
				 EDGEBERT_HW_PAGE_TABLE_INVALID);
		directory[0] = table;
		driver_set_entry(driver, CONTEXT, 0x9000, bus | EDGEBERT_HW_PTE_VALID | mask);
		assert_int_equal(read_byte(job_memory(board), 0x9000),
				 mask == EDGEBERT_HW_PTE_WRITE ? EDGEBERT_HW_OK :
								 EDGEBERT_HW_PAGE_TABLE_INVALID);
	}
}

static void unreadable_tables_and_pages_are_told_apart(void **state)
{
	struct board *board = *state;
	struct host_driver *driver = &board->driver;
	const uint64_t nowhere = MEMORY_BASE + MEMORY_BYTES + 0x10000;
	struct edgebert_hw_context *contexts = driver_at(driver, driver->contexts);

	driver_add_context(driver, CONTEXT);
	driver_map(driver, CONTEXT, 0xa000, PAGE, true);
	driver_set_entry(driver, CONTEXT, 0xb000, nowhere | EDGEBERT_HW_PTE_VALID);
	assert_int_equal(read_byte(job_memory(board), 0xb000), EDGEBERT_HW_BUS_ERROR);
	((uint64_t *)driver_at(driver, contexts[CONTEXT].directory[0] & EDGEBERT_HW_PTE_ADDRESS))[0] =
		nowhere | EDGEBERT_HW_PTE_VALID;
	assert_int_equal(read_byte(job_memory(board), 0xa000), EDGEBERT_HW_PAGE_TABLE_INVALID);
	contexts[CONTEXT].directory[0] = nowhere | EDGEBERT_HW_PTE_VALID;
	driver_update_context(driver, CONTEXT);
	assert_int_equal(read_byte(job_memory(board), 0xa000), EDGEBERT_HW_PAGE_TABLE_INVALID);
}

static void the_address_space_ends_and_does_not_wrap(void **state)
{
	struct board *board = *state;
	struct host_driver *driver = &board->driver;
	struct eb_job_memory *memory;
	uint8_t bytes[16] = { 0 };

	driver_add_context(driver, CONTEXT);
	driver_map(driver, CONTEXT, 0, PAGE, true);
	driver_map(driver, CONTEXT, 0xfffff000, PAGE, true);
	memory = job_memory(board);
	assert_int_equal(eb_mmu_read(memory, 0xfffffff0, bytes, 16), EDGEBERT_HW_OK);
	assert_int_equal(eb_mmu_read(memory, 0xfffffff1, bytes, 16), EDGEBERT_HW_PAGE_NOT_MAPPED);
	assert_int_equal(eb_mmu_write(memory, 0xfffffff8, bytes, 16), EDGEBERT_HW_PAGE_NOT_MAPPED);
	assert_int_equal(eb_mmu_read(memory, 0, bytes, 0), EDGEBERT_HW_OK);
}

static void translations_are_kept_until_the_context_is_updated(void **state)
{
	struct board *board = *state;
	struct host_driver *driver = &board->driver;
	uint64_t first, second;
	struct eb_job_memory *memory;
	uint8_t byte;

	driver_add_context(driver, CONTEXT);
	first = driver_map(driver, CONTEXT, 0xc000, PAGE, true);
	second = driver_map(driver, CONTEXT, 0xd000, PAGE, true);
	*(uint8_t *)driver_at(driver, first) = 1;
	*(uint8_t *)driver_at(driver, second) = 2;
	memory = job_memory(board);
	assert_int_equal(eb_mmu_read(memory, 0xc000, &byte, 1), 0);
	assert_int_equal(byte, 1);

	driver_set_entry(driver, CONTEXT, 0xc000, second | EDGEBERT_HW_PTE_VALID);
	assert_int_equal(eb_mmu_read(memory, 0xc000, &byte, 1), 0);
	assert_int_equal(byte, 1);
	/* Another context's update changes nothing here. */
	driver_update_context(driver, CONTEXT + 1);
	assert_int_equal(eb_mmu_read(memory, 0xc000, &byte, 1), 0);
	assert_int_equal(byte, 1);
	driver_update_context(driver, CONTEXT);
	assert_int_equal(eb_mmu_read(memory, 0xc000, &byte, 1), 0);
	assert_int_equal(byte, 2);
	assert_int_equal(write_byte(memory, 0xc000), EDGEBERT_HW_PAGE_READ_ONLY);

	driver_set_entry(driver, CONTEXT, 0xc000, 0);
	driver_update_context(driver, CONTEXT);
	assert_int_equal(read_byte(memory, 0xc000), EDGEBERT_HW_PAGE_NOT_MAPPED);
}

static void many_pages_share_the_cache_without_mixing(void **state)
{
	struct board *board = *state;
	struct host_driver *driver = &board->driver;
	const uint32_t distance = EB_TLB_ENTRIES * PAGE;
	struct eb_job_memory *memory;
	uint32_t value;

	driver_add_context(driver, CONTEXT);
	/* These all fall into one slot of the cache. */
	for (uint32_t i = 0; i < 8; i++) {
		uint64_t bus = driver_map(driver, CONTEXT, i * distance, PAGE, false);

		*(uint32_t *)driver_at(driver, bus) = i + 100;
	}
	memory = job_memory(board);
	for (uint32_t round = 0; round < 3; round++) {
		for (uint32_t i = 0; i < 8; i++) {
			assert_int_equal(eb_mmu_read(memory, i * distance, &value, 4), 0);
			assert_int_equal(value, i + 100);
		}
	}
}

static void context_entries_must_be_valid_and_clean(void **state)
{
	struct board *board = *state;
	struct host_driver *driver = &board->driver;
	struct edgebert_hw_context *entry = driver_at(driver, driver->contexts), good;

	entry += CONTEXT;
	driver_add_context(driver, CONTEXT);
	driver_map(driver, CONTEXT, 0xe000, PAGE, false);
	good = *entry;
	for (unsigned int i = 0; i < 6; i++) {
		*entry = good;
		switch (i) {
		case 0:
			entry->flags = 0;
			break;
		case 1:
			entry->flags |= 2;
			break;
		case 2:
			entry->reserved0 = 1;
			break;
		default:
			entry->reserved1[i - 3] = 1ull << 63;
		}
		driver_update_context(driver, CONTEXT);
		assert_int_equal(read_byte(job_memory(board), 0xe000), EDGEBERT_HW_BAD_CONTEXT);
	}
	*entry = good;
	driver_update_context(driver, CONTEXT);
	assert_int_equal(read_byte(job_memory(board), 0xe000), EDGEBERT_HW_OK);
}

/* Random entries and random accesses: the oracle of the board sees every page touched. */
static void random_tables_never_lead_astray(void **state)
{
	struct board *board = *state;
	struct host_driver *driver = &board->driver;
	unsigned int outcomes[EDGEBERT_HW_STATUS_COUNT] = { 0 };
	struct eb_job_memory *memory;
	uint8_t bytes[3 * PAGE];

	driver_add_context(driver, CONTEXT);
	for (uint32_t page = 0; page < 64; page++)
		driver_map(driver, CONTEXT, page * PAGE, PAGE, page % 3 != 0);
	srand(1);
	memory = job_memory(board);
	memset(bytes, 0, sizeof(bytes));
	for (unsigned int i = 0; i < 20000; i++) {
		uint32_t address = (uint32_t)rand() % (80 * PAGE);
		size_t size = (uint32_t)rand() % sizeof(bytes);
		uint32_t page = (uint32_t)rand() % 64 * PAGE;
		int status;

		if (rand() % 8 == 0) {
			uint64_t entry = driver_entry(driver, CONTEXT, page);

			/* Any flag, but only ever the page's own address, or none. */
			driver_set_entry(driver, CONTEXT, page,
					 (entry ^ 1ull << rand() % 2) | EDGEBERT_HW_PTE_VALID);
			if (rand() % 4 == 0)
				driver_set_entry(driver, CONTEXT, page, entry & ~3ull);
			if (page / PAGE % 3 == 0)	/* memory the oracle has read-only */
				driver_set_entry(driver, CONTEXT, page,
						 driver_entry(driver, CONTEXT, page) & ~2ull);
			driver_update_context(driver, CONTEXT);
		}
		status = rand() % 2 ? eb_mmu_read(memory, address, bytes, size) :
				      eb_mmu_write(memory, address, bytes, size);
		outcomes[status]++;
	}
	assert_true(outcomes[EDGEBERT_HW_OK] > 1000);
	assert_true(outcomes[EDGEBERT_HW_PAGE_NOT_MAPPED] > 1000);
	assert_true(outcomes[EDGEBERT_HW_PAGE_READ_ONLY] > 1000);
	assert_int_equal(outcomes[EDGEBERT_HW_BUS_ERROR], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_BOARD(pages_in_all_directories_translate),
		WITH_BOARD(accesses_cross_pages_that_are_apart),
		WITH_BOARD(missing_entries_are_not_mapped),
		WITH_BOARD(an_access_stops_at_the_first_missing_page),
		WITH_BOARD(read_only_pages_refuse_writes),
		WITH_BOARD(reserved_bits_are_faults),
		WITH_BOARD(unreadable_tables_and_pages_are_told_apart),
		WITH_BOARD(the_address_space_ends_and_does_not_wrap),
		WITH_BOARD(translations_are_kept_until_the_context_is_updated),
		WITH_BOARD(many_pages_share_the_cache_without_mixing),
		WITH_BOARD(context_entries_must_be_valid_and_clean),
		WITH_BOARD(random_tables_never_lead_astray),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
