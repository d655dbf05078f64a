// SPDX-License-Identifier: MIT
/*
 * Commands of the debug interface that do to the eNVM what happens to it in the field.
 */
#include "tools/device/core/envm.h"
#include "tools/device/pcie/debug_internal.h"

#define WORD_BYTES	8u
#define WORD_BITS	72u	/* with the check bits */

static uint32_t take_address(struct eb_debug_call *call)
{
	uint64_t address = eb_debug_number(call, "address", 0, EDGEBERT_HW_ENVM_BYTES - 1,
					   UINT64_MAX);

	if (address == UINT64_MAX)
		eb_debug_fail(call, "the address is missing; add address=N");
	return address - address % WORD_BYTES;
}

static void flip(struct eb_debug_call *call, uint32_t address, unsigned int bit)
{
	if (eb_envm_flip(call->device->envm, address, bit) != EDGEBERT_HW_ENVM_OK)
		eb_debug_fail(call, "the array has lost its supply; \"envm-power-on\" brings it back");
}

void eb_debug_envm_flip(struct eb_debug_call *call)
{
	uint32_t address = take_address(call);
	uint64_t bit = eb_debug_number(call, "bit", 0, WORD_BITS - 1, WORD_BITS);

	if (bit == WORD_BITS)
		eb_debug_fail(call, "the bit is missing; add bit=N");
	if (eb_debug_done(call))
		flip(call, address, bit);
}

void eb_debug_envm_spoil(struct eb_debug_call *call)
{
	uint32_t address = take_address(call);

	if (!eb_debug_done(call))
		return;
	flip(call, address, 0);
	flip(call, address, 1);
}

void eb_debug_envm_age(struct eb_debug_call *call)
{
	uint64_t hours = eb_debug_number(call, "hours", 1, UINT32_MAX, 0);

	if (hours == 0)
		eb_debug_fail(call, "the time is missing; add hours=N");
	if (eb_debug_done(call) &&
	    eb_envm_age(call->device->envm, hours) != EDGEBERT_HW_ENVM_OK)
		eb_debug_fail(call, "the array has lost its supply; \"envm-power-on\" brings it back");
}

void eb_debug_envm_cut_power(struct eb_debug_call *call)
{
	uint64_t steps = eb_debug_number(call, "steps", 0, UINT32_MAX, 0);

	if (eb_debug_done(call))
		eb_envm_cut_power(call->device->envm, steps);
}

void eb_debug_envm_power_on(struct eb_debug_call *call)
{
	if (eb_debug_done(call))
		eb_envm_power_on(call->device->envm);
}
