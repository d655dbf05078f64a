/* SPDX-License-Identifier: MIT */
/*
 * One row of the special function unit's work on Q6.10 words, without any operand:
 * what SOFTMAX, LAYERNORM and ENTROPY compute.
 */
#ifndef EDGEBERT_DEVICE_ROW_H
#define EDGEBERT_DEVICE_ROW_H

#include <stddef.h>
#include <stdint.h>

/* Each as a Q6.10 word, cut symmetrically: -32768 is never stored. */
void eb_saturate_row(const int32_t *values, size_t count, int16_t *words);

/* values[i] = words[i] + second[i] */
void eb_add_row(const int16_t *words, const int16_t *second, size_t count, int32_t *values);

/*
 * probabilities[i] = exp(words[i] - (max + ln(sum of exp(words - max)))), times span[i]
 * unless span is NULL.  Q6.10 throughout.
 */
void eb_softmax_row(const int16_t *words, const int16_t *span, size_t count,
		    int32_t *probabilities);

/*
 * values[i] = (words[i] - mean) / sqrt(variance + epsilon) * gamma[i] + beta[i];
 * epsilon has 20 fraction bits, everything else is Q6.10 (values in 32 bits).
 */
void eb_layernorm_row(const int16_t *words, const int16_t *gamma, const int16_t *beta,
		      size_t count, uint32_t epsilon, int32_t *values);

/* value = (((word << 10) - mean) * mantissa >> shift) * gamma >> 10, plus beta. */
struct eb_layernorm_scale {
	int64_t mean;			/* 20 fraction bits */
	int32_t mantissa;
	int shift;
};

int32_t eb_layernorm_value(const struct eb_layernorm_scale *scale, int16_t word, int16_t gamma,
			   int16_t beta);

/* From the sums of a row's words and of their squares. */
struct eb_layernorm_scale eb_layernorm_scale(int64_t sum, int64_t squares, size_t count,
					     uint32_t epsilon);

/* Entropy of softmax(words) in Q6.10 nats, not below 0; count 1..16. */
int16_t eb_entropy_row(const int16_t *words, size_t count);

#endif /* EDGEBERT_DEVICE_ROW_H */
