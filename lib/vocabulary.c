// SPDX-License-Identifier: MIT
/* Vocabulary of a model: one hash table over the checked lines of the file. */
#include "lib/vocabulary.h"

#include <stdlib.h>
#include <string.h>

#include "lib/status.h"
#include "lib/unicode_text.h"

#define TOKENS_MAX (1u << 20)
#define TEXT_BYTES_MAX (64u << 20)
#define HASH_START 2166136261u	/* FNV-1a, 32 bits */
#define HASH_FACTOR 16777619u

static uint32_t hash_start(bool continuation)
{
	return continuation ? HASH_START ^ 0x23235a5au : HASH_START;
}

static uint32_t hash_byte(uint32_t hash, char byte)
{
	return (hash ^ (unsigned char)byte) * HASH_FACTOR;
}

/* "##x" continues a word; "##" alone is an ordinary token. */
static bool is_continuation(const char *line, size_t length)
{
	return length > 2 && line[0] == '#' && line[1] == '#';
}

static bool token_is(const struct vocabulary *vocabulary, uint32_t id, bool continuation,
		     const char *text, size_t length)
{
	const struct vocabulary_token *token = &vocabulary->tokens[id];
	const char *start = vocabulary->text + token->start;
	bool continues = token->start >= 2 && start[-1] == '#' && start[-2] == '#' &&
			 (token->start == 2 || start[-3] == '\n');

	return token->length == length && continues == continuation &&
	       memcmp(start, text, length) == 0;
}

/* Slot that holds the token, or the free one where it would go. */
static uint32_t *find_slot(const struct vocabulary *vocabulary, uint32_t hash,
			   bool continuation, const char *text, size_t length)
{
	uint32_t slot = (hash ^ hash >> 15) & vocabulary->slot_mask;

	while (vocabulary->slots[slot] &&
	       !token_is(vocabulary, vocabulary->slots[slot] - 1, continuation, text, length))
		slot = (slot + 1) & vocabulary->slot_mask;
	return &vocabulary->slots[slot];
}

static uint32_t *find_line_slot(const struct vocabulary *vocabulary, bool continuation,
				const char *text, size_t length)
{
	uint32_t hash = hash_start(continuation);

	for (size_t i = 0; i < length; i++)
		hash = hash_byte(hash, text[i]);
	return find_slot(vocabulary, hash, continuation, text, length);
}

static enum eb_status add_line(struct vocabulary *vocabulary, uint32_t start, uint32_t length)
{
	const char *line = vocabulary->text + start;
	uint32_t id = vocabulary->count;
	bool continuation = is_continuation(line, length);
	uint32_t skip = continuation ? 2 : 0;
	size_t valid = text_valid_prefix(line, length);
	uint32_t *slot;

	if (length == 0)
		return eb_fail(EB_MODEL_CORRUPT, "vocabulary line %u is empty: each line must "
			       "hold one token", id + 1);
	if (valid != length)
		return eb_fail(EB_MODEL_CORRUPT, "vocabulary line %u is not valid UTF-8 at byte "
			       "%zu: convert the vocabulary to UTF-8", id + 1, valid + 1);
	slot = find_line_slot(vocabulary, continuation, line + skip, length - skip);
	if (*slot)
		return eb_fail(EB_MODEL_CORRUPT, "vocabulary line %u repeats token '%.*s' of "
			       "line %u: each token must be there once", id + 1,
			       (int)(length < 64 ? length : 64), line, *slot);
	vocabulary->tokens[id] = (struct vocabulary_token){ start + skip, length - skip };
	vocabulary->count = id + 1;
	*slot = id + 1;
	if (length - skip > vocabulary->longest)
		vocabulary->longest = length - skip;
	return EB_OK;
}

static enum eb_status add_lines(struct vocabulary *vocabulary, uint32_t size)
{
	uint32_t start = 0;

	while (start < size) {
		const char *line = vocabulary->text + start;
		const char *end = memchr(line, '\n', size - start);
		uint32_t length = end ? (uint32_t)(end - line) : size - start;
		enum eb_status status = add_line(vocabulary, start, length);

		if (status != EB_OK)
			return status;
		start += length + 1;
	}
	return EB_OK;
}

static uint32_t count_lines(const char *text, size_t size)
{
	uint32_t count = 0;

	for (size_t i = 0; i < size; i++)
		count += text[i] == '\n';
	return count + (size && text[size - 1] != '\n');
}

static enum eb_status allocate(struct vocabulary *vocabulary, const char *text, size_t size,
			       uint32_t count)
{
	uint32_t slots = 16;

	while (slots < 2 * count)
		slots *= 2;
	vocabulary->slot_mask = slots - 1;
	vocabulary->text = malloc(size);
	vocabulary->tokens = calloc(count, sizeof(*vocabulary->tokens));
	vocabulary->slots = calloc(slots, sizeof(*vocabulary->slots));
	if (!vocabulary->text || !vocabulary->tokens || !vocabulary->slots)
		return eb_fail(EB_OUT_OF_MEMORY, "no memory for a vocabulary of %u tokens", count);
	memcpy(vocabulary->text, text, size);
	return EB_OK;
}

enum eb_status vocabulary_init(struct vocabulary *vocabulary, const char *text, size_t size)
{
	enum eb_status status;
	uint32_t count;

	*vocabulary = (struct vocabulary){ 0 };
	if (size == 0)
		return eb_fail(EB_MODEL_CORRUPT, "the vocabulary is empty: it must hold one token "
			       "per line");
	if (size > TEXT_BYTES_MAX)
		return eb_fail(EB_MODEL_CORRUPT, "the vocabulary has %zu bytes: at most %u are "
			       "supported", size, TEXT_BYTES_MAX);
	count = count_lines(text, size);
	if (count > TOKENS_MAX)
		return eb_fail(EB_MODEL_CORRUPT, "the vocabulary has %u tokens: at most %u are "
			       "supported", count, TOKENS_MAX);
	status = allocate(vocabulary, text, size, count);
	if (status == EB_OK)
		status = add_lines(vocabulary, (uint32_t)size);
	if (status != EB_OK)
		vocabulary_destroy(vocabulary);
	return status;
}

void vocabulary_destroy(struct vocabulary *vocabulary)
{
	free(vocabulary->text);
	free(vocabulary->tokens);
	free(vocabulary->slots);
	*vocabulary = (struct vocabulary){ 0 };
}

int64_t vocabulary_find(const struct vocabulary *vocabulary, const char *token, size_t length)
{
	return (int64_t)*find_line_slot(vocabulary, false, token, length) - 1;
}

int64_t vocabulary_match(const struct vocabulary *vocabulary, bool continuation,
			 const char *word, size_t length, size_t *ret_length)
{
	size_t limit = length < vocabulary->longest ? length : vocabulary->longest;
	uint32_t hash = hash_start(continuation);
	int64_t found = -1;

	/* Each prefix costs one step of the hash, so trying all of them is cheap. */
	for (size_t end = 1; end <= limit; end++) {
		uint32_t slot;

		hash = hash_byte(hash, word[end - 1]);
		slot = *find_slot(vocabulary, hash, continuation, word, end);
		if (slot) {
			found = (int64_t)slot - 1;
			*ret_length = end;
		}
	}
	return found;
}
