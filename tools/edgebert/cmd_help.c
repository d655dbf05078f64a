// SPDX-License-Identifier: MIT
/* edgebert help and edgebert version. */
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
