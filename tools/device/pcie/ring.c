// SPDX-License-Identifier: MIT
/*
 * Submission and completion rings: their registers, fetching a job, writing a record.
 */
#include "tools/device/pcie/internal.h"

/* ---- Registers: device lock held ---- */

static uint64_t register_pair(const struct eb_device *device, uint32_t low_offset)
{
	return (uint64_t)device->registers[low_offset / 4 + 1] << 32 |
	       device->registers[low_offset / 4];
}

static bool range_usable(uint64_t base, uint64_t size)
{
	uint64_t end = EDGEBERT_HW_PTE_ADDRESS + EDGEBERT_HW_PAGE_SIZE;

	return base != 0 && base % EDGEBERT_HW_RING_ALIGN == 0 && base < end && size <= end - base;
}

/* Takes all settings over, or none when one of them is unusable. */
bool eb_rings_configure(struct eb_device *device)
{
	uint32_t order = device->registers[EB_REG(RING_ORDER) / 4];
	struct eb_rings rings = {
		.submit_base = register_pair(device, EB_REG(SUBMIT_BASE_LO)),
		.complete_base = register_pair(device, EB_REG(COMPLETE_BASE_LO)),
		.context_table = register_pair(device, EB_REG(CONTEXT_TABLE_LO)),
	};

	if (order < EDGEBERT_HW_RING_ORDER_MIN || order > EDGEBERT_HW_RING_ORDER_MAX)
		return false;
	rings.entries = 1u << order;
	if (!range_usable(rings.submit_base, sizeof(struct edgebert_hw_job) << order) ||
	    !range_usable(rings.complete_base, sizeof(struct edgebert_hw_completion) << order) ||
	    !range_usable(rings.context_table,
			  sizeof(struct edgebert_hw_context) * EDGEBERT_HW_CONTEXT_COUNT))
		return false;
	device->rings = rings;
	return true;
}

bool eb_rings_overflow(const struct eb_device *device)
{
	return device->tail - device->head > device->rings.entries;
}

void eb_doorbell_written(struct eb_device *device, unsigned int index, uint32_t value)
{
	(void)index;
	if (device->fatal_code != EDGEBERT_HW_FATAL_NONE ||
	    eb_fault_fires(device, EB_FAULT_IGNORE_DOORBELL, 0))
		return;
	device->tail = value;
	/* While stopped the ring may still change: it is checked when it is enabled. */
	if (!device->enabled)
		return;
	if (eb_rings_overflow(device))
		eb_fatal(device, EDGEBERT_HW_FATAL_DOORBELL);
	else
		pthread_cond_broadcast(&device->work);
}

uint64_t eb_submit_head_read(struct eb_device *device, unsigned int index)
{
	(void)index;
	return device->head;
}

uint64_t eb_complete_tail_read(struct eb_device *device, unsigned int index)
{
	(void)index;
	return device->completed;
}

/* ---- The worker, lock not held ---- */

int eb_ring_fetch(struct eb_device *device, uint64_t address, struct edgebert_hw_job *ret_job)
{
	return eb_host_read(device, address, ret_job, sizeof(*ret_job));
}

/* The sequence number goes last: whoever sees it sees the whole record. */
int eb_ring_complete(struct eb_device *device, uint64_t address,
		     const struct edgebert_hw_completion *record)
{
	size_t body = offsetof(struct edgebert_hw_completion, sequence);
	int error;

	_Static_assert(offsetof(struct edgebert_hw_completion, sequence) + sizeof(__le32) ==
		       sizeof(struct edgebert_hw_completion), "sequence ends the record");
	error = eb_host_write(device, address, record, body);
	if (error)
		return error;
	return eb_host_write(device, address + body, &record->sequence, sizeof(record->sequence));
}
