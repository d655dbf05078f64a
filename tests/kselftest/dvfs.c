// SPDX-License-Identifier: MIT
/*
 * Operating points: the window of a context, the administrator's limits, and that no job
 * ever leaves either.
 *
 * Limits are set here by root for each test, and taken away at the end.
 */
#include "tests/kselftest/device.h"
#include "tests/kselftest/limits.h"

#include <fcntl.h>

#define ALL_POINTS 0xffffffffu

static int try_context_set(int fd, uint32_t context, uint32_t flags, uint32_t low, uint32_t high)
{
	struct drm_edgebert_context_set set = {
		.context_id = context,
		.flags = flags,
		.operating_point_low = low,
		.operating_point_high = high,
	};

	return try_ioctl(fd, DRM_IOCTL_EDGEBERT_CONTEXT_SET, &set);
}

/* The point at which a job ends that asks for this one. */
static uint32_t point_of(struct workload *w, uint8_t wish)
{
	struct drm_edgebert_result result;

	w->job.operating_point = wish;
	result = result_of(w->fd, w->context, submit(w->fd, w->context, &w->job));
	CHECK_EQ(result.error, 0);
	return result.operating_point;
}

static void short_workload(struct workload *w)
{
	if (geteuid() == 0)
		limits_clear();
	workload_init(w, device_open(), 1);
	if (operating_points(w->fd).count < 4)
		SKIP("the device has too few operating points");
}

TEST(query_tells_what_is_in_force)
{
	struct drm_edgebert_query_dvfs dvfs;
	struct workload w;
	uint32_t highest;
	int fd;

	short_workload(&w);
	fd = w.fd;
	highest = operating_points(fd).count - 1;
	dvfs = query_dvfs(fd);
	CHECK(dvfs.current_point <= highest);
	CHECK_EQ(dvfs.default_point, highest);
	CHECK_EQ(dvfs.window_low, 0);
	CHECK_EQ(dvfs.window_high, highest);
	CHECK(dvfs.thermal_max <= highest);
	CHECK_EQ(dvfs.temperature_millicelsius % 1000, 0);
	CHECK_EQ(dvfs.pad, 0);
}

TEST(query_tells_its_size)
{
	struct drm_edgebert_dev_query query = { .type = DRM_EDGEBERT_QUERY_DVFS };

	CHECK_OK(try_ioctl(device_open(), DRM_IOCTL_EDGEBERT_DEV_QUERY, &query));
	CHECK_EQ(query.size, sizeof(struct drm_edgebert_query_dvfs));
}

TEST(query_tells_the_point_of_the_last_job)
{
	struct workload w;

	short_workload(&w);
	device_keep_awake(true);
	CHECK_EQ(point_of(&w, 2), 2);
	CHECK_EQ(query_dvfs(w.fd).current_point, 2);
	device_keep_awake(false);
}

TEST(query_counts_transitions)
{
	struct workload w;
	uint64_t before;

	short_workload(&w);
	before = query_dvfs(w.fd).transitions;
	CHECK_EQ(point_of(&w, 3), 3);
	CHECK(query_dvfs(w.fd).transitions > before);
}

TEST(window_of_a_context_bounds_its_jobs)
{
	struct workload w;

	short_workload(&w);
	CHECK_OK(try_context_set(w.fd, w.context, 0, 1, 2));
	CHECK_EQ(point_of(&w, 0), 1);
	CHECK_EQ(point_of(&w, 2), 2);
	CHECK_EQ(point_of(&w, 3), 2);
	CHECK_EQ(point_of(&w, DRM_EDGEBERT_OPERATING_POINT_DEFAULT), 2);
}

TEST(window_of_a_context_can_be_widened_again)
{
	struct workload w;
	uint32_t highest;

	short_workload(&w);
	highest = operating_points(w.fd).count - 1;
	CHECK_OK(try_context_set(w.fd, w.context, 0, 1, 1));
	CHECK_EQ(point_of(&w, (uint8_t)highest), 1);
	CHECK_OK(try_context_set(w.fd, w.context, 0, 0, ALL_POINTS));
	CHECK_EQ(point_of(&w, (uint8_t)highest), highest);
	CHECK_EQ(point_of(&w, 0), 0);
}

TEST(window_of_one_context_is_not_that_of_another)
{
	struct workload w;
	uint32_t other;

	short_workload(&w);
	other = context_create(w.fd);
	CHECK_OK(try_context_set(w.fd, other, 0, 1, 1));
	CHECK_EQ(point_of(&w, 3), 3);
}

/* What waits in the queue has not started. */
TEST(window_holds_for_jobs_submitted_before)
{
	const unsigned int count = 12;
	struct workload slow, w;
	unsigned int i;

	short_workload(&w);
	workload_init_slow(&slow, device_open(), 500);
	submit(slow.fd, slow.context, &slow.job);
	w.job.operating_point = 3;
	for (i = 0; i < count; i++)
		submit(w.fd, w.context, &w.job);
	CHECK_OK(try_context_set(w.fd, w.context, 0, 1, 1));
	CHECK_EQ(result_of(w.fd, w.context, count).operating_point, 1);
}

