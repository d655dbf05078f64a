/* SPDX-License-Identifier: MIT */
/*
 * Runs sentences through the device core inside the compiler: the very logits and
 * entropies that a device will give.
 */
#ifndef EDGEBERT_MODEL_RUNNER_H
#define EDGEBERT_MODEL_RUNNER_H

#include <stdbool.h>

#include "lib/model.h"
#include "tools/model/sentences.h"

/* A program and its constants, wherever they lie. */
struct eb_runnable {
	const uint8_t *weights;
	size_t weights_size;
	const uint8_t *envm;		/* what operand segment 8 begins with, may be NULL */
	size_t envm_size;
	const struct edgebert_hw_command *commands;
	size_t command_count;
	size_t scratch_bytes;
	size_t tables_bytes;
	unsigned int layers;
	unsigned int classes;
	unsigned int sequence_max;
	/* Command at which layer 2 begins. */
	uint32_t second_layer;
};

static inline struct eb_runnable eb_runnable_of(const struct eb_model *model)
{
	return (struct eb_runnable){
		.weights = model->weights, .weights_size = model->weights_size,
		.commands = model->commands, .command_count = model->command_count,
		.scratch_bytes = model->parameters.scratch_bytes,
		.tables_bytes = model->parameters.tables_bytes,
		.layers = model->parameters.layers, .classes = model->parameters.classes,
		.sequence_max = model->parameters.sequence_max,
		.second_layer = model->layer_start[1],
	};
}

/* What the device says at each exit, Q6.10. */
struct eb_exit_result {
	int16_t logits[EDGEBERT_HW_CLASSES_MAX];
	uint16_t entropy;		/* 0xffff: layer has no exit */
};

struct eb_run_all {
	const struct eb_runnable *runnable;
	const struct eb_sentences *sentences;
	struct eb_exit_result *results;	/* [sentence][layer] */
	unsigned int last_layer;	/* stop there; 0: run all layers */
	bool two_jobs;			/* layer 1 and the rest apart, as the latency policy does */
	uint64_t *cycles;		/* [sentence] modelled, of all jobs; may be NULL */
	/* May be NULL: fraction done, called by worker 0 only. */
	void (*progress)(void *opaque, double fraction);
	void *progress_opaque;
};

/* Every sentence, on two cores.  Layers that were not run have zero logits. */
enum eb_status eb_run_all(struct eb_run_all *run) EB_WARN_UNUSED;

#endif /* EDGEBERT_MODEL_RUNNER_H */
