/* SPDX-License-Identifier: MIT */
/*
 * Codes with AVX-512: eb_kernels.decode_codes and unpack_block, to the bit.
 */
#ifndef EDGEBERT_DEVICE_CODES_AVX512_H
#define EDGEBERT_DEVICE_CODES_AVX512_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Each returns the negative sum of the products of pairs that go by the identity. */
int32_t eb_avx512_decode_codes(const uint8_t *codes, size_t depth, int16_t *values,
			       uint8_t *nonzero);
/* Needs VBMI. */
int32_t eb_avx512_vbmi_decode_codes(const uint8_t *codes, size_t depth, int16_t *values,
				    uint8_t *nonzero);

/* Needs VBMI2. */
bool eb_avx512_unpack_block(const void *block, size_t size, size_t rows, size_t depth,
			    uint8_t *dense);

#endif /* EDGEBERT_DEVICE_CODES_AVX512_H */
