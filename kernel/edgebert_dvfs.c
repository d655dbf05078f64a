// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operating points: the window within which the device chooses for each job, and what
 * it says about itself.
 *
 * The device alone changes its voltage and frequency.  It is told limits, which are kept
 * here and written again after every reset and sleep.  Nobody has to wake it up for that,
 * nor to read: while it sleeps, what it said last holds.
 */
#include <drm/drm_drv.h>
#include <drm/drm_managed.h>

#include "edgebert_device.h"
#include "edgebert_dvfs.h"
#include "edgebert_event.h"
#include "edgebert_regs.h"
#include "edgebert_thermal.h"
#include "edgebert_trace.h"

/* How often temperature is looked at while the device is awake. */
#define EDGEBERT_DVFS_POLL_MS	1000

static void edgebert_dvfs_write(struct edgebert_device *edev)
{
	const struct edgebert_dvfs_state *state = &edev->dvfs.state;

	edgebert_write(edev, DVFS_WINDOW,
		       state->limits.window_high << 8 | state->limits.window_low);
	edgebert_write(edev, DVFS_DEFAULT, state->default_point);
}

/* The device is about to fetch jobs: its registers are at their reset values. */
void edgebert_dvfs_start(struct edgebert_device *edev)
{
	struct edgebert_dvfs *dvfs = &edev->dvfs;

	scoped_guard(mutex, &dvfs->lock) {
		dvfs->state.awake = true;
		edgebert_dvfs_write(edev);
	}
	/* Temperature may have changed meanwhile. */
	if (edev->info.capabilities & EDGEBERT_HW_CAP_THERMAL)
		edgebert_dvfs_changed(edev);
}

/* Registers are not accessed any more when this returns. */
void edgebert_dvfs_stop(struct edgebert_device *edev)
{
	guard(mutex)(&edev->dvfs.lock);
	edev->dvfs.state.awake = false;
	edev->dvfs.state.current_point = 0;
}

/* Indices of the table; the caller knows them to be valid and in order. */
void edgebert_dvfs_set_window(struct edgebert_device *edev, u32 low, u32 high, u32 point)
{
	struct edgebert_dvfs *dvfs = &edev->dvfs;
	struct edgebert_dvfs_limits *limits = &dvfs->state.limits;
	int idx;

	scoped_guard(mutex, &dvfs->lock) {
		if (limits->window_low == low && limits->window_high == high &&
		    dvfs->state.default_point == point)
			return;
		limits->window_low = low;
		limits->window_high = high;
		dvfs->state.default_point = point;
		if (dvfs->state.awake && drm_dev_enter(&edev->drm, &idx)) {
			edgebert_dvfs_write(edev);
			drm_dev_exit(idx);
		}
	}
	edgebert_dvfs_changed(edev);
}

/* Reads the device, if it is awake; nothing it says is believed if it is out of bounds. */
static int edgebert_dvfs_refresh(struct edgebert_device *edev)
{
	struct edgebert_dvfs_state *state = &edev->dvfs.state;
	u32 highest = edev->info.point_count - 1;
	u32 transitions;

	lockdep_assert_held(&edev->dvfs.lock);
	if (!state->awake)
		return 0;
	if (edgebert_is_lost(edev))
		return -ENODEV;
	/* Of all that is read here this alone can not be all ones. */
	if (edgebert_read(edev, STATUS) == EDGEBERT_ALL_ONES)
		return -ENODEV;
	state->current_point = min(edgebert_read(edev, DVFS_CURRENT), highest);
	transitions = edgebert_read(edev, DVFS_TRANSITIONS);
	state->transitions += transitions - (u32)state->transitions;
	if (!(edev->info.capabilities & EDGEBERT_HW_CAP_THERMAL))
		return 0;
	state->limits.thermal_max = min(edgebert_read(edev, DVFS_THERMAL_MAX), highest);
	state->temperature = edgebert_read(edev, TEMPERATURE);
	return 0;
}

/* What is in force now. */
int edgebert_dvfs_read(struct edgebert_device *edev, struct edgebert_dvfs_state *state)
{
	int ret = -ENODEV, idx;

	if (!drm_dev_enter(&edev->drm, &idx))
		return ret;
	scoped_guard(mutex, &edev->dvfs.lock) {
		ret = edgebert_dvfs_refresh(edev);
		*state = edev->dvfs.state;
	}
	drm_dev_exit(idx);
	state->limits.throttled = state->limits.thermal_max < state->limits.window_high;
	return ret;
}

static bool edgebert_dvfs_limits_equal(const struct edgebert_dvfs_limits *a,
				       const struct edgebert_dvfs_limits *b)
{
	return a->window_low == b->window_low && a->window_high == b->window_high &&
	       a->thermal_max == b->thermal_max && a->throttled == b->throttled;
}

/* One at a time and always with the newest state, so that nobody is told an older one last. */
static void edgebert_dvfs_tell(struct edgebert_device *edev,
			       const struct edgebert_dvfs_state *state)
{
	if (edgebert_dvfs_limits_equal(&state->limits, &edev->dvfs.told))
		return;
	edev->dvfs.told = state->limits;
	trace_edgebert_limits(edev, &state->limits, state->temperature);
	edgebert_event_dvfs(edev, &state->limits);
}

static void edgebert_dvfs_work(struct work_struct *work)
{
	struct edgebert_device *edev = container_of(work, struct edgebert_device, dvfs.work.work);
	struct edgebert_dvfs_state state;

	if (edgebert_dvfs_read(edev, &state))
		return;
	edgebert_dvfs_tell(edev, &state);
	if (!(edev->info.capabilities & EDGEBERT_HW_CAP_THERMAL))
		return;
	/*
	 * There is an interrupt for new limits only, not for what the kernel's cooling minds; and
	 * cooling is taken back step by step, also asleep.
	 */
	if (edgebert_thermal_update(edev) || state.awake)
		mod_delayed_work(system_power_efficient_wq, &edev->dvfs.work,
				 msecs_to_jiffies(EDGEBERT_DVFS_POLL_MS));
}

/* Limits or temperature may have changed: who wants to know is told, some time later. */
void edgebert_dvfs_changed(struct edgebert_device *edev)
{
	mod_delayed_work(system_power_efficient_wq, &edev->dvfs.work, 0);
}

int edgebert_dvfs_init(struct edgebert_device *edev)
{
	struct edgebert_dvfs *dvfs = &edev->dvfs;
	u32 highest = edev->info.point_count - 1;
	int ret;

	INIT_DELAYED_WORK(&dvfs->work, edgebert_dvfs_work);
	dvfs->state.limits.window_high = highest;
	dvfs->state.limits.thermal_max = highest;
	dvfs->state.default_point = highest;
	dvfs->told = dvfs->state.limits;
	/* Used by the work, which begins when the device is started. */
	ret = drmm_mutex_init(&edev->drm, &edev->thermal.lock);
	if (ret)
		return ret;
	return drmm_mutex_init(&edev->drm, &dvfs->lock);
}

/* With everything unregistered that could announce a change. */
void edgebert_dvfs_fini(struct edgebert_device *edev)
{
	cancel_delayed_work_sync(&edev->dvfs.work);
}
