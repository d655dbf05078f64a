/* SPDX-License-Identifier: MIT */
/*
 * AdaptivFloat<8,3> codes: one byte of sign, 3 exponent bits and 4 mantissa bits,
 * with a per-tensor bias of 0..7.
 *
 *   value = (-1)^sign * 2^(exponent + bias - 10) * (1 + mantissa / 16)
 *
 * except that exponent and mantissa both zero is 0.  There are no denormals,
 * infinities or NaNs.
 */
#ifndef EDGEBERT_DEVICE_ADAPTIVFLOAT_H
#define EDGEBERT_DEVICE_ADAPTIVFLOAT_H

#include <stddef.h>
#include <stdint.h>

#define EB_ADAPTIVFLOAT_BIAS_MAX 7
/* A decoded mantissa (16 + m) << e carries this many fraction bits less the bias. */
#define EB_ADAPTIVFLOAT_FRACTION_BITS 14
/* The wide fixed-point form of eb_adaptivfloat_decode_wide: exact for every bias. */
#define EB_ADAPTIVFLOAT_WIDE_BITS 14

/*
 * Fixed point with fraction_bits (at most 18) to a code: round half up (ties toward
 * plus infinity) to five significant bits, flush below the smallest code to 0x00,
 * saturate at 0x7f and 0xff.  0x80 is never produced.
 */
uint8_t eb_adaptivfloat_encode(int32_t value, unsigned int fraction_bits, unsigned int bias);
void eb_adaptivfloat_encode_row(const int32_t *values, size_t count, unsigned int fraction_bits,
				unsigned int bias, uint8_t *codes);

/* What encoding subtracts from the upper bits of a float; for other implementations of it. */
int32_t eb_adaptivfloat_encode_offset(unsigned int fraction_bits, unsigned int bias);

/* The same rounding for a real number; for quantising weights. NaN encodes as 0. */
uint8_t eb_adaptivfloat_encode_real(double value, unsigned int bias);

double eb_adaptivfloat_value(uint8_t code, unsigned int bias);

/* Q6.10 as the special function unit reads it: bits below 2^-10 are cut toward zero. */
int16_t eb_adaptivfloat_decode(uint8_t code, unsigned int bias);
void eb_adaptivfloat_decode_row(const uint8_t *codes, size_t count, unsigned int bias,
				int16_t *values);

/* Exact value with EB_ADAPTIVFLOAT_WIDE_BITS fraction bits. */
int32_t eb_adaptivfloat_decode_wide(uint8_t code, unsigned int bias);

/* What the multipliers see: the sign and (16 + mantissa) << exponent, or 0. */
int16_t eb_adaptivfloat_mantissa(uint8_t code);
void eb_adaptivfloat_mantissa_row(const uint8_t *codes, size_t count, int16_t *mantissas);

#endif /* EDGEBERT_DEVICE_ADAPTIVFLOAT_H */
