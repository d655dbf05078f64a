// SPDX-License-Identifier: GPL-2.0-only
/*
 * Submission of jobs: all jobs of an ioctl are accepted, or none.
 *
 * Everything that can fail comes first; from the first drm_sched_job_arm() on nothing
 * can.
 */
#include <linux/dma-fence-chain.h>
#include <linux/dma-resv.h>
#include <linux/slab.h>
#include <linux/stddef.h>
#include <linux/uaccess.h>

#include <drm/drm_drv.h>
#include <drm/drm_exec.h>
#include <drm/drm_file.h>
#include <drm/drm_print.h>
#include <drm/drm_syncobj.h>
#include <drm/edgebert_accel.h>

#include "edgebert_context.h"
#include "edgebert_device.h"
#include "edgebert_gem.h"
#include "edgebert_job.h"
#include "edgebert_share.h"
#include "edgebert_submit.h"
#include "edgebert_trace.h"
#include "edgebert_vm.h"

#define EDGEBERT_SYNC_FLAGS	(DRM_EDGEBERT_SYNC_SIGNAL | DRM_EDGEBERT_SYNC_TIMELINE)
#define EDGEBERT_COMMAND_BYTES	sizeof(struct edgebert_hw_command)
/* What the job of version 1.0 had; it never grows. */
#define EDGEBERT_JOB_SIZE_MIN	offsetofend(struct drm_edgebert_job, sequence)

/* A syncobj to signal when a job ends. */
struct edgebert_signal {
	u32 handle;
	u64 point;
	struct drm_syncobj *syncobj;
	struct dma_fence_chain *chain;	/* for a timeline */
};

/* A job on its way to the scheduler. */
struct edgebert_submit_job {
	struct drm_edgebert_job args;
	struct edgebert_job *job;
	struct edgebert_record *record;
	struct edgebert_signal *signals;
	u32 signal_count;
};

struct edgebert_submit {
	struct edgebert_device *edev;
	struct drm_file *file;
	struct edgebert_context *context;
	const struct drm_edgebert_array *array;	/* of the user's jobs */
	u32 sync_count;
	u32 buffer_count;
	u32 job_count;
	struct edgebert_submit_job jobs[] __counted_by(job_count);
};

/* Where an element of a user's array is. */
static void __user *edgebert_array_at(const struct drm_edgebert_array *array, u32 index)
{
	return u64_to_user_ptr(array->array + (u64)index * array->stride);
}

/* Copies one element, whatever size the user thinks it has. */
static int edgebert_array_copy(const struct drm_edgebert_array *array, u32 index, void *to,
			       size_t size)
{
	return copy_struct_from_user(to, size, edgebert_array_at(array, index), array->stride);
}

static int edgebert_array_check(struct drm_device *drm, const struct drm_edgebert_array *array,
				u32 min_stride, u32 max_count, const char *name)
{
	if (array->count > max_count) {
		drm_dbg(drm, "%u %s, the limit is %u\n", array->count, name, max_count);
		return -E2BIG;
	}
	if (array->count && array->stride < min_stride) {
		drm_dbg(drm, "%s need a stride of at least %u bytes\n", name, min_stride);
		return -EINVAL;
	}
	/* What is longer than any structure is no structure; do not search it for zeros. */
	return array->stride > PAGE_SIZE ? -E2BIG : 0;
}

static int edgebert_submit_check_job(struct edgebert_submit *submit,
				     const struct drm_edgebert_job *args)
{
	const struct edgebert_info *info = &submit->edev->info;
	struct drm_device *drm = &submit->edev->drm;

	if (args->flags & ~DRM_EDGEBERT_JOB_AUTONOMOUS || args->pad) {
		drm_dbg(drm, "unknown job flags %#x or pad is not 0\n", args->flags);
		return -EINVAL;
	}
	if (args->flags & DRM_EDGEBERT_JOB_AUTONOMOUS &&
	    !(info->capabilities & EDGEBERT_HW_CAP_AUTONOMOUS_DVFS)) {
		drm_dbg(drm, "device has no autonomous jobs\n");
		return -EOPNOTSUPP;
	}
	if (args->deadline_ns < 0) {
		drm_dbg(drm, "deadline is negative\n");
		return -EINVAL;
	}
	if (args->target_start_ns < 0 ||
	    (args->target_start_ns && !(args->flags & DRM_EDGEBERT_JOB_AUTONOMOUS))) {
		drm_dbg(drm, "start of the target is negative, or the job is not autonomous\n");
		return -EINVAL;
	}
	if (args->stream_address % EDGEBERT_COMMAND_BYTES || !args->stream_commands ||
	    args->stream_commands > EDGEBERT_HW_STREAM_COMMANDS_MAX ||
	    args->first_command >= args->stream_commands) {
		drm_dbg(drm, "bad stream: address %#x, %u commands, beginning with %u\n",
			args->stream_address, args->stream_commands, args->first_command);
		return -EINVAL;
	}
	if (args->operating_point != DRM_EDGEBERT_OPERATING_POINT_DEFAULT &&
	    args->operating_point >= info->point_count) {
		drm_dbg(drm, "operating point %u does not exist\n", args->operating_point);
		return -EINVAL;
	}
	return 0;
}

