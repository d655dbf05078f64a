// SPDX-License-Identifier: MIT
/*
 * Deadlines of jobs, and deadline hints on their fences.
 */
#include "tests/kselftest/device.h"

/* As of Linux 6.6; older headers know neither. */
#define WAIT_DEADLINE	(1u << 3)

struct syncobj_wait {
	uint64_t handles;
	int64_t timeout_ns;
	uint32_t count_handles, flags, first_signaled, pad;
	uint64_t deadline_ns;
};

#define IOCTL_SYNCOBJ_WAIT	DRM_IOWR(0xc3, struct syncobj_wait)

TEST(a_deadline_in_the_future_is_met)
{
	struct workload w;

	workload_init(&w, device_open(), 1);
	w.job.deadline_ns = in_ns(30 * SECOND_NS);
	CHECK_EQ(result_of(w.fd, w.context, submit(w.fd, w.context, &w.job)).error, 0);
	CHECK(!memcmp(w.destination.memory, w.source.memory, w.destination.size));
}

TEST(a_job_past_its_deadline_is_not_run)
{
	struct drm_edgebert_result result;
	struct workload w;

	workload_init(&w, device_open(), 1);
	w.job.deadline_ns = in_ns(-1);
	result = result_of(w.fd, w.context, submit(w.fd, w.context, &w.job));
	CHECK_EQ(result.error, -ETIME);
	CHECK_EQ(result.started_ns, 0);
	CHECK_EQ(result.cycles, 0);
	CHECK_EQ(((uint8_t *)w.destination.memory)[1], 0);
}

/* The queue in front takes longer than the deadline allows; what follows is not affected. */
TEST(a_deadline_passes_in_the_queue)
{
	struct drm_edgebert_result result;
	struct workload slow, w;
	uint64_t late, next;
	int i;

	workload_init_slow(&slow, device_open(), 200);
	workload_init(&w, device_open(), 1);
	for (i = 0; i < 8; i++)
		submit(slow.fd, slow.context, &slow.job);
	w.job.deadline_ns = in_ns(20 * 1000 * 1000);
	late = submit(w.fd, w.context, &w.job);
	w.job.deadline_ns = 0;
	next = submit(w.fd, w.context, &w.job);
	result = result_of(w.fd, w.context, late);
	/* Where the device still had room it was given the job at once. */
	if (result.started_ns)
		CHECK_EQ(result.error, 0);
	else
		CHECK_EQ(result.error, -ETIME);
	CHECK_EQ(result_of(w.fd, w.context, next).error, 0);
}

/*
 * What it waits for is the last of more jobs than the device takes at once: the scheduler
 * lets a job follow another one to the device as soon as that was given to it.
 */
TEST(a_deadline_passes_while_waiting_for_a_fence)
{
	struct drm_edgebert_sync in = { .flags = 0 }, out = { .flags = DRM_EDGEBERT_SYNC_SIGNAL };
	struct drm_edgebert_result result;
	struct workload slow, w;
	int i;

	workload_init_slow(&slow, device_open(), 100);
	workload_init(&w, slow.fd, 1);
	in.handle = syncobj_create(slow.fd);
	out.handle = in.handle;
	w.job.syncs = array_of(&in, 1, sizeof(in));
	w.job.deadline_ns = in_ns(1000 * 1000);
	for (i = 0; i < 6; i++) {
		if (i == 5)
			slow.job.syncs = array_of(&out, 1, sizeof(out));
		submit(slow.fd, slow.context, &slow.job);
	}
	result = result_of(w.fd, w.context, submit(w.fd, w.context, &w.job));
	CHECK_EQ(result.error, -ETIME);
	CHECK_EQ(((uint8_t *)w.destination.memory)[1], 0);
}

TEST(the_fence_of_a_missed_deadline_is_signalled)
{
	struct drm_edgebert_sync sync = { .flags = DRM_EDGEBERT_SYNC_SIGNAL };
	struct workload w;

	workload_init(&w, device_open(), 1);
	sync.handle = syncobj_create(w.fd);
	w.job.syncs = array_of(&sync, 1, sizeof(sync));
	w.job.deadline_ns = 1;
	submit(w.fd, w.context, &w.job);
	CHECK_OK(try_syncobj_wait(w.fd, sync.handle, 0, in_ns(30 * SECOND_NS)));
	CHECK_OK(try_buffer_wait(w.fd, w.destination.handle, 0, 0));
}

TEST(negative_deadline_is_refused)
{
	struct workload w;

	workload_init(&w, device_open(), 1);
	w.job.deadline_ns = -1;
	CHECK_ERRNO(try_submit(w.fd, w.context, &w.job, 1), EINVAL);
}

/* Waiting with a deadline is a hint: accepted for jobs that run and for those that wait. */
TEST(deadline_hints_are_accepted)
{
	struct drm_edgebert_sync sync = { .flags = DRM_EDGEBERT_SYNC_SIGNAL };
	struct syncobj_wait wait = { 0 };
	struct workload slow;
	int i;

	workload_init_slow(&slow, device_open(), 50);
	sync.handle = syncobj_create(slow.fd);
	for (i = 0; i < 6; i++) {
		slow.job.syncs = array_of(&sync, 1, sizeof(sync));
		submit(slow.fd, slow.context, &slow.job);
	}
	wait.handles = (uintptr_t)&sync.handle;
	wait.count_handles = 1;
	wait.timeout_ns = in_ns(30 * SECOND_NS);
	wait.flags = WAIT_DEADLINE;
	wait.deadline_ns = (uint64_t)in_ns(1000 * 1000);
	CHECK_OK(try_ioctl(slow.fd, IOCTL_SYNCOBJ_WAIT, &wait));
	for (i = 1; i <= 6; i++)
		CHECK_EQ(result_of(slow.fd, slow.context, i).error, 0);
}

int main(void)
{
	return harness_main(device_path() ? NULL : "no EdgeBERT device");
}
