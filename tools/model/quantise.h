/* SPDX-License-Identifier: MIT */
/*
 * Matrices and tables as AdaptivFloat codes, with the proof that no sum of products with
 * them can leave 32 bits.
 */
#ifndef EDGEBERT_MODEL_QUANTISE_H
#define EDGEBERT_MODEL_QUANTISE_H

#include <stddef.h>
#include <stdint.h>

#include <edgebert/edgebert.h>

/*
 * value = mantissa(code) * 2^(bias - 14).  Here a bias may be any integer: commands carry
 * 0..7, and the power of two between the two is taken up by the scale of another operand.
 */
struct eb_codes {
	size_t rows;			/* outputs */
	size_t columns;			/* depth */
	int bias;
	uint8_t *codes;			/* [rows][columns] */
	double decibels;		/* signal to quantisation noise */
	double zeros;			/* fraction of zero codes */
	uint64_t worst_sum;		/* largest |sum of products| any input could cause */
};

/*
 * importance: per column, or NULL when all count alike.  The bias of least error is taken
 * that keeps every sum of products with any input codes inside 32 bits.
 */
enum eb_status eb_quantise_matrix(const char *name, const float *values, size_t rows,
				  size_t columns, const double *importance,
				  struct eb_codes *ret_codes) EB_WARN_UNUSED;

/*
 * The same for a table whose rows are looked up: no sums, no proof.  importance: per row,
 * or NULL when all count alike.
 */
enum eb_status eb_quantise_table(const char *name, const float *values, size_t rows,
				 size_t columns, const double *importance,
				 struct eb_codes *ret_codes) EB_WARN_UNUSED;

/* Encodes again with another bias, in place. */
void eb_quantise_again(const float *values, int bias, struct eb_codes *codes);

void eb_codes_free(struct eb_codes *codes);

/* The value that an element's code stands for. */
double eb_codes_value(const struct eb_codes *codes, size_t index);

/* The largest sum of |mantissa| of a row times the largest input mantissa. */
uint64_t eb_worst_sum(const uint8_t *codes, size_t rows, size_t columns);

/* The largest magnitude that codes hold when decoded with a command's bias. */
double eb_codes_largest(const struct eb_codes *codes, int bias);

#endif /* EDGEBERT_MODEL_QUANTISE_H */
