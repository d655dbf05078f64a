// SPDX-License-Identifier: GPL-2.0-only
/*
 * Temperature: the kernel's thermal zone of the device and what cools it.
 *
 * The device protects itself: it lowers the points of jobs by its own judgement.  The
 * kernel begins earlier, by lowering the window's highest point through devfreq, where
 * administrators see and can change what it does.
 */
#include <linux/pm_qos.h>
#include <linux/thermal.h>

#include <drm/drm_print.h>

#include "edgebert_device.h"
#include "edgebert_dvfs.h"
#include "edgebert_pm.h"
#include "edgebert_thermal.h"

/* How often the kernel looks while it cools. */
#define EDGEBERT_THERMAL_PASSIVE_MS	500

static int edgebert_cooling_max_state(struct thermal_cooling_device *cooling, unsigned long *state)
{
	struct edgebert_device *edev = cooling->devdata;

	*state = edev->info.point_count - 1;
	return 0;
}

static int edgebert_cooling_state(struct thermal_cooling_device *cooling, unsigned long *state)
{
	struct edgebert_device *edev = cooling->devdata;

	*state = edev->thermal.cooling_state;
	return 0;
}

/* Each state takes one point away, from above. */
static int edgebert_cooling_set_state(struct thermal_cooling_device *cooling, unsigned long state)
{
	struct edgebert_device *edev = cooling->devdata;
	u32 highest = edev->info.point_count - 1;
	int ret;

	if (state > highest)
		return -EINVAL;
	/* In kHz, as the table. */
	ret = dev_pm_qos_update_request(&edev->thermal.cooling_limit,
					edev->info.points[highest - state].khz);
	if (ret < 0)
		return ret;
	WRITE_ONCE(edev->thermal.cooling_state, state);
	return 0;
}

/* Not the kernel's own for devfreq, which newer kernels have with device trees only. */
static const struct thermal_cooling_device_ops edgebert_cooling_ops = {
	.get_max_state = edgebert_cooling_max_state,
	.get_cur_state = edgebert_cooling_state,
	.set_cur_state = edgebert_cooling_set_state,
};

static int edgebert_thermal_add_cooling(struct edgebert_device *edev)
{
	struct edgebert_thermal *thermal = &edev->thermal;
	struct thermal_cooling_device *cooling;
	int ret;

	ret = dev_pm_qos_add_request(edev->drm.dev, &thermal->cooling_limit,
				     DEV_PM_QOS_MAX_FREQUENCY,
				     PM_QOS_MAX_FREQUENCY_DEFAULT_VALUE);
	if (ret < 0)
		return ret;
	thermal->cooling_state = 0;
	cooling = thermal_cooling_device_register("edgebert", edev, &edgebert_cooling_ops);
	if (IS_ERR(cooling)) {
		dev_pm_qos_remove_request(&thermal->cooling_limit);
		return PTR_ERR(cooling);
	}
	thermal->cooling = cooling;
	return 0;
}

static void edgebert_thermal_remove_cooling(struct edgebert_device *edev)
{
	if (!edev->thermal.cooling)
		return;
	thermal_cooling_device_unregister(edev->thermal.cooling);
	edev->thermal.cooling = NULL;
	dev_pm_qos_remove_request(&edev->thermal.cooling_limit);
}

static const struct thermal_trip edgebert_thermal_trips[] = {
	{
		.type = THERMAL_TRIP_PASSIVE,
		.temperature = EDGEBERT_THERMAL_PASSIVE,
		.hysteresis = 2000,
		.flags = THERMAL_TRIP_FLAG_RW_TEMP,
	}, {
		.type = THERMAL_TRIP_HOT,
		.temperature = EDGEBERT_THERMAL_HOT,
		.hysteresis = 2000,
	}, {
		.type = THERMAL_TRIP_CRITICAL,
		.temperature = EDGEBERT_THERMAL_CRITICAL,
		.hysteresis = 2000,
	},
};

/*
 * A device that sleeps is not asked: it had its last temperature or has cooled down since.
 * But one that was hot is, or the kernel would cool it for ever.
 */
static int edgebert_thermal_get_temp(struct thermal_zone_device *zone, int *temperature)
{
	struct edgebert_device *edev = thermal_zone_device_priv(zone);
	struct edgebert_dvfs_state state;
	int ret;

	ret = edgebert_dvfs_read(edev, &state);
	if (!ret && !state.awake && state.temperature >= EDGEBERT_THERMAL_PASSIVE &&
	    !edgebert_pm_get(edev)) {
		ret = edgebert_dvfs_read(edev, &state);
		edgebert_pm_put(edev);
	}
	if (ret)
		return ret;
	*temperature = edgebert_dvfs_degrees(&state) * 1000;
	edev->thermal.temperature = *temperature;
	return 0;
}

