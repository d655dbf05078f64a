// SPDX-License-Identifier: MIT
/*
 * Reads CSV files of test vectors.  No quoting: the formats have only numbers, hex
 * strings and column names.
 */
#include "tools/device/core/vector_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_BYTES_MAX (64l << 20)

static char *read_text(struct vector_file *file)
{
	FILE *stream = fopen(file->path, "rb");
	char *text = NULL;
	long size;

	if (!stream) {
		snprintf(file->error, sizeof(file->error), "cannot open: %s", strerror(errno));
		return NULL;
	}
	if (fseek(stream, 0, SEEK_END) == 0 && (size = ftell(stream)) >= 0 &&
	    size <= FILE_BYTES_MAX && fseek(stream, 0, SEEK_SET) == 0) {
		text = malloc((size_t)size + 1);
		if (text && fread(text, 1, (size_t)size, stream) == (size_t)size) {
			text[size] = '\0';
		} else {
			free(text);
			text = NULL;
		}
	}
	fclose(stream);
	if (!text)
		snprintf(file->error, sizeof(file->error), "cannot read it (or over 64 MiB)");
	return text;
}

static size_t count_of(const char *text, char wanted)
{
	size_t count = 0;

	for (; *text; text++)
		count += *text == wanted;
	return count;
}

/* Cuts the text at commas and line ends; cells point into it. */
static void split(struct vector_file *file)
{
	char *at = file->text;
	size_t cell = 0;

	while (*at) {
		char *end = at + strcspn(at, "\n");
		char *next = *end ? end + 1 : end;

		*end = '\0';
		at[strcspn(at, "\r")] = '\0';
		if (*at) {
			file->row_start[file->row_count++] = cell;
			for (char *part; (part = strsep(&at, ","));)
				file->cells[cell++] = part;
			file->row_start[file->row_count] = cell;
		}
		at = next;
	}
}

bool vector_file_open(struct vector_file *file, const char *path, bool has_header)
{
	size_t lines, cells;

	memset(file, 0, sizeof(*file));
	file->path = path;
	file->header_rows = has_header;
	file->text = read_text(file);
	if (!file->text)
		return false;
	lines = count_of(file->text, '\n') + 1;
	cells = lines + count_of(file->text, ',');
	file->cells = calloc(cells, sizeof(*file->cells));
	file->row_start = calloc(lines + 1, sizeof(*file->row_start));
	if (!file->cells || !file->row_start) {
		snprintf(file->error, sizeof(file->error), "out of memory");
		return false;
	}
	split(file);
	if (file->row_count <= file->header_rows) {
		snprintf(file->error, sizeof(file->error), "holds no vectors");
		return false;
	}
	return true;
}

void vector_file_close(struct vector_file *file)
{
	free(file->text);
	free(file->cells);
	free(file->row_start);
}

size_t vector_file_rows(const struct vector_file *file)
{
	return file->row_count - file->header_rows;
}

size_t vector_file_cells(const struct vector_file *file, size_t row)
{
	row += file->header_rows;
	return file->row_start[row + 1] - file->row_start[row];
}

static void fail(struct vector_file *file, size_t row, const char *what, const char *detail)
{
	if (!file->error[0])
		snprintf(file->error, sizeof(file->error), "vector %zu: %s \"%.60s\"", row + 1,
			 what, detail);
}

void vector_file_fail(struct vector_file *file, size_t row, const char *what)
{
	if (!file->error[0])
		snprintf(file->error, sizeof(file->error), "vector %zu: %s", row + 1, what);
}

static const char *cell_at(struct vector_file *file, size_t row, size_t column)
{
	if (column >= vector_file_cells(file, row)) {
		fail(file, row, "too few columns", "");
		return "";
	}
	return file->cells[file->row_start[row + file->header_rows] + column];
}

static const char *cell(struct vector_file *file, size_t row, const char *name)
{
	for (size_t column = 0; column < file->row_start[1]; column++)
		if (strcmp(file->cells[column], name) == 0)
			return cell_at(file, row, column);
	fail(file, row, "no column", name);
	return "";
}

static long number(struct vector_file *file, size_t row, const char *text)
{
	char *end;
	long value;

	errno = 0;
	value = strtol(text, &end, 10);
	if (errno || end == text || *end) {
		fail(file, row, "not a number:", text);
		return 0;
	}
	return value;
}

long vector_file_number_at(struct vector_file *file, size_t row, size_t column)
{
	return number(file, row, cell_at(file, row, column));
}

long vector_file_number(struct vector_file *file, size_t row, const char *name)
{
	return number(file, row, cell(file, row, name));
}

double vector_file_real(struct vector_file *file, size_t row, const char *name)
{
	const char *text = cell(file, row, name);
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end)
		fail(file, row, "not a number:", text);
	return value;
}

static int hex_digit(char digit)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = digit ? strchr(digits, digit) : NULL;

	return at ? (int)(at - digits) : -1;
}

size_t vector_file_bytes(struct vector_file *file, size_t row, const char *name, uint8_t *bytes,
			 size_t limit)
{
	const char *text = cell(file, row, name);
	size_t count = strlen(text) / 2;

	if (strlen(text) % 2 || count > limit) {
		fail(file, row, "not so many hex bytes:", text);
		return 0;
	}
	for (size_t i = 0; i < count; i++) {
		int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);

		if (high < 0 || low < 0) {
			fail(file, row, "not hex bytes:", text + 2 * i);
			return 0;
		}
		bytes[i] = (uint8_t)(high << 4 | low);
	}
	return count;
}
