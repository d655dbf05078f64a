// SPDX-License-Identifier: MIT
/* Option rows to values: popt splits the command line, types and ranges are checked here. */
#include "tools/edgebert/options.h"

#include <errno.h>
#include <math.h>
#include <popt.h>
#include <stdlib.h>
#include <string.h>

#include "tools/edgebert/report.h"

#define HELP_VALUE 1	/* popt's value for --help; option row i has i + FIRST_ROW */
#define FIRST_ROW 2

struct parser {
	const struct command *command;
	poptContext context;
	struct poptOption *table;
	char **texts;		/* value of each row that takes one, as given */
	bool *given;
};

struct unit {
	const char *name;
	double microseconds;
};

static const struct unit units[] = {
	{ "us", 1 },
	{ "ms", 1000 },
	{ "s", 1000000 },
};

/* Decimal digits, point, sign and exponent only: no "nan", "inf" or hexadecimal. */
static bool parse_decimal(const char *text, double *ret_value, const char **ret_end)
{
	size_t length = strspn(text, "0123456789.+-eE");
	char *end;

	if (length == 0 || strchr("eE", text[0]))
		return false;
	errno = 0;
	*ret_value = strtod(text, &end);
	*ret_end = end;
	return end != text && end <= text + length && errno == 0 && isfinite(*ret_value);
}

static int refuse_value(const struct option_row *row, const char *text, const char *wanted)
{
	return report_tool(EXIT_USAGE, "--%s '%s' is not %s", row->name, text, wanted);
}

/* Durations are shown in the unit that a person would write. */
static void format_limit(const struct option_row *row, double value, char *text, size_t size)
{
	const struct unit *unit = &units[0];

	if (row->type != OPTION_TYPE_DURATION) {
		snprintf(text, size, "%.10g", value);
		return;
	}
	for (size_t i = 1; i < sizeof(units) / sizeof(units[0]); i++)
		if (value >= units[i].microseconds)
			unit = &units[i];
	snprintf(text, size, "%.10g%s", value / unit->microseconds, unit->name);
}

static int check_range(const struct option_row *row, const char *text, double value)
{
	char min[32], max[32];

	if (value >= row->min && value <= row->max)
		return 0;
	format_limit(row, row->min, min, sizeof(min));
	format_limit(row, row->max, max, sizeof(max));
	return report_tool(EXIT_USAGE, "--%s %s is out of range: it must be between %s and %s",
			   row->name, text, min, max);
}

static int set_whole(const struct option_row *row, const char *text)
{
	size_t digits = strspn(text + (*text == '-'), "0123456789");
	double value;
	int failed;

	if (digits == 0 || text[digits + (*text == '-')] != '\0')
		return refuse_value(row, text, "a whole number");
	value = strtod(text, NULL);
	failed = check_range(row, text, value);
	if (!failed)
		*row->target.whole = (int32_t)value;
	return failed;
}

static int set_real(const struct option_row *row, const char *text)
{
	const char *end;
	double value;
	int failed;

	if (!parse_decimal(text, &value, &end) || *end != '\0')
		return refuse_value(row, text, "a number");
	failed = check_range(row, text, value);
	if (!failed)
		*row->target.real = value;
	return failed;
}

static int set_duration(const struct option_row *row, const char *text)
{
	const char *end;
	double value;

	if (!parse_decimal(text, &value, &end))
		return refuse_value(row, text, "a duration such as 50ms");
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		int failed;

		if (strcmp(end, units[i].name) != 0)
			continue;
		value = round(value * units[i].microseconds);
		failed = check_range(row, text, value);
		if (!failed)
			*row->target.microseconds = (uint32_t)value;
		return failed;
	}
	return report_tool(EXIT_USAGE, "--%s '%s' has %s: write us, ms or s behind the number, as "
			   "in 50ms", row->name, text, *end ? "an unknown unit" : "no unit");
}

static int set_choice(const struct option_row *row, const char *text)
{
	char list[128] = "";

	for (uint32_t i = 0; row->choices[i]; i++) {
		if (strcmp(row->choices[i], text) == 0) {
			*row->target.choice = i;
			return 0;
		}
		snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%s", i ? ", " : "",
			 row->choices[i]);
	}
	return report_tool(EXIT_USAGE, "--%s '%s' is unknown: choose one of %s", row->name, text,
			   list);
}

static int set_value(const struct option_row *row, const char *text)
{
	switch (row->type) {
	case OPTION_TYPE_FLAG:
		*row->target.flag = true;
		return 0;
	case OPTION_TYPE_WHOLE:
		return set_whole(row, text);
	case OPTION_TYPE_REAL:
		return set_real(row, text);
	case OPTION_TYPE_DURATION:
		return set_duration(row, text);
	case OPTION_TYPE_CHOICE:
		return set_choice(row, text);
	case OPTION_TYPE_TEXT:
		if (*text == '\0')
			return refuse_value(row, text, "a name: it is empty");
		*row->target.text = text;
		return 0;
	}
	return 0;
}

static struct parser *parser_new(const struct command *command, int argc, const char **argv)
{
	size_t count = command->option_count;
	struct parser *parser = calloc(1, sizeof(*parser));

