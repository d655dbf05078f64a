// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attributes of the PCI device; below /sys/class/accel/accelN/device/.
 */
#include <linux/device.h>
#include <linux/math64.h>

#include "edgebert_device.h"
#include "edgebert_sysfs.h"

/**
 * DOC: busy_time_us
 *
 * Time for which the device has executed jobs since the driver was bound, by the
 * device's clock, in microseconds.
 */
static ssize_t busy_time_us_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct edgebert_device *edev = dev_get_drvdata(dev);
	struct edgebert_stats stats;

	edgebert_ring_stats(edev, &edev->ring.stats, &stats);
	return sysfs_emit(buf, "%llu\n", div_u64(stats.busy_ns, 1000));
}
static DEVICE_ATTR_RO(busy_time_us);

/**
 * DOC: jobs_completed
 *
 * Jobs that the device has ended since the driver was bound, with or without fault.
 */
static ssize_t jobs_completed_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct edgebert_device *edev = dev_get_drvdata(dev);
	struct edgebert_stats stats;

	edgebert_ring_stats(edev, &edev->ring.stats, &stats);
	return sysfs_emit(buf, "%llu\n", stats.jobs);
}
static DEVICE_ATTR_RO(jobs_completed);

/**
 * DOC: current_frequency_mhz
 *
 * Clock of the operating point of the last job, in MHz; the lowest, when the device has
 * slept or was reset since.
 */
static ssize_t current_frequency_mhz_show(struct device *dev, struct device_attribute *attr,
					  char *buf)
{
	struct edgebert_device *edev = dev_get_drvdata(dev);
	struct edgebert_dvfs_state state;
	int ret;

	ret = edgebert_dvfs_read(edev, &state);
	if (ret)
		return ret;
	return sysfs_emit(buf, "%u\n", edev->info.points[state.current_point].khz / 1000);
}
static DEVICE_ATTR_RO(current_frequency_mhz);

static struct attribute *edgebert_sysfs_attrs[] = {
	&dev_attr_busy_time_us.attr,
	&dev_attr_current_frequency_mhz.attr,
	&dev_attr_jobs_completed.attr,
	NULL
};

static const struct attribute_group edgebert_sysfs_group = {
	.attrs = edgebert_sysfs_attrs,
};

const struct attribute_group *edgebert_sysfs_groups[] = {
	&edgebert_sysfs_group,
	NULL
};
