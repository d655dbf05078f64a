// SPDX-License-Identifier: MIT
/*
 * Quantisation: predicted errors are the encoder's, the chosen bias is the best one, and
 * no matrix leaves here whose sums could exceed 32 bits.
 */
#include "tests/unit/model/fixture.h"

#include <math.h>
#include <stdlib.h>

#include "tools/device/core/adaptivfloat.h"
#include "tools/model/quantise.h"
#include "tools/model/statistics.h"

#define COUNT 4000

/* Normal numbers, and every now and then one that is so many times larger. */
static void fill(float *values, size_t count, double deviation, double outlier, uint64_t seed)
{
	for (size_t i = 0; i < count; i++)
		values[i] = (float)(deviation * random_normal(&seed) * (i % 500 ? 1 : outlier));
}

static double real_error(const float *values, size_t count, int bias)
{
	double error = 0;

	for (size_t i = 0; i < count; i++) {
		uint8_t code = eb_adaptivfloat_encode_real(ldexp(values[i], -bias), 0);
		double difference = ldexp(eb_adaptivfloat_value(code, 0), bias) - values[i];

		error += difference * difference;
	}
	return error;
}

static void predicted_errors_are_those_of_the_encoder(void **state)
{
	static float values[COUNT];
	struct eb_statistics statistics = { 0 };

	(void)state;
	fill(values, COUNT, 0.3, 20, 5);
	eb_statistics_add(&statistics, values, COUNT, 1);
	for (int bias = -6; bias <= 9; bias++) {
		double wanted = real_error(values, COUNT, bias);

		/* Only values that round up across the upper limit are told a little wrong. */
		assert_true(fabs(eb_statistics_error(&statistics, bias) - wanted) <
			    0.001 * wanted);
	}
}

static void the_best_bias_is_chosen_and_parts_add_up(void **state)
{
	static float values[COUNT];

	(void)state;
	for (int exponent = -8; exponent <= 4; exponent++) {
		struct eb_statistics whole = { 0 }, part = { 0 }, other = { 0 };
		int best;

		fill(values, COUNT, ldexp(1, exponent), 20, (uint64_t)(exponent + 100));
		eb_statistics_add(&whole, values, COUNT, 1);
		eb_statistics_add(&part, values, COUNT / 3, 1);
		eb_statistics_add(&other, values + COUNT / 3, COUNT - COUNT / 3, 1);
		eb_statistics_merge(&part, &other);
		best = eb_statistics_best_bias(&whole, -20, 20);
		assert_int_equal(best, eb_statistics_best_bias(&part, -20, 20));
		for (int bias = best - 2; bias <= best + 2; bias++)
			assert_true(real_error(values, COUNT, best) <=
				    1.0001 * real_error(values, COUNT, bias));
		/* Limits hold: the best within a range that excludes it is at the range's end. */
		assert_int_equal(eb_statistics_best_bias(&whole, best + 1, 20), best + 1);
	}
}

static void importance_moves_the_bias(void **state)
{
	float values[32];
	double importance[2] = { 1, 1 };
	struct eb_codes plain, weighted;

	(void)state;
	for (size_t i = 0; i < 32; i++)
		values[i] = i % 2 ? 8.0f : 0.01f * (float)(i + 1);
	assert_int_equal(eb_quantise_matrix("m", values, 16, 2, importance, &plain), EB_OK);
	/* The second column never receives an input: only the small ones count. */
	importance[1] = 0;
	assert_int_equal(eb_quantise_matrix("m", values, 16, 2, importance, &weighted), EB_OK);
	assert_true(weighted.bias < plain.bias);
	assert_true(fabs(eb_codes_value(&weighted, 0) - 0.01) < 0.001);
	assert_true(fabs(eb_codes_value(&plain, 1) - 8) < 0.3);
	eb_codes_free(&plain);
	eb_codes_free(&weighted);
}

