// SPDX-License-Identifier: MIT
/* Runs the jobs of a sentence and adds up what they took. */
#include "lib/sentence_job.h"

#include "lib/clock.h"
#include "lib/program.h"

/* Time between submission, or the job before, and this job is time in a queue. */
static void add_measured(struct eb_sentence *sentence, const struct eb_job_result *result,
			 uint64_t ready_ns)
{
	const uint64_t waiting_since = sentence->jobs ? sentence->ended_ns :
							sentence->submitted_ns;

	if (result->started_ns > waiting_since)
		sentence->queue_ns += result->started_ns - waiting_since;
	if (result->ended_ns > result->started_ns)
		sentence->device_ns += result->ended_ns - result->started_ns;
	sentence->last_wait_ns = result->started_ns > ready_ns ? result->started_ns - ready_ns : 0;
	sentence->ended_ns = result->ended_ns;
}

/* ready_ns: when there was nothing left to do before the job but to wait for the device. */
static void add_job(struct eb_sentence *sentence, const struct eb_job_result *result,
		    uint64_t ready_ns)
{
	add_measured(sentence, result, ready_ns);
	sentence->jobs++;
	sentence->exit_layer = result->exit_layer;
	sentence->operating_point = result->operating_point;
	if (result->predicted_layer)
		sentence->predicted_layer = result->predicted_layer;
	if (result->layers_assessed > sentence->layers_assessed)
		sentence->layers_assessed = result->layers_assessed;
	sentence->transitions += result->transitions;
	sentence->throttled |= result->throttled != 0;
	sentence->cycles += result->cycles;
	sentence->time_ns += result->time_ns;
	sentence->energy_pj += result->energy_pj;
	for (size_t i = 0; i < EDGEBERT_HW_LAYERS_MAX; i++) {
		if (result->entropies[i] != EB_ENTROPY_ABSENT)
			sentence->entropies[i] = result->entropies[i];
	}
}

/* A device that answers nonsense must not lead us outside of our own tables. */
static enum eb_status check_result(const struct eb_journey *journey,
				   const struct eb_job_result *result)
{
	const struct eb_device_info *info = &journey->resident->device->backend->info;
	const struct eb_model *model = journey->resident->model;

	if (!result->exit_layer || result->exit_layer > model->parameters.layers)
		return eb_fail(EB_DEVICE_FAULT,
			       "%s: the program ended without taking an exit (layer %u of %u); "
			       "recompile the model", model->file.name, result->exit_layer,
			       model->parameters.layers);
	if (result->operating_point >= info->operating_point_count)
		return eb_fail(EB_DEVICE_FAULT, "%s: the device reported operating point %u of %u",
			       info->path, result->operating_point, info->operating_point_count);
	if (result->predicted_layer > model->parameters.layers)
		return eb_fail(EB_DEVICE_FAULT, "%s: the device predicted layer %u of %u",
			       info->path, result->predicted_layer, model->parameters.layers);
	return EB_OK;
}

/*
 * The image may have been installed anew since we looked: the same one, with another
 * generation.  A job that meets that was not run.
 */
static enum eb_status run_with_image(const struct eb_resident_model *resident, struct eb_job *job,
				     struct eb_job_result *result)
{
	struct eb_backend_device *backend = resident->device->backend;
	enum eb_status status;

	for (;;) {
		job->envm_generation = atomic_load(resident->envm_generation);
		status = backend->ops->run(backend, job, result);
		if (status != EB_IMAGE_NOT_INSTALLED)
			return status;
		status = eb_resident_model_check_image(resident);
		if (status)
			return status;
	}
}

enum eb_status eb_journey_run_job(struct eb_journey *journey, struct eb_job *job)
{
	const struct eb_resident_model *resident = journey->resident;
	const struct eb_lane *lane = journey->lane;
	const uint64_t ready_ns = eb_time_ns();
	struct eb_job_result result = { 0 };
	enum eb_status status;

	job->sequence_length = (uint16_t)journey->token_count;
	job->stream = &resident->stream;
	job->command_count = resident->model->command_count;
	job->segments[EB_MODEL_SEGMENT_WEIGHTS] = &resident->weights;
	job->segments[EB_MODEL_SEGMENT_SCRATCH] = &lane->scratch;
	job->segments[EB_MODEL_SEGMENT_INPUT] = &lane->input;
	job->segments[EB_MODEL_SEGMENT_OUTPUT] = &lane->output;
	if (resident->tables.size)
		job->segments[EB_MODEL_SEGMENT_TABLES] = &resident->tables;

	status = run_with_image(journey->resident, job, &result);
	if (status == EB_DEVICE_FAULT)
		return eb_program_fault(resident->model, &result);
	if (!status)
		status = check_result(journey, &result);
	if (!status)
		add_job(&journey->sentence, &result, ready_ns);
	return status;
}