/* What the device gets.  It checks the rest of the values itself. */
static void edgebert_submit_describe(struct edgebert_submit *submit,
				     const struct drm_edgebert_job *args, struct edgebert_job *job)
{
	struct edgebert_hw_job *desc = &job->desc;
	int i;

	desc->context = cpu_to_le16(submit->context->vm->hw_context);
	if (args->flags & DRM_EDGEBERT_JOB_AUTONOMOUS)
		desc->flags = cpu_to_le16(EDGEBERT_HW_JOB_AUTONOMOUS);
	desc->stream_address = cpu_to_le32(args->stream_address);
	desc->stream_commands = cpu_to_le32(args->stream_commands);
	desc->first_command = cpu_to_le32(args->first_command);
	desc->sequence_length = cpu_to_le16(args->sequence_length);
	desc->entropy_threshold = cpu_to_le16(args->entropy_threshold);
	desc->exit_layer_limit = args->exit_layer_limit;
	desc->operating_point = args->operating_point;
	desc->target_latency_us = cpu_to_le32(args->target_latency_us);
	desc->elapsed_us = cpu_to_le32(args->elapsed_us);
	job->target_start_ns = args->target_start_ns;
	job->elapsed_us = args->elapsed_us;
	if (args->target_start_ns &&
	    submit->edev->info.capabilities & EDGEBERT_HW_CAP_QUEUE_TIME)
		desc->flags |= cpu_to_le16(EDGEBERT_HW_JOB_QUEUE_TIME);
	job->envm_generation = args->envm_generation;
	for (i = 0; i < EDGEBERT_HW_SEGMENTS; i++)
		desc->segments[i] = cpu_to_le32(args->segments[i]);
}

static int edgebert_submit_add_buffer(struct edgebert_submit *submit,
				      const struct drm_edgebert_job_buffer *args,
				      struct edgebert_job_buffer *buffer)
{
	struct drm_device *drm = &submit->edev->drm;
	struct drm_gem_object *obj;
	struct edgebert_bo *bo;

	if (args->flags & ~DRM_EDGEBERT_JOB_BUFFER_WRITE) {
		drm_dbg(drm, "unknown flags %#x of buffer %u\n", args->flags, args->handle);
		return -EINVAL;
	}
	obj = drm_gem_object_lookup(submit->file, args->handle);
	if (!obj) {
		drm_dbg(drm, "unknown buffer %u\n", args->handle);
		return -ENOENT;
	}
	bo = to_edgebert_bo(obj);
	buffer->write = args->flags & DRM_EDGEBERT_JOB_BUFFER_WRITE;
	buffer->mapping = edgebert_mapping_find(submit->context->vm, bo);
	/* The mapping holds the buffer. */
	drm_gem_object_put(obj);
	if (!buffer->mapping || !edgebert_mapping_has_address(buffer->mapping)) {
		drm_dbg(drm, "buffer %u has no device address\n", args->handle);
		return -EINVAL;
	}
	if (buffer->write && !buffer->mapping->writable) {
		drm_dbg(drm, "buffer %u is read-only for the device\n", args->handle);
		return -EINVAL;
	}
	return 0;
}

static int edgebert_submit_add_buffers(struct edgebert_submit *submit,
				       struct edgebert_submit_job *sjob)
{
	struct drm_edgebert_job_buffer args;
	int ret;
	u32 i;

	for (i = 0; i < sjob->args.buffers.count; i++) {
		ret = edgebert_array_copy(&sjob->args.buffers, i, &args, sizeof(args));
		if (ret)
			return ret;
		ret = edgebert_submit_add_buffer(submit, &args, &sjob->job->buffers[i]);
		if (ret)
			return ret;
	}
	return 0;
}

