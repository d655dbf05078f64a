/* SPDX-License-Identifier: MIT */
/* Inside the tokenizer: what its two kinds share. */
#ifndef EDGEBERT_LIB_TOKENIZER_KINDS_H
#define EDGEBERT_LIB_TOKENIZER_KINDS_H

#include <stdbool.h>

#include "lib/sentencepiece.h"
#include "lib/tokenizer.h"
#include "lib/vocabulary.h"

struct eb_tokenizer {
	enum eb_model_tokenizer kind;
	uint32_t flags;
	struct eb_tokenizer_special special;
	uint32_t sequence_max;
	uint32_t size;				/* tokens of the vocabulary */
	struct vocabulary vocabulary;		/* WordPiece */
	struct eb_sentencepiece *sentencepiece;
};

/* Takes a text's tokens: counts up to limit, keeps up to capacity. */
struct token_list {
	uint32_t *ids;
	size_t capacity;
	size_t limit;
	size_t count;
	bool truncated;		/* there were more than limit */
};

static inline void token_list_put(struct token_list *list, uint32_t id)
{
	if (list->count == list->limit) {
		list->truncated = true;
		return;
	}
	if (list->count < list->capacity)
		list->ids[list->count] = id;
	list->count++;
}

/* Fill in the parts of a tokenizer whose kind, flags and sequence_max are set. */
enum eb_status wordpiece_create(struct eb_tokenizer *tokenizer, const char *vocabulary,
				size_t size) EB_WARN_UNUSED;
enum eb_status albert_create(struct eb_tokenizer *tokenizer, const char *model,
			     size_t size) EB_WARN_UNUSED;

/* Tokens of a valid UTF-8 text, without special ones. */
void wordpiece_encode(const struct eb_tokenizer *tokenizer, const char *text, size_t size,
		      struct token_list *list);
enum eb_status albert_encode(const struct eb_tokenizer *tokenizer, const char *text,
			     size_t size, struct token_list *list) EB_WARN_UNUSED;

#endif /* EDGEBERT_LIB_TOKENIZER_KINDS_H */
