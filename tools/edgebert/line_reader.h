/* SPDX-License-Identifier: MIT */
/* Lines of a file or pipe, whatever ends them, with a limit on their length. */
#ifndef EDGEBERT_TOOL_LINE_READER_H
#define EDGEBERT_TOOL_LINE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Longest line in bytes; far above what any model reads of it. */
#define LINE_BYTES_MAX (1u << 20)

struct line_reader {
	const char *path;	/* for messages */
	int fd;
	char *buffer;
	size_t start, end;
	bool at_end;
	uint64_t line;		/* number of the last line returned, from 1 */
};

enum line_result {
	LINE_READ,
	LINE_TOO_LONG,	/* counted and skipped */
	LINE_END,
	LINE_FAILED,	/* reported already */
};

/* path NULL or "-": standard input.  Returns 0 or the exit status, reported already. */
int line_reader_open(struct line_reader *reader, const char *path);
void line_reader_close(struct line_reader *reader);

/*
 * The next line, without "\n" or "\r\n"; a byte order mark before the first is dropped.
 * The text is valid until the next call and may hold any byte.
 */
enum line_result line_reader_next(struct line_reader *reader, const char **ret_text,
				  size_t *ret_size);

/* Whether the next call would return at once. */
bool line_reader_ready(const struct line_reader *reader);

#endif /* EDGEBERT_TOOL_LINE_READER_H */
