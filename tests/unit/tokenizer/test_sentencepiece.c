// SPDX-License-Identifier: MIT
/*
 * SentencePiece models that are damaged, hostile or of another kind are refused before the
 * library sees them; what is sound works, also from several threads.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/sentencepiece_check.h"
#include "lib/status.h"
#include "lib/tokenizer.h"
#include "tests/unit/tokenizer/files.h"
#include "tests/unit/tokenizer/piece_model.h"

#define MODEL_PATH TOKENIZER_DATA "albert-spiece.model"
#define SEQUENCE 64

static enum eb_status create(const void *bytes, size_t size, struct eb_tokenizer **tokenizer)
{
	return eb_tokenizer_create(EB_MODEL_TOKENIZER_SENTENCEPIECE,
				   EB_MODEL_TOKENIZER_LOWER_CASE, bytes, size, SEQUENCE, tokenizer);
}

static void assert_refused(const struct piece_model *model, enum eb_status expected, const char *text)
{
	struct eb_tokenizer *tokenizer = NULL;

	assert_int_equal(create(model->bytes, model->size, &tokenizer), expected);
	assert_null(tokenizer);
	if (!strstr(eb_error_detail(), text))
		fail_msg("'%s' does not say '%s'", eb_error_detail(), text);
}

static void assert_ids(const struct eb_tokenizer *tokenizer, const char *text,
		       const uint32_t *expected, size_t count)
{
	uint32_t ids[SEQUENCE];
	size_t found;
	int truncated;

	assert_int_equal(eb_tokenizer_encode(tokenizer, text, strlen(text), ids, SEQUENCE, &found,
					     &truncated), EB_OK);
	assert_int_equal(found, count);
	assert_memory_equal(ids, expected, count * sizeof(*ids));
}

/* ---- Sound models ------------------------------------------------------------------- */

static void a_small_model_works(void **state)
{
	static const uint32_t expected[] = { 2, 4, 5, 1, 3 };
	struct eb_tokenizer *tokenizer = NULL;
	struct piece_model model = { .size = 0 };

	(void)state;
	piece_model_put_specials(&model);
	piece_model_put(&model, "\u2581ab", -1, PIECE_NORMAL);
	piece_model_put(&model, "c", -2, PIECE_NORMAL);
	if (create(model.bytes, model.size, &tokenizer))
		fail_msg("%s", eb_error_detail());
	assert_int_equal(eb_tokenizer_vocabulary_size(tokenizer), 6);
	assert_int_equal(eb_tokenizer_special(tokenizer).cls, 2);
	assert_int_equal(eb_tokenizer_special(tokenizer).sep, 3);
	assert_int_equal(eb_tokenizer_special(tokenizer).unknown, 1);
	assert_int_equal(eb_tokenizer_special(tokenizer).padding, 0);
	assert_ids(tokenizer, "ABcx", expected, 5);
	eb_tokenizer_destroy(tokenizer);
}

static struct eb_tokenizer *albert(void)
{
	struct eb_tokenizer *tokenizer = NULL;
	size_t size;
	char *bytes = read_whole_file(MODEL_PATH, &size);

	assert_non_null(bytes);
	assert_int_equal(create(bytes, size, &tokenizer), EB_OK);
	free(bytes);
	return tokenizer;
}

static void text_is_checked_and_cut_like_any(void **state)
{
	struct eb_tokenizer *tokenizer = albert();
	uint32_t ids[SEQUENCE];
	char text[8000];
	size_t count;
	int truncated;

	(void)state;
	memset(text, 'a', sizeof(text));
	for (size_t i = 1; i < sizeof(text); i += 2)
		text[i] = ' ';
	assert_int_equal(eb_tokenizer_encode(tokenizer, text, sizeof(text), ids, SEQUENCE, &count,
					     &truncated), EB_OK);
	assert_int_equal(count, SEQUENCE);
	assert_int_equal(truncated, 1);
	assert_int_equal(ids[SEQUENCE - 1], 3);
	assert_int_equal(eb_tokenizer_encode(tokenizer, text, 2 * (SEQUENCE - 2), ids, SEQUENCE,
					     &count, &truncated), EB_OK);
	assert_int_equal(count, SEQUENCE);
	assert_int_equal(truncated, 0);
	assert_int_equal(eb_tokenizer_encode(tokenizer, "ab\xff", 3, ids, SEQUENCE, &count,
					     &truncated), EB_TEXT_INVALID);
	assert_non_null(strstr(eb_error_detail(), "byte 3"));
	assert_int_equal(eb_tokenizer_encode(tokenizer, " \t\n", 3, ids, SEQUENCE, &count,
					     &truncated), EB_TEXT_EMPTY);
	assert_int_equal(eb_tokenizer_encode(tokenizer, "", 0, ids, SEQUENCE, &count, &truncated),
			 EB_TEXT_EMPTY);
	eb_tokenizer_destroy(tokenizer);
}

