// SPDX-License-Identifier: MIT
/*
 * The exit policies.  FULL and ENTROPY are one job; LATENCY is two with a decision
 * between them (algorithm 2 of the paper): layer 1 at the highest operating point tells
 * the entropy, the predictor turns it into the last layer that may run, and that layer's
 * remaining cycles together with the remaining time into an operating point.
 */
#include "lib/exit_policy.h"

#include <string.h>

#include "lib/program.h"

static void add_job(struct eb_sentence *sentence, const struct eb_job_result *result)
{
	sentence->exit_layer = result->exit_layer;
	sentence->operating_point = result->operating_point;
	if (result->layers_assessed > sentence->layers_assessed)
		sentence->layers_assessed = result->layers_assessed;
	sentence->cycles += result->cycles;
	sentence->time_ns += result->time_ns;
	sentence->energy_pj += result->energy_pj;
	for (size_t i = 0; i < EDGEBERT_HW_LAYERS_MAX; i++) {
		if (result->entropies[i] != EB_ENTROPY_ABSENT)
			sentence->entropies[i] = result->entropies[i];
	}
}

/* Runs one job of the sentence and adds what it took; it must end in an exit. */
static enum eb_status run_job(const struct eb_resident_model *resident,
			      const struct eb_lane *lane, struct eb_job *job,
			      struct eb_sentence *sentence)
{
	struct eb_backend_device *backend = resident->device->backend;
	const struct eb_model *model = resident->model;
	struct eb_job_result result = { 0 };
	enum eb_status status;

	job->stream = &resident->stream;
	job->command_count = model->command_count;
	job->segments[EB_MODEL_SEGMENT_WEIGHTS] = &resident->weights;
	job->segments[EB_MODEL_SEGMENT_SCRATCH] = &lane->scratch;
	job->segments[EB_MODEL_SEGMENT_INPUT] = &lane->input;
	job->segments[EB_MODEL_SEGMENT_OUTPUT] = &lane->output;
	if (resident->tables.size)
		job->segments[EB_MODEL_SEGMENT_TABLES] = &resident->tables;

	status = backend->ops->run(backend, job, &result);
	if (status == EB_DEVICE_FAULT)
		return eb_program_fault(model, &result);
	if (status)
		return status;
	if (!result.exit_layer || result.exit_layer > model->parameters.layers)
		return eb_fail(EB_DEVICE_FAULT,
			       "%s: the program ended without taking an exit (layer %u of %u); "
			       "recompile the model", model->file.name, result.exit_layer,
			       model->parameters.layers);
	if (result.operating_point >= backend->info.operating_point_count)
		return eb_fail(EB_DEVICE_FAULT, "%s: the device reported operating point %u of %u",
			       backend->info.path, result.operating_point,
			       backend->info.operating_point_count);
	add_job(sentence, &result);
	return EB_OK;
}

static enum eb_status run_one_job(const struct eb_policy_settings *settings,
				  const struct eb_resident_model *resident,
				  const struct eb_lane *lane, uint32_t token_count,
				  struct eb_sentence *sentence)
{
	struct eb_job job = {
		.sequence_length = (uint16_t)token_count,
		.entropy_threshold = settings->policy == EB_POLICY_FULL ? EB_ENTROPY_NEVER :
				     settings->threshold,
		.operating_point = (uint8_t)settings->operating_point,
	};

	return run_job(resident, lane, &job, sentence);
}

uint32_t eb_policy_choose_point(const struct eb_policy_settings *settings,
				const struct eb_resident_model *resident, uint32_t token_count,
				const struct eb_sentence *sentence)
{
	uint32_t last = eb_model_exit_at_or_after(resident->model, sentence->predicted_layer);
	uint64_t cycles = eb_cycle_table_until(resident->cycles, token_count, last) -
			  eb_cycle_table_until(resident->cycles, token_count, 1);
	uint64_t left = settings->target_ns > sentence->time_ns ?
			settings->target_ns - sentence->time_ns : 0;
	bool reachable;

	/* Not reachable: the highest point, and the result says that the target was missed. */
	return eb_operating_point_choose(resident->device->estimator, cycles, left, &reachable);
}

