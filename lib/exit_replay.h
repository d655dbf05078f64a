/* SPDX-License-Identifier: MIT */
/*
 * The exit policies over entropies that were recorded before: what a policy would have
 * done, without running the sentence again.
 */
#ifndef EDGEBERT_LIB_EXIT_REPLAY_H
#define EDGEBERT_LIB_EXIT_REPLAY_H

#include "lib/exit_policy.h"

/* Entropies, threshold and predictor are in one unit, any. */
struct eb_recording {
	const int32_t *entropies;	/* of layers 1, 2, ...; read at layers with an exit only */
	uint32_t layers;
	uint32_t exit_layers;		/* bit l - 1: layer l has an exit; the last one has */
};

struct eb_replayed {
	uint32_t exit_layer;
	uint32_t predicted_layer;	/* LATENCY; 0 otherwise */
};

/* predictor: LATENCY only. */
struct eb_replayed eb_exit_replay(enum eb_policy policy, int32_t threshold,
				  const struct eb_exit_predictor *predictor,
				  const struct eb_recording *recording);

/*
 * What a sentence would take on a device: exits exactly as there; cycles, time and energy
 * estimated from the model's cycle table in proportion to those of the result, which is
 * one of policy FULL on this device.  The settings must have passed eb_policy_settle().
 */
enum eb_status eb_policy_forecast(const struct eb_policy_settings *settings,
				  const struct eb_resident_model *resident,
				  const struct eb_result *result,
				  struct eb_sentence *ret_sentence);

#endif /* EDGEBERT_LIB_EXIT_REPLAY_H */
