// SPDX-License-Identifier: MIT
/*
 * CONTROL, STATUS, fatal errors and resets.
 *
 * A reset takes effect at once for everything a host can see, and no DMA happens after
 * it; the job that was running is told to stop and its result is dropped.  Only until the
 * worker has let go of that job does STATUS.RESETTING stay set.
 */
#include <string.h>

#include "tools/device/pcie/internal.h"

void eb_fatal(struct eb_device *device, uint32_t code)
{
	eb_event(device, "fatal error %u: rings stopped until a reset", code);
	device->fatal_code = code;
	device->enabled = false;
	eb_interrupt_cause(device, EDGEBERT_HW_IRQ_ERROR);
}

static void forget_contexts(struct eb_device *device)
{
	for (uint32_t i = 0; i < EDGEBERT_HW_CONTEXT_COUNT; i++) {
		device->contexts[i].aborted = false;
		atomic_fetch_add(&device->contexts[i].generation, 1);
	}
}

static void reset_rings(struct eb_device *device)
{
	device->enabled = false;
	device->fatal_code = EDGEBERT_HW_FATAL_NONE;
	device->head = 0;
	device->tail = 0;
	device->completed = 0;
	device->registers[EB_REG(IRQ_STATUS) / 4] = 0;
	device->registers[EB_REG(DVFS_CURRENT) / 4] = 0;
	forget_contexts(device);
}

void eb_reset(struct eb_device *device, enum eb_reset_kind kind)
{
	/* First of all: nothing that runs now may touch host memory again. */
	device->reset_pending = true;
	eb_fault_reset(device, kind);
	eb_gate_update(device);
	if (device->executing)
		eb_core_abort(device->core);

	reset_rings(device);
	eb_envm_reset(device, kind);
	if (kind >= EB_RESET_FUNCTION) {
		eb_registers_reset(device);
		eb_msix_reset(device);
		eb_config_reset(device);
	}
	if (kind >= EB_RESET_POWER) {
		memset(&device->counters, 0, sizeof(device->counters));
		device->power_on_ns = eb_now_ns();
		eb_thermal_power_on(device);
	}
	if (device->working)
		pthread_cond_broadcast(&device->work);
	else
		eb_reset_finish(device);
}

/* Nothing of the time before the reset is left. */
void eb_reset_finish(struct eb_device *device)
{
	if (eb_fault_holds_reset(device))
		return;
	device->reset_pending = false;
	eb_gate_update(device);
}

static void enable(struct eb_device *device)
{
	if (device->fatal_code != EDGEBERT_HW_FATAL_NONE)
		return;
	if (!eb_rings_configure(device)) {
		eb_fatal(device, EDGEBERT_HW_FATAL_CONFIGURATION);
		return;
	}
	if (eb_rings_overflow(device)) {
		eb_fatal(device, EDGEBERT_HW_FATAL_DOORBELL);
		return;
	}
	device->enabled = true;
	/* The context table may be another one now; aborts stay in force. */
	for (uint32_t i = 0; i < EDGEBERT_HW_CONTEXT_COUNT; i++)
		atomic_fetch_add(&device->contexts[i].generation, 1);
	pthread_cond_broadcast(&device->work);
}

void eb_control_written(struct eb_device *device, unsigned int index, uint32_t value)
{
	(void)index;
	if (value & EDGEBERT_HW_CONTROL_CORE_RESET)
		eb_reset(device, EB_RESET_CORE);
	else if (!(value & EDGEBERT_HW_CONTROL_ENABLE))
		device->enabled = false;
	else if (!device->enabled)
		enable(device);
}

uint64_t eb_control_read(struct eb_device *device, unsigned int index)
{
	(void)index;
	return (device->enabled ? EDGEBERT_HW_CONTROL_ENABLE : 0) |
	       (device->reset_pending ? EDGEBERT_HW_CONTROL_CORE_RESET : 0);
}

uint64_t eb_status_read(struct eb_device *device, unsigned int index)
{
	uint32_t status = device->fatal_code << 16;

	(void)index;
	status |= device->reset_pending ? EDGEBERT_HW_STATUS_RESETTING : EDGEBERT_HW_STATUS_READY;
	if (device->working && !device->maintaining)
		status |= EDGEBERT_HW_STATUS_BUSY;
	if (!device->working && !device->enabled && !device->envm_operation.busy)
		status |= EDGEBERT_HW_STATUS_QUIESCED;
	if (device->fatal_code != EDGEBERT_HW_FATAL_NONE)
		status |= EDGEBERT_HW_STATUS_FATAL;
	eb_thermal_update(device);
	if (eb_thermal_highest_point(device) < device->point_count - 1)
		status |= EDGEBERT_HW_STATUS_THROTTLED;
	return status;
}
