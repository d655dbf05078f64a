// SPDX-License-Identifier: GPL-2.0-only
/*
 * Shares of the device: what keeps one file from having it to itself.
 *
 * The scheduler goes by priority and age, so a file with a long queue would have all others
 * wait for all of it.  While more than one file has jobs, each may have so many at the
 * device at a time; the next one waits for the oldest of them to end, and meanwhile
 * jobs of others are taken.
 */
#include <linux/dma-fence.h>

#include "edgebert_context.h"
#include "edgebert_device.h"
#include "edgebert_job.h"
#include "edgebert_share.h"
#include "edgebert_vm.h"

/* Once per job that the scheduler gets. */
void edgebert_share_submitted(struct edgebert_job *job)
{
	struct edgebert_vm *vm = job->context->vm;

	if (atomic_inc_return(&vm->share.unfinished) == 1)
		atomic_inc(&vm->edev->busy_files);
}

/* Once per job after that; from any context. */
void edgebert_share_ended(struct edgebert_job *job)
{
	struct edgebert_vm *vm = job->context->vm;

	if (atomic_dec_and_test(&vm->share.unfinished))
		atomic_dec(&vm->edev->busy_files);
}

/* What a job has to wait for before it may start, with a reference, or NULL. */
struct dma_fence *edgebert_share_wait(struct edgebert_job *job)
{
	struct edgebert_share *share = &job->context->vm->share;
	struct dma_fence *oldest = share->started[share->next];

	if (!oldest || dma_fence_is_signaled(oldest) ||
	    atomic_read(&job->context->edev->busy_files) < 2)
		return NULL;
	return dma_fence_get(oldest);
}

/* The device has been given the job; fence is signalled when it has ended. */
void edgebert_share_started(struct edgebert_job *job, struct dma_fence *fence)
{
	struct edgebert_share *share = &job->context->vm->share;

	dma_fence_put(share->started[share->next]);
	share->started[share->next] = dma_fence_get(fence);
	share->next = (share->next + 1) % EDGEBERT_SHARE_JOBS;
}

void edgebert_share_fini(struct edgebert_share *share)
{
	unsigned int i;

	for (i = 0; i < EDGEBERT_SHARE_JOBS; i++)
		dma_fence_put(share->started[i]);
}
