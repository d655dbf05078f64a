// SPDX-License-Identifier: GPL-2.0-only
/*
 * Jobs: their life from creation, through the end of their execution, to their release.
 */
#include <linux/slab.h>

#include <drm/drm_gem.h>

#include "edgebert_compat.h"
#include "edgebert_context.h"
#include "edgebert_device.h"
#include "edgebert_envm_slot.h"
#include "edgebert_job.h"
#include "edgebert_share.h"
#include "edgebert_vm.h"

static_assert(offsetof(struct edgebert_fence, base) == 0);

static const char *edgebert_fence_driver_name(struct dma_fence *fence)
{
	return "edgebert";
}

static const char *edgebert_fence_timeline_name(struct dma_fence *fence)
{
	return "edgebert-ring";
}

static const struct dma_fence_ops edgebert_fence_ops = {
	.get_driver_name = edgebert_fence_driver_name,
	.get_timeline_name = edgebert_fence_timeline_name,
};

void edgebert_fence_init(struct edgebert_fence *fence, u64 context, u64 seqno)
{
	dma_fence_init(&fence->base, &edgebert_fence_ops, &fence->lock, context, seqno);
}

/* The last of a job that holds nothing any more. */
static void edgebert_job_destroy(struct edgebert_device *edev, struct edgebert_job *job)
{
	/* Never started. */
	kfree(job->fence);
	kfree(job);
	if (atomic_dec_and_test(&edev->jobs))
		wake_up_all(&edev->jobs_wait);
}

/* The job ends outside of interrupts and of the scheduler, where all locks may be taken. */
static void edgebert_job_release(struct work_struct *work)
{
	struct edgebert_job *job = container_of(work, struct edgebert_job, release_work);
	struct edgebert_device *edev = job->context->edev;
	u32 i;

	for (i = 0; i < job->buffer_count; i++)
		if (job->buffers[i].mapping)
			edgebert_mapping_put(job->buffers[i].mapping);
	edgebert_context_put(job->context);
	edgebert_job_destroy(edev, job);
}

/*
 * Lets go of what others hold too, as they mostly do: nothing but counters changes.  False
 * if the job has the last reference to something, whose end takes locks.
 */
static bool edgebert_job_release_shared(struct edgebert_job *job)
{
	u32 i;

	for (i = 0; i < job->buffer_count; i++) {
		if (!job->buffers[i].mapping)
			continue;
		if (!edgebert_mapping_put_shared(job->buffers[i].mapping))
			return false;
		job->buffers[i].mapping = NULL;
	}
	return edgebert_context_put_shared(job->context);
}

/* A job without buffers yet; to be freed with edgebert_job_free(). */
struct edgebert_job *edgebert_job_create(struct edgebert_context *context, u32 buffer_count,
					 u64 client_id)
{
	struct edgebert_job *job;

	job = kzalloc(struct_size(job, buffers, buffer_count), GFP_KERNEL);
	if (!job)
		return ERR_PTR(-ENOMEM);
	job->fence = kzalloc_obj(*job->fence);
	if (!job->fence ||
	    drm_sched_job_init(&job->base, &context->entity, 1, context->vm, client_id)) {
		kfree(job->fence);
		kfree(job);
		return ERR_PTR(-ENOMEM);
	}
	edgebert_fence_prepare_forget();
	spin_lock_init(&job->fence->lock);
	INIT_LIST_HEAD(&job->active);
	INIT_WORK(&job->release_work, edgebert_job_release);
	job->buffer_count = buffer_count;
	kref_get(&context->refcount);
	job->context = context;
	atomic_inc(&context->edev->jobs);
	return job;
}

/* Writes the result of a job, once. */
static void edgebert_job_finish(struct edgebert_job *job,
				const struct edgebert_hw_completion *completion, int error)
{
	struct edgebert_context *context = job->context;

	if (job->ended)
		return;
	job->ended = true;
	edgebert_results_end(&context->results, job->sequence, job->started_ns,
			     job->ended_ns ?: ktime_get_ns(), completion, error);
	atomic_dec(&context->unfinished);
	edgebert_share_ended(job);
}

/*
 * Tells everyone that a job has ended: first the result, then the fence.  Called once per
 * job that was started, under the ring's lock; the job may be gone when this returns.
 */
void edgebert_job_end(struct edgebert_job *job, const struct edgebert_hw_completion *completion,
		      int error)
{
	struct dma_fence *fence = &job->fence->base;

	edgebert_envm_job_end(job->context->edev, job);
	job->fence = NULL;
	edgebert_job_finish(job, completion, error);
	if (error)
		dma_fence_set_error(fence, error);
	dma_fence_signal(fence);
	edgebert_fence_forget_ops(fence);
	dma_fence_put(fence);
}

/* For a job that its turn finds unfit to start; the scheduler signals its fence. */
void edgebert_job_refuse(struct edgebert_job *job, int error)
{
	edgebert_job_finish(job, NULL, error);
}

/* Frees a job that has ended, will never start, or was not even submitted. */
void edgebert_job_free(struct edgebert_job *job)
{
	struct edgebert_device *edev = job->context->edev;

	/* Cancelled in the queue: nobody has told the waiters yet. */
	if (job->armed)
		edgebert_job_finish(job, NULL, -ECANCELED);
	drm_sched_job_cleanup(&job->base);
	if (edgebert_job_release_shared(job))
		edgebert_job_destroy(edev, job);
	else
		queue_work(edev->cleanup_wq, &job->release_work);
}
