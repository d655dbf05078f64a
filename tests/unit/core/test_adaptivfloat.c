// SPDX-License-Identifier: MIT
/*
 * AdaptivFloat codes against an independent statement of the format.
 */
#include "tests/unit/core/fixture.h"

#include <math.h>

#include "tools/device/core/adaptivfloat.h"

static void every_code_has_its_value(void **state)
{
	(void)state;
	for (unsigned int bias = 0; bias < 8; bias++) {
		for (int i = 0; i < 256; i++) {
			uint8_t code = (uint8_t)i;
			double value = reference_value(code, bias);

			assert_true(eb_adaptivfloat_value(code, bias) == value);
			assert_int_equal(eb_adaptivfloat_decode(code, bias),
					 (int)trunc(value * 1024));
			assert_true(eb_adaptivfloat_decode_wide(code, bias) == value * 16384);
			assert_true(eb_adaptivfloat_mantissa(code) ==
				    reference_value(code, 0) * 16384);
		}
	}
}

static void every_word_encodes_as_the_slow_reference(void **state)
{
	static const unsigned int fractions[] = { 10, 12 };

	(void)state;
	for (int f = 0; f < 2; f++)
		for (unsigned int bias = 0; bias < 8; bias++)
			for (int32_t word = INT16_MIN; word <= INT16_MAX; word++)
				if (eb_adaptivfloat_encode(word, fractions[f], bias) !=
				    reference_encode(word / pow(2, fractions[f]), bias))
					fail_msg("%d with %u fraction bits, bias %u", word,
						 fractions[f], bias);
}

static void wide_values_round_once_and_saturate_with_their_sign(void **state)
{
	static const int32_t wide[] = { INT32_MIN, INT32_MIN + 1, -(1 << 24) - 1, -(1 << 24),
					(1 << 24) - 1, (1 << 24) + 1, INT32_MAX };
	struct random random = { 5 };

	(void)state;
	for (unsigned int bias = 0; bias < 8; bias++) {
		for (size_t i = 0; i < sizeof(wide) / sizeof(wide[0]); i++)
			assert_int_equal(eb_adaptivfloat_encode(wide[i], 12, bias),
					 wide[i] < 0 ? 0xff : 0x7f);
		for (int i = 0; i < 20000; i++) {
			int32_t value = (int32_t)random_next(&random) >> random_below(&random, 31);

			assert_int_equal(eb_adaptivfloat_encode(value, 16, bias),
					 reference_encode(value / 65536.0, bias));
		}
	}
}

static void real_numbers_encode_as_fixed_point_does(void **state)
{
	struct random random = { 6 };

	(void)state;
	for (unsigned int bias = 0; bias < 8; bias++) {
		for (int i = 0; i < 256; i++)
			assert_int_equal(eb_adaptivfloat_encode_real(
						 reference_value((uint8_t)i, bias), bias),
					 i & 0x7f ? i : 0);
		for (int i = 0; i < 20000; i++) {
			double value = ldexp((int32_t)random_next(&random),
					     -(int)random_below(&random, 40));

			assert_int_equal(eb_adaptivfloat_encode_real(value, bias),
					 reference_encode(value, bias));
		}
		assert_int_equal(eb_adaptivfloat_encode_real(INFINITY, bias), 0x7f);
		assert_int_equal(eb_adaptivfloat_encode_real(-INFINITY, bias), 0xff);
		assert_int_equal(eb_adaptivfloat_encode_real(NAN, bias), 0);
		assert_int_equal(eb_adaptivfloat_encode_real(-0.0, bias), 0);
	}
}

static void ties_go_toward_plus_infinity(void **state)
{
	(void)state;
	/* 33/32 and -33/32 lie between codes 0x60 and 0x61 of bias 4. */
	assert_int_equal(eb_adaptivfloat_encode(1056, 10, 4), 0x61);
	assert_int_equal(eb_adaptivfloat_encode(-1056, 10, 4), 0xe0);
	assert_int_equal(eb_adaptivfloat_encode(-1057, 10, 4), 0xe1);
}

static void rows_equal_single_codes(void **state)
{
	uint8_t codes[256], encoded[256];
	int16_t words[256], mantissas[256];
	int32_t values[256];

	(void)state;
	for (int i = 0; i < 256; i++) {
		codes[i] = (uint8_t)i;
		values[i] = (i - 128) * 211;
	}
	for (unsigned int bias = 0; bias < 8; bias++) {
		eb_adaptivfloat_decode_row(codes, 256, bias, words);
		eb_adaptivfloat_mantissa_row(codes, 256, mantissas);
		eb_adaptivfloat_encode_row(values, 256, 12, bias, encoded);
		for (int i = 0; i < 256; i++) {
			assert_int_equal(words[i], eb_adaptivfloat_decode(codes[i], bias));
			assert_int_equal(mantissas[i], eb_adaptivfloat_mantissa(codes[i]));
			assert_int_equal(encoded[i], eb_adaptivfloat_encode(values[i], 12, bias));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_code_has_its_value),
		cmocka_unit_test(every_word_encodes_as_the_slow_reference),
		cmocka_unit_test(wide_values_round_once_and_saturate_with_their_sign),
		cmocka_unit_test(real_numbers_encode_as_fixed_point_does),
		cmocka_unit_test(ties_go_toward_plus_infinity),
		cmocka_unit_test(rows_equal_single_codes),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("core-adaptivfloat", tests, NULL, NULL);
}
