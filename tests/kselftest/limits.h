/* SPDX-License-Identifier: MIT */
/*
 * Operating points, sleep and sensors as files below sysfs.
 *
 * Functions that need root skip the test without it.
 */
#ifndef EDGEBERT_KSELFTEST_LIMITS_H
#define EDGEBERT_KSELFTEST_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

#include <drm/edgebert_accel.h>

#include "kernel/edgebert_hw.h"

struct points {
	uint32_t count;
	struct drm_edgebert_operating_point points[EDGEBERT_HW_OPERATING_POINTS_MAX];
};

struct points operating_points(int fd);
struct drm_edgebert_query_dvfs query_dvfs(int fd);

/* Files of the PCI device; "devfreq/NAME" and "hwmon/NAME" are of its devices of these kinds. */
bool has_device_file(const char *name);
int try_write_device_file(const char *name, const char *text);
void write_device_file(const char *name, const char *text);
void read_device_file(const char *name, char *text, unsigned int size);
long long device_number(const char *name);

/* "min_freq" or "max_freq". */
void limit_hz(const char *name, uint64_t hz);
void limit_points(int fd, uint32_t low, uint32_t high);
void limits_clear(void);

bool device_sleeps(void);
/* Root's, until it is taken back: it does not sleep between a job and a look at its point. */
void device_keep_awake(bool awake);
/* Waits until it does. */
void device_falls_asleep(void);

#endif /* EDGEBERT_KSELFTEST_LIMITS_H */
