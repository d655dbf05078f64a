// SPDX-License-Identifier: MIT
/*
 * The tokenizer against ids made elsewhere, against BERT's definition character class by
 * character class, and against texts and vocabularies that must be refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/tokenizer.h"

#define VOCABULARY_FILE "tests/data/tokenizer/bert-uncased-vocab.txt"
#define SAMPLE_FILE "tests/data/tokenizer/sst2-dev-sample.tsv"
#define SAMPLE_SENTENCES 100
#define SEQUENCE_MAX 128

static char *vocabulary_text;
static size_t vocabulary_size;
static struct eb_tokenizer *tokenizer;

static char *read_file(const char *path, size_t *ret_size)
{
	FILE *file = fopen(path, "rb");
	char *text = NULL;
	long size;

	assert_non_null(file);
	assert_int_equal(fseek(file, 0, SEEK_END), 0);
	size = ftell(file);
	assert_true(size > 0);
	rewind(file);
	text = malloc((size_t)size + 1);
	assert_non_null(text);
	assert_int_equal(fread(text, 1, (size_t)size, file), (size_t)size);
	text[size] = '\0';
	fclose(file);
	*ret_size = (size_t)size;
	return text;
}

static int setup(void **state)
{
	(void)state;
	vocabulary_text = read_file(VOCABULARY_FILE, &vocabulary_size);
	return eb_tokenizer_create(EB_MODEL_TOKENIZER_WORDPIECE, EB_MODEL_TOKENIZER_LOWER_CASE,
				   vocabulary_text, vocabulary_size, SEQUENCE_MAX, &tokenizer);
}

static int teardown(void **state)
{
	(void)state;
	eb_tokenizer_destroy(tokenizer);
	free(vocabulary_text);
	return 0;
}

/* Line of the vocabulary, found without the code under test. */
static uint32_t id_of(const char *token, size_t length)
{
	uint32_t id = 0;

	for (const char *line = vocabulary_text; *line; id++) {
		const char *end = strchr(line, '\n');

		if ((size_t)(end - line) == length && memcmp(line, token, length) == 0)
			return id;
		line = end + 1;
	}
	fail_msg("'%.*s' is not in the vocabulary", (int)length, token);
	return 0;
}

/* tokens: separated by spaces, without [CLS] and [SEP]. */
static void assert_tokens(const char *text, size_t size, const char *tokens)
{
	uint32_t ids[SEQUENCE_MAX];
	size_t expected = 1;
	size_t count = 0;
	int truncated = -1;

	assert_int_equal(eb_tokenizer_encode(tokenizer, text, size, ids, SEQUENCE_MAX, &count,
					     &truncated), EB_OK);
	assert_int_equal(truncated, 0);
	assert_int_equal(ids[0], 101);
	while (*tokens) {
		size_t length = strcspn(tokens, " ");

		assert_true(expected < count);
		assert_int_equal(ids[expected], id_of(tokens, length));
		expected++;
		tokens += length;
		tokens += strspn(tokens, " ");
	}
	assert_int_equal(ids[expected], 102);
	assert_int_equal(count, expected + 1);
}

struct golden {
	const char *text;
	const char *tokens;
};

static void check_goldens(const struct golden *goldens, size_t count)
{
	for (size_t i = 0; i < count; i++)
		assert_tokens(goldens[i].text, strlen(goldens[i].text), goldens[i].tokens);
}

#define CHECK_GOLDENS(goldens) check_goldens(goldens, sizeof(goldens) / sizeof((goldens)[0]))

static void special_tokens_are_found(void **state)
{
	struct eb_tokenizer_special special = eb_tokenizer_special(tokenizer);

	(void)state;
	assert_int_equal(special.padding, 0);
	assert_int_equal(special.unknown, 100);
	assert_int_equal(special.cls, 101);
	assert_int_equal(special.sep, 102);
	assert_int_equal(eb_tokenizer_vocabulary_size(tokenizer), 30522);
}

/* The sentences' ids come from the tokenizer that the checkpoint was evaluated with. */
static void sst2_sentences_have_the_ids_of_the_checkpoint(void **state)
{
	size_t size;
	char *sample = read_file(SAMPLE_FILE, &size);
	char *line = strchr(sample, '\n') + 1;
	size_t sentences = 0;

	(void)state;
	while (*line) {
		char *tab = strchr(line, '\t');
		char *next = tab;
		uint32_t ids[SEQUENCE_MAX];
		size_t count;
		int truncated;

		assert_int_equal(eb_tokenizer_encode(tokenizer, line, (size_t)(tab - line), ids,
						     SEQUENCE_MAX, &count, &truncated), EB_OK);
		assert_int_equal(truncated, 0);
		for (size_t i = 0; i < count; i++)
			assert_int_equal(strtoul(next + 1, &next, 10), ids[i]);
		assert_int_equal(*next, '\n');
		line = next + 1;
		sentences++;
	}
	assert_int_equal(sentences, SAMPLE_SENTENCES);
	free(sample);
}

