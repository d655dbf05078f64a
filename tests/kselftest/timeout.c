// SPDX-License-Identifier: MIT
/*
 * Jobs that make no progress: stopped in time, alone, and told so.
 *
 * The time limit is a parameter of the module, set here by root for each test; the device
 * is told to hang by hostctl, which only virtual machines have.
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

/* The next jobs that the device begins hang, that many in a row. */
static void arm_hangs(unsigned int count)
{
	char command[80];

	snprintf(command, sizeof(command), "hostctl device 0 hang-job count=%u >/dev/null 2>&1",
		 count);
	if (system(command))
		SKIP("the device can not be told to hang");
}

/* Until the device has begun the job that hangs. */
static void wait_for_hang(void)
{
	int tries;

	for (tries = 0; tries < 100; tries++)
		if (!system("hostctl device 0 status | grep -q '^hang-job armed=0 '"))
			return;
	CHECK(!"the job never began");
}

static void short_time_limit(void)
{
	if (!write_parameter("500"))
		SKIP("not root");
}

/* The next job hangs: submit it before any other. */
static void hanging_workload(struct workload *w, int fd)
{
	short_time_limit();
	workload_init(w, fd, 4);
	arm_hangs(1);
}

/* It takes many times the limit, but gets on. */
TEST(slow_job_is_not_stopped)
{
	struct drm_edgebert_result result;
	struct workload w;

	short_time_limit();
	workload_init_slow(&w, device_open(), 3000);
	result = result_of(w.fd, w.context, submit(w.fd, w.context, &w.job));
	CHECK_EQ(result.error, 0);
	CHECK(result.ended_ns - result.started_ns > SECOND_NS);
}

TEST(hanging_job_is_stopped)
{
	struct drm_edgebert_result result;
	struct workload w;

	hanging_workload(&w, device_open());
	result = result_of(w.fd, w.context, submit(w.fd, w.context, &w.job));
	CHECK_EQ(result.error, -ETIMEDOUT);
	CHECK_EQ(result.status, EDGEBERT_HW_ABORTED);
	CHECK(result.ended_ns - result.started_ns < 5 * SECOND_NS);
}

TEST(the_same_context_works_afterwards)
{
	struct workload hanging, w;

	hanging_workload(&hanging, device_open());
	CHECK_EQ(result_of(hanging.fd, hanging.context, submit(hanging.fd, hanging.context, &hanging.job)).error,
		 -ETIMEDOUT);
	workload_init(&w, hanging.fd, 1);
	CHECK_EQ(result_of(w.fd, hanging.context, submit(w.fd, hanging.context, &w.job)).error, 0);
	CHECK(!memcmp(w.destination.memory, w.source.memory, w.destination.size));
}

TEST(jobs_of_others_are_not_lost)
{
	struct workload hanging, w;
	int i;

	hanging_workload(&hanging, device_open());
	workload_init(&w, device_open(), 4);
	submit(hanging.fd, hanging.context, &hanging.job);
	for (i = 0; i < 10; i++)
		submit(w.fd, w.context, &w.job);
	CHECK_EQ(result_of(hanging.fd, hanging.context, 1).error, -ETIMEDOUT);
	for (i = 1; i <= 10; i++)
		CHECK_EQ(result_of(w.fd, w.context, i).error, 0);
}

/* What the guilty context had submitted after the job that was stopped is cancelled ... */
TEST(later_jobs_of_the_same_context_are_cancelled)
{
	struct workload hanging, w;
	uint64_t last;
	int i;

	hanging_workload(&hanging, device_open());
	workload_init(&w, hanging.fd, 1);
	submit(hanging.fd, hanging.context, &hanging.job);
	/* Some of them are in the device already, others are not. */
	for (i = 0; i < 10; i++)
		last = submit(hanging.fd, hanging.context, &w.job);
	CHECK_EQ(result_of(hanging.fd, hanging.context, 1).error, -ETIMEDOUT);
	for (i = 2; (uint64_t)i <= last; i++)
		CHECK_EQ(result_of(hanging.fd, hanging.context, i).error, -ECANCELED);
	CHECK_EQ(((uint8_t *)w.destination.memory)[1], 0);
	/* ... but not what it submits now. */
	CHECK_EQ(result_of(hanging.fd, hanging.context, submit(hanging.fd, hanging.context, &w.job)).error, 0);
}

/* Another context of the same file shares its address space, but not its guilt. */
TEST(jobs_of_other_contexts_of_the_file_are_run)
{
	struct drm_edgebert_result result;
	struct workload hanging, w;
	uint64_t ended = 0;
	int i;

	hanging_workload(&hanging, device_open());
	workload_init(&w, hanging.fd, 4);
	submit(hanging.fd, hanging.context, &hanging.job);
	for (i = 0; i < 10; i++)
		submit(w.fd, w.context, &w.job);
	CHECK_EQ(result_of(hanging.fd, hanging.context, 1).error, -ETIMEDOUT);
	for (i = 1; i <= 10; i++) {
		result = result_of(w.fd, w.context, i);
		CHECK_EQ(result.error, 0);
		CHECK(result.cycles > 0);
		CHECK(result.ended_ns > ended);
		ended = result.ended_ns;
	}
	CHECK(!memcmp(w.destination.memory, w.source.memory, w.destination.size));
}

/*
 * Jobs of the innocent context are on both sides of a long one of another file: those
 * aborted before it still run before those after it.
 */
