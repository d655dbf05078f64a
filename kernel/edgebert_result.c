// SPDX-License-Identifier: GPL-2.0-only
/*
 * Results of jobs: written by the kernel from what the device reported, kept until read.
 *
 * Memory for a record is allocated when its job is submitted, so that ending a job can
 * not fail.
 */
#include <kunit/visibility.h>
#include <linux/ktime.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <drm/drm_device.h>
#include <drm/drm_print.h>
#include <drm/drm_utils.h>

#include "edgebert_context.h"
#include "edgebert_result.h"

static_assert(ARRAY_SIZE(((struct drm_edgebert_result *)0)->block_energy_pj) ==
	      EDGEBERT_HW_BLOCK_COUNT);
static_assert(ARRAY_SIZE(((struct drm_edgebert_result *)0)->entropies) == EDGEBERT_HW_LAYERS_MAX);

void edgebert_results_init(struct edgebert_results *results)
{
	spin_lock_init(&results->lock);
	init_waitqueue_head(&results->wait);
}
EXPORT_SYMBOL_IF_KUNIT(edgebert_results_init);

void edgebert_results_fini(struct edgebert_results *results)
{
	int i;

	for (i = 0; i < EDGEBERT_RESULT_SLOTS; i++)
		kfree(results->slots[i]);
}
EXPORT_SYMBOL_IF_KUNIT(edgebert_results_fini);

static struct edgebert_record **edgebert_results_slot(struct edgebert_results *results,
						      u64 sequence)
{
	u32 slot;

	div_u64_rem(sequence, EDGEBERT_RESULT_SLOTS, &slot);
	return &results->slots[slot];
}

/* The job's record, or NULL when there is none (any more). */
static struct edgebert_record *edgebert_results_find(struct edgebert_results *results,
						     u64 sequence)
{
	struct edgebert_record *record = *edgebert_results_slot(results, sequence);

	lockdep_assert_held(&results->lock);
	return record && record->result.sequence == sequence ? record : NULL;
}

/* Takes over a record; the one whose place it takes is forgotten. */
void edgebert_results_add(struct edgebert_results *results, struct edgebert_record *record)
{
	struct edgebert_record **slot = edgebert_results_slot(results, record->result.sequence);
	struct edgebert_record *forgotten;

	scoped_guard(spinlock_irqsave, &results->lock) {
		forgotten = *slot;
		*slot = record;
		results->counters.sums.submitted++;
	}
	kfree(forgotten);
}
EXPORT_SYMBOL_IF_KUNIT(edgebert_results_add);

/* What the device reported, as user space gets it. */
VISIBLE_IF_KUNIT void edgebert_result_fill(struct drm_edgebert_result *result,
					   const struct edgebert_hw_completion *completion)
{
	int i;

	result->status = le16_to_cpu(completion->status);
	result->fault_command = le32_to_cpu(completion->fault_command);
	result->fault_address = le32_to_cpu(completion->fault_address);
	result->exit_layer = completion->exit_layer;
	result->predicted_layer = completion->predicted_layer;
	result->label = completion->label;
	result->operating_point = completion->operating_point;
	result->layers_assessed = completion->layers_assessed;
	result->throttled = completion->throttled;
	result->transitions = completion->transitions;
	result->cycles = le64_to_cpu(completion->cycles);
	result->time_ns = le64_to_cpu(completion->time_ns);
	result->energy_pj = le64_to_cpu(completion->energy_pj);
	for (i = 0; i < EDGEBERT_HW_BLOCK_COUNT; i++)
		result->block_energy_pj[i] = le64_to_cpu(completion->block_energy_pj[i]);
	for (i = 0; i < EDGEBERT_HW_LAYERS_MAX; i++)
		result->entropies[i] = le16_to_cpu(completion->entropies[i]);
}
EXPORT_SYMBOL_IF_KUNIT(edgebert_result_fill);

