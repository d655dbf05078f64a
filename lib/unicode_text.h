/* SPDX-License-Identifier: MIT */
/* Characters as the BERT tokenizer sees them: decoding, classes, lower case, accents. */
#ifndef EDGEBERT_LIB_UNICODE_TEXT_H
#define EDGEBERT_LIB_UNICODE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum text_class {
	TEXT_LETTER,		/* anything that words are made of */
	TEXT_PUNCTUATION,	/* a word of its own */
	TEXT_IDEOGRAPH,		/* CJK: a word of its own */
	TEXT_SPACE,
	TEXT_DROPPED,		/* control, format, unassigned, U+0000, U+FFFD */
};

/* A canonical decomposition never has more code points than this. */
#define TEXT_DECOMPOSED_MAX 4

/*
 * Code point at *offset, which moves behind it; negative, with *offset unmoved, when the
 * bytes there are not UTF-8 (overlong, surrogate, above U+10FFFF, cut off).
 */
int32_t text_next(const char *text, size_t size, size_t *offset);

/* Offset of the first byte that is not UTF-8, size when all of it is. */
size_t text_valid_prefix(const char *text, size_t size);

enum text_class text_class(int32_t character);

/* A mark that stripping accents removes (category Mn). */
bool text_is_accent(int32_t character);

/* Canonical combining class; 0: a starter, or a mark that is not reordered. */
int text_combining_class(int32_t character);

/* Canonical decomposition (NFD) of one character; returns the number of code points. */
size_t text_decompose(int32_t character, int32_t decomposed[TEXT_DECOMPOSED_MAX]);

/* Compatibility decomposition (NFKD), of any one character. */
#define TEXT_COMPATIBLE_MAX 18
size_t text_decompose_compatible(int32_t character, int32_t decomposed[TEXT_COMPATIBLE_MAX]);

/* White space as Python's str.split() has it: also separators among control characters. */
bool text_is_white_space(int32_t character);

/* A digit as Python's str.isdigit() has it: of any script, also circled ones. */
bool text_is_digit(int32_t character);

/*
 * Lower case, one character at a time.  The capital sigma alone depends on its
 * neighbours: it becomes a final sigma after a letter and not before one.  Feed every
 * character of the text in order; offset is where the next one begins.
 */
struct text_lower_case {
	bool after_letter;	/* a cased letter came before, only ignorable ones since */
};

int32_t text_to_lower(struct text_lower_case *state, int32_t character, const char *text,
		      size_t size, size_t offset);

/* Writes the UTF-8 form (at most 4 bytes) and returns its length. */
size_t text_put(int32_t character, char *utf8);

#endif /* EDGEBERT_LIB_UNICODE_TEXT_H */
