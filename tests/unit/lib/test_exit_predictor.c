// SPDX-License-Identifier: MIT
/* The predictor's look-up at its edges, and against the device's PREDICT command. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/exit_predictor.h"
#include "tools/device/core/core.h"

#define ROWS 4
#define STEP 100
#define COLUMNS 3

/* Layers 2, 3, 4 are predicted, 5 is what remains. */
static const int16_t table[ROWS * COLUMNS] = {
	10, 5, 0,
	90, 40, 20,
	190, 120, 60,
	290, 250, 200,
};

static const struct eb_exit_predictor predictor = {
	.rows = ROWS, .step = STEP, .columns = COLUMNS, .first_layer = 2, .last_layer = 5,
	.entropies = table,
};

static void nearest_row_is_taken(void **state)
{
	(void)state;
	/* Threshold 50: row 0 says layer 2, row 1 layer 3, rows 2 and 3 the last. */
	assert_int_equal(eb_exit_predict(&predictor, 0, 50), 2);
	assert_int_equal(eb_exit_predict(&predictor, 49, 50), 2);
	assert_int_equal(eb_exit_predict(&predictor, 50, 50), 3);
	assert_int_equal(eb_exit_predict(&predictor, 149, 50), 3);
	assert_int_equal(eb_exit_predict(&predictor, 150, 50), 5);
}

static void entropies_outside_the_table_take_its_ends(void **state)
{
	(void)state;
	assert_int_equal(eb_exit_predict(&predictor, INT16_MAX, 250), 3);
	assert_int_equal(eb_exit_predict(&predictor, 300, 250), 3);
	assert_int_equal(eb_exit_predict(&predictor, -1, 50), 2);
	assert_int_equal(eb_exit_predict(&predictor, INT32_MIN, 50), 2);
	assert_int_equal(eb_exit_predict(&predictor, INT32_MAX, 0), 5);
}

static void threshold_is_inclusive(void **state)
{
	(void)state;
	assert_int_equal(eb_exit_predict(&predictor, 100, 90), 2);
	assert_int_equal(eb_exit_predict(&predictor, 100, 89), 3);
	assert_int_equal(eb_exit_predict(&predictor, 100, 20), 4);
	assert_int_equal(eb_exit_predict(&predictor, 100, 19), 5);
}

static void nothing_below_the_threshold_means_the_last_layer(void **state)
{
	(void)state;
	assert_int_equal(eb_exit_predict(&predictor, 0, -1), 5);
	assert_int_equal(eb_exit_predict(&predictor, 0, INT16_MIN), 5);
}

static void table_without_columns_always_says_the_last_layer(void **state)
{
	const struct eb_exit_predictor bare = {
		.rows = 1, .step = 1, .first_layer = 2, .last_layer = 2, .entropies = table,
	};

	(void)state;
	assert_int_equal(eb_exit_predict(&bare, 0, 0), 2);
	assert_int_equal(eb_exit_predict(&bare, 700, 700), 2);
}

/* ---- the device ---- */

/* One page: commands at 0, logits at 1024, predictor table at 2048, cycles at 3072. */
static uint8_t page[4096] __attribute__((aligned(64)));

static int read_page(void *opaque, uint32_t address, void *destination, size_t size)
{
	(void)opaque;
	if (address > sizeof(page) || size > sizeof(page) - address)
		return EDGEBERT_HW_PAGE_NOT_MAPPED;
	memcpy(destination, page + address, size);
	return EDGEBERT_HW_OK;
}

static int write_page(void *opaque, uint32_t address, const void *source, size_t size)
{
	(void)opaque, (void)address, (void)source, (void)size;
	return EDGEBERT_HW_PAGE_READ_ONLY;
}

static void fill_page(int16_t logit)
{
	struct edgebert_hw_command *commands = (void *)page;
	uint32_t *cycles = (void *)(page + 3072);

	memset(page, 0, sizeof(page));
	commands[0] = (struct edgebert_hw_command){
		.opcode = EDGEBERT_HW_OP_ENTROPY,
		.entropy = { .input = 1024, .input_format = EDGEBERT_HW_FORMAT_Q6_10,
			     .classes = 2, .layer = 1 },
	};
	commands[1] = (struct edgebert_hw_command){
		.opcode = EDGEBERT_HW_OP_PREDICT,
		.predict = { .table = 2048, .cycles = 3072, .rows = ROWS, .step = STEP,
			     .columns = COLUMNS, .first_layer = 2, .last_layer = 5,
			     .cycle_rows = 1 },
	};
	commands[2].opcode = EDGEBERT_HW_OP_END;
	memcpy(page + 1024, &logit, sizeof(logit));
	memcpy(page + 2048, table, sizeof(table));
	for (uint32_t i = 0; i <= COLUMNS; i++)
		cycles[i] = 1000 * (i + 1);
}

static void device_predicts_the_same(void **state)
{
	const struct eb_core_memory memory = { .read = read_page, .write = write_page };
	struct eb_core *core = eb_core_create(NULL);
	uint32_t seen[6] = { 0 };

	(void)state;
	/* Logits (x, 0) go through every entropy from ln 2 down to 0. */
	for (int16_t logit = 0; logit < 6000; logit = (int16_t)(logit + 40)) {
		for (int threshold = -10; threshold < 330; threshold += 25) {
			const struct edgebert_hw_job job = {
				.flags = EDGEBERT_HW_JOB_AUTONOMOUS, .stream_commands = 3,
				.sequence_length = 16, .window_high = 0xff,
				.entropy_threshold = (uint16_t)threshold,
				.target_latency_us = 1000,
			};
			struct edgebert_hw_completion completion;

			fill_page(logit);
			eb_core_execute(core, &job, &memory, &completion);
			assert_int_equal(completion.status, EDGEBERT_HW_OK);
			assert_int_equal(completion.predicted_layer,
					 eb_exit_predict(&predictor,
							 (int16_t)completion.entropies[0],
							 threshold));
			seen[completion.predicted_layer]++;
		}
	}
	assert_true(seen[2] && seen[3] && seen[4] && seen[5]);
	eb_core_destroy(core);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nearest_row_is_taken),
		cmocka_unit_test(entropies_outside_the_table_take_its_ends),
		cmocka_unit_test(threshold_is_inclusive),
		cmocka_unit_test(nothing_below_the_threshold_means_the_last_layer),
		cmocka_unit_test(table_without_columns_always_says_the_last_layer),
		cmocka_unit_test(device_predicts_the_same),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
