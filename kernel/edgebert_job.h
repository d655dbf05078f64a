/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Jobs.
 */
#ifndef EDGEBERT_JOB_H
#define EDGEBERT_JOB_H

#include <linux/dma-fence.h>
#include <linux/list.h>
#include <linux/workqueue.h>

#include <drm/gpu_scheduler.h>

#include "edgebert_hw.h"

struct drm_gem_object;
struct edgebert_context;
struct edgebert_mapping;

#define EDGEBERT_JOB_BUFFERS_MAX	64

/**
 * struct edgebert_fence - signalled when the device has ended a job
 * @base: must be first, it is freed as such
 * @lock: of @base; here because the fence may outlive the device
 */
struct edgebert_fence {
	struct dma_fence base;
	spinlock_t lock;
};

/**
 * struct edgebert_job_buffer - a buffer in use by a job
 * @mapping: keeps it where it is, referenced
 * @write: the job writes it
 */
struct edgebert_job_buffer {
	struct edgebert_mapping *mapping;
	bool write;
};

/**
 * struct edgebert_job - a job from its submit until nobody needs it
 * @base: the scheduler's part
 * @context: referenced
 * @fence: one reference, given up when the job ends
 * @desc: what the device gets
 * @envm_generation: of the eNVM image that the job was made for, 0: any
 * @envm_parts: EDGEBERT_ENVM_PART_* that it keeps from being changed
 * @sequence: number in the context
 * @cookie: name in the ring
 * @active: in ring->active
 * @started_ns: when the device was told, 0: never
 * @ended_ns: when it told that the job has ended, 0: never
 * @deadline_ns: when the device must have been told, 0: whenever
 * @target_start_ns: from when the time until it starts counts for its target, 0: never
 * @elapsed_us: what was spent of the target before that
 * @timed_out: it was aborted because it made no progress
 * @armed: the scheduler knows the job and will free it
 * @ended: its result is written
 * @release_work: lets go of what the job holds
 * @buffer_count: number of @buffers
 * @buffers: what it uses; those that it no longer holds have no mapping
 */
struct edgebert_job {
	struct drm_sched_job base;
	struct edgebert_context *context;
	struct edgebert_fence *fence;
	struct edgebert_hw_job desc;
	u64 envm_generation;
	u32 envm_parts;
	u64 sequence;
	u64 cookie;
	struct list_head active;
	u64 started_ns;
	u64 ended_ns;
	u64 deadline_ns;
	u64 target_start_ns;
	u32 elapsed_us;
	bool timed_out;
	bool armed;
	bool ended;
	struct work_struct release_work;
	u32 buffer_count;
	struct edgebert_job_buffer buffers[] __counted_by(buffer_count);
};

static inline struct edgebert_job *to_edgebert_job(struct drm_sched_job *base)
{
	return container_of(base, struct edgebert_job, base);
}

void edgebert_fence_init(struct edgebert_fence *fence, u64 context, u64 seqno);

struct edgebert_job *edgebert_job_create(struct edgebert_context *context, u32 buffer_count,
					 u64 client_id);
void edgebert_job_end(struct edgebert_job *job, const struct edgebert_hw_completion *completion,
		      int error);
void edgebert_job_refuse(struct edgebert_job *job, int error);
void edgebert_job_free(struct edgebert_job *job);

#endif /* EDGEBERT_JOB_H */
