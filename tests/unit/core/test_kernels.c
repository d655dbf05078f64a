// SPDX-License-Identifier: MIT
/*
 * Every kernel set and every number of threads against the plain C kernels on one thread,
 * bit for bit: outputs, completion records (cycles, energy, faults), rows of every function.
 */
#include "tests/unit/core/fixture.h"

#include <stdio.h>
#include <string.h>

#include "tools/device/core/bitmask.h"
#include "tools/device/core/job.h"
#include "tools/device/core/kernels.h"

#define ROUNDS 120
#define ROW_ROUNDS 400
#define ROW_MAX 600

static const unsigned int thread_counts[] = { 1, 2, 3, 8 };
#define THREAD_COUNTS (sizeof(thread_counts) / sizeof(thread_counts[0]))

static bool map_too;

static const void *map_whole(void *opaque, uint32_t address, size_t *size)
{
	struct device *device = opaque;

	if (!map_too || address < 0x10000000 || address - 0x10000000 + *size > 8 * SEGMENT_BYTES)
		return NULL;
	return device->memory + (address - 0x10000000);
}

/* ---- MATMUL ------------------------------------------------------------------------- */

static uint32_t between(struct random *random, uint32_t low, uint32_t high)
{
	return low + random_below(random, high - low + 1);
}

/* A random MATMUL whose operands fit their segments; fills operands too. */
static struct edgebert_hw_command random_matmul(struct device *device, struct random *random)
{
	static const uint32_t zeros[] = { 0, 5, 50, 60, 90, 100 };
	struct edgebert_hw_command result = command(EDGEBERT_HW_OP_MATMUL, 0);
	struct edgebert_hw_matmul *matmul = &result.matmul;
	uint32_t depth = 16 * between(random, 1, random_below(random, 4) ? 24 : 80);
	uint32_t rows = between(random, 1, random_below(random, 3) ? 70 : 150);
	uint32_t columns = between(random, 1, random_below(random, 4) ? 80 : 300);
	unsigned int exponent = random_below(random, 3) ? 7 : random_below(random, 8);

	matmul->input = IN(0);
	matmul->input_stride = depth + random_below(random, 2) * 5;
	matmul->weights = WEIGHTS(0);
	matmul->weights_stride = depth + random_below(random, 2) * 3;
	matmul->rows = (uint16_t)rows;
	matmul->columns = (uint16_t)columns;
	matmul->depth = (uint16_t)depth;
	matmul->input_bias = (uint8_t)random_below(random, 8);
	matmul->weights_bias = (uint8_t)random_below(random, 8);
	matmul->output_bias = (uint8_t)random_below(random, 8);
	matmul->activation = (uint8_t)random_below(random, 4);
	matmul->output_format = (uint8_t)random_below(random, 2);
	if (random_below(random, 2))
		result.flags |= EDGEBERT_HW_CMD_TRANSPOSE;
	matmul->output = OUT(0);
	matmul->output_stride = 2 * (result.flags & EDGEBERT_HW_CMD_TRANSPOSE ? rows : columns);
	if (matmul->output_format == EDGEBERT_HW_FORMAT_AF8)
		matmul->output_bias = (uint8_t)random_below(random, 8);
	else
		matmul->output_bias = 0;
	random_codes(random, at(device, IN(0)), rows * matmul->input_stride, exponent,
		     zeros[random_below(random, 6)]);
	random_codes(random, at(device, WEIGHTS(0)), columns * matmul->weights_stride, exponent,
		     zeros[random_below(random, 6)]);
	if (random_below(random, 2)) {
		int32_t *bias = (int32_t *)at(device, PARAMETERS(0));

		result.flags |= EDGEBERT_HW_CMD_BIAS;
		matmul->bias = PARAMETERS(0);
		for (uint32_t c = 0; c < columns; c++)
			bias[c] = (int32_t)random_next(random) >> random_below(random, 24);
	}
	return result;
}

/* Packs the weights; sometimes damages blocks, so that the first of them must be named. */
static void pack_weights(struct device *device, struct random *random,
			 struct edgebert_hw_command *command)
{
	struct edgebert_hw_matmul *matmul = &command->matmul;
	uint8_t *packed = at(device, EDGEBERT_HW_OPERAND(4, 0));
	size_t size = eb_bitmask_pack(at(device, WEIGHTS(0)), matmul->columns, matmul->depth,
				      matmul->weights_stride, packed);
	size_t table = eb_bitmask_table_bytes(matmul->columns);

