// SPDX-License-Identifier: MIT
/*
 * The debug interface: splits a line into words, finds the command, writes the answer.
 */
#include "tools/device/pcie/debug.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "tools/device/pcie/debug_internal.h"

#define OCCASIONS	" [after=N] [every=N] [count=N]"
#define OF_CONTEXT	OCCASIONS " [context=ID]"
#define OF_VECTOR	OCCASIONS " [vector=N]"

static eb_debug_run help;

/* In the order of "help". */
static const struct command {
	const char *name, *arguments, *purpose;
	eb_debug_run *run;
} commands[] = {
	{ "help", "", "list the commands", help },
	{ "status", "", "what is armed, how often it fired", eb_debug_status },
	{ "state", "", "registers, rings, contexts and the running job as JSON", eb_debug_state },
	{ "clear", " [FAULT]", "disarm one fault, or all and let go on what hangs", eb_debug_clear },

	{ "hang-job", " [commands=N]" OF_CONTEXT, "the job does not end, after N commands",
	  eb_debug_hang_job },
	{ "delay-completion", " ms=N" OF_CONTEXT, "the job takes N ms longer", eb_debug_delay },
	{ "mmu-fault", " [access=N] [status=NAME]" OF_CONTEXT,
	  "the job's Nth access to memory fails", eb_debug_mmu },
	{ "corrupt-completion", " field=NAME [value=N]" OF_CONTEXT,
	  "a field of the record is wrong (default: all bits inverted)", eb_debug_corrupt },
	{ "lose-completion", OF_CONTEXT, "the record is not written, its place stays as it is",
	  eb_debug_lose_record },
	{ "repeat-completion", OF_CONTEXT, "the record is written twice, in two places",
	  eb_debug_repeat_record },

	{ "drop-interrupt", OF_VECTOR, "the message is not sent", eb_debug_drop_interrupt },
	{ "repeat-interrupt", OF_VECTOR, "the message is sent twice", eb_debug_repeat_interrupt },
	{ "raise-interrupt", " vector=N [times=N]", "messages without a cause, now",
	  eb_debug_raise_interrupt },

	{ "ignore-doorbell", OCCASIONS, "the doorbell's write is lost", eb_debug_ignore_doorbell },
	{ "ignore-abort", OF_CONTEXT, "CONTEXT_ABORT is lost", eb_debug_ignore_abort },
	{ "stuck-update", OF_CONTEXT, "CONTEXT_UPDATE_BUSY stays 1 until a reset",
	  eb_debug_stuck_update },
	{ "stuck-reset", " [kind=core|function]" OCCASIONS, "the reset does not end",
	  eb_debug_stuck_reset },

	{ "link-down", OF_CONTEXT, "nothing reaches the device or leaves it, now or at a job",
	  eb_debug_link_down },
	{ "link-up", "", "the link is back, the function reset", eb_debug_link_up },
	{ "dead", OF_CONTEXT, "registers answer, nothing else happens, now or at a job",
	  eb_debug_dead },
	{ "alive", "", "ends \"dead\"", eb_debug_alive },
	{ "fatal", " code=N" OF_CONTEXT, "a fatal error, now or at a job", eb_debug_fatal },

	{ "override", " REGISTER[(INDEX)] value=N [now]",
	  "what the register reads as, from the next function reset", eb_debug_override },
	{ "points", " N [now]", "LIMITS names N operating points", eb_debug_points },
	{ "point-table", " zero|equal|reversed [now]", "frequencies that make no sense",
	  eb_debug_point_table },

	{ "ambient", " DEGREES", "the ambient temperature, -40 to 150 degree C", eb_debug_ambient },
	{ "temperature", " DEGREES", "the device's own, now; goes to the ambient's by itself",
	  eb_debug_temperature },

	{ "envm-flip", " address=N bit=N", "invert one stored bit, 0..71, of a word",
	  eb_debug_envm_flip },
	{ "envm-spoil", " address=N", "two wrong bits: the word can not be corrected",
	  eb_debug_envm_spoil },
	{ "envm-age", " hours=N", "cells drift as in so many hours", eb_debug_envm_age },
	{ "envm-cut-power", " [steps=N]", "the supply fails after N more write steps",
	  eb_debug_envm_cut_power },
	{ "envm-power-on", "", "the supply is back", eb_debug_envm_power_on },
	{ "hang-envm", OCCASIONS, "the eNVM operation does not end", eb_debug_hang_envm },
};
#define COMMAND_COUNT	(sizeof(commands) / sizeof(commands[0]))

