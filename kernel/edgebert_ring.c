// SPDX-License-Identifier: GPL-2.0-only
/*
 * The submission and completion rings: jobs out, records in.
 *
 * The device completes jobs in the order in which they were submitted, one record each.
 * Nothing a record says is trusted: its cookie must be that of a job in the ring.
 */
#include <kunit/visibility.h>
#include <linux/dma-mapping.h>
#include <linux/pci.h>

#include <drm/drm_print.h>

#include "edgebert_context.h"
#include "edgebert_device.h"
#include "edgebert_job.h"
#include "edgebert_pm.h"
#include "edgebert_regs.h"
#include "edgebert_ring.h"
#include "edgebert_trace.h"
#include "edgebert_vm.h"

static_assert(EDGEBERT_RING_ENTRIES >= 1 << EDGEBERT_HW_RING_ORDER_MIN);
static_assert(EDGEBERT_RING_ENTRIES <= 1 << EDGEBERT_HW_RING_ORDER_MAX);

int edgebert_ring_init(struct edgebert_device *edev)
{
	struct edgebert_ring *ring = &edev->ring;
	struct device *dev = edev->drm.dev;

	spin_lock_init(&ring->lock);
	INIT_LIST_HEAD(&ring->active);
	INIT_LIST_HEAD(&ring->again);
	ring->fence_context = dma_fence_context_alloc(1);
	ring->next_cookie = 1;

	/* Coherent memory is aligned to its size, at least to a page. */
	ring->submit = dmam_alloc_coherent(dev, EDGEBERT_RING_ENTRIES * sizeof(*ring->submit),
					   &ring->submit_dma, GFP_KERNEL);
	ring->complete = dmam_alloc_coherent(dev, EDGEBERT_RING_ENTRIES * sizeof(*ring->complete),
					     &ring->complete_dma, GFP_KERNEL);
	return ring->submit && ring->complete ? 0 : -ENOMEM;
}

/* Empties both rings as the device does at reset; the jobs in them are kept. */
void edgebert_ring_restart(struct edgebert_device *edev)
{
	struct edgebert_ring *ring = &edev->ring;
	unsigned long flags;

	spin_lock_irqsave(&ring->lock, flags);
	ring->tail = 0;
	ring->completed = 0;
	ring->unknown = 0;
	memset(ring->submit, 0, EDGEBERT_RING_ENTRIES * sizeof(*ring->submit));
	memset(ring->complete, 0, EDGEBERT_RING_ENTRIES * sizeof(*ring->complete));
	spin_unlock_irqrestore(&ring->lock, flags);
}

/* What of its target a job has spent by now; the device adds what it waits in the ring. */
static void edgebert_ring_set_elapsed(struct edgebert_job *job)
{
	s64 waited_us;
	u64 elapsed_us;

	if (!job->target_start_ns)
		return;
	waited_us = ktime_us_delta(ktime_get(), ns_to_ktime(job->target_start_ns));
	elapsed_us = job->elapsed_us + max_t(s64, waited_us, 0);
	job->desc.elapsed_us = cpu_to_le32(min_t(u64, elapsed_us, U32_MAX));
}

/*
 * Gives a job the next free slot and writes its descriptor, for the doorbell to come.  Both
 * counters run on for ever; the ring is as long as a power of two, so their wrapping is no
 * step in it.
 */
VISIBLE_IF_KUNIT void edgebert_ring_write(struct edgebert_ring *ring, struct edgebert_job *job)
{
	job->cookie = ring->next_cookie++;
	job->desc.cookie = cpu_to_le64(job->cookie);
	edgebert_ring_set_elapsed(job);
	ring->slots[job->cookie % EDGEBERT_RING_ENTRIES] = job;
	ring->submit[ring->tail++ % EDGEBERT_RING_ENTRIES] = job->desc;
	trace_edgebert_run(job, ring->outstanding);
}
EXPORT_SYMBOL_IF_KUNIT(edgebert_ring_write);

