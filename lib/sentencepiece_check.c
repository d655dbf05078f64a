// SPDX-License-Identifier: MIT
/*
 * Checks a serialised SentencePiece model: protocol buffer fields by hand, as far as the
 * library relies on what they hold.
 */
#include "lib/sentencepiece_check.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "lib/status.h"
#include "lib/unicode_text.h"

#define PIECES_MAX (1u << 20)
#define MODEL_BYTES_MAX (64u << 20)
#define PIECE_BYTES_MAX 1024
/* The library has room for 64 pieces of the text's beginning, each of another length. */
#define USER_PIECE_BYTES_MAX 64

enum wire_type { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

/* Field numbers of sentencepiece_model.proto. */
enum { MODEL_PIECES = 1, MODEL_TRAINER = 2, MODEL_NORMALIZER = 3, MODEL_DENORMALIZER = 5 };
enum { PIECE_TEXT = 1, PIECE_SCORE = 2, PIECE_TYPE = 3 };
enum { TRAINER_MODEL_TYPE = 3 };
enum { NORMALIZER_CHARACTER_MAP = 2 };
enum { TYPE_NORMAL = 1, TYPE_UNKNOWN = 2, TYPE_USER_DEFINED = 4, TYPE_LAST = 6 };
#define MODEL_TYPE_UNIGRAM 1

struct reader {
	const uint8_t *at, *end;
};

struct field {
	uint32_t number;
	uint32_t type;
	uint64_t value;		/* varint and fixed */
	struct reader bytes;
};

static bool read_varint(struct reader *reader, uint64_t *ret_value)
{
	uint64_t value = 0;

	for (unsigned int shift = 0; shift < 64 && reader->at < reader->end; shift += 7) {
		uint8_t byte = *reader->at++;

		value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80)) {
			*ret_value = value;
			return true;
		}
	}
	return false;
}

static bool read_fixed(struct reader *reader, size_t size, uint64_t *ret_value)
{
	uint64_t value = 0;

	if ((size_t)(reader->end - reader->at) < size)
		return false;
	for (size_t i = 0; i < size; i++)
		value |= (uint64_t)reader->at[i] << 8 * i;
	reader->at += size;
	*ret_value = value;
	return true;
}

/* Groups, which nobody writes any more, are refused with all else that is unknown. */
static bool read_field(struct reader *reader, struct field *field)
{
	uint64_t tag, size;

	if (!read_varint(reader, &tag) || tag >> 32 || tag < 8)
		return false;
	field->number = (uint32_t)tag >> 3;
	field->type = tag & 7;
	switch (field->type) {
	case WIRE_VARINT:
		return read_varint(reader, &field->value);
	case WIRE_FIXED64:
		return read_fixed(reader, 8, &field->value);
	case WIRE_FIXED32:
		return read_fixed(reader, 4, &field->value);
	case WIRE_BYTES:
		if (!read_varint(reader, &size) || size > (size_t)(reader->end - reader->at))
			return false;
		field->bytes = (struct reader){ reader->at, reader->at + size };
		reader->at += size;
		return true;
	default:
		return false;
	}
}

static bool is_empty(const struct reader *reader)
{
	return reader->at == reader->end;
}

static enum eb_status broken(const char *what)
{
	return eb_fail(EB_MODEL_CORRUPT, "the SentencePiece model is damaged: %s; take the file "
		       "that the checkpoint was published with", what);
}

struct piece {
	const char *text;
	size_t size;
	uint32_t type;
	float score;
};

static bool read_piece(struct reader reader, struct piece *piece)
{
	*piece = (struct piece){ .type = TYPE_NORMAL };
	while (!is_empty(&reader)) {
		struct field field;
		uint32_t bits;

		if (!read_field(&reader, &field))
			return false;
		if (field.number == PIECE_TEXT) {
			if (field.type != WIRE_BYTES)
				return false;
			piece->text = (const char *)field.bytes.at;
			piece->size = (size_t)(field.bytes.end - field.bytes.at);
		} else if (field.number == PIECE_SCORE) {
			if (field.type != WIRE_FIXED32)
				return false;
			bits = (uint32_t)field.value;
			memcpy(&piece->score, &bits, sizeof(bits));
		} else if (field.number == PIECE_TYPE) {
			if (field.type != WIRE_VARINT || field.value > TYPE_LAST)
				return false;
			piece->type = (uint32_t)field.value;
		}
	}
	return true;
}

