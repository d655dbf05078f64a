// SPDX-License-Identifier: MIT
/*
 * The least a driver does: see the header.
 */
#include "tests/unit/pcie/host_driver.h"

#include <linux/pci_regs.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

/* Longer than anything takes under a sanitizer on a busy machine. */
#define PATIENCE_MS	60000

uint64_t test_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void test_sleep_ms(unsigned int ms)
{
	struct timespec time = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000l };

	nanosleep(&time, NULL);
}

/* ---- Registers and configuration space ---- */

uint32_t driver_register(struct host_driver *driver, uint32_t offset)
{
	uint32_t value;

	driver->read(driver->opaque, EB_DEVICE_REGISTERS, offset, &value, sizeof(value));
	return value;
}

uint64_t driver_register64(struct host_driver *driver, uint32_t offset)
{
	uint64_t low = driver_register(driver, offset);

	return (uint64_t)driver_register(driver, offset + 4) << 32 | low;
}

void driver_set_register(struct host_driver *driver, uint32_t offset, uint32_t value)
{
	driver->write(driver->opaque, EB_DEVICE_REGISTERS, offset, &value, sizeof(value));
}

static void set_register_pair(struct host_driver *driver, uint32_t low_offset, uint64_t value)
{
	driver_set_register(driver, low_offset, (uint32_t)value);
	driver_set_register(driver, low_offset + 4, value >> 32);
}

uint32_t driver_config(struct host_driver *driver, uint32_t offset, unsigned int size)
{
	uint32_t value = 0;

	driver->read(driver->opaque, EB_DEVICE_CONFIG, offset, &value, size);
	return value;
}

void driver_set_config(struct host_driver *driver, uint32_t offset, unsigned int size,
		       uint32_t value)
{
	driver->write(driver->opaque, EB_DEVICE_CONFIG, offset, &value, size);
}

uint32_t driver_find_capability(struct host_driver *driver, uint8_t id)
{
	uint32_t offset = driver_config(driver, PCI_CAPABILITY_LIST, 1);

	for (unsigned int steps = 0; offset != 0; steps++) {
		assert_in_range(offset, PCI_STD_HEADER_SIZEOF, 0xfc);
		assert_int_equal(offset % 4, 0);
		assert_in_range(steps, 0, 47);
		if (driver_config(driver, offset, 1) == id)
			return offset;
		offset = driver_config(driver, offset + 1, 1);
	}
	fail_msg("no capability 0x%x", id);
	return 0;
}

void driver_wait_status(struct host_driver *driver, uint32_t mask, uint32_t value)
{
	uint64_t deadline = test_now_ms() + PATIENCE_MS;

	while ((driver_register(driver, EDGEBERT_HW_REG_STATUS) & mask) != value) {
		if (test_now_ms() > deadline)
			fail_msg("STATUS stays 0x%x, wanted 0x%x of 0x%x",
				 driver_register(driver, EDGEBERT_HW_REG_STATUS), value, mask);
		test_sleep_ms(1);
	}
}

