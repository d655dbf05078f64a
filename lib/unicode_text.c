// SPDX-License-Identifier: MIT
/* Character classes and foldings of the tokenizers, over utf8proc's tables. */
#include "lib/unicode_text.h"

#include <utf8proc.h>

#define CAPITAL_SIGMA 0x03a3
#define SMALL_SIGMA 0x03c3
#define FINAL_SIGMA 0x03c2

struct range {
	int32_t first, last;
};

/* Blocks that BERT spaces out: ideographs only, no kana, no hangul. */
static const struct range ideographs[] = {
	{ 0x3400, 0x4dbf },   { 0x4e00, 0x9fff },   { 0xf900, 0xfaff },	  { 0x20000, 0x2a6df },
	{ 0x2a700, 0x2b73f }, { 0x2b740, 0x2b81f }, { 0x2b820, 0x2ceaf }, { 0x2f800, 0x2fa1f },
};

/* Punctuation inside words that case mapping looks through (Word_Break = Mid...). */
static const int32_t case_ignorable_punctuation[] = {
	0x0027, 0x002e, 0x003a, 0x00b7, 0x0387, 0x055f, 0x05f4, 0x2018, 0x2019,
	0x2024, 0x2027, 0xfe13, 0xfe52, 0xfe55, 0xff07, 0xff0e, 0xff1a,
};

/* Digits that are no decimal ones (Numeric_Type = Digit) and that NFKC leaves alone. */
static const struct range other_digits[] = {
	{ 0x1369, 0x1371 },   { 0x19da, 0x19da },   { 0x24f5, 0x24fd },	  { 0x24ff, 0x24ff },
	{ 0x2776, 0x277e },   { 0x2780, 0x2788 },   { 0x278a, 0x2792 },	  { 0x10a40, 0x10a43 },
	{ 0x10e60, 0x10e68 }, { 0x11052, 0x1105a },
};

int32_t text_next(const char *text, size_t size, size_t *offset)
{
	const utf8proc_uint8_t *bytes = (const utf8proc_uint8_t *)text + *offset;
	utf8proc_int32_t character;
	utf8proc_ssize_t used;

	if (*offset >= size)
		return -1;
	if (bytes[0] < 0x80) {
		(*offset)++;
		return bytes[0];
	}
	used = utf8proc_iterate(bytes, (utf8proc_ssize_t)(size - *offset), &character);
	if (used <= 0)
		return -1;
	*offset += (size_t)used;
	return character;
}

size_t text_valid_prefix(const char *text, size_t size)
{
	size_t offset = 0;

	while (offset < size && text_next(text, size, &offset) >= 0)
		;
	return offset;
}

static enum text_class ascii_class(int32_t character)
{
	switch (character) {
	case ' ':
	case '\t':
	case '\n':
	case '\r':
		return TEXT_SPACE;
	case '0' ... '9':
	case 'A' ... 'Z':
	case 'a' ... 'z':
		return TEXT_LETTER;
	case 0x21 ... 0x2f:
	case 0x3a ... 0x40:
	case 0x5b ... 0x60:
	case 0x7b ... 0x7e:
		/* Also $, +, <, =, >, ^, ` and ~, which Unicode calls symbols. */
		return TEXT_PUNCTUATION;
	default:
		return TEXT_DROPPED;
	}
}

static bool is_ideograph(int32_t character)
{
	for (size_t i = 0; i < sizeof(ideographs) / sizeof(ideographs[0]); i++)
		if (character >= ideographs[i].first && character <= ideographs[i].last)
			return true;
	return false;
}

enum text_class text_class(int32_t character)
{
	if (character < 0x80)
		return ascii_class(character);
	if (is_ideograph(character))
		return TEXT_IDEOGRAPH;
	switch (utf8proc_category(character)) {
	case UTF8PROC_CATEGORY_CN:
	case UTF8PROC_CATEGORY_CC:
	case UTF8PROC_CATEGORY_CF:
	case UTF8PROC_CATEGORY_CS:
	case UTF8PROC_CATEGORY_CO:
		return TEXT_DROPPED;
	case UTF8PROC_CATEGORY_ZS:
	case UTF8PROC_CATEGORY_ZL:
	case UTF8PROC_CATEGORY_ZP:
		return TEXT_SPACE;
	case UTF8PROC_CATEGORY_PC:
	case UTF8PROC_CATEGORY_PD:
	case UTF8PROC_CATEGORY_PS:
	case UTF8PROC_CATEGORY_PE:
	case UTF8PROC_CATEGORY_PI:
	case UTF8PROC_CATEGORY_PF:
	case UTF8PROC_CATEGORY_PO:
		return TEXT_PUNCTUATION;
	default:
		return character == 0xfffd ? TEXT_DROPPED : TEXT_LETTER;
	}
}

