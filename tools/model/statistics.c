// SPDX-License-Identifier: MIT
/*
 * Sums per power of two, and the quantisation error that follows from them.
 */
#include "tools/model/statistics.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

/* A code has 4 mantissa bits of a float's 23. */
#define DROPPED_BITS 19
#define MANTISSA_MASK 0x7fffff
#define CODE_BINADES 8
#define CODE_EXPONENT_OFFSET 10
#define DECIBELS_MAX 200.0

static int binade_index(uint32_t bits)
{
	int exponent = (int)(bits >> 23 & 0xff) - 127 - EB_BINADE_FIRST;

	if (exponent < 0)
		return 0;
	return exponent < EB_BINADES ? exponent : EB_BINADES - 1;
}

/* |x| rounded to five significant bits differs from |x| by this, in units of 2^-23 binades. */
static uint32_t rounding_distance(uint32_t bits)
{
	const uint32_t step = 1u << DROPPED_BITS;
	uint32_t low = bits & (step - 1);

	return low < step / 2 ? low : step - low;
}

void eb_statistics_add(struct eb_statistics *statistics, const float *values, size_t count,
		       double importance)
{
	for (size_t i = 0; i < count; i++) {
		float magnitude = fabsf(values[i]);
		double error;
		uint32_t bits;
		int index;

		if (magnitude == 0)
			continue;
		memcpy(&bits, &magnitude, sizeof(bits));
		index = binade_index(bits);
		error = ldexp(rounding_distance(bits), index + EB_BINADE_FIRST - 23);
		statistics->weight[index] += importance;
		statistics->first[index] += importance * magnitude;
		statistics->second[index] += importance * magnitude * magnitude;
		statistics->rounding[index] += importance * error * error;
		if ((bits & MANTISSA_MASK) < 1u << (DROPPED_BITS - 1)) {
			statistics->edge_second[index] += importance * magnitude * magnitude;
			statistics->edge_rounding[index] += importance * error * error;
		}
		if (magnitude > statistics->largest)
			statistics->largest = magnitude;
	}
	statistics->total += importance * (double)count;
}

void eb_statistics_merge(struct eb_statistics *statistics, const struct eb_statistics *other)
{
	for (int i = 0; i < EB_BINADES; i++) {
		statistics->weight[i] += other->weight[i];
		statistics->first[i] += other->first[i];
		statistics->second[i] += other->second[i];
		statistics->rounding[i] += other->rounding[i];
		statistics->edge_second[i] += other->edge_second[i];
		statistics->edge_rounding[i] += other->edge_rounding[i];
	}
	statistics->total += other->total;
	statistics->largest = fmax(statistics->largest, other->largest);
}

double eb_bias_limit(int bias)
{
	return ldexp(31.0 / 16, bias + CODE_BINADES - 1 - CODE_EXPONENT_OFFSET);
}

double eb_statistics_error(const struct eb_statistics *statistics, int bias)
{
	int first = bias - CODE_EXPONENT_OFFSET - EB_BINADE_FIRST;
	double limit = eb_bias_limit(bias), error = 0;

	for (int i = 0; i < EB_BINADES; i++) {
		if (i < first)
			error += statistics->second[i];
		else if (i < first + CODE_BINADES)
			error += statistics->rounding[i];
		else
			error += statistics->second[i] - 2 * limit * statistics->first[i] +
				 limit * limit * statistics->weight[i];
	}
	/* Exponent and mantissa zero mean 0, not the least power of two. */
	if (first >= 0 && first < EB_BINADES)
		error += statistics->edge_second[first] - statistics->edge_rounding[first];
	return error;
}

int eb_statistics_best_bias(const struct eb_statistics *statistics, int first, int last)
{
	int best = first;
	double least = eb_statistics_error(statistics, first);

	/* Zeros have no error anywhere; a range far off could not be reached by commands. */
	if (statistics->largest == 0)
		return first > 0 ? first : last < 0 ? last : 0;
	for (int bias = first + 1; bias <= last; bias++) {
		double error = eb_statistics_error(statistics, bias);

		if (error < least) {
			least = error;
			best = bias;
		}
	}
	return best;
}

double eb_statistics_energy(const struct eb_statistics *statistics)
{
	double energy = 0;

	for (int i = 0; i < EB_BINADES; i++)
		energy += statistics->second[i];
	return energy;
}

double eb_decibels(double signal, double noise)
{
	double ratio = noise > 0 && signal > 0 ? 10 * log10(signal / noise) : DECIBELS_MAX;

	return fmin(ratio, DECIBELS_MAX);
}
