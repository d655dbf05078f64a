// SPDX-License-Identifier: MIT
/*
 * The policies that decide after layer 1, algorithm 2 of the paper.  Layer 1 at the highest
 * operating point tells the entropy, the predictor turns it into the last layer that may
 * run, and that layer's remaining cycles together with the remaining time into an operating
 * point.  Either the library decides between two jobs, or the device within one; a custom
 * policy is the former with the application's decision in place of ours.
 */
#include <math.h>

#include "lib/exit_policy.h"

#define NS_PER_US 1000u

/* ---- two jobs ---- */

static uint32_t highest_point(const struct eb_journey *journey)
{
	return eb_estimator_highest_point(journey->resident->device->estimator);
}

/* Runs layer 1; *ret_entropy is what it said, Q6.10. */
static enum eb_status run_first(const struct eb_policy_settings *settings,
				struct eb_journey *journey, int32_t *ret_entropy)
{
	struct eb_job job = {
		.entropy_threshold = settings->threshold,
		.exit_layer_limit = 1,
		.operating_point = (uint8_t)highest_point(journey),
	};
	enum eb_status status = eb_journey_run_job(journey, &job);

	if (status)
		return status;
	if (journey->sentence.exit_layer != 1 ||
	    journey->sentence.entropies[0] == EB_ENTROPY_ABSENT)
		return eb_fail(EB_DEVICE_FAULT, "%s: layer 1 ended without its entropy assessed; "
			       "recompile the model", journey->resident->model->file.name);
	*ret_entropy = (int16_t)journey->sentence.entropies[0];
	return EB_OK;
}

static enum eb_status run_rest(struct eb_journey *journey, int16_t threshold, uint32_t limit,
			       uint32_t point)
{
	struct eb_job job = {
		.entropy_threshold = threshold,
		.first_command = journey->resident->model->layer_start[1],
		.exit_layer_limit = (uint8_t)limit,
		.operating_point = (uint8_t)point,
	};

	return eb_journey_run_job(journey, &job);
}

/* After layer 1: what is allowed for the rest, known from the job that just ran. */
static struct eb_window window_for_rest(const struct eb_journey *journey)
{
	struct eb_device *device = journey->resident->device;

	return eb_window_after(&device->window, device->backend, &device->log,
			       journey->sentence.operating_point);
}

static enum eb_status run_two_jobs(const struct eb_policy_settings *settings,
				   struct eb_journey *journey)
{
	const struct eb_resident_model *resident = journey->resident;
	struct eb_sentence *sentence = &journey->sentence;
	struct eb_window window;
	enum eb_status status;
	int32_t entropy = 0;
	bool reachable;
	uint32_t point;

	status = run_first(settings, journey, &entropy);
	if (status)
		return status;
	sentence->predicted_layer =
		eb_exit_limit(&resident->model->predictor, entropy, settings->threshold);
	if (sentence->predicted_layer == 1)
		return EB_OK;
	window = window_for_rest(journey);
	point = eb_policy_choose_point(settings, resident, &window, journey->token_count, sentence,
				       &reachable);
	sentence->unreachable = !reachable;
	if (!reachable && settings->unreachable == EB_UNREACHABLE_REFUSE)
		return eb_fail(EB_TARGET_UNREACHABLE,
			       "the sentence of %u tokens is predicted to need %u layers, which no "
			       "allowed operating point of %s reaches within %llu us; raise the target "
			       "or let it run with EB_UNREACHABLE_BEST_EFFORT", journey->token_count,
			       sentence->predicted_layer, resident->device->backend->info.path,
			       (unsigned long long)settings->target_ns / NS_PER_US);
	return run_rest(journey, settings->threshold, sentence->predicted_layer, point);
}

/* ---- one job ---- */

static enum eb_status run_one_job(const struct eb_policy_settings *settings,
				  struct eb_journey *journey)
{
	struct eb_sentence *sentence = &journey->sentence;
	struct eb_job job = {
		.entropy_threshold = settings->threshold,
		.operating_point = (uint8_t)highest_point(journey),
		.autonomous = true,
		.target_latency_us = (uint32_t)(settings->target_ns / NS_PER_US),
	};
	enum eb_status status;

