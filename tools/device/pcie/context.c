// SPDX-License-Identifier: MIT
/*
 * Contexts: the cached entries of the context table, CONTEXT_ABORT and CONTEXT_UPDATE.
 */
#include "tools/device/pcie/context.h"

/* ---- Registers: the transport's thread, device lock held ---- */

void eb_context_abort_written(struct eb_device *device, unsigned int index, uint32_t value)
{
	(void)index;
	if (value >= EDGEBERT_HW_CONTEXT_COUNT) {
		eb_event(device, "CONTEXT_ABORT of context %u ignored: there is none", value);
		return;
	}
	if (eb_fault_fires(device, EB_FAULT_IGNORE_ABORT, value))
		return;
	device->contexts[value].aborted = true;
	if (device->executing && device->executing_context == value) {
		eb_core_abort(device->core);
		/* A paced job may be past computing and only waiting for its time. */
		pthread_cond_broadcast(&device->work);
	}
}

void eb_context_update_written(struct eb_device *device, unsigned int index, uint32_t value)
{
	struct eb_gate *gate = &device->gate;

	(void)index;
	if (value >= EDGEBERT_HW_CONTEXT_COUNT) {
		eb_event(device, "CONTEXT_UPDATE of context %u ignored: there is none", value);
		return;
	}
	if (eb_fault_fires(device, EB_FAULT_STUCK_UPDATE, value))
		device->faults.update_stuck = true;
	device->contexts[value].aborted = false;
	atomic_fetch_add(&device->contexts[value].generation, 1);
	pthread_mutex_lock(&gate->lock);
	gate->update_pending = gate->accessing;
	pthread_mutex_unlock(&gate->lock);
}

uint64_t eb_context_update_busy_read(struct eb_device *device, unsigned int index)
{
	bool pending;

	(void)index;
	pthread_mutex_lock(&device->gate.lock);
	pending = device->gate.update_pending;
	pthread_mutex_unlock(&device->gate.lock);
	return pending || device->faults.update_stuck;
}

/* ---- The worker, inside the gate ---- */

static bool entry_valid(const struct edgebert_hw_context *entry)
{
	if (entry->flags != EDGEBERT_HW_CONTEXT_VALID || entry->reserved0 != 0)
		return false;
	for (unsigned int i = 0; i < 3; i++) {
		if (entry->reserved1[i] != 0)
			return false;
	}
	return true;
}

int eb_context_load(struct eb_job_memory *memory)
{
	struct eb_context_state *context = &memory->device->contexts[memory->context];
	unsigned int generation = atomic_load(&context->generation);

	if (!context->loaded || context->loaded_generation != generation) {
		uint64_t address = memory->table_base +
				   memory->context * sizeof(struct edgebert_hw_context);

		context->loaded = false;
		if (eb_host_read_inside(memory->device, address, &context->entry,
					sizeof(context->entry))) {
			memory->table_failed = true;
			return EDGEBERT_HW_BUS_ERROR;
		}
		context->loaded = true;
		context->loaded_generation = generation;
	}
	return entry_valid(&context->entry) ? EDGEBERT_HW_OK : EDGEBERT_HW_BAD_CONTEXT;
}