/*
 * Starts a job; returns its fence, with a reference for the caller.  The device is awake, by
 * a reference that is given back when the job has ended.  There is always room,
 * as the scheduler has fewer credits than the ring has entries; should that ever be wrong,
 * the job fails.
 */
struct dma_fence *edgebert_ring_submit(struct edgebert_device *edev, struct edgebert_job *job)
{
	struct edgebert_ring *ring = &edev->ring;
	struct dma_fence *fence;
	u32 tail;

	scoped_guard(spinlock_irqsave, &ring->lock) {
		if (edgebert_is_lost(edev))
			return ERR_PTR(-ENODEV);
		if (ring->outstanding == EDGEBERT_RING_ENTRIES)
			return ERR_PTR(-EBUSY);

		edgebert_fence_init(job->fence, ring->fence_context, ++ring->fence_seqno);
		fence = dma_fence_get(&job->fence->base);
		list_add_tail(&job->active, &ring->active);
		ring->outstanding++;
		edgebert_ring_write(ring, job);
		tail = ring->tail;
		job->started_ns = ktime_get_ns();
	}
	/* writel() orders the doorbell after the descriptor. */
	edgebert_write(edev, SUBMIT_DOORBELL, tail);
	return fence;
}

/*
 * After a reset: writes the jobs that have not ended anew, in their old order.  Those that
 * were aborted before they began were ahead of the others.
 */
void edgebert_ring_resubmit(struct edgebert_device *edev)
{
	struct edgebert_ring *ring = &edev->ring;
	struct edgebert_job *job;
	u32 tail;

	scoped_guard(spinlock_irqsave, &ring->lock) {
		memset(ring->slots, 0, sizeof(ring->slots));
		list_splice_init(&ring->again, &ring->active);
		list_for_each_entry(job, &ring->active, active)
			edgebert_ring_write(ring, job);
		tail = ring->tail;
	}
	if (tail)
		edgebert_write(edev, SUBMIT_DOORBELL, tail);
}

/* Device clock of the job; no more than what passed here, whatever the device says. */
VISIBLE_IF_KUNIT u64 edgebert_ring_busy_ns(const struct edgebert_hw_completion *record,
					   u64 elapsed_ns)
{
	u64 start = le64_to_cpu(record->start_ns), end = le64_to_cpu(record->end_ns);

	return end > start ? min(end - start, elapsed_ns) : 0;
}
EXPORT_SYMBOL_IF_KUNIT(edgebert_ring_busy_ns);

static void edgebert_ring_account(struct edgebert_stats *stats,
				  const struct edgebert_hw_completion *record, u64 busy_ns)
{
	stats->jobs++;
	stats->faults += record->status != cpu_to_le16(EDGEBERT_HW_OK);
	stats->cycles += le64_to_cpu(record->cycles);
	stats->modelled_ns += le64_to_cpu(record->time_ns);
	stats->energy_pj += le64_to_cpu(record->energy_pj);
	stats->busy_ns += busy_ns;
}

/* Takes a job out of the ring and ends it; the job may be gone afterwards. */
static void edgebert_ring_end(struct edgebert_device *edev, struct edgebert_job *job,
			      const struct edgebert_hw_completion *record, int error)
{
	struct edgebert_ring *ring = &edev->ring;

	lockdep_assert_held(&ring->lock);

	list_del_init(&job->active);
	ring->slots[job->cookie % EDGEBERT_RING_ENTRIES] = NULL;
	ring->outstanding--;
	edgebert_job_end(job, record, error);
	edgebert_pm_put(edev);
}

VISIBLE_IF_KUNIT int edgebert_ring_error(const struct edgebert_job *job, u16 status)
{
	switch (status) {
	case EDGEBERT_HW_OK:
		return 0;
	case EDGEBERT_HW_ABORTED:
		return job->timed_out ? -ETIMEDOUT : -ECANCELED;
	default:
		return -EIO;
	}
}
EXPORT_SYMBOL_IF_KUNIT(edgebert_ring_error);

