/* SPDX-License-Identifier: MIT */
/*
 * The jobs of an open node.  Threads bring one each and wait for its result; what they bring
 * while the device has enough to do is gathered and given to the driver in one call.
 */
#ifndef EDGEBERT_LIB_ACCEL_JOBS_H
#define EDGEBERT_LIB_ACCEL_JOBS_H

#include "lib/accel_ioctl.h"
#include "lib/backend.h"

struct eb_accel_jobs;

struct eb_accel_jobs_limits {
	uint32_t in_flight_max;		/* the driver takes no more of a context; at least 1 */
	uint32_t per_submit_max;	/* and no more in one call; at least 1 */
	uint64_t patience_ns;		/* no job of anybody ends for so long: stuck */
	bool knows_target_start;	/* the driver does, see drm_edgebert_job */
};

/* Creates the context that they run in.  node and path outlive the jobs. */
enum eb_status eb_accel_jobs_create(const struct eb_accel_node *node, const char *path,
				    const struct eb_accel_jobs_limits *limits,
				    struct eb_accel_jobs **ret_jobs);
/* No thread may be in eb_accel_jobs_run.  Accepts NULL. */
void eb_accel_jobs_destroy(struct eb_accel_jobs *jobs);

/* As eb_backend_ops.run. */
enum eb_status eb_accel_jobs_run(struct eb_accel_jobs *jobs, const struct eb_job *job,
				 struct eb_job_result *result);

#endif /* EDGEBERT_LIB_ACCEL_JOBS_H */
