/* SPDX-License-Identifier: MIT */
/*
 * Functions of the AVX2 kernel set: those of the same names in kernels.h, to the bit.
 */
#ifndef EDGEBERT_DEVICE_KERNELS_AVX2_H
#define EDGEBERT_DEVICE_KERNELS_AVX2_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/device/core/matmul.h"

/* sums[column][row] */
void eb_avx2_finish_tile(const struct eb_matmul_finish *finish, int32_t *sums,
			 const int32_t *bias, bool transposed, void *elements, size_t stride);

void eb_avx2_adaptivfloat_encode_row(const int32_t *values, size_t count,
				     unsigned int fraction_bits, unsigned int bias,
				     uint8_t *codes);
void eb_avx2_adaptivfloat_decode_row(const uint8_t *codes, size_t count, unsigned int bias,
				     int16_t *values);
void eb_avx2_saturate_row(const int32_t *values, size_t count, int16_t *words);
void eb_avx2_add_row(const int16_t *words, const int16_t *second, size_t count,
		     int32_t *values);
void eb_avx2_softmax_row(const int16_t *words, const int16_t *span, size_t count,
			 int32_t *probabilities);
void eb_avx2_layernorm_row(const int16_t *words, const int16_t *gamma, const int16_t *beta,
			   size_t count, uint32_t epsilon, int32_t *values);

#endif /* EDGEBERT_DEVICE_KERNELS_AVX2_H */
