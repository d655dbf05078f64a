// SPDX-License-Identifier: MIT
/*
 * Made-up sentences from a fixed pseudo-random sequence.
 */
#include "tools/model/sample_sentences.h"

#include <stdlib.h>

#include "lib/status.h"

#define WORDS_MIN 4
#define WORDS_MAX 40

/* Numerical Recipes' linear congruential generator; its high bits are good enough here. */
static uint32_t next_random(uint32_t *state, uint32_t limit)
{
	*state = *state * 1664525u + 1013904223u;
	return (uint32_t)(((uint64_t)*state * limit) >> 32);
}

enum eb_status eb_sample_sentences(const struct eb_tokenizer *tokenizer, size_t count,
				   size_t longest, struct eb_sentences *ret_sentences)
{
	struct eb_tokenizer_special special = eb_tokenizer_special(tokenizer);
	uint32_t size = eb_tokenizer_vocabulary_size(tokenizer), state = 1;
	uint32_t most = longest < WORDS_MAX + 2 ? (uint32_t)longest - 2 : WORDS_MAX;
	struct eb_sentences sentences = { .longest = most + 2 };

	sentences.items = calloc(count, sizeof(*sentences.items));
	for (size_t i = 0; i < count && sentences.items; i++) {
		struct eb_sentence *sentence = &sentences.items[i];
		size_t words = WORDS_MIN + next_random(&state, most - WORDS_MIN + 1);

		sentence->tokens = malloc((words + 2) * sizeof(*sentence->tokens));
		if (!sentence->tokens)
			break;
		sentence->tokens[0] = special.cls;
		for (size_t j = 1; j <= words; j++)
			sentence->tokens[j] = next_random(&state, size);
		sentence->tokens[words + 1] = special.sep;
		sentence->count = words + 2;
		sentences.count++;
	}
	if (sentences.count < count) {
		eb_sentences_free(&sentences);
		return eb_fail(EB_OUT_OF_MEMORY, "no memory for sample sentences");
	}
	*ret_sentences = sentences;
	return EB_OK;
}
