/* SPDX-License-Identifier: MIT */
/*
 * Which operating point a job runs at.
 */
#ifndef EDGEBERT_DEVICE_OPERATING_POINT_H
#define EDGEBERT_DEVICE_OPERATING_POINT_H

#include "tools/device/core/job.h"

/*
 * The job's window inside the device's limits, and the point it begins at: its own choice
 * or the default, moved into the window.  Returns OK or BAD_JOB.
 */
int eb_operating_point_begin(struct eb_job *job);

/*
 * Goes to the point of least modelled energy at which `cycles` more cycles end within the
 * job's target latency, or to the highest of the window when none does.
 */
void eb_operating_point_meet_target(struct eb_job *job, uint64_t cycles);

#endif /* EDGEBERT_DEVICE_OPERATING_POINT_H */
