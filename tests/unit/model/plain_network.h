/* SPDX-License-Identifier: MIT */
/* The network once more, straight from the checkpoint's tensors and as its definition reads. */
#ifndef EDGEBERT_TESTS_PLAIN_NETWORK_H
#define EDGEBERT_TESTS_PLAIN_NETWORK_H

#include "tools/model/checkpoint.h"

struct plain_sentence {
	const uint32_t *tokens;
	const uint32_t *types;		/* NULL: all 0 */
	size_t count;
};

/*
 * Logits of the last layer, whose head has these names ("exits.3.pooler"), in double
 * precision; one sentence at a time, nothing is raised, shared or left out.
 */
void plain_network_run(const struct eb_checkpoint *checkpoint,
		       const struct plain_sentence *sentence, const char *pooler,
		       const char *classifier, double *logits);

#endif /* EDGEBERT_TESTS_PLAIN_NETWORK_H */
