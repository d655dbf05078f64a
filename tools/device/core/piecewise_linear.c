// SPDX-License-Identifier: MIT
/*
 * Piecewise-linear exp, ln and 1/sqrt.  Tables and shifts are facts about the published
 * hardware model; slope tables are named after what they multiply.  Negative numbers
 * are scaled by multiplying, because a left shift of them is undefined in C.
 */
#include "tools/device/core/piecewise_linear.h"

static inline unsigned int bit_length(uint64_t value)
{
	return value ? 64 - (unsigned int)__builtin_clzll(value) : 0;
}

uint16_t eb_piecewise_exp(int16_t value)
{
	static const int32_t slope[4] = { 194, 230, 273, 325 };
	static const int32_t start[4] = { 1022, 1216, 1446, 1719 };
	/* value * log2(e) with 11 fraction bits: whole part shifts, fraction interpolates */
	int32_t power = ((int32_t)value * 23637) >> 13;
	int32_t whole = power >> 11;
	int32_t fraction = power & 2047;
	int32_t segment = fraction >> 9;
	uint32_t result = (uint32_t)(slope[segment] * (fraction & 511) + (start[segment] << 9));
	int32_t shift = whole - 9;

	if (shift >= 16 || shift <= -32)
		return 0;
	return (uint16_t)(shift >= 0 ? result << shift : result >> -shift);
}

/* The leading 16 bits of value: m in [0.5, 1) with 16 fraction bits; length is its bit length. */
static inline int32_t normalise(uint64_t value, unsigned int length)
{
	return (int32_t)(length <= 16 ? value << (16 - length) : value >> (length - 16));
}

int16_t eb_piecewise_ln(uint32_t value)
{
	static const int32_t slope[8] = { 348, 310, 281, 256, 236, 218, 204, 191 };
	static const int32_t start[8] = { -2045, -1697, -1387, -1105, -849, -612, -394, -190 };
	unsigned int length = bit_length(value);
	int32_t distance, segment;
	int64_t base2;

	if (!value)
		return INT16_MIN;
	distance = (normalise(value, length) - 32768) >> 1;
	segment = distance >> 11;
	base2 = slope[segment] * (distance & 2047) + start[segment] * 2048 +
		(int64_t)((int32_t)length - 10) * (1 << 22);
	return (int16_t)((base2 * 2839) >> 24);
}

struct eb_inverse_sqrt eb_piecewise_inverse_sqrt(uint64_t value, unsigned int fraction_bits)
{
	static const int32_t slope[8] = { -331, -279, -240, -210, -185, -165, -148, -134 };
	static const int32_t start[8] = { 5789, 5458, 5178, 4938, 4728, 4543, 4378, 4229 };
	unsigned int length = bit_length(value);
	int exponent = (int)length - (int)fraction_bits;
	int32_t distance = normalise(value, length) - 32768;
	int32_t segment = distance >> 12;
	int64_t result = slope[segment] * (distance & 4095) + start[segment] * 4096;

	if (exponent & 1)
		result = (result * 2896) >> 12;
	return (struct eb_inverse_sqrt){ (int32_t)result, exponent >> 1 };
}

int16_t eb_piecewise_inverse_sqrt_word(uint16_t value)
{
	struct eb_inverse_sqrt wide;

	if (!value)
		return -1;
	wide = eb_piecewise_inverse_sqrt(value, 10);
	return (int16_t)(wide.mantissa >> (14 + wide.exponent));
}