static void help(struct eb_debug_call *call)
{
	if (!eb_debug_done(call))
		return;
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		fprintf(call->answer, "- %s%s: %s\n", commands[i].name, commands[i].arguments,
			commands[i].purpose);
}

/* ---- Words ---- */

void eb_debug_fail(struct eb_debug_call *call, const char *format, ...)
{
	va_list arguments;

	/* The first reason is the one that counts. */
	if (call->failed)
		return;
	call->failed = true;
	fputs("error: ", call->answer);
	va_start(arguments, format);
	vfprintf(call->answer, format, arguments);
	va_end(arguments);
	fputc('\n', call->answer);
}

char *eb_debug_value(struct eb_debug_call *call, const char *key)
{
	size_t length = strlen(key);

	for (unsigned int i = 0; i < call->count; i++) {
		char *word = call->words[i];

		if (word != NULL && strncmp(word, key, length) == 0 && word[length] == '=') {
			call->words[i] = NULL;
			return word + length + 1;
		}
	}
	return NULL;
}

bool eb_debug_parse(const char *text, uint64_t least, uint64_t most, uint64_t *ret_value)
{
	char *end;

	/* strtoull() takes signs and blanks. */
	if (text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	*ret_value = strtoull(text, &end, 0);
	return errno == 0 && *end == '\0' && *ret_value >= least && *ret_value <= most;
}

uint64_t eb_debug_number(struct eb_debug_call *call, const char *key, uint64_t least,
			 uint64_t most, uint64_t otherwise)
{
	const char *text = eb_debug_value(call, key);
	uint64_t value;

	if (text == NULL)
		return otherwise;
	if (eb_debug_parse(text, least, most, &value))
		return value;
	eb_debug_fail(call, "%s=%s is not a number from %llu to %llu; give one", key, text,
		      (unsigned long long)least, (unsigned long long)most);
	return otherwise;
}

bool eb_debug_flag(struct eb_debug_call *call, const char *word)
{
	for (unsigned int i = 0; i < call->count; i++) {
		if (call->words[i] != NULL && strcmp(call->words[i], word) == 0) {
			call->words[i] = NULL;
			return true;
		}
	}
	return false;
}

char *eb_debug_next(struct eb_debug_call *call)
{
	for (unsigned int i = 0; i < call->count; i++) {
		char *word = call->words[i];

		call->words[i] = NULL;
		if (word != NULL)
			return word;
	}
	return NULL;
}

bool eb_debug_has_words(const struct eb_debug_call *call)
{
	for (unsigned int i = 0; i < call->count; i++) {
		if (call->words[i] != NULL)
			return true;
	}
	return false;
}

bool eb_debug_done(struct eb_debug_call *call)
{
	const char *left = eb_debug_next(call);

	if (left != NULL)
		eb_debug_fail(call, "'%s' means nothing here; \"help\" has the form", left);
	return !call->failed;
}

static const struct command *find(const char *name)
{
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	}
	return NULL;
}

/* ---- Running ---- */

static void run(struct eb_debug_call *call, const char *name)
{
	const struct command *command = find(name);

	if (command == NULL) {
		eb_debug_fail(call, "there is no command '%s'; \"help\" lists them", name);
		return;
	}
	pthread_mutex_lock(&call->device->lock);
	command->run(call);
	pthread_mutex_unlock(&call->device->lock);
	if (!call->failed)
		fputs("ok\n", call->answer);
}

static void split_and_run(struct eb_debug_call *call, char *line)
{
	char *rest, *name = strtok_r(line, " \t\r\n", &rest), *word;

	if (name == NULL) {
		eb_debug_fail(call, "the line is empty; \"help\" lists the commands");
		return;
	}
	while ((word = strtok_r(NULL, " \t\r\n", &rest)) != NULL) {
		if (call->count == EB_DEBUG_WORDS_MAX) {
			eb_debug_fail(call, "more than %d words; no command has so many",
				      EB_DEBUG_WORDS_MAX);
			return;
		}
		call->words[call->count++] = word;
	}
	run(call, name);
}

char *eb_debug_command(struct eb_device *device, const char *line)
{
	struct eb_debug_call call = { .device = device };
	char copy[EB_DEBUG_LINE_BYTES];
	char *answer = NULL;
	size_t size;

	call.answer = open_memstream(&answer, &size);
	if (call.answer == NULL)
		return NULL;
	if (strlen(line) >= sizeof(copy)) {
		eb_debug_fail(&call, "the line has more than %d characters; shorten it",
			      EB_DEBUG_LINE_BYTES - 1);
	} else {
		strcpy(copy, line);
		split_and_run(&call, copy);
	}
	if (fclose(call.answer) != 0) {
		free(answer);
		return NULL;
	}
	return answer;
}