TEST(context_set_refuses_windows_that_are_none)
{
	int fd = device_open();
	uint32_t count = operating_points(fd).count, context = context_create(fd);

	CHECK_ERRNO(try_context_set(fd, context, 0, 0, count), EINVAL);
	CHECK_ERRNO(try_context_set(fd, context, 0, 0, 0x100), EINVAL);
	CHECK_ERRNO(try_context_set(fd, context, 0, 1, 0), EINVAL);
	CHECK_ERRNO(try_context_set(fd, context, 0, count, ALL_POINTS), EINVAL);
	CHECK_ERRNO(try_context_set(fd, context, 0, ALL_POINTS, ALL_POINTS), EINVAL);
	CHECK_OK(try_context_set(fd, context, 0, count - 1, ALL_POINTS));
}

TEST(context_set_refuses_unknown_flags)
{
	int fd = device_open();

	CHECK_ERRNO(try_context_set(fd, context_create(fd), 1, 0, ALL_POINTS), EINVAL);
}

TEST(context_set_refuses_unknown_contexts)
{
	int fd = device_open();
	uint32_t context = context_create(device_open());

	CHECK_ERRNO(try_context_set(fd, 0, 0, 0, ALL_POINTS), ENOENT);
	CHECK_ERRNO(try_context_set(fd, context, 0, 0, ALL_POINTS), ENOENT);
}

TEST(refused_window_changes_nothing)
{
	struct workload w;

	short_workload(&w);
	CHECK_OK(try_context_set(w.fd, w.context, 0, 1, 1));
	CHECK_ERRNO(try_context_set(w.fd, w.context, 0, 3, 2), EINVAL);
	CHECK_EQ(point_of(&w, 3), 1);
}

TEST(limits_bound_all_jobs)
{
	struct workload w;

	short_workload(&w);
	limit_points(w.fd, 1, 2);
	CHECK_EQ(query_dvfs(w.fd).window_low, 1);
	CHECK_EQ(query_dvfs(w.fd).window_high, 2);
	CHECK_EQ(query_dvfs(w.fd).default_point, 2);
	CHECK_EQ(point_of(&w, 0), 1);
	CHECK_EQ(point_of(&w, 3), 2);
	CHECK_EQ(point_of(&w, DRM_EDGEBERT_OPERATING_POINT_DEFAULT), 2);
}

TEST(limits_win_over_the_window_of_a_context)
{
	struct workload w;

	short_workload(&w);
	CHECK_OK(try_context_set(w.fd, w.context, 0, 3, 3));
	limit_points(w.fd, 0, 1);
	CHECK_EQ(point_of(&w, 3), 1);
	limits_clear();
	CHECK_EQ(point_of(&w, 0), 3);
}

TEST(limits_that_contradict_each_other_leave_one_point)
{
	struct workload w;

	short_workload(&w);
	limit_points(w.fd, 3, 1);
	CHECK_EQ(query_dvfs(w.fd).window_low, 1);
	CHECK_EQ(query_dvfs(w.fd).window_high, 1);
	CHECK_EQ(point_of(&w, 3), 1);
}

/* 1 kHz more than a point is not the next point; less than all points is the lowest. */
TEST(limits_between_points_leave_points_of_the_table)
{
	struct workload w;
	struct points points;

	short_workload(&w);
	points = operating_points(w.fd);
	limit_hz("min_freq", (points.points[1].khz + 1) * 1000ull);
	limit_hz("max_freq", (points.points[2].khz + 1) * 1000ull);
	CHECK_EQ(query_dvfs(w.fd).window_low, 2);
	CHECK_EQ(query_dvfs(w.fd).window_high, 2);
	limits_clear();
	limit_hz("max_freq", 1000);
	CHECK_EQ(query_dvfs(w.fd).window_low, 0);
	CHECK_EQ(query_dvfs(w.fd).window_high, 0);
	CHECK_EQ(point_of(&w, 3), 0);
}

TEST(limits_survive_a_function_reset)
{
	struct workload w;

	short_workload(&w);
	limit_points(w.fd, 1, 2);
	write_device_file("reset", "1");
	CHECK_EQ(point_of(&w, 0), 1);
	CHECK_EQ(point_of(&w, 3), 2);
}

TEST(limits_survive_sleep_and_can_be_set_asleep)
{
	struct workload w;

	short_workload(&w);
	limit_points(w.fd, 1, 2);
	device_falls_asleep();
	CHECK_EQ(query_dvfs(w.fd).window_high, 2);
	CHECK_EQ(query_dvfs(w.fd).current_point, 0);
	CHECK_EQ(point_of(&w, 3), 2);
	device_falls_asleep();
	limit_points(w.fd, 0, 1);
	CHECK(device_sleeps());
	CHECK_EQ(point_of(&w, 3), 1);
}

TEST(ordinary_users_can_not_set_limits)
{
	char limit[32];

	read_device_file("devfreq/max_freq", limit, sizeof(limit));
	if (geteuid() == 0)
		CHECK_OK(setuid(65534));
	CHECK_ERRNO(try_write_device_file("devfreq/max_freq", "0"), EACCES);
	CHECK_ERRNO(try_write_device_file("devfreq/min_freq", "0"), EACCES);
}

int main(void)
{
	int status = harness_main(device_path() ? NULL : "no EdgeBERT device");

	if (device_path() && geteuid() == 0) {
		limits_clear();
		device_keep_awake(false);
	}
	return status;
}
