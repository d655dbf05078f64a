// SPDX-License-Identifier: GPL-2.0-only
/*
 * The driver's side of the DRM scheduler: one ring, to which it hands the jobs of all
 * contexts by priority and age.
 */
#include <linux/jiffies.h>

#include <drm/drm_drv.h>
#include <drm/drm_managed.h>
#include <drm/drm_print.h>

#include "edgebert_compat.h"
#include "edgebert_context.h"
#include "edgebert_device.h"
#include "edgebert_envm_slot.h"
#include "edgebert_job.h"
#include "edgebert_pm.h"
#include "edgebert_recovery.h"
#include "edgebert_ring.h"
#include "edgebert_sched.h"
#include "edgebert_share.h"

/*
 * Jobs the device has at a time.  Enough that it never waits for the host, and few, as a
 * job of higher priority can not overtake them.
 */
#define EDGEBERT_SCHED_CREDITS	4

static_assert(EDGEBERT_SCHED_CREDITS <= EDGEBERT_RING_ENTRIES);

/* The device stays awake until the job has left the ring, and the eNVM image is settled. */
static struct dma_fence *edgebert_sched_start_job(struct edgebert_device *edev,
						  struct edgebert_job *job)
{
	struct dma_fence *fence;
	int ret;

	ret = edgebert_pm_get(edev);
	if (ret)
		return ERR_PTR(ret);
	ret = edgebert_envm_job_start(edev, job);
	if (ret) {
		edgebert_pm_put(edev);
		return ERR_PTR(ret);
	}
	fence = edgebert_ring_submit(edev, job);
	if (IS_ERR(fence)) {
		edgebert_envm_job_end(edev, job);
		edgebert_pm_put(edev);
	}
	return fence;
}

/* Whether a job may still start, now that it is its turn. */
static int edgebert_sched_check(const struct edgebert_job *job)
{
	if (job->sequence < READ_ONCE(job->context->cancel_below))
		return -ECANCELED;
	if (job->deadline_ns && ktime_get_ns() > job->deadline_ns)
		return -ETIME;
	return 0;
}

/*
 * Somebody waits for the job and has given the fence a deadline: a job that leaves the
 * operating point to others gets the highest that it may have.
 */
static void edgebert_sched_hurry(struct edgebert_job *job)
{
	struct edgebert_hw_job *desc = &job->desc;

	if (desc->operating_point == EDGEBERT_HW_OPERATING_POINT_DEFAULT &&
	    test_bit(DRM_SCHED_FENCE_FLAG_HAS_DEADLINE_BIT, &job->base.s_fence->finished.flags))
		desc->operating_point = desc->window_high;
}

/* Called until it returns NULL, after all fences that the job waits for. */
static struct dma_fence *edgebert_sched_prepare_job(struct drm_sched_job *base,
						    struct drm_sched_entity *entity)
{
	return edgebert_share_wait(to_edgebert_job(base));
}

/* Starts a job; allocates nothing, as memory may depend on jobs that end. */
static struct dma_fence *edgebert_sched_run_job(struct drm_sched_job *base)
{
	struct edgebert_job *job = to_edgebert_job(base);
	struct edgebert_device *edev = job->context->edev;
	struct dma_fence *fence = ERR_PTR(-ENODEV);
	int ret, idx;

	/* Cancelled already. */
	if (base->s_fence->finished.error)
		return NULL;
	ret = edgebert_sched_check(job);
	if (ret) {
		fence = ERR_PTR(ret);
	} else if (drm_dev_enter(&edev->drm, &idx)) {
		edgebert_context_apply_window(job->context, &job->desc);
		edgebert_sched_hurry(job);
		fence = edgebert_sched_start_job(edev, job);
		if (!IS_ERR(fence))
			edgebert_share_started(job, fence);
		drm_dev_exit(idx);
	}
	if (IS_ERR(fence))
		edgebert_job_refuse(job, PTR_ERR(fence));
	return fence;
}

/*
 * Not really a timeout: called every EDGEBERT_WATCH_MS while a job is running, to look
 * after it.  Recovery ends jobs through their fences and starts others again itself, so
 * the scheduler always gets its job back as one that needs nothing from it.
 */
static enum drm_gpu_sched_stat edgebert_sched_timedout_job(struct drm_sched_job *base)
{
	struct edgebert_device *edev = to_edgebert_job(base)->context->edev;
	int idx;

	if (drm_dev_enter(&edev->drm, &idx)) {
		/* Asleep, it has no jobs any more. */
		if (edgebert_pm_get_if_awake(edev)) {
			edgebert_recovery_watch(edev);
			edgebert_pm_put(edev);
		}
		drm_dev_exit(idx);
	}
	return edgebert_sched_no_hang(base);
}

static void edgebert_sched_free_job(struct drm_sched_job *base)
{
	edgebert_job_free(to_edgebert_job(base));
}

static const struct drm_sched_backend_ops edgebert_sched_ops = {
	.prepare_job = edgebert_sched_prepare_job,
	.run_job = edgebert_sched_run_job,
	.timedout_job = edgebert_sched_timedout_job,
	.free_job = edgebert_sched_free_job,
};

/*
 * No job is started between pause and resume, and none is being started when pause
 * returns.  Pauses nest and overlap.
 */
void edgebert_sched_pause(struct edgebert_device *edev)
{
	guard(mutex)(&edev->sched_pause_lock);
	if (!edev->sched_pauses++)
		drm_sched_wqueue_stop(&edev->sched);
}

void edgebert_sched_resume(struct edgebert_device *edev)
{
	guard(mutex)(&edev->sched_pause_lock);
	if (!--edev->sched_pauses)
		drm_sched_wqueue_start(&edev->sched);
}

int edgebert_sched_init(struct edgebert_device *edev)
{
	struct drm_sched_init_args args = {
		.ops = &edgebert_sched_ops,
		.num_rqs = DRM_SCHED_PRIORITY_COUNT,
		.credit_limit = EDGEBERT_SCHED_CREDITS,
		.timeout = msecs_to_jiffies(EDGEBERT_WATCH_MS),
		.timeout_wq = edev->recovery.wq,
		.name = "edgebert",
		.dev = edev->drm.dev,
	};
	int ret;

	ret = drmm_mutex_init(&edev->drm, &edev->sched_pause_lock);
	if (ret)
		return ret;
	edev->cleanup_wq = alloc_workqueue("edgebert-cleanup", WQ_UNBOUND, 0);
	if (!edev->cleanup_wq)
		return -ENOMEM;
	/* Before other work: somebody may be waiting for the job, and the device for work. */
	edev->submit_wq = alloc_ordered_workqueue("edgebert-submit", WQ_MEM_RECLAIM | WQ_HIGHPRI);
	if (!edev->submit_wq) {
		ret = -ENOMEM;
		goto err_cleanup;
	}
	args.submit_wq = edev->submit_wq;
	ret = drm_sched_init(&edev->sched, &args);
	if (!ret)
		return 0;
	destroy_workqueue(edev->submit_wq);
err_cleanup:
	destroy_workqueue(edev->cleanup_wq);
	return ret;
}

/* With all contexts stopped: waits for the last job to be gone. */
void edgebert_sched_fini(struct edgebert_device *edev)
{
	wait_event(edev->jobs_wait, !atomic_read(&edev->jobs));
	drm_sched_fini(&edev->sched);
	destroy_workqueue(edev->submit_wq);
	destroy_workqueue(edev->cleanup_wq);
}
