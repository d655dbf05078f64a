/* SPDX-License-Identifier: MIT */
/* Failures and warnings, on standard error: a sentence, or one JSON object per line. */
#ifndef EDGEBERT_TOOL_REPORT_H
#define EDGEBERT_TOOL_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include <edgebert/edgebert.h>

#include "tools/edgebert/exit_status.h"

/* command: name shown before messages, NULL for the tool itself. */
void report_begin(const char *command, bool json);

/*
 * What a failure's detail says, as what was met and what to do: the detail's own words on
 * it where it has some, else the status's.
 */
struct advice {
	char *message;		/* to be freed */
	const char *remedy;	/* may point into the detail */
};

struct advice report_advice(enum eb_status status, const char *detail);

/* The library call that just failed in this thread.  Returns the exit status. */
int report_library(enum eb_status status);

/* The same for an input line; the message is kept by the caller. */
void report_line(uint64_t line, enum eb_status status, const char *message);

/* A failure of the tool's own.  Returns the exit status. */
int report_tool(enum tool_status status, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* line 0: not about a line. */
void report_warning(uint64_t line, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Where going on makes no sense: says so and ends the program. */
void report_out_of_memory(void) __attribute__((noreturn));

#endif /* EDGEBERT_TOOL_REPORT_H */