void driver_power_up(struct host_driver *driver)
{
	uint32_t msix = driver_find_capability(driver, PCI_CAP_ID_MSIX);

	driver_set_config(driver, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	driver_set_config(driver, msix + PCI_MSIX_FLAGS, 2, PCI_MSIX_FLAGS_ENABLE);
	driver_wait_status(driver, EDGEBERT_HW_STATUS_READY, EDGEBERT_HW_STATUS_READY);
}

/* ---- Memory ---- */

static void lock_memory(struct host_driver *driver)
{
	if (driver->memory_lock != NULL)
		pthread_mutex_lock(driver->memory_lock);
}

static void unlock_memory(struct host_driver *driver)
{
	if (driver->memory_lock != NULL)
		pthread_mutex_unlock(driver->memory_lock);
}

static void allow(struct host_driver *driver, uint64_t address, size_t size, bool write)
{
	if (driver->allow != NULL)
		driver->allow(driver->opaque, address, size, write);
}

uint64_t driver_allocate(struct host_driver *driver, size_t size)
{
	uint64_t address = MEMORY_BASE + driver->used;

	size = (size + EDGEBERT_HW_PAGE_SIZE - 1) & ~(size_t)(EDGEBERT_HW_PAGE_SIZE - 1);
	assert_true(size <= MEMORY_BYTES - driver->used);
	/* A page nobody may touch between any two allocations. */
	driver->used += size + EDGEBERT_HW_PAGE_SIZE;
	lock_memory(driver);
	memset(driver_at(driver, address), 0, size);
	unlock_memory(driver);
	return address;
}

void *driver_at(struct host_driver *driver, uint64_t bus_address)
{
	assert_in_range(bus_address, MEMORY_BASE, MEMORY_BASE + MEMORY_BYTES - 1);
	return driver->memory + (bus_address - MEMORY_BASE);
}

/* ---- Rings ---- */

static void enable(struct host_driver *driver)
{
	set_register_pair(driver, EDGEBERT_HW_REG_SUBMIT_BASE_LO, driver->submit);
	set_register_pair(driver, EDGEBERT_HW_REG_COMPLETE_BASE_LO, driver->complete);
	set_register_pair(driver, EDGEBERT_HW_REG_CONTEXT_TABLE_LO, driver->contexts);
	driver_set_register(driver, EDGEBERT_HW_REG_RING_ORDER, driver->order);
	driver_set_register(driver, EDGEBERT_HW_REG_IRQ_ENABLE, (1u << EDGEBERT_HW_IRQ_COUNT) - 1);
	driver_set_register(driver, EDGEBERT_HW_REG_CONTROL, EDGEBERT_HW_CONTROL_ENABLE);
	driver->submitted = 0;
}

void driver_start(struct host_driver *driver, uint32_t order)
{
	size_t submit_bytes = sizeof(struct edgebert_hw_job) << order;
	size_t complete_bytes = sizeof(struct edgebert_hw_completion) << order;
	size_t context_bytes = sizeof(struct edgebert_hw_context) * EDGEBERT_HW_CONTEXT_COUNT;

	driver->order = order;
	driver->submit = driver_allocate(driver, submit_bytes);
	driver->complete = driver_allocate(driver, complete_bytes);
	driver->contexts = driver_allocate(driver, context_bytes);
	allow(driver, driver->submit, submit_bytes, false);
	allow(driver, driver->complete, complete_bytes, true);
	allow(driver, driver->contexts, context_bytes, false);
	enable(driver);
	assert_int_equal(driver_register(driver, EDGEBERT_HW_REG_CONTROL),
			 EDGEBERT_HW_CONTROL_ENABLE);
}

void driver_clear_records(struct host_driver *driver)
{
	lock_memory(driver);
	memset(driver_at(driver, driver->complete), 0,
	       sizeof(struct edgebert_hw_completion) << driver->order);
	unlock_memory(driver);
}

void driver_restart(struct host_driver *driver)
{
	driver_clear_records(driver);
	enable(driver);
}

/* ---- Page tables ---- */

void driver_add_context(struct host_driver *driver, uint32_t context)
{
	struct edgebert_hw_context *entry = driver_at(driver, driver->contexts);
	uint64_t directory[4];

	for (unsigned int i = 0; i < 4; i++) {
		directory[i] = driver_allocate(driver, EDGEBERT_HW_PAGE_SIZE);
		allow(driver, directory[i], EDGEBERT_HW_PAGE_SIZE, false);
	}
	lock_memory(driver);
	entry[context].flags = EDGEBERT_HW_CONTEXT_VALID;
	for (unsigned int i = 0; i < 4; i++)
		entry[context].directory[i] = directory[i] | EDGEBERT_HW_PTE_VALID;
	unlock_memory(driver);
}

static uint64_t *directory_slot(struct host_driver *driver, uint32_t context, uint32_t address)
{
	struct edgebert_hw_context *entry = driver_at(driver, driver->contexts);
	uint64_t directory = entry[context].directory[address >> 30] & EDGEBERT_HW_PTE_ADDRESS;

	return (uint64_t *)driver_at(driver, directory) + (address >> 21 & 511);
}

static uint64_t *table_slot(struct host_driver *driver, uint32_t context, uint32_t address)
{
	uint64_t *slot = directory_slot(driver, context, address);

	if (*slot == 0) {
		uint64_t table = driver_allocate(driver, EDGEBERT_HW_PAGE_SIZE);

		allow(driver, table, EDGEBERT_HW_PAGE_SIZE, false);
		lock_memory(driver);
		*slot = table | EDGEBERT_HW_PTE_VALID;
		unlock_memory(driver);
	}
	return (uint64_t *)driver_at(driver, *slot & EDGEBERT_HW_PTE_ADDRESS) +
	       (address >> 12 & 511);
}

void driver_set_entry(struct host_driver *driver, uint32_t context, uint32_t address,
		      uint64_t entry)
{
	uint64_t *slot = table_slot(driver, context, address);

	lock_memory(driver);
	*slot = entry;
	unlock_memory(driver);
}

uint64_t driver_entry(struct host_driver *driver, uint32_t context, uint32_t address)
{
	return *table_slot(driver, context, address);
}

uint64_t driver_map(struct host_driver *driver, uint32_t context, uint32_t address, size_t size,
		    bool writable)
{
	uint64_t bus_address = driver_allocate(driver, size);

	allow(driver, bus_address, size, writable);
	for (size_t offset = 0; offset < size; offset += EDGEBERT_HW_PAGE_SIZE)
		driver_set_entry(driver, context, address + offset,
				 (bus_address + offset) | EDGEBERT_HW_PTE_VALID |
				 (writable ? EDGEBERT_HW_PTE_WRITE : 0));
	return bus_address;
}

void driver_update_context(struct host_driver *driver, uint32_t context)
{
	uint64_t deadline = test_now_ms() + PATIENCE_MS;

	driver_set_register(driver, EDGEBERT_HW_REG_CONTEXT_UPDATE, context);
	while (driver_register(driver, EDGEBERT_HW_REG_CONTEXT_UPDATE_BUSY) != 0) {
		assert_true(test_now_ms() < deadline);
		test_sleep_ms(1);
	}
}

/* ---- Jobs ---- */

struct edgebert_hw_job driver_job(uint32_t context, uint32_t stream, uint32_t commands)
{
	return (struct edgebert_hw_job) {
		.cookie = 0x1122334455667788ull + context,
		.context = context,
		.stream_address = stream,
		.stream_commands = commands,
		.sequence_length = 16,
		.operating_point = EDGEBERT_HW_OPERATING_POINT_DEFAULT,
		.window_high = 0xff,
	};
}

uint32_t driver_queue(struct host_driver *driver, const struct edgebert_hw_job *job)
{
	struct edgebert_hw_job *ring = driver_at(driver, driver->submit);

	lock_memory(driver);
	ring[driver->submitted % (1u << driver->order)] = *job;
	unlock_memory(driver);
	return ++driver->submitted;
}

uint32_t driver_submit(struct host_driver *driver, const struct edgebert_hw_job *job)
{
	uint32_t number = driver_queue(driver, job);

	driver_set_register(driver, EDGEBERT_HW_REG_SUBMIT_DOORBELL, driver->submitted);
	return number;
}

bool driver_poll(struct host_driver *driver, uint32_t number, unsigned int timeout_ms,
		 struct edgebert_hw_completion *ret_record)
{
	struct edgebert_hw_completion *ring = driver_at(driver, driver->complete);
	struct edgebert_hw_completion *record = &ring[(number - 1) % (1u << driver->order)];
	uint64_t deadline = test_now_ms() + timeout_ms;

	while (__atomic_load_n(&record->sequence, __ATOMIC_ACQUIRE) != number) {
		if (test_now_ms() >= deadline)
			return false;
		test_sleep_ms(1);
	}
	lock_memory(driver);
	*ret_record = *record;
	unlock_memory(driver);
	return true;
}

struct edgebert_hw_completion driver_wait(struct host_driver *driver, uint32_t number)
{
	struct edgebert_hw_completion record;

	if (!driver_poll(driver, number, PATIENCE_MS, &record))
		fail_msg("no completion record %u (STATUS 0x%x)", number,
			 driver_register(driver, EDGEBERT_HW_REG_STATUS));
	return record;
}

/* ---- Commands ---- */

struct edgebert_hw_command command_end(void)
{
	return (struct edgebert_hw_command) { .opcode = EDGEBERT_HW_OP_END };
}

struct edgebert_hw_command command_copy(uint32_t source, uint32_t destination, uint32_t bytes)
{
	return (struct edgebert_hw_command) {
		.opcode = EDGEBERT_HW_OP_COPY,
		.copy = {
			.source = source, .destination = destination,
			.source_stride = bytes, .destination_stride = bytes,
			.row_bytes = bytes, .rows = 1,
		},
	};
}

struct edgebert_hw_command command_busy(void)
{
	return (struct edgebert_hw_command) {
		.opcode = EDGEBERT_HW_OP_SOFTMAX,
		.softmax = {
			.input = EDGEBERT_HW_OPERAND(EDGEBERT_HW_SEGMENT_DATA0, 0),
			.output = EDGEBERT_HW_OPERAND(EDGEBERT_HW_SEGMENT_DATA1, 0),
			.input_stride = 128, .output_stride = 128,
			.rows = 128, .columns = 128,
		},
	};
}