/*
 * The governor takes cooling back only while temperature drops.  A device that is no longer
 * too warm may as well have had all its drop between two looks.
 */
static int edgebert_thermal_get_trend(struct thermal_zone_device *zone,
				      const struct thermal_trip *trip, enum thermal_trend *trend)
{
	struct edgebert_device *edev = thermal_zone_device_priv(zone);

	if (edev->thermal.temperature >= trip->temperature)
		/* As the kernel sees it. */
		return -EINVAL;
	*trend = THERMAL_TREND_DROPPING;
	return 0;
}

static bool edgebert_thermal_should_bind(struct thermal_zone_device *zone,
					 const struct thermal_trip *trip,
					 struct thermal_cooling_device *cooling,
					 struct cooling_spec *spec)
{
	struct edgebert_device *edev = thermal_zone_device_priv(zone);

	return trip->type == THERMAL_TRIP_PASSIVE && cooling == edev->thermal.cooling;
}

static void edgebert_thermal_hot(struct thermal_zone_device *zone)
{
	struct edgebert_device *edev = thermal_zone_device_priv(zone);

	dev_warn_ratelimited(edev->drm.dev, "device is hot\n");
}

/* Instead of the kernel's way, which is to switch the machine off. */
static void edgebert_thermal_critical(struct thermal_zone_device *zone)
{
	struct edgebert_device *edev = thermal_zone_device_priv(zone);

	drm_err_ratelimited(&edev->drm, "device is critically hot and slows itself down\n");
}

static const struct thermal_zone_device_ops edgebert_thermal_ops = {
	.get_temp = edgebert_thermal_get_temp,
	.get_trend = edgebert_thermal_get_trend,
	.should_bind = edgebert_thermal_should_bind,
	.hot = edgebert_thermal_hot,
	.critical = edgebert_thermal_critical,
};

/* hwmon has the temperature from the driver itself, and does without the device's name. */
static const struct thermal_zone_params edgebert_thermal_params = {
	.governor_name = "step_wise",
	.no_hwmon = true,
};

/* Temperature or its limit may have changed.  True while the device is being cooled. */
bool edgebert_thermal_update(struct edgebert_device *edev)
{
	guard(mutex)(&edev->thermal.lock);
	if (!edev->thermal.zone)
		return false;
	thermal_zone_device_update(edev->thermal.zone, THERMAL_EVENT_UNSPECIFIED);
	return READ_ONCE(edev->thermal.cooling_state);
}

static int edgebert_thermal_add_zone(struct edgebert_device *edev)
{
	struct thermal_zone_device *zone;
	int ret;

	zone = thermal_zone_device_register_with_trips("edgebert", edgebert_thermal_trips,
						       ARRAY_SIZE(edgebert_thermal_trips), edev,
						       &edgebert_thermal_ops,
						       &edgebert_thermal_params,
						       EDGEBERT_THERMAL_PASSIVE_MS, 0);
	if (IS_ERR(zone))
		return PTR_ERR(zone);
	ret = thermal_zone_device_enable(zone);
	if (ret) {
		thermal_zone_device_unregister(zone);
		return ret;
	}
	guard(mutex)(&edev->thermal.lock);
	edev->thermal.zone = zone;
	return 0;
}

/* After devfreq, which cooling works through; without it temperature is only shown. */
int edgebert_thermal_init(struct edgebert_device *edev)
{
	int ret = 0;

	if (!(edev->info.capabilities & EDGEBERT_HW_CAP_THERMAL))
		return 0;
	if (edev->devfreq.devfreq)
		ret = edgebert_thermal_add_cooling(edev);
	if (!ret)
		ret = edgebert_thermal_add_zone(edev);
	if (ret) {
		drm_err(&edev->drm, "thermal zone: %d\n", ret);
		edgebert_thermal_fini(edev);
	}
	return ret;
}

void edgebert_thermal_fini(struct edgebert_device *edev)
{
	struct thermal_zone_device *zone;

	if (!(edev->info.capabilities & EDGEBERT_HW_CAP_THERMAL))
		return;
	scoped_guard(mutex, &edev->thermal.lock) {
		zone = edev->thermal.zone;
		edev->thermal.zone = NULL;
	}
	if (zone)
		thermal_zone_device_unregister(zone);
	edgebert_thermal_remove_cooling(edev);
}