bool text_is_accent(int32_t character)
{
	return character >= 0x80 && utf8proc_category(character) == UTF8PROC_CATEGORY_MN;
}

int text_combining_class(int32_t character)
{
	return character < 0x80 ? 0 : utf8proc_get_property(character)->combining_class;
}

size_t text_decompose(int32_t character, int32_t decomposed[TEXT_DECOMPOSED_MAX])
{
	int boundary = 0;
	utf8proc_ssize_t count;

	decomposed[0] = character;
	if (character < 0x80)
		return 1;
	count = utf8proc_decompose_char(character, decomposed, TEXT_DECOMPOSED_MAX,
					UTF8PROC_DECOMPOSE, &boundary);
	if (count > 0 && count <= TEXT_DECOMPOSED_MAX)
		return (size_t)count;
	decomposed[0] = character;
	return 1;
}

size_t text_decompose_compatible(int32_t character, int32_t decomposed[TEXT_COMPATIBLE_MAX])
{
	int boundary = 0;
	utf8proc_ssize_t count;

	decomposed[0] = character;
	if (character < 0x80)
		return 1;
	count = utf8proc_decompose_char(character, decomposed, TEXT_COMPATIBLE_MAX,
					UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT, &boundary);
	if (count > 0 && count <= TEXT_COMPATIBLE_MAX)
		return (size_t)count;
	decomposed[0] = character;
	return 1;
}

bool text_is_white_space(int32_t character)
{
	if (character < 0x80)
		return character == ' ' || (character >= '\t' && character <= '\r') ||
		       (character >= 0x1c && character <= 0x1f);
	switch (utf8proc_category(character)) {
	case UTF8PROC_CATEGORY_ZS:
	case UTF8PROC_CATEGORY_ZL:
	case UTF8PROC_CATEGORY_ZP:
		return true;
	default:
		return character == 0x85;
	}
}

bool text_is_digit(int32_t character)
{
	if (character < 0x80)
		return character >= '0' && character <= '9';
	if (utf8proc_category(character) == UTF8PROC_CATEGORY_ND)
		return true;
	for (size_t i = 0; i < sizeof(other_digits) / sizeof(other_digits[0]); i++)
		if (character >= other_digits[i].first && character <= other_digits[i].last)
			return true;
	return false;
}

static bool is_case_ignorable(int32_t character)
{
	for (size_t i = 0;
	     i < sizeof(case_ignorable_punctuation) / sizeof(case_ignorable_punctuation[0]); i++)
		if (character == case_ignorable_punctuation[i])
			return true;
	switch (utf8proc_category(character)) {
	case UTF8PROC_CATEGORY_MN:
	case UTF8PROC_CATEGORY_ME:
	case UTF8PROC_CATEGORY_CF:
	case UTF8PROC_CATEGORY_LM:
	case UTF8PROC_CATEGORY_SK:
		return true;
	default:
		return false;
	}
}

static bool is_cased(int32_t character)
{
	switch (utf8proc_category(character)) {
	case UTF8PROC_CATEGORY_LU:
	case UTF8PROC_CATEGORY_LL:
	case UTF8PROC_CATEGORY_LT:
		return true;
	default:
		/* So are ordinal indicators, Roman numerals and circled letters. */
		return character == 0xaa || character == 0xba ||
		       utf8proc_tolower(character) != character ||
		       utf8proc_toupper(character) != character;
	}
}

static bool before_letter(const char *text, size_t size, size_t offset)
{
	while (offset < size) {
		int32_t character = text_next(text, size, &offset);

		if (character < 0)
			return false;
		/* What the tokenizer drops is as if it were not there. */
		if (!is_case_ignorable(character) && text_class(character) != TEXT_DROPPED)
			return is_cased(character);
	}
	return false;
}

int32_t text_to_lower(struct text_lower_case *state, int32_t character, const char *text,
		      size_t size, size_t offset)
{
	bool after_letter = state->after_letter;

	if (character < 0x80) {
		bool upper = character >= 'A' && character <= 'Z';

		if (upper || (character >= 'a' && character <= 'z'))
			state->after_letter = true;
		else if (character != '\'' && character != '.' && character != ':' &&
			 character != '^' && character != '`')
			state->after_letter = false;
		return upper ? character + ('a' - 'A') : character;
	}
	if (!is_case_ignorable(character))
		state->after_letter = is_cased(character);
	if (character == CAPITAL_SIGMA)
		return after_letter && !before_letter(text, size, offset) ? FINAL_SIGMA :
									    SMALL_SIGMA;
	return utf8proc_tolower(character);
}

size_t text_put(int32_t character, char *utf8)
{
	if (character < 0x80) {
		*utf8 = (char)character;
		return 1;
	}
	return (size_t)utf8proc_encode_char(character, (utf8proc_uint8_t *)utf8);
}