static void pairs_name_the_text_that_is_wrong(void **state)
{
	struct eb_tokenizer *tokenizer = albert();
	uint32_t ids[SEQUENCE], types[SEQUENCE];
	struct eb_text texts[2] = { { "good", 4 }, { "", 0 } };
	size_t count;
	int truncated;

	(void)state;
	assert_int_equal(eb_tokenizer_encode_pair(tokenizer, texts, ids, types, SEQUENCE, &count,
						  &truncated), EB_TEXT_EMPTY);
	assert_non_null(strstr(eb_error_detail(), "the second text has no tokens"));
	texts[0] = (struct eb_text){ "\x80", 1 };
	assert_int_equal(eb_tokenizer_encode_pair(tokenizer, texts, ids, types, SEQUENCE, &count,
						  &truncated), EB_TEXT_INVALID);
	assert_non_null(strstr(eb_error_detail(), "the first text is not valid UTF-8 at byte 1"));
	eb_tokenizer_destroy(tokenizer);
}

/* ---- Refusals ----------------------------------------------------------------------- */

static void files_that_are_no_model_are_refused(void **state)
{
	struct piece_model model = { .size = 5, .bytes = "hello" };

	(void)state;
	assert_refused(&model, EB_MODEL_CORRUPT, "cut off or no SentencePiece model");
	model.size = 0;
	assert_refused(&model, EB_MODEL_CORRUPT, "no pieces");
}

static void missing_specials_are_named(void **state)
{
	static const char *const names[] = { "<pad>", "<unk>", "[CLS]", "[SEP]" };

	(void)state;
	for (size_t left = 0; left < 4; left++) {
		struct piece_model model = { .size = 0 };

		for (size_t i = 0; i < 4; i++) {
			if (i != left)
				piece_model_put(&model, names[i], 0, i == 1 ? PIECE_UNKNOWN : PIECE_CONTROL);
		}
		assert_refused(&model, EB_MODEL_CORRUPT, names[left]);
	}
}

static void bad_pieces_are_refused(void **state)
{
	const struct {
		const char *text;
		size_t size;
		float score;
		unsigned int type;
		const char *message;
	} cases[] = {
		{ "", 0, 0, PIECE_NORMAL, "piece 4 is no text of 1 to 1024 bytes" },
		{ "a\0b", 3, 0, PIECE_NORMAL, "piece 4 is no text" },
		{ "\xc3", 1, 0, PIECE_NORMAL, "piece 4 is no text" },
		{ "a", 1, __builtin_nanf(""), PIECE_NORMAL, "score of piece 4 is not a number" },
		{ "a", 1, -__builtin_inff(), PIECE_NORMAL, "score of piece 4 is not a number" },
		{ "a", 1, 0, 9, "a piece can not be read" },
		{ "[CLS]", 5, 0, PIECE_CONTROL, "already defined" },
	};
	char longer[65];
	struct piece_model model = { .size = 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		model.size = 0;
		piece_model_put_specials(&model);
		piece_model_put_bytes(&model, cases[i].text, cases[i].size, cases[i].score,
				cases[i].type);
		assert_refused(&model, EB_MODEL_CORRUPT, cases[i].message);
	}
	model.size = 0;
	piece_model_put_specials(&model);
	memset(longer, 'a', sizeof(longer));
	piece_model_put_bytes(&model, longer, sizeof(longer), 0, PIECE_USER_DEFINED);
	assert_refused(&model, EB_MODEL_CORRUPT, "piece 4 is no text of 1 to 64 bytes");
}

