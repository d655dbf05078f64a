// SPDX-License-Identifier: MIT
/*
 * Faults on demand: when an armed fault fires, and what the faults of the whole device do.
 * What a fault of one job or one interrupt does is where jobs and interrupts are.
 */
#include "tools/device/pcie/faults.h"

#include <string.h>

#include "tools/device/pcie/internal.h"

#define FIELD(name, member)                                             \
	{ name, offsetof(struct edgebert_hw_completion, member),        \
	  sizeof(((struct edgebert_hw_completion *)0)->member) }
const struct eb_fault_field eb_fault_fields[] = {
	FIELD("cookie", cookie), FIELD("context", context), FIELD("status", status),
	FIELD("exit-layer", exit_layer), FIELD("predicted-layer", predicted_layer),
	FIELD("label", label), FIELD("operating-point", operating_point),
	FIELD("fault-command", fault_command), FIELD("fault-address", fault_address),
	FIELD("cycles", cycles), FIELD("time", time_ns), FIELD("energy", energy_pj),
	FIELD("start", start_ns), FIELD("end", end_ns), FIELD("entropy", entropies[0]),
	FIELD("reserved", reserved[0]), FIELD("layers-assessed", layers_assessed),
	FIELD("throttled", throttled), FIELD("transitions", transitions),
	FIELD("sequence", sequence),
	{ NULL, 0, 0 },
};
#undef FIELD

void eb_fault_arm(struct eb_device *device, enum eb_fault_kind kind, const struct eb_fault *fault)
{
	uint64_t fired = device->faults.kinds[kind].fired;

	device->faults.kinds[kind] = *fault;
	device->faults.kinds[kind].fired = fired;
	/* So that the first occasion after those let pass counts. */
	device->faults.kinds[kind].passed = fault->every - 1;
	device->faults.armed |= 1u << kind;
}

void eb_fault_disarm(struct eb_device *device, enum eb_fault_kind kind)
{
	device->faults.armed &= ~(1u << kind);
}

bool eb_fault_fires(struct eb_device *device, enum eb_fault_kind kind, uint32_t choice)
{
	struct eb_fault *fault = &device->faults.kinds[kind];

	if (!(device->faults.armed & 1u << kind))
		return false;
	if (fault->choice != EB_FAULT_ANY && fault->choice != choice)
		return false;
	if (fault->after > 0) {
		fault->after--;
		return false;
	}
	if (++fault->passed < fault->every)
		return false;
	fault->passed = 0;
	fault->fired++;
	if (fault->left > 0 && --fault->left == 0)
		eb_fault_disarm(device, kind);
	return true;
}

/* ---- The worker ---- */

void eb_fault_hang(struct eb_device *device, uint32_t context)
{
	uint32_t released = device->faults.released;

	device->faults.job_hanging = true;
	while (!device->stopping && !device->reset_pending && !device->contexts[context].aborted &&
	       device->faults.released == released)
		pthread_cond_wait(&device->work, &device->lock);
	device->faults.job_hanging = false;
}

bool eb_fault_alive(struct eb_device *device)
{
	while (device->faults.dead && !device->stopping && !device->reset_pending)
		pthread_cond_wait(&device->work, &device->lock);
	return !device->stopping && !device->reset_pending;
}

void eb_fault_before_job(struct eb_device *device, uint32_t context)
{
	if (device->faults.armed == 0)
		return;
	if (eb_fault_fires(device, EB_FAULT_LINK_DOWN, context))
		eb_fault_link(device, true);
	if (eb_fault_fires(device, EB_FAULT_DEAD, context))
		eb_fault_set_dead(device, true);
	if (eb_fault_fires(device, EB_FAULT_FATAL, context))
		eb_fatal(device, device->faults.kinds[EB_FAULT_FATAL].value);
}

void eb_fault_corrupt(struct eb_device *device, struct edgebert_hw_completion *record)
{
	const struct eb_fault *fault = &device->faults.kinds[EB_FAULT_CORRUPT];
	const struct eb_fault_field *field = &eb_fault_fields[fault->detail & 0xff];
	uint8_t *bytes = (uint8_t *)record + field->offset;

	if (!eb_fault_fires(device, EB_FAULT_CORRUPT, record->context))
		return;
	if (fault->detail & EB_FAULT_INVERT) {
		for (unsigned int i = 0; i < field->size; i++)
			bytes[i] = ~bytes[i];
	} else {
		memcpy(bytes, &fault->value, field->size);
	}
}

/* ---- Registers that lie ---- */

bool eb_fault_override(const struct eb_device *device, uint32_t offset, uint32_t *value)
{
	for (uint32_t i = 0; i < device->faults.override_count; i++) {
		const struct eb_override *override = &device->faults.overrides[i];

		if (override->offset == offset && override->active) {
			*value = override->value;
			return true;
		}
	}
	return false;
}

bool eb_fault_set_override(struct eb_device *device, uint32_t offset, uint32_t value, bool now)
{
	struct eb_faults *faults = &device->faults;
	uint32_t i = 0;

	while (i < faults->override_count && faults->overrides[i].offset != offset)
		i++;
	if (i == EB_OVERRIDES_MAX)
		return false;
	faults->overrides[i] = (struct eb_override) { offset, now, value };
	if (i == faults->override_count)
		faults->override_count++;
	return true;
}

/* ---- The whole device ---- */

/* A link that comes up again has reset the function behind it, as every PCIe link does. */
void eb_fault_link(struct eb_device *device, bool down)
{
	bool was_down = device->faults.link_down;

	device->faults.link_down = down;
	if (was_down && !down)
		eb_reset(device, EB_RESET_LINK);
	eb_gate_update(device);
}

static void let_reset_end(struct eb_device *device)
{
	if (device->reset_pending && !device->working)
		eb_reset_finish(device);
	pthread_cond_broadcast(&device->work);
}

void eb_fault_set_dead(struct eb_device *device, bool dead)
{
	device->faults.dead = dead;
	let_reset_end(device);
}

void eb_fault_reset(struct eb_device *device, unsigned int kind)
{
	struct eb_faults *faults = &device->faults;
	uint32_t most = faults->kinds[EB_FAULT_STUCK_RESET].value;

	faults->update_stuck = false;
	faults->reset_stuck = kind <= most && eb_fault_fires(device, EB_FAULT_STUCK_RESET, 0);
	for (uint32_t i = 0; i < faults->override_count && kind >= EB_RESET_FUNCTION; i++)
		faults->overrides[i].active = true;
}

bool eb_fault_holds_reset(const struct eb_device *device)
{
	/* The end of the process waits for nothing. */
	return (device->faults.dead || device->faults.reset_stuck) && !device->stopping;
}

void eb_fault_clear(struct eb_device *device)
{
	device->faults.armed = 0;
	memset(device->faults.kinds, 0, sizeof(device->faults.kinds));
	device->faults.override_count = 0;
	device->faults.reset_stuck = false;
	device->faults.update_stuck = false;
	device->faults.released++;
	device->envm_operation.hung = false;
	if (device->faults.link_down)
		eb_fault_link(device, false);
	eb_fault_set_dead(device, false);
}