TEST(order_is_kept_around_jobs_of_others)
{
	struct workload hanging, other, w;
	struct drm_edgebert_job second;
	int i;

	workload_init_slow(&other, device_open(), 400);
	hanging_workload(&hanging, device_open());
	workload_init(&w, hanging.fd, 1);
	/* The first copies source to destination, the second destination to scratch. */
	second = w.job;
	second.segments[0] = w.destination.address;
	second.segments[1] = w.scratch.address;
	submit(hanging.fd, hanging.context, &hanging.job);
	submit(w.fd, w.context, &w.job);
	submit(other.fd, other.context, &other.job);
	submit(w.fd, w.context, &second);
	CHECK_EQ(result_of(hanging.fd, hanging.context, 1).error, -ETIMEDOUT);
	CHECK_EQ(result_of(other.fd, other.context, 1).error, 0);
	for (i = 1; i <= 2; i++)
		CHECK_EQ(result_of(w.fd, w.context, i).error, 0);
	CHECK(!memcmp(w.scratch.memory, w.source.memory, w.source.size));
}

/* Two files hang at once; a third one is served in the end. */
TEST_LIMIT(two_hanging_files_do_not_stop_a_third, 120)
{
	struct workload first, second, w;
	int i;

	short_time_limit();
	workload_init(&first, device_open(), 1);
	workload_init(&second, device_open(), 1);
	workload_init(&w, device_open(), 2);
	arm_hangs(2);
	submit(first.fd, first.context, &first.job);
	submit(second.fd, second.context, &second.job);
	for (i = 0; i < 4; i++)
		submit(w.fd, w.context, &w.job);
	CHECK_EQ(result_of(first.fd, first.context, 1).error, -ETIMEDOUT);
	CHECK_EQ(result_of(second.fd, second.context, 1).error, -ETIMEDOUT);
	for (i = 1; i <= 4; i++)
		CHECK_EQ(result_of(w.fd, w.context, i).error, 0);
}

/* The second one hangs while jobs of the first file are still to be aborted behind it. */
TEST_LIMIT(a_second_hang_during_an_abort_is_survived, 120)
{
	struct workload first, second, w;
	int i;

	short_time_limit();
	workload_init(&first, device_open(), 1);
	workload_init(&second, device_open(), 1);
	workload_init(&w, first.fd, 1);
	arm_hangs(2);
	submit(first.fd, first.context, &first.job);
	submit(w.fd, w.context, &w.job);
	submit(second.fd, second.context, &second.job);
	submit(w.fd, w.context, &w.job);
	CHECK_EQ(result_of(first.fd, first.context, 1).error, -ETIMEDOUT);
	CHECK_EQ(result_of(second.fd, second.context, 1).error, -ETIMEDOUT);
	for (i = 1; i <= 2; i++)
		CHECK_EQ(result_of(w.fd, w.context, i).error, 0);
}

TEST(fence_of_a_stopped_job_is_signalled)
{
	struct drm_edgebert_sync sync = { .flags = DRM_EDGEBERT_SYNC_SIGNAL };
	struct workload w;

	hanging_workload(&w, device_open());
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
	struct workload hanging, w;
	int i;

	hanging_workload(&hanging, device_open());
	args.context_id = hanging.context;
	for (i = 0; i < 3; i++) {
		CHECK_OK(try_ioctl(hanging.fd, DRM_IOCTL_EDGEBERT_CONTEXT_COUNTERS, &args));
		CHECK_EQ(counters.stopped, i);
		CHECK_EQ(counters.flags, 0);
		if (i)
			arm_hangs(1);
		CHECK_EQ(result_of(hanging.fd, hanging.context,
				   submit(hanging.fd, hanging.context, &hanging.job)).error, -ETIMEDOUT);
	}
	CHECK_OK(try_ioctl(hanging.fd, DRM_IOCTL_EDGEBERT_CONTEXT_COUNTERS, &args));
	CHECK_EQ(counters.stopped, 3);
	CHECK_EQ(counters.cancelled, 3);
	CHECK_EQ(counters.flags, DRM_EDGEBERT_CONTEXT_BANNED);
	CHECK_ERRNO(try_submit(hanging.fd, hanging.context, &hanging.job, 1), EIO);
	workload_init(&w, hanging.fd, 1);
	CHECK_EQ(result_of(w.fd, w.context, submit(w.fd, w.context, &w.job)).error, 0);
}

/* Stopped twice, then something that ends: the count begins anew. */
TEST_LIMIT(a_job_that_ends_lifts_the_threat_of_a_ban, 120)
{
	struct workload hanging, w;
	int round, i;

	hanging_workload(&hanging, device_open());
	workload_init(&w, hanging.fd, 1);
	for (round = 0; round < 2; round++) {
		arm_hangs(2);
		for (i = 0; i < 2; i++)
			CHECK_EQ(result_of(hanging.fd, hanging.context,
					   submit(hanging.fd, hanging.context, &hanging.job)).error,
				 -ETIMEDOUT);
		CHECK_EQ(result_of(hanging.fd, hanging.context,
				   submit(hanging.fd, hanging.context, &w.job)).error, 0);
	}
}

/* A file that is closed leaves its hanging job behind, which must not stay for ever. */
TEST(hanging_job_of_a_closed_file_is_stopped)
{
	struct workload hanging, w;
	int64_t begin;

	hanging_workload(&hanging, device_open());
	submit(hanging.fd, hanging.context, &hanging.job);
	wait_for_hang();
	workload_close(&hanging);
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
