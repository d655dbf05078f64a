/* SPDX-License-Identifier: MIT */
/* The SentencePiece library, which is C++, as C sees it.  Nothing is thrown through here. */
#ifndef EDGEBERT_LIB_SENTENCEPIECE_H
#define EDGEBERT_LIB_SENTENCEPIECE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct eb_sentencepiece;

enum eb_sentencepiece_outcome {
	EB_SENTENCEPIECE_OK,
	EB_SENTENCEPIECE_REFUSED,		/* the library says what it does not like */
	EB_SENTENCEPIECE_NO_MEMORY,
};

/*
 * model was found sound (lib/sentencepiece_check.h); it is copied.  message takes what the
 * library says of a model that it refuses.
 */
enum eb_sentencepiece_outcome
eb_sentencepiece_load(const void *model, size_t size,
		      struct eb_sentencepiece **ret_sentencepiece, char *message,
		      size_t message_size);
void eb_sentencepiece_free(struct eb_sentencepiece *sentencepiece);

/* Id of a piece, the unknown one's when the model does not have it. */
uint32_t eb_sentencepiece_id(const struct eb_sentencepiece *sentencepiece, const char *piece,
			     size_t size);

/* Called for each piece of a text, in order. */
typedef void (*eb_sentencepiece_sink)(void *opaque, uint32_t id, const char *piece, size_t size);

/* Needs no lock. */
enum eb_sentencepiece_outcome
eb_sentencepiece_encode(const struct eb_sentencepiece *sentencepiece, const char *text,
			size_t size, eb_sentencepiece_sink sink, void *opaque);

#ifdef __cplusplus
}
#endif

#endif /* EDGEBERT_LIB_SENTENCEPIECE_H */
