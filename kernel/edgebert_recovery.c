// SPDX-License-Identifier: GPL-2.0-only
/*
 * Recovery: a job without progress is aborted alone; if the device does not obey, its
 * core is reset and the other jobs are started again; if that fails too, or nobody
 * answers, the device counts as lost and everything fails with -ENODEV.
 */
#include <linux/delay.h>
#include <linux/moduleparam.h>
#include <linux/pci.h>
#include <linux/pm_runtime.h>

#include <drm/drm_drv.h>
#include <drm/drm_managed.h>
#include <drm/drm_print.h>

#include "edgebert_core.h"
#include "edgebert_coredump.h"
#include "edgebert_device.h"
#include "edgebert_envm.h"
#include "edgebert_pm.h"
#include "edgebert_recovery.h"
#include "edgebert_regs.h"
#include "edgebert_ring.h"
#include "edgebert_sched.h"
#include "edgebert_trace.h"
#include "edgebert_wedged.h"

/* How long an aborted job may take to end. */
#define EDGEBERT_ABORT_WAIT_MS		200
/* Resets in a row, without a job that ended in its own way, until the device is given up. */
#define EDGEBERT_RESETS_IN_VAIN_MAX	5

/* Generous: a modelled device computes at the speed of a host that it shares with others. */
static unsigned int job_timeout_ms = 30000;
module_param(job_timeout_ms, uint, 0644);
MODULE_PARM_DESC(job_timeout_ms, "Stop a job that makes no progress for this long (default 30000)");

unsigned int edgebert_recovery_timeout_ms(void)
{
	return max(READ_ONCE(job_timeout_ms), EDGEBERT_WATCH_MS);
}

/*
 * Ends an abort, if one is under way: jobs that it hit by accident start again, and others
 * may be started again, which is why the scheduler was paused.
 */
static void edgebert_recovery_end_abort(struct edgebert_device *edev)
{
	if (edgebert_ring_end_abort(edev))
		edgebert_sched_resume(edev);
}

/* All jobs in the ring end; to be called when the device makes no accesses any more. */
void edgebert_recovery_fail_jobs(struct edgebert_device *edev)
{
	edgebert_ring_fail(edev, -ENODEV);
	edgebert_recovery_end_abort(edev);
}

/* The device is beyond reach: no more DMA, no more jobs, until it is bound anew. */
void edgebert_recovery_lost(struct edgebert_device *edev, const char *reason)
{
	bool answers;

	if (test_and_set_bit(EDGEBERT_FLAG_LOST, &edev->flags))
		return;
	answers = edgebert_read(edev, STATUS) != EDGEBERT_ALL_ONES;
	trace_edgebert_recovery(edev, "lost", reason, 0);
	drm_err(&edev->drm, "device lost, %s: its jobs fail until the driver is bound again\n",
		reason);
	pci_clear_master(to_pci_dev(edev->drm.dev));
	edgebert_recovery_fail_jobs(edev);
	edgebert_wedged_announce(edev, answers);
}

/* Counts resets that did not help. */
static bool edgebert_recovery_in_vain(struct edgebert_device *edev)
{
	struct edgebert_recovery *recovery = &edev->recovery;
	struct edgebert_stats stats;

	edgebert_ring_stats(edev, &edev->ring.stats, &stats);
	if (stats.jobs != recovery->jobs_at_reset)
		recovery->resets_in_vain = 0;
	recovery->jobs_at_reset = stats.jobs;
	return ++recovery->resets_in_vain > EDGEBERT_RESETS_IN_VAIN_MAX;
}

/*
 * Before a reset: says how far the device got.  Jobs execute one after the other, so only
 * the oldest can have begun.
 */
static void edgebert_recovery_begin_reset(struct edgebert_device *edev, const char *reason)
{
	struct edgebert_recovery *recovery = &edev->recovery;

	atomic_inc(&recovery->reset_count);
	trace_edgebert_recovery(edev, "reset", reason, 0);
	edgebert_write(edev, CONTROL, 0);
	recovery->was_busy = edgebert_read(edev, STATUS) & EDGEBERT_HW_STATUS_BUSY;
	recovery->fetched = edgebert_read(edev, SUBMIT_HEAD);
}

/*
 * After a reset: a job that had begun ends with @oldest_error, as what it had written by
 * then may be what it reads when it begins again.  The others start from scratch.  A record
 * that named no job tells of none that ended: the one it was meant for had begun, too.
 */
