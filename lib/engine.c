// SPDX-License-Identifier: MIT
/* Engines: checked settings, and the way of one sentence from text to result. */
#include "lib/engine.h"

#include <stdlib.h>
#include <string.h>

#include "lib/failover.h"
#include "lib/options.h"
#include "lib/result.h"

#define STATISTICS_FIRST_SIZE sizeof(struct eb_engine_statistics)

/* Devices that a sentence may lose before it ends with EB_DEVICE_LOST. */
#define MOVES_MAX 8
/* Times that a sentence may be cancelled before it ends with EB_CANCELED. */
#define CANCELS_MAX 8

/* A sentence as the device gets it. */
struct eb_tokens {
	const uint32_t *ids;
	const uint32_t *types;		/* NULL: all 0 */
	size_t count;
	uint64_t submitted_ns;
};

/* ---- creation ---- */

static void destroy(struct eb_engine *engine)
{
	eb_request_queue_destroy(engine->queue);
	eb_place_unref(engine->place);
	eb_model_unref(engine->model);
	pthread_mutex_destroy(&engine->place_lock);
	eb_tally_destroy(&engine->tally);
	free(engine);
}

/* On the device or, with failover, on one that takes over from it. */
static enum eb_status find_place(struct eb_engine *engine, struct eb_device *device,
				 struct eb_device *current)
{
	enum eb_status status;

	status = eb_place_create(current, engine->model, &engine->wanted, &engine->place);
	if (!status || !device->failover)
		return status;
	if (status == EB_DEVICE_LOST)
		return eb_place_create_successor(current, engine->model, &engine->wanted,
						 &engine->place);
	/* The first that took over may not do for this model. */
	if (atomic_load(&device->lost))
		return eb_place_create_successor(device, engine->model, &engine->wanted,
						 &engine->place);
	return status;
}

static enum eb_status set_up(struct eb_engine *engine, struct eb_device *device,
			     const struct eb_engine_options *options)
{
	struct eb_device *current = eb_device_take_current(device);
	enum eb_status status;

	status = eb_engine_options_read(current, engine->model, options, &engine->wanted);
	if (!status)
		status = find_place(engine, device, current);
	if (!status)
		status = eb_request_queue_create(engine, &engine->queue);
	eb_device_unref(current);
	return status;
}

enum eb_status eb_engine_create(struct eb_device *device, struct eb_model *model,
				const struct eb_engine_options *options,
				struct eb_engine **ret_engine)
{
	struct eb_engine *engine;
	enum eb_status status;

	if (!device || !model || !ret_engine)
		return eb_fail(EB_INVALID_ARGUMENT, "eb_engine_create: %s is NULL",
			       !device ? "device" : !model ? "model" : "ret_engine");
	engine = calloc(1, sizeof(*engine));
	if (!engine)
		return eb_fail(EB_OUT_OF_MEMORY, "no memory for an engine");
	atomic_init(&engine->references, 1);
	eb_tally_init(&engine->tally);
	pthread_mutex_init(&engine->place_lock, NULL);
	engine->model = eb_model_ref(model);
	status = set_up(engine, device, options);
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

struct eb_place *eb_engine_take_place(struct eb_engine *engine)
{
	struct eb_place *place;

	pthread_mutex_lock(&engine->place_lock);
	place = eb_place_ref(engine->place);
	pthread_mutex_unlock(&engine->place_lock);
	return place;
}

/* After a place was lost: moves there, unless another sentence has moved the engine already. */
static enum eb_status move(struct eb_engine *engine, const struct eb_place *lost)
{
	struct eb_place *next = NULL, *before = NULL;
	enum eb_status status = EB_OK;

	/* Held while a model is uploaded: nothing can run until it is. */
	pthread_mutex_lock(&engine->place_lock);
	if (engine->place == lost) {
		status = eb_place_create_successor(lost->device, engine->model, &engine->wanted,
						   &next);
		if (!status) {
			before = engine->place;
			engine->place = next;
			eb_tally_add_failover(&engine->tally);
		}
	}
	pthread_mutex_unlock(&engine->place_lock);
	eb_place_unref(before);
	return status;
}

/*
 * All memory that a program can write is set for each sentence.  Matrix products are as deep as
 * the sentence in whole vectors: what an earlier one left behind this one's tokens would change
 * no label, but the modelled energy, in which zeros cost less.  Only the compiler knows where
 * that is, and all of it is small against the work of a layer.
 */
static void fill_lane(const struct eb_model *model, const struct eb_lane *lane,
		      const struct eb_tokens *tokens)
{
	const struct eb_model_parameters *parameters = &model->parameters;
	uint32_t *ids = lane->input.data;

	memset(lane->scratch.data, 0, lane->scratch.size);
	memset(lane->output.data, 0, lane->output.size);
	memset(lane->input.data, 0, lane->input.size);
	memcpy(ids, tokens->ids, tokens->count * sizeof(*ids));
	for (size_t i = tokens->count; i < parameters->sequence_max; i++)
		ids[i] = parameters->token_padding;
	if (tokens->types)
		memcpy(ids + parameters->sequence_max, tokens->types,
		       tokens->count * sizeof(*ids));
}

static enum eb_status run_at(const struct eb_place *place, const struct eb_tokens *tokens,
			     struct eb_result *result, uint64_t *ret_device_ns)
{
	struct eb_sentence sentence;
	struct eb_lane *lane;
	enum eb_status status;

