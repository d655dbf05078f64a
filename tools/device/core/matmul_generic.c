// SPDX-License-Identifier: MIT
/* The matrix unit in plain C: what every accelerated kernel must equal bit for bit. */
#include "tools/device/core/matmul.h"

#include "kernel/edgebert_hw.h"
#include "tools/device/core/activation.h"
#include "tools/device/core/adaptivfloat.h"
#include "tools/device/core/operand.h"

/*
 * Two rows by four columns: eight sums stay in registers, and the widening products of
 * neighbouring lanes become one instruction each (pmaddwd).
 */
static inline void sum_2x4(const int16_t *restrict input0, const int16_t *restrict input1,
			   const int16_t *restrict weights, size_t depth, int32_t *restrict sums0,
			   int32_t *restrict sums1)
{
	const int16_t *weights0 = weights, *weights1 = weights + depth;
	const int16_t *weights2 = weights + 2 * depth, *weights3 = weights + 3 * depth;
	int32_t s00 = 0, s01 = 0, s02 = 0, s03 = 0, s10 = 0, s11 = 0, s12 = 0, s13 = 0;

	for (size_t d = 0; d < depth; d++) {
		int32_t a = input0[d], b = input1[d];

		s00 += a * weights0[d];
		s01 += a * weights1[d];
		s02 += a * weights2[d];
		s03 += a * weights3[d];
		s10 += b * weights0[d];
		s11 += b * weights1[d];
		s12 += b * weights2[d];
		s13 += b * weights3[d];
	}
	sums0[0] = s00;
	sums0[1] = s01;
	sums0[2] = s02;
	sums0[3] = s03;
	sums1[0] = s10;
	sums1[1] = s11;
	sums1[2] = s12;
	sums1[3] = s13;
}

void eb_matmul_kernel_generic(const int16_t *input, size_t rows, const int16_t *weights,
			      size_t depth, int32_t *sums)
{
	int32_t discarded[EB_MATMUL_COLUMNS];

	depth &= ~(size_t)15;
	for (size_t column = 0; column < EB_MATMUL_COLUMNS; column += 4) {
		const int16_t *group = weights + column * depth;
		size_t row;

		for (row = 0; row + 1 < rows; row += 2)
			sum_2x4(input + row * depth, input + (row + 1) * depth, group, depth,
				sums + row * EB_MATMUL_COLUMNS + column,
				sums + (row + 1) * EB_MATMUL_COLUMNS + column);
		if (row < rows)
			sum_2x4(input + row * depth, input + row * depth, group, depth,
				sums + row * EB_MATMUL_COLUMNS + column, discarded);
	}
}

/* Round half up from 12 to 10 fraction bits, then cut symmetrically. */
static inline int16_t to_word(int32_t value)
{
	return eb_saturate_word((value + 2) >> 2);
}

void eb_matmul_finish_row(const struct eb_matmul_finish *finish, const int32_t *sums,
			  const int32_t *bias, void *elements)
{
	int32_t values[EB_MATMUL_COLUMNS];

	for (size_t c = 0; c < EB_MATMUL_COLUMNS; c++)
		values[c] = (sums[c] >> finish->shift) + bias[c];
	eb_activation_apply(finish->activation, values, EB_MATMUL_COLUMNS);
	if (finish->output_format == EDGEBERT_HW_FORMAT_AF8) {
		eb_adaptivfloat_encode_row(values, EB_MATMUL_COLUMNS, EB_MATMUL_FRACTION_BITS,
					   finish->output_bias, elements);
	} else {
		int16_t *words = elements;

		for (size_t c = 0; c < EB_MATMUL_COLUMNS; c++)
			words[c] = to_word(values[c]);
	}
}
