/* SPDX-License-Identifier: MIT */
/*
 * The special function unit's elementary functions: piecewise-linear exp, ln and
 * 1/sqrt on fixed-point words, bit for bit those of the published hardware model
 * for its 16-bit words, extended to wider sums with the same tables.
 */
#ifndef EDGEBERT_DEVICE_PIECEWISE_LINEAR_H
#define EDGEBERT_DEVICE_PIECEWISE_LINEAR_H

#include <stdint.h>

/* exp of a signed Q6.10 word as an unsigned Q6.10 word, modulo 64. */
uint16_t eb_piecewise_exp(int16_t value);

/* ln of an unsigned number with 10 fraction bits, signed Q6.10; ln(0) is -32768. */
int16_t eb_piecewise_ln(uint32_t value);

/* 1 / sqrt(value) = mantissa * 2^-(24 + exponent); mantissa has about 25 bits. */
struct eb_inverse_sqrt {
	int32_t mantissa;
	int exponent;
};

/* value (not zero) has fraction_bits fraction bits. */
struct eb_inverse_sqrt eb_piecewise_inverse_sqrt(uint64_t value, unsigned int fraction_bits);

/* The published unit's form: unsigned Q6.10 in, Q6.10 out; 1/sqrt(0) is -1. */
int16_t eb_piecewise_inverse_sqrt_word(uint16_t value);

#endif /* EDGEBERT_DEVICE_PIECEWISE_LINEAR_H */
