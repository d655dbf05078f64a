// SPDX-License-Identifier: MIT
/*
 * Commands of the debug interface that change the temperature.
 */
#include <stdlib.h>

#include "tools/device/pcie/debug_internal.h"

/* False: told. */
static bool take_degrees(struct eb_debug_call *call, int32_t *ret_millidegree)
{
	const char *text = eb_debug_next(call);

	if (text == NULL || !eb_thermal_parse(text, ret_millidegree)) {
		eb_debug_fail(call, "the temperature is not a number from %d to %d; give one in "
			      "degree C", EB_AMBIENT_MIN / 1000, EB_AMBIENT_MAX / 1000);
		return false;
	}
	return eb_debug_done(call);
}

void eb_debug_ambient(struct eb_debug_call *call)
{
	int32_t millidegree;

	if (take_degrees(call, &millidegree))
		eb_thermal_set_ambient(call->device, millidegree);
}

void eb_debug_temperature(struct eb_debug_call *call)
{
	int32_t millidegree;

	if (take_degrees(call, &millidegree))
		eb_thermal_set_temperature(call->device, millidegree);
}
