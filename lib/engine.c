// SPDX-License-Identifier: MIT
/* Engines: checked settings, and the way of one sentence from text to result. */
#include "lib/engine.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/options.h"
#include "lib/result.h"

#define ENGINE_OPTIONS_FIRST_SIZE sizeof(struct eb_engine_options)

uint64_t eb_time_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* ---- creation ---- */

static enum eb_status check_fit(const struct eb_device *device, const struct eb_model *model)
{
	const struct eb_device_info *info = &device->backend->info;
	uint32_t missing = model->parameters.hardware_capabilities & ~info->capabilities;

	if (info->hardware_version >> 16 != model->parameters.hardware_major)
		return eb_fail(EB_MODEL_UNSUPPORTED,
			       "%s: made for hardware version %u, %s has version %u; compile it for "
			       "this device", model->file.name, model->parameters.hardware_major,
			       info->path, info->hardware_version >> 16);
	if (missing)
		return eb_fail(EB_MODEL_UNSUPPORTED,
			       "%s: needs hardware capabilities 0x%x that %s does not have; compile it "
			       "for this device", model->file.name, missing, info->path);
	return EB_OK;
}

/* H <= T for an H in steps of 1/1024 nat is H <= floor(T). */
static enum eb_status read_threshold(const struct eb_model *model, float threshold,
				     int16_t *ret_threshold)
{
	float scaled = floorf(threshold * EB_MODEL_ENTROPY_ONE);

	if (isnan(threshold))
		return eb_fail(EB_INVALID_ARGUMENT,
			       "struct eb_engine_options: entropy_threshold is not a number");
	if (threshold < 0)
		*ret_threshold = (int16_t)model->parameters.default_threshold;
	else
		*ret_threshold = scaled > INT16_MAX ? INT16_MAX : (int16_t)scaled;
	return EB_OK;
}

static enum eb_status read_point(const struct eb_device *device,
				 const struct eb_engine_options *options, uint32_t *ret_point)
{
	const uint32_t count = device->backend->info.operating_point_count;

	if (options->policy == EB_POLICY_LATENCY ||
	    options->operating_point == EB_OPERATING_POINT_HIGHEST) {
		*ret_point = count - 1;
		return EB_OK;
	}
	if (options->operating_point < 0 || (uint32_t)options->operating_point >= count)
		return eb_fail(EB_INVALID_ARGUMENT,
			       "struct eb_engine_options: operating_point is %d, %s has 0 to %u",
			       options->operating_point, device->backend->info.path, count - 1);
	*ret_point = (uint32_t)options->operating_point;
	return EB_OK;
}

static enum eb_status read_settings(const struct eb_device *device, const struct eb_model *model,
				    const struct eb_engine_options *options,
				    struct eb_policy_settings *settings)
{
	enum eb_status status;

	if (options->policy != EB_POLICY_FULL && options->policy != EB_POLICY_ENTROPY &&
	    options->policy != EB_POLICY_LATENCY)
		return eb_fail(EB_INVALID_ARGUMENT, "struct eb_engine_options: there is no policy %d",
			       (int)options->policy);
	if (!options->target_latency_us != (options->policy != EB_POLICY_LATENCY))
		return eb_fail(EB_INVALID_ARGUMENT,
			       "struct eb_engine_options: target_latency_us is %u; the latency policy "
			       "needs one, the others take none", options->target_latency_us);
	settings->policy = options->policy;
	settings->target_ns = options->target_latency_us * 1000ull;
	status = read_threshold(model, options->entropy_threshold, &settings->threshold);
	return status ? status : read_point(device, options, &settings->operating_point);
}

static void destroy(struct eb_engine *engine)
{
	eb_request_queue_destroy(engine->queue);
	eb_resident_model_put(engine->resident);
	eb_model_unref(engine->model);
	eb_device_unref(engine->device);
	free(engine);
}

static enum eb_status set_up(struct eb_engine *engine, const struct eb_engine_options *options)
{
	enum eb_status status;

	status = check_fit(engine->device, engine->model);
	if (!status)
		status = read_settings(engine->device, engine->model, options,
				       &engine->settings);
	if (!status)
		status = eb_resident_model_get(engine->device, engine->model,
					       &engine->resident);
	if (!status)
		status = eb_policy_check(&engine->settings, engine->resident);
	if (!status)
		status = eb_request_queue_create(engine, &engine->queue);
	return status;
}

enum eb_status eb_engine_create(struct eb_device *device, struct eb_model *model,
				const struct eb_engine_options *options,
				struct eb_engine **ret_engine)
{
	struct eb_engine_options ours;
	struct eb_engine *engine;
	enum eb_status status;

	if (!device || !model || !ret_engine)
		return eb_fail(EB_INVALID_ARGUMENT, "eb_engine_create: %s is NULL",
			       !device ? "device" : !model ? "model" : "ret_engine");
	status = eb_options_read(&ours, sizeof(ours), ENGINE_OPTIONS_FIRST_SIZE, options,
				 "eb_engine_options");
	if (status)
		return status;
	engine = calloc(1, sizeof(*engine));
	if (!engine)
		return eb_fail(EB_OUT_OF_MEMORY, "no memory for an engine");
	atomic_init(&engine->references, 1);
	engine->device = eb_device_ref(device);
	engine->model = eb_model_ref(model);
	status = set_up(engine, &ours);
	if (status)
		destroy(engine);
	else
		*ret_engine = engine;
	return status;
}