/* Completes a job's record; @completion is NULL when the device did not report the job. */
void edgebert_results_end(struct edgebert_results *results, u64 sequence, u64 started_ns,
			  u64 ended_ns, const struct edgebert_hw_completion *completion, int error)
{
	struct edgebert_record *record;

	scoped_guard(spinlock_irqsave, &results->lock) {
		record = edgebert_results_find(results, sequence);
		if (!record || record->ended)
			return;
		if (completion) {
			edgebert_result_fill(&record->result, completion);
		} else {
			record->result.status = EDGEBERT_HW_ABORTED;
			memset(record->result.entropies, 0xff, sizeof(record->result.entropies));
		}
		record->result.error = error;
		record->result.started_ns = started_ns;
		record->result.ended_ns = ended_ns;
		record->ended = true;
		edgebert_counters_add(&results->counters, &record->result);
	}
	wake_up_all(&results->wait);
}
EXPORT_SYMBOL_IF_KUNIT(edgebert_results_end);

/* A consistent copy of the counters. */
void edgebert_results_counters(struct edgebert_results *results, struct drm_edgebert_counters *to)
{
	scoped_guard(spinlock_irqsave, &results->lock) {
		*to = results->counters.sums;
		if (edgebert_counters_banned(&results->counters))
			to->flags |= DRM_EDGEBERT_CONTEXT_BANNED;
	}
}
EXPORT_SYMBOL_IF_KUNIT(edgebert_results_counters);

/* True when waiting is over: -ENOENT, or 0 and the result. */
static bool edgebert_results_peek(struct edgebert_results *results, u64 sequence,
				  struct drm_edgebert_result *result, int *ret)
{
	struct edgebert_record *record;
	bool over;

	scoped_guard(spinlock_irqsave, &results->lock) {
		record = edgebert_results_find(results, sequence);
		over = !record || record->ended;
		if (record && over)
			*result = record->result;
		*ret = record ? 0 : -ENOENT;
	}
	return over;
}

static void edgebert_results_forget(struct edgebert_results *results, u64 sequence)
{
	struct edgebert_record *record;

	scoped_guard(spinlock_irqsave, &results->lock) {
		record = edgebert_results_find(results, sequence);
		if (record)
			*edgebert_results_slot(results, sequence) = NULL;
	}
	kfree(record);
}

static int edgebert_results_wait(struct edgebert_results *results, u64 sequence, s64 timeout_ns,
				 struct drm_edgebert_result *result)
{
	int ret = 0;
	long left;

	/* Jiffies that come late come together: then they are over before the time is. */
	do {
		left = wait_event_interruptible_timeout(results->wait,
							edgebert_results_peek(results, sequence,
									      result, &ret),
							drm_timeout_abs_to_jiffies(timeout_ns));
	} while (!left && (s64)ktime_get_ns() < timeout_ns);
	if (left < 0)
		return left;
	return left ? ret : -ETIMEDOUT;
}

/* Waits outside of drm_dev_enter(): removal ends it by ending the jobs. */
int edgebert_ioctl_job_result(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_edgebert_job_result *args = data;
	struct drm_edgebert_result result = { };
	struct edgebert_context *context;
	u32 size;
	int ret;

	/* Cut between fields, none of which is longer. */
	size = min_t(u32, round_down(args->size, sizeof(u64)), sizeof(result));
	if (!size || !args->pointer) {
		drm_dbg(drm, "no room for a result\n");
		return -EINVAL;
	}
	context = edgebert_context_find(file, args->context_id);
	if (!context)
		return -ENOENT;
	ret = edgebert_results_wait(&context->results, args->sequence, args->timeout_ns, &result);
	if (ret)
		goto out;
	if (copy_to_user(u64_to_user_ptr(args->pointer), &result, size)) {
		ret = -EFAULT;
		goto out;
	}
	args->size = size;
	edgebert_results_forget(&context->results, args->sequence);
out:
	edgebert_context_put(context);
	return ret;
}