static void edgebert_recovery_finish_reset(struct edgebert_device *edev, int oldest_error)
{
	struct edgebert_recovery *recovery = &edev->recovery;
	int ret;

	/* Records that were written before the reset count. */
	edgebert_ring_poll(edev);
	if (recovery->was_busy ||
	    recovery->fetched != READ_ONCE(edev->ring.completed) - READ_ONCE(edev->ring.unknown))
		edgebert_ring_fail_oldest(edev, oldest_error);
	edgebert_ring_restart(edev);
	ret = edgebert_core_start(edev);
	if (ret) {
		edgebert_recovery_lost(edev, "it does not start after a reset");
		return;
	}
	edgebert_ring_resubmit(edev);
	edgebert_recovery_end_abort(edev);
	drm_info(&edev->drm, "device was reset\n");
}

static void edgebert_recovery_reset(struct edgebert_device *edev, int oldest_error,
				    const char *reason)
{
	int ret;

	if (edgebert_recovery_in_vain(edev)) {
		edgebert_recovery_lost(edev, "resets do not help");
		return;
	}
	edgebert_envm_reset_begin(edev);
	edgebert_recovery_begin_reset(edev, reason);
	ret = edgebert_core_reset(edev);
	edgebert_envm_reset_end(edev);
	if (ret)
		edgebert_recovery_lost(edev, ret == -ENODEV ? "it does not answer" :
							      "it does not reset");
	else
		edgebert_recovery_finish_reset(edev, oldest_error);
}

/*
 * The PCI core is about to reset the function: until edgebert_recovery_after_flr() nothing
 * but configuration space may be accessed.
 */
void edgebert_recovery_before_flr(struct edgebert_device *edev)
{
	/* Waking up and this would wait for each other. */
	pm_runtime_get_sync(edev->drm.dev);
	mutex_lock(&edev->recovery.lock);
	mutex_lock(&edev->hw.update_lock);
	edgebert_envm_reset_begin(edev);
	edgebert_sched_pause(edev);
	if (!edgebert_is_lost(edev))
		edgebert_recovery_begin_reset(edev, "function reset");
}

void edgebert_recovery_after_flr(struct edgebert_device *edev)
{
	if (!edgebert_is_lost(edev))
		edgebert_recovery_finish_reset(edev, -ECANCELED);
	edgebert_sched_resume(edev);
	edgebert_envm_function_was_reset(edev);
	edgebert_envm_reset_end(edev);
	mutex_unlock(&edev->hw.update_lock);
	mutex_unlock(&edev->recovery.lock);
	edgebert_pm_put(edev);
}

/* Asks the device to end one job; true when it did. */
static bool edgebert_recovery_abort(struct edgebert_device *edev, u64 cookie, u32 hw_context)
{
	u64 oldest;
	u32 ignored;
	int tries;

	trace_edgebert_recovery(edev, "abort", "no progress", hw_context);
	edgebert_core_context_abort(edev, hw_context);
	for (tries = 0; tries < EDGEBERT_ABORT_WAIT_MS; tries++) {
		edgebert_ring_poll(edev);
		if (!edgebert_ring_oldest(edev, &oldest, &ignored) || oldest != cookie)
			return true;
		usleep_range(1000, 1500);
	}
	return false;
}

/*
 * Lifts an abort once the device has come across all jobs of the address space that it
 * has; until then the jobs would lose their order.
 */
static void edgebert_recovery_lift(struct edgebert_device *edev)
{
	u32 hw_context = edgebert_ring_abort_over(edev);

	lockdep_assert_held(&edev->recovery.lock);
	if (!hw_context)
		return;
	trace_edgebert_recovery(edev, "lift", "the job has ended", hw_context);
	if (edgebert_core_context_update(edev, hw_context))
		edgebert_recovery_reset(edev, -ECANCELED, "abort is not lifted");
	else
		edgebert_recovery_end_abort(edev);
}

/* Stops the job that has made no progress. */
static void edgebert_recovery_stop_job(struct edgebert_device *edev, u64 cookie, u32 hw_context)
{
	/* A second one, before the first is done with, in another address space. */
	bool second = READ_ONCE(edev->ring.aborting);

	drm_notice(&edev->drm, "job made no progress for %u ms and is stopped\n",
		   edgebert_recovery_timeout_ms());

	edgebert_coredump_take(edev, "no progress");
	/* No job may be submitted before the abort is lifted or the device reset. */
	edgebert_sched_pause(edev);
	if (!edgebert_ring_begin_abort(edev, cookie)) {
		/* It has ended just now. */
		edgebert_sched_resume(edev);
	} else if (second) {
		/* One abort at a time is all that is kept account of. */
		edgebert_recovery_reset(edev, -ETIMEDOUT, "two jobs without progress");
		edgebert_sched_resume(edev);
	} else if (edgebert_recovery_abort(edev, cookie, hw_context)) {
		edgebert_recovery_lift(edev);
	} else {
		drm_warn(&edev->drm, "job does not obey, resetting the device\n");
		edgebert_recovery_reset(edev, -ETIMEDOUT, "job does not obey");
	}
}

