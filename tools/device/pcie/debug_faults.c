// SPDX-License-Identifier: MIT
/*
 * Commands of the debug interface that arm faults and change the device's state.
 */
#include <string.h>

#include "tools/device/pcie/debug_internal.h"

static const char *const kind_names[EB_FAULT_COUNT] = {
	[EB_FAULT_HANG_JOB] = "hang-job",
	[EB_FAULT_DELAY] = "delay-completion",
	[EB_FAULT_MMU] = "mmu-fault",
	[EB_FAULT_FATAL] = "fatal",
	[EB_FAULT_LINK_DOWN] = "link-down",
	[EB_FAULT_DEAD] = "dead",
	[EB_FAULT_CORRUPT] = "corrupt-completion",
	[EB_FAULT_LOSE_RECORD] = "lose-completion",
	[EB_FAULT_REPEAT_RECORD] = "repeat-completion",
	[EB_FAULT_DROP_INTERRUPT] = "drop-interrupt",
	[EB_FAULT_REPEAT_INTERRUPT] = "repeat-interrupt",
	[EB_FAULT_IGNORE_DOORBELL] = "ignore-doorbell",
	[EB_FAULT_IGNORE_ABORT] = "ignore-abort",
	[EB_FAULT_STUCK_UPDATE] = "stuck-update",
	[EB_FAULT_STUCK_RESET] = "stuck-reset",
	[EB_FAULT_HANG_ENVM] = "hang-envm",
};

/* ---- Arming ---- */

/*
 * Takes the words that say when.  Without any the fault fires on the next occasion; with
 * every=N it goes on until it is cleared, unless count=N limits it.
 */
static struct eb_fault take_occasions(struct eb_debug_call *call, const char *choice,
				      uint32_t choices)
{
	struct eb_fault fault = { .choice = EB_FAULT_ANY };
	uint64_t every = eb_debug_number(call, "every", 1, UINT32_MAX, 0);

	fault.after = eb_debug_number(call, "after", 0, UINT32_MAX, 0);
	fault.left = eb_debug_number(call, "count", 1, UINT32_MAX, every == 0);
	fault.every = every == 0 ? 1 : every;
	if (choice != NULL)
		fault.choice = eb_debug_number(call, choice, 0, choices - 1, EB_FAULT_ANY);
	return fault;
}

static void arm(struct eb_debug_call *call, enum eb_fault_kind kind, const struct eb_fault *fault)
{
	if (eb_debug_done(call))
		eb_fault_arm(call->device, kind, fault);
}

static struct eb_fault take_job_occasions(struct eb_debug_call *call)
{
	return take_occasions(call, "context", EDGEBERT_HW_CONTEXT_COUNT);
}

static void arm_for_job(struct eb_debug_call *call, enum eb_fault_kind kind)
{
	struct eb_fault fault = take_job_occasions(call);

	arm(call, kind, &fault);
}

void eb_debug_hang_job(struct eb_debug_call *call)
{
	struct eb_fault fault = take_job_occasions(call);

	fault.value = eb_debug_number(call, "commands", 0, EDGEBERT_HW_STREAM_COMMANDS_MAX, 0);
	arm(call, EB_FAULT_HANG_JOB, &fault);
}

void eb_debug_delay(struct eb_debug_call *call)
{
	struct eb_fault fault = take_job_occasions(call);

	fault.value = eb_debug_number(call, "ms", 1, 3600000, 0);
	if (fault.value == 0)
		eb_debug_fail(call, "the time is missing; add ms=N");
	arm(call, EB_FAULT_DELAY, &fault);
}

static const struct {
	const char *name;
	uint32_t status;
} access_errors[] = {
	{ "page-not-mapped", EDGEBERT_HW_PAGE_NOT_MAPPED },
	{ "page-read-only", EDGEBERT_HW_PAGE_READ_ONLY },
	{ "page-table-invalid", EDGEBERT_HW_PAGE_TABLE_INVALID },
	{ "bus-error", EDGEBERT_HW_BUS_ERROR },
	{ "device-error", EDGEBERT_HW_DEVICE_ERROR },
};

