/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The device: what every part of the driver shares.
 *
 * Locks, outermost first:
 *
 *	context->submit_lock
 *	  dma_resv of the buffers of a submit
 *	device->lists_lock
 *	  vm->lock
 *	    hw.update_lock
 *	    bo->lock
 *	      dma_resv of the buffer
 *	envm.lock
 *	  recovery.lock
 *	    hw.update_lock
 *	      envm.regs_lock
 *	      dvfs.lock
 *	  envm.wear_lock
 *	    envm.regs_lock
 *	ring.lock (interrupts off)
 *	  context->results.lock
 *	  envm.state_lock
 *	  fence locks
 *
 * Whatever touches a register is inside drm_dev_enter(), except for probe, remove,
 * suspend and resume, which are alone.
 */
#ifndef EDGEBERT_DEVICE_H
#define EDGEBERT_DEVICE_H

#include <linux/completion.h>
#include <linux/idr.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include <drm/drm_device.h>
#include <drm/gpu_scheduler.h>

#include "edgebert_devfreq.h"
#include "edgebert_dvfs.h"
#include "edgebert_envm.h"
#include "edgebert_hw.h"
#include "edgebert_hwmon.h"
#include "edgebert_recovery.h"
#include "edgebert_ring.h"
#include "edgebert_thermal.h"

#define EDGEBERT_CONTEXTS_PER_FILE	16

/* bits of edgebert_device.flags */
#define EDGEBERT_FLAG_LOST		0	/* does not answer, or can not be made to work */
#define EDGEBERT_FLAG_SUSPENDED		1	/* between suspend and resume */

struct edgebert_operating_point {
	u32 khz;
	u32 millivolt;
	u32 microwatt;
};

/**
 * struct edgebert_info - what the device said about itself at probe
 * @version: hardware contract, major << 16 | minor
 * @capabilities: EDGEBERT_HW_CAP_*
 * @data_buffer_bytes: size of each decoder's data buffer
 * @aux_buffer_bytes: size of the auxiliary buffer
 * @envm_bytes: size of the embedded non-volatile memory
 * @context_count: contexts, including number 0, which is not used
 * @point_count: valid entries of @points
 * @points: operating points by rising frequency
 * @profile: name of the performance and energy profile, zero padded
 */
struct edgebert_info {
	u32 version;
	u32 capabilities;
	u32 data_buffer_bytes;
	u32 aux_buffer_bytes;
	u32 envm_bytes;
	u32 context_count;
	u32 point_count;
	struct edgebert_operating_point points[EDGEBERT_HW_OPERATING_POINTS_MAX];
	u8 profile[EDGEBERT_HW_PROFILE_NAME_BYTES];
};

struct edgebert_device {
	struct drm_device drm;
	void __iomem *regs;
	unsigned long flags;		/* EDGEBERT_FLAG_*, atomic */
	struct edgebert_info info;	/* constant after probe */
	int irqs[EDGEBERT_HW_IRQ_COUNT];

	struct {
		struct edgebert_hw_context *table;
		dma_addr_t table_dma;
		struct ida ids;			/* contexts in use */
		struct mutex update_lock;	/* @asleep, CONTEXT_UPDATE and its answer */
		bool asleep;			/* knows no context, see edgebert_pm.c */
	} hw;

	struct edgebert_ring ring;
	struct drm_gpu_scheduler sched;
	struct mutex sched_pause_lock;	/* @sched_pauses, innermost of the mutexes */
	unsigned int sched_pauses;	/* edgebert_sched_pause() without its resume */
	struct edgebert_recovery recovery;
	struct edgebert_envm envm;
	struct edgebert_dvfs dvfs;
	struct edgebert_devfreq devfreq;
	struct edgebert_thermal thermal;
	struct edgebert_hwmon hwmon;

	/* Releases what jobs held, off the scheduler's own queue. */
	struct workqueue_struct *cleanup_wq;
	/* The scheduler's own: between a job's submission and its doorbell. */
	struct workqueue_struct *submit_wq;
	atomic_t busy_files;		/* address spaces with unfinished jobs */
	atomic_t jobs;			/* that exist, until their release */
	wait_queue_head_t jobs_wait;	/* for @jobs to become 0 */

	struct completion stopped;	/* on removal: DMA has ended */

	struct mutex lists_lock;	/* the lists below */
	struct list_head contexts;
	struct list_head vms;
};

static inline struct edgebert_device *to_edgebert_device(struct drm_device *drm)
{
	return container_of(drm, struct edgebert_device, drm);
}

static inline bool edgebert_is_lost(struct edgebert_device *edev)
{
	return test_bit(EDGEBERT_FLAG_LOST, &edev->flags);
}

#endif /* EDGEBERT_DEVICE_H */