	command->flags |= EDGEBERT_HW_CMD_PACKED;
	matmul->weights = EDGEBERT_HW_OPERAND(4, 0);
	matmul->weights_stride = 0;
	if (random_below(random, 4) == 0)
		for (uint32_t i = 0; i < 3; i++)
			packed[table + random_below(random, (uint32_t)(size - table))] ^= 0x11;
}

static void run_like_generic(struct device *device, const struct edgebert_hw_command *command,
			     uint8_t *expected, struct edgebert_hw_completion *completion)
{
	memset(at(device, OUT(0)), 0xee, SEGMENT_BYTES);
	assert_true(eb_core_use_kernels(device->core, "generic"));
	assert_true(eb_core_set_threads(device->core, 1));
	device_run_one(device, command);
	memcpy(expected, at(device, OUT(0)), SEGMENT_BYTES);
	*completion = device->completion;
}

static void check_all_sets(struct device *device, const struct edgebert_hw_command *command,
			   const uint8_t *expected,
			   const struct edgebert_hw_completion *completion)
{
	for (size_t set = 0; eb_kernel_sets[set]; set++) {
		if (!eb_core_use_kernels(device->core, eb_kernel_sets[set]->name))
			continue;
		for (size_t t = 0; t < THREAD_COUNTS; t++) {
			assert_true(eb_core_set_threads(device->core, thread_counts[t]));
			memset(at(device, OUT(0)), 0xee, SEGMENT_BYTES);
			device_run_one(device, command);
			assert_memory_equal(&device->completion, completion, sizeof(*completion));
			assert_memory_equal(at(device, OUT(0)), expected, SEGMENT_BYTES);
		}
	}
}

static void every_set_and_thread_count_gives_the_same_matmul(void **state)
{
	static uint8_t expected[SEGMENT_BYTES];
	struct device *device = *state;
	struct edgebert_hw_completion completion;
	struct random random = { 2026 };
	unsigned int good = 0, bad = 0;

	device->core->share_smaller = 4;
	for (int round = 0; round < ROUNDS; round++) {
		struct edgebert_hw_command command = random_matmul(device, &random);

		if (random_below(&random, 3) == 0)
			pack_weights(device, &random, &command);
		map_too = random_below(&random, 2);
		device->callbacks.map_read = map_whole;
		run_like_generic(device, &command, expected, &completion);
		if (completion.status == EDGEBERT_HW_OK)
			good++;
		else
			bad++;
		check_all_sets(device, &command, expected, &completion);
	}
	/* The rounds met both kinds. */
	assert_true(good > ROUNDS / 2);
	assert_true(bad > 2);
}

/* Weights of which a part is mapped: the same row fails. */
static void the_same_fault_is_reported_whatever_the_threads(void **state)
{
	static uint8_t expected[SEGMENT_BYTES];
	struct device *device = *state;
	struct edgebert_hw_completion completion;
	struct random random = { 7 };

	for (int round = 0; round < 20; round++) {
		struct edgebert_hw_command command = random_matmul(device, &random);

		command.matmul.columns = 200;
		command.matmul.depth = 512;
		command.matmul.weights_stride = 512;
		command.matmul.input_stride = 512;
		command.matmul.output_stride = 2 * 512;
		command.matmul.rows = 64;
		/* Memory ends two segments behind the start of segment 6: inside the weights. */
		command.matmul.weights =
			EDGEBERT_HW_OPERAND(6, 2 * SEGMENT_BYTES -
					       512 * random_below(&random, 200));
		map_too = false;
		device->callbacks.map_read = NULL;
		run_like_generic(device, &command, expected, &completion);
		assert_int_equal(completion.status, EDGEBERT_HW_PAGE_NOT_MAPPED);
		check_all_sets(device, &command, expected, &completion);
	}
}

/* ---- Rows --------------------------------------------------------------------------- */

static int32_t random_value(struct random *random)
{
	static const int32_t edges[] = { 0, 1, -1, INT32_MAX, INT32_MIN, 1 << 24, -(1 << 24) };

	if (random_below(random, 16) == 0)
		return edges[random_below(random, 7)];
	return (int32_t)random_next(random) >> random_below(random, 31);
}

struct rows {
	int32_t values[ROW_MAX], expected_values[ROW_MAX], actual_values[ROW_MAX];
	int16_t words[ROW_MAX], gamma[ROW_MAX], beta[ROW_MAX];
	int16_t expected_words[ROW_MAX], actual_words[ROW_MAX];
	uint8_t codes[ROW_MAX], expected_codes[ROW_MAX], actual_codes[ROW_MAX];
};

