// SPDX-License-Identifier: MIT
/*
 * Sync operations of SUBMIT: binary and timeline syncobjs, in and out, and implicit fences.
 */
#include "tests/kselftest/device.h"

#define IN		0
#define OUT		DRM_EDGEBERT_SYNC_SIGNAL
#define TIMELINE	DRM_EDGEBERT_SYNC_TIMELINE

static void add_syncs(struct drm_edgebert_job *job, const struct drm_edgebert_sync *syncs,
		      uint32_t count)
{
	job->syncs = array_of(syncs, count, sizeof(*syncs));
}

TEST(binary_syncobj_is_signalled)
{
	struct drm_edgebert_sync sync = { .flags = OUT };
	struct workload w;

	workload_init(&w, device_open(), 2);
	sync.handle = syncobj_create(w.fd);
	add_syncs(&w.job, &sync, 1);
	submit(w.fd, w.context, &w.job);
	CHECK_OK(try_syncobj_wait(w.fd, sync.handle, 0, in_ns(30 * SECOND_NS)));
	CHECK(!memcmp(w.destination.memory, w.source.memory, w.destination.size));
}

TEST(timeline_points_are_signalled)
{
	struct drm_edgebert_sync syncs[2] = {
		{ .flags = OUT | TIMELINE, .point = 5 },
		{ .flags = OUT | TIMELINE, .point = 9 },
	};
	struct workload w;

	workload_init(&w, device_open(), 2);
	syncs[0].handle = syncobj_create(w.fd);
	syncs[1].handle = syncs[0].handle;
	add_syncs(&w.job, syncs, 2);
	submit(w.fd, w.context, &w.job);
	CHECK_OK(try_syncobj_wait(w.fd, syncs[0].handle, 5, in_ns(30 * SECOND_NS)));
	CHECK_OK(try_syncobj_wait(w.fd, syncs[0].handle, 9, in_ns(30 * SECOND_NS)));
	CHECK_ERRNO(try_syncobj_wait(w.fd, syncs[0].handle, 10, in_ns(0)), EINVAL);
}

/* A slow job in one context, one that waits for it in another, which would be faster. */
static void check_order(uint32_t flags, uint64_t point)
{
	struct drm_edgebert_sync out = { .flags = OUT | flags, .point = point };
	struct drm_edgebert_sync in = { .flags = IN | flags, .point = point };
	struct drm_edgebert_result first, second;
	struct workload slow, quick;
	int fd = device_open();

	workload_init_slow(&slow, fd, 400);
	workload_init(&quick, fd, 1);
	out.handle = syncobj_create(fd);
	in.handle = out.handle;
	add_syncs(&slow.job, &out, 1);
	add_syncs(&quick.job, &in, 1);
	submit(fd, slow.context, &slow.job);
	submit(fd, quick.context, &quick.job);
	second = result_of(fd, quick.context, 1);
	first = result_of(fd, slow.context, 1);
	CHECK_EQ(first.error, 0);
	CHECK_EQ(second.error, 0);
	CHECK(second.ended_ns >= first.ended_ns);
}

TEST(job_waits_for_binary_syncobj)
{
	check_order(0, 0);
}

TEST(job_waits_for_timeline_point)
{
	check_order(TIMELINE, 3);
}

/* The points exist only when the whole submit is accepted, yet its own jobs may wait. */
TEST(job_waits_for_an_earlier_job_of_its_submit)
{
	struct drm_edgebert_sync out = { .flags = OUT | TIMELINE, .point = 7 };
	struct drm_edgebert_sync in = { .flags = IN | TIMELINE, .point = 7 };
	struct drm_edgebert_job jobs[2];
	struct workload w;

	workload_init(&w, device_open(), 2);
	out.handle = syncobj_create(w.fd);
	in.handle = out.handle;
	jobs[0] = w.job;
	jobs[1] = w.job;
	add_syncs(&jobs[0], &out, 1);
	add_syncs(&jobs[1], &in, 1);
	CHECK_OK(try_submit(w.fd, w.context, jobs, 2));
	CHECK_EQ(result_of(w.fd, w.context, 2).error, 0);
}

TEST(fence_of_a_failed_job_is_signalled)
{
	struct drm_edgebert_sync sync = { .flags = OUT };
	struct workload w;

	workload_init(&w, device_open(), 1);
	sync.handle = syncobj_create(w.fd);
	add_syncs(&w.job, &sync, 1);
	w.job.segments[0] = 0;
	submit(w.fd, w.context, &w.job);
	CHECK_OK(try_syncobj_wait(w.fd, sync.handle, 0, in_ns(30 * SECOND_NS)));
	CHECK_EQ(result_of(w.fd, w.context, 1).error, -EIO);
}

TEST(nothing_is_signalled_when_refused)
{
	struct drm_edgebert_sync sync = { .flags = OUT };
	struct workload w;

	workload_init(&w, device_open(), 1);
	sync.handle = syncobj_create(w.fd);
	add_syncs(&w.job, &sync, 1);
	w.job.pad = 1;
	CHECK_ERRNO(try_submit(w.fd, w.context, &w.job, 1), EINVAL);
	/* There is no fence in it. */
	CHECK_ERRNO(try_syncobj_wait(w.fd, sync.handle, 0, in_ns(0)), EINVAL);
}

/* Contexts without a syncobj between them: the buffer orders their jobs. */
TEST(reader_of_a_buffer_runs_after_its_writer)
{
	struct workload writer, reader;
	int fd = device_open();

	workload_init_slow(&writer, fd, 400);
	workload_init(&reader, fd, 1);
	reader.used[1].handle = writer.destination.handle;
	reader.job.segments[0] = writer.destination.address;
	submit(fd, writer.context, &writer.job);
	submit(fd, reader.context, &reader.job);
	CHECK_EQ(result_of(fd, reader.context, 1).error, 0);
	CHECK(!memcmp(reader.destination.memory, writer.source.memory, reader.destination.size));
}

/* One reason each: a good sync with one thing changed. */
#define REFUSED(name, change, error)						\
	TEST(name##_is_refused)							\
	{									\
		struct drm_edgebert_sync sync = { .flags = OUT };		\
		struct workload w;						\
										\
		workload_init(&w, device_open(), 1);				\
		sync.handle = syncobj_create(w.fd);				\
		add_syncs(&w.job, &sync, 1);					\
		change;								\
		CHECK_ERRNO(try_submit(w.fd, w.context, &w.job, 1), error);	\
	}

REFUSED(unknown_sync_flag, sync.flags |= 1u << 31, EINVAL)
REFUSED(point_of_a_binary_syncobj, sync.point = 1, EINVAL)
REFUSED(timeline_without_point, sync.flags |= TIMELINE, EINVAL)
REFUSED(unknown_syncobj_out, sync.handle = 4711, ENOENT)
REFUSED(unknown_syncobj_in, (sync.flags = IN, sync.handle = 4711), ENOENT)
REFUSED(waiting_for_an_empty_syncobj, sync.flags = IN, EINVAL)
REFUSED(waiting_for_a_future_point, (sync.flags = IN | TIMELINE, sync.point = 3), EINVAL)
REFUSED(bad_syncs_pointer, w.job.syncs.array = 8, EFAULT)
REFUSED(short_sync_stride, w.job.syncs.stride = 8, EINVAL)
REFUSED(too_many_syncs, w.job.syncs.count = 1u << 20, E2BIG)

int main(void)
{
	return harness_main(device_path() ? NULL : "no EdgeBERT device");
}