/*
 * True when an earlier job of the same submit will have signalled what is waited for: the
 * jobs of a context run in order, so there is nothing to wait for.
 */
static bool edgebert_submit_signals(struct edgebert_submit *submit,
				    const struct edgebert_submit_job *waiter,
				    const struct drm_edgebert_sync *sync)
{
	const struct edgebert_submit_job *sjob;
	u32 i;

	for (sjob = submit->jobs; sjob < waiter; sjob++)
		for (i = 0; i < sjob->signal_count; i++)
			if (sjob->signals[i].handle == sync->handle &&
			    sjob->signals[i].point >= sync->point)
				return true;
	return false;
}

static int edgebert_submit_add_signal(struct edgebert_submit *submit,
				      const struct drm_edgebert_sync *sync,
				      struct edgebert_signal *signal)
{
	signal->handle = sync->handle;
	signal->point = sync->point;
	signal->syncobj = drm_syncobj_find(submit->file, sync->handle);
	if (!signal->syncobj)
		return -ENOENT;
	if (sync->flags & DRM_EDGEBERT_SYNC_TIMELINE) {
		signal->chain = dma_fence_chain_alloc();
		if (!signal->chain)
			return -ENOMEM;
	}
	return 0;
}

static int edgebert_submit_add_sync(struct edgebert_submit *submit,
				    struct edgebert_submit_job *sjob,
				    const struct drm_edgebert_sync *sync)
{
	struct drm_device *drm = &submit->edev->drm;
	int ret;

	if (sync->flags & ~EDGEBERT_SYNC_FLAGS ||
	    !(sync->flags & DRM_EDGEBERT_SYNC_TIMELINE) != !sync->point) {
		drm_dbg(drm, "bad flags %#x or point %llu of syncobj %u\n", sync->flags,
			sync->point, sync->handle);
		return -EINVAL;
	}
	if (sync->flags & DRM_EDGEBERT_SYNC_SIGNAL)
		ret = edgebert_submit_add_signal(submit, sync,
						 &sjob->signals[sjob->signal_count++]);
	else if (edgebert_submit_signals(submit, sjob, sync))
		ret = 0;
	else
		ret = drm_sched_job_add_syncobj_dependency(&sjob->job->base, submit->file,
							   sync->handle, sync->point);
	if (ret)
		drm_dbg(drm, "syncobj %u, point %llu: %d\n", sync->handle, sync->point, ret);
	return ret;
}

static int edgebert_submit_add_syncs(struct edgebert_submit *submit,
				     struct edgebert_submit_job *sjob)
{
	struct drm_edgebert_sync sync;
	int ret;
	u32 i;

	if (!sjob->args.syncs.count)
		return 0;
	sjob->signals = kcalloc(sjob->args.syncs.count, sizeof(*sjob->signals), GFP_KERNEL);
	if (!sjob->signals)
		return -ENOMEM;
	for (i = 0; i < sjob->args.syncs.count; i++) {
		ret = edgebert_array_copy(&sjob->args.syncs, i, &sync, sizeof(sync));
		if (ret)
			return ret;
		ret = edgebert_submit_add_sync(submit, sjob, &sync);
		if (ret)
			return ret;
	}
	return 0;
}

/* Turns one element of the user's array into a job with all that it needs. */
static int edgebert_submit_prepare_job(struct edgebert_submit *submit, u32 index)
{
	struct edgebert_submit_job *sjob = &submit->jobs[index];
	struct drm_edgebert_job *args = &sjob->args;
	struct drm_device *drm = &submit->edev->drm;
	int ret;

	ret = edgebert_array_copy(submit->array, index, args, sizeof(*args));
	if (ret)
		return ret;
	ret = edgebert_submit_check_job(submit, args);
	if (ret)
		return ret;
	ret = edgebert_array_check(drm, &args->buffers, sizeof(struct drm_edgebert_job_buffer),
				   EDGEBERT_JOB_BUFFERS_MAX, "buffers");
	if (ret)
		return ret;
	ret = edgebert_array_check(drm, &args->syncs, sizeof(struct drm_edgebert_sync),
				   EDGEBERT_SUBMIT_SYNCS_MAX - submit->sync_count, "syncs");
	if (ret)
		return ret;
	submit->sync_count += args->syncs.count;
	submit->buffer_count += args->buffers.count;

	sjob->record = kzalloc_obj(*sjob->record);
	if (!sjob->record)
		return -ENOMEM;
	sjob->job = edgebert_job_create(submit->context, args->buffers.count,
					submit->file->client_id);
	if (IS_ERR(sjob->job))
		return PTR_ERR(sjob->job);
	edgebert_submit_describe(submit, args, sjob->job);
	sjob->job->deadline_ns = args->deadline_ns;
	ret = edgebert_submit_add_buffers(submit, sjob);
	if (ret)
		return ret;
	return edgebert_submit_add_syncs(submit, sjob);
}

