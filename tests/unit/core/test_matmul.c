// SPDX-License-Identifier: MIT
/*
 * MATMUL against plain 64-bit sums, in every form a command can ask for.
 */
#include "tests/unit/core/fixture.h"

#include <math.h>
#include <string.h>

#include "tools/device/core/bitmask.h"
#include "tools/device/core/matmul.h"

struct shape {
	uint32_t rows, columns, depth;
};

static const struct shape shapes[] = {
	{ 1, 1, 16 }, { 1, 2, 384 }, { 16, 16, 16 }, { 17, 15, 32 }, { 3, 40, 64 }, { 50, 33, 48 },
};
#define SHAPES (sizeof(shapes) / sizeof(shapes[0]))

static struct edgebert_hw_command matmul_command(const struct shape *shape, uint16_t flags)
{
	struct edgebert_hw_command result = command(EDGEBERT_HW_OP_MATMUL, flags);

	result.matmul = (struct edgebert_hw_matmul){
		.input = IN(0), .weights = WEIGHTS(0), .output = OUT(0),
		.input_stride = shape->depth, .weights_stride = shape->depth,
		.output_stride = shape->columns,
		.rows = (uint16_t)shape->rows, .columns = (uint16_t)shape->columns,
		.depth = (uint16_t)shape->depth,
		.input_bias = 3, .weights_bias = 2, .output_bias = 5,
	};
	return result;
}

static void fill_operands(struct device *device, const struct shape *shape, unsigned int exponent,
			  uint64_t seed)
{
	struct random random = { seed };

	random_codes(&random, at(device, IN(0)), shape->rows * shape->depth, exponent, 30);
	random_codes(&random, at(device, WEIGHTS(0)), shape->columns * shape->depth, exponent, 50);
}

/* The sum modulo 2^32, then shifted to 12 fraction bits as a number. */
static double reference_sum(struct device *device, const struct edgebert_hw_command *command,
			    uint32_t row, uint32_t column)
{
	const struct edgebert_hw_matmul *matmul = &command->matmul;
	const uint8_t *input = at(device, matmul->input) + row * matmul->input_stride;
	const uint8_t *weights = at(device, WEIGHTS(0)) + column * matmul->depth;
	int64_t sum = 0;

	for (uint32_t d = 0; d < matmul->depth; d++)
		sum += (int64_t)(reference_value(input[d], 0) * 16384) *
		       (int64_t)(reference_value(weights[d], 0) * 16384);
	return floor((int32_t)(uint32_t)sum /
		     pow(2, 16 - matmul->input_bias - matmul->weights_bias)) / 4096;
}

static void check_output(struct device *device, const struct edgebert_hw_command *command)
{
	const struct edgebert_hw_matmul *matmul = &command->matmul;
	bool transposed = command->flags & EDGEBERT_HW_CMD_TRANSPOSE;

	for (uint32_t row = 0; row < matmul->rows; row++)
		for (uint32_t column = 0; column < matmul->columns; column++) {
			uint32_t r = transposed ? column : row, c = transposed ? row : column;

			assert_int_equal(at(device, OUT(0))[r * matmul->output_stride + c],
					 reference_encode(reference_sum(device, command, row,
									column),
							  matmul->output_bias));
		}
}

static void every_shape_equals_plain_sums(void **state)
{
	struct device *device = *state;

	for (size_t s = 0; s < SHAPES; s++) {
		struct edgebert_hw_command matmul = matmul_command(&shapes[s], 0);

		fill_operands(device, &shapes[s], 4, s + 1);
		assert_int_equal(device_run_one(device, &matmul), EDGEBERT_HW_OK);
		check_output(device, &matmul);
	}
}

/* Elements of two bytes: as many columns as fill half a tile have been mistaken for a tile. */
static void every_column_count_gives_the_right_words(void **state)
{
	struct device *device = *state;

	for (uint32_t columns = 1; columns <= 40; columns++) {
		const struct shape shape = { 5, columns, 32 };
		struct edgebert_hw_command matmul = matmul_command(&shape, 0);

		matmul.matmul.output_format = EDGEBERT_HW_FORMAT_Q6_10;
		matmul.matmul.output_bias = 0;
		matmul.matmul.output_stride = 2 * columns;
		fill_operands(device, &shape, 4, columns);
		assert_int_equal(device_run_one(device, &matmul), EDGEBERT_HW_OK);
		for (uint32_t i = 0; i < 5 * columns; i++) {
			double sum = reference_sum(device, &matmul, i / columns, i % columns);
			double word = floor((sum * 4096 + 2) / 4);
			int16_t stored;

			memcpy(&stored, at(device, OUT(0)) + 2 * i, sizeof(stored));
			assert_int_equal(stored, (int)fmax(fmin(word, 32767), -32767));
		}
	}
}