static uint32_t take_access_error(struct eb_debug_call *call)
{
	const char *name = eb_debug_value(call, "status");

	if (name == NULL)
		return EDGEBERT_HW_PAGE_NOT_MAPPED;
	for (size_t i = 0; i < sizeof(access_errors) / sizeof(access_errors[0]); i++) {
		if (strcmp(access_errors[i].name, name) == 0)
			return access_errors[i].status;
	}
	eb_debug_fail(call, "an access does not fail with '%s'; use page-not-mapped, "
		      "page-read-only, page-table-invalid, bus-error or device-error", name);
	return 0;
}

void eb_debug_mmu(struct eb_debug_call *call)
{
	struct eb_fault fault = take_job_occasions(call);

	fault.value = eb_debug_number(call, "access", 1, UINT64_MAX, 1);
	fault.detail = take_access_error(call);
	arm(call, EB_FAULT_MMU, &fault);
}

/* Its number in eb_fault_fields. */
static uint32_t take_field(struct eb_debug_call *call)
{
	const char *name = eb_debug_value(call, "field");
	uint32_t i = 0;

	if (name == NULL) {
		eb_debug_fail(call, "the field is missing; add field=NAME");
		return 0;
	}
	while (eb_fault_fields[i].name != NULL && strcmp(eb_fault_fields[i].name, name) != 0)
		i++;
	if (eb_fault_fields[i].name != NULL)
		return i;
	eb_debug_fail(call, "the completion record has no field '%s'; cookie, context, status, "
		      "sequence and reserved are some of its fields", name);
	return 0;
}

void eb_debug_corrupt(struct eb_debug_call *call)
{
	struct eb_fault fault = take_job_occasions(call);
	const char *text = eb_debug_value(call, "value");
	unsigned int bits;

	fault.detail = take_field(call);
	bits = 8 * eb_fault_fields[fault.detail].size;
	if (text == NULL)
		fault.detail |= EB_FAULT_INVERT;
	else if (!eb_debug_parse(text, 0, UINT64_MAX >> (64 - bits), &fault.value))
		eb_debug_fail(call, "value=%s is not a number of %u bits; give one", text, bits);
	arm(call, EB_FAULT_CORRUPT, &fault);
}

void eb_debug_lose_record(struct eb_debug_call *call)
{
	arm_for_job(call, EB_FAULT_LOSE_RECORD);
}

void eb_debug_repeat_record(struct eb_debug_call *call)
{
	arm_for_job(call, EB_FAULT_REPEAT_RECORD);
}

static void arm_for_interrupt(struct eb_debug_call *call, enum eb_fault_kind kind)
{
	struct eb_fault fault = take_occasions(call, "vector", EDGEBERT_HW_IRQ_COUNT);

	arm(call, kind, &fault);
}

void eb_debug_drop_interrupt(struct eb_debug_call *call)
{
	arm_for_interrupt(call, EB_FAULT_DROP_INTERRUPT);
}

void eb_debug_repeat_interrupt(struct eb_debug_call *call)
{
	arm_for_interrupt(call, EB_FAULT_REPEAT_INTERRUPT);
}

void eb_debug_raise_interrupt(struct eb_debug_call *call)
{
	uint64_t vector = eb_debug_number(call, "vector", 0, EDGEBERT_HW_IRQ_COUNT - 1,
					  EDGEBERT_HW_IRQ_COUNT);
	uint64_t times = eb_debug_number(call, "times", 1, 1000000, 1);

	if (vector == EDGEBERT_HW_IRQ_COUNT)
		eb_debug_fail(call, "the vector is missing; add vector=N");
	if (!eb_debug_done(call))
		return;
	for (uint64_t i = 0; i < times; i++)
		eb_interrupt_raise(call->device, vector);
}

void eb_debug_ignore_doorbell(struct eb_debug_call *call)
{
	struct eb_fault fault = take_occasions(call, NULL, 0);

	arm(call, EB_FAULT_IGNORE_DOORBELL, &fault);
}

void eb_debug_ignore_abort(struct eb_debug_call *call)
{
	arm_for_job(call, EB_FAULT_IGNORE_ABORT);
}

void eb_debug_stuck_update(struct eb_debug_call *call)
{
	arm_for_job(call, EB_FAULT_STUCK_UPDATE);
}

