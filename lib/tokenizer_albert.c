// SPDX-License-Identifier: MIT
/*
 * ALBERT's tokenizer: prepares the text as its authors' code does, lets SentencePiece find
 * the pieces, and takes a comma behind a digit off its piece.
 */
#include "lib/tokenizer_kinds.h"

#include <stdlib.h>
#include <string.h>

#include "lib/sentencepiece_check.h"
#include "lib/status.h"
#include "lib/unicode_text.h"

#define MESSAGE_BYTES 256
#define CAPITAL_DOTTED_I 0x0130
#define COMBINING_DOT 0x0307
/* What SentencePiece writes for a space. */
#define SPACE_SYMBOL "\xe2\x96\x81"
#define SPACE_SYMBOL_BYTES 3

/* A text that grows. */
struct buffer {
	char *bytes;
	size_t size, capacity;
	bool failed;		/* no memory; what is put then is lost */
};

static void put_bytes(struct buffer *buffer, const char *bytes, size_t size)
{
	if (buffer->capacity - buffer->size < size) {
		size_t capacity = 2 * (buffer->capacity + size) + 64;
		char *larger = realloc(buffer->bytes, capacity);

		if (!larger) {
			buffer->failed = true;
			return;
		}
		buffer->bytes = larger;
		buffer->capacity = capacity;
	}
	memcpy(buffer->bytes + buffer->size, bytes, size);
	buffer->size += size;
}

static void put_character(struct buffer *buffer, int32_t character)
{
	char utf8[4];

	put_bytes(buffer, utf8, text_put(character, utf8));
}

/* ---- Preparing ---------------------------------------------------------------------- */

/* Two grave accents, or two apostrophes, are a quotation mark. */
static void put_quotes(struct buffer *to, const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if ((text[i] == '`' || text[i] == '\'') && i + 1 < size && text[i + 1] == text[i]) {
			put_bytes(to, "\"", 1);
			i++;
		} else {
			put_bytes(to, text + i, 1);
		}
	}
}

/* Words with one space between them. */
static void put_words(struct buffer *to, const char *text, size_t size)
{
	size_t start = 0, offset = 0;
	bool any = false;

	while (start < size) {
		size_t end = start;
		int32_t character = -1;

		for (offset = start; offset < size; end = offset) {
			character = text_next(text, size, &offset);
			if (text_is_white_space(character))
				break;
		}
		if (end > start) {
			if (any)
				put_bytes(to, " ", 1);
			put_quotes(to, text + start, end - start);
			any = true;
		}
		start = offset;
	}
}

/* Compatibility decomposition, less what combines with the character before it. */
static void strip_accents(struct buffer *to, const struct buffer *from)
{
	size_t offset = 0;

	while (offset < from->size) {
		int32_t decomposed[TEXT_COMPATIBLE_MAX];
		int32_t character = text_next(from->bytes, from->size, &offset);
		size_t count = text_decompose_compatible(character, decomposed);

		for (size_t i = 0; i < count; i++) {
			if (text_combining_class(decomposed[i]) == 0)
				put_character(to, decomposed[i]);
		}
	}
}

static void lower_case(struct buffer *to, const struct buffer *from)
{
	struct text_lower_case lower = { false };
	size_t offset = 0;

	while (offset < from->size) {
		int32_t character = text_next(from->bytes, from->size, &offset);

		if (character == CAPITAL_DOTTED_I) {
			text_to_lower(&lower, character, from->bytes, from->size, offset);
			put_character(to, 'i');
			put_character(to, COMBINING_DOT);
			continue;
		}
		put_character(to, text_to_lower(&lower, character, from->bytes, from->size,
						offset));
	}
}

/* Applies a step to the text, which then is the step's result. */
static void apply(struct buffer *text, void (*step)(struct buffer *, const struct buffer *))
{
	struct buffer result = { .failed = text->failed };

	step(&result, text);
	free(text->bytes);
	*text = result;
}

static void prepare(const struct eb_tokenizer *tokenizer, const char *text, size_t size,
		    struct buffer *prepared)
{
	if (tokenizer->flags & EB_MODEL_TOKENIZER_KEEP_SPACES)
		put_quotes(prepared, text, size);
	else
		put_words(prepared, text, size);
	if (!(tokenizer->flags & EB_MODEL_TOKENIZER_KEEP_ACCENTS))
		apply(prepared, strip_accents);
	if (tokenizer->flags & EB_MODEL_TOKENIZER_LOWER_CASE)
		apply(prepared, lower_case);
}

/* ---- Pieces ------------------------------------------------------------------------- */

struct encoding {
	const struct eb_tokenizer *tokenizer;
	struct token_list *list;
	enum eb_sentencepiece_outcome outcome;	/* the first failure of a piece taken apart */
};

/* The first piece of a number that was taken apart loses the space it did not have. */
struct number {
	struct encoding *encoding;
	bool begins_word;
	bool started;
};

static void put_first(struct number *number, uint32_t id, const char *piece, size_t size)
{
	struct encoding *encoding = number->encoding;
	bool spaced = size >= SPACE_SYMBOL_BYTES &&
		      memcmp(piece, SPACE_SYMBOL, SPACE_SYMBOL_BYTES) == 0;

	number->started = true;
	if (number->begins_word || !spaced)
		token_list_put(encoding->list, id);
	else if (size > SPACE_SYMBOL_BYTES)
		token_list_put(encoding->list,
			       eb_sentencepiece_id(encoding->tokenizer->sentencepiece,
						   piece + SPACE_SYMBOL_BYTES,
						   size - SPACE_SYMBOL_BYTES));
}

