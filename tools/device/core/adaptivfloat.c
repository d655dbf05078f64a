// SPDX-License-Identifier: MIT
/*
 * AdaptivFloat<8,3>: encode and decode, one code or a whole row.
 *
 * Encoding uses that an IEEE number already holds sign, exponent and mantissa in the
 * order the code wants: rounding the mantissa to four bits is an integer addition on
 * the bit pattern, a carry moves into the exponent by itself, and both limits are a
 * clamp.  The conversion is exact (24 bits), so the result does not depend on any
 * floating-point mode, and the loop vectorises.
 */
#include "tools/device/core/adaptivfloat.h"

#include <math.h>
#include <string.h>

#define SINGLE_MANTISSA_BITS 23
#define SINGLE_EXPONENT_BIAS 127
#define DOUBLE_MANTISSA_BITS 52
#define DOUBLE_EXPONENT_BIAS 1023
#define CODE_MANTISSA_BITS 4
#define CODE_EXPONENT_OFFSET 10
#define CODE_MAGNITUDE_MAX 0x7f
/* Everything beyond saturates for every bias and fraction; a float holds it exactly. */
#define ENCODE_LIMIT (1 << 24)

static inline uint8_t encode(int32_t value, int32_t offset)
{
	const int32_t half = 1 << (SINGLE_MANTISSA_BITS - CODE_MANTISSA_BITS - 1);
	float real;
	int32_t bits, sign, code;

	value = value > ENCODE_LIMIT ? ENCODE_LIMIT : value;
	value = value < -ENCODE_LIMIT ? -ENCODE_LIMIT : value;
	real = (float)value;
	memcpy(&bits, &real, sizeof(bits));
	sign = value < 0;
	/* Ties go toward plus infinity: for a negative number that is the smaller magnitude. */
	code = ((bits & INT32_MAX) + half - sign) >> (SINGLE_MANTISSA_BITS - CODE_MANTISSA_BITS);
	code -= offset;
	code = code < 0 ? 0 : code;
	code = code > CODE_MAGNITUDE_MAX ? CODE_MAGNITUDE_MAX : code;
	return (uint8_t)(code | (code ? sign << 7 : 0));
}

int32_t eb_adaptivfloat_encode_offset(unsigned int fraction_bits, unsigned int bias)
{
	return (int32_t)(SINGLE_EXPONENT_BIAS + fraction_bits + bias - CODE_EXPONENT_OFFSET)
	       << CODE_MANTISSA_BITS;
}

uint8_t eb_adaptivfloat_encode(int32_t value, unsigned int fraction_bits, unsigned int bias)
{
	return encode(value, eb_adaptivfloat_encode_offset(fraction_bits, bias));
}

void eb_adaptivfloat_encode_row(const int32_t *values, size_t count, unsigned int fraction_bits,
				unsigned int bias, uint8_t *codes)
{
	int32_t offset = eb_adaptivfloat_encode_offset(fraction_bits, bias);

	for (size_t i = 0; i < count; i++)
		codes[i] = encode(values[i], offset);
}

uint8_t eb_adaptivfloat_encode_real(double value, unsigned int bias)
{
	const int shift = DOUBLE_MANTISSA_BITS - CODE_MANTISSA_BITS;
	int64_t bits, code;
	int sign = value < 0;

	if (isnan(value))
		return 0;
	memcpy(&bits, &value, sizeof(bits));
	code = ((bits & INT64_MAX) + ((int64_t)1 << (shift - 1)) - sign) >> shift;
	code -= (int64_t)(DOUBLE_EXPONENT_BIAS + (int)bias - CODE_EXPONENT_OFFSET)
		<< CODE_MANTISSA_BITS;
	if (code <= 0)
		return 0;
	if (code > CODE_MAGNITUDE_MAX)
		code = CODE_MAGNITUDE_MAX;
	return (uint8_t)(code | sign << 7);
}

double eb_adaptivfloat_value(uint8_t code, unsigned int bias)
{
	return ldexp(eb_adaptivfloat_mantissa(code),
		     (int)bias - EB_ADAPTIVFLOAT_FRACTION_BITS);
}

/*
 * The shift by the exponent is written as three multiplications by 1 or 2^1, 2^2, 2^4:
 * baseline x86-64 has no per-lane shift, but multiplies eight 16-bit lanes at once.
 */
static inline int16_t magnitude(uint8_t code)
{
	int16_t value = (int16_t)(16 + (code & 15));
	int16_t exponent = (int16_t)(code >> 4 & 7);
	int16_t nonzero = (int16_t)-((code & CODE_MAGNITUDE_MAX) != 0);

	value = (int16_t)(value * (1 + (exponent & 1)));
	value = (int16_t)(value * (1 + 3 * (exponent >> 1 & 1)));
	value = (int16_t)(value * (1 + 15 * (exponent >> 2 & 1)));
	return value & nonzero;
}

static inline int16_t mantissa(uint8_t code)
{
	int16_t sign = (int16_t)-(code >> 7);

	return (int16_t)((magnitude(code) ^ sign) - sign);
}

int16_t eb_adaptivfloat_mantissa(uint8_t code)
{
	return mantissa(code);
}

void eb_adaptivfloat_mantissa_row(const uint8_t *codes, size_t count, int16_t *mantissas)
{
	for (size_t i = 0; i < count; i++)
		mantissas[i] = mantissa(codes[i]);
}

static inline int16_t decode(uint8_t code, unsigned int bias)
{
	int32_t value = (magnitude(code) << bias) >> 4;
	int32_t sign = -(code >> 7);

	return (int16_t)((value ^ sign) - sign);
}

int16_t eb_adaptivfloat_decode(uint8_t code, unsigned int bias)
{
	return decode(code, bias);
}

void eb_adaptivfloat_decode_row(const uint8_t *codes, size_t count, unsigned int bias,
				int16_t *values)
{
	for (size_t i = 0; i < count; i++)
		values[i] = decode(codes[i], bias);
}

int32_t eb_adaptivfloat_decode_wide(uint8_t code, unsigned int bias)
{
	return (int32_t)mantissa(code) * (1 << bias);
}
