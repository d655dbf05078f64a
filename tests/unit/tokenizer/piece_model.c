// SPDX-License-Identifier: MIT
/* Writes the protocol buffer of a SentencePiece model. */
#include "tests/unit/tokenizer/piece_model.h"

#include <string.h>

static void put_varint(struct piece_model *model, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		model->bytes[model->size++] = (uint8_t)(value | 0x80);
	model->bytes[model->size++] = (uint8_t)value;
}

void piece_model_put_field(struct piece_model *model, unsigned int number, const void *bytes,
			   size_t size)
{
	put_varint(model, number << 3 | 2);
	put_varint(model, size);
	memcpy(model->bytes + model->size, bytes, size);
	model->size += size;
}

void piece_model_put_bytes(struct piece_model *model, const char *text, size_t size, float score,
			   unsigned int type)
{
	struct piece_model piece = { .size = 0 };

	piece_model_put_field(&piece, 1, text, size);
	put_varint(&piece, 2 << 3 | 5);
	memcpy(piece.bytes + piece.size, &score, sizeof(score));
	piece.size += sizeof(score);
	put_varint(&piece, 3 << 3 | 0);
	put_varint(&piece, type);
	piece_model_put_field(model, 1, piece.bytes, piece.size);
}

void piece_model_put(struct piece_model *model, const char *text, float score,
		     unsigned int type)
{
	piece_model_put_bytes(model, text, strlen(text), score, type);
}

void piece_model_put_specials(struct piece_model *model)
{
	piece_model_put(model, "<pad>", 0, PIECE_CONTROL);
	piece_model_put(model, "<unk>", 0, PIECE_UNKNOWN);
	piece_model_put(model, "[CLS]", 0, PIECE_CONTROL);
	piece_model_put(model, "[SEP]", 0, PIECE_CONTROL);
}

void piece_model_put_map(struct piece_model *model, const void *map, size_t size)
{
	struct piece_model normalizer = { .size = 0 };

	piece_model_put_field(&normalizer, 2, map, size);
	piece_model_put_field(model, 3, normalizer.bytes, normalizer.size);
}
