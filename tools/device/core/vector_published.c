// SPDX-License-Identifier: MIT
/*
 * The published blocks with their 16-bit words, as simulated: every narrowing goes
 * through one function that notes when it changed the value.
 */
#include "tools/device/core/vector_published.h"

#include "tools/device/core/adaptivfloat.h"
#include "tools/device/core/piecewise_linear.h"

#define LANES 16

static int16_t wrap(int64_t value, unsigned int defect, unsigned int *defects)
{
	int16_t word = (int16_t)(uint16_t)value;

	if (word != value)
		*defects |= defect;
	return word;
}

static int16_t multiply(int16_t a, int16_t b, unsigned int *defects)
{
	return wrap(((int32_t)a * b) >> 10, PUBLISHED_PRODUCT_WRAPS, defects);
}

/* -2^(bias-10), after rounding, is stored as a minus zero instead of as zero. */
static int is_minus_zero(int32_t word, unsigned int fraction_bits, unsigned int bias)
{
	/* One bias lower, if there is one, the same number is an ordinary code. */
	int32_t doubled = word * 2;

	return word < 0 && eb_adaptivfloat_encode(word, fraction_bits, bias) == 0 &&
	       eb_adaptivfloat_encode(doubled, fraction_bits, bias) == 0x90;
}

uint8_t published_encode(int32_t word, unsigned int fraction_bits, unsigned int bias)
{
	uint8_t code = eb_adaptivfloat_encode(word, fraction_bits, bias);
	/* Saturated, not merely equal to the greatest code: 31/16 * 2^(bias-3) rounds to it. */
	int64_t overflow = ((int64_t)63 << (fraction_bits + bias)) >> 8;

	if (code == 0xff && -(int64_t)word > overflow)
		return 0x7f;
	return is_minus_zero(word, fraction_bits, bias) ? 0x80 : code;
}

uint8_t published_post(int16_t sum, const struct published_post *post, unsigned int *defects)
{
	int32_t word = sum >> post->shift;

	if (post->is_bias)
		word = wrap(word + post->weight_bias, PUBLISHED_SUM_WRAPS, defects);
	if (post->is_relu && word < 0)
		word = 0;
	return published_encode(word < -32767 ? -32767 : word, 12, post->bias);
}

static int16_t greatest_of(const int16_t *words, size_t count)
{
	int16_t greatest = -32767;

	for (size_t i = 0; i < count; i++)
		greatest = words[i] > greatest ? words[i] : greatest;
	return greatest;
}

void published_softmax(const int16_t *words, const int16_t *span, size_t count, int16_t *out,
		       unsigned int *defects)
{
	int16_t greatest = greatest_of(words, count), shift;
	uint32_t sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += eb_piecewise_exp(wrap(words[i] - greatest, PUBLISHED_DIFFERENCE_WRAPS,
					     defects));
	if (sum > UINT16_MAX)
		*defects |= PUBLISHED_SUM_WRAPS;
	shift = wrap(greatest + eb_piecewise_ln(sum & UINT16_MAX), PUBLISHED_SUM_WRAPS, defects);
	for (size_t i = 0; i < count; i++) {
		int16_t word = wrap(words[i] - shift, PUBLISHED_DIFFERENCE_WRAPS, defects);

		out[i] = multiply((int16_t)eb_piecewise_exp(word), span[i], defects);
	}
}

void published_layernorm(const int16_t *words, const int16_t *gamma, const int16_t *beta,
			 size_t count, int16_t *out, unsigned int *defects)
{
	int32_t total = 0, squares = 0, mean, square;
	int16_t inverse;

	for (size_t first = 0; first < count; first += LANES) {
		int32_t lanes = 0, lane_squares = 0;

		for (size_t i = first; i < first + LANES; i++) {
			lanes += words[i];
			lane_squares += multiply(words[i], words[i], defects);
		}
		total += wrap(lanes, PUBLISHED_SUM_WRAPS, defects);
		squares += wrap(lane_squares, PUBLISHED_SUM_WRAPS, defects);
	}
	mean = total / (int32_t)count;
	square = mean * mean;
	if (square >= 1 << 16)
		*defects |= PUBLISHED_SQUARE_WRAPS;
	square = (square & 0xffff) - (square & 0x10000);
	inverse = eb_piecewise_inverse_sqrt_word((uint16_t)(squares / (int32_t)count -
							    (square >> 10)));
	*defects |= PUBLISHED_VARIANCE_COARSE;
	for (size_t i = 0; i < count; i++) {
		int16_t normal = wrap(words[i] - mean, PUBLISHED_DIFFERENCE_WRAPS, defects);

		normal = multiply(multiply(normal, inverse, defects), gamma[i], defects);
		out[i] = wrap(normal + beta[i], PUBLISHED_SUM_WRAPS, defects);
	}
}

int16_t published_entropy(const int16_t *words, size_t count, unsigned int *defects)
{
	int16_t greatest = greatest_of(words, count), total;
	int32_t sum = 0, weighted = 0, entropy;

	for (size_t i = 0; i < count; i++) {
		int16_t exponential = (int16_t)eb_piecewise_exp(
			wrap(words[i] - greatest, PUBLISHED_DIFFERENCE_WRAPS, defects));

		sum += exponential;
		weighted += multiply(words[i], exponential, defects);
	}
	total = wrap(sum, PUBLISHED_SUM_WRAPS, defects);
	weighted = wrap(weighted, PUBLISHED_SUM_WRAPS, defects);
	entropy = eb_piecewise_ln((uint16_t)total) + greatest - weighted * 1024 / total;
	if (entropy < 0)
		*defects |= PUBLISHED_NEGATIVE_ENTROPY;
	return wrap(entropy, PUBLISHED_SUM_WRAPS, defects);
}
