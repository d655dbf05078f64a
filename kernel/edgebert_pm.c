// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sleep: of the device when it has had no job for a while, and of the whole system.  Its
 * registers are written again when it wakes up; what is in its eNVM has stayed.
 *
 * The device is awake while it has jobs: a reference is taken before a job is started and
 * given back when it has ended.  Whoever else needs an answer from a register takes one
 * by edgebert_pm_get(); whoever can do without uses edgebert_pm_get_if_awake().  The PCI
 * core changes the power state.
 *
 * Jobs are started from within the scheduler, which waits for the device to wake up:
 * nothing here may take recovery.lock, whose holders wait for the scheduler.
 */
#include <linux/delay.h>
#include <linux/device.h>
#include <linux/pci.h>
#include <linux/pm_runtime.h>

#include <drm/drm_print.h>

#include "edgebert_core.h"
#include "edgebert_device.h"
#include "edgebert_envm.h"
#include "edgebert_pm.h"
#include "edgebert_ring.h"
#include "edgebert_sched.h"

/* How long one job may take to end before the system does not sleep after all. */
#define EDGEBERT_PM_DRAIN_MS		5000
/*
 * How long the device waits for the next job before it sleeps.  Waking up takes more than
 * the 10 ms that PCI demands, which somebody who types sentences should not wait for.
 */
#define EDGEBERT_PM_AUTOSUSPEND_MS	500

/* Wakes the device up; to be followed by edgebert_pm_put() if that worked. */
int edgebert_pm_get(struct edgebert_device *edev)
{
	return pm_runtime_resume_and_get(edev->drm.dev) ? -ENODEV : 0;
}

/*
 * True if the device is awake and now stays so, until edgebert_pm_put().  If it is not, it
 * is reset before its next job.
 */
bool edgebert_pm_get_if_awake(struct edgebert_device *edev)
{
	int ret = pm_runtime_get_if_active(edev->drm.dev);

	/* No runtime power management: it is always awake. */
	if (ret < 0)
		pm_runtime_get_noresume(edev->drm.dev);
	return ret;
}

/* May be called from an interrupt. */
void edgebert_pm_put(struct edgebert_device *edev)
{
	pm_runtime_mark_last_busy(edev->drm.dev);
	pm_runtime_put_autosuspend(edev->drm.dev);
}

/* The last step of probe, which the PCI core has begun with a reference. */
void edgebert_pm_enable(struct edgebert_device *edev)
{
	struct device *dev = edev->drm.dev;

	pm_runtime_set_autosuspend_delay(dev, EDGEBERT_PM_AUTOSUSPEND_MS);
	pm_runtime_use_autosuspend(dev);
	pm_runtime_allow(dev);
	edgebert_pm_put(edev);
}

/* The opposite; the PCI core has woken the device up. */
void edgebert_pm_disable(struct edgebert_device *edev)
{
	struct device *dev = edev->drm.dev;

	pm_runtime_get_noresume(dev);
	pm_runtime_forbid(dev);
	pm_runtime_dont_use_autosuspend(dev);
}

/* From a device in any state to one that fetches jobs; failing that, it is lost. */
static void edgebert_pm_start(struct edgebert_device *edev)
{
	int ret;

	guard(mutex)(&edev->hw.update_lock);
	if (edgebert_is_lost(edev))
		return;
	ret = edgebert_core_reset(edev);
	if (!ret) {
		edgebert_ring_restart(edev);
		ret = edgebert_core_start(edev);
	}
	if (ret) {
		edgebert_recovery_lost(edev, "it does not wake up");
		return;
	}
	edev->hw.asleep = false;
	edgebert_envm_lock_again(edev);
}

/* With no job in the ring.  On success no register is accessed until the next start. */
static int edgebert_pm_stop(struct edgebert_device *edev)
{
	int ret = 0;

	guard(mutex)(&edev->hw.update_lock);
	edgebert_dvfs_stop(edev);
	if (!edgebert_is_lost(edev))
		ret = edgebert_core_stop(edev);
	edev->hw.asleep = !ret;
	return ret;
}

static int edgebert_pm_runtime_suspend(struct device *dev)
{
	struct edgebert_device *edev = dev_get_drvdata(dev);

	if (edgebert_pm_stop(edev)) {
		drm_warn(&edev->drm, "idle device does not come to rest, restarting it\n");
		edgebert_pm_start(edev);
		return -EBUSY;
	}
	return 0;
}

/* Never fails: a device that does not wake up is lost, and its users are told that. */
static int edgebert_pm_runtime_resume(struct device *dev)
{
	edgebert_pm_start(dev_get_drvdata(dev));
	return 0;
}

/* No job is started meanwhile: as long as one after the other ends, all of them will. */
static int edgebert_pm_drain(struct edgebert_device *edev)
{
	u32 left, before = 0;
	int waited = 0;

	while ((left = edgebert_ring_outstanding(edev))) {
		if (left != before)
			waited = 0;
		else if (waited >= EDGEBERT_PM_DRAIN_MS)
			return -EBUSY;
		before = left;
		msleep(20);
		waited += 20;
		/* Also those whose interrupt got lost, which nobody else looks for now. */
		edgebert_ring_poll(edev);
	}
	/* Releasing jobs talks to the device. */
	flush_workqueue(edev->cleanup_wq);
	return 0;
}

/* Of the system; the PCI core has woken the device up before. */
static int edgebert_pm_suspend(struct device *dev)
{
	struct edgebert_device *edev = dev_get_drvdata(dev);
	int ret;

	/* From here on recovery keeps away. */
	scoped_guard(mutex, &edev->recovery.lock)
		set_bit(EDGEBERT_FLAG_SUSPENDED, &edev->flags);
	edgebert_sched_pause(edev);
	ret = edgebert_pm_drain(edev);
	if (!ret)
		ret = edgebert_pm_stop(edev);
	if (ret) {
		drm_err(&edev->drm, "device does not come to rest: %d\n", ret);
		clear_bit(EDGEBERT_FLAG_SUSPENDED, &edev->flags);
		edgebert_sched_resume(edev);
		edgebert_recovery_request_reset(edev);
	}
	return ret;
}

/* Never fails: the system goes on without a lost device, whose users get errors. */
static int edgebert_pm_resume(struct device *dev)
{
	struct edgebert_device *edev = dev_get_drvdata(dev);

	edgebert_pm_start(edev);
	clear_bit(EDGEBERT_FLAG_SUSPENDED, &edev->flags);
	edgebert_sched_resume(edev);
	return 0;
}

const struct dev_pm_ops edgebert_pm_ops = {
	SYSTEM_SLEEP_PM_OPS(edgebert_pm_suspend, edgebert_pm_resume)
	RUNTIME_PM_OPS(edgebert_pm_runtime_suspend, edgebert_pm_runtime_resume, NULL)
};
