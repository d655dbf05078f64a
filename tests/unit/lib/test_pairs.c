// SPDX-License-Identifier: MIT
/* Pairs of texts: every way to submit them, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "tests/unit/lib/tiny_engine.h"
#include "tests/unit/lib/tiny_model.h"

#define FIRST "ab ac"
#define SECOND "ad ae ab"

struct fixture {
	uint8_t *file;
	struct eb_model *model;
	struct eb_device *device;
	struct eb_engine *engine;
};

static void open_fixture(struct fixture *fixture, const struct tiny_model_options *model_options,
			 enum eb_policy policy)
{
	const struct eb_device_options device_options = { .size = sizeof(device_options),
							  .backend = EB_BACKEND_REFERENCE };
	const struct eb_engine_options options = {
		.size = sizeof(options), .policy = policy, .entropy_threshold = -1,
		.operating_point = EB_OPERATING_POINT_HIGHEST,
		.target_latency_us = policy == EB_POLICY_LATENCY ? 50000 : 0,
	};
	size_t size;

	*fixture = (struct fixture){ .file = tiny_model_build(model_options, &size) };
	assert_non_null(fixture->file);
	assert_int_equal(eb_model_open_memory(fixture->file, size, &fixture->model), EB_OK);
	assert_int_equal(eb_device_open(&device_options, &fixture->device), EB_OK);
	if (eb_engine_create(fixture->device, fixture->model, &options, &fixture->engine))
		fixture->engine = NULL;
}

static void close_fixture(struct fixture *fixture)
{
	eb_engine_unref(fixture->engine);
	eb_device_unref(fixture->device);
	eb_model_unref(fixture->model);
	free(fixture->file);
}

static struct eb_result wait_for(struct eb_request *request)
{
	struct eb_result result = { .size = sizeof(result) };
	enum eb_status outcome = EB_INTERNAL;
	int done = 0;

	assert_int_equal(eb_request_wait(request, -1, &done, &outcome, &result), EB_OK);
	assert_int_equal(done, 1);
	assert_int_equal(outcome, EB_OK);
	eb_request_unref(request);
	return result;
}

static void every_way_to_submit_a_pair_gives_the_same_answer(void **state)
{
	const struct tiny_model_options options = { .pairs = true };
	const struct eb_batch_text texts[] = {
		{ .text = FIRST, .size = strlen(FIRST) },
		{ .text = FIRST, .size = strlen(FIRST), .second = SECOND,
		  .second_size = strlen(SECOND) },
	};
	struct eb_result run = { .size = sizeof(run) }, other;
	struct eb_request *request, *batch[2];
	struct fixture fixture;

	(void)state;
	open_fixture(&fixture, &options, EB_POLICY_FULL);
	assert_non_null(fixture.engine);
	assert_int_equal(eb_engine_run_pair(fixture.engine, FIRST, strlen(FIRST), SECOND,
					    strlen(SECOND), &run), EB_OK);
	assert_int_equal(run.token_count, 3 + 2 + 3);
	assert_int_equal(eb_engine_submit_pair(fixture.engine, FIRST, strlen(FIRST), SECOND,
					       strlen(SECOND), &request), EB_OK);
	other = wait_for(request);
	assert_memory_equal(run.logits, other.logits, sizeof(run.logits));
	assert_int_equal(eb_engine_submit_batch(fixture.engine, texts, 2, batch), EB_OK);
	other = wait_for(batch[0]);
	assert_int_equal(other.token_count, 2 + 2);
	other = wait_for(batch[1]);
	assert_int_equal(other.token_count, 3 + 2 + 3);
	assert_memory_equal(run.logits, other.logits, sizeof(run.logits));
	close_fixture(&fixture);
}

/* The same tokens without types are another sentence to the network. */
static void the_second_text_has_the_second_type(void **state)
{
	const struct tiny_model_options options = { .pairs = true };
	struct eb_result pair = { .size = sizeof(pair) }, single = { .size = sizeof(single) };
	uint32_t ids[TINY_SEQUENCE_MAX], types[TINY_SEQUENCE_MAX];
	struct fixture fixture;
	size_t count;

	(void)state;
	open_fixture(&fixture, &options, EB_POLICY_FULL);
	assert_int_equal(eb_model_tokenize_pair(fixture.model, FIRST, strlen(FIRST), SECOND,
						strlen(SECOND), ids, types, TINY_SEQUENCE_MAX,
						&count, NULL), EB_OK);
	assert_int_equal(types[3], 0);
	assert_int_equal(types[4], 1);
	assert_int_equal(eb_engine_run_tokens(fixture.engine, ids, count, &single), EB_OK);
	assert_int_equal(eb_engine_run_pair(fixture.engine, FIRST, strlen(FIRST), SECOND,
					    strlen(SECOND), &pair), EB_OK);
	assert_int_equal(pair.token_count, single.token_count);
	assert_memory_not_equal(pair.logits, single.logits, sizeof(pair.logits));
	/* And a single text after a pair has none of it left. */
	pair = single;
	assert_int_equal(eb_engine_run_tokens(fixture.engine, ids, count, &single), EB_OK);
	assert_memory_equal(pair.logits, single.logits, sizeof(pair.logits));
	close_fixture(&fixture);
}

