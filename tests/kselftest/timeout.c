// SPDX-License-Identifier: MIT
/*
 * Jobs that make no progress: stopped in time, alone, and told so.
 *
 * The time limit is a parameter of the module, set here by root for each test.
 */
#include "tests/kselftest/device.h"

#include <fcntl.h>

#define PARAMETER "/sys/module/edgebert/parameters/job_timeout_ms"

static bool write_parameter(const char *text)
{
	int fd = open(PARAMETER, O_WRONLY | O_CLOEXEC);
	bool written = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return written;
}

/* A job that would run for many times the limit. */
static void slow_workload(struct workload *w, int fd)
{
	if (!write_parameter("500"))
		SKIP("not root");
	workload_init_slow(w, fd, 20000);
}

TEST(slow_job_is_stopped)
{
	struct drm_edgebert_result result;
	struct workload w;

	slow_workload(&w, device_open());
	result = result_of(w.fd, w.context, submit(w.fd, w.context, &w.job));
	CHECK_EQ(result.error, -ETIMEDOUT);
	CHECK_EQ(result.status, EDGEBERT_HW_ABORTED);
	CHECK(result.ended_ns - result.started_ns < 5 * SECOND_NS);
}

TEST(the_same_context_works_afterwards)
{
	struct workload slow, w;

	slow_workload(&slow, device_open());
	CHECK_EQ(result_of(slow.fd, slow.context, submit(slow.fd, slow.context, &slow.job)).error,
		 -ETIMEDOUT);
	workload_init(&w, slow.fd, 1);
	CHECK_EQ(result_of(w.fd, slow.context, submit(w.fd, slow.context, &w.job)).error, 0);
	CHECK(!memcmp(w.destination.memory, w.source.memory, w.destination.size));
}

TEST(jobs_of_others_are_not_lost)
{
	struct workload slow, w;
	int i;

	slow_workload(&slow, device_open());
	workload_init(&w, device_open(), 4);
	submit(slow.fd, slow.context, &slow.job);
	for (i = 0; i < 10; i++)
		submit(w.fd, w.context, &w.job);
	CHECK_EQ(result_of(slow.fd, slow.context, 1).error, -ETIMEDOUT);
	for (i = 1; i <= 10; i++)
		CHECK_EQ(result_of(w.fd, w.context, i).error, 0);
}

TEST(fence_of_a_stopped_job_is_signalled)
{
	struct drm_edgebert_sync sync = { .flags = DRM_EDGEBERT_SYNC_SIGNAL };
	struct workload w;

	slow_workload(&w, device_open());
	sync.handle = syncobj_create(w.fd);
	w.job.syncs = array_of(&sync, 1, sizeof(sync));
	submit(w.fd, w.context, &w.job);
	CHECK_OK(try_syncobj_wait(w.fd, sync.handle, 0, in_ns(30 * SECOND_NS)));
	CHECK_OK(try_buffer_wait(w.fd, w.destination.handle, 0, 0));
}

/* After the third in a row the context is banned; another of the same file is not. */
TEST_LIMIT(a_context_that_never_does_better_is_banned, 120)
{
	struct drm_edgebert_counters counters;
	struct drm_edgebert_context_counters args = {
		.size = sizeof(counters),
		.pointer = (uintptr_t)&counters,
	};
	struct workload slow, w;
	int i;

	slow_workload(&slow, device_open());
	args.context_id = slow.context;
	for (i = 0; i < 3; i++) {
		CHECK_OK(try_ioctl(slow.fd, DRM_IOCTL_EDGEBERT_CONTEXT_COUNTERS, &args));
		CHECK_EQ(counters.stopped, i);
		CHECK_EQ(counters.flags, 0);
		CHECK_EQ(result_of(slow.fd, slow.context,
				   submit(slow.fd, slow.context, &slow.job)).error, -ETIMEDOUT);
	}
	CHECK_OK(try_ioctl(slow.fd, DRM_IOCTL_EDGEBERT_CONTEXT_COUNTERS, &args));
	CHECK_EQ(counters.stopped, 3);
	CHECK_EQ(counters.cancelled, 3);
	CHECK_EQ(counters.flags, DRM_EDGEBERT_CONTEXT_BANNED);
	CHECK_ERRNO(try_submit(slow.fd, slow.context, &slow.job, 1), EIO);
	workload_init(&w, slow.fd, 1);
	CHECK_EQ(result_of(w.fd, w.context, submit(w.fd, w.context, &w.job)).error, 0);
}

/* Stopped twice, then something that ends: the count begins anew. */
TEST_LIMIT(a_job_that_ends_lifts_the_threat_of_a_ban, 120)
{
	struct workload slow, w;
	int round, i;

	slow_workload(&slow, device_open());
	workload_init(&w, slow.fd, 1);
	for (round = 0; round < 2; round++) {
		for (i = 0; i < 2; i++)
			CHECK_EQ(result_of(slow.fd, slow.context,
					   submit(slow.fd, slow.context, &slow.job)).error,
				 -ETIMEDOUT);
		CHECK_EQ(result_of(slow.fd, slow.context,
				   submit(slow.fd, slow.context, &w.job)).error, 0);
	}
}

/* A file that is closed leaves its slow job behind, which must not stay for ever. */
TEST(slow_job_of_a_closed_file_is_stopped)
{
	struct workload slow, w;
	int64_t begin;

	slow_workload(&slow, device_open());
	submit(slow.fd, slow.context, &slow.job);
	workload_close(&slow);
	begin = in_ns(0);
	workload_init(&w, device_open(), 1);
	CHECK_EQ(result_of(w.fd, w.context, submit(w.fd, w.context, &w.job)).error, 0);
	CHECK(in_ns(0) - begin < 5 * SECOND_NS);
}

int main(void)
{
	char before[16] = "";
	int fd = open(PARAMETER, O_RDONLY | O_CLOEXEC), status;
	bool known = fd >= 0 && read(fd, before, sizeof(before) - 1) > 0;

	if (fd >= 0)
		close(fd);
	status = harness_main(device_path() ? NULL : "no EdgeBERT device");
	if (known)
		write_parameter(before);
	return status;
}
