// SPDX-License-Identifier: MIT
/*
 * CONTEXT_CREATE and CONTEXT_DESTROY: limits, priorities, operating points.
 */
#include "tests/kselftest/device.h"

#include <sys/wait.h>

static uint32_t point_count(int fd)
{
	struct drm_edgebert_query_device device = { 0 };
	struct drm_edgebert_dev_query query = {
		.type = DRM_EDGEBERT_QUERY_DEVICE,
		.size = sizeof(device),
		.pointer = (uintptr_t)&device,
	};

	CHECK_OK(try_ioctl(fd, DRM_IOCTL_EDGEBERT_DEV_QUERY, &query));
	return device.operating_point_count;
}

/* Runs in a child without any privilege; its exit status becomes the test's. */
static void as_ordinary_user(void (*test)(int fd))
{
	int fd = device_open(), status;
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid == 0) {
		CHECK_OK(setgid(65534));
		CHECK_OK(setuid(65534));
		test(fd);
		_exit(HARNESS_PASSED);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFEXITED(status));
	if (WEXITSTATUS(status) != HARNESS_PASSED)
		_exit(WEXITSTATUS(status));
}

TEST(contexts_have_different_ids)
{
	int fd = device_open();
	uint32_t first = context_create(fd), second = context_create(fd);

	CHECK(first != 0 && second != 0 && first != second);
	CHECK_OK(try_context_destroy(fd, first));
	CHECK_OK(try_context_destroy(fd, second));
}

TEST(contexts_per_file_are_limited)
{
	struct drm_edgebert_query_device device = { 0 };
	struct drm_edgebert_dev_query query = {
		.size = sizeof(device),
		.pointer = (uintptr_t)&device,
	};
	int fd = device_open();
	uint32_t i, id, last = 0;

	CHECK_OK(try_ioctl(fd, DRM_IOCTL_EDGEBERT_DEV_QUERY, &query));
	for (i = 0; i < device.contexts_per_file_max; i++)
		last = context_create(fd);
	CHECK_ERRNO(try_context_create(fd, 0, 0, UINT32_MAX, &id), ENOSPC);
	/* One that is destroyed makes room. */
	CHECK_OK(try_context_destroy(fd, last));
	context_create(fd);
}

/* The device has 255 address spaces; the node can still be opened when they are used up. */
TEST(address_spaces_are_limited_and_given_back)
{
	int fds[256], opened, active = 0, round;
	uint32_t id;

	for (round = 0; round < 2; round++) {
		for (opened = 0, active = 0; opened < 256; opened++) {
			fds[opened] = device_open();
			if (try_context_create(fds[opened], 0, 0, UINT32_MAX, &id)) {
				CHECK_EQ(errno, EBUSY);
				opened++;
				break;
			}
			active++;
		}
		CHECK(active > 200 && active < 256);
		while (opened > 0)
			close(fds[--opened]);
	}
}

TEST(unknown_context_can_not_be_destroyed)
{
	CHECK_ERRNO(try_context_destroy(device_open(), 4711), ENOENT);
	CHECK_ERRNO(try_context_destroy(device_open(), 0), ENOENT);
}

TEST(context_is_destroyed_once)
{
	int fd = device_open();
	uint32_t id = context_create(fd);

	CHECK_OK(try_context_destroy(fd, id));
	CHECK_ERRNO(try_context_destroy(fd, id), ENOENT);
}

TEST(another_files_context_can_not_be_destroyed)
{
	int fd = device_open(), other = device_open();
	uint32_t id = context_create(fd);

	CHECK_ERRNO(try_context_destroy(other, id), ENOENT);
}

TEST(create_flags_must_be_zero)
{
	struct drm_edgebert_context_create create = {
		.flags = 1,
		.operating_point_high = UINT32_MAX,
	};

	CHECK_ERRNO(try_ioctl(device_open(), DRM_IOCTL_EDGEBERT_CONTEXT_CREATE, &create), EINVAL);
}

