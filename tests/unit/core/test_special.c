// SPDX-License-Identifier: MIT
/*
 * SOFTMAX and LAYERNORM against double-precision models, and exact small cases.
 */
#include "tests/unit/core/fixture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define Q EDGEBERT_HW_FORMAT_Q6_10
#define ONE_WORD 1024

static int16_t *words_at(struct device *device, uint32_t operand)
{
	return (int16_t *)at(device, operand);
}

static void random_words(struct device *device, uint32_t operand, size_t count, double scale,
			 uint64_t seed)
{
	struct random random = { seed };

	for (size_t i = 0; i < count; i++)
		words_at(device, operand)[i] =
			(int16_t)((random_below(&random, 20001) / 10000.0 - 1) * scale * ONE_WORD);
}

/* ---- SOFTMAX ------------------------------------------------------------------------ */

static struct edgebert_hw_command softmax_command(uint32_t rows, uint32_t columns, uint16_t flags)
{
	struct edgebert_hw_command result = command(EDGEBERT_HW_OP_SOFTMAX, flags);

	result.softmax = (struct edgebert_hw_softmax){
		.input = IN(0), .output = OUT(0), .input_stride = columns * 2,
		.output_stride = (columns + 15) / 16 * 32, .rows = (uint16_t)rows,
		.columns = (uint16_t)columns, .input_format = Q, .output_format = Q,
	};
	return result;
}

static double real_softmax(const int16_t *words, uint32_t columns, uint32_t column)
{
	double sum = 0;

	for (uint32_t i = 0; i < columns; i++)
		sum += exp((words[i] - words[column]) / 1024.0);
	return 1 / sum;
}

static void softmax_is_near_the_real_function_and_pads_with_zero(void **state)
{
	static const uint32_t widths[] = { 1, 2, 7, 16, 25, 128, 500 };
	struct device *device = *state;

	for (size_t w = 0; w < sizeof(widths) / sizeof(widths[0]); w++) {
		uint32_t columns = widths[w], whole = (columns + 15) / 16 * 16;
		struct edgebert_hw_command softmax = softmax_command(5, columns, 0);

		random_words(device, IN(0), 5 * columns, 4, w + 1);
		memset(at(device, OUT(0)), 0xee, 5 * whole * 2);
		assert_int_equal(device_run_one(device, &softmax), EDGEBERT_HW_OK);
		for (uint32_t r = 0; r < 5; r++) {
			const int16_t *out = words_at(device, OUT(r * whole * 2));

			for (uint32_t c = 0; c < columns; c++) {
				double real = real_softmax(words_at(device, IN(r * columns * 2)),
							   columns, c) * 1024;

				assert_true(fabs(out[c] - real) <= 1.5 + real * 0.007);
			}
			for (uint32_t c = columns; c < whole; c++)
				assert_int_equal(out[c], 0);
		}
	}
}

static void softmax_of_a_wide_flat_row_does_not_wrap(void **state)
{
	struct device *device = *state;
	struct edgebert_hw_command softmax = softmax_command(1, 512, 0);

	/* 512 ones: the published 16-bit sum holds at most 64. */
	memset(at(device, IN(0)), 0, 1024);
	assert_int_equal(device_run_one(device, &softmax), EDGEBERT_HW_OK);
	for (int c = 0; c < 512; c++)
		assert_in_range(words_at(device, OUT(0))[c], 1, 2);
}

static void softmax_differences_saturate(void **state)
{
	struct device *device = *state;
	struct edgebert_hw_command softmax = softmax_command(1, 2, 0);

	words_at(device, IN(0))[0] = 32767;
	words_at(device, IN(0))[1] = -32767;
	assert_int_equal(device_run_one(device, &softmax), EDGEBERT_HW_OK);
	assert_in_range(words_at(device, OUT(0))[0], 1020, 1026);
	assert_int_equal(words_at(device, OUT(0))[1], 0);
}

