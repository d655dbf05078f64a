// SPDX-License-Identifier: MIT
/*
 * Sensors of hwmon: what they say of jobs, how coarse they are, and that reading them
 * wakes nobody up.
 */
#include "tests/kselftest/device.h"
#include "tests/kselftest/limits.h"

#define PICO_PER_MICRO	1000000ull
#define INTERVAL_US	1100000		/* of averages: a second, and some more */

static const char *const inputs[] = {
	"hwmon/in0_input", "hwmon/power1_average", "hwmon/energy1_input", "hwmon/freq1_input",
};

/* So that reset, sleep and another process do not change the point between job and look. */
static struct drm_edgebert_result run_at(struct workload *w, uint8_t point)
{
	struct drm_edgebert_result result;

	w->job.operating_point = point;
	result = result_of(w->fd, w->context, submit(w->fd, w->context, &w->job));
	CHECK_EQ(result.error, 0);
	return result;
}

static bool has_temperature(int fd)
{
	struct drm_edgebert_query_device device = { 0 };
	struct drm_edgebert_dev_query query = {
		.type = DRM_EDGEBERT_QUERY_DEVICE,
		.size = sizeof(device),
		.pointer = (uintptr_t)&device,
	};

	CHECK_OK(try_ioctl(fd, DRM_IOCTL_EDGEBERT_DEV_QUERY, &query));
	return device.capabilities & EDGEBERT_HW_CAP_THERMAL;
}

TEST(sensors_say_that_they_are_modelled)
{
	static const char *const labels[] = {
		"hwmon/in0_label", "hwmon/power1_label", "hwmon/energy1_label", "hwmon/freq1_label",
	};
	char text[64];
	size_t i;

	read_device_file("hwmon/name", text, sizeof(text));
	CHECK(!strcmp(text, "edgebert"));
	for (i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
		read_device_file(labels[i], text, sizeof(text));
		CHECK(!strncmp(text, "modelled ", 9));
	}
}

TEST(voltage_and_clock_are_those_of_the_last_job)
{
	struct points points;
	struct workload w;
	uint32_t point;

	workload_init(&w, device_open(), 1);
	points = operating_points(w.fd);
	device_keep_awake(true);
	for (point = 0; point < points.count; point++) {
		point = run_at(&w, (uint8_t)point).operating_point;
		CHECK_EQ(device_number("hwmon/in0_input"), points.points[point].millivolt);
		CHECK_EQ(device_number("hwmon/freq1_input"), points.points[point].khz * 1000ll);
	}
	device_keep_awake(false);
}

/* Whole microjoules: what is less is added to what comes later. */
TEST(energy_is_that_of_the_jobs)
{
	long long before = device_number("hwmon/energy1_input"), added;
	uint64_t energy_pj = 0;
	struct workload w;
	int i;

	workload_init_slow(&w, device_open(), 10);
	for (i = 0; i < 5; i++)
		energy_pj += run_at(&w, 0).energy_pj;
	/* Preparing the workload has measured with jobs of its own. */
	added = device_number("hwmon/energy1_input") - before;
	CHECK(energy_pj > 0);
	CHECK(added >= (long long)(energy_pj / PICO_PER_MICRO));

	before = device_number("hwmon/energy1_input");
	energy_pj = run_at(&w, 0).energy_pj;
	added = device_number("hwmon/energy1_input") - before;
	CHECK(added >= (long long)(energy_pj / PICO_PER_MICRO));
	CHECK(added <= (long long)(energy_pj / PICO_PER_MICRO) + 1);
}

/* Energy by time of the same kind of jobs, to a few milliwatts and the microjoules' rest. */
TEST(power_is_that_of_the_jobs)
{
	struct drm_edgebert_result result;
	uint64_t energy_pj = 0, time_ns = 0;
	long long expected, power;
	struct workload w;
	int64_t end;

	workload_init_slow(&w, device_open(), 20);
	usleep(INTERVAL_US);
	device_number("hwmon/power1_average");
	end = in_ns(INTERVAL_US * 1000ll);
	while (in_ns(0) < end) {
		result = run_at(&w, 1);
		energy_pj += result.energy_pj;
		time_ns += result.time_ns;
	}
	power = device_number("hwmon/power1_average");
	expected = (long long)(energy_pj / (time_ns / 1000));
	CHECK(power > expected * 9 / 10 - 2000 && power < expected * 11 / 10 + 2000);
	CHECK_EQ(power % 1000, 0);
}

TEST(power_is_zero_while_nothing_runs)
{
	struct workload w;

	workload_init_slow(&w, device_open(), 5);
	run_at(&w, 0);
	usleep(INTERVAL_US);
	device_number("hwmon/power1_average");
	usleep(INTERVAL_US);
	CHECK_EQ(device_number("hwmon/power1_average"), 0);
}

/* Or the energy of a single job of somebody else could be told. */
TEST(power_does_not_change_within_a_second)
{
	long long before, after;
	struct workload w;
	int64_t end;
	int tries;

	workload_init_slow(&w, device_open(), 5);
	for (tries = 0; tries < 10; tries++) {
		usleep(INTERVAL_US);
		end = in_ns(SECOND_NS);
		before = device_number("hwmon/power1_average");
		run_at(&w, 0);
		after = device_number("hwmon/power1_average");
		if (in_ns(0) < end) {
			CHECK_EQ(after, before);
			return;
		}
	}
	SKIP("a job takes more than a second here");
}

TEST(temperature_is_there_where_it_is_modelled)
{
	static const char *const files[] = {
		"hwmon/temp1_input", "hwmon/temp1_max", "hwmon/temp1_crit", "hwmon/temp1_label",
	};
	bool expected = has_temperature(device_open());
	size_t i;

	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		CHECK_EQ(has_device_file(files[i]), expected);
	if (!expected)
		return;
	CHECK_EQ(device_number("hwmon/temp1_input") % 1000, 0);
	CHECK(device_number("hwmon/temp1_max") < device_number("hwmon/temp1_crit"));
}

TEST(reading_does_not_wake_the_device_up)
{
	int fd = device_open();
	size_t i;

	device_falls_asleep();
	for (i = 0; i < sizeof(inputs) / sizeof(inputs[0]); i++)
		CHECK(device_number(inputs[i]) >= 0);
	CHECK_EQ(device_number("hwmon/freq1_input"), operating_points(fd).points[0].khz * 1000ll);
	CHECK_EQ(device_number("hwmon/in0_input"), operating_points(fd).points[0].millivolt);
	CHECK(device_sleeps());
}

TEST(everybody_may_read_and_nobody_write)
{
	size_t i;

	device_number(inputs[0]);
	if (geteuid() == 0)
		CHECK_OK(setuid(65534));
	for (i = 0; i < sizeof(inputs) / sizeof(inputs[0]); i++) {
		CHECK(device_number(inputs[i]) >= 0);
		CHECK_ERRNO(try_write_device_file(inputs[i], "0"), EACCES);
	}
}

int main(void)
{
	int status = harness_main(device_path() ? NULL : "no EdgeBERT device");

	if (device_path() && geteuid() == 0)
		device_keep_awake(false);
	return status;
}
