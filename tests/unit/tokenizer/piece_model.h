/* SPDX-License-Identifier: MIT */
/* SentencePiece models made by hand, field by field, sound or not. */
#ifndef EDGEBERT_TESTS_PIECE_MODEL_H
#define EDGEBERT_TESTS_PIECE_MODEL_H

#include <stddef.h>
#include <stdint.h>

enum { PIECE_NORMAL = 1, PIECE_UNKNOWN, PIECE_CONTROL, PIECE_USER_DEFINED };

struct piece_model {
	uint8_t bytes[16384];
	size_t size;
};

/* A field of bytes: a part of the model, or of a part. */
void piece_model_put_field(struct piece_model *model, unsigned int number, const void *bytes,
			   size_t size);
void piece_model_put_bytes(struct piece_model *model, const char *text, size_t size, float score,
			   unsigned int type);
void piece_model_put(struct piece_model *model, const char *text, float score,
		     unsigned int type);
/* <pad>, <unk>, [CLS], [SEP]: ids 0 to 3 when they come first. */
void piece_model_put_specials(struct piece_model *model);
/* A normaliser with this map of characters. */
void piece_model_put_map(struct piece_model *model, const void *map, size_t size);

#endif /* EDGEBERT_TESTS_PIECE_MODEL_H */