static void softmax_reads_and_writes_codes(void **state)
{
	struct device *device = *state;
	struct edgebert_hw_command softmax = softmax_command(2, 20, 0);
	struct random random = { 4 };

	random_codes(&random, at(device, IN(0)), 40, 7, 10);
	softmax.softmax.input_format = EDGEBERT_HW_FORMAT_AF8;
	softmax.softmax.input_bias = 4;
	softmax.softmax.input_stride = 20;
	softmax.softmax.output_format = EDGEBERT_HW_FORMAT_AF8;
	softmax.softmax.output_bias = 3;
	softmax.softmax.output_stride = 32;
	assert_int_equal(device_run_one(device, &softmax), EDGEBERT_HW_OK);
	for (uint32_t r = 0; r < 2; r++) {
		int16_t words[20];

		for (int c = 0; c < 20; c++)
			words[c] = (int16_t)(reference_value(at(device, IN(r * 20))[c], 4) * 1024);
		for (uint32_t c = 0; c < 32; c++) {
			double real = c < 20 ? real_softmax(words, 20, c) : 0;
			double ours = reference_value(at(device, OUT(r * 32))[c], 3);

			assert_true(fabs(ours - real) <= 0.009 + real * 0.05);
		}
	}
}

static void span_is_indexed_by_column_or_by_distance(void **state)
{
	struct device *device = *state;
	static const uint16_t flags[] = { EDGEBERT_HW_CMD_SPAN,
					  EDGEBERT_HW_CMD_SPAN | EDGEBERT_HW_CMD_SPAN_RELATIVE };
	static int16_t plain[24 * 32];
	struct edgebert_hw_command softmax = softmax_command(24, 20, 0);

	random_words(device, IN(0), 24 * 20, 2, 31);
	assert_int_equal(device_run_one(device, &softmax), EDGEBERT_HW_OK);
	memcpy(plain, at(device, OUT(0)), sizeof(plain));
	/* 1, 1/2, 0, 1, 1/2, 0 ... with bias 4 */
	for (int i = 0; i < 24; i++)
		at(device, PARAMETERS(5))[i] = (uint8_t[]){ 0x60, 0x50, 0 }[i % 3];
	for (int relative = 0; relative < 2; relative++) {
		softmax = softmax_command(24, 20, flags[relative]);
		softmax.softmax.span = PARAMETERS(5);
		softmax.softmax.span_bias = 4;
		assert_int_equal(device_run_one(device, &softmax), EDGEBERT_HW_OK);
		for (int r = 0; r < 24; r++) {
			for (int c = 0; c < 20; c++) {
				int index = relative ? abs(r - c) : c;
				int scale = (int[]){ 1024, 512, 0 }[index % 3];

				assert_int_equal(words_at(device, OUT(0))[r * 32 + c],
						 plain[r * 32 + c] * scale >> 10);
			}
		}
	}
}

static void softmax_columns_from_the_job_are_the_padding_mask(void **state)
{
	struct device *device = *state;
	struct edgebert_hw_command softmax =
		softmax_command(3, 32, EDGEBERT_HW_CMD_COLUMNS_FROM_JOB);

	random_words(device, IN(0), 96, 1, 8);
	/* What lies behind the sequence must not count. */
	for (int r = 0; r < 3; r++)
		for (int c = 21; c < 32; c++)
			words_at(device, IN(0))[r * 32 + c] = 30000;
	device_begin(device);
	device->job.sequence_length = 21;
	device_add(device, &softmax);
	assert_int_equal(device_run(device), EDGEBERT_HW_OK);
	for (int r = 0; r < 3; r++) {
		int sum = 0;

		for (int c = 0; c < 32; c++)
			sum += words_at(device, OUT(0))[r * 32 + c];
		assert_in_range(sum, 990, 1050);
		for (int c = 21; c < 32; c++)
			assert_int_equal(words_at(device, OUT(0))[r * 32 + c], 0);
	}
}

/* ---- LAYERNORM ---------------------------------------------------------------------- */

