// SPDX-License-Identifier: MIT
/*
 * Choosing the bias of a matrix by least squared error, encoding it, and proving that the
 * device's 32-bit sums can not wrap with it.
 */
#include "tools/model/quantise.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/status.h"
#include "tools/device/core/adaptivfloat.h"
#include "tools/model/statistics.h"

#define BIAS_LEAST (-24)
#define BIAS_MOST 20
/* The largest mantissa of a code, (16 + 15) << 7, and what a sum may reach. */
#define MANTISSA_MAX 3968
#define SUM_LIMIT ((uint64_t)INT32_MAX)

uint64_t eb_worst_sum(const uint8_t *codes, size_t rows, size_t columns)
{
	uint64_t worst = 0;

	for (size_t r = 0; r < rows; r++) {
		uint64_t sum = 0;

		for (size_t c = 0; c < columns; c++)
			sum += (uint64_t)abs(eb_adaptivfloat_mantissa(codes[r * columns + c]));
		worst = sum > worst ? sum : worst;
	}
	return worst * MANTISSA_MAX;
}

double eb_codes_value(const struct eb_codes *codes, size_t index)
{
	return ldexp(eb_adaptivfloat_value(codes->codes[index], 0), codes->bias);
}

double eb_codes_largest(const struct eb_codes *codes, int bias)
{
	int largest = 0;

	for (size_t i = 0; i < codes->rows * codes->columns; i++) {
		int mantissa = abs(eb_adaptivfloat_mantissa(codes->codes[i]));

		largest = mantissa > largest ? mantissa : largest;
	}
	return ldexp(largest, bias - EB_ADAPTIVFLOAT_FRACTION_BITS);
}

static void encode(struct eb_codes *codes, const float *values)
{
	size_t count = codes->rows * codes->columns, zeros = 0;
	double signal = 0, noise = 0;

	for (size_t i = 0; i < count; i++) {
		/* The encoder knows biases 0..7: bias 0 on a scaled value is any bias. */
		uint8_t code = eb_adaptivfloat_encode_real(ldexp(values[i], -codes->bias), 0);
		double error = ldexp(eb_adaptivfloat_value(code, 0), codes->bias) - values[i];

		codes->codes[i] = code;
		zeros += code == 0;
		signal += (double)values[i] * values[i];
		noise += error * error;
	}
	codes->decibels = eb_decibels(signal, noise);
	codes->zeros = (double)zeros / (double)count;
}

static enum eb_status start(const char *name, size_t rows, size_t columns,
			    struct eb_codes *codes)
{
	*codes = (struct eb_codes){ .rows = rows, .columns = columns };
	codes->codes = malloc(rows * columns);
	return codes->codes ? EB_OK : eb_fail(EB_OUT_OF_MEMORY, "no memory to quantise %s", name);
}

static int choose_bias(const float *values, size_t rows, size_t columns,
		       const double *importance)
{
	struct eb_statistics statistics = { 0 };

	for (size_t r = 0; r < rows; r++) {
		const float *row = values + r * columns;

		if (!importance)
			eb_statistics_add(&statistics, row, columns, 1);
		for (size_t c = 0; c < columns && importance; c++)
			eb_statistics_add(&statistics, row + c, 1, importance[c]);
	}
	return eb_statistics_best_bias(&statistics, BIAS_LEAST, BIAS_MOST);
}

enum eb_status eb_quantise_table(const char *name, const float *values, size_t rows,
				 size_t columns, const double *importance,
				 struct eb_codes *ret_codes)
{
	struct eb_statistics statistics = { 0 };
	struct eb_codes codes;
	enum eb_status status = start(name, rows, columns, &codes);

	if (status)
		return status;
	for (size_t r = 0; r < rows; r++)
		eb_statistics_add(&statistics, values + r * columns, columns,
				  importance ? importance[r] : 1);
	eb_quantise_again(values, eb_statistics_best_bias(&statistics, BIAS_LEAST, BIAS_MOST),
			  &codes);
	*ret_codes = codes;
	return EB_OK;
}

void eb_quantise_again(const float *values, int bias, struct eb_codes *codes)
{
	codes->bias = bias;
	encode(codes, values);
}

enum eb_status eb_quantise_matrix(const char *name, const float *values, size_t rows,
				  size_t columns, const double *importance,
				  struct eb_codes *ret_codes)
{
	struct eb_codes codes;
	enum eb_status status = start(name, rows, columns, &codes);

	if (status)
		return status;
	eb_quantise_again(values, choose_bias(values, rows, columns, importance), &codes);
	codes.worst_sum = eb_worst_sum(codes.codes, rows, columns);
	/* One more bias halves every mantissa; the smallest weights become zero instead. */
	while (codes.worst_sum > SUM_LIMIT && codes.bias < BIAS_MOST) {
		eb_quantise_again(values, codes.bias + 1, &codes);
		codes.worst_sum = eb_worst_sum(codes.codes, rows, columns);
	}
	if (codes.worst_sum > SUM_LIMIT) {
		eb_codes_free(&codes);
		return eb_fail(EB_MODEL_UNSUPPORTED,
			       "%s: sums over %zu inputs can exceed the device's 32 bits", name,
			       columns);
	}
	*ret_codes = codes;
	return EB_OK;
}

void eb_codes_free(struct eb_codes *codes)
{
	free(codes->codes);
	memset(codes, 0, sizeof(*codes));
}
