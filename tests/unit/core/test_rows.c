// SPDX-License-Identifier: MIT
/*
 * SOFTMAX, LAYERNORM and ADD on every kernel set and number of threads against plain C on one
 * thread: outputs, completion records, and which fault comes first.
 */
#include "tests/unit/core/fixture.h"

#include <string.h>

#include "tools/device/core/job.h"
#include "tools/device/core/kernels.h"

#define ROUNDS 90

static const unsigned int thread_counts[] = { 1, 2, 3, 8 };
#define THREAD_COUNTS (sizeof(thread_counts) / sizeof(thread_counts[0]))

static bool map_too;
static uint8_t initial[SEGMENT_BYTES], expected[SEGMENT_BYTES];

static const void *map_whole(void *opaque, uint32_t address, size_t *size)
{
	struct device *device = opaque;

	if (!map_too || address < 0x10000000 || address - 0x10000000 + *size > 8 * SEGMENT_BYTES)
		return NULL;
	return device->memory + (address - 0x10000000);
}

/* Where a random command's operands are. */
struct choice {
	uint32_t rows, columns, stride;
	uint32_t input, output;
	uint8_t format;			/* of input and output */
};

static struct choice choose(struct random *random)
{
	struct choice choice = {
		.rows = 1 + random_below(random, random_below(random, 2) ? 300 : 40),
		.columns = 1 + random_below(random, random_below(random, 2) ? 600 : 60),
		.format = (uint8_t)random_below(random, 2),
		.input = IN(0), .output = OUT(0),
	};

	choice.stride = 2 * ((choice.columns + 15) & ~15u) + 16 * random_below(random, 2);
	if (random_below(random, 3) == 0)
		choice.input = choice.output;
	/* Memory ends two segments behind the start of segment 6. */
	if (random_below(random, 4) == 0)
		choice.input = EDGEBERT_HW_OPERAND(6, 2 * SEGMENT_BYTES -
						   2 * random_below(random, choice.rows *
								    choice.stride / 2));
	return choice;
}

static struct edgebert_hw_command random_softmax(struct random *random, const struct choice *choice)
{
	static const uint16_t flags[] = { 0, EDGEBERT_HW_CMD_SPAN, EDGEBERT_HW_CMD_SPAN |
					  EDGEBERT_HW_CMD_SPAN_RELATIVE };
	struct edgebert_hw_command result = command(EDGEBERT_HW_OP_SOFTMAX,
						    flags[random_below(random, 3)]);

	result.softmax = (struct edgebert_hw_softmax){
		.input = choice->input, .input_stride = choice->stride,
		.output = choice->output, .output_stride = choice->stride,
		.rows = (uint16_t)choice->rows, .columns = (uint16_t)choice->columns,
		.input_format = choice->format, .output_format = choice->format,
		.input_bias = (uint8_t)random_below(random, 8),
		.output_bias = (uint8_t)random_below(random, 8),
	};
	if (result.flags)
		result.softmax.span = PARAMETERS(0);
	return result;
}

static struct edgebert_hw_command random_layernorm(struct random *random,
						   const struct choice *choice)
{
	struct edgebert_hw_command result = command(EDGEBERT_HW_OP_LAYERNORM, 0);

	result.layernorm = (struct edgebert_hw_layernorm){
		.input = choice->input, .input_stride = choice->stride,
		.output = choice->output, .output_stride = choice->stride,
		.gamma = PARAMETERS(0), .beta = PARAMETERS(8192),
		.epsilon = random_below(random, 3),
		.rows = (uint16_t)choice->rows, .columns = (uint16_t)choice->columns,
		.input_format = choice->format, .output_format = choice->format,
		.parameter_format = (uint8_t)random_below(random, 2),
		.input_bias = (uint8_t)random_below(random, 8),
		.output_bias = (uint8_t)random_below(random, 8),
	};
	return result;
}