	if (settings->scope == EB_TARGET_END_TO_END)
		job.target_start_ns = sentence->submitted_ns;
	status = eb_journey_run_job(journey, &job);
	if (status)
		return status;
	/* The exit of layer 1 was taken before the device came to predict. */
	if (!sentence->predicted_layer)
		sentence->predicted_layer = 1;
	if (sentence->predicted_layer > 1 &&
	    eb_policy_used_ns(settings, sentence) > settings->target_ns)
		sentence->unreachable = true;
	return EB_OK;
}

enum eb_status eb_latency_run(const struct eb_policy_settings *settings,
			      struct eb_journey *journey)
{
	return settings->mode == EB_LATENCY_ONE_JOB ? run_one_job(settings, journey) :
						      run_two_jobs(settings, journey);
}

/* ---- the application's decision ---- */

static void propose(const struct eb_policy_settings *settings, const struct eb_journey *journey,
		    int32_t entropy, struct eb_decision *decision)
{
	const struct eb_resident_model *resident = journey->resident;
	const struct eb_model *model = resident->model;
	struct eb_sentence sentence = journey->sentence;
	struct eb_window window = window_for_rest(journey);
	bool reachable;

	*decision = (struct eb_decision){
		.size = sizeof(*decision), .token_count = journey->token_count,
		.layers = model->parameters.layers,
		.entropy = (float)entropy / EB_MODEL_ENTROPY_ONE,
		.elapsed_ns = eb_policy_used_ns(settings, &sentence),
		.target_latency_ns = settings->target_ns,
		.operating_point_low = window.low, .operating_point_high = window.high,
		.entropy_threshold = (float)settings->threshold / EB_MODEL_ENTROPY_ONE,
		.layer_limit = entropy <= settings->threshold ? 1 : model->parameters.layers,
		.operating_point = window.high,
	};
	if (!model->has_predictor)
		return;
	sentence.predicted_layer = eb_exit_limit(&model->predictor, entropy, settings->threshold);
	decision->predicted_layer = decision->layer_limit = sentence.predicted_layer;
	if (settings->target_ns && resident->cycles && sentence.predicted_layer > 1)
		decision->operating_point =
			eb_policy_choose_point(settings, resident, &window, journey->token_count,
					       &sentence, &reachable);
}

static enum eb_status check_decision(const struct eb_decision *decision)
{
	if (!decision->layer_limit || decision->layer_limit > decision->layers)
		return eb_fail(EB_INVALID_ARGUMENT,
			       "the custom policy set layer_limit to %u, the model has 1 to %u",
			       decision->layer_limit, decision->layers);
	if (decision->operating_point < decision->operating_point_low ||
	    decision->operating_point > decision->operating_point_high)
		return eb_fail(EB_INVALID_ARGUMENT,
			       "the custom policy set operating_point to %u, allowed are %u to %u",
			       decision->operating_point, decision->operating_point_low,
			       decision->operating_point_high);
	if (isnan(decision->entropy_threshold))
		return eb_fail(EB_INVALID_ARGUMENT,
			       "the custom policy set entropy_threshold to no number");
	return EB_OK;
}

enum eb_status eb_custom_run(const struct eb_policy_settings *settings,
			     struct eb_journey *journey)
{
	struct eb_decision decision;
	float threshold;
	enum eb_status status;
	int32_t entropy = 0;

	status = run_first(settings, journey, &entropy);
	if (status)
		return status;
	propose(settings, journey, entropy, &decision);
	settings->decide(settings->decide_opaque, &decision);
	status = check_decision(&decision);
	if (status)
		return status;
	journey->sentence.predicted_layer = decision.layer_limit;
	if (decision.layer_limit == 1)
		return EB_OK;
	threshold = floorf(decision.entropy_threshold * EB_MODEL_ENTROPY_ONE);
	return run_rest(journey, threshold < 0 ? EB_ENTROPY_NEVER :
			threshold > INT16_MAX ? INT16_MAX : (int16_t)threshold,
			decision.layer_limit, decision.operating_point);
}

