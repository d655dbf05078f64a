/* SPDX-License-Identifier: MIT */
/*
 * Rows of codes and words with AVX-512: the functions of the same names in
 * adaptivfloat.h and row.h, to the bit.
 */
#ifndef EDGEBERT_DEVICE_ROWS_AVX512_H
#define EDGEBERT_DEVICE_ROWS_AVX512_H

#include <stddef.h>
#include <stdint.h>

void eb_avx512_adaptivfloat_encode_row(const int32_t *values, size_t count,
				       unsigned int fraction_bits, unsigned int bias,
				       uint8_t *codes);
void eb_avx512_adaptivfloat_decode_row(const uint8_t *codes, size_t count, unsigned int bias,
				       int16_t *values);
void eb_avx512_saturate_row(const int32_t *values, size_t count, int16_t *words);
void eb_avx512_add_row(const int16_t *words, const int16_t *second, size_t count,
		       int32_t *values);
void eb_avx512_softmax_row(const int16_t *words, const int16_t *span, size_t count,
			   int32_t *probabilities);
void eb_avx512_layernorm_row(const int16_t *words, const int16_t *gamma, const int16_t *beta,
			     size_t count, uint32_t epsilon, int32_t *values);

#endif /* EDGEBERT_DEVICE_ROWS_AVX512_H */
