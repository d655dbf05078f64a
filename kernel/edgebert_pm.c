// SPDX-License-Identifier: GPL-2.0-only
/*
 * System sleep: the device's jobs end, its registers are written again on resume.  Jobs
 * that it does not have yet stay queued.  The PCI core changes the power state.
 */
#include <linux/delay.h>
#include <linux/device.h>
#include <linux/pci.h>

#include <drm/drm_print.h>

#include "edgebert_core.h"
#include "edgebert_device.h"
#include "edgebert_pm.h"
#include "edgebert_sched.h"

/* How long jobs may take to end before the system does not sleep after all. */
#define EDGEBERT_PM_DRAIN_MS	5000

static int edgebert_pm_drain(struct edgebert_device *edev)
{
	int waited;

	for (waited = 0; edgebert_ring_outstanding(edev); waited += 20) {
		if (waited >= EDGEBERT_PM_DRAIN_MS)
			return -EBUSY;
		msleep(20);
	}
	/* Releasing jobs talks to the device. */
	flush_workqueue(edev->cleanup_wq);
	return 0;
}

static int edgebert_pm_suspend(struct device *dev)
{
	struct edgebert_device *edev = dev_get_drvdata(dev);
	int ret;

	/* From here on recovery keeps away. */
	scoped_guard(mutex, &edev->recovery.lock)
		set_bit(EDGEBERT_FLAG_SUSPENDED, &edev->flags);
	edgebert_sched_pause(edev);
	ret = edgebert_pm_drain(edev);
	if (!ret && !edgebert_is_lost(edev))
		ret = edgebert_core_stop(edev);
	if (ret) {
		drm_err(&edev->drm, "device does not come to rest: %d\n", ret);
		clear_bit(EDGEBERT_FLAG_SUSPENDED, &edev->flags);
		edgebert_sched_resume(edev);
		edgebert_recovery_request_reset(edev);
	}
	return ret;
}

static int edgebert_pm_resume(struct device *dev)
{
	struct edgebert_device *edev = dev_get_drvdata(dev);
	int ret = -ENODEV;

	if (!edgebert_is_lost(edev)) {
		ret = edgebert_core_reset(edev);
		if (!ret) {
			edgebert_ring_restart(edev);
			ret = edgebert_core_start(edev);
		}
		if (ret)
			edgebert_recovery_lost(edev, "it does not wake up");
	}
	clear_bit(EDGEBERT_FLAG_SUSPENDED, &edev->flags);
	edgebert_sched_resume(edev);
	/* The system goes on without the device; its users get errors. */
	return 0;
}

DEFINE_SIMPLE_DEV_PM_OPS(edgebert_pm_ops, edgebert_pm_suspend, edgebert_pm_resume);
