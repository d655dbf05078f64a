// SPDX-License-Identifier: MIT
/* Recorded sentences, and what each threshold makes of them. */
#include "tools/edgebert/tuning.h"

#include <stdlib.h>

#include "lib/engine.h"
#include "lib/exit_replay.h"
#include "tools/edgebert/report.h"

void tuning_add(struct tuning *tuning, const struct sentence *sentence)
{
	struct recorded_sentence *recorded;

	/* Room for a power of two: more is needed when the count is one. */
	if ((tuning->count & (tuning->count - 1)) == 0) {
		size_t room = tuning->count ? 2 * tuning->count : 1;
		struct recorded_sentence *sentences =
			reallocarray(tuning->sentences, room, sizeof(*sentences));

		if (!sentences)
			report_out_of_memory();
		tuning->sentences = sentences;
	}
	recorded = &tuning->sentences[tuning->count++];
	recorded->result = sentence->result;
	recorded->expected = (uint32_t)sentence->expected;
	tuning->correct += sentence->result.label == recorded->expected;
}

void tuning_free(struct tuning *tuning)
{
	free(tuning->sentences);
	*tuning = (struct tuning){ 0 };
}

int32_t tuning_threshold_max(const struct tuning *tuning)
{
	float highest = 0;

	for (size_t i = 0; i < tuning->count; i++)
		for (uint32_t layer = 0; layer < EB_LAYERS_MAX; layer++)
			if (tuning->sentences[i].result.entropies[layer] > highest)
				highest = tuning->sentences[i].result.entropies[layer];
	return (int32_t)(highest * EB_MODEL_ENTROPY_ONE);
}

enum eb_status tuning_forecast(const struct tuning *tuning, struct eb_engine *engine,
			       int32_t threshold, struct operating_figures *ret_figures)
{
	struct eb_policy_settings settings = engine->place->settings;
	struct operating_figures figures = { .threshold = threshold };

	settings.threshold = (int16_t)threshold;
	for (size_t i = 0; i < tuning->count; i++) {
		const struct recorded_sentence *recorded = &tuning->sentences[i];
		struct eb_sentence sentence;
		enum eb_status status = eb_policy_forecast(&settings, engine->place->resident,
							   &recorded->result, &sentence);

		if (status != EB_OK)
			return status;
		figures.correct += recorded->result.layer_labels[sentence.exit_layer - 1] ==
				   recorded->expected;
		figures.exit_layers += sentence.exit_layer;
		figures.predicted_layers += sentence.predicted_layer;
		figures.deadline_misses += settings.target_ns &&
					   sentence.time_ns > settings.target_ns;
		figures.energy_pj += sentence.energy_pj;
		figures.latency_ns += sentence.time_ns;
	}
	*ret_figures = figures;
	return EB_OK;
}

bool tuning_accepts(const struct tuning *tuning, const struct operating_figures *figures,
		    double drop)
{
	double lost = (double)tuning->correct - (double)figures->correct;

	/* A drop of exactly so much is allowed, however it rounds. */
	return lost <= drop / 100 * (double)tuning->count + 1e-6;
}

double tuning_threshold_nats(int32_t threshold)
{
	return (double)threshold / EB_MODEL_ENTROPY_ONE;
}
