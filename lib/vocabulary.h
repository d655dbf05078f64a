/* SPDX-License-Identifier: MIT */
/* The tokens of a model: checked text, and the longest one that a word begins with. */
#ifndef EDGEBERT_LIB_VOCABULARY_H
#define EDGEBERT_LIB_VOCABULARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <edgebert/edgebert.h>

struct vocabulary_token {
	uint32_t start, length;	/* in text, without the "##" of a continuation */
};

struct vocabulary {
	char *text;
	struct vocabulary_token *tokens;
	uint32_t *slots;	/* open addressing: id + 1, 0 = free */
	uint32_t slot_mask;
	uint32_t count;
	uint32_t longest;	/* bytes of the longest token */
};

/*
 * Parses "token\n" lines.  EB_MODEL_CORRUPT, naming the line, for an empty line, a
 * repeated token, invalid UTF-8, or no token at all.
 */
enum eb_status vocabulary_init(struct vocabulary *vocabulary, const char *text,
			       size_t size) EB_WARN_UNUSED;
void vocabulary_destroy(struct vocabulary *vocabulary);

/* Id of a whole-word token, -1 when there is none. */
int64_t vocabulary_find(const struct vocabulary *vocabulary, const char *token, size_t length);

/*
 * Id of the longest token that word begins with, -1 when none; *ret_length is its length
 * in bytes.  continuation: only "##" tokens, else only the others.  Tokens and word are
 * UTF-8, so a match always ends between two characters.
 */
int64_t vocabulary_match(const struct vocabulary *vocabulary, bool continuation,
			 const char *word, size_t length, size_t *ret_length);

#endif /* EDGEBERT_LIB_VOCABULARY_H */
