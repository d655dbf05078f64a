// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sensors for hwmon: voltage, power, energy, temperature and clock, all modelled.
 *
 * Everybody may read them.  So energy comes in whole microjoules, power as an average
 * over at least a second, and temperature in whole degrees: finer steps would tell what
 * the jobs of others compute.  Reading does not wake the device up.
 */
#include <kunit/visibility.h>
#include <linux/device.h>
#include <linux/hwmon.h>
#include <linux/hwmon-sysfs.h>
#include <linux/math64.h>

#include <drm/drm_managed.h>

#include "edgebert_device.h"
#include "edgebert_dvfs.h"
#include "edgebert_hwmon.h"
#include "edgebert_thermal.h"

#define EDGEBERT_HWMON_INTERVAL_MS	1000
#define EDGEBERT_PJ_PER_UJ		(1000 * 1000)
#define EDGEBERT_UW_PER_MW		1000

VISIBLE_IF_KUNIT u64 edgebert_hwmon_energy_uj(const struct edgebert_stats *stats)
{
	return div_u64(stats->energy_pj, EDGEBERT_PJ_PER_UJ);
}
EXPORT_SYMBOL_IF_KUNIT(edgebert_hwmon_energy_uj);

/* In whole milliwatts; 0 when nothing was done. */
VISIBLE_IF_KUNIT u64 edgebert_hwmon_power_uw(u64 energy_uj, u64 busy_us)
{
	if (!busy_us)
		return 0;
	return div64_u64(energy_uj * 1000, busy_us) * EDGEBERT_UW_PER_MW;
}
EXPORT_SYMBOL_IF_KUNIT(edgebert_hwmon_power_uw);

/*
 * Power while jobs run: modelled energy by modelled time, which are of the same clock, as
 * the host's and the device's are not.  0 when no job ended.
 */
static u64 edgebert_hwmon_average_uw(struct edgebert_device *edev)
{
	struct edgebert_hwmon *hwmon = &edev->hwmon;
	ktime_t now = ktime_get();
	struct edgebert_stats stats;
	u64 energy_uj, busy_us;

	guard(mutex)(&hwmon->lock);
	if (ktime_ms_delta(now, hwmon->since) < EDGEBERT_HWMON_INTERVAL_MS)
		return hwmon->average_uw;
	edgebert_ring_stats(edev, &edev->ring.stats, &stats);
	energy_uj = edgebert_hwmon_energy_uj(&stats);
	busy_us = div_u64(stats.modelled_ns, 1000);
	hwmon->average_uw = edgebert_hwmon_power_uw(energy_uj - hwmon->energy_uj,
						    busy_us - hwmon->busy_us);
	hwmon->since = now;
	hwmon->energy_uj = energy_uj;
	hwmon->busy_us = busy_us;
	return hwmon->average_uw;
}

static umode_t edgebert_hwmon_is_visible(const void *data, enum hwmon_sensor_types type, u32 attr,
					 int channel)
{
	const struct edgebert_device *edev = data;

	if (type == hwmon_temp && !(edev->info.capabilities & EDGEBERT_HW_CAP_THERMAL))
		return 0;
	return 0444;
}

static int edgebert_hwmon_read_dvfs(struct edgebert_device *edev, enum hwmon_sensor_types type,
				    long *value)
{
	struct edgebert_dvfs_state state;
	int ret;

	ret = edgebert_dvfs_read(edev, &state);
	if (ret)
		return ret;
	if (type == hwmon_in)
		*value = edev->info.points[state.current_point].millivolt;
	else
		*value = edgebert_dvfs_degrees(&state) * 1000;
	return 0;
}

static int edgebert_hwmon_read(struct device *dev, enum hwmon_sensor_types type, u32 attr,
			       int channel, long *value)
{
	struct edgebert_device *edev = dev_get_drvdata(dev);
	struct edgebert_stats stats;

	if (type == hwmon_power) {
		*value = edgebert_hwmon_average_uw(edev);
		return 0;
	}
	if (type == hwmon_energy) {
		edgebert_ring_stats(edev, &edev->ring.stats, &stats);
		*value = edgebert_hwmon_energy_uj(&stats);
		return 0;
	}
	if (type == hwmon_temp && attr != hwmon_temp_input) {
		*value = attr == hwmon_temp_crit ? EDGEBERT_THERMAL_CRITICAL :
						   EDGEBERT_THERMAL_PASSIVE;
		return 0;
	}
	return edgebert_hwmon_read_dvfs(edev, type, value);
}

static int edgebert_hwmon_read_string(struct device *dev, enum hwmon_sensor_types type, u32 attr,
				      int channel, const char **text)
{
	switch (type) {
	case hwmon_in:
		*text = "modelled core voltage";
		return 0;
	case hwmon_power:
		*text = "modelled power while busy";
		return 0;
	case hwmon_energy:
		*text = "modelled energy";
		return 0;
	case hwmon_temp:
		*text = "modelled temperature";
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

static const struct hwmon_ops edgebert_hwmon_ops = {
	.is_visible = edgebert_hwmon_is_visible,
	.read = edgebert_hwmon_read,
	.read_string = edgebert_hwmon_read_string,
};

static const struct hwmon_channel_info * const edgebert_hwmon_channels[] = {
	HWMON_CHANNEL_INFO(in, HWMON_I_INPUT | HWMON_I_LABEL),
	HWMON_CHANNEL_INFO(power, HWMON_P_AVERAGE | HWMON_P_LABEL),
	HWMON_CHANNEL_INFO(energy, HWMON_E_INPUT | HWMON_E_LABEL),
	HWMON_CHANNEL_INFO(temp, HWMON_T_INPUT | HWMON_T_MAX | HWMON_T_CRIT | HWMON_T_LABEL),
	NULL
};

static const struct hwmon_chip_info edgebert_hwmon_chip = {
	.ops = &edgebert_hwmon_ops,
	.info = edgebert_hwmon_channels,
};

/* The core of hwmon knows no clocks; name and unit (Hz) are those of other drivers. */
static ssize_t freq1_input_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct edgebert_device *edev = dev_get_drvdata(dev);
	struct edgebert_dvfs_state state;
	int ret;

	ret = edgebert_dvfs_read(edev, &state);
	if (ret)
		return ret;
	return sysfs_emit(buf, "%llu\n", edev->info.points[state.current_point].khz * 1000ull);
}
static DEVICE_ATTR_RO(freq1_input);

static ssize_t freq1_label_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "modelled core clock\n");
}
static DEVICE_ATTR_RO(freq1_label);

static struct attribute *edgebert_hwmon_attrs[] = {
	&dev_attr_freq1_input.attr,
	&dev_attr_freq1_label.attr,
	NULL
};
ATTRIBUTE_GROUPS(edgebert_hwmon);

/* Removed with the driver, before what its files read. */
int edgebert_hwmon_init(struct edgebert_device *edev)
{
	struct device *dev;
	int ret;

	edev->hwmon.since = ktime_get();
	ret = drmm_mutex_init(&edev->drm, &edev->hwmon.lock);
	if (ret)
		return ret;
	dev = devm_hwmon_device_register_with_info(edev->drm.dev, "edgebert", edev,
						   &edgebert_hwmon_chip, edgebert_hwmon_groups);
	return PTR_ERR_OR_ZERO(dev);
}
