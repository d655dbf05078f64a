// SPDX-License-Identifier: MIT
/* Option rows: what is accepted, to which value, and that a refused one changes nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tools/edgebert/options.h"

static const char *const colours[] = { "red", "green", "blue", NULL };

struct values {
	bool flag;
	int32_t whole;
	double real;
	uint32_t duration;
	uint32_t colour;
	const char *text;
};

static struct values values;

static const struct option_row rows[] = {
	OPTION_FLAG("flag", 'f', &values.flag, "a flag"),
	OPTION_WHOLE("whole", 'w', "COUNT", &values.whole, -5, 100, "a whole number"),
	OPTION_REAL("real", 'r', "NUMBER", &values.real, -1, 2.5, "a number"),
	OPTION_DURATION("duration", 'd', "DURATION", &values.duration, 1, 4e9, "a duration"),
	OPTION_CHOICE("colour", 'c', "COLOUR", &values.colour, colours, "a choice"),
	OPTION_REQUIRED_TEXT("text", 't', "TEXT", &values.text, "a text"),
};

static const struct command command = {
	.name = "test",
	.summary = "",
	.synopsis = "FIRST [SECOND]",
	.description = "",
	.arguments_min = 1,
	.arguments_max = 2,
	OPTION_ROWS(rows),
};

/* The help of all commands is not asked for here. */
const struct command *const commands[] = { &command, NULL };

#define ARGUMENTS_MAX 16

/* line: words separated by single spaces, behind the command's name. */
static enum parse_result parse(const char *line, struct arguments *ret_arguments,
			       struct parser **ret_parser)
{
	static char copy[256];
	const char *words[ARGUMENTS_MAX] = { "test" };
	char *rest = copy;
	int count = 1;
	char *word;

	snprintf(copy, sizeof(copy), "%s", line);
	while ((word = strsep(&rest, " ")) && count < ARGUMENTS_MAX - 1)
		words[count++] = word;
	values = (struct values){ .whole = 7, .real = 0.5, .duration = 9, .colour = 2 };
	return parse_options(&command, count, words, ret_parser, ret_arguments);
}

static void accepted_values_arrive(void **state)
{
	struct arguments arguments;
	struct parser *parser;

	(void)state;
	assert_int_equal(parse("-f --whole -5 first --real=2.5 -d 1.5ms --colour green -t x second",
			       &arguments, &parser), PARSE_OK);
	assert_true(values.flag);
	assert_int_equal(values.whole, -5);
	assert_true(values.real == 2.5);
	assert_int_equal(values.duration, 1500);
	assert_int_equal(values.colour, 1);
	assert_string_equal(values.text, "x");
	assert_int_equal(arguments.count, 2);
	assert_string_equal(arguments.values[0], "first");
	assert_string_equal(arguments.values[1], "second");
	parser_free(parser);
}

static void what_is_not_given_keeps_its_default(void **state)
{
	struct arguments arguments;
	struct parser *parser;

	(void)state;
	assert_int_equal(parse("-t x -", &arguments, &parser), PARSE_OK);
	assert_false(values.flag);
	assert_int_equal(values.whole, 7);
	assert_int_equal(values.duration, 9);
	assert_int_equal(values.colour, 2);
	assert_string_equal(arguments.values[0], "-");
	parser_free(parser);
}

static void durations_of_every_unit(void **state)
{
	static const struct {
		const char *line;
		uint32_t wanted;
	} cases[] = {
		{ "-t x a -d 1us", 1 },		{ "-t x a -d 50ms", 50000 },
		{ "-t x a -d 2s", 2000000 },	{ "-t x a -d 0.0005s", 500 },
		{ "-t x a -d 1e3us", 1000 },	{ "-t x a -d 1.4us", 1 },
		{ "-t x a -d 4000s", 4000000000u },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct arguments arguments;
		struct parser *parser;

		assert_int_equal(parse(cases[i].line, &arguments, &parser), PARSE_OK);
		assert_int_equal(values.duration, cases[i].wanted);
		parser_free(parser);
	}
}

static void bad_values_are_refused_and_change_nothing(void **state)
{
	static const char *const lines[] = {
		"-t x a --whole 101", "-t x a --whole -6", "-t x a --whole 1.0", "-t x a --whole 1x",
		"-t x a --whole ", "-t x a --whole 4294967303", "-t x a --whole -", "-t x a --whole +1",
		"-t x a --real 2.6", "-t x a --real -1.1", "-t x a --real inf", "-t x a --real nan",
		"-t x a --real 0x1", "-t x a --real 1e999", "-t x a --real e5", "-t x a --real .",
		"-t x a --real 1,5", "-t x a -d 5", "-t x a -d 5m", "-t x a -d ms", "-t x a -d 0us",
		"-t x a -d 0.4us", "-t x a -d 4001s", "-t x a -d -1ms", "-t x a -d 5msec",
		"-t x a --colour gree", "-t x a --colour RED", "-t x a --colour ",
		"-t  a", "-t x a --unknown", "-t x a --whol 1", "-t x a -z", "-t x a --flag=1",
		"-t x a --whole", "-t x", "-t x a b c", "a",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct arguments arguments = { .count = 77 };
		struct parser *parser;

		if (parse(lines[i], &arguments, &parser) != PARSE_FAILED)
			fail_msg("'%s' was accepted", lines[i]);
		assert_int_equal(values.whole, 7);
		assert_true(values.real == 0.5);
		assert_int_equal(values.duration, 9);
		assert_int_equal(values.colour, 2);
		assert_int_equal(arguments.count, 77);
		parser_free(parser);
	}
}

static void help_needs_nothing_else(void **state)
{
	struct arguments arguments;
	struct parser *parser;

	(void)state;
	assert_int_equal(parse("--help", &arguments, &parser), PARSE_HELP);
	parser_free(parser);
	assert_int_equal(parse("-h", &arguments, &parser), PARSE_HELP);
	parser_free(parser);
}

static void the_help_names_every_option_and_its_range(void **state)
{
	static const char *const wanted[] = {
		"-f, --flag", "--whole COUNT", "(-5 to 100)", "(-1 to 2.5)", "(1us to 4000s)",
		"red, green, blue", "--text TEXT", "(required)", "-h, --help", "FIRST [SECOND]",
	};
	char *text = NULL;
	size_t size;
	FILE *output = open_memstream(&text, &size);

	(void)state;
	print_command_help(&command, output);
	fclose(output);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		if (!strstr(text, wanted[i]))
			fail_msg("'%s' is missing in:\n%s", wanted[i], text);
	free(text);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepted_values_arrive),
		cmocka_unit_test(what_is_not_given_keeps_its_default),
		cmocka_unit_test(durations_of_every_unit),
		cmocka_unit_test(bad_values_are_refused_and_change_nothing),
		cmocka_unit_test(help_needs_nothing_else),
		cmocka_unit_test(the_help_names_every_option_and_its_range),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
