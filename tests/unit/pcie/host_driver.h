/* SPDX-License-Identifier: MIT */
/*
 * The least a driver does: memory, page tables, rings and jobs by hand.
 *
 * Used by the tests of the PCIe function, where accesses are calls, and by those of the
 * vfio-user server, where they are messages.  Everything asserts; a test that sees one
 * of these fail has found the device not answering as documented.
 */
#ifndef EDGEBERT_TESTS_PCIE_HOST_DRIVER_H
#define EDGEBERT_TESTS_PCIE_HOST_DRIVER_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/edgebert_hw.h"
#include "tools/device/pcie/device.h"

/* Where guest memory begins on the bus: above 4 GiB, so that high words matter. */
#define MEMORY_BASE	0x140000000ull
#define MEMORY_BYTES	(16u << 20)

struct host_driver {
	void *opaque;
	void (*read)(void *opaque, enum eb_device_region region, uint32_t offset, void *data,
		     size_t size);
	void (*write)(void *opaque, enum eb_device_region region, uint32_t offset,
		      const void *data, size_t size);
	/* Optional: guards memory where device and test share the mapping. */
	pthread_mutex_t *memory_lock;
	/* Optional: told which pages the device may touch, and how. */
	void (*allow)(void *opaque, uint64_t address, size_t size, bool write);

	uint8_t *memory;
	size_t used;
	uint32_t order;
	uint64_t submit, complete, contexts;	/* bus addresses */
	uint32_t submitted;			/* jobs since the rings were reset */
};

uint32_t driver_register(struct host_driver *driver, uint32_t offset);
uint64_t driver_register64(struct host_driver *driver, uint32_t offset);
void driver_set_register(struct host_driver *driver, uint32_t offset, uint32_t value);
uint32_t driver_config(struct host_driver *driver, uint32_t offset, unsigned int size);
void driver_set_config(struct host_driver *driver, uint32_t offset, unsigned int size,
		       uint32_t value);
/* Offset of a capability in configuration space; fails the test when it is not there. */
uint32_t driver_find_capability(struct host_driver *driver, uint8_t id);

/* Zeroed whole pages of guest memory. */
uint64_t driver_allocate(struct host_driver *driver, size_t size);
void *driver_at(struct host_driver *driver, uint64_t bus_address);

/* Memory decoding, bus mastering and MSI-X on; waits until the function is ready. */
void driver_power_up(struct host_driver *driver);
/* New rings and context table; all interrupts enabled; CONTROL.ENABLE set. */
void driver_start(struct host_driver *driver, uint32_t order);
/* Records of earlier jobs must not be taken for those of later ones. */
void driver_clear_records(struct host_driver *driver);
/* As after a reset: the same rings, cleared. */
void driver_restart(struct host_driver *driver);
void driver_wait_status(struct host_driver *driver, uint32_t mask, uint32_t value);

/* A context with empty directories for all of the address space. */
void driver_add_context(struct host_driver *driver, uint32_t context);
/* Sets a page's entry, raw; makes the table if there is none.  No CONTEXT_UPDATE. */
void driver_set_entry(struct host_driver *driver, uint32_t context, uint32_t address,
		      uint64_t entry);
uint64_t driver_entry(struct host_driver *driver, uint32_t context, uint32_t address);
/* Allocates and maps size bytes; returns the bus address. */
uint64_t driver_map(struct host_driver *driver, uint32_t context, uint32_t address, size_t size,
		    bool writable);
void driver_update_context(struct host_driver *driver, uint32_t context);

/* A job that runs `commands` commands at `stream` at the default point. */
struct edgebert_hw_job driver_job(uint32_t context, uint32_t stream, uint32_t commands);
/* Puts a job in the ring without ringing the doorbell; returns its number, from 1. */
uint32_t driver_queue(struct host_driver *driver, const struct edgebert_hw_job *job);
uint32_t driver_submit(struct host_driver *driver, const struct edgebert_hw_job *job);
/* False: record number `number` is not there within the time. */
bool driver_poll(struct host_driver *driver, uint32_t number, unsigned int timeout_ms,
		 struct edgebert_hw_completion *ret_record);
struct edgebert_hw_completion driver_wait(struct host_driver *driver, uint32_t number);

/* Commands that tests use. */
struct edgebert_hw_command command_end(void);
struct edgebert_hw_command command_copy(uint32_t source, uint32_t destination, uint32_t bytes);
/* Works for about a tenth of a millisecond, on chip. */
struct edgebert_hw_command command_busy(void);

uint64_t test_now_ms(void);
void test_sleep_ms(unsigned int ms);

#endif /* EDGEBERT_TESTS_PCIE_HOST_DRIVER_H */
