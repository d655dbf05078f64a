/* SPDX-License-Identifier: MIT */
/*
 * Thresholds from one pass through all layers: every threshold's exits, accuracy and
 * modelled energy follow from what that pass recorded.
 */
#ifndef EDGEBERT_TOOL_TUNING_H
#define EDGEBERT_TOOL_TUNING_H

#include <edgebert/edgebert.h>

#include "tools/edgebert/pipeline.h"

struct recorded_sentence {
	struct eb_result result;	/* of policy FULL */
	uint32_t expected;
};

struct tuning {
	struct recorded_sentence *sentences;
	size_t count;
	uint64_t correct;		/* of policy FULL */
};

/* What all sentences together would give at a threshold. */
struct operating_figures {
	int32_t threshold;		/* Q6.10 nats, as the device compares */
	uint64_t correct;
	uint64_t exit_layers, predicted_layers;	/* sums */
	uint64_t deadline_misses;
	uint64_t energy_pj, latency_ns;	/* modelled, sums */
};

void tuning_add(struct tuning *tuning, const struct sentence *sentence);
void tuning_free(struct tuning *tuning);

/* Thresholds from which nothing changes any more are above this. */
int32_t tuning_threshold_max(const struct tuning *tuning);

/* engine: of the policy to tune; only its threshold is replaced. */
enum eb_status tuning_forecast(const struct tuning *tuning, struct eb_engine *engine,
			       int32_t threshold, struct operating_figures *ret_figures);

/* Whether the accuracy is at most that many percentage points below that of FULL. */
bool tuning_accepts(const struct tuning *tuning, const struct operating_figures *figures,
		    double drop);

double tuning_threshold_nats(int32_t threshold);

#endif /* EDGEBERT_TOOL_TUNING_H */