/* ---- what a model and a device must have ---- */

static enum eb_status need_first_exit(const struct eb_model *model, const char *policy)
{
	if (model->exit_layers & 1)
		return EB_OK;
	return eb_fail(EB_MODEL_UNSUPPORTED,
		       "%s: has no exit at layer 1, which the %s policy needs; compile it with one or "
		       "use another policy", model->file.name, policy);
}

/* Why the device can not decide; NULL: it can. */
static const char *one_job_obstacle(const struct eb_policy_settings *settings,
				    const struct eb_resident_model *resident)
{
	const struct eb_device_info *info = &resident->device->backend->info;

	if (!(info->capabilities & EDGEBERT_HW_CAP_AUTONOMOUS_DVFS))
		return "the device can not decide itself";
	if (!resident->model->has_predict)
		return "the model's program has no PREDICT";
	if (settings->unreachable == EB_UNREACHABLE_REFUSE)
		return "sentences whose target is out of reach are to be refused after layer 1";
	return NULL;
}

static enum eb_status settle_mode(struct eb_policy_settings *settings,
				  const struct eb_resident_model *resident)
{
	const char *obstacle = one_job_obstacle(settings, resident);

	if (settings->mode == EB_LATENCY_ONE_JOB && obstacle)
		return eb_fail(settings->unreachable == EB_UNREACHABLE_REFUSE ?
			       EB_INVALID_ARGUMENT : EB_MODEL_UNSUPPORTED,
			       "%s on %s: latency mode one-job: %s; use two jobs or automatic",
			       resident->model->file.name, resident->device->backend->info.path,
			       obstacle);
	/* Between jobs at least the queue of the first is known. */
	if (settings->mode == EB_LATENCY_AUTOMATIC)
		settings->mode = obstacle || (settings->scope == EB_TARGET_END_TO_END &&
					      !resident->device->backend->counts_queues) ?
				 EB_LATENCY_TWO_JOBS : EB_LATENCY_ONE_JOB;
	return EB_OK;
}

static enum eb_status check_target(const struct eb_policy_settings *settings,
				   const struct eb_resident_model *resident)
{
	const struct eb_estimator *estimator = resident->device->estimator;
	/* One vector of tokens is the shortest sentence, and its first layer always runs. */
	struct eb_estimate least =
		eb_estimate_job(estimator, eb_cycle_table_until(resident->cycles, 1, 1),
				eb_estimator_highest_point(estimator));

	if (least.time_ns <= settings->target_ns)
		return EB_OK;
	return eb_fail(EB_TARGET_UNREACHABLE,
		       "%s: the target of %llu us can not be met: the first layer of the "
		       "shortest sentence alone takes %llu us on %s (modelled, highest "
		       "operating point); raise the target", resident->model->file.name,
		       (unsigned long long)settings->target_ns / NS_PER_US,
		       (unsigned long long)(least.time_ns + NS_PER_US - 1) / NS_PER_US,
		       resident->device->backend->info.path);
}

enum eb_status eb_latency_settle(struct eb_policy_settings *settings,
				 const struct eb_resident_model *resident)
{
	const struct eb_device_info *info = &resident->device->backend->info;
	const struct eb_model *model = resident->model;
	enum eb_status status;

	if (!model->has_predictor)
		return eb_fail(EB_MODEL_UNSUPPORTED,
			       "%s: has no exit predictor, which the latency policy needs; compile it "
			       "with one or use another policy", model->file.name);
	status = need_first_exit(model, "latency");
	if (status)
		return status;
	if (!resident->cycles)
		return eb_fail(EB_MODEL_UNSUPPORTED,
			       "%s: has no cycle table for the profile %s of %s, which the latency "
			       "policy needs; recompile the model for it", model->file.name,
			       info->profile, info->path);
	status = settle_mode(settings, resident);
	return status ? status : check_target(settings, resident);
}

enum eb_status eb_custom_settle(const struct eb_policy_settings *settings,
				const struct eb_resident_model *resident)
{
	(void)settings;
	return need_first_exit(resident->model, "custom");
}