static void fill_rows(struct random *random, struct rows *rows)
{
	unsigned int shift = random_below(random, 14);
	/* Now and then a constant row: no variance. */
	bool constant = random_below(random, 8) == 0;

	for (size_t i = 0; i < ROW_MAX; i++) {
		rows->values[i] = random_value(random);
		rows->codes[i] = (uint8_t)random_next(random);
		rows->words[i] = (int16_t)((int16_t)random_next(random) >> shift);
		rows->gamma[i] = (int16_t)random_next(random);
		rows->beta[i] = (int16_t)random_next(random);
		if (constant)
			rows->words[i] = rows->words[0];
	}
	memset(rows->expected_values, 0xee, sizeof(rows->expected_values));
	memset(rows->expected_words, 0xee, sizeof(rows->expected_words));
	memset(rows->expected_codes, 0xee, sizeof(rows->expected_codes));
	memset(rows->actual_values, 0xee, sizeof(rows->actual_values));
	memset(rows->actual_words, 0xee, sizeof(rows->actual_words));
	memset(rows->actual_codes, 0xee, sizeof(rows->actual_codes));
}

static void check_codes(const struct eb_kernels *generic, const struct eb_kernels *kernels,
			struct rows *rows, size_t count, unsigned int bias)
{
	unsigned int fraction = bias & 1 ? 12 : 10;

	generic->adaptivfloat_encode_row(rows->values, count, fraction, bias,
					 rows->expected_codes);
	kernels->adaptivfloat_encode_row(rows->values, count, fraction, bias, rows->actual_codes);
	assert_memory_equal(rows->actual_codes, rows->expected_codes, ROW_MAX);
	generic->adaptivfloat_decode_row(rows->codes, count, bias, rows->expected_words);
	kernels->adaptivfloat_decode_row(rows->codes, count, bias, rows->actual_words);
	assert_memory_equal(rows->actual_words, rows->expected_words, sizeof(rows->words));
}

static void check_words(const struct eb_kernels *generic, const struct eb_kernels *kernels,
			struct rows *rows, size_t count, const int16_t *span, uint32_t epsilon)
{
	generic->saturate_row(rows->values, count, rows->expected_words);
	kernels->saturate_row(rows->values, count, rows->actual_words);
	assert_memory_equal(rows->actual_words, rows->expected_words, sizeof(rows->words));
	generic->softmax_row(rows->words, span, count, rows->expected_values);
	kernels->softmax_row(rows->words, span, count, rows->actual_values);
	assert_memory_equal(rows->actual_values, rows->expected_values, sizeof(rows->values));
	generic->layernorm_row(rows->words, rows->gamma, rows->beta, count, epsilon,
			       rows->expected_values);
	kernels->layernorm_row(rows->words, rows->gamma, rows->beta, count, epsilon,
			       rows->actual_values);
	assert_memory_equal(rows->actual_values, rows->expected_values, sizeof(rows->values));
}

static void every_set_gives_the_same_rows(void **state)
{
	static struct rows rows;
	const struct eb_kernels *generic = eb_kernels_find("generic");
	struct random random = { 11 };

	(void)state;
	for (size_t set = 0; eb_kernel_sets[set]; set++) {
		const struct eb_kernels *kernels = eb_kernel_sets[set];

		if (!kernels->supported())
			continue;
		for (int round = 0; round < ROW_ROUNDS; round++) {
			size_t count = between(&random, 1, ROW_MAX);

			fill_rows(&random, &rows);
			check_codes(generic, kernels, &rows, count, random_below(&random, 8));
			check_words(generic, kernels, &rows, count,
				    round & 1 ? rows.gamma : NULL,
				    round & 2 ? 1 : random_below(&random, 4096));
		}
	}
}

/* Rows that hold every word, so that every distance to the greatest is met. */
static void every_set_gives_the_same_exponentials(void **state)
{
	static struct rows rows;
	const struct eb_kernels *generic = eb_kernels_find("generic");
	struct random random = { 13 };

	(void)state;
	for (size_t set = 0; eb_kernel_sets[set]; set++) {
		const struct eb_kernels *kernels = eb_kernel_sets[set];

		if (!kernels->supported())
			continue;
		for (int32_t first = INT16_MIN; first <= INT16_MAX; first += ROW_MAX - 1) {
			fill_rows(&random, &rows);
			for (int32_t i = 0; i < ROW_MAX; i++)
				rows.words[i] = first + i > INT16_MAX ? INT16_MAX :
						(int16_t)(first + i);
			check_words(generic, kernels, &rows, ROW_MAX, NULL, 1);
			/* One word far above the others: their distances, not their sum. */
			rows.words[random_below(&random, ROW_MAX)] = INT16_MAX;
			check_words(generic, kernels, &rows, ROW_MAX, rows.gamma, 1);
		}
	}
}