	status = eb_resident_model_take_lane(place->resident, &lane);
	if (status)
		return status;
	fill_lane(place->resident->model, lane, tokens);
	status = eb_policy_run(&place->settings, place->resident, lane, (uint32_t)tokens->count,
			       tokens->submitted_ns, &sentence);
	if (!status) {
		eb_result_fill(&place->settings, place->resident, lane, (uint32_t)tokens->count,
			       &sentence, result);
		*ret_device_ns = sentence.device_ns;
	}
	eb_resident_model_return_lane(place->resident, lane, status != EB_DEVICE_TIMEOUT);
	return status;
}

/*
 * Runs where the engine is; from the beginning on another device if this one is lost, and once
 * more if the driver cancelled it because it had to stop another sentence's job.
 */
static enum eb_status run_tokens(struct eb_engine *engine, const struct eb_tokens *tokens,
				 struct eb_result *result, uint64_t *ret_device_ns)
{
	int moves = 0, cancels = 0;

	for (;;) {
		struct eb_place *place = eb_engine_take_place(engine);
		enum eb_status status = run_at(place, tokens, result, ret_device_ns);
		bool again = false;

		if (status == EB_DEVICE_LOST && moves++ < MOVES_MAX) {
			status = move(engine, place);
			again = !status;
		} else if (status == EB_CANCELED && cancels++ < CANCELS_MAX) {
			eb_tally_add_rerun(&engine->tally);
			again = true;
		}
		eb_place_unref(place);
		if (!again)
			return status;
	}
}

/* Whatever became of the sentence: it is counted once, here. */
static enum eb_status conclude(struct eb_engine *engine, enum eb_status status,
			       uint64_t started_ns, uint64_t device_ns, struct eb_result *result)
{
	if (status) {
		eb_tally_add_failure(&engine->tally, status);
		return status;
	}
	result->host_ns = eb_time_ns() - started_ns;
	eb_tally_add(&engine->tally, result, device_ns);
	return EB_OK;
}

enum eb_status eb_engine_classify(struct eb_engine *engine, const struct eb_batch_text *text,
				  uint64_t started_ns, struct eb_result *result)
{
	uint32_t ids[EDGEBERT_HW_SEQUENCE_MAX], types[EDGEBERT_HW_SEQUENCE_MAX];
	struct eb_tokens tokens = { .ids = ids, .submitted_ns = started_ns };
	uint64_t device_ns = 0;
	enum eb_status status;
	int truncated = 0;

	if (text->second) {
		tokens.types = types;
		status = eb_model_tokenize_pair(engine->model, text->text, text->size, text->second,
						text->second_size, ids, types,
						EDGEBERT_HW_SEQUENCE_MAX, &tokens.count,
						&truncated);
	} else {
		status = eb_model_tokenize(engine->model, text->text, text->size, ids,
					   EDGEBERT_HW_SEQUENCE_MAX, &tokens.count, &truncated);
	}
	if (!status)
		status = run_tokens(engine, &tokens, result, &device_ns);
	result->truncated = truncated;
	return conclude(engine, status, started_ns, device_ns, result);
}

static enum eb_status run_text(struct eb_engine *engine, const struct eb_batch_text *text,
			       struct eb_result *result)
{
	const uint64_t started_ns = eb_time_ns();
	struct eb_result ours = { 0 };
	enum eb_status status;

	status = eb_output_check(result, EB_RESULT_FIRST_SIZE, "eb_result");
	if (!status)
		status = eb_engine_classify(engine, text, started_ns, &ours);
	if (!status)
		eb_output_write(result, &ours, sizeof(ours));
	return status;
}

enum eb_status eb_engine_run(struct eb_engine *engine, const char *text, size_t text_size,
			     struct eb_result *result)
{
	const struct eb_batch_text single = { .text = text, .size = text_size };

