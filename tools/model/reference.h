/* SPDX-License-Identifier: MIT */
/* Running the floating-point network over many sentences. */
#ifndef EDGEBERT_MODEL_REFERENCE_H
#define EDGEBERT_MODEL_REFERENCE_H

#include "tools/model/forward.h"
#include "tools/model/sentences.h"

/* Tokens handled at once: enough rows to keep the products busy. */
#define EB_REFERENCE_BATCH_TOKENS 512

struct eb_reference_run {
	const struct eb_network *network;
	const struct eb_sentences *sentences;
	/* May be NULL.  observers[w] is given to calls made by worker w. */
	eb_observer observer;
	void *observers[2];
	/* May be NULL.  logits[sentence][layer][classes] */
	float *logits;
	/* May be NULL: fraction done, called by worker 0 only. */
	void (*progress)(void *opaque, double fraction);
	void *progress_opaque;
};

enum eb_status eb_reference_run(struct eb_reference_run *run) EB_WARN_UNUSED;

#endif /* EDGEBERT_MODEL_REFERENCE_H */
