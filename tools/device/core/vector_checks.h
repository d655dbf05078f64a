/* SPDX-License-Identifier: MIT */
/*
 * Compares the device core with files of test vectors of the published hardware model.
 */
#ifndef EDGEBERT_DEVICE_VECTOR_CHECKS_H
#define EDGEBERT_DEVICE_VECTOR_CHECKS_H

#include <stdbool.h>
#include <stddef.h>

/* Why an element may differ from its vector. */
enum vector_reason {
	VECTOR_NEGATIVE_OVERFLOW,	/* corrections of single codes */
	VECTOR_MINUS_ZERO,
	VECTOR_HOST_ROUNDING,		/* differences of whole computations */
	VECTOR_SUM_WRAPS,
	VECTOR_DIFFERENCE_WRAPS,
	VECTOR_PRODUCT_WRAPS,
	VECTOR_SQUARE_WRAPS,
	VECTOR_VARIANCE_COARSE,
	VECTOR_NEGATIVE_ENTROPY,
	VECTOR_REASON_COUNT,
};

struct vector_report {
	size_t vectors;			/* records of the file */
	size_t elements;		/* numbers compared */
	size_t agree;
	size_t differ[VECTOR_REASON_COUNT];	/* explained, each element counted once */
	size_t unexplained;
	char first_unexplained[160];
	const char *not_compared;	/* why the file was left out; NULL: compared */
	char error[320];		/* the file cannot be read */
};

const char *vector_reason_text(enum vector_reason reason);

/* False when the file's name is none of the formats. */
bool vector_file_is_known(const char *name);

/* Compares one file; folder/name must be a known name. */
void vector_check_file(const char *folder, const char *name, struct vector_report *report);

#endif /* EDGEBERT_DEVICE_VECTOR_CHECKS_H */
