// SPDX-License-Identifier: MIT
/* edgebert: finds the command, runs it, ends with its exit status. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tools/edgebert/command.h"
#include "tools/edgebert/options.h"
#include "tools/edgebert/render.h"
#include "tools/edgebert/report.h"

const struct command *const commands[] = {
	&command_run,	   &command_info,    &command_eval, &command_tune, &command_replay,
	&command_envm,
#ifdef EDGEBERT_WITH_COMPILER
	&command_compile,  &command_pack_checkpoint,
#endif
	&command_metadata, &command_version, &command_help, NULL,
};

const struct command *command_find(const char *name)
{
	for (size_t i = 0; commands[i]; i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	return NULL;
}

/* Needed before the options are parsed: mistakes in them are JSON already. */
static bool wants_json(int argc, const char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--json") == 0 || strcmp(argv[i], "-j") == 0)
			return true;
	return false;
}

static int run_command(const struct command *command, int argc, const char **argv)
{
	struct arguments arguments = { 0 };
	struct parser *parser = NULL;
	int status = EXIT_USAGE;

	report_begin(command->name, wants_json(argc, argv));
	switch (parse_options(command, argc, argv, &parser, &arguments)) {
	case PARSE_OK:
		status = command->run(&arguments);
		break;
	case PARSE_HELP:
		print_command_help(command, stdout);
		status = render_flush();
		break;
	case PARSE_FAILED:
		break;
	}
	parser_free(parser);
	return status;
}

/* "edgebert --version" and "edgebert --help" are commands too. */
static const char *command_name(const char *argument)
{
	if (strcmp(argument, "--version") == 0)
		return command_version.name;
	if (strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0)
		return command_help.name;
	return argument;
}

/*
 * What the caller has closed stays unusable: the next file that is opened must not be taken
 * for standard output.
 */
static void occupy_closed_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) < 0 &&
		    open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
			return;
	}
}

int main(int argc, const char **argv)
{
	const struct command *command;

	occupy_closed_descriptors();
	/* A closed pipe is noticed where it is written to, so that everything is released. */
	signal(SIGPIPE, SIG_IGN);
	if (argc < 2)
		return report_tool(EXIT_USAGE, "no command given");
	command = command_find(command_name(argv[1]));
	if (!command) {
		report_begin(NULL, wants_json(argc - 1, argv + 1));
		return report_tool(EXIT_USAGE, "there is no command '%s'", argv[1]);
	}
	return run_command(command, argc - 1, argv + 1);
}