TEST(create_pad_must_be_zero)
{
	struct drm_edgebert_context_create create = {
		.pad = 1,
		.operating_point_high = UINT32_MAX,
	};

	CHECK_ERRNO(try_ioctl(device_open(), DRM_IOCTL_EDGEBERT_CONTEXT_CREATE, &create), EINVAL);
}

TEST(destroy_pad_must_be_zero)
{
	int fd = device_open();
	struct drm_edgebert_context_destroy destroy = { .context_id = context_create(fd), .pad = 1 };

	CHECK_ERRNO(try_ioctl(fd, DRM_IOCTL_EDGEBERT_CONTEXT_DESTROY, &destroy), EINVAL);
}

TEST(unknown_priority_is_refused)
{
	uint32_t id;

	CHECK_ERRNO(try_context_create(device_open(), 3, 0, UINT32_MAX, &id), EINVAL);
}

TEST(operating_point_outside_the_table_is_refused)
{
	int fd = device_open();
	uint32_t id, count = point_count(fd);

	CHECK_ERRNO(try_context_create(fd, 0, 0, count, &id), EINVAL);
	CHECK_ERRNO(try_context_create(fd, 0, count, UINT32_MAX, &id), EINVAL);
}

TEST(inverted_window_is_refused)
{
	uint32_t id;

	CHECK_ERRNO(try_context_create(device_open(), 0, 1, 0, &id), EINVAL);
}

TEST(root_may_have_any_priority)
{
	int fd = device_open();
	uint32_t id;

	if (geteuid() != 0)
		SKIP("not root");
	CHECK_OK(try_context_create(fd, DRM_EDGEBERT_PRIORITY_LOW, 0, UINT32_MAX, &id));
	CHECK_OK(try_context_create(fd, DRM_EDGEBERT_PRIORITY_HIGH, 0, UINT32_MAX, &id));
}

static void create_high(int fd)
{
	uint32_t id;

	CHECK_ERRNO(try_context_create(fd, DRM_EDGEBERT_PRIORITY_HIGH, 0, UINT32_MAX, &id), EACCES);
}

TEST(high_priority_needs_a_capability)
{
	if (geteuid() != 0)
		SKIP("not root");
	as_ordinary_user(create_high);
}

static void run_job(int fd)
{
	struct workload w;

	workload_init(&w, fd, 2);
	CHECK_EQ(result_of(fd, w.context, submit(fd, w.context, &w.job)).error, 0);
	CHECK(!memcmp(w.destination.memory, w.source.memory, w.destination.size));
}

TEST(ordinary_user_runs_jobs)
{
	if (geteuid() != 0)
		SKIP("not root");
	as_ordinary_user(run_job);
}

/* Points asked for outside of the window end at its nearest edge. */
TEST(points_are_clamped_to_the_window)
{
	int fd = device_open();
	uint32_t count = point_count(fd), id;
	struct workload w;

	if (count < 4)
		SKIP("too few operating points");
	workload_init(&w, fd, 2);
	CHECK_OK(try_context_create(fd, 0, 1, 2, &id));
	w.job.operating_point = 0;
	CHECK_EQ(result_of(fd, id, submit(fd, id, &w.job)).operating_point, 1);
	w.job.operating_point = 2;
	CHECK_EQ(result_of(fd, id, submit(fd, id, &w.job)).operating_point, 2);
	w.job.operating_point = count - 1;
	CHECK_EQ(result_of(fd, id, submit(fd, id, &w.job)).operating_point, 2);
	w.job.operating_point = DRM_EDGEBERT_OPERATING_POINT_DEFAULT;
	CHECK(result_of(fd, id, submit(fd, id, &w.job)).operating_point <= 2);
}

int main(void)
{
	return harness_main(device_path() ? NULL : "no EdgeBERT device");
}
