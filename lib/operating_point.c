// SPDX-License-Identifier: MIT
/* Chooses operating points; the physics behind it is the device core's. */
#include "lib/operating_point.h"

#include <stdlib.h>
#include <string.h>

#include "tools/device/core/core.h"

struct eb_estimator {
	struct eb_core *core;		/* NULL: estimate from the table */
	uint32_t point_count;
	struct eb_operating_point points[EDGEBERT_HW_OPERATING_POINTS_MAX];
};

/* A board may carry another table under a known name: then its own table counts. */
static bool same_points(const struct eb_core *core, const struct eb_device_info *info)
{
	struct eb_core_operating_point points[EDGEBERT_HW_OPERATING_POINTS_MAX];

	if (eb_core_operating_points(core, points) != info->operating_point_count)
		return false;
	for (uint32_t i = 0; i < info->operating_point_count; i++) {
		const struct eb_operating_point *theirs = &info->operating_points[i];

		if (points[i].khz != theirs->khz || points[i].millivolt != theirs->millivolt ||
		    points[i].microwatt != theirs->microwatt)
			return false;
	}
	return true;
}

static bool known_profile(const char *profile)
{
	for (const char *const *name = eb_core_profile_names(); *name; name++) {
		if (!strcmp(*name, profile))
			return true;
	}
	return false;
}

enum eb_status eb_estimator_create(const struct eb_device_info *info,
				   struct eb_estimator **ret_estimator)
{
	struct eb_estimator *estimator;

	if (!info->operating_point_count ||
	    info->operating_point_count > EDGEBERT_HW_OPERATING_POINTS_MAX)
		return eb_fail(EB_DRIVER_VERSION, "%s: reports %u operating points, expected 1 to %d",
			       info->path, info->operating_point_count,
			       EDGEBERT_HW_OPERATING_POINTS_MAX);
	for (uint32_t i = 0; i < info->operating_point_count; i++) {
		if (!info->operating_points[i].khz)
			return eb_fail(EB_DRIVER_VERSION, "%s: operating point %u has no clock",
				       info->path, i);
	}
	estimator = calloc(1, sizeof(*estimator));
	if (!estimator)
		return eb_fail(EB_OUT_OF_MEMORY, "no memory for the operating points");
	estimator->point_count = info->operating_point_count;
	memcpy(estimator->points, info->operating_points, sizeof(estimator->points));
	if (known_profile(info->profile)) {
		estimator->core = eb_core_create(info->profile);
		if (!estimator->core) {
			free(estimator);
			return eb_fail(EB_OUT_OF_MEMORY, "no memory for the profile %s",
				       info->profile);
		}
	}
	if (estimator->core && !same_points(estimator->core, info)) {
		eb_core_destroy(estimator->core);
		estimator->core = NULL;
	}
	*ret_estimator = estimator;
	return EB_OK;
}

void eb_estimator_destroy(struct eb_estimator *estimator)
{
	if (!estimator)
		return;
	if (estimator->core)
		eb_core_destroy(estimator->core);
	free(estimator);
}

uint32_t eb_estimator_highest_point(const struct eb_estimator *estimator)
{
	return estimator->point_count - 1;
}

struct eb_estimate eb_estimate_job(const struct eb_estimator *estimator, uint64_t cycles,
				   uint32_t point)
{
	const struct eb_operating_point *chosen = &estimator->points[point];
	struct eb_estimate estimate;

	if (estimator->core) {
		struct eb_core_energy_estimate modelled =
			eb_core_estimate(estimator->core, cycles, point);

		estimate.time_ns = modelled.time_ns;
		estimate.energy_pj = modelled.energy_pj;
		return estimate;
	}
	/* cycles / kHz is in ms; uW * ns is in fJ.  Rounded up: a target is a limit. */
	estimate.time_ns = (uint64_t)(((unsigned __int128)cycles * 1000000 + chosen->khz - 1) /
				      chosen->khz);
	estimate.energy_pj = (uint64_t)((unsigned __int128)estimate.time_ns *
					chosen->microwatt / 1000);
	return estimate;
}

uint32_t eb_operating_point_choose(const struct eb_estimator *estimator,
				   const struct eb_window *window, uint64_t cycles,
				   uint64_t time_left_ns, bool *ret_reachable)
{
	struct eb_estimate least = { 0 };
	uint32_t best = window->high;

	*ret_reachable = false;
	/*
	 * Every point is looked at rather than the slowest that is fast enough: below some
	 * voltage, leakage over the longer time costs more than the lower voltage saves, and
	 * for very short jobs the way up takes longer than it gains.
	 */
	for (uint32_t point = window->high + 1; point-- > window->low;) {
		struct eb_estimate estimate = eb_estimate_job(estimator, cycles, point);

		if (estimate.time_ns > time_left_ns ||
		    (*ret_reachable && estimate.energy_pj >= least.energy_pj))
			continue;
		*ret_reachable = true;
		best = point;
		least = estimate;
	}
	return best;
}
