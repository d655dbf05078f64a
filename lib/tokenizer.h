/* SPDX-License-Identifier: MIT */
/*
 * Text to token ids, as the model was trained to see them.  Used by the runtime
 * and by the model compiler.
 */
#ifndef EDGEBERT_LIB_TOKENIZER_H
#define EDGEBERT_LIB_TOKENIZER_H

#include <stddef.h>
#include <stdint.h>

#include <edgebert/edgebert.h>

#include "lib/model_format.h"

struct eb_tokenizer;

/* Ids of the tokens that every vocabulary must have (in brackets: SentencePiece's names). */
struct eb_tokenizer_special {
	uint32_t cls;		/* [CLS] */
	uint32_t sep;		/* [SEP] */
	uint32_t unknown;	/* [UNK] (the model's unknown piece) */
	uint32_t padding;	/* [PAD] (<pad>) */
};

/*
 * vocabulary: what the VOCABULARY section of a model file holds; it is copied.  flags:
 * EB_MODEL_TOKENIZER_*.  sequence_max: longest result, special tokens included, at most
 * EDGEBERT_HW_SEQUENCE_MAX.  EB_MODEL_CORRUPT when the vocabulary lacks a special token, or
 * WordPiece's repeats a token or has an empty line or invalid UTF-8, or SentencePiece's is
 * not sound; EB_MODEL_UNSUPPORTED for another kind or flag.
 */
enum eb_status eb_tokenizer_create(enum eb_model_tokenizer kind, uint32_t flags,
				   const char *vocabulary, size_t size, uint32_t sequence_max,
				   struct eb_tokenizer **ret_tokenizer) EB_WARN_UNUSED;

/* Accepts NULL. */
void eb_tokenizer_destroy(struct eb_tokenizer *tokenizer);

uint32_t eb_tokenizer_vocabulary_size(const struct eb_tokenizer *tokenizer);
struct eb_tokenizer_special eb_tokenizer_special(const struct eb_tokenizer *tokenizer);

/*
 * Writes at most capacity ids; *ret_count is the full count (never above sequence_max),
 * *ret_truncated is 1 when sequence_max cut the text.  Token ids begin with [CLS] and
 * end with [SEP] also then.  EB_TEXT_INVALID when text is not UTF-8 throughout,
 * EB_TEXT_EMPTY when nothing but space and control characters is in it.  Text that looks
 * like a special token ("[SEP]") is text.  Needs no lock: the tokenizer is read only.
 */
enum eb_status eb_tokenizer_encode(const struct eb_tokenizer *tokenizer, const char *text,
				   size_t size, uint32_t *ids, size_t capacity,
				   size_t *ret_count, int *ret_truncated) EB_WARN_UNUSED;

struct eb_text {
	const char *bytes;
	size_t size;
};

/*
 * The same for two texts: [CLS] first [SEP] second [SEP].  types gets 1 for tokens of the
 * second text and the [SEP] behind it, else 0.  Where sequence_max cuts, it is the longer
 * of the two that loses tokens at its end.  Neither may be empty.
 */
enum eb_status eb_tokenizer_encode_pair(const struct eb_tokenizer *tokenizer,
					const struct eb_text texts[2], uint32_t *ids,
					uint32_t *types, size_t capacity, size_t *ret_count,
					int *ret_truncated) EB_WARN_UNUSED;

#endif /* EDGEBERT_LIB_TOKENIZER_H */