static struct edgebert_hw_command layernorm_command(uint32_t rows, uint32_t columns)
{
	struct edgebert_hw_command result = command(EDGEBERT_HW_OP_LAYERNORM, 0);

	result.layernorm = (struct edgebert_hw_layernorm){
		.input = IN(0), .output = OUT(0), .gamma = PARAMETERS(0),
		.beta = PARAMETERS(0x4000), .input_stride = columns * 2,
		.output_stride = columns * 2, .epsilon = 1, .rows = (uint16_t)rows,
		.columns = (uint16_t)columns, .input_format = Q, .output_format = Q,
		.parameter_format = Q,
	};
	return result;
}

/* Results of one row, as real numbers. */
static void real_layernorm(struct device *device, uint32_t row, uint32_t columns, double *results)
{
	const int16_t *words = words_at(device, IN(row * columns * 2));
	double sum = 0, squares = 0, mean;

	for (uint32_t i = 0; i < columns; i++)
		sum += words[i] / 1024.0;
	mean = sum / columns;
	for (uint32_t i = 0; i < columns; i++)
		squares += (words[i] / 1024.0 - mean) * (words[i] / 1024.0 - mean);
	for (uint32_t i = 0; i < columns; i++)
		results[i] = (words[i] / 1024.0 - mean) /
				     sqrt(squares / columns + ldexp(1, -20)) *
				     (words_at(device, PARAMETERS(0))[i] / 1024.0) +
			     words_at(device, PARAMETERS(0x4000))[i] / 1024.0;
}

static void layernorm_is_near_the_real_function_at_every_magnitude(void **state)
{
	static const double scales[] = { 0.02, 0.1, 0.7, 3, 30 };
	static const uint32_t widths[] = { 16, 23, 128, 384, 1024 };
	static double results[1024];
	struct device *device = *state;

	for (size_t s = 0; s < 5; s++) {
		uint32_t columns = widths[s];
		struct edgebert_hw_command layernorm = layernorm_command(3, columns);

		random_words(device, IN(0), 3 * columns, scales[s], s + 60);
		/* A mean that is not small: where the published square wrapped. */
		for (uint32_t i = 0; i < 3 * columns; i++)
			words_at(device, IN(0))[i] = (int16_t)(words_at(device, IN(0))[i] + 400);
		random_words(device, PARAMETERS(0), columns, 1.5, s + 70);
		random_words(device, PARAMETERS(0x4000), columns, 0.5, s + 80);
		assert_int_equal(device_run_one(device, &layernorm), EDGEBERT_HW_OK);
		for (uint32_t r = 0; r < 3; r++) {
			real_layernorm(device, r, columns, results);
			for (uint32_t i = 0; i < columns; i++) {
				double ours = words_at(device, OUT(r * columns * 2))[i] / 1024.0;

				assert_true(fabs(ours - results[i]) <=
					    0.004 + 0.003 * fabs(results[i]));
			}
		}
	}
}

static void layernorm_of_a_constant_row_is_beta(void **state)
{
	struct device *device = *state;

	for (uint32_t epsilon = 0; epsilon < 2; epsilon++) {
		struct edgebert_hw_command layernorm = layernorm_command(1, 32);

		for (int i = 0; i < 32; i++) {
			words_at(device, IN(0))[i] = 777;
			words_at(device, PARAMETERS(0))[i] = 1024;
			words_at(device, PARAMETERS(0x4000))[i] = (int16_t)(i * 10);
		}
		layernorm.layernorm.epsilon = epsilon;
		assert_int_equal(device_run_one(device, &layernorm), EDGEBERT_HW_OK);
		for (int i = 0; i < 32; i++)
			assert_int_equal(words_at(device, OUT(0))[i], i * 10);
	}
}

