// SPDX-License-Identifier: MIT
/*
 * Status names, texts and remedies, and the per-thread sentence that says what the
 * last failing call met.
 */
#include "lib/status.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct status_row {
	enum eb_status status;
	const char *name;
	const char *text;
	const char *remedy;
};

static const struct status_row status_rows[] = {
#define STATUS_ROW(name, value, text, remedy) { EB_##name, "EB_" #name, text, remedy },
	EB_STATUS_LIST(STATUS_ROW)
#undef STATUS_ROW
};

/*
 * A buffer, not an allocation: a detail must be possible when memory is exhausted.
 * Paths are cut by the callers' formats only when the sentence exceeds the buffer.
 */
static _Thread_local char detail[1024];

static const struct status_row *find_status(enum eb_status status)
{
	static const struct status_row unknown = {
		EB_INTERNAL, "EB_UNKNOWN", "unknown status",
		"use the header and the library of one version",
	};

	for (size_t i = 0; i < sizeof(status_rows) / sizeof(status_rows[0]); i++) {
		if (status_rows[i].status == status)
			return &status_rows[i];
	}
	return &unknown;
}

const char *eb_status_name(enum eb_status status)
{
	return find_status(status)->name;
}

const char *eb_status_text(enum eb_status status)
{
	return find_status(status)->text;
}

const char *eb_status_remedy(enum eb_status status)
{
	return find_status(status)->remedy;
}

const char *eb_version(void)
{
	return EDGEBERT_VERSION;
}

const char *eb_error_detail(void)
{
	return detail;
}

enum eb_status eb_fail(enum eb_status status, const char *format, ...)
{
	/* Formatted aside: an argument may be the present detail. */
	char sentence[sizeof(detail)];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(sentence, sizeof(sentence), format, arguments);
	va_end(arguments);
	memcpy(detail, sentence, sizeof(detail));
	return status;
}

const char *eb_errno_name(int error)
{
	const char *name = strerrorname_np(error < 0 ? -error : error);

	return name ? name : "unknown error";
}