	if (!parser)
		report_out_of_memory();
	parser->command = command;
	/* One row more for --help, one that ends the table. */
	parser->table = calloc(count + 2, sizeof(*parser->table));
	parser->texts = calloc(count + 1, sizeof(*parser->texts));
	parser->given = calloc(count + 1, sizeof(*parser->given));
	if (!parser->table || !parser->texts || !parser->given)
		report_out_of_memory();
	for (size_t i = 0; i < count; i++) {
		const struct option_row *row = &command->options[i];

		parser->table[i].longName = row->name;
		parser->table[i].shortName = row->letter;
		parser->table[i].argInfo =
			row->type == OPTION_TYPE_FLAG ? POPT_ARG_NONE : POPT_ARG_STRING;
		parser->table[i].val = (int)i + FIRST_ROW;
	}
	parser->table[count] = (struct poptOption){
		.longName = "help", .shortName = 'h', .argInfo = POPT_ARG_NONE, .val = HELP_VALUE,
	};
	parser->context = poptGetContext(NULL, argc, argv, parser->table, 0);
	if (!parser->context)
		report_out_of_memory();
	return parser;
}

void parser_free(struct parser *parser)
{
	if (!parser)
		return;
	for (size_t i = 0; i < parser->command->option_count; i++)
		free(parser->texts[i]);
	poptFreeContext(parser->context);
	free(parser->table);
	free(parser->texts);
	free(parser->given);
	free(parser);
}

static int take_option(struct parser *parser, size_t index)
{
	/* Given twice, the last value counts. */
	free(parser->texts[index]);
	parser->texts[index] = poptGetOptArg(parser->context);
	parser->given[index] = true;
	return set_value(&parser->command->options[index], parser->texts[index]);
}

static enum parse_result take_options(struct parser *parser)
{
	int value;

	while ((value = poptGetNextOpt(parser->context)) > 0) {
		if (value == HELP_VALUE)
			return PARSE_HELP;
		if (take_option(parser, (size_t)value - FIRST_ROW) != 0)
			return PARSE_FAILED;
	}
	if (value == -1)
		return PARSE_OK;
	if (value == POPT_ERROR_BADOPT)
		report_tool(EXIT_USAGE, "unknown option %s",
			    poptBadOption(parser->context, POPT_BADOPTION_NOALIAS));
	else
		report_tool(EXIT_USAGE, "%s: %s",
			    poptBadOption(parser->context, POPT_BADOPTION_NOALIAS),
			    poptStrerror(value));
	return PARSE_FAILED;
}

static enum parse_result check_required(const struct parser *parser)
{
	for (size_t i = 0; i < parser->command->option_count; i++) {
		const struct option_row *row = &parser->command->options[i];

		if (!row->required || parser->given[i])
			continue;
		report_tool(EXIT_USAGE, "--%s %s is missing", row->name, row->argument);
		return PARSE_FAILED;
	}
	return PARSE_OK;
}

static enum parse_result take_arguments(struct parser *parser, struct arguments *ret_arguments)
{
	const struct command *command = parser->command;
	struct arguments arguments = { 0 };

	arguments.values = poptGetArgs(parser->context);
	while (arguments.values && arguments.values[arguments.count])
		arguments.count++;
	if (arguments.count > command->arguments_max) {
		report_tool(EXIT_USAGE, "'%s' is one argument too many",
			    arguments.values[command->arguments_max]);
		return PARSE_FAILED;
	}
	if (arguments.count < command->arguments_min) {
		report_tool(EXIT_USAGE, "%s is missing", command->synopsis);
		return PARSE_FAILED;
	}
	*ret_arguments = arguments;
	return PARSE_OK;
}

enum parse_result parse_options(const struct command *command, int argc, const char **argv,
				struct parser **ret_parser, struct arguments *ret_arguments)
{
	struct parser *parser = parser_new(command, argc, argv);
	enum parse_result result = take_options(parser);

	if (result == PARSE_OK)
		result = check_required(parser);
	if (result == PARSE_OK)
		result = take_arguments(parser, ret_arguments);
	*ret_parser = parser;
	return result;
}

static void print_option(const struct option_row *row, FILE *output)
{
	char left[64], min[32], max[32];

	snprintf(left, sizeof(left), "%c%c%s--%s%s%s", row->letter ? '-' : ' ',
		 row->letter ? row->letter : ' ', row->letter ? ", " : "  ", row->name,
		 row->argument ? " " : "", row->argument ? row->argument : "");
	fprintf(output, "  %-32s %s", left, row->help);
	if (row->type == OPTION_TYPE_WHOLE || row->type == OPTION_TYPE_REAL ||
	    row->type == OPTION_TYPE_DURATION) {
		format_limit(row, row->min, min, sizeof(min));
		format_limit(row, row->max, max, sizeof(max));
		fprintf(output, " (%s to %s)", min, max);
	}
	for (size_t i = 0; row->choices && row->choices[i]; i++)
		fprintf(output, "%s%s", i ? ", " : ": ", row->choices[i]);
	fprintf(output, "%s\n", row->required ? " (required)" : "");
}

void print_command_help(const struct command *command, FILE *output)
{
	fprintf(output, "usage: edgebert %s%s%s%s\n\n%s\n\noptions:\n", command->name,
		command->option_count ? " [OPTION...]" : "", *command->synopsis ? " " : "",
		command->synopsis, command->description);
	for (size_t i = 0; i < command->option_count; i++)
		print_option(&command->options[i], output);
	fprintf(output, "  %-32s %s\n", "-h, --help", "show this help");
}

void print_help(FILE *output)
{
	fprintf(output, "usage: edgebert COMMAND [OPTION...] [ARGUMENT...]\n\n"
		"Classifies sentences on EdgeBERT accelerators.\n\ncommands:\n");
	for (size_t i = 0; commands[i]; i++)
		fprintf(output, "  %-18s %s\n", commands[i]->name, commands[i]->summary);
	fprintf(output, "\n  edgebert COMMAND --help    options of a command\n"
		"  edgebert --version         versions of tool and library\n");
}
