/* SPDX-License-Identifier: MIT */
/*
 * What replayed sentences would take on a device: modelled latency and energy of the
 * paper's three ways to run them (MICRO 2021, section 7: conventional inference at the
 * highest voltage and frequency, early exit alone, and early exit with prediction and
 * DVFS to a target latency).
 */
#ifndef EDGEBERT_TOOL_REPLAY_COST_H
#define EDGEBERT_TOOL_REPLAY_COST_H

#include <edgebert/edgebert.h>

#include "lib/exit_replay.h"
#include "tools/edgebert/record.h"

/*
 * Cycles of a layer of ALBERT-base (hidden 768, feed-forward 3072, 12 heads) for a sentence
 * of 128 tokens: 931.1 million multiply-accumulates on 16 x 16 x 16 tiles in 16 cycles each
 * (matrix unit alone, without softmax, LayerNorm and transfers).
 */
#define REPLAY_CYCLES_PER_LAYER 3637248

struct replay_device {
	struct eb_device *device;	/* for its estimator and points */
	uint64_t cycles_per_layer;
	uint64_t target_ns;
};

/* Sums over the sentences of one policy. */
struct replay_cost {
	uint64_t sentences, exit_layers, misses;
	double latency_ns, energy_pj;	/* modelled */
	uint64_t point_layers[16];	/* layers that ran at each operating point */
};

void replay_cost_add(const struct replay_device *device, enum eb_policy policy,
		     const struct eb_replayed *replayed, struct replay_cost *cost);

/* One row: means, misses, and how many times less energy than the two others. */
void replay_cost_report(struct record *list, const struct replay_device *device,
			enum eb_policy policy, const struct replay_cost costs[3]);

#endif /* EDGEBERT_TOOL_REPLAY_COST_H */