	if (!engine)
		return eb_fail(EB_INVALID_ARGUMENT, "eb_engine_run: engine is NULL");
	return run_text(engine, &single, result);
}

enum eb_status eb_engine_run_pair(struct eb_engine *engine, const char *first, size_t first_size,
				  const char *second, size_t second_size, struct eb_result *result)
{
	const struct eb_batch_text pair = { .text = first, .size = first_size, .second = second,
					    .second_size = second_size };

	if (!engine || !first || !second)
		return eb_fail(EB_INVALID_ARGUMENT, "eb_engine_run_pair: %s is NULL",
			       !engine ? "engine" : !first ? "first" : "second");
	return run_text(engine, &pair, result);
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
	const struct eb_tokens tokens = {
		.ids = token_ids, .count = token_count, .submitted_ns = eb_time_ns(),
	};
	struct eb_result ours = { 0 };
	uint64_t device_ns = 0;
	enum eb_status status;

	if (!engine || !token_ids)
		return eb_fail(EB_INVALID_ARGUMENT, "eb_engine_run_tokens: %s is NULL",
			       engine ? "token_ids" : "engine");
	status = eb_output_check(result, EB_RESULT_FIRST_SIZE, "eb_result");
	if (status)
		return status;
	status = check_tokens(engine->model, token_ids, token_count);
	if (!status)
		status = run_tokens(engine, &tokens, &ours, &device_ns);
	status = conclude(engine, status, tokens.submitted_ns, device_ns, &ours);
	if (!status)
		eb_output_write(result, &ours, sizeof(ours));
	return status;
}

/* ---- figures ---- */

enum eb_status eb_engine_get_statistics(struct eb_engine *engine,
					struct eb_engine_statistics *statistics)
{
	struct eb_engine_statistics ours;
	enum eb_status status;

	if (!engine)
		return eb_fail(EB_INVALID_ARGUMENT, "eb_engine_get_statistics: engine is NULL");
	status = eb_output_check(statistics, STATISTICS_FIRST_SIZE, "eb_engine_statistics");
	if (status)
		return status;
	eb_tally_read(&engine->tally, &ours);
	eb_output_write(statistics, &ours, sizeof(ours));
	return EB_OK;
}

static enum eb_status check_estimate(const struct eb_place *place, uint32_t token_count,
				     uint32_t first_layer, uint32_t last_layer, uint32_t point)
{
	const struct eb_device_info *info = &place->device->backend->info;
	const struct eb_model *model = place->resident->model;
	const struct eb_model_parameters *parameters = &model->parameters;

	if (!token_count || token_count > parameters->sequence_max)
		return eb_fail(EB_INVALID_ARGUMENT, "eb_engine_estimate: %u tokens, the model takes "
			       "1 to %u", token_count, parameters->sequence_max);
	if (!first_layer || first_layer > last_layer || last_layer > parameters->layers)
		return eb_fail(EB_INVALID_ARGUMENT, "eb_engine_estimate: layers %u to %u, the model "
			       "has 1 to %u", first_layer, last_layer, parameters->layers);
	if (point >= info->operating_point_count)
		return eb_fail(EB_INVALID_ARGUMENT, "eb_engine_estimate: operating point %u, %s has "
			       "0 to %u", point, info->path, info->operating_point_count - 1);
	if (!place->resident->cycles)
		return eb_fail(EB_MODEL_UNSUPPORTED, "%s: has no cycle table for the profile %s of "
			       "%s; recompile the model for it", model->file.name,
			       info->profile, info->path);
	return EB_OK;
}

enum eb_status eb_engine_estimate(struct eb_engine *engine, uint32_t token_count,
				  uint32_t first_layer, uint32_t last_layer,
				  uint32_t operating_point, uint64_t *ret_latency_ns,
				  uint64_t *ret_energy_pj)
{
	const struct eb_cycle_table *table;
	struct eb_estimate estimate = { 0 };
	struct eb_place *place;
	enum eb_status status;

	if (!engine)
		return eb_fail(EB_INVALID_ARGUMENT, "eb_engine_estimate: engine is NULL");
	place = eb_engine_take_place(engine);
	table = place->resident->cycles;
	status = check_estimate(place, token_count, first_layer, last_layer, operating_point);
	if (!status)
		estimate = eb_estimate_job(place->device->estimator,
			eb_cycle_table_until(table, token_count, last_layer) -
			eb_cycle_table_until(table, token_count, first_layer - 1),
			operating_point);
	eb_place_unref(place);
	if (status)
		return status;
	if (ret_latency_ns)
		*ret_latency_ns = estimate.time_ns;
	if (ret_energy_pj)
		*ret_energy_pj = estimate.energy_pj;
	return EB_OK;
}