static void a_long_pair_is_cut_and_says_so(void **state)
{
	char text[8 * TINY_SEQUENCE_MAX] = "";
	struct eb_result result = { .size = sizeof(result) };
	struct fixture fixture;

	(void)state;
	for (int i = 0; i < TINY_SEQUENCE_MAX; i++)
		strcat(text, "ab ");
	open_fixture(&fixture, NULL, EB_POLICY_FULL);
	assert_int_equal(eb_engine_run_pair(fixture.engine, text, strlen(text), "ac", 2, &result),
			 EB_OK);
	assert_int_equal(result.token_count, TINY_SEQUENCE_MAX);
	assert_int_equal(result.truncated, 1);
	close_fixture(&fixture);
}

static void bad_pairs_are_refused(void **state)
{
	struct eb_result result = { .size = sizeof(result) };
	struct eb_request *request = NULL;
	const struct eb_batch_text texts[] = { { .second = "ab", .second_size = 2 } };
	struct fixture fixture;

	(void)state;
	open_fixture(&fixture, NULL, EB_POLICY_FULL);
	assert_int_equal(eb_engine_run_pair(NULL, "a", 1, "b", 1, &result), EB_INVALID_ARGUMENT);
	assert_int_equal(eb_engine_run_pair(fixture.engine, NULL, 0, "b", 1, &result),
			 EB_INVALID_ARGUMENT);
	assert_int_equal(eb_engine_run_pair(fixture.engine, "a", 1, NULL, 0, &result),
			 EB_INVALID_ARGUMENT);
	assert_non_null(strstr(eb_error_detail(), "second is NULL"));
	assert_int_equal(eb_engine_run_pair(fixture.engine, "ab", 2, " ", 1, &result),
			 EB_TEXT_EMPTY);
	assert_non_null(strstr(eb_error_detail(), "the second text"));
	assert_int_equal(eb_engine_submit_pair(fixture.engine, "a", 1, NULL, 0, &request),
			 EB_INVALID_ARGUMENT);
	assert_int_equal(eb_engine_submit_pair(fixture.engine, "a", 1, "b", 1, NULL),
			 EB_INVALID_ARGUMENT);
	assert_int_equal(eb_engine_submit_batch(fixture.engine, texts, 1, &request),
			 EB_INVALID_ARGUMENT);
	assert_null(request);
	close_fixture(&fixture);
}

/* ---- Models without exits ----------------------------------------------------------- */

static void a_model_without_exits_runs_full_only(void **state)
{
	const struct tiny_model_options options = { .only_last_exit = true };
	struct eb_model_info info = { .size = sizeof(info) };
	struct eb_result result = { .size = sizeof(result) };
	struct fixture fixture;

	(void)state;
	open_fixture(&fixture, &options, EB_POLICY_FULL);
	assert_non_null(fixture.engine);
	assert_int_equal(eb_model_get_info(fixture.model, &info), EB_OK);
	assert_int_equal(info.exit_count, 0);
	assert_int_equal(info.exit_predictor, 0);
	assert_string_equal(info.tokenizer, "wordpiece");
	assert_int_equal(eb_engine_run(fixture.engine, "ab", 2, &result), EB_OK);
	assert_int_equal(result.exit_layer, TINY_LAYERS);
	close_fixture(&fixture);
	open_fixture(&fixture, &options, EB_POLICY_ENTROPY);
	assert_null(fixture.engine);
	assert_non_null(strstr(eb_error_detail(), "no exit before its last layer, which the entropy"));
	close_fixture(&fixture);
	open_fixture(&fixture, &options, EB_POLICY_LATENCY);
	assert_null(fixture.engine);
	assert_non_null(strstr(eb_error_detail(), "no exit before its last layer, which the latency"));
	close_fixture(&fixture);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_way_to_submit_a_pair_gives_the_same_answer),
		cmocka_unit_test(the_second_text_has_the_second_type),
		cmocka_unit_test(a_long_pair_is_cut_and_says_so),
		cmocka_unit_test(bad_pairs_are_refused),
		cmocka_unit_test(a_model_without_exits_runs_full_only),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("pairs", tests, NULL, NULL);
}