static void words_split_greedily_into_longest_pieces(void **state)
{
	static const struct golden goldens[] = {
		{ "unaffable", "una ##ffa ##ble" },
		{ "embeddings", "em ##bed ##ding ##s" },
		{ "hello world", "hello world" },
		{ "zzzzqqqq", "z ##zz ##z ##q ##q ##q ##q" },
	};

	(void)state;
	CHECK_GOLDENS(goldens);
}

static void case_and_accents_are_folded(void **state)
{
	static const struct golden goldens[] = {
		{ "HeLLo", "hello" },
		{ "Caf\u00e9 na\u00efve \u00c5ngstr\u00f6m", "cafe naive ang ##strom" },
		{ "cafe\u0301", "cafe" },	/* already decomposed */
		{ "\u0130stanbul", "istanbul" },	/* I with dot above */
		{ "\u1e9b\u0323", "[UNK]" },	/* long s, two dots dropped, is no token */
		{ "\u212b", "a" },		/* angstrom sign: a singleton */
		{ "\u00df \u00e6 \u0142", "\u00df \u00e6 \u0142" },	/* nothing to strip */
		{ "\u041c\u041e\u0421\u041a\u0412\u0410", 
		  "\u043c ##\u043e ##\u0441 ##\u043a ##\u0432 ##\u0430" },
		{ "\u00e5\u0323", "a" },	/* accents below and above */
	};

	(void)state;
	CHECK_GOLDENS(goldens);
}

static void capital_sigma_depends_on_its_neighbours(void **state)
{
	static const struct golden goldens[] = {
		{ "\u03a3", "\u03c3" },			/* alone: not final */
		{ "\u039f\u03a3", "\u03bf ##\u03c2" },	/* at the end of a word */
		{ "\u039f\u03a3 \u0391", "\u03bf ##\u03c2 \u03b1" },
		{ "\u039f\u03a3\u0391", "\u03bf ##\u03c3 ##\u03b1" },
		{ "\u039f\u03a3\u200d\u0391", "\u03bf ##\u03c3 ##\u03b1" },	/* joiner dropped */
		{ "\u039f\u03a3.", "\u03bf ##\u03c2 ." },
		{ "\u039f\u03a3.\u0391", "\u03bf ##\u03c3 . \u03b1" },
		{ "\u039f \u03a3", "\u03bf \u03c3" },
	};

	(void)state;
	CHECK_GOLDENS(goldens);
}

static void punctuation_and_ascii_symbols_stand_alone(void **state)
{
	static const struct golden goldens[] = {
		{ "isn't it?!", "isn ' t it ? !" },
		{ "$5 + 3 = 8^1 ~ `x` <a|b>", "$ 5 + 3 = 8 ^ 1 ~ ` x ` < a | b >" },
		{ "well\u2014yes\u2026", "well \u2014 yes \u2026" },
		{ "\u201cquoted\u201d", "\u201c quoted \u201d" },
		{ "a\u037eb", "a ; b" },	/* Greek question mark decomposes */
		{ "x\u2260y", "x = y" },	/* "not equal" is "=" and a mark */
		{ "5\u20ac 20\u00b0", "5 ##\u20ac 20 ##\u00b0" },	/* other symbols do not split */
		{ "[SEP] [CLS] [MASK]", "[ sep ] [ cl ##s ] [ mask ]" },
	};

	(void)state;
	CHECK_GOLDENS(goldens);
}

static void ideographs_stand_alone_but_kana_and_hangul_do_not(void **state)
{
	static const struct golden goldens[] = {
		{ "\u6771\u4eac", "\u6771 \u4eac" },
		{ "ab\u4e2dcd", "ab \u4e2d cd" },
		{ "\u3042\u3044", "\u3042 ##\u3044" },
		{ "\ud55c", "\u1112 ##\u1161 ##\u11ab" },	/* syllable to jamo */
		{ "\u304c", "\u304b" },		/* voiced kana: the mark is stripped */
		{ "\uf90a", "\u91d1" },		/* compatibility ideograph */
		{ "\U00020000", "[UNK]" },
	};

	(void)state;
	CHECK_GOLDENS(goldens);
}

