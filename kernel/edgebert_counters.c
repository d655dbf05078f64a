// SPDX-License-Identifier: GPL-2.0-only
/*
 * Performance counters of contexts: sums over the results of their jobs, and whether a
 * context has had too many of its jobs stopped to be allowed more.
 */
#include <kunit/visibility.h>
#include <linux/uaccess.h>

#include <drm/drm_device.h>
#include <drm/drm_print.h>

#include "edgebert_context.h"
#include "edgebert_counters.h"
#include "edgebert_hw.h"

/* Each of them held up everybody for the time limit; a context that can do better may try. */
#define EDGEBERT_STOPPED_IN_A_ROW_MAX	3

static_assert(ARRAY_SIZE(((struct drm_edgebert_counters *)0)->block_energy_pj) ==
	      EDGEBERT_HW_BLOCK_COUNT);
static_assert(ARRAY_SIZE(((struct drm_edgebert_counters *)0)->exits) == EDGEBERT_HW_LAYERS_MAX);

static void edgebert_counters_add_error(struct edgebert_counters *counters, int error)
{
	struct drm_edgebert_counters *sums = &counters->sums;

	switch (error) {
	case 0:
		sums->completed++;
		counters->stopped_in_a_row = 0;
		break;
	case -EIO:
		sums->faults++;
		counters->stopped_in_a_row = 0;
		break;
	case -ETIMEDOUT:
		sums->cancelled++;
		sums->stopped++;
		counters->stopped_in_a_row++;
		break;
	case -ETIME:
		sums->cancelled++;
		sums->deadline_misses++;
		break;
	default:
		sums->cancelled++;
	}
}

/* Adds a job that has ended. */
void edgebert_counters_add(struct edgebert_counters *counters,
			   const struct drm_edgebert_result *result)
{
	struct drm_edgebert_counters *sums = &counters->sums;
	int i;

	edgebert_counters_add_error(counters, result->error);
	sums->throttled += !!result->throttled;
	sums->transitions += result->transitions;
	sums->cycles += result->cycles;
	sums->time_ns += result->time_ns;
	sums->energy_pj += result->energy_pj;
	for (i = 0; i < EDGEBERT_HW_BLOCK_COUNT; i++)
		sums->block_energy_pj[i] += result->block_energy_pj[i];
	if (result->started_ns)
		sums->queue_ns += result->started_ns - result->queued_ns;
	if (result->exit_layer >= 1 && result->exit_layer <= EDGEBERT_HW_LAYERS_MAX)
		sums->exits[result->exit_layer - 1]++;
}
EXPORT_SYMBOL_IF_KUNIT(edgebert_counters_add);

/* True when the context takes no more jobs. */
bool edgebert_counters_banned(const struct edgebert_counters *counters)
{
	return READ_ONCE(counters->stopped_in_a_row) >= EDGEBERT_STOPPED_IN_A_ROW_MAX;
}
EXPORT_SYMBOL_IF_KUNIT(edgebert_counters_banned);

int edgebert_ioctl_context_counters(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_edgebert_context_counters *args = data;
	struct drm_edgebert_counters answer;
	struct edgebert_context *context;
	int ret = 0;
	u32 size;

	size = min_t(u32, round_down(args->size, sizeof(u64)), sizeof(answer));
	if (!size || !args->pointer) {
		drm_dbg(drm, "no room for counters\n");
		return -EINVAL;
	}
	context = edgebert_context_find(file, args->context_id);
	if (!context)
		return -ENOENT;
	edgebert_results_counters(&context->results, &answer);
	if (copy_to_user(u64_to_user_ptr(args->pointer), &answer, size))
		ret = -EFAULT;
	else
		args->size = size;
	edgebert_context_put(context);
	return ret;
}