static bool piece_is(const struct piece *piece, const char *text)
{
	return piece->size == strlen(text) && memcmp(piece->text, text, piece->size) == 0;
}

static void note_special(const struct piece *piece, struct sentencepiece_facts *facts)
{
	if (piece_is(piece, "[CLS]"))
		facts->cls = facts->pieces;
	else if (piece_is(piece, "[SEP]"))
		facts->sep = facts->pieces;
	else if (piece_is(piece, "<pad>"))
		facts->padding = facts->pieces;
	if (piece->type == TYPE_UNKNOWN)
		facts->unknown = facts->pieces;
}

static enum eb_status check_piece(struct reader reader, struct sentencepiece_facts *facts)
{
	size_t most = PIECE_BYTES_MAX;
	struct piece piece;

	if (!read_piece(reader, &piece))
		return broken("a piece can not be read");
	if (piece.type == TYPE_USER_DEFINED)
		most = USER_PIECE_BYTES_MAX;
	if (piece.size == 0 || piece.size > most || memchr(piece.text, 0, piece.size) ||
	    text_valid_prefix(piece.text, piece.size) != piece.size)
		return eb_fail(EB_MODEL_CORRUPT, "the SentencePiece model is damaged: piece %u is "
			       "no text of 1 to %zu bytes", facts->pieces, most);
	if (!isfinite(piece.score))
		return eb_fail(EB_MODEL_CORRUPT, "the SentencePiece model is damaged: the score of "
			       "piece %u is not a number", facts->pieces);
	if (facts->pieces == PIECES_MAX)
		return eb_fail(EB_MODEL_CORRUPT, "the SentencePiece model has more than %u pieces",
			       PIECES_MAX);
	note_special(&piece, facts);
	facts->pieces++;
	return EB_OK;
}

static enum eb_status check_trainer(struct reader reader)
{
	while (!is_empty(&reader)) {
		struct field field;

		if (!read_field(&reader, &field))
			return broken("its trainer's settings can not be read");
		if (field.number != TRAINER_MODEL_TYPE)
			continue;
		if (field.type != WIRE_VARINT || field.value != MODEL_TYPE_UNIGRAM)
			return eb_fail(EB_MODEL_UNSUPPORTED, "the SentencePiece model is of type "
				       "%llu, supported is 1 (unigram)",
				       (unsigned long long)field.value);
	}
	return EB_OK;
}

static enum eb_status check_normalizer(struct reader reader)
{
	while (!is_empty(&reader)) {
		const char *problem;
		struct field field;

		if (!read_field(&reader, &field))
			return broken("its normaliser can not be read");
		if (field.number != NORMALIZER_CHARACTER_MAP)
			continue;
		if (field.type != WIRE_BYTES)
			return broken("its map of characters can not be read");
		problem = sentencepiece_check_character_map(
			field.bytes.at, (size_t)(field.bytes.end - field.bytes.at));
		if (problem)
			return broken(problem);
	}
	return EB_OK;
}

static enum eb_status check_field(const struct field *field, struct sentencepiece_facts *facts)
{
	bool known = field->number <= MODEL_NORMALIZER || field->number == MODEL_DENORMALIZER;

	if (known && field->type != WIRE_BYTES)
		return broken("a part has the wrong type");
	switch (field->number) {
	case MODEL_PIECES:
		return check_piece(field->bytes, facts);
	case MODEL_TRAINER:
		return check_trainer(field->bytes);
	case MODEL_NORMALIZER:
	case MODEL_DENORMALIZER:
		return check_normalizer(field->bytes);
	default:
		return EB_OK;
	}
}

enum eb_status sentencepiece_check(const void *model, size_t size,
				   struct sentencepiece_facts *ret_facts)
{
	struct sentencepiece_facts facts = { .cls = -1, .sep = -1, .padding = -1, .unknown = -1 };
	struct reader reader = { model, (const uint8_t *)model + size };
	enum eb_status status = EB_OK;

	if (size > MODEL_BYTES_MAX)
		return eb_fail(EB_MODEL_CORRUPT, "the SentencePiece model has %zu bytes: at most %u "
			       "are supported", size, MODEL_BYTES_MAX);
	while (!is_empty(&reader) && status == EB_OK) {
		struct field field;

		if (!read_field(&reader, &field))
			return broken("it is cut off or no SentencePiece model at all");
		status = check_field(&field, &facts);
	}
	if (status == EB_OK && facts.pieces == 0)
		return broken("it has no pieces");
	if (status == EB_OK)
		*ret_facts = facts;
	return status;
}