static void every_pair_of_biases_scales_right(void **state)
{
	static const struct shape shape = { 4, 5, 32 };
	struct device *device = *state;

	fill_operands(device, &shape, 5, 77);
	for (uint8_t biases = 0; biases < 64; biases++) {
		struct edgebert_hw_command matmul = matmul_command(&shape, 0);

		matmul.matmul.input_bias = biases & 7;
		matmul.matmul.weights_bias = biases >> 3;
		matmul.matmul.output_bias = (biases * 5) & 7;
		assert_int_equal(device_run_one(device, &matmul), EDGEBERT_HW_OK);
		check_output(device, &matmul);
	}
}

static void sums_wrap_at_32_bits(void **state)
{
	static const struct shape shape = { 2, 3, 256 };
	struct device *device = *state;
	struct edgebert_hw_command matmul = matmul_command(&shape, 0);

	/* 256 * 3968^2 is 4.03e9: beyond 2^31, and modulo 2^32 negative. */
	memset(at(device, IN(0)), 0x7f, 512);
	memset(at(device, WEIGHTS(0)), 0x7f, 768);
	assert_int_equal(device_run_one(device, &matmul), EDGEBERT_HW_OK);
	assert_true(reference_sum(device, &matmul, 0, 0) < 0);
	check_output(device, &matmul);
}

static void the_kernel_equals_plain_sums(void **state)
{
	static int16_t input[7 * 64], weights[16 * 64];
	static int32_t sums[7 * 16];
	struct random random = { 3 };

	(void)state;
	for (size_t i = 0; i < 7 * 64; i++)
		input[i] = (int16_t)(random_below(&random, 7937)) - 3968;
	for (size_t i = 0; i < 16 * 64; i++)
		weights[i] = (int16_t)(random_below(&random, 7937)) - 3968;
	eb_matmul_kernel_generic(input, 7, weights, 64, sums);
	for (size_t r = 0; r < 7; r++) {
		for (size_t c = 0; c < 16; c++) {
			int64_t sum = 0;

			for (size_t d = 0; d < 64; d++)
				sum += input[r * 64 + d] * weights[c * 64 + d];
			assert_int_equal(sums[r * 16 + c], (int32_t)sum);
		}
	}
}

static void bias_is_added_at_12_fraction_bits(void **state)
{
	static const struct shape shape = { 3, 20, 16 };
	struct device *device = *state;
	struct edgebert_hw_command matmul = matmul_command(&shape, EDGEBERT_HW_CMD_BIAS);
	int32_t *bias = (int32_t *)at(device, PARAMETERS(64));

	fill_operands(device, &shape, 4, 5);
	for (int32_t c = 0; c < 20; c++)
		bias[c] = (c - 10) * 3000;
	/* Beyond every encoding, and beyond 32 bits once added. */
	bias[3] = INT32_MAX;
	bias[4] = INT32_MIN;
	matmul.matmul.bias = PARAMETERS(64);
	assert_int_equal(device_run_one(device, &matmul), EDGEBERT_HW_OK);
	for (uint32_t r = 0; r < 3; r++)
		for (uint32_t c = 0; c < 20; c++)
			assert_int_equal(at(device, OUT(0))[r * 20 + c],
					 reference_encode(reference_sum(device, &matmul, r, c) +
							  bias[c] / 4096.0, 5));
}

static double real_activation(unsigned int activation, double x)
{
	switch (activation) {
	case EDGEBERT_HW_ACTIVATION_RELU:
		return x < 0 ? 0 : x;
	case EDGEBERT_HW_ACTIVATION_GELU:
		return x * 0.5 * (1 + erf(x / sqrt(2)));
	case EDGEBERT_HW_ACTIVATION_TANH:
		return tanh(x);
	default:
		return x;
	}
}

static void activations_apply_after_the_bias_and_words_round_half_up(void **state)
{
	static const struct shape shape = { 5, 18, 64 };
	struct device *device = *state;

	fill_operands(device, &shape, 6, 8);
	for (uint8_t activation = 0; activation < 4; activation++) {
		struct edgebert_hw_command matmul = matmul_command(&shape, EDGEBERT_HW_CMD_BIAS);
		const int16_t *words = (const int16_t *)at(device, OUT(0));

		for (int c = 0; c < 18; c++)
			((int32_t *)at(device, PARAMETERS(0)))[c] = c * 100 - 900;
		matmul.matmul.bias = PARAMETERS(0);
		matmul.matmul.activation = activation;
		matmul.matmul.output_format = EDGEBERT_HW_FORMAT_Q6_10;
		matmul.matmul.output_stride = 36;
		assert_int_equal(device_run_one(device, &matmul), EDGEBERT_HW_OK);
		for (uint32_t r = 0; r < 5; r++) {
			for (uint32_t c = 0; c < 18; c++) {
				double x = reference_sum(device, &matmul, r, c) +
					   (c * 100.0 - 900) / 4096;
				double real = real_activation(activation, x) * 1024;
				double exact = floor(real + 0.5);

				exact = fmax(fmin(exact, 32767), -32767);
				if (activation <= EDGEBERT_HW_ACTIVATION_RELU)
					assert_int_equal(words[r * 18 + c], exact);
				else
					assert_true(fabs(words[r * 18 + c] - exact) <= 1);
			}
		}
	}
}

