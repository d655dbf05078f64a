/* SPDX-License-Identifier: MIT */
/*
 * Codes with AVX-512: decode_rows of eb_kernels and what it does with packed rows, to the bit.
 */
#ifndef EDGEBERT_DEVICE_CODES_AVX512_H
#define EDGEBERT_DEVICE_CODES_AVX512_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/device/core/kernels.h"

/* pairs: the negative sums of the products of pairs that go by the identity. */
void eb_avx512_decode_rows(const struct eb_matmul_codes *codes, int16_t *values, uint8_t *nonzero,
			   int32_t *pairs);
/* Needs VBMI. */
void eb_avx512_vbmi_decode_rows(const struct eb_matmul_codes *codes, int16_t *values,
				uint8_t *nonzero, int32_t *pairs);
/* One row from its element d on, for what is left of it; returns its part of pairs. */
int32_t eb_avx512_decode_from(const uint8_t *row, size_t d, size_t depth, int16_t *values,
			      uint8_t *nonzero);

/* These need VBMI2. */
bool eb_avx512_find_packed_rows(const void *block, size_t size, size_t block_rows, size_t depth,
				struct eb_packed_row *rows);
void eb_avx512_decode_packed_rows(const struct eb_matmul_codes *codes, int16_t *values,
				  uint8_t *nonzero, int32_t *pairs);

#endif /* EDGEBERT_DEVICE_CODES_AVX512_H */
