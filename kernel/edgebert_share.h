/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shares of the device: what keeps one file from having it to itself.
 */
#ifndef EDGEBERT_SHARE_H
#define EDGEBERT_SHARE_H

#include <linux/atomic.h>

struct dma_fence;
struct edgebert_job;

/* Enough for a file that others wait behind: one job runs, the next is at hand. */
#define EDGEBERT_SHARE_JOBS	2

/**
 * struct edgebert_share - part of an address space: the jobs of one file
 * @unfinished: jobs submitted and not ended
 * @started: fences of the last jobs that were started, referenced; used by the scheduler's
 *	own work only, which is one at a time
 * @next: where the next one goes, which is where the oldest is
 */
struct edgebert_share {
	atomic_t unfinished;
	struct dma_fence *started[EDGEBERT_SHARE_JOBS];
	unsigned int next;
};

void edgebert_share_submitted(struct edgebert_job *job);
void edgebert_share_ended(struct edgebert_job *job);
struct dma_fence *edgebert_share_wait(struct edgebert_job *job);
void edgebert_share_started(struct edgebert_job *job, struct dma_fence *fence);
void edgebert_share_fini(struct edgebert_share *share);

#endif /* EDGEBERT_SHARE_H */
