// SPDX-License-Identifier: MIT
/*
 * BERT's uncased WordPiece: text is cleaned, folded and split into words in one pass,
 * each word into the longest known pieces.  No memory is allocated per text or word.
 */
#include "lib/tokenizer.h"

#include <stdlib.h>
#include <string.h>

#include "lib/status.h"
#include "lib/unicode_text.h"
#include "lib/vocabulary.h"

/* A longer word becomes [UNK]. */
#define WORD_CHARACTERS_MAX 100
#define WORD_BYTES_MAX (4 * WORD_CHARACTERS_MAX)
/* [CLS], one piece, [SEP]. */
#define SEQUENCE_LEAST 3

struct eb_tokenizer {
	struct vocabulary vocabulary;
	struct eb_tokenizer_special special;
	uint32_t sequence_max;
	bool lower_case;
};

/* What one call of encode carries through the text. */
struct encoding {
	const struct eb_tokenizer *tokenizer;
	int32_t word[WORD_CHARACTERS_MAX];
	size_t word_length;	/* characters; counts on above the maximum */
	size_t marks_start;	/* where the run of reorderable marks at the end begins */
	uint32_t *ids;
	size_t capacity;
	size_t count;
	bool truncated;
};

static enum eb_status find_special(const struct vocabulary *vocabulary, const char *name,
				   uint32_t *ret_id)
{
	int64_t id = vocabulary_find(vocabulary, name, strlen(name));

	if (id < 0)
		return eb_fail(EB_MODEL_CORRUPT, "the vocabulary has no %s token: it is not that "
			       "of a BERT WordPiece model", name);
	*ret_id = (uint32_t)id;
	return EB_OK;
}

static enum eb_status find_specials(struct eb_tokenizer *tokenizer)
{
	const struct {
		const char *name;
		uint32_t *id;
	} wanted[] = {
		{ "[CLS]", &tokenizer->special.cls },
		{ "[SEP]", &tokenizer->special.sep },
		{ "[UNK]", &tokenizer->special.unknown },
		{ "[PAD]", &tokenizer->special.padding },
	};

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		enum eb_status status =
			find_special(&tokenizer->vocabulary, wanted[i].name, wanted[i].id);

		if (status != EB_OK)
			return status;
	}
	return EB_OK;
}

static enum eb_status check_request(enum eb_model_tokenizer kind, uint32_t flags,
				    uint32_t sequence_max)
{
	if (kind != EB_MODEL_TOKENIZER_WORDPIECE)
		return eb_fail(EB_MODEL_UNSUPPORTED, "the model wants tokenizer %u, which this "
			       "version does not have: upgrade the library", (unsigned int)kind);
	if (flags & ~EB_MODEL_TOKENIZER_LOWER_CASE)
		return eb_fail(EB_MODEL_UNSUPPORTED, "the model wants tokenizer flags 0x%x, of "
			       "which this version knows 0x%x: upgrade the library", flags,
			       EB_MODEL_TOKENIZER_LOWER_CASE);
	if (sequence_max < SEQUENCE_LEAST)
		return eb_fail(EB_MODEL_CORRUPT, "a longest sequence of %u tokens leaves no room "
			       "for text: %u is the least", sequence_max, SEQUENCE_LEAST);
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
	tokenizer->sequence_max = sequence_max;
	tokenizer->lower_case = flags & EB_MODEL_TOKENIZER_LOWER_CASE;
	status = vocabulary_init(&tokenizer->vocabulary, vocabulary, size);
	if (status == EB_OK)
		status = find_specials(tokenizer);
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
	free(tokenizer);
}

uint32_t eb_tokenizer_vocabulary_size(const struct eb_tokenizer *tokenizer)
{
	return tokenizer->vocabulary.count;
}

struct eb_tokenizer_special eb_tokenizer_special(const struct eb_tokenizer *tokenizer)
{
	return tokenizer->special;
}

static void put_id(struct encoding *encoding, uint32_t id)
{
	if (encoding->count < encoding->capacity)
		encoding->ids[encoding->count] = id;
	encoding->count++;
}

/* Keeps the last place of the sequence for [SEP]. */
static void put_piece(struct encoding *encoding, uint32_t id)
{
	if (encoding->count + 1 < encoding->tokenizer->sequence_max)
		put_id(encoding, id);
	else
		encoding->truncated = true;
}

/* Greedy longest match; false when some rest of the word has no piece. */
static bool split_word(const struct vocabulary *vocabulary, const char *word, size_t length,
		       uint32_t *pieces, size_t *ret_count)
{
	size_t offset = 0;
	size_t count = 0;

	while (offset < length) {
		size_t used;
		int64_t id = vocabulary_match(vocabulary, offset > 0, word + offset,
					      length - offset, &used);

		if (id < 0)
			return false;
		pieces[count++] = (uint32_t)id;
		offset += used;
	}
	*ret_count = count;
	return true;
}