struct eb_engine *eb_engine_ref(struct eb_engine *engine)
{
	atomic_fetch_add_explicit(&engine->references, 1, memory_order_relaxed);
	return engine;
}

struct eb_engine *eb_engine_unref(struct eb_engine *engine)
{
	if (engine && atomic_fetch_sub_explicit(&engine->references, 1, memory_order_acq_rel) == 1)
		destroy(engine);
	return NULL;
}

/* ---- sentences ---- */

/*
 * All memory that a program can write is set for each sentence: what an earlier one
 * left in rows that this one does not use would change no label, but it would change the
 * modelled energy, in which zeros cost less.  It is small against the work of a layer.
 */
static void fill_lane(const struct eb_engine *engine, const struct eb_lane *lane,
		      const uint32_t *token_ids, size_t token_count)
{
	const struct eb_model_parameters *parameters = &engine->model->parameters;
	uint32_t *ids = lane->input.data;

	memset(lane->scratch.data, 0, lane->scratch.size);
	memset(lane->output.data, 0, lane->output.size);
	memset(lane->input.data, 0, lane->input.size);
	memcpy(ids, token_ids, token_count * sizeof(*ids));
	for (size_t i = token_count; i < parameters->sequence_max; i++)
		ids[i] = parameters->token_padding;
}

static enum eb_status run_tokens(struct eb_engine *engine, const uint32_t *token_ids,
				 size_t token_count, struct eb_result *result)
{
	struct eb_sentence sentence;
	struct eb_lane *lane;
	enum eb_status status;

	status = eb_resident_model_take_lane(engine->resident, &lane);
	if (status)
		return status;
	fill_lane(engine, lane, token_ids, token_count);
	status = eb_policy_run(&engine->settings, engine->resident, lane, (uint32_t)token_count,
			       &sentence);
	if (!status)
		eb_result_fill(&engine->settings, engine->resident, lane, (uint32_t)token_count,
			       &sentence, result);
	eb_resident_model_return_lane(engine->resident, lane, status != EB_DEVICE_TIMEOUT);
	return status;
}

enum eb_status eb_engine_classify(struct eb_engine *engine, const char *text, size_t text_size,
				  uint64_t started_ns, struct eb_result *result)
{
	uint32_t token_ids[EDGEBERT_HW_SEQUENCE_MAX];
	size_t token_count = 0;
	enum eb_status status;
	int truncated = 0;

	status = eb_model_tokenize(engine->model, text, text_size, token_ids,
				   EDGEBERT_HW_SEQUENCE_MAX, &token_count, &truncated);
	if (!status)
		status = run_tokens(engine, token_ids, token_count, result);
	if (status)
		return status;
	result->truncated = truncated;
	result->host_ns = eb_time_ns() - started_ns;
	return EB_OK;
}

enum eb_status eb_engine_run(struct eb_engine *engine, const char *text, size_t text_size,
			     struct eb_result *result)
{
	const uint64_t started_ns = eb_time_ns();
	struct eb_result ours = { 0 };
	enum eb_status status;

	if (!engine)
		return eb_fail(EB_INVALID_ARGUMENT, "eb_engine_run: engine is NULL");
	status = eb_output_check(result, EB_RESULT_FIRST_SIZE, "eb_result");
	if (!status)
		status = eb_engine_classify(engine, text, text_size, started_ns, &ours);
	if (!status)
		eb_output_write(result, &ours, sizeof(ours));
	return status;
}

static enum eb_status check_tokens(const struct eb_model *model, const uint32_t *token_ids,
				   size_t token_count)
{
	const struct eb_model_parameters *parameters = &model->parameters;

	if (!token_count)
		return eb_fail(EB_TEXT_EMPTY, "eb_engine_run_tokens: token_count is 0");
	if (token_count > parameters->sequence_max)
		return eb_fail(EB_INVALID_ARGUMENT,
			       "eb_engine_run_tokens: %zu tokens, the model takes at most %u",
			       token_count, parameters->sequence_max);
	for (size_t i = 0; i < token_count; i++) {
		if (token_ids[i] >= parameters->vocabulary_size)
			return eb_fail(EB_INVALID_ARGUMENT,
				       "eb_engine_run_tokens: token %zu is %u, the vocabulary has %u",
				       i, token_ids[i], parameters->vocabulary_size);
	}
	return EB_OK;
}

enum eb_status eb_engine_run_tokens(struct eb_engine *engine, const uint32_t *token_ids,
				    size_t token_count, struct eb_result *result)
{
	const uint64_t started_ns = eb_time_ns();
	struct eb_result ours = { 0 };
	enum eb_status status;

	if (!engine || !token_ids)
		return eb_fail(EB_INVALID_ARGUMENT, "eb_engine_run_tokens: %s is NULL",
			       engine ? "token_ids" : "engine");
	status = eb_output_check(result, EB_RESULT_FIRST_SIZE, "eb_result");
	if (!status)
		status = check_tokens(engine->model, token_ids, token_count);
	if (!status)
		status = run_tokens(engine, token_ids, token_count, &ours);
	if (status)
		return status;
	ours.host_ns = eb_time_ns() - started_ns;
	eb_output_write(result, &ours, sizeof(ours));
	return EB_OK;
}
