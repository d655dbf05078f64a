// SPDX-License-Identifier: MIT
/*
 * Running the floating-point network over many sentences: worker w takes the w-th half,
 * in batches of whole sentences.
 */
#include "tools/model/reference.h"

#include <string.h>

#include "lib/status.h"
#include "tools/model/workers.h"

/* Fills a batch with sentences from next up to limit; returns how many. */
static size_t fill_batch(const struct eb_sentences *sentences, size_t next, size_t limit,
			 uint32_t *tokens, uint32_t *types, size_t *starts)
{
	size_t total = 0, count = 0;

	while (next + count < limit) {
		const struct eb_sentence *sentence = &sentences->items[next + count];

		if (count && total + sentence->count > EB_REFERENCE_BATCH_TOKENS)
			break;
		starts[count++] = total;
		memcpy(tokens + total, sentence->tokens, sentence->count * sizeof(*tokens));
		memset(types + total, 0, sentence->count * sizeof(*types));
		if (sentence->types)
			memcpy(types + total, sentence->types, sentence->count * sizeof(*types));
		total += sentence->count;
	}
	starts[count] = total;
	return count;
}

static enum eb_status run_part(void *opaque, unsigned int worker)
{
	struct eb_reference_run *run = opaque;
	const struct eb_shape *shape = &run->network->shape;
	size_t count = run->sentences->count;
	size_t first = count * worker / EB_WORKERS, limit = count * (worker + 1) / EB_WORKERS;
	uint32_t tokens[EB_REFERENCE_BATCH_TOKENS], types[EB_REFERENCE_BATCH_TOKENS];
	size_t starts[EB_REFERENCE_BATCH_TOKENS + 1];
	struct eb_forward *forward;
	enum eb_status status;

	status = eb_forward_create(run->network, EB_REFERENCE_BATCH_TOKENS,
				   run->sentences->longest, &forward);
	if (status)
		return status;
	for (size_t next = first; next < limit;) {
		size_t sentences = fill_batch(run->sentences, next, limit, tokens, types, starts);
		struct eb_batch batch = { tokens, types, starts, sentences };

		eb_forward_run(forward, &batch, run->observer, run->observers[worker],
			       run->logits ? run->logits + next * shape->layers * shape->classes
					   : NULL);
		next += sentences;
		if (worker == 0 && run->progress)
			run->progress(run->progress_opaque,
				      (double)(next - first) / (double)(limit - first));
	}
	eb_forward_destroy(forward);
	return EB_OK;
}

enum eb_status eb_reference_run(struct eb_reference_run *run)
{
	if (run->sentences->longest > EB_REFERENCE_BATCH_TOKENS)
		return eb_fail(EB_INTERNAL, "a sentence has more than %d tokens",
			       EB_REFERENCE_BATCH_TOKENS);
	return eb_compile_workers_run(run_part, run);
}