static void put_number_piece(void *opaque, uint32_t id, const char *piece, size_t size)
{
	struct number *number = opaque;

	if (number->started)
		token_list_put(number->encoding->list, id);
	else
		put_first(number, id, piece, size);
}

/* "12," becomes the pieces of "12" and a comma. */
static void put_number(struct encoding *encoding, const char *piece, size_t size)
{
	const struct eb_sentencepiece *sentencepiece = encoding->tokenizer->sentencepiece;
	struct number number = { .encoding = encoding };
	struct buffer digits = { 0 };
	enum eb_sentencepiece_outcome outcome;

	number.begins_word = size >= SPACE_SYMBOL_BYTES &&
			     memcmp(piece, SPACE_SYMBOL, SPACE_SYMBOL_BYTES) == 0;
	for (size_t i = 0; i + 1 < size; i++) {
		if (size - i > SPACE_SYMBOL_BYTES &&
		    memcmp(piece + i, SPACE_SYMBOL, SPACE_SYMBOL_BYTES) == 0)
			i += SPACE_SYMBOL_BYTES - 1;
		else
			put_bytes(&digits, piece + i, 1);
	}
	outcome = digits.failed ? EB_SENTENCEPIECE_NO_MEMORY :
		  eb_sentencepiece_encode(sentencepiece, digits.bytes ? digits.bytes : "",
					  digits.size, put_number_piece, &number);
	if (outcome != EB_SENTENCEPIECE_OK)
		encoding->outcome = outcome;
	free(digits.bytes);
	token_list_put(encoding->list, eb_sentencepiece_id(sentencepiece, ",", 1));
}

/* Whether the piece ends with a digit and a comma. */
static bool ends_as_number(const char *piece, size_t size)
{
	size_t start = size - 1, offset;

	if (size < 2 || piece[size - 1] != ',')
		return false;
	do {
		start--;
	} while (start > 0 && ((unsigned char)piece[start] & 0xc0) == 0x80);
	offset = start;
	return text_is_digit(text_next(piece, size, &offset));
}

static void put_piece(void *opaque, uint32_t id, const char *piece, size_t size)
{
	struct encoding *encoding = opaque;

	if (ends_as_number(piece, size))
		put_number(encoding, piece, size);
	else
		token_list_put(encoding->list, id);
}

enum eb_status albert_encode(const struct eb_tokenizer *tokenizer, const char *text,
			     size_t size, struct token_list *list)
{
	struct encoding encoding = { .tokenizer = tokenizer, .list = list };
	struct buffer prepared = { 0 };
	enum eb_sentencepiece_outcome outcome = EB_SENTENCEPIECE_NO_MEMORY;

	prepare(tokenizer, text, size, &prepared);
	if (!prepared.failed)
		outcome = eb_sentencepiece_encode(tokenizer->sentencepiece,
						  prepared.bytes ? prepared.bytes : "",
						  prepared.size, put_piece, &encoding);
	free(prepared.bytes);
	if (outcome == EB_SENTENCEPIECE_OK)
		outcome = encoding.outcome;
	if (outcome == EB_SENTENCEPIECE_NO_MEMORY)
		return eb_fail(EB_OUT_OF_MEMORY, "no memory to tokenize %zu bytes of text", size);
	if (outcome == EB_SENTENCEPIECE_REFUSED)
		return eb_fail(EB_INTERNAL, "the SentencePiece library can not tokenize the text");
	return EB_OK;
}

/* ---- Loading ------------------------------------------------------------------------ */

static enum eb_status check_specials(const struct sentencepiece_facts *facts)
{
	const struct {
		const char *name;
		int64_t id;
	} wanted[] = {
		{ "[CLS]", facts->cls }, { "[SEP]", facts->sep }, { "<pad>", facts->padding },
		{ "<unk>", facts->unknown },
	};

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		if (wanted[i].id < 0)
			return eb_fail(EB_MODEL_CORRUPT, "the SentencePiece model has no %s piece: "
				       "it is not that of an ALBERT model", wanted[i].name);
	}
	return EB_OK;
}

enum eb_status albert_create(struct eb_tokenizer *tokenizer, const char *model, size_t size)
{
	char message[MESSAGE_BYTES] = "";
	struct sentencepiece_facts facts;
	enum eb_sentencepiece_outcome outcome;
	enum eb_status status = sentencepiece_check(model, size, &facts);

	if (status == EB_OK)
		status = check_specials(&facts);
	if (status != EB_OK)
		return status;
	tokenizer->size = facts.pieces;
	tokenizer->special = (struct eb_tokenizer_special){
		.cls = (uint32_t)facts.cls, .sep = (uint32_t)facts.sep,
		.unknown = (uint32_t)facts.unknown, .padding = (uint32_t)facts.padding,
	};
	outcome = eb_sentencepiece_load(model, size, &tokenizer->sentencepiece, message,
					sizeof(message));
	if (outcome == EB_SENTENCEPIECE_NO_MEMORY)
		return eb_fail(EB_OUT_OF_MEMORY, "no memory for a SentencePiece model");
	if (outcome != EB_SENTENCEPIECE_OK)
		return eb_fail(EB_MODEL_CORRUPT, "the SentencePiece library refuses the model: %s",
			       message);
	return EB_OK;
}
