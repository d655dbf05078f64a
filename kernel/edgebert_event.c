// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events, which poll() and read() on the node deliver to those who asked for them.
 *
 * An event tells a state, not a change: while one of a type waits to be read, a newer one
 * takes its place.  So nobody can fill the queue of an open file, and nothing is lost
 * that still holds.
 */
#include <linux/slab.h>

#include <drm/drm_device.h>
#include <drm/drm_file.h>
#include <drm/drm_print.h>
#include <drm/edgebert_accel.h>

#include "edgebert_device.h"
#include "edgebert_drv.h"
#include "edgebert_dvfs.h"
#include "edgebert_event.h"

#define EDGEBERT_EVENTS		(DRM_EDGEBERT_EVENT_DVFS | DRM_EDGEBERT_EVENT_ENVM)

union edgebert_event_data {
	struct drm_event base;
	struct drm_edgebert_event_dvfs dvfs;
	struct drm_edgebert_event_envm envm;
};

/* DRM frees the whole by its first member. */
struct edgebert_event {
	struct drm_pending_event pending;
	union edgebert_event_data data;
};

static_assert(offsetof(struct edgebert_event, pending) == 0);

/* True if an event of this type waits to be read; it is now the newer one. */
static bool edgebert_event_replace(struct drm_file *file, const union edgebert_event_data *data)
{
	struct drm_pending_event *waiting;

	scoped_guard(spinlock_irqsave, &file->minor->dev->event_lock) {
		list_for_each_entry(waiting, &file->event_list, link) {
			if (waiting->event->type != data->base.type)
				continue;
			container_of(waiting, struct edgebert_event, pending)->data = *data;
			return true;
		}
	}
	return false;
}

/* Where memory lacks the event is lost; the next one of its type tells the state then. */
static void edgebert_event_send_to(struct drm_file *file, const union edgebert_event_data *data)
{
	struct drm_device *drm = file->minor->dev;
	struct edgebert_event *event;

	if (edgebert_event_replace(file, data))
		return;
	event = kzalloc_obj(*event);
	if (!event)
		return;
	event->data = *data;
	if (drm_event_reserve_init(drm, file, &event->pending, &event->data.base)) {
		kfree(event);
		return;
	}
	drm_send_event(drm, &event->pending);
}

/* Senders of one type take turns, or an older state could replace a newer one. */
static void edgebert_event_send(struct edgebert_device *edev,
				const union edgebert_event_data *data, u32 bit)
{
	struct edgebert_file *efile;
	struct drm_file *file;

	guard(mutex)(&edev->drm.filelist_mutex);
	list_for_each_entry(file, &edev->drm.filelist, lhead) {
		efile = file->driver_priv;
		if (READ_ONCE(efile->events) & bit)
			edgebert_event_send_to(file, data);
	}
}

/* The limits of operating points have changed. */
void edgebert_event_dvfs(struct edgebert_device *edev, const struct edgebert_dvfs_limits *limits)
{
	union edgebert_event_data data = {
		.dvfs.base.type = DRM_EDGEBERT_EVENT_TYPE_DVFS,
		.dvfs.base.length = sizeof(data.dvfs),
		.dvfs.window_low = limits->window_low,
		.dvfs.window_high = limits->window_high,
		.dvfs.thermal_max = limits->thermal_max,
		.dvfs.flags = limits->throttled ? DRM_EDGEBERT_DVFS_THROTTLED : 0,
	};

	edgebert_event_send(edev, &data, DRM_EDGEBERT_EVENT_DVFS);
}

/* Another image in the eNVM has become the active one. */
void edgebert_event_envm(struct edgebert_device *edev, u64 generation)
{
	union edgebert_event_data data = {
		.envm.base.type = DRM_EDGEBERT_EVENT_TYPE_ENVM,
		.envm.base.length = sizeof(data.envm),
		.envm.generation = generation,
	};

	edgebert_event_send(edev, &data, DRM_EDGEBERT_EVENT_ENVM);
}

int edgebert_ioctl_events(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct edgebert_file *efile = file->driver_priv;
	struct drm_edgebert_events *args = data;

	if (args->events & ~EDGEBERT_EVENTS || args->pad) {
		drm_dbg(drm, "unknown events %#x or pad is not 0\n", args->events);
		return -EINVAL;
	}
	WRITE_ONCE(efile->events, args->events);
	return 0;
}
