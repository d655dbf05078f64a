// SPDX-License-Identifier: GPL-2.0-only
/*
 * The administrator's limits of operating points, by devfreq.
 *
 * The device chooses the frequency of each job itself, at the wish of the job and within a
 * window.  So devfreq's minimum and maximum, where limits of administrators, of cooling
 * and of PM QoS meet, become the window, and the frequency that a governor picks becomes
 * the point of those jobs that ask for none.
 */
#include <linux/devfreq.h>
#include <linux/energy_model.h>
#include <linux/pm_opp.h>

#include <drm/drm_print.h>

#include "edgebert_compat.h"
#include "edgebert_devfreq.h"
#include "edgebert_device.h"
#include "edgebert_dvfs.h"
#include "edgebert_points.h"

/* For governors that poll, which the driver's own does not. */
#define EDGEBERT_DEVFREQ_POLLING_MS	100

/*
 * Called by devfreq, its lock held, whenever a limit or the governor's choice changed.
 */
static int edgebert_devfreq_target(struct device *dev, unsigned long *hz, u32 flags)
{
	struct edgebert_device *edev = dev_get_drvdata(dev);
	struct edgebert_points_choice choice;
	unsigned long min = 0, max = ULONG_MAX;

	/* Not yet, when the governor is started. */
	if (edev->devfreq.devfreq)
		devfreq_get_freq_range(edev->devfreq.devfreq, &min, &max);
	choice = edgebert_points_choose(&edev->info, min, max, *hz,
					flags & DEVFREQ_FLAG_LEAST_UPPER_BOUND);
	*hz = edgebert_points_hz(&edev->info, choice.point);
	edgebert_dvfs_set_window(edev, choice.low, choice.high, choice.point);
	return 0;
}

static int edgebert_devfreq_current(struct device *dev, unsigned long *hz)
{
	struct edgebert_device *edev = dev_get_drvdata(dev);
	struct edgebert_dvfs_state state;
	int ret;

	ret = edgebert_dvfs_read(edev, &state);
	if (!ret)
		*hz = edgebert_points_hz(&edev->info, state.current_point);
	return ret;
}

/* How busy the device was since the last time somebody asked. */
static int edgebert_devfreq_status(struct device *dev, struct devfreq_dev_status *status)
{
	struct edgebert_device *edev = dev_get_drvdata(dev);
	struct edgebert_devfreq *devfreq = &edev->devfreq;
	ktime_t now = ktime_get();
	struct edgebert_stats stats;

	edgebert_ring_stats(edev, &edev->ring.stats, &stats);
	status->total_time = ktime_to_ns(ktime_sub(now, devfreq->looked_at));
	/* A job counts when it has ended, and may have begun before the last look. */
	status->busy_time = min_t(u64, stats.busy_ns - devfreq->busy_ns, status->total_time);
	status->current_frequency = devfreq->devfreq ? devfreq->devfreq->previous_freq :
				    devfreq->profile.initial_freq;
	devfreq->busy_ns = stats.busy_ns;
	devfreq->looked_at = now;
	return 0;
}

/* Jobs that do not say at which point are done as fast as limits allow. */
static int edgebert_governor_target(struct devfreq *devfreq, unsigned long *hz)
{
	*hz = DEVFREQ_MAX_FREQ;
	return 0;
}

static int edgebert_governor_event(struct devfreq *devfreq, unsigned int event, void *data)
{
	if (event != DEVFREQ_GOV_START)
		return 0;
	guard(mutex)(&devfreq->lock);
	return update_devfreq(devfreq);
}

/* Distributions leave out the kernel's governor "performance"; this one also never polls. */
static struct devfreq_governor edgebert_governor = {
	.name = "edgebert",
	.flags = DEVFREQ_GOV_FLAG_IRQ_DRIVEN,
	.get_target_freq = edgebert_governor_target,
	.event_handler = edgebert_governor_event,
};

int edgebert_devfreq_register_governor(void)
{
	return devfreq_add_governor(&edgebert_governor);
}

void edgebert_devfreq_unregister_governor(void)
{
	devfreq_remove_governor(&edgebert_governor);
}

static int edgebert_devfreq_add_points(struct edgebert_device *edev)
{
	struct dev_pm_opp_data data = { };
	int ret;
	u32 i;

	for (i = 0; i < edev->info.point_count; i++) {
		data.freq = edgebert_points_hz(&edev->info, i);
		data.u_volt = edev->info.points[i].millivolt * 1000ul;
		ret = dev_pm_opp_add_dynamic(edev->drm.dev, &data);
		if (ret)
			return ret;
	}
	return 0;
}

/* Power of the first point at or above *khz, for the kernel's energy model. */
static int __maybe_unused edgebert_devfreq_power(struct device *dev, unsigned long *microwatt,
						 unsigned long *khz)
{
	struct edgebert_device *edev = dev_get_drvdata(dev);
	u32 point = edgebert_points_above(&edev->info, *khz * 1000);

	if (edev->info.points[point].khz < *khz)
		return -EINVAL;
	*khz = edev->info.points[point].khz;
	*microwatt = edev->info.points[point].microwatt;
	return 0;
}

/* Cooling can do without, so a device whose powers make no sense only goes without. */
static void edgebert_devfreq_add_powers(struct edgebert_device *edev)
{
	struct em_data_callback callback = EM_DATA_CB(edgebert_devfreq_power);
	int ret;

	ret = em_dev_register_perf_domain(edev->drm.dev, edev->info.point_count, &callback, NULL,
					  true);
	if (ret)
		drm_dbg(&edev->drm, "no energy model: %d\n", ret);
}

static int edgebert_devfreq_add(struct edgebert_device *edev)
{
	struct edgebert_devfreq *devfreq = &edev->devfreq;
	struct devfreq *added;

	devfreq->looked_at = ktime_get();
	devfreq->profile = (struct devfreq_dev_profile) {
		.initial_freq = edgebert_points_hz(&edev->info, edev->info.point_count - 1),
		.polling_ms = EDGEBERT_DEVFREQ_POLLING_MS,
		.target = edgebert_devfreq_target,
		.get_dev_status = edgebert_devfreq_status,
		.get_cur_freq = edgebert_devfreq_current,
	};
	added = devfreq_add_device(edev->drm.dev, &devfreq->profile, edgebert_governor.name, NULL);
	if (IS_ERR(added))
		return PTR_ERR(added);
	/* Somebody may have set a limit between that and this. */
	guard(mutex)(&added->lock);
	devfreq->devfreq = added;
	return update_devfreq(added);
}

int edgebert_devfreq_init(struct edgebert_device *edev)
{
	int ret;

	ret = edgebert_devfreq_add_points(edev);
	if (!ret) {
		edgebert_devfreq_add_powers(edev);
		ret = edgebert_devfreq_add(edev);
	}
	if (ret) {
		drm_err(&edev->drm, "limits of operating points: %d\n", ret);
		edgebert_devfreq_fini(edev);
	}
	return ret;
}

/* Also of what was begun only. */
void edgebert_devfreq_fini(struct edgebert_device *edev)
{
	struct devfreq *devfreq = edev->devfreq.devfreq;

	if (devfreq)
		devfreq_remove_device(devfreq);
	edev->devfreq.devfreq = NULL;
	em_dev_unregister_perf_domain(edev->drm.dev);
	dev_pm_opp_remove_all_dynamic(edev->drm.dev);
}
