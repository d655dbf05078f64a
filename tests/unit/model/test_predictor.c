// SPDX-License-Identifier: MIT
/*
 * The exit predictor on made-up entropies whose answer is known, and the policies' outcomes.
 */
#include "tests/unit/model/fixture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tools/model/predictor.h"

#define LAYERS 5
#define CLASSES 2
#define ROWS 100
#define STEP 10

/* What a sentence's exits say: entropies in nats, and whether each label is right. */
static void set(struct eb_exit_result *results, size_t sentence, const double entropies[LAYERS],
		unsigned int right)
{
	for (unsigned int layer = 0; layer < LAYERS; layer++) {
		struct eb_exit_result *result = &results[sentence * LAYERS + layer];

		memset(result, 0, sizeof(*result));
		result->entropy = (uint16_t)lrint(entropies[layer] * 1024);
		result->logits[right >> layer & 1] = 1024;
	}
}

static void rows_follow_the_mean_of_similar_sentences(void **state)
{
	enum { COUNT = 2000 };
	struct eb_exit_result *results = calloc(COUNT * LAYERS, sizeof(*results));
	int16_t table[ROWS * (LAYERS - 2)];
	uint64_t random = 6;

	(void)state;
	assert_non_null(results);
	for (size_t s = 0; s < COUNT; s++) {
		double first = 0.69 * random_uniform(&random);
		double noise = 0.05 * random_normal(&random);
		const double entropies[LAYERS] = { first, fmax(first / 2 + noise, 0),
						   fmax(first / 4 + noise, 0), 0.1, 0 };

		set(results, s, entropies, 0);
	}
	assert_int_equal(eb_predictor_fit(results, COUNT, LAYERS, ROWS, STEP, table), EB_OK);
	for (unsigned int row = 15; row < 65; row++) {
		double key = row * STEP / 1024.0;

		assert_true(fabs(table[row * 3] / 1024.0 - key / 2) < 0.03);
		assert_true(fabs(table[row * 3 + 1] / 1024.0 - key / 4) < 0.03);
		assert_true(fabs(table[row * 3 + 2] / 1024.0 - 0.1) < 0.005);
	}
	for (unsigned int i = 3; i < ROWS * 3; i++)
		assert_true(table[i] >= table[i - 3]);
	free(results);
}

static void rows_without_sentences_take_the_nearest(void **state)
{
	struct eb_exit_result results[3 * LAYERS];
	int16_t table[ROWS * (LAYERS - 2)];

	(void)state;
	for (size_t s = 0; s < 3; s++)
		set(results, s, (double[LAYERS]){ 0.5, 0.4, 0.3, 0.2, 0.1 }, 0);
	assert_int_equal(eb_predictor_fit(results, 3, LAYERS, ROWS, STEP, table), EB_OK);
	for (unsigned int row = 0; row < ROWS; row++) {
		assert_int_equal(table[row * 3], 410);
		assert_int_equal(table[row * 3 + 2], 205);
	}
}

static void falling_means_are_pooled(void **state)
{
	enum { COUNT = 400 };
	struct eb_exit_result *results = calloc(COUNT * LAYERS, sizeof(*results));
	int16_t table[ROWS * (LAYERS - 2)];

	(void)state;
	assert_non_null(results);
	/* The less certain layer 1, the more certain layer 2: the best rising table is flat. */
	for (size_t s = 0; s < COUNT; s++) {
		double first = 0.69 * (double)s / COUNT;

		set(results, s, (double[LAYERS]){ first, 0.69 - first, 0, 0, 0 }, 0);
	}
	assert_int_equal(eb_predictor_fit(results, COUNT, LAYERS, ROWS, STEP, table), EB_OK);
	assert_int_equal(table[0], table[(ROWS - 1) * 3]);
	/* Rows beyond 0.69, where nothing was seen, weigh a little too. */
	assert_true(table[0] > 250 && table[0] < 360);
	free(results);
}

static void layers_without_exit_are_never_predicted(void **state)
{
	struct eb_exit_result results[LAYERS];
	int16_t table[ROWS * (LAYERS - 2)];

	(void)state;
	set(results, 0, (double[LAYERS]){ 0.5, 0.4, 0.3, 0.2, 0.1 }, 0);
	results[2].entropy = 0xffff;
	assert_int_equal(eb_predictor_fit(results, 1, LAYERS, ROWS, STEP, table), EB_OK);
	assert_int_equal(table[1], INT16_MAX);
	assert_true(table[0] < INT16_MAX && table[2] < INT16_MAX);
}

/* Three sentences of label 0; bit l of `right` set: layer l says 1 and is wrong. */
static struct eb_exit_study three_sentences(struct eb_exit_result *results,
					    struct eb_sentences *sentences)
{
	static struct eb_sentence items[3];

