// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tells user space that the device is lost, by the event that DRM has for that: a change of
 * the node with WEDGED= and what may help.
 *
 * drm_dev_wedged_event() itself sends it for the primary node, which accel devices do not
 * have, and crashes without one.
 */
#include <linux/device.h>
#include <linux/kobject.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_print.h>

#include "edgebert_device.h"
#include "edgebert_wedged.h"

static void edgebert_wedged_work(struct work_struct *work)
{
	struct edgebert_device *edev = container_of(work, struct edgebert_device,
						    recovery.wedged_work);
	/* From less to more side effects; a function that is silent will not answer probe. */
	char *environment[2] = { };
	int idx;

	environment[0] = edev->recovery.wedged_answers ? "WEDGED=rebind,bus-reset" :
							 "WEDGED=bus-reset";
	if (!drm_dev_enter(&edev->drm, &idx))
		return;
	if (edev->drm.registered)
		kobject_uevent_env(&edev->drm.accel->kdev->kobj, KOBJ_CHANGE, environment);
	drm_dev_exit(idx);
}

void edgebert_wedged_init(struct edgebert_device *edev)
{
	INIT_WORK(&edev->recovery.wedged_work, edgebert_wedged_work);
}

/* Once per device; by a work, as sending allocates and the caller may be in memory's way. */
void edgebert_wedged_announce(struct edgebert_device *edev, bool answers)
{
	edev->recovery.wedged_answers = answers;
	queue_work(edev->cleanup_wq, &edev->recovery.wedged_work);
}