static enum eb_status run_latency(const struct eb_policy_settings *settings,
				  const struct eb_resident_model *resident,
				  const struct eb_lane *lane, uint32_t token_count,
				  struct eb_sentence *sentence)
{
	struct eb_job job = {
		.sequence_length = (uint16_t)token_count,
		.entropy_threshold = settings->threshold,
		.exit_layer_limit = 1,
		.operating_point =
			(uint8_t)eb_estimator_highest_point(resident->device->estimator),
	};
	enum eb_status status;
	int32_t entropy;

	status = run_job(resident, lane, &job, sentence);
	if (status)
		return status;
	if (sentence->exit_layer != 1 || sentence->entropies[0] == EB_ENTROPY_ABSENT)
		return eb_fail(EB_DEVICE_FAULT, "%s: layer 1 ended without its entropy assessed; "
			       "recompile the model", resident->model->file.name);
	entropy = (int16_t)sentence->entropies[0];
	sentence->predicted_layer =
		eb_exit_limit(&resident->model->predictor, entropy, settings->threshold);
	if (sentence->predicted_layer == 1)
		return EB_OK;
	job.first_command = resident->model->layer_start[1];
	job.exit_layer_limit = (uint8_t)sentence->predicted_layer;
	job.operating_point = (uint8_t)eb_policy_choose_point(settings, resident, token_count,
							 sentence);
	return run_job(resident, lane, &job, sentence);
}

enum eb_status eb_policy_run(const struct eb_policy_settings *settings,
			     const struct eb_resident_model *resident,
			     const struct eb_lane *lane, uint32_t token_count,
			     struct eb_sentence *ret_sentence)
{
	struct eb_sentence sentence = { 0 };
	enum eb_status status;

	memset(sentence.entropies, 0xff, sizeof(sentence.entropies));
	if (settings->policy == EB_POLICY_LATENCY)
		status = run_latency(settings, resident, lane, token_count, &sentence);
	else
		status = run_one_job(settings, resident, lane, token_count, &sentence);
	if (!status)
		*ret_sentence = sentence;
	return status;
}

static enum eb_status check_latency(const struct eb_policy_settings *settings,
				    const struct eb_resident_model *resident)
{
	const struct eb_estimator *estimator = resident->device->estimator;
	const struct eb_device_info *info = &resident->device->backend->info;
	const struct eb_model *model = resident->model;
	struct eb_estimate least;

	if (!model->has_predictor || !(model->exit_layers & 1))
		return eb_fail(EB_MODEL_UNSUPPORTED,
			       "%s: has no %s, which the latency policy needs; compile it with one or "
			       "use another policy", model->file.name,
			       model->has_predictor ? "exit at layer 1" : "exit predictor");
	if (!resident->cycles)
		return eb_fail(EB_MODEL_UNSUPPORTED,
			       "%s: has no cycle table for the profile %s of %s, which the latency "
			       "policy needs; recompile the model for it", model->file.name,
			       info->profile, info->path);
	/* One vector of tokens is the shortest sentence, and its first layer always runs. */
	least = eb_estimate_job(estimator, eb_cycle_table_until(resident->cycles, 1, 1),
				eb_estimator_highest_point(estimator));
	if (least.time_ns > settings->target_ns)
		return eb_fail(EB_TARGET_UNREACHABLE,
			       "%s: the target of %llu us can not be met: the first layer of the "
			       "shortest sentence alone takes %llu us on %s (modelled, highest "
			       "operating point); raise the target", model->file.name,
			       (unsigned long long)settings->target_ns / 1000,
			       (unsigned long long)(least.time_ns + 999) / 1000, info->path);
	return EB_OK;
}

enum eb_status eb_policy_check(const struct eb_policy_settings *settings,
			       const struct eb_resident_model *resident)
{
	return settings->policy == EB_POLICY_LATENCY ? check_latency(settings, resident) : EB_OK;
}