/* Numbers the jobs, in order, and tells the user the numbers. */
static int edgebert_submit_number(struct edgebert_submit *submit)
{
	struct edgebert_context *context = submit->context;
	u64 __user *to;
	u64 sequence;
	u32 i;

	lockdep_assert_held(&context->submit_lock);
	if (context->stopped)
		return -ENOENT;
	if (edgebert_counters_banned(&context->results.counters)) {
		drm_dbg(&submit->edev->drm, "too many jobs of the context had to be stopped\n");
		return -EIO;
	}
	if (atomic_read(&context->unfinished) + submit->job_count > EDGEBERT_JOBS_IN_FLIGHT_MAX) {
		drm_dbg(&submit->edev->drm, "context has %d unfinished jobs\n",
			atomic_read(&context->unfinished));
		/* Not -EAGAIN, on which libdrm would busily try again. */
		return -EBUSY;
	}
	for (i = 0; i < submit->job_count; i++) {
		sequence = context->next_sequence + i;
		to = edgebert_array_at(submit->array, i) +
		     offsetof(struct drm_edgebert_job, sequence);
		if (put_user(sequence, to))
			return -EFAULT;
		submit->jobs[i].job->sequence = sequence;
		submit->jobs[i].record->result.sequence = sequence;
	}
	return 0;
}

static int edgebert_submit_lock_buffers(struct edgebert_submit *submit, struct drm_exec *exec)
{
	struct drm_gem_object *obj;
	struct edgebert_job *job;
	int ret;
	u32 i, j;

	for (i = 0; i < submit->job_count; i++) {
		job = submit->jobs[i].job;
		for (j = 0; j < job->buffer_count; j++) {
			obj = &job->buffers[j].mapping->bo->base.base;
			/* All jobs have one timeline, which takes a reader and a writer slot. */
			ret = drm_exec_prepare_obj(exec, obj, 2);
			if (ret)
				return ret;
		}
	}
	return 0;
}

static int edgebert_submit_add_implicit(struct edgebert_submit *submit)
{
	struct edgebert_job_buffer *buffer;
	struct drm_gem_object *obj;
	struct edgebert_job *job;
	int ret;
	u32 i;

	for (i = 0; i < submit->job_count; i++) {
		job = submit->jobs[i].job;
		for (buffer = job->buffers; buffer < job->buffers + job->buffer_count; buffer++) {
			obj = &buffer->mapping->bo->base.base;
			ret = drm_sched_job_add_implicit_dependencies(&job->base, obj,
								      buffer->write);
			if (ret)
				return ret;
		}
	}
	return 0;
}

static void edgebert_submit_signal(struct edgebert_submit_job *sjob, struct dma_fence *fence)
{
	struct edgebert_signal *signal;

	for (signal = sjob->signals; signal < sjob->signals + sjob->signal_count; signal++) {
		if (signal->chain)
			drm_syncobj_add_point(signal->syncobj, signal->chain, fence,
					      signal->point);
		else
			drm_syncobj_replace_fence(signal->syncobj, fence);
		signal->chain = NULL;
	}
}

/* Hands a job over.  Nothing here can fail; afterwards the job may be gone. */
static void edgebert_submit_push_job(struct edgebert_submit *submit,
				     struct edgebert_submit_job *sjob)
{
	struct edgebert_context *context = submit->context;
	struct edgebert_job *job = sjob->job;
	struct dma_fence *fence;
	u32 i;

	drm_sched_job_arm(&job->base);
	job->armed = true;
	fence = dma_fence_get(&job->base.s_fence->finished);
	context->next_sequence = job->sequence + 1;
	atomic_inc(&context->unfinished);
	edgebert_share_submitted(job);
	sjob->record->result.queued_ns = ktime_get_ns();
	edgebert_results_add(&context->results, sjob->record);
	for (i = 0; i < job->buffer_count; i++)
		dma_resv_add_fence(job->buffers[i].mapping->bo->base.base.resv, fence,
				   job->buffers[i].write ? DMA_RESV_USAGE_WRITE :
							   DMA_RESV_USAGE_READ);
	edgebert_submit_signal(sjob, fence);
	trace_edgebert_submit(job);
	drm_sched_entity_push_job(&job->base);
	dma_fence_put(fence);
	sjob->record = NULL;
	sjob->job = NULL;
}

