/* SPDX-License-Identifier: MIT */
/* How deep a sentence goes and at which operating point: the policies. */
#ifndef EDGEBERT_LIB_EXIT_POLICY_H
#define EDGEBERT_LIB_EXIT_POLICY_H

#include "lib/sentence_job.h"

struct eb_policy_settings {
	enum eb_policy policy;
	int16_t threshold;		/* Q6.10 nats */
	uint32_t operating_point;	/* FULL, ENTROPY */
	uint64_t target_ns;		/* LATENCY, CUSTOM; 0: none */
	enum eb_latency_mode mode;	/* LATENCY; after eb_policy_settle() never AUTOMATIC */
	enum eb_target_scope scope;
	enum eb_unreachable unreachable;
	void (*decide)(void *opaque, struct eb_decision *decision);	/* CUSTOM */
	void *decide_opaque;
};

/*
 * Whether these settings can work for a model on a device, and what AUTOMATIC means there;
 * EB_TARGET_UNREACHABLE only when not even one layer of the shortest sentence can meet the
 * target.
 */
enum eb_status eb_policy_settle(struct eb_policy_settings *settings,
				const struct eb_resident_model *resident);

/* Runs the sentence whose tokens are in the lane's input; submitted_ns: CLOCK_MONOTONIC. */
enum eb_status eb_policy_run(const struct eb_policy_settings *settings,
			     const struct eb_resident_model *resident,
			     const struct eb_lane *lane, uint32_t token_count,
			     uint64_t submitted_ns, struct eb_sentence *ret_sentence);

/*
 * The operating point for the rest of a sentence that ran layer 1: what the target's scope
 * counts as used is gone, and what the second job is expected to wait; the transition that it
 * will make counts.  The
 * cycles are those until the exit at which the limit takes effect; leaving earlier only
 * saves time and energy.
 */
uint32_t eb_policy_choose_point(const struct eb_policy_settings *settings,
				const struct eb_resident_model *resident,
				const struct eb_window *window, uint32_t token_count,
				const struct eb_sentence *sentence, bool *ret_reachable);

/* What of the target a sentence has used, as the scope counts. */
uint64_t eb_policy_used_ns(const struct eb_policy_settings *settings,
			   const struct eb_sentence *sentence);

/* latency_policy.c */
enum eb_status eb_latency_run(const struct eb_policy_settings *settings,
			      struct eb_journey *journey);
enum eb_status eb_custom_run(const struct eb_policy_settings *settings,
			     struct eb_journey *journey);
enum eb_status eb_latency_settle(struct eb_policy_settings *settings,
				 const struct eb_resident_model *resident);
enum eb_status eb_custom_settle(const struct eb_policy_settings *settings,
				const struct eb_resident_model *resident);

#endif /* EDGEBERT_LIB_EXIT_POLICY_H */