static void codes_stand_for_values_near_those_given(void **state)
{
	static float values[64 * 32];
	struct eb_codes codes;
	double signal = 0, noise = 0;

	(void)state;
	fill(values, 64 * 32, 0.05, 1, 11);
	values[7] = 0;
	assert_int_equal(eb_quantise_matrix("m", values, 64, 32, NULL, &codes), EB_OK);
	assert_int_equal(codes.codes[7], 0);
	for (size_t i = 0; i < 64 * 32; i++) {
		double difference = eb_codes_value(&codes, i) - values[i];

		signal += (double)values[i] * values[i];
		noise += difference * difference;
	}
	assert_true(fabs(10 * log10(signal / noise) - codes.decibels) < 0.01);
	assert_true(codes.decibels > 30);
	eb_codes_free(&codes);
}

static uint64_t plain_worst_sum(const struct eb_codes *codes)
{
	uint64_t worst = 0;

	for (size_t r = 0; r < codes->rows; r++) {
		uint64_t sum = 0;

		for (size_t c = 0; c < codes->columns; c++) {
			uint8_t code = codes->codes[r * codes->columns + c];
			int mantissa = eb_adaptivfloat_mantissa(code);

			/* The input that hurts most: largest magnitude, same sign. */
			sum += (uint64_t)(mantissa < 0 ? -mantissa : mantissa) * 3968;
		}
		worst = sum > worst ? sum : worst;
	}
	return worst;
}

static void sums_that_could_wrap_raise_the_bias(void **state)
{
	const size_t depth = 1536;
	float *values = malloc(2 * depth * sizeof(*values));
	struct eb_codes codes;

	(void)state;
	assert_non_null(values);
	/* All at the top of their range: 1536 * 3968^2 is eleven times 2^31. */
	for (size_t i = 0; i < 2 * depth; i++)
		values[i] = i % 2 ? 0.96f : -0.96f;
	assert_int_equal(eb_quantise_matrix("m", values, 2, depth, NULL, &codes), EB_OK);
	assert_int_equal(codes.worst_sum, plain_worst_sum(&codes));
	assert_true(codes.worst_sum <= INT32_MAX);
	/* No further than needed: one bias less would wrap. */
	eb_quantise_again(values, codes.bias - 1, &codes);
	assert_true(plain_worst_sum(&codes) > INT32_MAX);
	free(values);
	eb_codes_free(&codes);
}

static void what_no_bias_can_prove_is_refused(void **state)
{
	/* The least non-zero mantissa is 17: 32000 of them times 3968 exceed 32 bits. */
	const size_t depth = 32000;
	float *values = malloc(depth * sizeof(*values));
	struct eb_codes codes;

	(void)state;
	assert_non_null(values);
	for (size_t i = 0; i < depth; i++)
		values[i] = 1e9f;
	assert_detail(eb_quantise_matrix("layer 3 output", values, 1, depth, NULL, &codes),
		      EB_MODEL_UNSUPPORTED, "layer 3 output: sums over 32000 inputs");
	free(values);
}

static void tables_weigh_rows(void **state)
{
	float values[2 * 16];
	const double counts[2] = { 1000, 0.001 };
	struct eb_codes plain, weighted;

	(void)state;
	for (size_t i = 0; i < 16; i++) {
		values[i] = 0.001f * (float)(i + 1);
		values[16 + i] = 5;
	}
	assert_int_equal(eb_quantise_table("t", values, 2, 16, NULL, &plain), EB_OK);
	assert_int_equal(eb_quantise_table("t", values, 2, 16, counts, &weighted), EB_OK);
	assert_true(weighted.bias < plain.bias);
	assert_true(eb_codes_largest(&plain, plain.bias) > 4.8);
	eb_codes_free(&plain);
	eb_codes_free(&weighted);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(predicted_errors_are_those_of_the_encoder),
		cmocka_unit_test(the_best_bias_is_chosen_and_parts_add_up),
		cmocka_unit_test(importance_moves_the_bias),
		cmocka_unit_test(codes_stand_for_values_near_those_given),
		cmocka_unit_test(sums_that_could_wrap_raise_the_bias),
		cmocka_unit_test(what_no_bias_can_prove_is_refused),
		cmocka_unit_test(tables_weigh_rows),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("model-quantise", tests, NULL, NULL);
}
