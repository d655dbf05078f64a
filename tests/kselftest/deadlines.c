// SPDX-License-Identifier: MIT
/*
 * Deadlines of jobs, and deadline hints on their fences.
 */
#include "tests/kselftest/device.h"
#include "tests/kselftest/limits.h"

#include <sys/ioctl.h>

/* Several times as long as it takes to submit some jobs, on any kernel. */
#define HOLD_UP_MS	1000
/* So many jobs the driver gives the device at a time, or fewer: what comes then is queued. */
#define JOBS_AT_DEVICE	4
#define GOVERNED_WITHIN_MS 20000

/* As of Linux 6.6; older headers know none of it. */
#define WAIT_DEADLINE	(1u << 3)

struct syncobj_wait {
	uint64_t handles;
	int64_t timeout_ns;
	uint32_t count_handles, flags, first_signaled, pad;
	uint64_t deadline_ns;
};

#define IOCTL_SYNCOBJ_WAIT	DRM_IOWR(0xc3, struct syncobj_wait)

struct sync_deadline {
	uint64_t deadline_ns;
	uint64_t pad;
};

#define IOCTL_SYNC_SET_DEADLINE	_IOW('>', 5, struct sync_deadline)

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

TEST(a_job_started_in_time_runs_to_its_end)
{
	struct drm_edgebert_result result;
	struct workload slow;
	int tries = 5;

	workload_init_slow(&slow, device_open(), HOLD_UP_MS);
	/* A host with more to do than it can may miss even that. */
	do {
		slow.job.deadline_ns = in_ns(HOLD_UP_MS / 2 * 1000 * 1000);
		result = result_of(slow.fd, slow.context,
				   submit(slow.fd, slow.context, &slow.job));
	} while (result.error == -ETIME && !result.started_ns && --tries);
	CHECK_EQ(result.error, 0);
	CHECK(result.ended_ns > (uint64_t)slow.job.deadline_ns);
}

/*
 * Hints.  The device is held up by a long job, with others behind it that it has been given and
 * some that still wait in the queue, and a governor that gives jobs without a wish the lowest
 * point, so that the highest one shows.
 */

struct queue {
	struct workload slow, w;
	uint32_t highest;
};

static int hint_by_wait(int fd, uint32_t syncobj)
{
	struct syncobj_wait wait = {
		.handles = (uintptr_t)&syncobj,
		.count_handles = 1,
		.timeout_ns = 1,
		.flags = WAIT_DEADLINE,
		.deadline_ns = (uint64_t)in_ns(1000 * 1000),
	};

	return try_ioctl(fd, IOCTL_SYNCOBJ_WAIT, &wait);
}

static int hint_by_sync_file(int fd, uint32_t syncobj)
{
	struct sync_deadline deadline = { .deadline_ns = (uint64_t)in_ns(1000 * 1000) };
	struct drm_syncobj_handle handle = {
		.handle = syncobj,
		.flags = DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_EXPORT_SYNC_FILE,
		.fd = -1,
	};
	int status;

	CHECK_OK(try_ioctl(fd, DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, &handle));
	status = ioctl(handle.fd, IOCTL_SYNC_SET_DEADLINE, &deadline);
	close(handle.fd);
	return status;
}

/* What this governor does with an idle device; afterwards it looks no more. */
static void prefer_lowest_point(int fd)
{
	int waited;

	write_device_file("devfreq/governor", "simple_ondemand");
	write_device_file("devfreq/polling_interval", "100");
	for (waited = 0; query_dvfs(fd).default_point; waited += 10) {
		if (waited > GOVERNED_WITHIN_MS)
			harness_fail(__FILE__, __LINE__, "idle, the default point stays %u",
				     query_dvfs(fd).default_point);
		usleep(10000);
	}
	write_device_file("devfreq/polling_interval", "0");
	CHECK_EQ(query_dvfs(fd).default_point, 0);
}

/* All of a file, so that nothing but their order decides when jobs start. */
static void queue_open(struct queue *queue)
{
	workload_init_slow(&queue->slow, device_open(), HOLD_UP_MS);
	workload_init(&queue->w, queue->slow.fd, 1);
	queue->highest = operating_points(queue->w.fd).count - 1;
	if (queue->highest < 3)
		SKIP("the device has too few operating points");
}

/* Holds the device up, with as many jobs as it is given at a time. */
static void queue_fill(struct queue *queue)
{
	int i;

	prefer_lowest_point(queue->w.fd);
	submit(queue->slow.fd, queue->slow.context, &queue->slow.job);
	for (i = 1; i < JOBS_AT_DEVICE; i++)
		submit(queue->w.fd, queue->w.context, &queue->w.job);
}