static void edgebert_ring_trace(struct edgebert_device *edev, const struct edgebert_job *job,
				const struct edgebert_hw_completion *record, int error)
{
	struct edgebert_ring *ring = &edev->ring;

	if (record->operating_point != ring->last_point)
		trace_edgebert_dvfs(edev, ring->last_point, record->operating_point,
				    record->throttled);
	ring->last_point = record->operating_point;
	if (error == -EIO)
		trace_edgebert_fault(job, record);
	trace_edgebert_complete(job, record, error);
}

/*
 * True for a job that was aborted only because it shares an address space with the one
 * that is stopped.  Those of the same context come after it and end with it.
 */
static bool edgebert_ring_starts_again(const struct edgebert_ring *ring,
				       const struct edgebert_job *job,
				       const struct edgebert_hw_completion *record)
{
	return record->status == cpu_to_le16(EDGEBERT_HW_ABORTED) &&
	       record->start_ns == record->end_ns && ring->aborting &&
	       ring->aborting == le16_to_cpu(job->desc.context) &&
	       job->sequence >= job->context->cancel_below;
}

static void edgebert_ring_consume(struct edgebert_device *edev,
				  const struct edgebert_hw_completion *record, u64 now)
{
	struct edgebert_ring *ring = &edev->ring;
	u64 cookie = le64_to_cpu(record->cookie);
	struct edgebert_job *job = ring->slots[cookie % EDGEBERT_RING_ENTRIES];
	u64 busy_ns;
	int error;

	if (!job || job->cookie != cookie) {
		ring->unknown++;
		drm_err_ratelimited(&edev->drm, "completion of unknown job %#llx ignored\n",
				    cookie);
		return;
	}
	if (edgebert_ring_starts_again(ring, job, record)) {
		ring->slots[cookie % EDGEBERT_RING_ENTRIES] = NULL;
		list_move_tail(&job->active, &ring->again);
		return;
	}
	/* Interrupted by an earlier job, and then kept from the lock while this one was started. */
	job->ended_ns = now > job->started_ns ? now : ktime_get_ns();
	busy_ns = edgebert_ring_busy_ns(record, job->ended_ns - job->started_ns);
	edgebert_ring_account(&ring->stats, record, busy_ns);
	edgebert_ring_account(&job->context->vm->stats, record, busy_ns);
	error = edgebert_ring_error(job, le16_to_cpu(record->status));
	edgebert_ring_trace(edev, job, record, error);
	edgebert_ring_end(edev, job, record, error);
}

/* Takes the next record, if the device has written it. */
VISIBLE_IF_KUNIT bool edgebert_ring_next(struct edgebert_ring *ring,
					 struct edgebert_hw_completion *record)
{
	struct edgebert_hw_completion *next;

	next = &ring->complete[ring->completed % EDGEBERT_RING_ENTRIES];
	if (le32_to_cpu(READ_ONCE(next->sequence)) != ring->completed + 1)
		return false;
	/* The sequence is written last. */
	dma_rmb();
	*record = *next;
	ring->completed++;
	return true;
}
EXPORT_SYMBOL_IF_KUNIT(edgebert_ring_next);

/* Consumes all records there are; from the interrupt, and where one may have been lost. */
void edgebert_ring_poll(struct edgebert_device *edev)
{
	struct edgebert_ring *ring = &edev->ring;
	struct edgebert_hw_completion record;
	u64 now = ktime_get_ns();
	unsigned int count;
	unsigned long flags;

	spin_lock_irqsave(&ring->lock, flags);
	/* Bounded, should the device write records faster than they are read. */
	for (count = 0; count < EDGEBERT_RING_ENTRIES; count++) {
		if (!edgebert_ring_next(ring, &record))
			break;
		/* The first one's time is when the interrupt came; no two jobs end at once. */
		if (count)
			now = ktime_get_ns();
		edgebert_ring_consume(edev, &record, now);
	}
	if (count && ring->aborting)
		edgebert_recovery_request_lift(edev);
	spin_unlock_irqrestore(&ring->lock, flags);
}

