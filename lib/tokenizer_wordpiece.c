// SPDX-License-Identifier: MIT
/*
 * BERT's WordPiece, uncased and cased: text is cleaned, folded and split into words in one
 * pass, each word into the longest known pieces.  No memory is allocated per text or word.
 */
#include "lib/tokenizer_kinds.h"

#include <string.h>

#include "lib/status.h"
#include "lib/unicode_text.h"
#include "lib/vocabulary.h"

/* A longer word becomes [UNK]. */
#define WORD_CHARACTERS_MAX 100
#define WORD_BYTES_MAX (4 * WORD_CHARACTERS_MAX)
#define CAPITAL_DOTTED_I 0x0130
#define COMBINING_DOT 0x0307

/* What one call of encode carries through the text. */
struct encoding {
	const struct eb_tokenizer *tokenizer;
	bool lower_case, strip_accents, join_ideographs;
	int32_t word[WORD_CHARACTERS_MAX];
	size_t word_length;	/* characters; counts on above the maximum */
	size_t marks_start;	/* where the run of reorderable marks at the end begins */
	struct token_list *list;
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

enum eb_status wordpiece_create(struct eb_tokenizer *tokenizer, const char *vocabulary, size_t size)
{
	enum eb_status status = vocabulary_init(&tokenizer->vocabulary, vocabulary, size);

	tokenizer->size = tokenizer->vocabulary.count;
	return status == EB_OK ? find_specials(tokenizer) : status;
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
		token_list_put(encoding->list, pieces[i]);
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
	class = encoding->strip_accents ? text_combining_class(character) : 0;
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

/* A capital dotted I is a letter and a mark in lower case: only stripping makes it one. */
static void add_lower_case(struct encoding *encoding, int32_t original, int32_t character)
{
	add_character(encoding, character);
	if (original == CAPITAL_DOTTED_I)
		add_character(encoding, COMBINING_DOT);
}

static enum text_class class_of(const struct encoding *encoding, int32_t character)
{
	enum text_class class = text_class(character);

	return class == TEXT_IDEOGRAPH && encoding->join_ideographs ? TEXT_LETTER : class;
}

static void encode_text(struct encoding *encoding, const char *text, size_t size)
{
	struct text_lower_case lower = { false };
	size_t offset = 0;

	/* Behind the cut nothing can change the result any more. */
	while (offset < size && !encoding->list->truncated) {
		int32_t original = text_next(text, size, &offset), character = original;
		enum text_class class = class_of(encoding, character);

		if (class == TEXT_DROPPED)
			continue;
		if (encoding->lower_case)
			character = text_to_lower(&lower, character, text, size, offset);
		if (class == TEXT_SPACE || class == TEXT_IDEOGRAPH)
			end_word(encoding);
		if (class == TEXT_SPACE)
			continue;
		if (encoding->strip_accents)
			add_without_accents(encoding, character);
		else if (encoding->lower_case)
			add_lower_case(encoding, original, character);
		else
			add_character(encoding, character);
		if (class == TEXT_IDEOGRAPH)
			end_word(encoding);
	}
	end_word(encoding);
}

void wordpiece_encode(const struct eb_tokenizer *tokenizer, const char *text, size_t size,
		      struct token_list *list)
{
	uint32_t flags = tokenizer->flags;
	struct encoding encoding = {
		.tokenizer = tokenizer,
		.list = list,
		.lower_case = flags & EB_MODEL_TOKENIZER_LOWER_CASE,
		.join_ideographs = flags & EB_MODEL_TOKENIZER_JOIN_IDEOGRAPHS,
	};

	encoding.strip_accents = flags & EB_MODEL_TOKENIZER_STRIP_ACCENTS ||
				 (encoding.lower_case &&
				  !(flags & EB_MODEL_TOKENIZER_KEEP_ACCENTS));
	encode_text(&encoding, text, size);
}