	set(results, 0, (double[LAYERS]){ 0.1, 0.1, 0.1, 0.1, 0.1 }, 0x00);
	set(results, 1, (double[LAYERS]){ 0.5, 0.2, 0.1, 0.1, 0.1 }, 0x02);
	set(results, 2, (double[LAYERS]){ 0.6, 0.6, 0.6, 0.3, 0.6 }, 0x10);
	*sentences = (struct eb_sentences){ .items = items, .count = 3 };
	return (struct eb_exit_study){ .results = results, .sentences = sentences,
				       .layers = LAYERS, .classes = CLASSES };
}

static void outcomes_count_exits_and_right_labels(void **state)
{
	struct eb_exit_result results[3 * LAYERS];
	struct eb_sentences sentences;
	struct eb_exit_study study = three_sentences(results, &sentences);
	struct eb_exit_outcome outcome;

	(void)state;
	outcome = eb_exit_outcome(&study, -1);
	assert_true(outcome.mean_layer == 5 && outcome.mean_limit == 5);
	assert_true(fabs(outcome.accuracy - 2.0 / 3) < 1e-9);
	/* Exits 1, 3, 5. */
	outcome = eb_exit_outcome(&study, 102);
	assert_true(outcome.mean_layer == 3);
	assert_true(fabs(outcome.accuracy - 2.0 / 3) < 1e-9);
	/* Exits 1, 2 (wrong), 4. */
	outcome = eb_exit_outcome(&study, 310);
	assert_true(fabs(outcome.mean_layer - 7.0 / 3) < 1e-9);
	assert_true(fabs(outcome.accuracy - 2.0 / 3) < 1e-9);
}

static void the_predictor_limits_the_layer(void **state)
{
	struct eb_exit_result results[3 * LAYERS];
	struct eb_sentences sentences;
	struct eb_exit_study study = three_sentences(results, &sentences);
	int16_t table[ROWS * (LAYERS - 2)];
	struct eb_exit_outcome outcome;

	(void)state;
	/* Layer 3 is always expected to be certain. */
	for (unsigned int row = 0; row < ROWS; row++) {
		table[row * 3] = 500;
		table[row * 3 + 1] = 50;
		table[row * 3 + 2] = 0;
	}
	study.entropies = table;
	study.rows = ROWS;
	study.step = STEP;
	outcome = eb_exit_outcome(&study, 102);
	/* Limits 1, 3, 3; exits 1, 3, 3: the third sentence is stopped before its wrong end. */
	assert_true(fabs(outcome.mean_limit - 7.0 / 3) < 1e-9);
	assert_true(fabs(outcome.mean_layer - 7.0 / 3) < 1e-9);
	assert_true(outcome.accuracy == 1);
	/* Layer 3 loses its exit: layer 4 is the next that has one. */
	for (size_t s = 0; s < 3; s++)
		results[s * LAYERS + 2].entropy = 0xffff;
	outcome = eb_exit_outcome(&study, 102);
	assert_true(outcome.mean_layer == 3);
}

static void the_threshold_is_the_highest_that_costs_little(void **state)
{
	enum { COUNT = 200 };
	struct eb_exit_result *results = calloc(COUNT * LAYERS, sizeof(*results));
	struct eb_sentences sentences = { .count = COUNT };
	struct eb_exit_study study = { .results = results, .sentences = &sentences,
				       .layers = LAYERS, .classes = CLASSES };

	(void)state;
	sentences.items = calloc(COUNT, sizeof(*sentences.items));
	assert_non_null(results);
	assert_non_null(sentences.items);
	/* Layer 1 is wrong where its entropy is 0.3 or more; the others are always right. */
	for (size_t s = 0; s < COUNT; s++) {
		double first = 0.69 * (double)s / COUNT;

		set(results, s, (double[LAYERS]){ first, 0, 0, 0, 0 }, first >= 0.3 ? 1 : 0);
	}
	assert_true(abs(eb_choose_threshold(&study, 0.001) - 307) <= STEP);
	/* A quarter of the sentences may go wrong: 0.69 / 4 nats more. */
	assert_true(abs(eb_choose_threshold(&study, 0.25) - (307 + 177)) <= 2 * STEP);
	free(results);
	free(sentences.items);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_follow_the_mean_of_similar_sentences),
		cmocka_unit_test(rows_without_sentences_take_the_nearest),
		cmocka_unit_test(falling_means_are_pooled),
		cmocka_unit_test(layers_without_exit_are_never_predicted),
		cmocka_unit_test(outcomes_count_exits_and_right_labels),
		cmocka_unit_test(the_predictor_limits_the_layer),
		cmocka_unit_test(the_threshold_is_the_highest_that_costs_little),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("model-predictor", tests, NULL, NULL);
}
