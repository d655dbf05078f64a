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
	eb_account_move(&job->account, clamp(point, job->window_low, job->window_high));
	return EDGEBERT_HW_OK;
}

void eb_operating_point_meet_target(struct eb_job *job, uint64_t cycles)
{
	const uint64_t picoseconds_per_us = 1000000;
	uint64_t target = job->descriptor->target_latency_us * picoseconds_per_us;
	uint64_t elapsed = job->descriptor->elapsed_us * picoseconds_per_us;
	uint64_t least = UINT64_MAX;
	unsigned int best = job->window_high;

	for (unsigned int point = job->window_low; point <= job->window_high; point++) {
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
	eb_account_move(&job->account, best);
}
