// SPDX-License-Identifier: MIT
/*
 * Every line of golden.tsv, whose ids come from another implementation: both kinds of
 * tokenizer with their options, single texts and pairs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/status.h"
#include "lib/tokenizer.h"
#include "tests/unit/tokenizer/files.h"

#define LONGEST_MAX 128
#define LEAST_LINES 60

struct configuration {
	const char *name, *vocabulary;
	enum eb_model_tokenizer kind;
	uint32_t flags;
};

static const struct configuration configurations[] = {
	{ "albert", "albert-spiece.model", EB_MODEL_TOKENIZER_SENTENCEPIECE,
	  EB_MODEL_TOKENIZER_LOWER_CASE },
	{ "albert-cased", "albert-spiece.model", EB_MODEL_TOKENIZER_SENTENCEPIECE, 0 },
	{ "albert-accents", "albert-spiece.model", EB_MODEL_TOKENIZER_SENTENCEPIECE,
	  EB_MODEL_TOKENIZER_LOWER_CASE | EB_MODEL_TOKENIZER_KEEP_ACCENTS },
	{ "albert-spaces", "albert-spiece.model", EB_MODEL_TOKENIZER_SENTENCEPIECE,
	  EB_MODEL_TOKENIZER_LOWER_CASE | EB_MODEL_TOKENIZER_KEEP_SPACES },
	{ "bert", "bert-uncased-vocab.txt", EB_MODEL_TOKENIZER_WORDPIECE,
	  EB_MODEL_TOKENIZER_LOWER_CASE },
	{ "cased", "cased-vocab.txt", EB_MODEL_TOKENIZER_WORDPIECE, 0 },
	{ "cased-strip", "cased-vocab.txt", EB_MODEL_TOKENIZER_WORDPIECE,
	  EB_MODEL_TOKENIZER_STRIP_ACCENTS },
	{ "lower-accents", "cased-vocab.txt", EB_MODEL_TOKENIZER_WORDPIECE,
	  EB_MODEL_TOKENIZER_LOWER_CASE | EB_MODEL_TOKENIZER_KEEP_ACCENTS },
	{ "joined", "cased-vocab.txt", EB_MODEL_TOKENIZER_WORDPIECE,
	  EB_MODEL_TOKENIZER_JOIN_IDEOGRAPHS },
};

/* A line of the file, cut at its tabs. */
struct golden {
	const char *name, *ids;
	uint32_t longest;
	size_t first_segment;
	struct eb_text texts[2];
	bool is_pair;
};

static unsigned int hex_digit(char digit)
{
	return digit <= '9' ? (unsigned int)(digit - '0') : (unsigned int)(digit - 'a' + 10);
}

/* Turns %XX into bytes, in place. */
static struct eb_text decode(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++) {
		if (*from == '%') {
			*to++ = (char)(hex_digit(from[1]) << 4 | hex_digit(from[2]));
			from += 2;
		} else {
			*to++ = *from;
		}
	}
	return (struct eb_text){ text, (size_t)(to - text) };
}

static struct golden parse(char *line)
{
	struct golden golden = { .name = strsep(&line, "\t") };

	golden.longest = (uint32_t)strtoul(strsep(&line, "\t"), NULL, 10);
	golden.ids = strsep(&line, "\t");
	golden.first_segment = strtoul(strsep(&line, "\t"), NULL, 10);
	golden.texts[0] = decode(strsep(&line, "\t"));
	golden.is_pair = line != NULL;
	if (line)
		golden.texts[1] = decode(line);
	return golden;
}

static struct eb_tokenizer *create(const struct configuration *configuration, uint32_t longest)
{
	struct eb_tokenizer *tokenizer = NULL;
	char path[200];
	char *vocabulary;
	size_t size;

	snprintf(path, sizeof(path), TOKENIZER_DATA "%s", configuration->vocabulary);
	vocabulary = read_whole_file(path, &size);
	assert_non_null(vocabulary);
	if (eb_tokenizer_create(configuration->kind, configuration->flags, vocabulary, size,
				longest, &tokenizer))
		fail_msg("%s: %s", configuration->name, eb_error_detail());
	free(vocabulary);
	return tokenizer;
}

static void check_types(const struct golden *golden, const uint32_t *types, size_t count)
{
	for (size_t i = 0; i < count; i++)
		assert_int_equal(types[i], golden->is_pair && i >= golden->first_segment);
}

static void check(const struct eb_tokenizer *tokenizer, const struct golden *golden,
		  unsigned int line)
{
	uint32_t ids[LONGEST_MAX], types[LONGEST_MAX] = { 0 };
	char shown[8 * LONGEST_MAX] = "";
	enum eb_status status;
	size_t count = 0;
	int truncated;

	if (golden->is_pair)
		status = eb_tokenizer_encode_pair(tokenizer, golden->texts, ids, types,
						  LONGEST_MAX, &count, &truncated);
	else
		status = eb_tokenizer_encode(tokenizer, golden->texts[0].bytes,
					     golden->texts[0].size, ids, LONGEST_MAX, &count,
					     &truncated);
	if (status)
		fail_msg("line %u: %s", line, eb_error_detail());
	for (size_t i = 0; i < count; i++)
		sprintf(shown + strlen(shown), "%s%u", i ? " " : "", ids[i]);
	if (strcmp(shown, golden->ids) != 0)
		fail_msg("line %u, %s \"%.*s\":\nis       %s\nexpected %s", line, golden->name,
			 (int)golden->texts[0].size, golden->texts[0].bytes, shown, golden->ids);
	check_types(golden, types, count);
}

/* Lines of one tokenizer are together; pairs want another maximum each. */
static void check_configuration(const struct configuration *configuration, char *bytes)
{
	struct eb_tokenizer *tokenizer = NULL;
	uint32_t longest = 0;
	unsigned int lines = 0, number = 0;
	char *line;

	while ((line = strsep(&bytes, "\n")) && *line) {
		struct golden golden;

		number++;
		if (*line == '#' || strncmp(line, configuration->name,
					    strlen(configuration->name)) != 0 ||
		    line[strlen(configuration->name)] != '\t')
			continue;
		golden = parse(line);
		if (longest != golden.longest) {
			eb_tokenizer_destroy(tokenizer);
			tokenizer = create(configuration, golden.longest);
			longest = golden.longest;
		}
		check(tokenizer, &golden, number);
		lines++;
	}
	eb_tokenizer_destroy(tokenizer);
	assert_true(lines >= LEAST_LINES);
}

static void golden_ids(void **state)
{
	size_t size;
	char *bytes = read_whole_file(TOKENIZER_DATA "golden.tsv", &size);

	assert_non_null(bytes);
	check_configuration(*state, bytes);
	free(bytes);
}

#define CONFIGURATIONS (sizeof(configurations) / sizeof(configurations[0]))

int main(void)
{
	struct CMUnitTest tests[CONFIGURATIONS];

	for (size_t i = 0; i < CONFIGURATIONS; i++)
		tests[i] = (struct CMUnitTest){ configurations[i].name, golden_ids, NULL, NULL,
						(void *)&configurations[i] };
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("tokenizer-golden", tests, NULL, NULL);
}
