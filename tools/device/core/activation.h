/* SPDX-License-Identifier: MIT */
/*
 * Activation functions of the matrix unit, on numbers with 12 fraction bits.
 * GELU (erf form) and tanh are within 2^-11 of the real function for every argument.
 */
#ifndef EDGEBERT_DEVICE_ACTIVATION_H
#define EDGEBERT_DEVICE_ACTIVATION_H

#include <stddef.h>
#include <stdint.h>

/* Tabulated at steps of 1/32 from 0 to 5, with 16 fraction bits; see activation.c. */
#define EB_ACTIVATION_SEGMENTS 160
#define EB_ACTIVATION_SEGMENT_BITS 7	/* of a number with 12 fraction bits */
extern const int32_t eb_gelu_tail[EB_ACTIVATION_SEGMENTS + 1];
extern const int32_t eb_tanh_value[EB_ACTIVATION_SEGMENTS + 1];

int32_t eb_activation_gelu(int32_t value);
int32_t eb_activation_tanh(int32_t value);

/* EDGEBERT_HW_ACTIVATION_* applied in place. */
void eb_activation_apply(unsigned int activation, int32_t *values, size_t count);

#endif /* EDGEBERT_DEVICE_ACTIVATION_H */
