// SPDX-License-Identifier: MIT
/* Tokenizers of either kind: special tokens, pairs of texts, and the cut at the maximum. */
#include "lib/tokenizer.h"

#include <stdlib.h>
#include <string.h>

#include "lib/status.h"
#include "lib/tokenizer_kinds.h"
#include "lib/unicode_text.h"

/* [CLS], one piece, [SEP]. */
#define SEQUENCE_LEAST 3
/* [CLS] and [SEP] around one text; around and between two. */
#define SPECIAL_SINGLE 2
#define SPECIAL_PAIR 3

static uint32_t known_flags(enum eb_model_tokenizer kind)
{
	if (kind == EB_MODEL_TOKENIZER_WORDPIECE)
		return EB_MODEL_TOKENIZER_FLAGS & ~EB_MODEL_TOKENIZER_KEEP_SPACES;
	return EB_MODEL_TOKENIZER_LOWER_CASE | EB_MODEL_TOKENIZER_KEEP_ACCENTS |
	       EB_MODEL_TOKENIZER_KEEP_SPACES;
}

static enum eb_status check_request(enum eb_model_tokenizer kind, uint32_t flags,
				    uint32_t sequence_max)
{
	if (kind != EB_MODEL_TOKENIZER_WORDPIECE && kind != EB_MODEL_TOKENIZER_SENTENCEPIECE)
		return eb_fail(EB_MODEL_UNSUPPORTED, "the model wants tokenizer %u, which this "
			       "version does not have: upgrade the library", (unsigned int)kind);
	if (flags & ~known_flags(kind))
		return eb_fail(EB_MODEL_UNSUPPORTED, "the model wants tokenizer flags 0x%x, of "
			       "which this version knows 0x%x: upgrade the library", flags,
			       known_flags(kind));
	if (flags & EB_MODEL_TOKENIZER_KEEP_ACCENTS && flags & EB_MODEL_TOKENIZER_STRIP_ACCENTS)
		return eb_fail(EB_MODEL_CORRUPT, "the model wants accents both kept and stripped: "
			       "compile it again");
	if (sequence_max < SEQUENCE_LEAST || sequence_max > EDGEBERT_HW_SEQUENCE_MAX)
		return eb_fail(EB_MODEL_CORRUPT, "a longest sequence of %u tokens leaves no room "
			       "for text or is too long: %u is the least, %d the most",
			       sequence_max, SEQUENCE_LEAST, EDGEBERT_HW_SEQUENCE_MAX);
	return EB_OK;
}

enum eb_status eb_tokenizer_create(enum eb_model_tokenizer kind, uint32_t flags,
				   const char *vocabulary, size_t size, uint32_t sequence_max,
				   struct eb_tokenizer **ret_tokenizer)
{
	enum eb_status status = check_request(kind, flags, sequence_max);
	struct eb_tokenizer *tokenizer;

	if (status != EB_OK)
		return status;
	tokenizer = calloc(1, sizeof(*tokenizer));
	if (!tokenizer)
		return eb_fail(EB_OUT_OF_MEMORY, "no memory for the tokenizer");
	tokenizer->kind = kind;
	tokenizer->flags = flags;
	tokenizer->sequence_max = sequence_max;
	status = kind == EB_MODEL_TOKENIZER_WORDPIECE ?
			 wordpiece_create(tokenizer, vocabulary, size) :
			 albert_create(tokenizer, vocabulary, size);
	if (status != EB_OK) {
		eb_tokenizer_destroy(tokenizer);
		return status;
	}
	*ret_tokenizer = tokenizer;
	return EB_OK;
}

void eb_tokenizer_destroy(struct eb_tokenizer *tokenizer)
{
	if (!tokenizer)
		return;
	vocabulary_destroy(&tokenizer->vocabulary);
	eb_sentencepiece_free(tokenizer->sentencepiece);
	free(tokenizer);
}

uint32_t eb_tokenizer_vocabulary_size(const struct eb_tokenizer *tokenizer)
{
	return tokenizer->size;
}

struct eb_tokenizer_special eb_tokenizer_special(const struct eb_tokenizer *tokenizer)
{
	return tokenizer->special;
}

