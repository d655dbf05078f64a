// SPDX-License-Identifier: MIT
/* Lines from a descriptor: one fixed buffer, so that no input makes the tool grow. */
#include "tools/edgebert/line_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/status.h"
#include "tools/edgebert/report.h"

/* A line with its end must fit. */
#define BUFFER_BYTES (LINE_BYTES_MAX + 2)

static int input_failed(const char *path, int error)
{
	return report_tool(EXIT_INPUT, "%s can not be read: %s (%s)", path, strerror(error),
			   eb_errno_name(error));
}

int line_reader_open(struct line_reader *reader, const char *path)
{
	struct stat status;

	*reader = (struct line_reader){ .path = path, .fd = STDIN_FILENO };
	if (!path || strcmp(path, "-") == 0) {
		reader->path = "standard input";
	} else {
		reader->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
		if (reader->fd < 0)
			return input_failed(path, errno);
		if (fstat(reader->fd, &status) == 0 && S_ISDIR(status.st_mode)) {
			close(reader->fd);
			return input_failed(path, EISDIR);
		}
	}
	reader->buffer = malloc(BUFFER_BYTES);
	if (!reader->buffer)
		report_out_of_memory();
	return 0;
}

void line_reader_close(struct line_reader *reader)
{
	if (reader->buffer && reader->fd != STDIN_FILENO)
		close(reader->fd);
	free(reader->buffer);
	*reader = (struct line_reader){ .fd = -1 };
}

static char *find_line_end(const struct line_reader *reader, size_t from)
{
	return memchr(reader->buffer + from, '\n', reader->end - from);
}

/* Appends what the descriptor has; false when reading failed. */
static bool fill(struct line_reader *reader)
{
	ssize_t got;

	if (reader->start > 0 && reader->end == BUFFER_BYTES) {
		memmove(reader->buffer, reader->buffer + reader->start,
			reader->end - reader->start);
		reader->end -= reader->start;
		reader->start = 0;
	}
	do {
		got = read(reader->fd, reader->buffer + reader->end, BUFFER_BYTES - reader->end);
	} while (got < 0 && errno == EINTR);
	if (got < 0) {
		input_failed(reader->path, errno);
		return false;
	}
	reader->end += (size_t)got;
	reader->at_end = got == 0;
	return true;
}

/* Drops the rest of a line that does not fit. */
static enum line_result skip_line(struct line_reader *reader)
{
	char *end = NULL;

	while (!end) {
		reader->start = 0;
		reader->end = 0;
		if (!fill(reader))
			return LINE_FAILED;
		if (reader->at_end)
			return LINE_TOO_LONG;
		end = find_line_end(reader, 0);
	}
	reader->start = (size_t)(end + 1 - reader->buffer);
	return LINE_TOO_LONG;
}

static enum line_result take_line(struct line_reader *reader, size_t size, size_t skip,
				  const char **ret_text, size_t *ret_size)
{
	const char *text = reader->buffer + reader->start;

	reader->start += size + skip;
	reader->line++;
	if (size > 0 && text[size - 1] == '\r')
		size--;
	if (reader->line == 1 && size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		text += 3;
		size -= 3;
	}
	if (size > LINE_BYTES_MAX)
		return LINE_TOO_LONG;
	*ret_text = text;
	*ret_size = size;
	return LINE_READ;
}

enum line_result line_reader_next(struct line_reader *reader, const char **ret_text,
				  size_t *ret_size)
{
	size_t searched = 0;

	for (;;) {
		char *end = find_line_end(reader, reader->start + searched);
		size_t held = reader->end - reader->start;

		if (end)
			return take_line(reader, (size_t)(end - reader->buffer) - reader->start, 1,
					 ret_text, ret_size);
		if (reader->at_end)
			return held ? take_line(reader, held, 0, ret_text, ret_size) : LINE_END;
		if (held == BUFFER_BYTES) {
			reader->line++;
			return skip_line(reader);
		}
		searched = held;
		if (!fill(reader))
			return LINE_FAILED;
	}
}

bool line_reader_ready(const struct line_reader *reader)
{
	struct pollfd waiting = { .fd = reader->fd, .events = POLLIN };

	if (reader->at_end || find_line_end(reader, reader->start))
		return true;
	return poll(&waiting, 1, 0) > 0;
}
