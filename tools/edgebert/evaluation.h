/* SPDX-License-Identifier: MIT */
/* Figures over many results: how right, how early, how costly. */
#ifndef EDGEBERT_TOOL_EVALUATION_H
#define EDGEBERT_TOOL_EVALUATION_H

#include <edgebert/edgebert.h>

#include "tools/edgebert/pipeline.h"
#include "tools/edgebert/record.h"

struct evaluation {
	const char *policy;
	uint32_t layers, classes;
	uint64_t count, correct, refused;
	uint64_t confusion[EB_CLASSES_MAX][EB_CLASSES_MAX];	/* [expected][answered] */
	uint64_t exits[EB_LAYERS_MAX];
	/* By layer: sentences that it was assessed for, and those that it had right. */
	uint64_t assessed[EB_LAYERS_MAX], assessed_correct[EB_LAYERS_MAX];
	uint64_t exit_layers, predicted_layers;	/* sums */
	uint64_t deadline_misses, truncated;
	uint64_t energy_pj, latency_ns, latency_ns_max, cycles;	/* modelled, sums */
	uint64_t host_ns;	/* of the sentences, sum */
	double seconds;		/* from the first to the last, measured */
};

void evaluation_add(struct evaluation *evaluation, const struct sentence *sentence);

double evaluation_accuracy(const struct evaluation *evaluation);
/* Of class 1 when there are two classes, the mean over all classes otherwise. */
double evaluation_f1(const struct evaluation *evaluation);
double evaluation_energy_uj(const struct evaluation *evaluation);

/* Adds all figures to a record. */
void evaluation_to_record(const struct evaluation *evaluation, struct record *record);

#endif /* EDGEBERT_TOOL_EVALUATION_H */
