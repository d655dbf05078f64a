// SPDX-License-Identifier: MIT
/* Full and entropy, which are one job each, and the way to the policies that decide. */
#include "lib/exit_policy.h"

#include <string.h>

uint64_t eb_policy_used_ns(const struct eb_policy_settings *settings,
			   const struct eb_sentence *sentence)
{
	return sentence->time_ns +
	       (settings->scope == EB_TARGET_END_TO_END ? sentence->queue_ns : 0);
}

uint32_t eb_policy_choose_point(const struct eb_policy_settings *settings,
				const struct eb_resident_model *resident,
				const struct eb_window *window, uint32_t token_count,
				const struct eb_sentence *sentence, bool *ret_reachable)
{
	uint32_t last = eb_model_exit_at_or_after(resident->model, sentence->predicted_layer);
	uint64_t cycles = eb_cycle_table_until(resident->cycles, token_count, last) -
			  eb_cycle_table_until(resident->cycles, token_count, 1);
	uint64_t used = eb_policy_used_ns(settings, sentence);
	uint64_t left;

	/* The second job has a queue in front of it, too: likely as long as the first had. */
	if (settings->scope == EB_TARGET_END_TO_END)
		used += sentence->last_wait_ns;
	left = settings->target_ns > used ? settings->target_ns - used : 0;
	return eb_operating_point_choose(resident->device->estimator, window, cycles, left,
					 ret_reachable);
}

static enum eb_status run_one_job(const struct eb_policy_settings *settings,
				  struct eb_journey *journey)
{
	struct eb_job job = {
		.entropy_threshold = settings->policy == EB_POLICY_FULL ? EB_ENTROPY_NEVER :
				     settings->threshold,
		.operating_point = (uint8_t)settings->operating_point,
	};

	return eb_journey_run_job(journey, &job);
}

enum eb_status eb_policy_run(const struct eb_policy_settings *settings,
			     const struct eb_resident_model *resident,
			     const struct eb_lane *lane, uint32_t token_count,
			     uint64_t submitted_ns, struct eb_sentence *ret_sentence)
{
	struct eb_journey journey = {
		.resident = resident, .lane = lane, .token_count = token_count,
		.sentence.submitted_ns = submitted_ns,
	};
	enum eb_status status;

	memset(journey.sentence.entropies, 0xff, sizeof(journey.sentence.entropies));
	if (settings->policy == EB_POLICY_LATENCY)
		status = eb_latency_run(settings, &journey);
	else if (settings->policy == EB_POLICY_CUSTOM)
		status = eb_custom_run(settings, &journey);
	else
		status = run_one_job(settings, &journey);
	if (!status)
		*ret_sentence = journey.sentence;
	return status;
}

/* With one exit, the last layer's, the policies that leave early would mislead by their name. */
static enum eb_status check_exits(const struct eb_policy_settings *settings,
				  const struct eb_model *model)
{
	bool early = settings->policy == EB_POLICY_ENTROPY ||
		     settings->policy == EB_POLICY_LATENCY;

	if (!early || (model->exit_layers & (model->exit_layers - 1)))
		return EB_OK;
	return eb_fail(EB_MODEL_UNSUPPORTED,
		       "%s: has no exit before its last layer, which the %s policy needs: use policy "
		       "full, or compile a checkpoint with exit heads", model->file.name,
		       settings->policy == EB_POLICY_ENTROPY ? "entropy" : "latency");
}

enum eb_status eb_policy_settle(struct eb_policy_settings *settings,
				const struct eb_resident_model *resident)
{
	enum eb_status status = check_exits(settings, resident->model);

	if (status)
		return status;
	switch (settings->policy) {
	case EB_POLICY_LATENCY:
		return eb_latency_settle(settings, resident);
	case EB_POLICY_CUSTOM:
		return eb_custom_settle(settings, resident);
	default:
		return EB_OK;
	}
}
