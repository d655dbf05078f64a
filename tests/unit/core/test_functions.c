// SPDX-License-Identifier: MIT
/*
 * Elementary functions and activation functions against libm and exact known points.
 */
#include "tests/unit/core/fixture.h"

#include <math.h>

#include "tools/device/core/activation.h"
#include "tools/device/core/piecewise_linear.h"

static void known_points_of_the_published_unit(void **state)
{
	(void)state;
	assert_int_equal(eb_piecewise_exp(0), 1022);
	assert_int_equal(eb_piecewise_exp(-32768), 0);
	assert_int_equal(eb_piecewise_ln(0), -32768);
	assert_int_equal(eb_piecewise_ln(1024), 1);
	assert_int_equal(eb_piecewise_inverse_sqrt_word(0), -1);
	assert_int_equal(eb_piecewise_inverse_sqrt_word(1024), 1023);
}

static void exp_is_near_the_real_function(void **state)
{
	(void)state;
	/* Below 4.15 the 16-bit result does not wrap. */
	for (int word = -32768; word <= 4200; word++) {
		double real = exp(word / 1024.0) * 1024;

		if (fabs(eb_piecewise_exp((int16_t)word) - real) > 1 + real * 0.003)
			fail_msg("exp(%d) is %d, not %f", word, eb_piecewise_exp((int16_t)word),
				 real);
	}
}

static void ln_is_near_the_real_function_for_wide_sums_too(void **state)
{
	(void)state;
	for (uint64_t word = 1; word <= UINT32_MAX; word += 1 + word / 300) {
		double real = log((double)word / 1024) * 1024;

		if (fabs(eb_piecewise_ln((uint32_t)word) - real) > 3)
			fail_msg("ln(%llu) is %d, not %f", (unsigned long long)word,
				 eb_piecewise_ln((uint32_t)word), real);
	}
	assert_in_range(eb_piecewise_ln(65536) - eb_piecewise_ln(65535), 0, 1);
}

static void inverse_sqrt_keeps_its_precision_at_every_magnitude(void **state)
{
	(void)state;
	for (uint64_t value = 1; value < 1ull << 45; value += 1 + value / 100) {
		struct eb_inverse_sqrt inverse = eb_piecewise_inverse_sqrt(value, 20);
		double real = 1 / sqrt(ldexp((double)value, -20));
		double ours = ldexp(inverse.mantissa, -24 - inverse.exponent);

		if (fabs(ours / real - 1) > 0.003)
			fail_msg("1/sqrt(%llu) is %f, not %f", (unsigned long long)value, ours,
				 real);
	}
}

static void wide_inverse_sqrt_is_the_published_one_for_words(void **state)
{
	(void)state;
	for (uint32_t word = 1; word <= UINT16_MAX; word++) {
		struct eb_inverse_sqrt wide = eb_piecewise_inverse_sqrt(word, 10);

		assert_int_equal(eb_piecewise_inverse_sqrt_word((uint16_t)word),
				 (int16_t)floor(ldexp(wide.mantissa, -14 - wide.exponent)));
	}
}

static double real_gelu(double x)
{
	return x * 0.5 * (1 + erf(x / sqrt(2)));
}

static void gelu_and_tanh_are_near_the_real_functions(void **state)
{
	const double limit = 4096 * ldexp(1, -11);

	(void)state;
	for (int32_t value = -8 * 4096; value <= 8 * 4096; value++) {
		double x = value / 4096.0;

		assert_true(fabs(eb_activation_gelu(value) - real_gelu(x) * 4096) <= limit);
		assert_true(fabs(eb_activation_tanh(value) - tanh(x) * 4096) <= limit);
	}
}

/* At the table's own arguments nothing is interpolated: this checks the entries. */
static void tables_follow_their_formula(void **state)
{
	(void)state;
	for (int32_t i = 0; i < 160; i++) {
		double x = i / 32.0;
		double tail = floor(65536 * x * 0.5 * erfc(x / sqrt(2)) + 0.5);
		double tangent = floor(65536 * tanh(x) + 0.5);

		assert_int_equal(eb_activation_gelu(-i * 128), -(int)floor(tail / 16 + 0.5));
		assert_int_equal(eb_activation_gelu(i * 128),
				 i * 128 - (int)floor(tail / 16 + 0.5));
		assert_int_equal(eb_activation_tanh(i * 128), (int)floor(tangent / 16 + 0.5));
		assert_int_equal(eb_activation_tanh(-i * 128), -(int)floor(tangent / 16 + 0.5));
	}
}

static void activations_stay_sane_at_the_ends(void **state)
{
	int32_t values[4] = { INT32_MIN, -5, 7, INT32_MAX };

	(void)state;
	assert_int_equal(eb_activation_gelu(INT32_MAX), INT32_MAX);
	assert_int_equal(eb_activation_gelu(INT32_MIN), 0);
	assert_int_equal(eb_activation_tanh(INT32_MAX), 4096);
	assert_int_equal(eb_activation_tanh(INT32_MIN), -4096);
	assert_int_equal(eb_activation_gelu(0), 0);
	assert_int_equal(eb_activation_tanh(0), 0);
	eb_activation_apply(EDGEBERT_HW_ACTIVATION_RELU, values, 4);
	assert_int_equal(values[0], 0);
	assert_int_equal(values[1], 0);
	assert_int_equal(values[2], 7);
	assert_int_equal(values[3], INT32_MAX);
	eb_activation_apply(EDGEBERT_HW_ACTIVATION_NONE, values, 4);
	assert_int_equal(values[2], 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_points_of_the_published_unit),
		cmocka_unit_test(exp_is_near_the_real_function),
		cmocka_unit_test(ln_is_near_the_real_function_for_wide_sums_too),
		cmocka_unit_test(inverse_sqrt_keeps_its_precision_at_every_magnitude),
		cmocka_unit_test(wide_inverse_sqrt_is_the_published_one_for_words),
		cmocka_unit_test(gelu_and_tanh_are_near_the_real_functions),
		cmocka_unit_test(tables_follow_their_formula),
		cmocka_unit_test(activations_stay_sane_at_the_ends),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("core-functions", tests, NULL, NULL);
}
