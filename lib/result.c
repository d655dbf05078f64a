// SPDX-License-Identifier: MIT
/* The public result of a sentence: logits to scores and label, Q6.10 to nats. */
#include "lib/result.h"

#include <math.h>
#include <string.h>

/* Logits of the exit layer, their softmax, and the class with the largest. */
static void fill_scores(const int16_t *logits, uint32_t classes, struct eb_result *result)
{
	float largest, sum = 0;

	result->label = 0;
	for (uint32_t i = 0; i < classes; i++) {
		result->logits[i] = (float)logits[i] / EB_MODEL_ENTROPY_ONE;
		if (logits[i] > logits[result->label])
			result->label = i;
	}
	largest = result->logits[result->label];
	for (uint32_t i = 0; i < classes; i++) {
		result->scores[i] = expf(result->logits[i] - largest);
		sum += result->scores[i];
	}
	for (uint32_t i = 0; i < classes; i++)
		result->scores[i] /= sum;
}

void eb_result_fill(const struct eb_policy_settings *settings,
		    const struct eb_resident_model *resident, const struct eb_lane *lane,
		    uint32_t token_count, const struct eb_sentence *sentence,
		    struct eb_result *result)
{
	const struct eb_operating_point *point =
		&resident->device->backend->info.operating_points[sentence->operating_point];
	int16_t logits[EDGEBERT_HW_CLASSES_MAX];

	memcpy(logits, (const uint8_t *)lane->output.data +
	       (sentence->exit_layer - 1) * EB_MODEL_OUTPUT_ROW_BYTES, sizeof(logits));
	result->class_count = resident->model->parameters.classes;
	fill_scores(logits, result->class_count, result);
	result->token_count = token_count;
	result->exit_layer = sentence->exit_layer;
	result->predicted_layer = sentence->predicted_layer;
	result->layers_assessed = sentence->layers_assessed;
	for (size_t i = 0; i < EB_LAYERS_MAX; i++)
		result->entropies[i] = sentence->entropies[i] == EB_ENTROPY_ABSENT ?
			EB_ENTROPY_NOT_ASSESSED :
			(float)(int16_t)sentence->entropies[i] / EB_MODEL_ENTROPY_ONE;
	result->operating_point = sentence->operating_point;
	result->mhz = (point->khz + 500) / 1000;
	result->millivolt = point->millivolt;
	result->modelled_cycles = sentence->cycles;
	result->modelled_latency_ns = sentence->time_ns;
	result->modelled_energy_pj = sentence->energy_pj;
	result->target_latency_ns = settings->target_ns;
	result->deadline_missed = settings->target_ns && sentence->time_ns > settings->target_ns;
}
