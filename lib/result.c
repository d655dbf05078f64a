// SPDX-License-Identifier: MIT
/* The public result of a sentence: logits to scores and label, Q6.10 to nats. */
#include "lib/result.h"

#include <math.h>
#include <string.h>

static void read_logits(const struct eb_lane *lane, uint32_t layer,
			int16_t logits[EDGEBERT_HW_CLASSES_MAX])
{
	memcpy(logits, (const uint8_t *)lane->output.data +
	       (layer - 1) * EB_MODEL_OUTPUT_ROW_BYTES, EB_MODEL_OUTPUT_ROW_BYTES);
}

/* The first of the largest. */
static uint32_t largest_class(const int16_t *logits, uint32_t classes)
{
	uint32_t label = 0;

	for (uint32_t i = 1; i < classes; i++) {
		if (logits[i] > logits[label])
			label = i;
	}
	return label;
}

/* Logits of the exit layer, their softmax, and the class with the largest. */
static void fill_scores(const int16_t *logits, uint32_t classes, struct eb_result *result)
{
	float largest, sum = 0;

	result->label = largest_class(logits, classes);
	for (uint32_t i = 0; i < classes; i++)
		result->logits[i] = (float)logits[i] / EB_MODEL_ENTROPY_ONE;
	largest = result->logits[result->label];
	for (uint32_t i = 0; i < classes; i++) {
		result->scores[i] = expf(result->logits[i] - largest);
		sum += result->scores[i];
	}
	for (uint32_t i = 0; i < classes; i++)
		result->scores[i] /= sum;
}

static void fill_layers(const struct eb_lane *lane, const struct eb_sentence *sentence,
			struct eb_result *result)
{
	int16_t logits[EDGEBERT_HW_CLASSES_MAX];

	for (uint32_t i = 0; i < EB_LAYERS_MAX; i++) {
		if (sentence->entropies[i] == EB_ENTROPY_ABSENT) {
			result->entropies[i] = EB_ENTROPY_NOT_ASSESSED;
			continue;
		}
		result->entropies[i] =
			(float)(int16_t)sentence->entropies[i] / EB_MODEL_ENTROPY_ONE;
		read_logits(lane, i + 1, logits);
		result->layer_labels[i] = largest_class(logits, result->class_count);
	}
}

void eb_result_fill(const struct eb_policy_settings *settings,
		    const struct eb_resident_model *resident, const struct eb_lane *lane,
		    uint32_t token_count, const struct eb_sentence *sentence,
		    struct eb_result *result)
{
	const struct eb_operating_point *point =
		&resident->device->backend->info.operating_points[sentence->operating_point];
	int16_t logits[EDGEBERT_HW_CLASSES_MAX];

	read_logits(lane, sentence->exit_layer, logits);
	result->class_count = resident->model->parameters.classes;
	fill_scores(logits, result->class_count, result);
	result->token_count = token_count;
	result->exit_layer = sentence->exit_layer;
	result->predicted_layer = sentence->predicted_layer;
	result->layers_assessed = sentence->layers_assessed;
	fill_layers(lane, sentence, result);
	result->operating_point = sentence->operating_point;
	result->mhz = (point->khz + 500) / 1000;
	result->millivolt = point->millivolt;
	result->modelled_cycles = sentence->cycles;
	result->modelled_latency_ns = sentence->time_ns;
	result->modelled_energy_pj = sentence->energy_pj;
	result->target_latency_ns = settings->target_ns;
	result->deadline_missed = settings->target_ns &&
				  eb_policy_used_ns(settings, sentence) > settings->target_ns;
	result->jobs = sentence->jobs;
	result->transitions = sentence->transitions;
	result->throttled = sentence->throttled;
	result->target_unreachable = sentence->unreachable;
	result->queue_ns = sentence->queue_ns;
}