static void words_saturate_symmetrically(void **state)
{
	static const struct shape shape = { 1, 2, 16 };
	struct device *device = *state;
	struct edgebert_hw_command matmul = matmul_command(&shape, EDGEBERT_HW_CMD_BIAS);
	int32_t *bias = (int32_t *)at(device, PARAMETERS(0));

	bias[0] = 40 * 4096;
	bias[1] = -40 * 4096;
	matmul.matmul.bias = PARAMETERS(0);
	matmul.matmul.output_format = EDGEBERT_HW_FORMAT_Q6_10;
	matmul.matmul.output_stride = 4;
	assert_int_equal(device_run_one(device, &matmul), EDGEBERT_HW_OK);
	assert_int_equal(((int16_t *)at(device, OUT(0)))[0], 32767);
	assert_int_equal(((int16_t *)at(device, OUT(0)))[1], -32767);
}

static void transposed_output_is_the_transpose(void **state)
{
	struct device *device = *state;

	for (size_t s = 0; s < SHAPES; s++) {
		struct edgebert_hw_command matmul =
			matmul_command(&shapes[s], EDGEBERT_HW_CMD_TRANSPOSE);

		matmul.matmul.output_stride = shapes[s].rows + 3;
		fill_operands(device, &shapes[s], 4, s + 50);
		assert_int_equal(device_run_one(device, &matmul), EDGEBERT_HW_OK);
		check_output(device, &matmul);
	}
}

static void packed_weights_give_the_bytes_of_dense_ones(void **state)
{
	static uint8_t dense_output[64 * 1024];
	struct device *device = *state;

	for (size_t s = 0; s < SHAPES; s++) {
		struct edgebert_hw_command matmul = matmul_command(&shapes[s], 0);
		size_t size = shapes[s].rows * shapes[s].columns;

		fill_operands(device, &shapes[s], 4, s + 90);
		assert_int_equal(device_run_one(device, &matmul), EDGEBERT_HW_OK);
		memcpy(dense_output, at(device, OUT(0)), size);
		memset(at(device, OUT(0)), 0xee, size);
		eb_bitmask_pack(at(device, WEIGHTS(0)), shapes[s].columns, shapes[s].depth,
				shapes[s].depth, at(device, PARAMETERS(0x1000)));
		matmul.flags |= EDGEBERT_HW_CMD_PACKED;
		matmul.matmul.weights = PARAMETERS(0x1000);
		matmul.matmul.weights_stride = 0;
		assert_int_equal(device_run_one(device, &matmul), EDGEBERT_HW_OK);
		assert_memory_equal(at(device, OUT(0)), dense_output, size);
	}
}

static void corrupted_packing_is_refused_and_nothing_written(void **state)
{
	static const struct shape shape = { 4, 20, 32 };
	static const struct {
		size_t at;
		uint8_t flip;
	} damage[] = { { 0, 4 }, { 4, 4 }, { 8, 1 }, { 8, 4 }, { 12, 1 }, { 75, 0x80 } };
	struct device *device = *state;
	struct edgebert_hw_command matmul = matmul_command(&shape, EDGEBERT_HW_CMD_PACKED);
	uint8_t *packed = at(device, PARAMETERS(0));

	fill_operands(device, &shape, 7, 6);
	eb_bitmask_pack(at(device, WEIGHTS(0)), 20, 32, 32, packed);
	matmul.matmul.weights = PARAMETERS(0);
	matmul.matmul.weights_stride = 0;
	assert_int_equal(device_run_one(device, &matmul), EDGEBERT_HW_OK);
	memset(at(device, OUT(0)), 0xee, 80);
	for (size_t i = 0; i < sizeof(damage) / sizeof(damage[0]); i++) {
		packed[damage[i].at] ^= damage[i].flip;
		assert_int_equal(device_run_one(device, &matmul), EDGEBERT_HW_BAD_PACKING);
		assert_int_equal(device->completion.fault_command, 0);
		assert_true(device->completion.fault_address >= PARAMETERS(0) &&
			    device->completion.fault_address < PARAMETERS(0x1000));
		packed[damage[i].at] ^= damage[i].flip;
		for (int b = 0; b < 80; b++)
			assert_int_equal(at(device, OUT(0))[b], 0xee);
	}
}

