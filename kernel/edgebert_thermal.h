/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Temperature: the kernel's thermal zone of the device and what cools it.
 */
#ifndef EDGEBERT_THERMAL_H
#define EDGEBERT_THERMAL_H

#include <linux/mutex.h>
#include <linux/pm_qos.h>
#include <linux/types.h>

struct edgebert_device;
struct thermal_cooling_device;
struct thermal_zone_device;

/* In 1/1000 degree C: from the first on the kernel lowers the window's highest point. */
#define EDGEBERT_THERMAL_PASSIVE	80000
#define EDGEBERT_THERMAL_HOT		95000
#define EDGEBERT_THERMAL_CRITICAL	105000

/**
 * struct edgebert_thermal - what is registered, on a device that has CAP_THERMAL
 * @lock: keeps @zone while it is used
 * @zone: or NULL
 * @cooling: lowers the highest point; or NULL
 * @cooling_limit: its limit of the clock, which devfreq obeys
 * @cooling_state: points taken away; under the lock of @cooling
 * @temperature: what the zone was told last; under its lock
 */
struct edgebert_thermal {
	struct mutex lock;
	struct thermal_zone_device *zone;
	struct thermal_cooling_device *cooling;
	struct dev_pm_qos_request cooling_limit;
	unsigned long cooling_state;
	int temperature;
};

#ifdef CONFIG_THERMAL
int edgebert_thermal_init(struct edgebert_device *edev);
void edgebert_thermal_fini(struct edgebert_device *edev);
bool edgebert_thermal_update(struct edgebert_device *edev);
#else
static inline int edgebert_thermal_init(struct edgebert_device *edev) { return 0; }
static inline void edgebert_thermal_fini(struct edgebert_device *edev) { }
static inline bool edgebert_thermal_update(struct edgebert_device *edev) { return false; }
#endif

#endif /* EDGEBERT_THERMAL_H */