static void models_of_another_type_are_refused(void **state)
{
	static const uint8_t byte_pairs[] = { 3 << 3, 2 };
	struct piece_model model = { .size = 0 };

	(void)state;
	piece_model_put_specials(&model);
	piece_model_put_field(&model, 2, byte_pairs, sizeof(byte_pairs));
	assert_refused(&model, EB_MODEL_UNSUPPORTED, "of type 2, supported is 1");
}

/* ---- Maps of characters ------------------------------------------------------------- */

#define BLOCK 256

struct map {
	uint32_t trie_bytes;
	uint32_t units[2 * BLOCK];
	char strings[8];
};

#define UNIT(offset, value, label) ((uint32_t)(offset) << 10 | (uint32_t)(value) << 8 | (label))

/* One rule: 'a' becomes the string at 0. */
static struct map sound_map(void)
{
	struct map map = { .trie_bytes = sizeof(map.units), .strings = "b" };

	for (unsigned int i = 0; i < 2 * BLOCK; i++)
		map.units[i] = UNIT(0, 0, ~i & 0xff);
	map.units[0] = UNIT(BLOCK, 0, 0);
	map.units[BLOCK ^ 'a'] = UNIT('a' ^ 3, 1, 'a');
	map.units[BLOCK ^ 3] = 1u << 31 | 0;
	return map;
}

static void assert_map_refused(const struct map *map, size_t size, const char *text)
{
	struct piece_model model = { .size = 0 };
	const char *problem = sentencepiece_check_character_map((const uint8_t *)map, size);

	assert_non_null(problem);
	if (!strstr(problem, text))
		fail_msg("'%s' does not say '%s'", problem, text);
	piece_model_put_specials(&model);
	piece_model_put_map(&model, map, size);
	assert_refused(&model, EB_MODEL_CORRUPT, text);
}

static void a_sound_map_is_applied(void **state)
{
	static const uint32_t expected[] = { 2, 4, 3 };
	struct map map = sound_map();
	struct eb_tokenizer *tokenizer = NULL;
	struct piece_model model = { .size = 0 };

	(void)state;
	assert_null(sentencepiece_check_character_map((const uint8_t *)&map, sizeof(map)));
	piece_model_put_specials(&model);
	piece_model_put(&model, "\u2581b", -1, PIECE_NORMAL);
	piece_model_put_map(&model, &map, sizeof(map));
	if (create(model.bytes, model.size, &tokenizer))
		fail_msg("%s", eb_error_detail());
	assert_ids(tokenizer, "a", expected, 3);
	eb_tokenizer_destroy(tokenizer);
}

static void maps_that_point_outside_are_refused(void **state)
{
	struct map map = sound_map();

	(void)state;
	map.units[0] = UNIT(2 * BLOCK, 0, 0);
	assert_map_refused(&map, sizeof(map), "points outside of itself");
	map = sound_map();
	map.units[BLOCK ^ 'a'] = UNIT(8 * BLOCK, 1, 'a');
	assert_map_refused(&map, sizeof(map), "points outside of itself");
	map = sound_map();
	map.units[BLOCK ^ 3] = 1u << 31 | sizeof(map.strings);
	assert_map_refused(&map, sizeof(map), "points behind its strings");
}

static void maps_without_end_are_refused(void **state)
{
	struct map map = sound_map();

	(void)state;
	memset(map.strings, 'b', sizeof(map.strings));
	assert_map_refused(&map, sizeof(map), "strings of its map of characters have no end");
	map = sound_map();
	/* "a" leads back to the root's children: any number of them match. */
	map.units[BLOCK ^ 'a'] = UNIT('a', 1, 'a');
	map.units[BLOCK] = 1u << 31;
	assert_map_refused(&map, sizeof(map), "goes in circles");
}

