/* SPDX-License-Identifier: MIT */
/* From a command's option rows: parsing with checks, and the help text. */
#ifndef EDGEBERT_TOOL_OPTIONS_H
#define EDGEBERT_TOOL_OPTIONS_H

#include <stdio.h>

#include "tools/edgebert/command.h"

enum parse_result {
	PARSE_OK,
	PARSE_HELP,	/* --help was asked for */
	PARSE_FAILED,	/* reported already */
};

struct parser;

/*
 * Parses argv (argv[0] is the command's name) into the rows' targets.  The arguments stay
 * valid until parser_free(), text targets until then too.
 */
enum parse_result parse_options(const struct command *command, int argc, const char **argv,
				struct parser **ret_parser, struct arguments *ret_arguments);
void parser_free(struct parser *parser);

void print_command_help(const struct command *command, FILE *output);
void print_help(FILE *output);

#endif /* EDGEBERT_TOOL_OPTIONS_H */
