// SPDX-License-Identifier: MIT
/*
 * Operating points: windows, the start of a job, and meeting a target latency.  Between
 * jobs the device is parked at point 0, so that no job depends on the one before.
 */
#include "tools/device/core/operating_point.h"

static unsigned int clamp(unsigned int value, unsigned int low, unsigned int high)
{
	value = value < low ? low : value;
	return value > high ? high : value;
}

/* To a point of the window, or to the highest that the temperature allows. */
static void move(struct eb_job *job, unsigned int point)
{
	if (point > job->thermal_high) {
		point = job->thermal_high;
		job->completion->throttled = 1;
	}
	eb_account_move(&job->account, point);
}

int eb_operating_point_begin(struct eb_job *job)
{
	const struct edgebert_hw_job *descriptor = job->descriptor;
	const struct eb_core_limits *limits = &job->core->limits;
	unsigned int point = descriptor->operating_point;

	if (descriptor->window_low > descriptor->window_high)
		return EDGEBERT_HW_BAD_JOB;
	if (point == EDGEBERT_HW_OPERATING_POINT_DEFAULT)
		point = limits->default_point;
	else if (point >= job->core->profile->point_count)
		return EDGEBERT_HW_BAD_JOB;
	job->window_low = clamp(descriptor->window_low, limits->window_low, limits->window_high);
	job->window_high = clamp(descriptor->window_high, limits->window_low,
				 limits->window_high);
	job->thermal_high = (unsigned int)job->core->profile->point_count - 1 -
			    limits->points_withheld;
	move(job, clamp(point, job->window_low, job->window_high));
	return EDGEBERT_HW_OK;
}

/* The point of least energy from low to high that meets the target, or high. */
static unsigned int best_point(const struct eb_job *job, uint64_t cycles, unsigned int low,
			       unsigned int high)
{
	const uint64_t picoseconds_per_us = 1000000;
	uint64_t target = job->descriptor->target_latency_us * picoseconds_per_us;
	uint64_t elapsed = job->descriptor->elapsed_us * picoseconds_per_us;
	uint64_t least = UINT64_MAX;
	unsigned int best = high;

	for (unsigned int point = low; point <= high; point++) {
		struct eb_account trial = job->account;
		uint64_t energy;

		eb_account_move(&trial, point);
		eb_account_add_average(&trial, cycles);
		energy = eb_account_total_femtojoule(&trial);
		if (elapsed + trial.picoseconds <= target && energy < least) {
			least = energy;
			best = point;
		}
	}
	return best;
}

void eb_operating_point_meet_target(struct eb_job *job, uint64_t cycles)
{
	unsigned int wanted = best_point(job, cycles, job->window_low, job->window_high);

	move(job, wanted);
}