static void end_word(struct encoding *encoding)
{
	uint32_t pieces[WORD_CHARACTERS_MAX];
	char utf8[WORD_BYTES_MAX];
	size_t length = 0;
	size_t count = 0;

	if (encoding->word_length == 0)
		return;
	if (encoding->word_length <= WORD_CHARACTERS_MAX) {
		for (size_t i = 0; i < encoding->word_length; i++)
			length += text_put(encoding->word[i], utf8 + length);
		if (!split_word(&encoding->tokenizer->vocabulary, utf8, length, pieces, &count))
			count = 0;
	}
	if (count == 0)
		pieces[count++] = encoding->tokenizer->special.unknown;
	for (size_t i = 0; i < count; i++)
		put_piece(encoding, pieces[i]);
	encoding->word_length = 0;
	encoding->marks_start = 0;
}

/*
 * Adds a character to the word.  Marks that stripping leaves (some are not category Mn)
 * go in canonical order, as NFD has them.
 */
static void add_letter(struct encoding *encoding, int32_t character)
{
	size_t place = encoding->word_length++;
	int class;

	if (place >= WORD_CHARACTERS_MAX)
		return;
	class = encoding->tokenizer->lower_case ? text_combining_class(character) : 0;
	if (class == 0)
		encoding->marks_start = place + 1;
	for (; class && place > encoding->marks_start &&
	       text_combining_class(encoding->word[place - 1]) > class; place--)
		encoding->word[place] = encoding->word[place - 1];
	encoding->word[place] = character;
}

static void add_alone(struct encoding *encoding, int32_t character)
{
	end_word(encoding);
	add_letter(encoding, character);
	end_word(encoding);
}

/*
 * The class is asked again after folding: a few letters and symbols decompose into
 * punctuation (the Greek question mark into a semicolon).
 */
static void add_character(struct encoding *encoding, int32_t character)
{
	if (text_class(character) == TEXT_PUNCTUATION)
		add_alone(encoding, character);
	else
		add_letter(encoding, character);
}

static void add_without_accents(struct encoding *encoding, int32_t character)
{
	int32_t decomposed[TEXT_DECOMPOSED_MAX];
	size_t count = text_decompose(character, decomposed);

	for (size_t i = 0; i < count; i++) {
		if (!text_is_accent(decomposed[i]))
			add_character(encoding, decomposed[i]);
		else if (text_combining_class(decomposed[i]) == 0)
			encoding->marks_start = encoding->word_length;
	}
}

static void encode_text(struct encoding *encoding, const char *text, size_t size)
{
	struct text_lower_case lower = { false };
	size_t offset = 0;

	/* Behind the cut nothing can change the result any more. */
	while (offset < size && !encoding->truncated) {
		int32_t character = text_next(text, size, &offset);
		enum text_class class = text_class(character);

		if (class == TEXT_DROPPED)
			continue;
		if (encoding->tokenizer->lower_case)
			character = text_to_lower(&lower, character, text, size, offset);
		if (class == TEXT_SPACE || class == TEXT_IDEOGRAPH)
			end_word(encoding);
		if (class == TEXT_SPACE)
			continue;
		if (encoding->tokenizer->lower_case)
			add_without_accents(encoding, character);
		else
			add_character(encoding, character);
		if (class == TEXT_IDEOGRAPH)
			end_word(encoding);
	}
	end_word(encoding);
}

enum eb_status eb_tokenizer_encode(const struct eb_tokenizer *tokenizer, const char *text,
				   size_t size, uint32_t *ids, size_t capacity,
				   size_t *ret_count, int *ret_truncated)
{
	struct encoding encoding = {
		.tokenizer = tokenizer, .ids = ids, .capacity = ids ? capacity : 0,
	};
	size_t valid = text_valid_prefix(text, size);

	if (valid != size)
		return eb_fail(EB_TEXT_INVALID, "the text is not valid UTF-8 at byte %zu (0x%02x): "
			       "convert it to UTF-8", valid + 1, (unsigned char)text[valid]);
	put_id(&encoding, tokenizer->special.cls);
	encode_text(&encoding, text, size);
	if (encoding.count == 1)
		return eb_fail(EB_TEXT_EMPTY, "the text has no tokens: it is empty or holds only "
			       "space and control characters");
	put_id(&encoding, tokenizer->special.sep);
	*ret_count = encoding.count;
	*ret_truncated = encoding.truncated;
	return EB_OK;
}