/* The library keeps 32 matches of one place in an array. */
static void maps_with_too_many_rules_for_one_place_are_refused(void **state)
{
	struct {
		uint32_t trie_bytes;
		uint32_t units[40 * BLOCK];
		char strings[8];
	} *map = calloc(1, sizeof(*map));

	(void)state;
	assert_non_null(map);
	map->trie_bytes = sizeof(map->units);
	for (unsigned int i = 0; i < 40 * BLOCK; i++)
		map->units[i] = UNIT(0, 0, ~i & 0xff);
	map->units[0] = UNIT(BLOCK, 0, 0);
	/* "a", "aa", "aaa": a value each. */
	for (unsigned int depth = 1; depth <= 32; depth++) {
		unsigned int at = depth * BLOCK ^ 'a', next = (depth + 1) * BLOCK;

		map->units[at] = UNIT(at ^ next, 1, 'a');
		map->units[next] = 1u << 31;
	}
	assert_null(sentencepiece_check_character_map((const uint8_t *)map, sizeof(*map)));
	map->units[33 * BLOCK ^ 'a'] = UNIT((33 * BLOCK ^ 'a') ^ 34 * BLOCK, 1, 'a');
	map->units[34 * BLOCK] = 1u << 31;
	assert_non_null(strstr(sentencepiece_check_character_map((const uint8_t *)map,
								 sizeof(*map)), "too many rules"));
	free(map);
}

static void maps_that_are_cut_off_are_refused(void **state)
{
	struct map map = sound_map();

	(void)state;
	assert_map_refused(&map, 3, "cut off");
	assert_map_refused(&map, sizeof(map.trie_bytes) + sizeof(map.units), "cut off");
	map.trie_bytes = 6;
	assert_map_refused(&map, sizeof(map), "cut off");
	map.trie_bytes = 0;
	assert_map_refused(&map, sizeof(map), "cut off");
	map.trie_bytes = 0xfffffffc;
	assert_map_refused(&map, sizeof(map), "cut off");
}

/* ---- Damage ------------------------------------------------------------------------- */

static void try_model(const char *bytes, size_t size)
{
	static const char text[] = "Caf\u00e9 \uff21 1,234, \u2460 \u6771\u4eac \U0001f600 x";
	struct eb_tokenizer *tokenizer;
	uint32_t ids[SEQUENCE];
	size_t count;
	int truncated;

	if (create(bytes, size, &tokenizer))
		return;
	if (eb_tokenizer_encode(tokenizer, text, sizeof(text) - 1, ids, SEQUENCE, &count,
				&truncated) == EB_OK)
		for (size_t i = 0; i < count; i++)
			assert_true(ids[i] < eb_tokenizer_vocabulary_size(tokenizer));
	eb_tokenizer_destroy(tokenizer);
}

/* Wherever it is hit, the model is refused or works; the sanitizers watch. */
static void damaged_models_do_no_harm(void **state)
{
	uint32_t random = 12345;
	size_t size;
	char *bytes = read_whole_file(MODEL_PATH, &size);

	(void)state;
	assert_non_null(bytes);
	for (int i = 0; i < 40; i++) {
		size_t at[3];
		char before[3];

		for (int j = 0; j < 3; j++) {
			random = random * 1664525u + 1013904223u;
			/* The map of characters is at the end, and all else looks alike. */
			at[j] = i % 2 ? random % size : size - 1 - random % (size / 3);
			before[j] = bytes[at[j]];
			bytes[at[j]] = (char)(before[j] ^ (1 << (random >> 28 & 7)));
		}
		try_model(bytes, size);
		for (int j = 2; j >= 0; j--)
			bytes[at[j]] = before[j];
	}
	for (size_t cut = 1; cut < size; cut = 2 * cut + 1)
		try_model(bytes, cut);
	try_model(bytes, size - 1);
	free(bytes);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_small_model_works),
		cmocka_unit_test(text_is_checked_and_cut_like_any),
		cmocka_unit_test(pairs_name_the_text_that_is_wrong),
		cmocka_unit_test(files_that_are_no_model_are_refused),
		cmocka_unit_test(missing_specials_are_named),
		cmocka_unit_test(bad_pieces_are_refused),
		cmocka_unit_test(models_of_another_type_are_refused),
		cmocka_unit_test(a_sound_map_is_applied),
		cmocka_unit_test(maps_that_point_outside_are_refused),
		cmocka_unit_test(maps_without_end_are_refused),
		cmocka_unit_test(maps_with_too_many_rules_for_one_place_are_refused),
		cmocka_unit_test(maps_that_are_cut_off_are_refused),
		cmocka_unit_test(damaged_models_do_no_harm),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("sentencepiece", tests, NULL, NULL);
}
