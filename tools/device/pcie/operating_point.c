// SPDX-License-Identifier: MIT
/*
 * DVFS registers: the table of operating points and the limits that jobs run within.
 * Which point a job gets and what a transition costs is decided in core/.
 */
#include "tools/device/pcie/internal.h"

uint64_t eb_opp_khz_read(struct eb_device *device, unsigned int index)
{
	return device->points[index].khz;
}

uint64_t eb_opp_millivolt_read(struct eb_device *device, unsigned int index)
{
	return device->points[index].millivolt;
}

uint64_t eb_opp_microwatt_read(struct eb_device *device, unsigned int index)
{
	return device->points[index].microwatt;
}

uint64_t eb_dvfs_transitions_read(struct eb_device *device, unsigned int index)
{
	(void)index;
	return device->counters.transitions;
}

void eb_dvfs_window_written(struct eb_device *device, unsigned int index, uint32_t value)
{
	uint32_t low = value & 0xff, high = value >> 8;

	(void)index;
	if (high >= device->point_count || low > high) {
		eb_event(device, "DVFS_WINDOW 0x%x ignored: not a range of the %u points", value,
			 device->point_count);
		return;
	}
	device->registers[EB_REG(DVFS_WINDOW) / 4] = value;
}

void eb_dvfs_default_written(struct eb_device *device, unsigned int index, uint32_t value)
{
	(void)index;
	if (value >= device->point_count) {
		eb_event(device, "DVFS_DEFAULT %u ignored: there are %u points", value,
			 device->point_count);
		return;
	}
	device->registers[EB_REG(DVFS_DEFAULT) / 4] = value;
}
