// SPDX-License-Identifier: GPL-2.0-only
/*
 * Questions about the device, answered from what probe read and jobs added up to.  Only
 * the one about operating points reads registers; none wakes the device up.
 */
#include <linux/math64.h>
#include <linux/uaccess.h>

#include <drm/drm_device.h>
#include <drm/drm_print.h>
#include <drm/edgebert_accel.h>

#include "edgebert_device.h"
#include "edgebert_job.h"
#include "edgebert_memory.h"
#include "edgebert_query.h"
#include "edgebert_result.h"
#include "edgebert_submit.h"
#include "edgebert_vm.h"

/* Gives the user as much of an answer as there is room for, in whole 64-bit words. */
static int edgebert_query_answer(struct drm_edgebert_dev_query *args, const void *answer, u32 size)
{
	if (args->pointer) {
		size = min(size, round_down(args->size, sizeof(u64)));
		if (copy_to_user(u64_to_user_ptr(args->pointer), answer, size))
			return -EFAULT;
	}
	args->size = size;
	return 0;
}

static int edgebert_query_device(struct edgebert_device *edev, struct drm_edgebert_dev_query *args)
{
	const struct edgebert_info *info = &edev->info;
	struct drm_edgebert_query_device answer = {
		.hw_version = info->version,
		.capabilities = info->capabilities,
		.operating_point_count = info->point_count,
		.data_buffer_bytes = info->data_buffer_bytes,
		.aux_buffer_bytes = info->aux_buffer_bytes,
		.envm_bytes = info->envm_bytes,
		.address_space_start = EDGEBERT_VM_START,
		.address_space_end = EDGEBERT_VM_END,
		.jobs_in_flight_max = EDGEBERT_JOBS_IN_FLIGHT_MAX,
		.jobs_per_submit_max = EDGEBERT_SUBMIT_JOBS_MAX,
		.buffers_per_job_max = EDGEBERT_JOB_BUFFERS_MAX,
		.syncs_per_submit_max = EDGEBERT_SUBMIT_SYNCS_MAX,
		.contexts_per_file_max = EDGEBERT_CONTEXTS_PER_FILE,
		.job_timeout_ms = edgebert_recovery_timeout_ms(),
		.reset_count = atomic_read(&edev->recovery.reset_count),
		.memory_limit_bytes = edgebert_memory_limit(),
	};

	static_assert(sizeof(answer.profile) == sizeof(info->profile));
	memcpy(answer.profile, info->profile, sizeof(answer.profile));
	return edgebert_query_answer(args, &answer, sizeof(answer));
}

static int edgebert_query_points(struct edgebert_device *edev, struct drm_edgebert_dev_query *args)
{
	struct drm_edgebert_operating_point answer[EDGEBERT_HW_OPERATING_POINTS_MAX] = { };
	u32 i;

	for (i = 0; i < edev->info.point_count; i++) {
		answer[i].khz = edev->info.points[i].khz;
		answer[i].millivolt = edev->info.points[i].millivolt;
		answer[i].microwatt = edev->info.points[i].microwatt;
	}
	return edgebert_query_answer(args, answer, edev->info.point_count * sizeof(answer[0]));
}

static int edgebert_query_telemetry(struct edgebert_device *edev,
				    struct drm_edgebert_dev_query *args)
{
	struct drm_edgebert_query_telemetry answer = { };
	struct edgebert_stats stats;

	edgebert_ring_stats(edev, &edev->ring.stats, &stats);
	answer.jobs = stats.jobs;
	answer.faults = stats.faults;
	answer.cycles = stats.cycles;
	answer.busy_ns = stats.modelled_ns;
	/* Coarse, as fine-grained energy of others' jobs is a side channel. */
	answer.energy_uj = div_u64(stats.energy_pj, 1000 * 1000);
	return edgebert_query_answer(args, &answer, sizeof(answer));
}

static int edgebert_query_dvfs(struct edgebert_device *edev, struct drm_edgebert_dev_query *args)
{
	struct drm_edgebert_query_dvfs answer = { };
	struct edgebert_dvfs_state state;
	int ret;

	if (args->pointer) {
		ret = edgebert_dvfs_read(edev, &state);
		if (ret)
			return ret;
		answer.current_point = state.current_point;
		answer.default_point = state.default_point;
		answer.window_low = state.limits.window_low;
		answer.window_high = state.limits.window_high;
		answer.thermal_max = state.limits.thermal_max;
		answer.flags = state.limits.throttled ? DRM_EDGEBERT_DVFS_THROTTLED : 0;
		/* Coarse, as finer steps would tell what others compute. */
		answer.temperature_millicelsius = edgebert_dvfs_degrees(&state) * 1000;
		answer.transitions = state.transitions;
	}
	return edgebert_query_answer(args, &answer, sizeof(answer));
}

int edgebert_ioctl_dev_query(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct edgebert_device *edev = to_edgebert_device(drm);
	struct drm_edgebert_dev_query *args = data;

	switch (args->type) {
	case DRM_EDGEBERT_QUERY_DEVICE:
		return edgebert_query_device(edev, args);
	case DRM_EDGEBERT_QUERY_OPERATING_POINTS:
		return edgebert_query_points(edev, args);
	case DRM_EDGEBERT_QUERY_TELEMETRY:
		return edgebert_query_telemetry(edev, args);
	case DRM_EDGEBERT_QUERY_DVFS:
		return edgebert_query_dvfs(edev, args);
	default:
		drm_dbg(drm, "unknown query %u\n", args->type);
		return -EINVAL;
	}
}
