// SPDX-License-Identifier: MIT
/*
 * Checks the map of characters of a SentencePiece model.
 *
 * Its trie is a double array of 32-bit units that the library walks without looking at
 * bounds: from unit n, whose children lie at n ^ offset(n), by byte b to (n ^ offset(n)) ^ b,
 * which is a child when its label is b.  A unit with a value has it at n ^ offset(n).
 */
#include "lib/sentencepiece_check.h"

#include <stdbool.h>
#include <stdlib.h>

/* The library's array for the prefixes of a text that have a value has this many places. */
#define VALUES_MAX 32
/* No rule of a map is longer. */
#define DEPTH_MAX 256
#define BYTES 256
#define UNDER_WAY 255
#define VALUE_BIT (1u << 31)

struct trie {
	const uint8_t *units;
	uint32_t count;
	size_t strings_size;
	/* For each unit: 1 + values on the richest path from it on, 0 or UNDER_WAY before. */
	uint8_t *values;
};

static uint32_t load_word(const uint8_t *bytes)
{
	return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
	       (uint32_t)bytes[3] << 24;
}

static uint32_t unit(const struct trie *trie, uint32_t index)
{
	return load_word(trie->units + 4 * (size_t)index);
}

static bool has_value(uint32_t word)
{
	return word >> 8 & 1;
}

/* A unit that holds a value never equals a byte. */
static uint32_t label(uint32_t word)
{
	return word & (VALUE_BIT | 0xff);
}

static uint32_t offset(uint32_t word)
{
	return word >> 10 << ((word & 1u << 9) >> 6);
}

static const char *check_unit(const struct trie *trie, uint32_t base, uint32_t word)
{
	if ((base | (BYTES - 1)) >= trie->count)
		return "its map of characters points outside of itself";
	if (has_value(word) && (unit(trie, base) & ~VALUE_BIT) >= trie->strings_size)
		return "its map of characters points behind its strings";
	return NULL;
}

/* Depth first; what several units share is walked once. */
static const char *walk(const struct trie *trie, uint32_t index, unsigned int depth)
{
	uint32_t word = unit(trie, index);
	uint32_t base = index ^ offset(word);
	const char *problem = check_unit(trie, base, word);
	unsigned int richest = 0;

	if (problem)
		return problem;
	if (depth == DEPTH_MAX)
		return "its map of characters has rules without end";
	trie->values[index] = UNDER_WAY;
	for (uint32_t byte = 0; byte < BYTES && !problem; byte++) {
		uint32_t child = base ^ byte;

		if (label(unit(trie, child)) != byte)
			continue;
		if (trie->values[child] == UNDER_WAY)
			problem = "its map of characters goes in circles";
		else if (!trie->values[child])
			problem = walk(trie, child, depth + 1);
		if (!problem && trie->values[child] - 1u > richest)
			richest = trie->values[child] - 1u;
	}
	/* The root's value is no prefix's. */
	richest += has_value(word) && depth > 0;
	if (!problem && richest > VALUES_MAX)
		return "its map of characters has too many rules for one place";
	trie->values[index] = (uint8_t)(richest + 1);
	return problem;
}

const char *sentencepiece_check_character_map(const uint8_t *map, size_t size)
{
	struct trie trie = { .units = map + 4 };
	const char *problem;
	uint32_t trie_size;

	if (size == 0)
		return NULL;
	if (size <= 4)
		return "its map of characters is cut off";
	trie_size = load_word(map);
	if (trie_size == 0 || trie_size % 4 || trie_size >= size - 4)
		return "its map of characters is cut off";
	trie.count = trie_size / 4;
	trie.strings_size = size - 4 - trie_size;
	if (map[size - 1] != 0)
		return "the strings of its map of characters have no end";
	trie.values = calloc(trie.count, 1);
	if (!trie.values)
		return "there is no memory to check its map of characters";
	problem = walk(&trie, 0, 0);
	free(trie.values);
	return problem;
}