/* Submits a job with this wish; returns its number. */
static uint64_t queue_job(struct queue *queue, uint32_t context, uint8_t wish, uint32_t syncobj)
{
	struct drm_edgebert_sync sync = { .handle = syncobj, .flags = DRM_EDGEBERT_SYNC_SIGNAL };
	struct drm_edgebert_job job = queue->w.job;

	job.operating_point = wish;
	job.syncs = array_of(&sync, 1, sizeof(sync));
	return submit(queue->w.fd, context, &job);
}

static uint32_t queue_point(struct queue *queue, uint32_t context, uint64_t sequence)
{
	struct drm_edgebert_result result = result_of(queue->w.fd, context, sequence);

	CHECK_EQ(result.error, 0);
	return result.operating_point;
}

/* Two jobs in the queue that differ in the hint only. */
static void check_hint_gives_the_highest_point(int (*hint)(int fd, uint32_t syncobj))
{
	const uint8_t none = DRM_EDGEBERT_OPERATING_POINT_DEFAULT;
	struct queue queue;
	uint32_t syncobj;
	uint64_t plain, hurried;

	queue_open(&queue);
	syncobj = syncobj_create(queue.w.fd);
	queue_fill(&queue);
	plain = queue_job(&queue, queue.w.context, none, syncobj_create(queue.w.fd));
	hurried = queue_job(&queue, queue.w.context, none, syncobj);
	if (hint(queue.w.fd, syncobj))
		CHECK_EQ(errno, ETIME);
	CHECK_ERRNO(try_syncobj_wait(queue.w.fd, syncobj, 0, 0), ETIME);
	CHECK_EQ(queue_point(&queue, queue.w.context, plain), 0);
	CHECK_EQ(queue_point(&queue, queue.w.context, hurried), queue.highest);
}

TEST(waiting_with_a_deadline_hurries_a_queued_job)
{
	check_hint_gives_the_highest_point(hint_by_wait);
}

TEST(the_deadline_of_a_sync_file_hurries_a_queued_job)
{
	check_hint_gives_the_highest_point(hint_by_sync_file);
}

/* No hint overrides what a job asks for, or what its context may. */
TEST(a_hint_is_only_a_hint)
{
	uint32_t wish_syncobj, window_syncobj, window;
	struct queue queue;
	uint64_t wish, bound;

	queue_open(&queue);
	wish_syncobj = syncobj_create(queue.w.fd);
	window_syncobj = syncobj_create(queue.w.fd);
	CHECK_OK(try_context_create(queue.w.fd, DRM_EDGEBERT_PRIORITY_NORMAL, 0, 2, &window));
	queue_fill(&queue);
	wish = queue_job(&queue, queue.w.context, 1, wish_syncobj);
	bound = queue_job(&queue, window, DRM_EDGEBERT_OPERATING_POINT_DEFAULT, window_syncobj);
	CHECK_ERRNO(hint_by_wait(queue.w.fd, wish_syncobj), ETIME);
	CHECK_ERRNO(hint_by_wait(queue.w.fd, window_syncobj), ETIME);
	CHECK_EQ(queue_point(&queue, queue.w.context, wish), 1);
	CHECK_EQ(queue_point(&queue, window, bound), 2);
}

TEST(a_hint_comes_too_late_for_a_started_job)
{
	struct drm_edgebert_sync sync = { .flags = DRM_EDGEBERT_SYNC_SIGNAL };
	struct drm_edgebert_result result;
	struct queue queue;
	uint64_t sequence;

	queue_open(&queue);
	prefer_lowest_point(queue.w.fd);
	sync.handle = syncobj_create(queue.w.fd);
	queue.slow.job.syncs = array_of(&sync, 1, sizeof(sync));
	sequence = submit(queue.slow.fd, queue.slow.context, &queue.slow.job);
	/* The device wakes up and gets the job. */
	while (device_sleeps())
		usleep(10000);
	usleep(HOLD_UP_MS / 4 * 1000);
	if (hint_by_wait(queue.slow.fd, sync.handle))
		CHECK_EQ(errno, ETIME);
	result = result_of(queue.slow.fd, queue.slow.context, sequence);
	CHECK_EQ(result.error, 0);
	CHECK_EQ(result.operating_point, 0);
}

int main(void)
{
	int status = harness_main(device_path() ? NULL : "no EdgeBERT device");

	if (device_path() && geteuid() == 0) {
		try_write_device_file("devfreq/polling_interval", "100");
		try_write_device_file("devfreq/governor", "edgebert");
	}
	return status;
}