#define ACTIVATION_END (5 << 12)	/* where the tables end; values have 12 fraction bits */

/* Every value that the tables of the activations tell apart, and some beyond. */
static void every_set_activates_every_value_alike(void **state)
{
	const struct eb_kernels *generic = eb_kernels_find("generic");

	(void)state;
	for (size_t set = 0; eb_kernel_sets[set]; set++) {
		const struct eb_kernels *kernels = eb_kernel_sets[set];

		if (!kernels->supported())
			continue;
		for (int32_t first = -ACTIVATION_END - 64; first < ACTIVATION_END + 64;
		     first += 16) {
			_Alignas(64) int32_t sums[256] = { 0 };
			int16_t expected[256], actual[256];
			int32_t bias[16];

			for (int c = 0; c < 16; c++)
				bias[c] = first + c;
			for (uint8_t kind = 0; kind < 4; kind++) {
				const struct eb_matmul_finish finish = {
					.shift = 2, .activation = kind,
					.output_format = EDGEBERT_HW_FORMAT_Q6_10,
				};

				generic->finish(&finish, sums, bias, false, expected, 32);
				kernels->finish(&finish, sums, bias, false, actual, 32);
				assert_memory_equal(actual, expected, sizeof(expected));
			}
		}
	}
}

/* Every code and every magnitude near the ends of the activation tables. */
static void every_set_finishes_sums_alike(void **state)
{
	static int32_t sums[256];
	static int16_t expected[512], actual[512];
	const struct eb_kernels *generic = eb_kernels_find("generic");
	struct random random = { 12 };
	int32_t bias[16];

	(void)state;
	for (size_t set = 0; eb_kernel_sets[set]; set++) {
		const struct eb_kernels *kernels = eb_kernel_sets[set];

		if (!kernels->supported())
			continue;
		for (uint32_t round = 0; round < 4000; round++) {
			const struct eb_matmul_finish finish = {
				.shift = 2 + round % 15, .activation = round & 3,
				.output_format = round >> 2 & 1,
				.output_bias = (uint8_t)random_below(&random, 8),
			};
			_Alignas(64) int32_t aligned_sums[256];
			/* One sum for all elements: the order within a group is the set's own. */
			int32_t sum = random_value(&random);
			size_t stride = 16 * between(&random, 2, 4);

			for (int i = 0; i < 256; i++)
				sums[i] = aligned_sums[i] = sum;
			for (int c = 0; c < 16; c++)
				bias[c] = random_value(&random) >> 2;
			memset(expected, 0, sizeof(expected));
			memset(actual, 0, sizeof(actual));
			generic->finish(&finish, sums, bias, round >> 3 & 1, expected, stride);
			kernels->finish(&finish, aligned_sums, bias, round >> 3 & 1, actual, stride);
			assert_memory_equal(actual, expected, sizeof(expected));
		}
	}
}

/* ---- The choice --------------------------------------------------------------------- */

static void unknown_kernels_and_thread_counts_are_refused(void **state)
{
	struct device *device = *state;

	assert_true(eb_core_use_kernels(device->core, NULL));
	assert_false(eb_core_use_kernels(device->core, "avx1024"));
	assert_string_equal(eb_core_kernels(device->core), eb_kernels_find(NULL)->name);
	assert_false(eb_core_set_threads(device->core, 0));
	assert_false(eb_core_set_threads(device->core, EB_CORE_THREADS_MAX + 1));
	assert_true(eb_core_set_threads(device->core, EB_CORE_THREADS_MAX));
	assert_true(eb_core_set_threads(device->core, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_set_and_thread_count_gives_the_same_matmul),
		cmocka_unit_test(the_same_fault_is_reported_whatever_the_threads),
		cmocka_unit_test(every_set_gives_the_same_rows),
		cmocka_unit_test(every_set_gives_the_same_exponentials),
		cmocka_unit_test(every_set_finishes_sums_alike),
		cmocka_unit_test(every_set_activates_every_value_alike),
		cmocka_unit_test(unknown_kernels_and_thread_counts_are_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	for (size_t set = 0; eb_kernel_sets[set]; set++)
		printf("# kernels %s: %s\n", eb_kernel_sets[set]->name,
		       eb_kernel_sets[set]->supported() ? "compared" : "not on this processor");
	return cmocka_run_group_tests_name("core-kernels", tests, device_setup, device_teardown);
}
