/* SPDX-License-Identifier: MIT */
/* Records as text for people and as JSON for programs. */
#ifndef EDGEBERT_TOOL_RENDER_H
#define EDGEBERT_TOOL_RENDER_H

#include <stdbool.h>
#include <stddef.h>

#include "tools/edgebert/record.h"

/* One cell of a line of text, taken from a record by path. */
struct column {
	const char *path;
	const char *heading;	/* NULL: no heading line wanted */
	const char *before;	/* printed before the value, "" for nothing */
	const char *after;
	int width;		/* of the value; negative: aligned left; 0: as wide as it is */
	double divisor;		/* numbers are divided by it; 0: by 1 */
	int decimals;		/* with a divisor */
	int width_max;		/* longer text is cut; 0: never */
};

/*
 * These return 0, or the exit status when the output can not be written (reported
 * already, but silent when its reader went away).
 */
int render_json_line(const struct record *record);
int render_json(const struct record *record);	/* indented */
int render_text(const struct record *record);	/* "label: value unit" lines */
int render_columns(const struct record *record, const struct column *columns, size_t count);
int render_headings(const struct column *columns, size_t count);
/* Text as it is, for what is neither. */
int render_plain(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Before the end: what the stream still holds. */
int render_flush(void);

/* JSON text of a record, to be freed; on one line. */
char *record_to_json(const struct record *record);

#endif /* EDGEBERT_TOOL_RENDER_H */
