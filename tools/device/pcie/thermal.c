// SPDX-License-Identifier: MIT
/*
 * The thermal model and its registers.
 *
 * Time is the device clock.  A job or an eNVM operation draws its average modelled power for its
 * modelled time; when the computer was faster than the modelled part, for as long as it
 * took.  So power is never more than that of the modelled part, and the temperature never more
 * than its ambient and resistance allow.  Otherwise nothing heats, as nothing is counted as
 * energy then.
 */
#include "tools/device/pcie/thermal.h"

#include <math.h>

#include "tools/device/pcie/internal.h"

#define PARAMETER(name, value, unit, source)	name = (value),
#define TRIP(millidegree, percent, source)
enum {
#include "tools/device/core/profiles/thermal.def"
};
#undef PARAMETER
#undef TRIP

#define PARAMETER(name, value, unit, source)
#define TRIP(millidegree, percent, source)	{ millidegree, percent },
static const struct {
	int32_t millidegree;
	uint32_t percent;
} trips[] = {
#include "tools/device/core/profiles/thermal.def"
};
#undef PARAMETER
#undef TRIP
#define TRIP_COUNT	(sizeof(trips) / sizeof(trips[0]))

/* Kelvin per watt times millijoule per kelvin: milliseconds. */
#define TIME_CONSTANT_NS \
	(1e6 * resistance_kelvin_per_watt * capacity_millijoule_per_kelvin)

int32_t eb_thermal_default_ambient(void)
{
	return ambient_millidegree;
}

bool eb_thermal_parse(const char *text, int32_t *ret_millidegree)
{
	bool negative = text[0] == '-';
	int32_t value = 0, unit = 0;

	text += negative;
	if (*text < '0' || *text > '9')
		return false;
	for (; *text != '\0'; text++) {
		if (*text == '.' && unit == 0) {
			unit = 1000;
			continue;
		}
		/* Three digits before the point are enough, and three behind it. */
		if (*text < '0' || *text > '9' || unit == 1 || (unit == 0 && value > 99))
			return false;
		value = 10 * value + (*text - '0');
		unit /= 10;
	}
	value *= unit == 0 ? 1000 : unit;
	*ret_millidegree = negative ? -value : value;
	return *ret_millidegree >= EB_AMBIENT_MIN && *ret_millidegree <= EB_AMBIENT_MAX;
}

uint32_t eb_thermal_highest_point(const struct eb_device *device)
{
	uint32_t last = device->point_count - 1, trip = device->thermal.trip;

	return trip == 0 ? last : last * trips[trip - 1].percent / 100;
}

/* Trip points in force at a temperature, coming from `trip` of them. */
static unsigned int settle_trip(double temperature, unsigned int trip)
{
	while (trip < TRIP_COUNT && temperature >= trips[trip].millidegree)
		trip++;
	while (trip > 0 && temperature < trips[trip - 1].millidegree - hysteresis_millikelvin)
		trip--;
	return trip;
}

static void settle(struct eb_device *device)
{
	struct eb_thermal *thermal = &device->thermal;
	uint32_t before = eb_thermal_highest_point(device), now;

	thermal->trip = settle_trip(thermal->temperature, thermal->trip);
	now = eb_thermal_highest_point(device);
	if (now == before)
		return;
	eb_event(device, "at %.1f degree C the highest operating point is %u",
		 thermal->temperature / 1000, now);
	eb_interrupt_cause(device, EDGEBERT_HW_IRQ_DVFS);
}

/* Lets time pass at a constant power. */
static void advance(struct eb_thermal *thermal, uint64_t time_ns, double milliwatt)
{
	double target = thermal->ambient + milliwatt * resistance_kelvin_per_watt;
	double left = exp(-(double)time_ns / TIME_CONSTANT_NS);

	thermal->temperature = target + (thermal->temperature - target) * left;
	thermal->time_ns += time_ns;
}

/* Since the last look: `busy_ns` of work at that power, at most, and nothing before. */
static void catch_up(struct eb_device *device, uint64_t busy_ns, double milliwatt)
{
	struct eb_thermal *thermal = &device->thermal;
	uint64_t passed = eb_device_time(device) - thermal->time_ns;

	busy_ns = busy_ns < passed ? busy_ns : passed;
	advance(thermal, passed - busy_ns, 0);
	advance(thermal, busy_ns, milliwatt);
}

void eb_thermal_power_on(struct eb_device *device)
{
	device->thermal.temperature = device->thermal.ambient;
	device->thermal.time_ns = 0;
	device->thermal.trip = settle_trip(device->thermal.temperature, 0);
}

void eb_thermal_heat(struct eb_device *device, uint64_t time_ns, uint64_t energy_pj)
{
	if (time_ns == 0)
		return;
	/* Picojoules per nanosecond are milliwatts. */
	catch_up(device, time_ns, (double)energy_pj / time_ns);
	settle(device);
}

void eb_thermal_update(struct eb_device *device)
{
	catch_up(device, 0, 0);
	settle(device);
}

bool eb_thermal_unsettled(const struct eb_device *device)
{
	const struct eb_thermal *thermal = &device->thermal;

	return settle_trip(thermal->ambient, thermal->trip) != thermal->trip;
}

/* A worker that sleeps must look at the new limits. */
static void changed(struct eb_device *device)
{
	settle(device);
	pthread_cond_broadcast(&device->work);
}

void eb_thermal_set_ambient(struct eb_device *device, int32_t millidegree)
{
	catch_up(device, 0, 0);
	device->thermal.ambient = millidegree;
	changed(device);
}

void eb_thermal_set_temperature(struct eb_device *device, int32_t millidegree)
{
	catch_up(device, 0, 0);
	device->thermal.temperature = millidegree;
	changed(device);
}

/* ---- Registers ---- */

uint64_t eb_temperature_read(struct eb_device *device, unsigned int index)
{
	(void)index;
	eb_thermal_update(device);
	return (uint32_t)(int32_t)lround(device->thermal.temperature);
}

uint64_t eb_dvfs_thermal_max_read(struct eb_device *device, unsigned int index)
{
	(void)index;
	eb_thermal_update(device);
	return eb_thermal_highest_point(device);
}
