/* SPDX-License-Identifier: MIT */
/* What is checked of a serialised SentencePiece model before the SentencePiece library sees it. */
#ifndef EDGEBERT_LIB_SENTENCEPIECE_CHECK_H
#define EDGEBERT_LIB_SENTENCEPIECE_CHECK_H

#include <stddef.h>
#include <stdint.h>

#include <edgebert/edgebert.h>

/* Piece ids, -1 where the model has no such piece. */
struct sentencepiece_facts {
	uint32_t pieces;
	int64_t cls, sep, padding, unknown;
};

/*
 * The library trusts its models: a hostile one could make it read outside its tables.
 * EB_MODEL_CORRUPT for anything that the library's own trainer does not write;
 * EB_MODEL_UNSUPPORTED for models of another type than unigram.
 */
enum eb_status sentencepiece_check(const void *model, size_t size,
				   struct sentencepiece_facts *ret_facts) EB_WARN_UNUSED;

/*
 * The map of characters alone: little-endian size of a double-array trie, the trie, then
 * strings that end with a zero.  NULL when it is sound, else what is wrong with it.
 */
const char *sentencepiece_check_character_map(const uint8_t *map, size_t size);

#endif /* EDGEBERT_LIB_SENTENCEPIECE_CHECK_H */
