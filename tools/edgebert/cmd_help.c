// SPDX-License-Identifier: MIT
/* edgebert help, version and metadata: what the tool says about itself. */
#include <stdio.h>

#include <edgebert/edgebert.h>

#include "lib/model_format.h"
#include "tools/edgebert/options.h"
#include "tools/edgebert/record.h"
#include "tools/edgebert/render.h"
#include "tools/edgebert/report.h"

static struct {
	bool json;
} options;

static const struct option_row version_rows[] = {
	OPTION_JSON(&options.json),
};

static int run_help(const struct arguments *arguments)
{
	const struct command *command;

	if (arguments->count == 0) {
		print_help(stdout);
		return render_flush();
	}
	command = command_find(arguments->values[0]);
	if (!command)
		return report_tool(EXIT_USAGE, "there is no command '%s'", arguments->values[0]);
	print_command_help(command, stdout);
	return render_flush();
}

static int run_version(const struct arguments *arguments)
{
	struct record *record = record_new();
	char text[32];
	int failed;

	(void)arguments;
	record_add_whole(record, "schema_version", NULL, "", 1);
	record_add_text(record, "tool", "edgebert", EDGEBERT_VERSION);
	record_add_text(record, "library", "libedgebert-rt", eb_version());
	snprintf(text, sizeof(text), "%d.%d", EB_MODEL_VERSION_MAJOR, EB_MODEL_VERSION_MINOR);
	record_add_text(record, "model_format", "model format", text);
	snprintf(text, sizeof(text), "%d.%d", EDGEBERT_HW_VERSION_MAJOR, EDGEBERT_HW_VERSION_MINOR);
	record_add_text(record, "hardware_contract", "hardware contract", text);
	failed = options.json ? render_json(record) : render_text(record);
	record_free(record);
	return failed;
}

/* ---- the tables themselves ---- */

static const char *const type_names[] = {
	[OPTION_TYPE_FLAG] = "flag",		[OPTION_TYPE_WHOLE] = "whole",
	[OPTION_TYPE_REAL] = "real",		[OPTION_TYPE_DURATION] = "duration",
	[OPTION_TYPE_CHOICE] = "choice",	[OPTION_TYPE_TEXT] = "text",
};

struct exit_row {
	int value;
	const char *name;
	const char *text;
};

static const struct exit_row exit_rows[] = {
#define EXIT_ROW(name, value, text, remedy) { value, #name, text },
	EB_STATUS_LIST(EXIT_ROW)
	TOOL_STATUS_LIST(EXIT_ROW)
#undef EXIT_ROW
};

static void add_range(struct record *record, const struct option_row *row)
{
	if (row->type == OPTION_TYPE_WHOLE || row->type == OPTION_TYPE_REAL ||
	    row->type == OPTION_TYPE_DURATION) {
		record_add_number(record, "min", NULL, "", row->min, 3);
		record_add_number(record, "max", NULL, "", row->max, 3);
	}
	if (row->type == OPTION_TYPE_DURATION)
		record_add_text(record, "unit", NULL, "us");
}

static void add_option(struct record *list, const struct option_row *row)
{
	struct record *record = record_add_record(list, "", NULL);
	const char letter[2] = { row->letter, '\0' };

	record_add_text(record, "name", NULL, row->name);
	if (row->letter)
		record_add_text(record, "letter", NULL, letter);
	record_add_text(record, "type", NULL, type_names[row->type]);
	if (row->argument)
		record_add_text(record, "argument", NULL, row->argument);
	record_add_boolean(record, "required", NULL, row->required);
	add_range(record, row);
	if (row->choices) {
		struct record *choices = record_add_list(record, "choices", NULL);

		for (size_t i = 0; row->choices[i]; i++)
			record_add_text(choices, "", NULL, row->choices[i]);
	}
	record_add_text(record, "help", NULL, row->help);
}

static void add_command(struct record *list, const struct command *command)
{
	struct record *record = record_add_record(list, "", NULL);
	struct record *inner;

	record_add_text(record, "name", NULL, command->name);
	record_add_text(record, "summary", NULL, command->summary);
	record_add_text(record, "arguments", NULL, command->synopsis);
	inner = record_add_list(record, "options", NULL);
	for (size_t i = 0; i < command->option_count; i++)
		add_option(inner, &command->options[i]);
}

static int run_metadata(const struct arguments *arguments)
{
	struct record *record = record_new();
	struct record *list;
	int failed;

	(void)arguments;
	record_add_whole(record, "schema_version", NULL, "", 1);
	list = record_add_list(record, "commands", NULL);
	for (size_t i = 0; commands[i]; i++)
		add_command(list, commands[i]);
	list = record_add_list(record, "exit_statuses", NULL);
	for (size_t i = 0; i < sizeof(exit_rows) / sizeof(exit_rows[0]); i++) {
		struct record *status = record_add_record(list, "", NULL);

		record_add_whole(status, "value", NULL, "", (uint64_t)exit_rows[i].value);
		record_add_text(status, "name", NULL, exit_rows[i].name);
		record_add_text(status, "text", NULL, exit_rows[i].text);
	}
	failed = render_json(record);
	record_free(record);
	return failed;
}

const struct command command_help = {
	.name = "help",
	.summary = "show the commands, or the options of one",
	.synopsis = "[COMMAND]",
	.description = "Shows the list of commands, or what one of them does.",
	.arguments_max = 1,
	.run = run_help,
};

const struct command command_version = {
	.name = "version",
	.summary = "show the versions of tool, library and formats",
	.synopsis = "",
	.description = "Shows the versions that this installation is made of.",
	OPTION_ROWS(version_rows),
	.run = run_version,
};

const struct command command_metadata = {
	.name = "metadata",
	.summary = "describe commands, options and exit statuses as JSON",
	.synopsis = "",
	.description =
		"Writes the tables that parsing and help come from as one JSON object, for shell\n"
		"completions, documentation and tests.",
	.run = run_metadata,
};