/* Ends the oldest job, if any, without a record from the device. */
void edgebert_ring_fail_oldest(struct edgebert_device *edev, int error)
{
	struct edgebert_ring *ring = &edev->ring;
	struct edgebert_job *job;
	unsigned long flags;

	spin_lock_irqsave(&ring->lock, flags);
	job = list_first_entry_or_null(&ring->active, struct edgebert_job, active);
	if (job)
		edgebert_ring_end(edev, job, NULL, error);
	spin_unlock_irqrestore(&ring->lock, flags);
}

void edgebert_ring_fail(struct edgebert_device *edev, int error)
{
	struct edgebert_ring *ring = &edev->ring;
	struct edgebert_job *job, *next;
	unsigned long flags;

	spin_lock_irqsave(&ring->lock, flags);
	list_splice_init(&ring->again, &ring->active);
	list_for_each_entry_safe(job, next, &ring->active, active)
		edgebert_ring_end(edev, job, NULL, error);
	spin_unlock_irqrestore(&ring->lock, flags);
}

unsigned int edgebert_ring_outstanding(struct edgebert_device *edev)
{
	return READ_ONCE(edev->ring.outstanding);
}

/* Which job the device is, or should be, executing; false when there is none. */
bool edgebert_ring_oldest(struct edgebert_device *edev, u64 *cookie, u32 *hw_context)
{
	struct edgebert_ring *ring = &edev->ring;
	struct edgebert_job *job;
	unsigned long flags;

	spin_lock_irqsave(&ring->lock, flags);
	job = list_first_entry_or_null(&ring->active, struct edgebert_job, active);
	if (job) {
		*cookie = job->cookie;
		*hw_context = le16_to_cpu(job->desc.context);
	}
	spin_unlock_irqrestore(&ring->lock, flags);
	return job;
}

/*
 * Says that a job is about to be aborted for its lack of progress; false: it has ended.
 * What its context has submitted after it will not start.
 */
bool edgebert_ring_begin_abort(struct edgebert_device *edev, u64 cookie)
{
	struct edgebert_ring *ring = &edev->ring;
	struct edgebert_job *job;

	scoped_guard(spinlock_irqsave, &ring->lock) {
		job = ring->slots[cookie % EDGEBERT_RING_ENTRIES];
		if (!job || job->cookie != cookie)
			return false;
		job->timed_out = true;
		WRITE_ONCE(job->context->cancel_below, READ_ONCE(job->context->next_sequence));
		ring->aborting = le16_to_cpu(job->desc.context);
	}
	return true;
}

/* The address space that is being aborted, if the device has no job of it any more; else 0. */
u32 edgebert_ring_abort_over(struct edgebert_device *edev)
{
	struct edgebert_ring *ring = &edev->ring;
	struct edgebert_job *job;
	u32 over;

	scoped_guard(spinlock_irqsave, &ring->lock) {
		over = ring->aborting;
		list_for_each_entry(job, &ring->active, active)
			if (le16_to_cpu(job->desc.context) == ring->aborting)
				over = 0;
	}
	return over;
}

/*
 * The abort is lifted, or made void by a reset: jobs that were aborted before they began
 * start again.  True if there was an abort.
 */
bool edgebert_ring_end_abort(struct edgebert_device *edev)
{
	struct edgebert_ring *ring = &edev->ring;
	struct edgebert_job *job;
	u32 tail = 0;
	bool aborting;

	scoped_guard(spinlock_irqsave, &ring->lock) {
		aborting = ring->aborting;
		ring->aborting = 0;
		if (!list_empty(&ring->again)) {
			list_for_each_entry(job, &ring->again, active)
				edgebert_ring_write(ring, job);
			list_splice_tail_init(&ring->again, &ring->active);
			tail = ring->tail;
		}
	}
	if (tail)
		edgebert_write(edev, SUBMIT_DOORBELL, tail);
	return aborting;
}

/* A consistent copy of the device's or a file's statistics. */
void edgebert_ring_stats(struct edgebert_device *edev, const struct edgebert_stats *from,
			 struct edgebert_stats *to)
{
	unsigned long flags;

	spin_lock_irqsave(&edev->ring.lock, flags);
	*to = *from;
	spin_unlock_irqrestore(&edev->ring.lock, flags);
}
