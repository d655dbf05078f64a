/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The submission and completion rings in host memory.
 */
#ifndef EDGEBERT_RING_H
#define EDGEBERT_RING_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "edgebert_hw.h"

struct dma_fence;
struct edgebert_device;
struct edgebert_job;

#define EDGEBERT_RING_ORDER	6
#define EDGEBERT_RING_ENTRIES	(1u << EDGEBERT_RING_ORDER)

/* What finished jobs add up to, for the device and for each open file. */
struct edgebert_stats {
	u64 jobs;		/* with or without fault */
	u64 faults;
	u64 cycles;		/* modelled */
	u64 modelled_ns;
	u64 energy_pj;		/* modelled */
	u64 busy_ns;		/* by the device's clock */
};

/**
 * struct edgebert_ring - both rings and the jobs in them
 * @lock: guards everything below, and the statistics of the open files
 * @submit: descriptors, coherent
 * @complete: records, coherent
 * @submit_dma: bus address of @submit
 * @complete_dma: bus address of @complete
 * @tail: jobs written since the rings were started
 * @completed: records consumed since the rings were started
 * @unknown: those of them that named no job in the ring
 * @next_cookie: name of the next job, never used twice
 * @slots: job with cookie c in slot c % EDGEBERT_RING_ENTRIES
 * @active: the same jobs, oldest first
 * @again: jobs that were aborted with another before they began, to be started again
 * @outstanding: number of both
 * @aborting: address space whose jobs the device aborts now, 0: none
 * @fence_context: timeline of the hardware fences
 * @fence_seqno: last number on it
 * @stats: sums over all jobs since probe
 * @last_point: operating point in force when the last job ended
 */
struct edgebert_ring {
	spinlock_t lock;
	struct edgebert_hw_job *submit;
	struct edgebert_hw_completion *complete;
	dma_addr_t submit_dma;
	dma_addr_t complete_dma;
	u32 tail;
	u32 completed;
	u32 unknown;
	u64 next_cookie;
	struct edgebert_job *slots[EDGEBERT_RING_ENTRIES];
	struct list_head active;
	struct list_head again;
	unsigned int outstanding;
	u32 aborting;
	u64 fence_context;
	u64 fence_seqno;
	struct edgebert_stats stats;
	u8 last_point;
};

int edgebert_ring_init(struct edgebert_device *edev);
void edgebert_ring_restart(struct edgebert_device *edev);
struct dma_fence *edgebert_ring_submit(struct edgebert_device *edev, struct edgebert_job *job);
void edgebert_ring_resubmit(struct edgebert_device *edev);
void edgebert_ring_poll(struct edgebert_device *edev);
void edgebert_ring_fail_oldest(struct edgebert_device *edev, int error);
void edgebert_ring_fail(struct edgebert_device *edev, int error);
unsigned int edgebert_ring_outstanding(struct edgebert_device *edev);
bool edgebert_ring_oldest(struct edgebert_device *edev, u64 *cookie, u32 *hw_context);
bool edgebert_ring_begin_abort(struct edgebert_device *edev, u64 cookie);
u32 edgebert_ring_abort_over(struct edgebert_device *edev);
bool edgebert_ring_end_abort(struct edgebert_device *edev);
void edgebert_ring_stats(struct edgebert_device *edev, const struct edgebert_stats *from,
			 struct edgebert_stats *to);

#if IS_ENABLED(CONFIG_KUNIT)
void edgebert_ring_write(struct edgebert_ring *ring, struct edgebert_job *job);
bool edgebert_ring_next(struct edgebert_ring *ring, struct edgebert_hw_completion *record);
u64 edgebert_ring_busy_ns(const struct edgebert_hw_completion *record, u64 elapsed_ns);
int edgebert_ring_error(const struct edgebert_job *job, u16 status);
#endif

#endif /* EDGEBERT_RING_H */