/* True when the oldest job is another one than at the last look, or has advanced. */
static bool edgebert_recovery_progress(struct edgebert_device *edev, u64 cookie)
{
	struct edgebert_recovery *recovery = &edev->recovery;
	u32 cycles = edgebert_read(edev, COUNT_CYCLES);

	if (cookie == recovery->cookie && cycles == recovery->cycles)
		return false;
	recovery->cookie = cookie;
	recovery->cycles = cycles;
	recovery->progress_ns = ktime_get_ns();
	return true;
}

/*
 * Looks at the device while jobs are running; true when it had to interfere.  A record
 * whose interrupt got lost is found here too.
 */
bool edgebert_recovery_watch(struct edgebert_device *edev)
{
	struct edgebert_recovery *recovery = &edev->recovery;
	u32 hw_context, status;
	u64 cookie;

	guard(mutex)(&recovery->lock);
	if (edgebert_is_lost(edev) || test_bit(EDGEBERT_FLAG_SUSPENDED, &edev->flags))
		return false;
	edgebert_ring_poll(edev);
	edgebert_recovery_lift(edev);
	if (!edgebert_ring_oldest(edev, &cookie, &hw_context))
		return false;

	status = edgebert_read(edev, STATUS);
	if (status == EDGEBERT_ALL_ONES) {
		edgebert_recovery_lost(edev, "it does not answer");
		return true;
	}
	if (status & EDGEBERT_HW_STATUS_FATAL) {
		edgebert_recovery_request_reset(edev);
		return true;
	}
	if (edgebert_recovery_progress(edev, cookie) ||
	    ktime_get_ns() - recovery->progress_ns <
	    edgebert_recovery_timeout_ms() * (u64)NSEC_PER_MSEC)
		return false;
	edgebert_recovery_stop_job(edev, cookie, hw_context);
	return true;
}

static void edgebert_recovery_work(struct work_struct *work)
{
	struct edgebert_device *edev = container_of(work, struct edgebert_device,
						    recovery.reset_work);
	int idx;

	if (!drm_dev_enter(&edev->drm, &idx))
		return;
	/* A device that sleeps is reset when it wakes up. */
	if (!edgebert_pm_get_if_awake(edev))
		goto out;
	scoped_guard(mutex, &edev->recovery.lock) {
		if (edgebert_is_lost(edev) || test_bit(EDGEBERT_FLAG_SUSPENDED, &edev->flags))
			break;
		edgebert_coredump_take(edev, "fatal error or no answer");
		edgebert_sched_pause(edev);
		edgebert_recovery_reset(edev, -ECANCELED, "fatal error or no answer");
		edgebert_sched_resume(edev);
	}
	edgebert_pm_put(edev);
out:
	drm_dev_exit(idx);
}

static void edgebert_recovery_lift_work(struct work_struct *work)
{
	struct edgebert_device *edev = container_of(work, struct edgebert_device,
						    recovery.lift_work);
	int idx;

	if (!drm_dev_enter(&edev->drm, &idx))
		return;
	scoped_guard(mutex, &edev->recovery.lock)
		if (!edgebert_is_lost(edev))
			edgebert_recovery_lift(edev);
	drm_dev_exit(idx);
}

/* The next two may be called from an interrupt. */
void edgebert_recovery_request_lift(struct edgebert_device *edev)
{
	queue_work(edev->recovery.wq, &edev->recovery.lift_work);
}

void edgebert_recovery_request_reset(struct edgebert_device *edev)
{
	queue_work(edev->recovery.wq, &edev->recovery.reset_work);
}

/*
 * For whoever can not go on before the device has forgotten everything: returns with
 * the device reset, or lost and cut off from memory.
 */
void edgebert_recovery_reset_now(struct edgebert_device *edev)
{
	edgebert_recovery_request_reset(edev);
	flush_work(&edev->recovery.reset_work);
}

int edgebert_recovery_init(struct edgebert_device *edev)
{
	struct edgebert_recovery *recovery = &edev->recovery;

	INIT_WORK(&recovery->reset_work, edgebert_recovery_work);
	INIT_WORK(&recovery->lift_work, edgebert_recovery_lift_work);
	edgebert_wedged_init(edev);
	recovery->wq = alloc_ordered_workqueue("edgebert-recovery", WQ_MEM_RECLAIM);
	if (!recovery->wq)
		return -ENOMEM;
	return drmm_mutex_init(&edev->drm, &recovery->lock);
}

void edgebert_recovery_fini(struct edgebert_device *edev)
{
	destroy_workqueue(edev->recovery.wq);
}
