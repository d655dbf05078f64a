// SPDX-License-Identifier: MIT
/* Exits from recorded entropies, and the modelled cost of taking them. */
#include "lib/exit_replay.h"

#include <math.h>

struct eb_replayed eb_exit_replay(enum eb_policy policy, int32_t threshold,
				  const struct eb_exit_predictor *predictor,
				  const struct eb_recording *recording)
{
	struct eb_replayed replayed = { .exit_layer = recording->layers };
	uint32_t limit = recording->layers;

	if (policy == EB_POLICY_FULL)
		return replayed;
	if (policy == EB_POLICY_LATENCY)
		limit = replayed.predicted_layer =
			eb_exit_limit(predictor, recording->entropies[0], threshold);
	/* What the EXIT command computes, at each layer that has one. */
	for (uint32_t layer = 1; layer < recording->layers; layer++) {
		if (!(recording->exit_layers >> (layer - 1) & 1))
			continue;
		if (layer >= limit || recording->entropies[layer - 1] <= threshold) {
			replayed.exit_layer = layer;
			break;
		}
	}
	return replayed;
}

/* What is known of a sentence: the model's table, and its run through all layers. */
struct forecast {
	const struct eb_policy_settings *settings;
	const struct eb_resident_model *resident;
	const struct eb_result *result;
	double activity;	/* its energy, as part of what the estimator assumes */
};

/*
 * The table is for whole vectors of tokens; how far the sentence stays below it does not
 * depend on the layer.
 */
static uint64_t cycles_until(const struct forecast *forecast, uint32_t layer)
{
	const struct eb_cycle_table *table = forecast->resident->cycles;
	const uint32_t tokens = forecast->result->token_count;
	const uint32_t layers = forecast->resident->model->parameters.layers;

	return (uint64_t)((double)eb_cycle_table_until(table, tokens, layer) *
			  (double)forecast->result->modelled_cycles /
			  eb_cycle_table_until(table, tokens, layers));
}

static void add_job(const struct forecast *forecast, uint64_t cycles, uint32_t point,
		    struct eb_sentence *sentence)
{
	struct eb_estimate estimate =
		eb_estimate_job(forecast->resident->device->estimator, cycles, point);

	sentence->operating_point = point;
	sentence->cycles += cycles;
	sentence->time_ns += estimate.time_ns;
	sentence->energy_pj += (uint64_t)((double)estimate.energy_pj * forecast->activity);
}

static void add_jobs(const struct forecast *forecast, struct eb_sentence *sentence)
{
	const struct eb_policy_settings *settings = forecast->settings;
	const uint64_t whole = cycles_until(forecast, sentence->exit_layer);
	/* A forecast is for a device that nobody holds back. */
	const struct eb_window window = {
		.high = eb_estimator_highest_point(forecast->resident->device->estimator),
	};
	bool reachable;
	uint64_t first;

	if (settings->policy != EB_POLICY_LATENCY) {
		add_job(forecast, whole, settings->operating_point, sentence);
		return;
	}
	first = cycles_until(forecast, 1);
	add_job(forecast, first, window.high, sentence);
	if (sentence->predicted_layer > 1)
		add_job(forecast, whole - first,
			eb_policy_choose_point(settings, forecast->resident, &window,
					       forecast->result->token_count, sentence, &reachable),
			sentence);
}

/* The estimator takes every value for one that works; how many are zero, the run has shown. */
static double activity(const struct forecast *forecast)
{
	const struct eb_result *result = forecast->result;
	const struct eb_estimate dense =
		eb_estimate_job(forecast->resident->device->estimator, result->modelled_cycles,
				result->operating_point);

	return dense.energy_pj ? (double)result->modelled_energy_pj / (double)dense.energy_pj : 1;
}

enum eb_status eb_policy_forecast(const struct eb_policy_settings *settings,
				  const struct eb_resident_model *resident,
				  const struct eb_result *result,
				  struct eb_sentence *ret_sentence)
{
	const struct eb_model *model = resident->model;
	struct forecast forecast = {
		.settings = settings, .resident = resident, .result = result,
	};
	int32_t entropies[EDGEBERT_HW_LAYERS_MAX];
	const struct eb_recording recording = {
		.entropies = entropies, .layers = model->parameters.layers,
		.exit_layers = model->exit_layers,
	};
	struct eb_sentence sentence = { 0 };
	struct eb_replayed replayed;

	if (!resident->cycles)
		return eb_fail(EB_MODEL_UNSUPPORTED,
			       "%s: has no cycle table for the profile %s of %s, which a forecast "
			       "needs; recompile the model for it", model->file.name,
			       resident->device->backend->info.profile,
			       resident->device->backend->info.path);
	for (uint32_t i = 0; i < recording.layers; i++)
		entropies[i] = (int32_t)lroundf(result->entropies[i] * EB_MODEL_ENTROPY_ONE);
	replayed = eb_exit_replay(settings->policy, settings->threshold, &model->predictor,
				  &recording);
	sentence.exit_layer = replayed.exit_layer;
	sentence.predicted_layer = replayed.predicted_layer;
	forecast.activity = activity(&forecast);
	add_jobs(&forecast, &sentence);
	*ret_sentence = sentence;
	return EB_OK;
}