static struct edgebert_hw_command random_add(struct random *random, const struct choice *choice)
{
	struct edgebert_hw_command result = command(EDGEBERT_HW_OP_ADD, 0);

	result.add = (struct edgebert_hw_add){
		.a = choice->input, .a_stride = choice->stride, .a_format = choice->format,
		.b = WEIGHTS(0), .b_stride = random_below(random, 3) ? choice->stride : 0,
		.b_format = (uint8_t)random_below(random, 2),
		.b_bias = (uint8_t)random_below(random, 8),
		.output = choice->output, .output_stride = choice->stride,
		.output_format = choice->format, .output_bias = (uint8_t)random_below(random, 8),
		.rows = (uint16_t)choice->rows, .columns = (uint16_t)choice->columns,
	};
	/* The one row for all may be one that the output overwrites. */
	if (!result.add.b_stride && random_below(random, 2))
		result.add.b = choice->output;
	return result;
}

static void fill(struct device *device, struct random *random)
{
	const uint32_t segments[] = { IN(0), WEIGHTS(0), PARAMETERS(0), EDGEBERT_HW_OPERAND(6, 0) };

	for (size_t i = 0; i < sizeof(segments) / sizeof(segments[0]); i++)
		random_codes(random, at(device, segments[i]), SEGMENT_BYTES, 7, 20);
	random_codes(random, initial, SEGMENT_BYTES, 7, 20);
}

static void run(struct device *device, const struct edgebert_hw_command *command,
		const char *kernels, unsigned int threads)
{
	memcpy(at(device, OUT(0)), initial, SEGMENT_BYTES);
	assert_true(eb_core_use_kernels(device->core, kernels));
	assert_true(eb_core_set_threads(device->core, threads));
	device_run_one(device, command);
}

static void check_all_sets(struct device *device, const struct edgebert_hw_command *command)
{
	struct edgebert_hw_completion completion;

	run(device, command, "generic", 1);
	completion = device->completion;
	memcpy(expected, at(device, OUT(0)), SEGMENT_BYTES);
	for (size_t set = 0; eb_kernel_sets[set]; set++) {
		if (!eb_kernel_sets[set]->supported())
			continue;
		for (size_t t = 0; t < THREAD_COUNTS; t++) {
			run(device, command, eb_kernel_sets[set]->name, thread_counts[t]);
			assert_memory_equal(&device->completion, &completion, sizeof(completion));
			assert_memory_equal(at(device, OUT(0)), expected, SEGMENT_BYTES);
		}
	}
}

static void every_set_and_thread_count_gives_the_same_rows(void **state)
{
	struct device *device = *state;
	struct random random = { 5 };
	unsigned int good = 0, bad_reads = 0, bad_writes = 0;

	device->callbacks.map_read = map_whole;
	device->core->share_smaller = 4;
	for (unsigned int round = 0; round < ROUNDS; round++) {
		const struct choice choice = choose(&random);
		struct edgebert_hw_command command =
			round % 3 == 0 ? random_softmax(&random, &choice) :
			round % 3 == 1 ? random_layernorm(&random, &choice) :
					 random_add(&random, &choice);
		uint32_t output = (uint32_t)device->job.segments[3];

		fill(device, &random);
		map_too = random_below(&random, 2);
		device->read_only_start = device->read_only_end = 0;
		if (random_below(&random, 4) == 0) {
			device->read_only_start = output + random_below(&random, choice.rows *
									choice.stride);
			device->read_only_end = output + SEGMENT_BYTES;
		}
		check_all_sets(device, &command);
		if (device->completion.status == EDGEBERT_HW_OK)
			good++;
		else if (device->completion.fault_address >> 28 == choice.output >> 28)
			bad_writes++;
		else
			bad_reads++;
	}
	device->read_only_start = device->read_only_end = 0;
	/* The rounds met all kinds. */
	assert_true(good > ROUNDS / 3);
	assert_true(bad_reads > 5);
	assert_true(bad_writes > 5);
}