static void emoji_are_words_of_their_letters_class(void **state)
{
	static const struct golden goldens[] = {
		{ "\U0001f600", "[UNK]" },
		{ "good \U0001f600 film", "good [UNK] film" },
		{ "good\U0001f600", "[UNK]" },
		{ "\u2764\ufe0f", "[UNK]" },	/* the variation selector is a mark: dropped */
	};

	(void)state;
	CHECK_GOLDENS(goldens);
}

static void control_characters_vanish_and_spaces_separate(void **state)
{
	static const struct golden goldens[] = {
		{ "a\tb\nc\rd e", "a b c d e" },
		{ "ab\x01" "cd\x7f" "ef", "abc ##de ##f" },
		{ "fi\u00adlm", "film" },	/* soft hyphen */
		{ "fi\u200blm fi\u200dlm \ufefffilm", "film film film" },	/* zero width */
		{ "a\x0b" "b\x0c" "c", "abc" },	/* vertical tab, form feed: control */
		{ "a\xc2\x85" "b", "ab" },		/* next line: control */
		{ "a\u00a0b\u3000c\u2003d", "a b c d" },
		{ "a\u2028b\u2029c", "a b c" },
		{ "a\ufffdb \ue000a", "ab a" },	/* replacement, private use */
		{ "  film  ", "film" },
	};

	(void)state;
	CHECK_GOLDENS(goldens);
	assert_tokens("fi\0lm", 5, "film");
}

static void words_above_100_characters_are_unknown(void **state)
{
	char text[128];
	uint32_t ids[SEQUENCE_MAX];
	size_t count;
	int truncated;

	(void)state;
	memset(text, 'a', sizeof(text));
	assert_int_equal(eb_tokenizer_encode(tokenizer, text, 100, ids, SEQUENCE_MAX, &count,
					     &truncated), EB_OK);
	assert_true(count > 3);
	for (size_t i = 0; i < count; i++)
		assert_int_not_equal(ids[i], 100);
	assert_tokens(text, 101, "[UNK]");
	/* Accents do not count: 100 letters with 28 marks stay 100 letters. */
	text[101] = ' ';
	assert_tokens(text, 104, "[UNK] aa");
}

static void a_text_above_the_maximum_keeps_its_end_token(void **state)
{
	char text[2 * 10000];
	uint32_t ids[SEQUENCE_MAX + 1];
	size_t count;
	int truncated;

	(void)state;
	for (size_t i = 0; i < sizeof(text); i += 2)
		memcpy(text + i, "a ", 2);
	memset(ids, 0, sizeof(ids));
	assert_int_equal(eb_tokenizer_encode(tokenizer, text, sizeof(text), ids,
					     SEQUENCE_MAX + 1, &count, &truncated), EB_OK);
	assert_int_equal(count, SEQUENCE_MAX);
	assert_int_equal(truncated, 1);
	assert_int_equal(ids[0], 101);
	assert_int_equal(ids[SEQUENCE_MAX - 2], 1037);
	assert_int_equal(ids[SEQUENCE_MAX - 1], 102);
	assert_int_equal(ids[SEQUENCE_MAX], 0);
}

static void a_text_that_just_fits_is_not_truncated(void **state)
{
	char text[2 * (SEQUENCE_MAX - 1)];
	uint32_t ids[SEQUENCE_MAX];
	size_t count;
	int truncated;

	(void)state;
	for (size_t i = 0; i < sizeof(text); i += 2)
		memcpy(text + i, "a ", 2);
	assert_int_equal(eb_tokenizer_encode(tokenizer, text, sizeof(text) - 2, ids,
					     SEQUENCE_MAX, &count, &truncated), EB_OK);
	assert_int_equal(count, SEQUENCE_MAX);
	assert_int_equal(truncated, 0);
	assert_int_equal(eb_tokenizer_encode(tokenizer, text, sizeof(text), ids, SEQUENCE_MAX,
					     &count, &truncated), EB_OK);
	assert_int_equal(count, SEQUENCE_MAX);
	assert_int_equal(truncated, 1);
}

