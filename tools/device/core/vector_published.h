/* SPDX-License-Identifier: MIT */
/*
 * The published blocks as they are, defects included: what explains a test vector that
 * the corrected device core does not reproduce.
 */
#ifndef EDGEBERT_DEVICE_VECTOR_PUBLISHED_H
#define EDGEBERT_DEVICE_VECTOR_PUBLISHED_H

#include <stddef.h>
#include <stdint.h>

/* Defects that showed in a computation, as bits. */
#define PUBLISHED_SUM_WRAPS (1u << 0)		/* a 16-bit sum or accumulator overflowed */
#define PUBLISHED_DIFFERENCE_WRAPS (1u << 1)	/* a 16-bit difference overflowed */
#define PUBLISHED_PRODUCT_WRAPS (1u << 2)	/* a 16-bit product overflowed */
#define PUBLISHED_SQUARE_WRAPS (1u << 3)	/* the 17-bit square of the mean overflowed */
#define PUBLISHED_VARIANCE_COARSE (1u << 4)	/* mean and variance cut to 10 fraction bits */
#define PUBLISHED_NEGATIVE_ENTROPY (1u << 5)	/* interpolation ended below zero */
#define PUBLISHED_DEFECTS 6

/* A negative overflow gives 0x7f, a flushed -2^(bias-10) gives 0x80. */
uint8_t published_encode(int32_t word, unsigned int fraction_bits, unsigned int bias);

/* A 16-bit sum of products and its way to a code. */
struct published_post {
	int is_relu, is_bias, weight_bias;
	unsigned int bias, shift;
};
uint8_t published_post(int16_t sum, const struct published_post *post, unsigned int *defects);

/* Each takes Q6.10 words of one row and returns the words before they are encoded. */
void published_softmax(const int16_t *words, const int16_t *span, size_t count, int16_t *out,
		       unsigned int *defects);
void published_layernorm(const int16_t *words, const int16_t *gamma, const int16_t *beta,
			 size_t count, int16_t *out, unsigned int *defects);
int16_t published_entropy(const int16_t *words, size_t count, unsigned int *defects);

#endif /* EDGEBERT_DEVICE_VECTOR_PUBLISHED_H */
