/* SPDX-License-Identifier: MIT */
/*
 * The matrix unit: exact 32-bit wrapping sums of decoded AF8 products, and what is done
 * to a finished sum.
 */
#ifndef EDGEBERT_DEVICE_MATMUL_H
#define EDGEBERT_DEVICE_MATMUL_H

#include <stddef.h>
#include <stdint.h>

#define EB_MATMUL_COLUMNS 16
/* Fraction bits of a finished sum, of the bias vector and of the activation functions. */
#define EB_MATMUL_FRACTION_BITS 12

/*
 * sums[r * 16 + c] = sum over d of input[r * depth + d] * weights[c * depth + d], modulo
 * 2^32, for every row and 16 columns.  depth is a multiple of 16.  Implementations differ
 * in speed only; the choice is made once, when a core is created.
 */
typedef void (*eb_matmul_kernel)(const int16_t *input, size_t rows, const int16_t *weights,
				 size_t depth, int32_t *sums);

void eb_matmul_kernel_generic(const int16_t *input, size_t rows, const int16_t *weights,
			      size_t depth, int32_t *sums);

/*
 * A sum of products of codes with these biases, as a number with 12 fraction bits before
 * bias and activation: the shift to the right, 2 to 16.
 */
static inline unsigned int eb_matmul_shift(unsigned int input_bias, unsigned int weights_bias)
{
	return 16 - input_bias - weights_bias;
}

/* What becomes of a finished sum. */
struct eb_matmul_finish {
	unsigned int shift;		/* to 12 fraction bits, see eb_matmul_shift */
	uint8_t activation;		/* EDGEBERT_HW_ACTIVATION_* */
	uint8_t output_format;
	uint8_t output_bias;
};

/*
 * 16 sums, each with its bias (12 fraction bits, within +-2^30), to 16 elements of the
 * output format.
 */
void eb_matmul_finish_row(const struct eb_matmul_finish *finish, const int32_t *sums,
			  const int32_t *bias, void *elements);

#endif /* EDGEBERT_DEVICE_MATMUL_H */
