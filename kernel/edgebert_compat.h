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

#ifdef EDGEBERT_HAVE_GOVERNOR_HEADER
#include <linux/devfreq-governor.h>
#elif defined(CONFIG_PM_DEVFREQ)
#include <linux/devfreq.h>

/* What governors need is exported, but its header was private. */
#define DEVFREQ_NAME_LEN		16
#define DEVFREQ_GOV_START		0x1
#define DEVFREQ_MAX_FREQ		ULONG_MAX
#define DEVFREQ_GOV_FLAG_IRQ_DRIVEN	BIT(1)

struct devfreq_governor {
	struct list_head node;
	const char name[DEVFREQ_NAME_LEN];
	const u64 attrs;
	const u64 flags;
	int (*get_target_freq)(struct devfreq *devfreq, unsigned long *freq);
	int (*event_handler)(struct devfreq *devfreq, unsigned int event, void *data);
};

int devfreq_add_governor(struct devfreq_governor *governor);
int devfreq_remove_governor(struct devfreq_governor *governor);
void devfreq_get_freq_range(struct devfreq *devfreq, unsigned long *min_freq,
			    unsigned long *max_freq);
#endif

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
 * A fence may be kept for long after its module is gone, so once signalled it must not
 * call the module's operations.  Newer kernels see to that; older ones are given the
 * operations of a fence of the kernel itself.
 */
#ifdef EDGEBERT_HAVE_FENCE_FORGETS_OPS
static inline void edgebert_fence_prepare_forget(void) { }
static inline void edgebert_fence_forget_ops(struct dma_fence *fence) { }
#else
static inline const struct dma_fence_ops *edgebert_compat_stub_ops(void)
{
	static const struct dma_fence_ops *ops;
	struct dma_fence *stub;

	if (!ops) {
		stub = dma_fence_get_stub();
		WRITE_ONCE(ops, stub->ops);
		dma_fence_put(stub);
	}
	return ops;
}

/* Not in an interrupt; before the first edgebert_fence_forget_ops(). */
static inline void edgebert_fence_prepare_forget(void)
{
	edgebert_compat_stub_ops();
}

/* For a signalled fence, in any context. */
static inline void edgebert_fence_forget_ops(struct dma_fence *fence)
{
	WRITE_ONCE(fence->ops, edgebert_compat_stub_ops());
}
#endif

/* Part of struct drm_driver's initialiser. */
#ifdef EDGEBERT_HAVE_DRIVER_DATE
#define EDGEBERT_DRIVER_DATE	.date = "0",
#else
#define EDGEBERT_DRIVER_DATE
#endif

/* The name of a namespace, without quotes. */
#ifdef EDGEBERT_HAVE_IMPORT_NS_TOKEN
#define EDGEBERT_IMPORT_NS(name)	MODULE_IMPORT_NS(name)
#else
#define EDGEBERT_IMPORT_NS(name)	MODULE_IMPORT_NS(#name)
#endif

#endif /* EDGEBERT_COMPAT_H */
