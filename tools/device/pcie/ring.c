// SPDX-License-Identifier: MIT
/*
 * Submission and completion rings: their registers, fetching a job, writing a record.
 */
#include "tools/device/pcie/internal.h"

#define EB_RUNG_PLACES	(1u << EDGEBERT_HW_RING_ORDER_MAX)
#define NS_PER_US	1000u

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

/* For jobs that count the time they wait here. */
static void note_time(struct eb_device *device, uint32_t tail)
{
	const uint64_t now = eb_device_time(device);

	/* What moves the doorbell back or too far is no job. */
	if (tail - device->tail > EB_RUNG_PLACES)
		return;
	for (uint32_t position = device->tail; position != tail; position++)
		device->rung_ns[position % EB_RUNG_PLACES] = now;
}

/*
 * With JOB_QUEUE_TIME the time since the doorbell is part of the target that is spent; what is
 * no autonomous job keeps the flag, which makes it a bad one.
 */
void eb_ring_add_queue_time(struct eb_device *device, uint32_t position,
			    struct edgebert_hw_job *job)
{
	const uint16_t flags = EDGEBERT_HW_JOB_AUTONOMOUS | EDGEBERT_HW_JOB_QUEUE_TIME;
	uint64_t elapsed_us;

	if ((job->flags & flags) != flags)
		return;
	elapsed_us = job->elapsed_us + (eb_device_time(device) -
		     device->rung_ns[position % EB_RUNG_PLACES] + NS_PER_US - 1) / NS_PER_US;
	job->elapsed_us = elapsed_us < UINT32_MAX ? (uint32_t)elapsed_us : UINT32_MAX;
	job->flags &= (uint16_t)~EDGEBERT_HW_JOB_QUEUE_TIME;
}

void eb_doorbell_written(struct eb_device *device, unsigned int index, uint32_t value)
{
	(void)index;
	if (device->fatal_code != EDGEBERT_HW_FATAL_NONE ||
	    eb_fault_fires(device, EB_FAULT_IGNORE_DOORBELL, 0))
		return;
	note_time(device, value);
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