static void a_result_may_overwrite_its_operands(void **state)
{
	static const struct shape shape = { 20, 32, 32 };
	static uint8_t expected[20 * 32];
	const uint32_t overlapped[] = { IN(0), WEIGHTS(0), WEIGHTS(16) };
	struct device *device = *state;

	for (size_t i = 0; i < 3; i++) {
		struct edgebert_hw_command matmul = matmul_command(&shape, 0);

		fill_operands(device, &shape, 4, 40);
		assert_int_equal(device_run_one(device, &matmul), EDGEBERT_HW_OK);
		memcpy(expected, at(device, OUT(0)), sizeof(expected));
		matmul.matmul.output = overlapped[i];
		assert_int_equal(device_run_one(device, &matmul), EDGEBERT_HW_OK);
		assert_memory_equal(at(device, overlapped[i]), expected, sizeof(expected));
	}
}

static void counts_from_the_job_replace_those_of_the_command(void **state)
{
	static const struct shape written = { 13, 13, 16 };
	struct device *device = *state;
	struct edgebert_hw_command matmul =
		matmul_command(&written, EDGEBERT_HW_CMD_ROWS_FROM_JOB |
			       EDGEBERT_HW_CMD_COLUMNS_FROM_JOB | EDGEBERT_HW_CMD_DEPTH_FROM_JOB);

	fill_operands(device, &written, 4, 14);
	memset(at(device, OUT(0)), 0xee, 14 * 14);
	/* 13 tokens: 13 rows and columns, a depth of 16. */
	matmul.matmul.rows = 999;
	matmul.matmul.columns = 4000;
	matmul.matmul.depth = 7;
	device_begin(device);
	device->job.sequence_length = 13;
	device_add(device, &matmul);
	assert_int_equal(device_run(device), EDGEBERT_HW_OK);
	matmul.matmul.rows = 13;
	matmul.matmul.columns = 13;
	matmul.matmul.depth = 16;
	matmul.matmul.output_stride = 13;
	check_output(device, &matmul);
	assert_int_equal(at(device, OUT(0))[13 * 13], 0xee);
}

static const void *map_whole(void *opaque, uint32_t address, size_t *size)
{
	struct device *device = opaque;

	(void)size;
	return device->memory + (address - 0x10000000);
}

static const void *map_too_little(void *opaque, uint32_t address, size_t *size)
{
	*size = 3;
	return map_whole(opaque, address, size);
}

static void mapped_operands_give_the_same_bytes(void **state)
{
	static const struct shape shape = { 20, 32, 64 };
	static uint8_t expected[20 * 32];
	struct device *device = *state;
	struct edgebert_hw_command matmul = matmul_command(&shape, 0);
	uint64_t reads;

	fill_operands(device, &shape, 4, 41);
	assert_int_equal(device_run_one(device, &matmul), EDGEBERT_HW_OK);
	reads = device->reads;
	memcpy(expected, at(device, OUT(0)), sizeof(expected));
	device->callbacks.map_read = map_whole;
	assert_int_equal(device_run_one(device, &matmul), EDGEBERT_HW_OK);
	assert_memory_equal(at(device, OUT(0)), expected, sizeof(expected));
	/* Only the two commands were read. */
	assert_int_equal(device->reads, reads + 2);
	device->callbacks.map_read = map_too_little;
	assert_int_equal(device_run_one(device, &matmul), EDGEBERT_HW_OK);
	assert_memory_equal(at(device, OUT(0)), expected, sizeof(expected));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_shape_equals_plain_sums),
		cmocka_unit_test(every_column_count_gives_the_right_words),
		cmocka_unit_test(every_pair_of_biases_scales_right),
		cmocka_unit_test(sums_wrap_at_32_bits),
		cmocka_unit_test(the_kernel_equals_plain_sums),
		cmocka_unit_test(bias_is_added_at_12_fraction_bits),
		cmocka_unit_test(activations_apply_after_the_bias_and_words_round_half_up),
		cmocka_unit_test(words_saturate_symmetrically),
		cmocka_unit_test(transposed_output_is_the_transpose),
		cmocka_unit_test(packed_weights_give_the_bytes_of_dense_ones),
		cmocka_unit_test(corrupted_packing_is_refused_and_nothing_written),
		cmocka_unit_test(a_result_may_overwrite_its_operands),
		cmocka_unit_test(counts_from_the_job_replace_those_of_the_command),
		cmocka_unit_test(mapped_operands_give_the_same_bytes),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("core-matmul", tests, device_setup, device_teardown);
}
