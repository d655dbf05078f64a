/* SPDX-License-Identifier: MIT */
/* Policy side of DVFS: which operating point a job should run at. */
#ifndef EDGEBERT_LIB_OPERATING_POINT_H
#define EDGEBERT_LIB_OPERATING_POINT_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/status.h"

/*
 * Predicts what a job will take on a device: from the device model's own figures
 * when its profile is one of the built-in ones (transitions included), else from the
 * operating point table that the device reports.
 */
struct eb_estimator;

struct eb_estimate {
	uint64_t time_ns, energy_pj;	/* modelled, of a whole job */
};

enum eb_status eb_estimator_create(const struct eb_device_info *info,
				   struct eb_estimator **ret_estimator);
void eb_estimator_destroy(struct eb_estimator *estimator);

uint32_t eb_estimator_highest_point(const struct eb_estimator *estimator);

struct eb_estimate eb_estimate_job(const struct eb_estimator *estimator, uint64_t cycles,
				   uint32_t point);

/* Points from which one may be chosen, both ends included. */
struct eb_window {
	uint32_t low, high;
};

/*
 * The point of the window of least modelled energy at which a job of this many cycles ends
 * within the time left; the faster one of two with the same energy.  When none does, the
 * highest of the window, and *ret_reachable is false.
 */
uint32_t eb_operating_point_choose(const struct eb_estimator *estimator,
				   const struct eb_window *window, uint64_t cycles,
				   uint64_t time_left_ns, bool *ret_reachable);

#endif /* EDGEBERT_LIB_OPERATING_POINT_H */
