/* SPDX-License-Identifier: MIT */
/* How deep a sentence goes and at which operating point: the three policies. */
#ifndef EDGEBERT_LIB_EXIT_POLICY_H
#define EDGEBERT_LIB_EXIT_POLICY_H

#include "lib/resident_model.h"

struct eb_policy_settings {
	enum eb_policy policy;
	int16_t threshold;		/* Q6.10 nats */
	uint32_t operating_point;	/* FULL, ENTROPY */
	uint64_t target_ns;		/* LATENCY, else 0 */
};

/* What became of a sentence on the device. */
struct eb_sentence {
	uint32_t exit_layer;
	uint32_t predicted_layer;	/* 0: none */
	uint32_t operating_point;
	uint32_t layers_assessed;
	uint64_t cycles, time_ns, energy_pj;		/* modelled, all jobs together */
	uint16_t entropies[EDGEBERT_HW_LAYERS_MAX];	/* Q6.10 */
};

/* Entropy of a layer that no job assessed. */
#define EB_ENTROPY_ABSENT 0xffff

/*
 * Whether these settings can work for a model on a device; EB_TARGET_UNREACHABLE only
 * when not even one layer of the shortest sentence can meet the target.
 */
enum eb_status eb_policy_check(const struct eb_policy_settings *settings,
			       const struct eb_resident_model *resident);

/* Runs the sentence whose tokens are in the lane's input. */
enum eb_status eb_policy_run(const struct eb_policy_settings *settings,
			     const struct eb_resident_model *resident,
			     const struct eb_lane *lane, uint32_t token_count,
			     struct eb_sentence *ret_sentence);

/*
 * The operating point for the rest of a sentence that ran layer 1: modelled time already
 * used counts, and so does the transition that the second job will make.  The cycles are
 * those until the exit at which the limit takes effect; leaving earlier only saves time
 * and energy.
 */
uint32_t eb_policy_choose_point(const struct eb_policy_settings *settings,
				const struct eb_resident_model *resident, uint32_t token_count,
				const struct eb_sentence *sentence);

#endif /* EDGEBERT_LIB_EXIT_POLICY_H */
