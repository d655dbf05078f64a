/* SPDX-License-Identifier: MIT */
/*
 * Matrix product in float for calibration.  Every output is a sum in order of depth,
 * whatever the vector width, so the same machine code or not, results are the same.
 */
#ifndef EDGEBERT_MODEL_MATMUL_FLOAT_H
#define EDGEBERT_MODEL_MATMUL_FLOAT_H

#include <stddef.h>

/* weights[outputs][depth] rearranged for eb_matmul; NULL without memory, free with free(). */
float *eb_matmul_panels(const float *weights, size_t outputs, size_t depth);

/* output[r][c] = bias[c] + sum over d of input[r][d] * weights[c][d]; both dense. */
void eb_matmul(const float *input, size_t rows, size_t depth, const float *panels,
	       const float *bias, size_t outputs, float *output);

#endif /* EDGEBERT_MODEL_MATMUL_FLOAT_H */
