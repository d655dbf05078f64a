/* SPDX-License-Identifier: MIT */
/*
 * The network in floating point: the reference that calibration observes and that the
 * device's results are compared with.
 */
#ifndef EDGEBERT_MODEL_FORWARD_H
#define EDGEBERT_MODEL_FORWARD_H

#include "tools/model/network.h"

/* Every tensor that the device stores; those before QUERY exist once, not per layer. */
enum eb_activation {
	EB_ACTIVATION_EMBEDDING_SUM,	/* word + position */
	EB_ACTIVATION_EMBEDDING_TOTAL,	/* ... + type */
	EB_ACTIVATION_EMBEDDING_NORM,
	EB_ACTIVATION_MAPPED,		/* ALBERT only */
	EB_ACTIVATION_QUERY,		/* divided by sqrt(head size) */
	EB_ACTIVATION_KEY,
	EB_ACTIVATION_VALUE,
	EB_ACTIVATION_SCORES,
	EB_ACTIVATION_PROBABILITIES,
	EB_ACTIVATION_ATTENDED_KEY,	/* mean key of a sentence as its attention weighs it */
	EB_ACTIVATION_CONTEXT,
	EB_ACTIVATION_ATTENTION_OUTPUT,
	EB_ACTIVATION_ATTENTION_SUM,
	EB_ACTIVATION_ATTENTION_NORM,
	EB_ACTIVATION_INTERMEDIATE,	/* after GELU */
	EB_ACTIVATION_OUTPUT,
	EB_ACTIVATION_OUTPUT_SUM,
	EB_ACTIVATION_OUTPUT_NORM,
	EB_ACTIVATION_EXIT_INPUT,	/* first row of OUTPUT_NORM */
	EB_ACTIVATION_POOLED,		/* after tanh */
	EB_ACTIVATION_LOGITS,
	EB_ACTIVATION_COUNT,
};

const char *eb_activation_name(enum eb_activation activation);

/* Several sentences, one after the other. */
struct eb_batch {
	const uint32_t *tokens;
	const uint32_t *types;
	const size_t *starts;		/* sentences + 1 offsets into tokens */
	size_t sentences;
};

/*
 * Called for each tensor of each layer (0-based) with rows x columns values; SCORES and
 * PROBABILITIES come once per sentence and head.
 */
typedef void (*eb_observer)(void *opaque, unsigned int layer, enum eb_activation activation,
			    const float *values, size_t rows, size_t columns);

struct eb_forward;

/* capacity: tokens of the largest batch, longest: tokens of the longest sentence. */
enum eb_status eb_forward_create(const struct eb_network *network, size_t capacity,
				 size_t longest, struct eb_forward **ret_forward) EB_WARN_UNUSED;
void eb_forward_destroy(struct eb_forward *forward);

/* logits[sentence][layer][classes]; layers without exit head are left alone. */
void eb_forward_run(struct eb_forward *forward, const struct eb_batch *batch,
		    eb_observer observer, void *opaque, float *logits);

#endif /* EDGEBERT_MODEL_FORWARD_H */
