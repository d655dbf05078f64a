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

/* [CLS] words [SEP], or with a [SEP] for one of the words and types from there on. */
static bool fill(struct eb_sentence *sentence, const struct eb_tokenizer *tokenizer, size_t words,
		 bool pair, uint32_t *state)
{
	struct eb_tokenizer_special special = eb_tokenizer_special(tokenizer);
	uint32_t size = eb_tokenizer_vocabulary_size(tokenizer);
	size_t middle = pair ? 1 + words / 2 : words + 1;

	sentence->count = words + 2;
	sentence->tokens = malloc(sentence->count * sizeof(*sentence->tokens));
	if (pair)
		sentence->types = calloc(sentence->count, sizeof(*sentence->types));
	if (!sentence->tokens || (pair && !sentence->types))
		return false;
	sentence->tokens[0] = special.cls;
	for (size_t i = 1; i < sentence->count; i++) {
		uint32_t word = next_random(state, size);

		sentence->tokens[i] = i == middle || i == words + 1 ? special.sep : word;
		if (i > middle)
			sentence->types[i] = 1;
	}
	return true;
}

enum eb_status eb_sample_sentences(const struct eb_tokenizer *tokenizer, size_t count,
				   size_t longest, bool pairs, struct eb_sentences *ret_sentences)
{
	uint32_t most = longest < WORDS_MAX + 2 ? (uint32_t)longest - 2 : WORDS_MAX, state = 1;
	struct eb_sentences sentences = { .longest = most + 2, .pairs = pairs };

	sentences.items = calloc(count, sizeof(*sentences.items));
	while (sentences.items && sentences.count < count) {
		size_t words = WORDS_MIN + next_random(&state, most - WORDS_MIN + 1);

		if (!fill(&sentences.items[sentences.count++], tokenizer, words, pairs, &state)) {
			eb_sentences_free(&sentences);
			break;
		}
	}
	if (!sentences.items)
		return eb_fail(EB_OUT_OF_MEMORY, "no memory for sample sentences");
	*ret_sentences = sentences;
	return EB_OK;
}
