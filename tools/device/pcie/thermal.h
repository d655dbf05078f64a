/* SPDX-License-Identifier: MIT */
/*
 * Temperature, modelled: one thermal resistance and one capacity between the part and its
 * ambient, heated by the modelled power of jobs and eNVM operations.
 *
 * Everything here: device lock held.
 */
#ifndef EDGEBERT_DEVICE_PCIE_THERMAL_H
#define EDGEBERT_DEVICE_PCIE_THERMAL_H

#include <stdbool.h>
#include <stdint.h>

struct eb_device;

/* Ambients that make sense, in 1/1000 degree C. */
#define EB_AMBIENT_MIN	(-40000)
#define EB_AMBIENT_MAX	150000

struct eb_thermal {
	int32_t ambient;	/* 1/1000 degree C */
	double temperature;	/* the same */
	uint64_t time_ns;	/* device clock at which it was so */
	unsigned int trip;	/* trip points in force */
};

int32_t eb_thermal_default_ambient(void);
/* Degrees with up to three decimals; false: not that, or outside of EB_AMBIENT_*. */
bool eb_thermal_parse(const char *text, int32_t *ret_millidegree);
/* The device's clock begins: as cold as its ambient. */
void eb_thermal_power_on(struct eb_device *device);
/* Work of so much energy has taken so much modelled time. */
void eb_thermal_heat(struct eb_device *device, uint64_t time_ns, uint64_t energy_pj);
/* Up to now; raises the interrupt when the limit changes. */
void eb_thermal_update(struct eb_device *device);
/* The highest operating point that the temperature allows, as of the last update. */
uint32_t eb_thermal_highest_point(const struct eb_device *device);
/* Whether the limit will change by itself, without work: then update now and then. */
bool eb_thermal_unsettled(const struct eb_device *device);

void eb_thermal_set_ambient(struct eb_device *device, int32_t millidegree);
void eb_thermal_set_temperature(struct eb_device *device, int32_t millidegree);

#endif /* EDGEBERT_DEVICE_PCIE_THERMAL_H */