/* which: "the text" and such, for errors. */
static enum eb_status encode_text(const struct eb_tokenizer *tokenizer, const char *which,
				  const struct eb_text *text, struct token_list *list)
{
	size_t valid = text_valid_prefix(text->bytes, text->size);
	enum eb_status status = EB_OK;

	if (valid != text->size)
		return eb_fail(EB_TEXT_INVALID, "%s is not valid UTF-8 at byte %zu (0x%02x): "
			       "convert it to UTF-8", which, valid + 1,
			       (unsigned char)text->bytes[valid]);
	if (tokenizer->kind == EB_MODEL_TOKENIZER_WORDPIECE)
		wordpiece_encode(tokenizer, text->bytes, text->size, list);
	else
		status = albert_encode(tokenizer, text->bytes, text->size, list);
	if (status == EB_OK && list->count == 0)
		return eb_fail(EB_TEXT_EMPTY, "%s has no tokens: it is empty or holds only "
			       "space and control characters", which);
	return status;
}

enum eb_status eb_tokenizer_encode(const struct eb_tokenizer *tokenizer, const char *text,
				   size_t size, uint32_t *ids, size_t capacity,
				   size_t *ret_count, int *ret_truncated)
{
	const struct eb_text whole = { text, size };
	size_t room = ids ? capacity : 0;
	struct token_list list = {
		.ids = ids + (room > 0), .capacity = room - (room > 0),
		.limit = tokenizer->sequence_max - SPECIAL_SINGLE,
	};
	enum eb_status status = encode_text(tokenizer, "the text", &whole, &list);

	if (status != EB_OK)
		return status;
	if (room > 0)
		ids[0] = tokenizer->special.cls;
	if (list.count < list.capacity)
		list.ids[list.count] = tokenizer->special.sep;
	*ret_count = list.count + SPECIAL_SINGLE;
	*ret_truncated = list.truncated;
	return EB_OK;
}

/* Takes tokens from the end of the longer list, of the second where both are equal. */
static void cut_longest_first(struct token_list lists[2], size_t most)
{
	while (lists[0].count + lists[1].count > most) {
		struct token_list *longer = &lists[lists[0].count > lists[1].count ? 0 : 1];

		longer->count--;
		longer->truncated = true;
	}
}

enum eb_status eb_tokenizer_encode_pair(const struct eb_tokenizer *tokenizer,
					const struct eb_text texts[2], uint32_t *ids,
					uint32_t *types, size_t capacity, size_t *ret_count,
					int *ret_truncated)
{
	static const char *const names[] = { "the first text", "the second text" };
	uint32_t tokens[2][EDGEBERT_HW_SEQUENCE_MAX];
	struct token_list lists[2];
	size_t most, count = 0;

	if (tokenizer->sequence_max <= SPECIAL_PAIR)
		return eb_fail(EB_MODEL_UNSUPPORTED, "the model takes %u tokens, which leaves no "
			       "room for a pair of texts", tokenizer->sequence_max);
	most = tokenizer->sequence_max - SPECIAL_PAIR;
	for (int i = 0; i < 2; i++) {
		enum eb_status status;

		/* Neither can keep more than all places, so no more need be counted. */
		lists[i] = (struct token_list){ .ids = tokens[i], .capacity = most,
						.limit = most };
		status = encode_text(tokenizer, names[i], &texts[i], &lists[i]);
		if (status != EB_OK)
			return status;
	}
	cut_longest_first(lists, most);
	for (uint32_t i = 0; i < 2; i++) {
		size_t leading = i == 0;

		/* [CLS] leads the first text, [SEP] ends both. */
		for (size_t t = 0; t < leading + lists[i].count + 1; t++, count++) {
			if (count >= capacity)
				continue;
			types[count] = i;
			ids[count] = t < leading ? tokenizer->special.cls :
				     t < leading + lists[i].count ? tokens[i][t - leading] :
				     tokenizer->special.sep;
		}
	}
	*ret_count = count;
	*ret_truncated = lists[0].truncated || lists[1].truncated;
	return EB_OK;
}
