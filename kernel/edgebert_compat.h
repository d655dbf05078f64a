/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bridges the driver, written for current kernels, to Linux 6.12.
 *
 * The driver's files know nothing of older kernels: all differences are here, each
 * behind what edgebert_compat_probe.sh found out.  In the kernel's own tree this file
 * is empty.
 */
#ifndef EDGEBERT_COMPAT_H
#define EDGEBERT_COMPAT_H

#include <linux/dma-fence.h>
#include <linux/module.h>

#include <drm/gpu_scheduler.h>

#include "edgebert_compat_config.h"

#ifndef EDGEBERT_HAVE_SCHED_INIT_ARGS
struct drm_sched_init_args {
	const struct drm_sched_backend_ops *ops;
	struct workqueue_struct *submit_wq;
	struct workqueue_struct *timeout_wq;
	u32 num_rqs;
	u32 credit_limit;
	unsigned int hang_limit;
	long timeout;
	atomic_t *score;
	const char *name;
	struct device *dev;
};

static inline int edgebert_compat_sched_init(struct drm_gpu_scheduler *sched,
					     const struct drm_sched_init_args *args)
{
	return drm_sched_init(sched, args->ops, args->submit_wq, args->num_rqs,
			      args->credit_limit, args->hang_limit, args->timeout,
			      args->timeout_wq, args->score, args->name, args->dev);
}

#define drm_sched_init edgebert_compat_sched_init
#endif

/*
 * End of a timedout_job() callback after which the job, finished or not, is the
 * scheduler's again.  Older schedulers leave taking it back to the driver.
 */
static inline enum drm_gpu_sched_stat edgebert_sched_no_hang(struct drm_sched_job *job)
{
#ifdef EDGEBERT_HAVE_SCHED_NO_HANG
	return DRM_GPU_SCHED_STAT_NO_HANG;
#else
	struct drm_gpu_scheduler *sched = job->sched;

	spin_lock(&sched->job_list_lock);
	list_add(&job->list, &sched->pending_list);
	if (dma_fence_is_signaled(&job->s_fence->finished))
		queue_work(sched->submit_wq, &sched->work_free_job);
	spin_unlock(&sched->job_list_lock);
	return DRM_GPU_SCHED_STAT_NOMINAL;
#endif
}

/*
 * Where a signalled fence keeps calling its operations, it must keep the module they
 * are in, for as long as anybody keeps the fence.
 */
#ifdef EDGEBERT_HAVE_FENCE_FORGETS_OPS
#define EDGEBERT_FENCE_RELEASE	NULL
static inline void edgebert_fence_hold_module(void) { }
#else
static inline void edgebert_compat_fence_release(struct dma_fence *fence)
{
	dma_fence_free(fence);
	module_put(THIS_MODULE);
}

#define EDGEBERT_FENCE_RELEASE	edgebert_compat_fence_release
static inline void edgebert_fence_hold_module(void)
{
	__module_get(THIS_MODULE);
}
#endif

/* Part of struct drm_driver's initialiser. */
#ifdef EDGEBERT_HAVE_DRIVER_DATE
#define EDGEBERT_DRIVER_DATE	.date = "0",
#else
#define EDGEBERT_DRIVER_DATE
#endif

#endif /* EDGEBERT_COMPAT_H */