/* What was written before the fault is the same as well: rows in their order, none after. */
static void a_failing_row_leaves_those_before_it(void **state)
{
	struct device *device = *state;
	struct random random = { 6 };
	const struct choice choice = {
		.rows = 200, .columns = 128, .stride = 256, .format = EDGEBERT_HW_FORMAT_Q6_10,
		.input = EDGEBERT_HW_OPERAND(6, 2 * SEGMENT_BYTES - 150 * 256),
		.output = OUT(0),
	};
	struct edgebert_hw_command command = random_add(&random, &choice);

	map_too = true;
	fill(device, &random);
	for (size_t t = 0; t < THREAD_COUNTS; t++) {
		run(device, &command, NULL, thread_counts[t]);
		assert_int_equal(device->completion.status, EDGEBERT_HW_PAGE_NOT_MAPPED);
		assert_int_equal(device->completion.fault_address, choice.input + 150 * 256);
		if (t == 0)
			memcpy(expected, at(device, OUT(0)), SEGMENT_BYTES);
		assert_memory_equal(at(device, OUT(0)), expected, SEGMENT_BYTES);
		assert_memory_not_equal(at(device, OUT(149 * 256)), initial + 149 * 256, 256);
		assert_memory_equal(at(device, OUT(150 * 256)), initial + 150 * 256, 256);
	}
}

#define WORDS_MAX 4096

/* Rows at which a factor of the normalisation is as great as it gets. */
static void fill_extreme(struct random *random, unsigned int kind, int16_t *words, size_t count)
{
	const int16_t level = (int16_t)(random_next(random) >> 8);

	for (size_t i = 0; i < count; i++)
		words[i] = kind == 0 ? level :
			   kind == 1 ? (int16_t)(i % 2 ? INT16_MAX : INT16_MIN) :
			   kind == 2 ? INT16_MIN : (int16_t)random_next(random);
	/* One that differs, hardly or as much as it can. */
	if (kind == 0 && level < INT16_MAX)
		words[random_below(random, (uint32_t)count)]++;
	if (kind == 2)
		words[random_below(random, (uint32_t)count)] = INT16_MAX;
}

static void every_set_computes_extreme_rows_alike(void **state)
{
	static const uint32_t epsilons[] = { 0, 1, 1 << 20, UINT32_MAX };
	static int16_t words[WORDS_MAX], gamma[WORDS_MAX], beta[WORDS_MAX];
	static int32_t wanted[WORDS_MAX], values[WORDS_MAX], sums[WORDS_MAX];
	const struct eb_kernels *plain = eb_kernels_find("generic");
	struct random random = { 7 };

	(void)state;
	for (unsigned int round = 0; round < 200; round++) {
		size_t count = round % 8 < 4 ? WORDS_MAX : 1 + random_below(&random, 100);

		fill_extreme(&random, round / 8 % 4, words, count);
		fill_extreme(&random, random_below(&random, 4), gamma, count);
		fill_extreme(&random, random_below(&random, 4), beta, count);
		plain->layernorm_row(words, gamma, beta, count, epsilons[round % 4], wanted);
		plain->add_row(words, beta, count, sums);
		for (size_t set = 0; eb_kernel_sets[set]; set++) {
			if (!eb_kernel_sets[set]->supported())
				continue;
			eb_kernel_sets[set]->layernorm_row(words, gamma, beta, count,
							   epsilons[round % 4], values);
			assert_memory_equal(values, wanted, count * sizeof(*values));
			eb_kernel_sets[set]->add_row(words, beta, count, values);
			assert_memory_equal(values, sums, count * sizeof(*values));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_set_and_thread_count_gives_the_same_rows),
		cmocka_unit_test(a_failing_row_leaves_those_before_it),
		cmocka_unit_test(every_set_computes_extreme_rows_alike),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("core-rows", tests, device_setup, device_teardown);
}
