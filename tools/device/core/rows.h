/* SPDX-License-Identifier: MIT */
/*
 * Commands that turn rows of words into rows of words, each row for itself: SOFTMAX, LAYERNORM
 * and ADD.  Their operands are read and written by the job's thread, rows are computed by all.
 */
#ifndef EDGEBERT_DEVICE_ROWS_H
#define EDGEBERT_DEVICE_ROWS_H

#include <stddef.h>
#include <stdint.h>

struct eb_job;

struct eb_row_operand {
	uint32_t operand, stride;
	uint8_t format, bias;
};

struct eb_rows {
	struct eb_row_operand input, output;
	const struct eb_row_operand *second;	/* another input, or NULL; stride 0: one row for all */
	uint32_t rows;
	size_t columns;
	size_t output_columns;			/* not less: what is beyond is zero */
	/*
	 * From the words of a row to values; second is NULL unless there is one.  May be called
	 * from several threads at once.
	 */
	void (*compute)(const void *opaque, uint32_t row, const int16_t *words,
			const int16_t *second, int32_t *values);
	const void *opaque;
};

/*
 * Reads, computes and writes all rows: enum edgebert_hw_status.  What fails first when each row
 * is read, computed and written before the next decides it.
 */
int eb_rows_run(struct eb_job *job, const struct eb_rows *rows);

#endif /* EDGEBERT_DEVICE_ROWS_H */