void eb_debug_stuck_reset(struct eb_debug_call *call)
{
	struct eb_fault fault = take_occasions(call, NULL, 0);
	const char *kind = eb_debug_value(call, "kind");

	fault.value = EB_RESET_CORE;
	if (kind != NULL && strcmp(kind, "function") == 0)
		fault.value = EB_RESET_FUNCTION;
	else if (kind != NULL && strcmp(kind, "core") != 0)
		eb_debug_fail(call, "no reset is of kind '%s'; use core or function", kind);
	arm(call, EB_FAULT_STUCK_RESET, &fault);
}

void eb_debug_hang_envm(struct eb_debug_call *call)
{
	struct eb_fault fault = take_occasions(call, NULL, 0);

	arm(call, EB_FAULT_HANG_ENVM, &fault);
}

/* ---- The whole device: now, or when a job begins ---- */

/* Whether words say that it shall wait for a job; then it is armed. */
static bool armed_for_job(struct eb_debug_call *call, enum eb_fault_kind kind, uint64_t value)
{
	bool waits = eb_debug_has_words(call);
	struct eb_fault fault = take_job_occasions(call);

	fault.value = value;
	if (!eb_debug_done(call))
		return true;
	if (waits)
		eb_fault_arm(call->device, kind, &fault);
	return waits;
}

void eb_debug_link_down(struct eb_debug_call *call)
{
	if (!armed_for_job(call, EB_FAULT_LINK_DOWN, 0))
		eb_fault_link(call->device, true);
}

void eb_debug_link_up(struct eb_debug_call *call)
{
	if (eb_debug_done(call))
		eb_fault_link(call->device, false);
}

void eb_debug_dead(struct eb_debug_call *call)
{
	if (!armed_for_job(call, EB_FAULT_DEAD, 0))
		eb_fault_set_dead(call->device, true);
}

void eb_debug_alive(struct eb_debug_call *call)
{
	if (eb_debug_done(call))
		eb_fault_set_dead(call->device, false);
}

void eb_debug_fatal(struct eb_debug_call *call)
{
	uint64_t code = eb_debug_number(call, "code", 1, 255, 0);

	if (code == 0)
		eb_debug_fail(call, "the code is missing; add code=N");
	if (!armed_for_job(call, EB_FAULT_FATAL, code))
		eb_fatal(call->device, code);
}

/* ---- Registers ---- */

/* "NAME" or "NAME(INDEX)"; NULL: told. */
static const struct eb_register *find_register(struct eb_debug_call *call, char *name,
					       uint64_t *ret_index)
{
	char *bracket = strchr(name, '('), *end = bracket ? strchr(bracket, ')') : NULL;
	const struct eb_register *row = NULL;

	*ret_index = 0;
	if (bracket != NULL) {
		*bracket = '\0';
		if (end != NULL)
			*end = '\0';
	}
	for (size_t i = 0; i < eb_register_count; i++) {
		if (strcmp(eb_registers[i].name, name) == 0)
			row = &eb_registers[i];
	}
	if (row == NULL)
		eb_debug_fail(call, "there is no register '%s'; registers.md lists them", name);
	else if (bracket != NULL &&
		 !eb_debug_parse(bracket + 1, 0, row->count - 1u, ret_index)) {
		eb_debug_fail(call, "the index of %s is not from 0 to %d; give one in (...)", name,
			      row->count - 1);
		row = NULL;
	}
	return row;
}

static void override(struct eb_debug_call *call, uint32_t offset, uint32_t value, bool now)
{
	if (!eb_fault_set_override(call->device, offset, value, now))
		eb_debug_fail(call, "%u registers are overridden already; \"clear\" ends that",
			      EB_OVERRIDES_MAX);
}