static void layernorm_saturates_instead_of_wrapping(void **state)
{
	struct device *device = *state;
	struct edgebert_hw_command layernorm = layernorm_command(1, 4096);

	/* One of 4096 stands out: its normalised value is 64, beyond Q6.10. */
	memset(at(device, IN(0)), 0, 8192);
	words_at(device, IN(0))[5] = 32767;
	for (int i = 0; i < 4096; i++) {
		words_at(device, PARAMETERS(0))[i] = 1024;
		words_at(device, PARAMETERS(0x4000))[i] = 0;
	}
	assert_int_equal(device_run_one(device, &layernorm), EDGEBERT_HW_OK);
	assert_int_equal(words_at(device, OUT(0))[5], 32767);
	assert_in_range(words_at(device, OUT(0))[4] + 30, 10, 20);
}

static void layernorm_reads_and_writes_codes(void **state)
{
	struct device *device = *state;
	struct edgebert_hw_command layernorm = layernorm_command(2, 48);
	struct random random = { 21 };
	static int16_t as_words[96];

	random_codes(&random, at(device, IN(0)), 96, 7, 10);
	random_codes(&random, at(device, PARAMETERS(0)), 48, 6, 0);
	random_codes(&random, at(device, PARAMETERS(0x4000)), 48, 5, 0);
	layernorm.layernorm.input_format = EDGEBERT_HW_FORMAT_AF8;
	layernorm.layernorm.input_bias = 4;
	layernorm.layernorm.input_stride = 48;
	layernorm.layernorm.parameter_format = EDGEBERT_HW_FORMAT_AF8;
	layernorm.layernorm.gamma_bias = 4;
	layernorm.layernorm.beta_bias = 3;
	assert_int_equal(device_run_one(device, &layernorm), EDGEBERT_HW_OK);
	memcpy(as_words, at(device, OUT(0)), sizeof(as_words));
	layernorm.layernorm.output_format = EDGEBERT_HW_FORMAT_AF8;
	layernorm.layernorm.output_bias = 5;
	layernorm.layernorm.output_stride = 50;
	assert_int_equal(device_run_one(device, &layernorm), EDGEBERT_HW_OK);
	for (uint32_t r = 0; r < 2; r++)
		for (uint32_t i = 0; i < 48; i++)
			assert_int_equal(at(device, OUT(0))[r * 50 + i],
					 reference_encode(as_words[r * 48 + i] / 1024.0, 5));
	/* The same input as words gives the same words. */
	for (int i = 0; i < 48; i++) {
		words_at(device, PARAMETERS(0x8000))[i] =
			(int16_t)(reference_value(at(device, PARAMETERS(0))[i], 4) * 1024);
		words_at(device, PARAMETERS(0xc000))[i] =
			(int16_t)(reference_value(at(device, PARAMETERS(0x4000))[i], 3) * 1024);
	}
	for (int i = 95; i >= 0; i--)
		words_at(device, IN(0x1000))[i] =
			(int16_t)(reference_value(at(device, IN(0))[i], 4) * 1024);
	layernorm = layernorm_command(2, 48);
	layernorm.layernorm.input = IN(0x1000);
	layernorm.layernorm.gamma = PARAMETERS(0x8000);
	layernorm.layernorm.beta = PARAMETERS(0xc000);
	assert_int_equal(device_run_one(device, &layernorm), EDGEBERT_HW_OK);
	assert_memory_equal(at(device, OUT(0)), as_words, sizeof(as_words));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(softmax_is_near_the_real_function_and_pads_with_zero),
		cmocka_unit_test(softmax_of_a_wide_flat_row_does_not_wrap),
		cmocka_unit_test(softmax_differences_saturate),
		cmocka_unit_test(softmax_reads_and_writes_codes),
		cmocka_unit_test(span_is_indexed_by_column_or_by_distance),
		cmocka_unit_test(softmax_columns_from_the_job_are_the_padding_mask),
		cmocka_unit_test(layernorm_is_near_the_real_function_at_every_magnitude),
		cmocka_unit_test(layernorm_of_a_constant_row_is_beta),
		cmocka_unit_test(layernorm_saturates_instead_of_wrapping),
		cmocka_unit_test(layernorm_reads_and_writes_codes),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("core-special", tests, device_setup, device_teardown);
}