/* With buffers locked: the last things that can fail, then the point of no return. */
static int edgebert_submit_push(struct edgebert_submit *submit)
{
	struct drm_exec exec;
	int ret;
	u32 i;

	drm_exec_init(&exec, DRM_EXEC_INTERRUPTIBLE_WAIT | DRM_EXEC_IGNORE_DUPLICATES,
		      max(submit->buffer_count, 1));
	drm_exec_until_all_locked(&exec) {
		ret = edgebert_submit_lock_buffers(submit, &exec);
		drm_exec_retry_on_contention(&exec);
		if (ret)
			goto out;
	}
	ret = edgebert_submit_add_implicit(submit);
	if (ret)
		goto out;
	for (i = 0; i < submit->job_count; i++)
		edgebert_submit_push_job(submit, &submit->jobs[i]);
out:
	drm_exec_fini(&exec);
	return ret;
}

static int edgebert_submit_run(struct edgebert_submit *submit)
{
	int ret;
	u32 i;

	for (i = 0; i < submit->job_count; i++) {
		ret = edgebert_submit_prepare_job(submit, i);
		if (ret)
			return ret;
	}
	ret = mutex_lock_interruptible(&submit->context->submit_lock);
	if (ret)
		return ret;
	ret = edgebert_submit_number(submit);
	if (!ret)
		ret = edgebert_submit_push(submit);
	mutex_unlock(&submit->context->submit_lock);
	return ret;
}

/* Frees what was not handed over. */
static void edgebert_submit_free(struct edgebert_submit *submit)
{
	struct edgebert_submit_job *sjob;
	u32 i, j;

	for (i = 0; i < submit->job_count; i++) {
		sjob = &submit->jobs[i];
		for (j = 0; j < sjob->signal_count; j++) {
			if (sjob->signals[j].syncobj)
				drm_syncobj_put(sjob->signals[j].syncobj);
			dma_fence_chain_free(sjob->signals[j].chain);
		}
		kfree(sjob->signals);
		kfree(sjob->record);
		if (!IS_ERR_OR_NULL(sjob->job))
			edgebert_job_free(sjob->job);
	}
	edgebert_context_put(submit->context);
	kvfree(submit);
}

static struct edgebert_submit *
edgebert_submit_alloc(struct edgebert_device *edev, struct drm_file *file,
		      const struct drm_edgebert_submit *args)
{
	struct edgebert_submit *submit;

	submit = kvzalloc(struct_size(submit, jobs, args->jobs.count), GFP_KERNEL);
	if (!submit)
		return ERR_PTR(-ENOMEM);
	submit->job_count = args->jobs.count;
	submit->edev = edev;
	submit->file = file;
	submit->array = &args->jobs;
	submit->context = edgebert_context_find(file, args->context_id);
	if (!submit->context) {
		kvfree(submit);
		return ERR_PTR(-ENOENT);
	}
	return submit;
}

int edgebert_ioctl_submit(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct edgebert_device *edev = to_edgebert_device(drm);
	struct drm_edgebert_submit *args = data;
	struct edgebert_submit *submit;
	int ret, idx;

	if (args->flags || !args->jobs.count) {
		drm_dbg(drm, "unknown submit flags %#x or no jobs\n", args->flags);
		return -EINVAL;
	}
	ret = edgebert_array_check(drm, &args->jobs, EDGEBERT_JOB_SIZE_MIN,
				   EDGEBERT_SUBMIT_JOBS_MAX, "jobs");
	if (ret)
		return ret;
	if (!drm_dev_enter(drm, &idx))
		return -ENODEV;
	if (edgebert_is_lost(edev)) {
		ret = -ENODEV;
		goto out;
	}
	submit = edgebert_submit_alloc(edev, file, args);
	if (IS_ERR(submit)) {
		ret = PTR_ERR(submit);
		goto out;
	}
	ret = edgebert_submit_run(submit);
	edgebert_submit_free(submit);
out:
	drm_dev_exit(idx);
	return ret;
}
