/* SPDX-License-Identifier: MIT */
/*
 * A CSV file of test vectors in memory: named columns of integers and hex byte strings.
 */
#ifndef EDGEBERT_DEVICE_VECTOR_FILE_H
#define EDGEBERT_DEVICE_VECTOR_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vector_file {
	const char *path;
	char *text;
	char **cells;			/* all of them, row after row */
	size_t *row_start;		/* index into cells; row 0 is the header, if any */
	size_t row_count;
	size_t header_rows;
	char error[256];		/* what is wrong with the file; empty: nothing */
};

/* False with error set when the file cannot be read; close in either case. */
bool vector_file_open(struct vector_file *file, const char *path, bool has_header);
void vector_file_close(struct vector_file *file);

size_t vector_file_rows(const struct vector_file *file);	/* without the header */
size_t vector_file_cells(const struct vector_file *file, size_t row);

/*
 * Cells by position or by column name.  What is missing or malformed sets error and
 * reads as 0 or as no bytes.
 */
long vector_file_number_at(struct vector_file *file, size_t row, size_t column);
long vector_file_number(struct vector_file *file, size_t row, const char *name);
double vector_file_real(struct vector_file *file, size_t row, const char *name);
size_t vector_file_bytes(struct vector_file *file, size_t row, const char *name, uint8_t *bytes,
			 size_t limit);

/* Notes what is wrong with a vector; the first note stays. */
void vector_file_fail(struct vector_file *file, size_t row, const char *what);

#endif /* EDGEBERT_DEVICE_VECTOR_FILE_H */
