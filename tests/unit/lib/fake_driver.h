/* SPDX-License-Identifier: MIT */
/*
 * A driver in this process behind the library's accel backend: it keeps to the rules of
 * the userspace interface, runs jobs on the device core, and fails where it is told to.
 */
#ifndef EDGEBERT_TESTS_FAKE_DRIVER_H
#define EDGEBERT_TESTS_FAKE_DRIVER_H

#include <pthread.h>
#include <stdbool.h>

#include "lib/accel_ioctl.h"
#include "lib/device.h"
#include "tools/device/core/core.h"

#define FAKE_BUFFERS_MAX 256
/* Results are kept for four times as many jobs as may be in flight, as the interface says. */
#define FAKE_IN_FLIGHT_MAX 16
#define FAKE_JOBS_MAX (4 * FAKE_IN_FLIGHT_MAX)

struct fake_buffer {
	bool used;
	uint32_t flags, address;
	size_t size;			/* whole pages */
	uint8_t *memory;
	int mappings;
};

struct fake_driver {
	struct eb_accel_system system;	/* what the backend is given */
	pthread_mutex_t lock;
	struct eb_core *core;
	struct fake_buffer buffers[FAKE_BUFFERS_MAX];	/* handle - 1 */
	struct drm_edgebert_result results[FAKE_JOBS_MAX];
	uint64_t submitted;
	uint32_t in_flight, in_flight_most;
	uint32_t submits, largest_submit;	/* calls, and most jobs of one */
	int open_files, contexts;
	uint32_t read_only_buffers_made;
	struct drm_edgebert_query_telemetry telemetry;

	/* What it says it is. */
	const char *name;
	int version_major, version_minor;
	uint32_t hw_version;
	uint32_t jobs_in_flight_max, jobs_per_submit_max;
	uint32_t capabilities;
	uint32_t window_low, window_high, thermal_max;	/* operating points */
	uint64_t queue_ns;		/* jobs are said to wait so long in front of the device */
	uint8_t image_id[16];		/* of the image in the eNVM; all zero: none */
	bool without_dvfs;		/* a driver from before QUERY_DVFS */
	uint32_t dvfs_queries;

	/* How it fails. */
	int open_error;			/* errno value of open(), 0: none */
	uint32_t interruptions;		/* so many EINTR and EAGAIN before each call works */
	uint32_t interrupted;
	unsigned long failing_request;	/* this ioctl returns -error */
	int error;
	int32_t result_error;		/* of every job, 0: its own */
	uint32_t result_status;
	uint32_t refused_tokens;	/* SUBMIT takes no job with so many tokens; 0: any */
	uint32_t cancels;		/* so many jobs end with ECANCELED */
	uint32_t banned_context;	/* takes no jobs */
	uint32_t contexts_made;
	bool lost;			/* every call says ENODEV, but for letting go */
	uint32_t jobs_until_lost;	/* it is, instead of taking so many-th job; 0: never */
	bool lost_after_opening;	/* it is, as soon as somebody has a context */
	bool withholds;			/* no result */
	uint32_t withheld_until;	/* no result before so many jobs are in flight, ... */
	uint32_t withheld_times;	/* but no more often than this */
	uint64_t slow_result;		/* this job's result is not there so often: */
	uint32_t slow_times;
	uint32_t timeouts;		/* JOB_RESULT times out so often */
	bool progress;			/* while others' jobs end */
};

void fake_driver_open(struct fake_driver *driver);
/* A device of the library over it; path: for messages. */
struct eb_device *fake_driver_device(struct fake_driver *driver, const char *path);
/* Fails the test when the library left anything behind. */
void fake_driver_close(struct fake_driver *driver);

#endif /* EDGEBERT_TESTS_FAKE_DRIVER_H */
