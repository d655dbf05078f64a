/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sensors for hwmon: voltage, power, energy, temperature and clock, all modelled.
 */
#ifndef EDGEBERT_HWMON_H
#define EDGEBERT_HWMON_H

#include <linux/ktime.h>
#include <linux/mutex.h>
#include <linux/types.h>

struct edgebert_device;
struct edgebert_stats;

/**
 * struct edgebert_hwmon - what the average of power is made of
 * @lock: guards everything below
 * @since: beginning of the interval
 * @energy_uj: energy up to then
 * @busy_us: modelled time up to then
 * @average_uw: of the last complete interval
 */
struct edgebert_hwmon {
	struct mutex lock;
	ktime_t since;
	u64 energy_uj;
	u64 busy_us;
	u64 average_uw;
};

#if IS_ENABLED(CONFIG_HWMON)
int edgebert_hwmon_init(struct edgebert_device *edev);
#else
static inline int edgebert_hwmon_init(struct edgebert_device *edev) { return 0; }
#endif

#if IS_ENABLED(CONFIG_KUNIT)
u64 edgebert_hwmon_energy_uj(const struct edgebert_stats *stats);
u64 edgebert_hwmon_power_uw(u64 energy_uj, u64 busy_us);
#endif

#endif /* EDGEBERT_HWMON_H */