void eb_debug_override(struct eb_debug_call *call)
{
	bool now = eb_debug_flag(call, "now");
	const char *text = eb_debug_value(call, "value");
	char *name = eb_debug_next(call);
	const struct eb_register *row;
	uint64_t value, index;
	uint32_t offset;

	if (name == NULL || text == NULL) {
		eb_debug_fail(call, "register or value is missing; as in: override ID value=0");
		return;
	}
	row = find_register(call, name, &index);
	if (row == NULL)
		return;
	if (!eb_debug_parse(text, 0, UINT64_MAX >> (64 - row->bits), &value))
		eb_debug_fail(call, "value=%s is not a number of %u bits; give one", text, row->bits);
	if (!eb_debug_done(call))
		return;
	offset = row->offset + index * (row->bits / 8u);
	override(call, offset, value, now);
	if (row->bits == 64)
		override(call, offset + 4, value >> 32, now);
}

void eb_debug_points(struct eb_debug_call *call)
{
	bool now = eb_debug_flag(call, "now");
	const char *text = eb_debug_next(call);
	uint64_t count, limits = eb_limits_read(call->device, 0);

	if (text == NULL || !eb_debug_parse(text, 0, 255, &count)) {
		eb_debug_fail(call, "the number of points is not from 0 to 255; give one");
		return;
	}
	if (eb_debug_done(call))
		override(call, EB_REG(LIMITS), (limits & ~0xffull) | count, now);
}

void eb_debug_point_table(struct eb_debug_call *call)
{
	bool now = eb_debug_flag(call, "now"), zero = eb_debug_flag(call, "zero");
	bool equal = eb_debug_flag(call, "equal"), reversed = eb_debug_flag(call, "reversed");
	uint32_t count = call->device->point_count;

	if (zero + equal + reversed != 1)
		eb_debug_fail(call, "the kind is missing; use one of zero, equal and reversed");
	if (!eb_debug_done(call))
		return;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t from = reversed ? count - 1 - i : 0;

		override(call, EB_REG(OPP_KHZ(i)), zero ? 0 : call->device->points[from].khz, now);
	}
}

/* ---- What is going on ---- */

static void describe(struct eb_debug_call *call, enum eb_fault_kind kind)
{
	const struct eb_fault *fault = &call->device->faults.kinds[kind];
	bool armed = call->device->faults.armed & 1u << kind;

	if (!armed && fault->fired == 0)
		return;
	fprintf(call->answer, "- %s armed=%d fired=%llu", kind_names[kind], armed,
		(unsigned long long)fault->fired);
	if (armed) {
		fprintf(call->answer, " after=%u every=%u", fault->after, fault->every);
		if (fault->left > 0)
			fprintf(call->answer, " count=%u", fault->left);
		if (fault->choice != EB_FAULT_ANY)
			fprintf(call->answer, " of=%u", fault->choice);
	}
	fputc('\n', call->answer);
}

void eb_debug_status(struct eb_debug_call *call)
{
	const struct eb_faults *faults = &call->device->faults;

	if (!eb_debug_done(call))
		return;
	for (unsigned int kind = 0; kind < EB_FAULT_COUNT; kind++)
		describe(call, kind);
	for (uint32_t i = 0; i < faults->override_count; i++)
		fprintf(call->answer, "- override offset=0x%x value=0x%x active=%d\n",
			faults->overrides[i].offset, faults->overrides[i].value,
			faults->overrides[i].active);
	if (faults->link_down)
		fputs("- the link is down\n", call->answer);
	if (faults->dead)
		fputs("- the device is dead\n", call->answer);
	if (faults->reset_stuck)
		fputs("- a reset is stuck\n", call->answer);
	if (faults->update_stuck)
		fputs("- a context update is stuck\n", call->answer);
	if (faults->job_hanging)
		fputs("- a job hangs\n", call->answer);
	if (call->device->envm_operation.busy && call->device->envm_operation.hung)
		fputs("- an eNVM operation hangs\n", call->answer);
}

void eb_debug_clear(struct eb_debug_call *call)
{
	const char *name = eb_debug_next(call);

	if (!eb_debug_done(call))
		return;
	if (name == NULL) {
		eb_fault_clear(call->device);
		return;
	}
	for (unsigned int kind = 0; kind < EB_FAULT_COUNT; kind++) {
		if (strcmp(kind_names[kind], name) == 0) {
			eb_fault_disarm(call->device, kind);
			return;
		}
	}
	eb_debug_fail(call, "there is no fault '%s'; \"help\" lists them", name);
}