static void a_small_buffer_gets_the_first_ids_and_the_full_count(void **state)
{
	uint32_t ids[3] = { 0, 0, 77 };
	size_t count;
	int truncated;

	(void)state;
	assert_int_equal(eb_tokenizer_encode(tokenizer, "hello world", 11, ids, 2, &count,
					     &truncated), EB_OK);
	assert_int_equal(count, 4);
	assert_int_equal(truncated, 0);
	assert_int_equal(ids[0], 101);
	assert_int_equal(ids[1], 7592);
	assert_int_equal(ids[2], 77);
	assert_int_equal(eb_tokenizer_encode(tokenizer, "hello world", 11, NULL, 0, &count,
					     &truncated), EB_OK);
	assert_int_equal(count, 4);
}

static void invalid_utf8_is_refused_with_its_place(void **state)
{
	static const struct {
		const char *text;
		const char *place;
	} cases[] = {
		{ "good \xff film", "byte 6 (0xff)" },
		{ "\x80", "byte 1 (0x80)" },			/* lone continuation */
		{ "ab\xc0\xaf", "byte 3 (0xc0)" },		/* overlong slash */
		{ "a\xed\xa0\x80", "byte 2 (0xed)" },		/* surrogate */
		{ "\xf4\x90\x80\x80", "byte 1 (0xf4)" },	/* above U+10FFFF */
		{ "caf\xc3", "byte 4 (0xc3)" },			/* cut off */
		{ "\xe4\xb8", "byte 1 (0xe4)" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint32_t ids[SEQUENCE_MAX];
		size_t count = 77;
		int truncated = 77;

		assert_int_equal(eb_tokenizer_encode(tokenizer, cases[i].text,
						     strlen(cases[i].text), ids, SEQUENCE_MAX,
						     &count, &truncated), EB_TEXT_INVALID);
		assert_non_null(strstr(eb_error_detail(), cases[i].place));
		assert_int_equal(count, 77);
		assert_int_equal(truncated, 77);
	}
}

/* Also where truncation would have hidden it. */
static void invalid_utf8_behind_the_cut_is_refused(void **state)
{
	char text[1001];
	uint32_t ids[SEQUENCE_MAX];
	size_t count;
	int truncated;

	(void)state;
	for (size_t i = 0; i < 1000; i += 2)
		memcpy(text + i, "a ", 2);
	text[1000] = (char)0xfe;
	assert_int_equal(eb_tokenizer_encode(tokenizer, text, sizeof(text), ids, SEQUENCE_MAX,
					     &count, &truncated), EB_TEXT_INVALID);
	assert_non_null(strstr(eb_error_detail(), "byte 1001"));
}

static void text_without_tokens_is_refused(void **state)
{
	static const char *const texts[] = {
		"", " ", "\t\r\n", "\u200b\u00ad\ufeff", "\u0301", "\x01",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		uint32_t ids[SEQUENCE_MAX];
		size_t count;
		int truncated;

		assert_int_equal(eb_tokenizer_encode(tokenizer, texts[i], strlen(texts[i]), ids,
						     SEQUENCE_MAX, &count, &truncated),
				 EB_TEXT_EMPTY);
	}
}

static void without_lower_case_the_text_keeps_case_and_accents(void **state)
{
	static const char vocabulary[] = "[PAD]\n[UNK]\n[CLS]\n[SEP]\nCaf\u00e9\ncafe\n";
	struct eb_tokenizer *cased;
	uint32_t ids[8];
	size_t count;
	int truncated;

	(void)state;
	assert_int_equal(eb_tokenizer_create(EB_MODEL_TOKENIZER_WORDPIECE, 0, vocabulary,
					     sizeof(vocabulary) - 1, 8, &cased), EB_OK);
	assert_int_equal(eb_tokenizer_encode(cased, "Caf\u00e9 CAFE cafe", 15, ids, 8, &count,
					     &truncated), EB_OK);
	assert_int_equal(count, 5);
	assert_int_equal(ids[1], 4);
	assert_int_equal(ids[2], 1);
	assert_int_equal(ids[3], 5);
	eb_tokenizer_destroy(cased);
}

#define SPECIALS "[PAD]\n[UNK]\n[CLS]\n[SEP]\n"

static void bad_vocabularies_are_refused_with_the_line(void **state)
{
	static const struct {
		const char *vocabulary;
		const char *message;
	} cases[] = {
		{ "", "empty" },
		{ "\n", "line 1 is empty" },
		{ SPECIALS "a\n\nb\n", "line 6 is empty" },
		{ SPECIALS "a\nb\na\n", "line 7 repeats token 'a' of line 5" },
		{ SPECIALS "##a\nb\n##a", "line 7 repeats token '##a' of line 5" },
		{ SPECIALS "a\nb\xff\n", "line 6 is not valid UTF-8 at byte 2" },
		{ "[PAD]\n[UNK]\n[SEP]\na\n", "[CLS]" },
		{ "[PAD]\n[UNK]\n[CLS]\na\n", "[SEP]" },
		{ "[PAD]\n[CLS]\n[SEP]\na\n", "[UNK]" },
		{ "[UNK]\n[CLS]\n[SEP]\na\n", "[PAD]" },
		{ "[PAD]\r\n[UNK]\r\n[CLS]\r\n[SEP]\r\n", "[CLS]" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct eb_tokenizer *refused = NULL;

		assert_int_equal(eb_tokenizer_create(EB_MODEL_TOKENIZER_WORDPIECE,
						     EB_MODEL_TOKENIZER_LOWER_CASE,
						     cases[i].vocabulary,
						     strlen(cases[i].vocabulary), 128, &refused),
				 EB_MODEL_CORRUPT);
		assert_null(refused);
		if (!strstr(eb_error_detail(), cases[i].message))
			fail_msg("'%s' does not say '%s'", eb_error_detail(), cases[i].message);
	}
}

static void a_word_and_its_continuation_are_different_tokens(void **state)
{
	static const char vocabulary[] = SPECIALS "a\n##a\n##\n##b\nb";
	struct eb_tokenizer *small;
	uint32_t ids[8];
	size_t count;
	int truncated;

	(void)state;
	assert_int_equal(eb_tokenizer_create(EB_MODEL_TOKENIZER_WORDPIECE, 0, vocabulary,
					     sizeof(vocabulary) - 1, 8, &small), EB_OK);
	assert_int_equal(eb_tokenizer_encode(small, "aab b", 5, ids, 8, &count, &truncated), EB_OK);
	assert_int_equal(count, 6);
	assert_int_equal(ids[1], 4);
	assert_int_equal(ids[2], 5);
	assert_int_equal(ids[3], 7);
	assert_int_equal(ids[4], 8);
	eb_tokenizer_destroy(small);
}

static void unknown_kinds_flags_and_lengths_are_refused(void **state)
{
	struct eb_tokenizer *refused = NULL;

	(void)state;
	assert_int_equal(eb_tokenizer_create(99, 0, SPECIALS, sizeof(SPECIALS) - 1, 8, &refused),
			 EB_MODEL_UNSUPPORTED);
	assert_int_equal(eb_tokenizer_create(EB_MODEL_TOKENIZER_WORDPIECE, 1u << 31, SPECIALS,
					     sizeof(SPECIALS) - 1, 8, &refused),
			 EB_MODEL_UNSUPPORTED);
	assert_int_equal(eb_tokenizer_create(EB_MODEL_TOKENIZER_WORDPIECE, 0, SPECIALS,
					     sizeof(SPECIALS) - 1, 2, &refused),
			 EB_MODEL_CORRUPT);
	assert_null(refused);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(special_tokens_are_found),
		cmocka_unit_test(sst2_sentences_have_the_ids_of_the_checkpoint),
		cmocka_unit_test(words_split_greedily_into_longest_pieces),
		cmocka_unit_test(case_and_accents_are_folded),
		cmocka_unit_test(capital_sigma_depends_on_its_neighbours),
		cmocka_unit_test(punctuation_and_ascii_symbols_stand_alone),
		cmocka_unit_test(ideographs_stand_alone_but_kana_and_hangul_do_not),
		cmocka_unit_test(emoji_are_words_of_their_letters_class),
		cmocka_unit_test(control_characters_vanish_and_spaces_separate),
		cmocka_unit_test(words_above_100_characters_are_unknown),
		cmocka_unit_test(a_text_above_the_maximum_keeps_its_end_token),
		cmocka_unit_test(a_text_that_just_fits_is_not_truncated),
		cmocka_unit_test(a_small_buffer_gets_the_first_ids_and_the_full_count),
		cmocka_unit_test(invalid_utf8_is_refused_with_its_place),
		cmocka_unit_test(invalid_utf8_behind_the_cut_is_refused),
		cmocka_unit_test(text_without_tokens_is_refused),
		cmocka_unit_test(without_lower_case_the_text_keeps_case_and_accents),
		cmocka_unit_test(bad_vocabularies_are_refused_with_the_line),
		cmocka_unit_test(a_word_and_its_continuation_are_different_tokens),
		cmocka_unit_test(unknown_kinds_flags_and_lengths_are_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
