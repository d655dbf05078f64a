/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Results of jobs, kept until they are read.
 */
#ifndef EDGEBERT_RESULT_H
#define EDGEBERT_RESULT_H

#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>

#include <drm/edgebert_accel.h>

#include "edgebert_counters.h"
#include "edgebert_hw.h"

struct drm_device;
struct drm_file;

/* Unfinished jobs that a context may have, and finished ones whose results are kept. */
#define EDGEBERT_JOBS_IN_FLIGHT_MAX	64
#define EDGEBERT_RESULTS_KEPT		(4 * EDGEBERT_JOBS_IN_FLIGHT_MAX)
#define EDGEBERT_RESULT_SLOTS		(EDGEBERT_RESULTS_KEPT + EDGEBERT_JOBS_IN_FLIGHT_MAX)

/**
 * struct edgebert_record - what is known of one job
 * @ended: @result is complete
 * @result: what user space gets
 */
struct edgebert_record {
	bool ended;
	struct drm_edgebert_result result;
};

/**
 * struct edgebert_results - the records of a context
 * @lock: guards @slots, the records and @counters; interrupts off
 * @wait: woken when a record is complete
 * @slots: record of job n in slot n % EDGEBERT_RESULT_SLOTS, until read or replaced
 * @counters: sums over the records, also over those that are forgotten
 */
struct edgebert_results {
	spinlock_t lock;
	wait_queue_head_t wait;
	struct edgebert_record *slots[EDGEBERT_RESULT_SLOTS];
	struct edgebert_counters counters;
};

void edgebert_results_init(struct edgebert_results *results);
void edgebert_results_fini(struct edgebert_results *results);
void edgebert_results_add(struct edgebert_results *results, struct edgebert_record *record);
void edgebert_results_end(struct edgebert_results *results, u64 sequence, u64 started_ns,
			  u64 ended_ns, const struct edgebert_hw_completion *completion, int error);
void edgebert_results_counters(struct edgebert_results *results,
			       struct drm_edgebert_counters *to);

#if IS_ENABLED(CONFIG_KUNIT)
void edgebert_result_fill(struct drm_edgebert_result *result,
			  const struct edgebert_hw_completion *completion);
#endif

int edgebert_ioctl_job_result(struct drm_device *drm, void *data, struct drm_file *file);

#endif /* EDGEBERT_RESULT_H */
