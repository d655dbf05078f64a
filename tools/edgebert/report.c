// SPDX-License-Identifier: MIT
/* One place that words failures, for people and for programs. */
#include "tools/edgebert/report.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/edgebert/record.h"
#include "tools/edgebert/render.h"

struct tool_row {
	enum tool_status status;
	const char *name;
	const char *remedy;
};

#define REMEDY_BYTES 96

/* How a sentence begins that says what to do. */
static const char *const imperatives[] = {
	"add", "check", "choose", "compile", "convert", "copy", "free", "give", "install", "load",
	"make", "name", "open", "raise", "recompile", "retry", "run", "see", "upgrade", "use", "wait",
};

static const struct tool_row tool_rows[] = {
#define TOOL_ROW(name, value, text, remedy) { EXIT_##name, "TOOL_" #name, remedy },
	TOOL_STATUS_LIST(TOOL_ROW)
#undef TOOL_ROW
};

static struct {
	const char *command;
	bool json;
} report;

/* severity: "error" or "warning"; name and remedy: NULL for none. */
struct message {
	const char *severity;
	uint64_t line;
	const char *name;
	int exit_status;
	const char *text;
	const char *remedy;
};

void report_begin(const char *command, bool json)
{
	report.command = command;
	report.json = json;
}

static void print_json(const struct message *message)
{
	struct record *outer = record_new();
	struct record *inner = record_add_record(outer, message->severity, NULL);
	char *text;

	if (message->line)
		record_add_whole(inner, "line", NULL, "", message->line);
	if (message->name) {
		record_add_text(inner, "status", NULL, message->name);
		record_add_whole(inner, "exit_status", NULL, "", (uint64_t)message->exit_status);
	}
	record_add_text(inner, "message", NULL, message->text);
	if (message->remedy)
		record_add_text(inner, "remedy", NULL, message->remedy);
	text = record_to_json(outer);
	fprintf(stderr, "%s\n", text);
	free(text);
	record_free(outer);
}

/* Messages may quote input: control characters must not reach a terminal. */
static void put_printable(const char *text)
{
	for (; *text; text++)
		fputc((unsigned char)*text < 0x20 || *text == 0x7f ? '?' : *text, stderr);
}

static void print_text(const struct message *message)
{
	fprintf(stderr, "edgebert%s%s: ", report.command ? " " : "",
		report.command ? report.command : "");
	if (message->line)
		fprintf(stderr, "line %" PRIu64 ": ", message->line);
	fprintf(stderr, "%s: ", message->severity);
	put_printable(message->text);
	if (message->name)
		fprintf(stderr, " [%s]", message->name);
	fputc('\n', stderr);
	if (message->remedy) {
		fputs("  what to do: ", stderr);
		put_printable(message->remedy);
		fputc('\n', stderr);
	}
}

static void print_message(const struct message *message)
{
	if (report.json)
		print_json(message);
	else
		print_text(message);
}

static bool is_imperative(const char *text)
{
	size_t length = strcspn(text, " :");

	for (size_t i = 0; i < sizeof(imperatives) / sizeof(imperatives[0]); i++)
		if (strlen(imperatives[i]) == length && !strncmp(imperatives[i], text, length))
			return true;
	return false;
}

/* The last "; " before what to do; NULL when the detail does not say. */
static const char *find_remedy(const char *detail)
{
	const char *found = NULL;

	for (const char *next = detail; (next = strstr(next, "; ")); next++)
		if (is_imperative(next + 2))
			found = next;
	return found;
}

struct advice report_advice(enum eb_status status, const char *detail)
{
	struct advice advice = { .remedy = eb_status_remedy(status) };
	const char *end;

	if (!*detail)
		detail = eb_status_text(status);
	end = find_remedy(detail);
	advice.message = strndup(detail, end ? (size_t)(end - detail) : strlen(detail));
	if (!advice.message)
		report_out_of_memory();
	/* The call was the tool's; what to correct is the user's. */
	if (status == EB_INVALID_ARGUMENT)
		advice.remedy = "correct what the message names";
	/* The detail knows better, unless the general remedy says the same and more. */
	if (end && strncmp(advice.remedy, end + 2, strlen(end + 2)) != 0)
		advice.remedy = end + 2;
	return advice;
}

void report_line(uint64_t line, enum eb_status status, const char *text)
{
	struct advice advice = report_advice(status, text);
	struct message message = {
		.severity = "error",
		.line = line,
		.name = eb_status_name(status),
		.exit_status = (int)status,
		.text = advice.message,
		.remedy = advice.remedy,
	};

	print_message(&message);
	free(advice.message);
}

int report_library(enum eb_status status)
{
	report_line(0, status, eb_error_detail());
	return (int)status;
}

static char *__attribute__((format(printf, 1, 0))) format_message(const char *format,
								  va_list arguments)
{
	char *text;

	if (vasprintf(&text, format, arguments) < 0)
		report_out_of_memory();
	return text;
}

int report_tool(enum tool_status status, const char *format, ...)
{
	struct message message = { .severity = "error", .exit_status = (int)status };
	char remedy[REMEDY_BYTES];
	va_list arguments;
	char *text;

	va_start(arguments, format);
	text = format_message(format, arguments);
	va_end(arguments);
	message.text = text;
	for (size_t i = 0; i < sizeof(tool_rows) / sizeof(tool_rows[0]); i++) {
		if (tool_rows[i].status == status) {
			message.name = tool_rows[i].name;
			message.remedy = tool_rows[i].remedy;
		}
	}
	if (status == EXIT_USAGE) {
		snprintf(remedy, sizeof(remedy), "see: edgebert %s%s--help",
			 report.command ? report.command : "", report.command ? " " : "");
		message.remedy = remedy;
	}
	print_message(&message);
	free(text);
	return (int)status;
}

void report_warning(uint64_t line, const char *format, ...)
{
	struct message message = { .severity = "warning", .line = line };
	va_list arguments;
	char *text;

	va_start(arguments, format);
	text = format_message(format, arguments);
	va_end(arguments);
	message.text = text;
	print_message(&message);
	free(text);
}

void report_out_of_memory(void)
{
	/* Without records and formats: those need memory. */
	fputs("edgebert: error: out of memory\n", stderr);
	exit(EB_OUT_OF_MEMORY);
}
