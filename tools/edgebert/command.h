/* SPDX-License-Identifier: MIT */
/*
 * A command is a row, and so is an option: parsing, help and the metadata dump all
 * come from these tables.
 */
#ifndef EDGEBERT_TOOL_COMMAND_H
#define EDGEBERT_TOOL_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum option_type {
	OPTION_TYPE_FLAG,
	OPTION_TYPE_WHOLE,
	OPTION_TYPE_REAL,
	OPTION_TYPE_DURATION,	/* to microseconds */
	OPTION_TYPE_CHOICE,	/* to the index in choices */
	OPTION_TYPE_TEXT,
};

struct option_row {
	const char *name;
	char letter;		/* 0: long form only */
	const char *argument;	/* what the help calls the value */
	enum option_type type;
	union {			/* typed: a wrong destination does not compile */
		bool *flag;
		int32_t *whole;
		double *real;
		uint32_t *microseconds;
		uint32_t *choice;
		const char **text;
	} target;
	double min, max;	/* WHOLE, REAL, DURATION (microseconds); both included */
	const char *const *choices;	/* CHOICE, ends with NULL */
	bool required;
	const char *help;
};

#define OPTION_FLAG(name_, letter_, target_, help_) \
	{ .name = name_, .letter = letter_, .type = OPTION_TYPE_FLAG, .target.flag = target_, \
	  .help = help_ }
#define OPTION_WHOLE(name_, letter_, argument_, target_, min_, max_, help_) \
	{ .name = name_, .letter = letter_, .argument = argument_, .type = OPTION_TYPE_WHOLE, \
	  .target.whole = target_, .min = min_, .max = max_, .help = help_ }
#define OPTION_REAL(name_, letter_, argument_, target_, min_, max_, help_) \
	{ .name = name_, .letter = letter_, .argument = argument_, .type = OPTION_TYPE_REAL, \
	  .target.real = target_, .min = min_, .max = max_, .help = help_ }
#define OPTION_REQUIRED_REAL(name_, letter_, argument_, target_, min_, max_, help_) \
	{ .name = name_, .letter = letter_, .argument = argument_, .type = OPTION_TYPE_REAL, \
	  .target.real = target_, .min = min_, .max = max_, .required = true, .help = help_ }
#define OPTION_DURATION(name_, letter_, argument_, target_, min_, max_, help_) \
	{ .name = name_, .letter = letter_, .argument = argument_, .type = OPTION_TYPE_DURATION, \
	  .target.microseconds = target_, .min = min_, .max = max_, .help = help_ }
#define OPTION_CHOICE(name_, letter_, argument_, target_, choices_, help_) \
	{ .name = name_, .letter = letter_, .argument = argument_, .type = OPTION_TYPE_CHOICE, \
	  .target.choice = target_, .choices = choices_, .help = help_ }
#define OPTION_TEXT(name_, letter_, argument_, target_, help_) \
	{ .name = name_, .letter = letter_, .argument = argument_, .type = OPTION_TYPE_TEXT, \
	  .target.text = target_, .help = help_ }
#define OPTION_REQUIRED_TEXT(name_, letter_, argument_, target_, help_) \
	{ .name = name_, .letter = letter_, .argument = argument_, .type = OPTION_TYPE_TEXT, \
	  .target.text = target_, .required = true, .help = help_ }

/* Every command that prints results has this one. */
#define OPTION_JSON(target_) \
	OPTION_FLAG("json", 'j', target_, "write results and errors as JSON")

struct arguments {
	const char *const *values;
	size_t count;
};

struct command {
	const char *name;
	const char *summary;		/* one line, for the list of commands */
	const char *synopsis;		/* positional arguments: "[FILE|-]", or "" */
	const char *description;	/* for its --help */
	size_t arguments_min, arguments_max;
	const struct option_row *options;
	size_t option_count;
	int (*run)(const struct arguments *arguments);	/* returns the exit status */
};

#define OPTION_ROWS(rows) .options = rows, .option_count = sizeof(rows) / sizeof((rows)[0])

extern const struct command command_run;
extern const struct command command_info;
extern const struct command command_eval;
extern const struct command command_envm;
extern const struct command command_replay;
extern const struct command command_tune;
extern const struct command command_compile;
extern const struct command command_pack_checkpoint;
extern const struct command command_metadata;
extern const struct command command_version;
extern const struct command command_help;

/* All commands in the order of the help, ends with NULL. */
extern const struct command *const commands[];

const struct command *command_find(const char *name);

#endif /* EDGEBERT_TOOL_COMMAND_H */
