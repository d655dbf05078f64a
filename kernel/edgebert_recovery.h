/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What happens when jobs make no progress, or the device fails or disappears.
 */
#ifndef EDGEBERT_RECOVERY_H
#define EDGEBERT_RECOVERY_H

#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/workqueue.h>

struct edgebert_device;

/* How often running jobs are looked at; the device's death is seen no later. */
#define EDGEBERT_WATCH_MS	500

/**
 * struct edgebert_recovery - watch over the running job
 * @wq: ordered, runs the scheduler's timeouts and the works, one at a time
 * @reset_work: resets the device at the request of others
 * @lift_work: lifts an abort when its time has come
 * @wedged_work: announces the loss of the device
 * @wedged_answers: ... which still answers
 * @lock: held by whoever stops and starts the device
 * @cookie: job that was oldest at the last look
 * @cycles: cycle counter at the last look
 * @progress_ns: time of the last progress seen
 * @resets_in_vain: resets since a job has ended in its own way
 * @jobs_at_reset: jobs that had ended at the last reset
 * @was_busy: at the beginning of the reset under way, a job was executing
 * @fetched: ... and so many jobs had been fetched
 * @reset_count: resets since probe
 */
struct edgebert_recovery {
	struct workqueue_struct *wq;
	struct work_struct reset_work;
	struct work_struct lift_work;
	struct work_struct wedged_work;
	bool wedged_answers;
	struct mutex lock;
	u64 cookie;
	u32 cycles;
	u64 progress_ns;
	u32 resets_in_vain;
	u64 jobs_at_reset;
	bool was_busy;
	u32 fetched;
	atomic_t reset_count;
};

int edgebert_recovery_init(struct edgebert_device *edev);
void edgebert_recovery_fini(struct edgebert_device *edev);
bool edgebert_recovery_watch(struct edgebert_device *edev);
void edgebert_recovery_request_reset(struct edgebert_device *edev);
void edgebert_recovery_request_lift(struct edgebert_device *edev);
void edgebert_recovery_fail_jobs(struct edgebert_device *edev);
void edgebert_recovery_reset_now(struct edgebert_device *edev);
void edgebert_recovery_before_flr(struct edgebert_device *edev);
void edgebert_recovery_after_flr(struct edgebert_device *edev);
void edgebert_recovery_lost(struct edgebert_device *edev, const char *reason);
unsigned int edgebert_recovery_timeout_ms(void);

#endif /* EDGEBERT_RECOVERY_H */
