// SPDX-License-Identifier: MIT
/* The application's own policy: what it is told, what it may decide, what is refused. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/lib/tiny_engine.h"

#define SENTENCES 40

static struct eb_decision told, answer;
static uint32_t calls;
static int keep;		/* the library's own choice stands */

static void decide(void *opaque, struct eb_decision *decision)
{
	assert_ptr_equal(opaque, &tiny);
	calls++;
	told = *decision;
	if (keep)
		return;
	decision->entropy_threshold = answer.entropy_threshold;
	decision->layer_limit = answer.layer_limit;
	decision->operating_point = answer.operating_point;
}

static struct eb_engine *create(uint32_t target_us)
{
	struct eb_engine_options options = tiny_options(EB_POLICY_CUSTOM, target_us);

	options.decide = decide;
	options.decide_opaque = &tiny;
	return tiny_engine(&tiny, &options);
}

static int setup(void **state)
{
	(void)state;
	tiny_open(&tiny, NULL);
	calls = 0;
	keep = 0;
	return 0;
}

static void library_choice_is_the_latency_policy(void **state)
{
	struct eb_engine_options options = tiny_options(EB_POLICY_LATENCY, 150);
	struct eb_engine *custom = create(150), *latency;

	(void)state;
	options.latency_mode = EB_LATENCY_TWO_JOBS;
	latency = tiny_engine(&tiny, &options);
	keep = 1;
	for (uint32_t i = 0; i < SENTENCES; i++) {
		struct eb_result one = tiny_run(custom, i), other = tiny_run(latency, i);

		assert_int_equal(calls, i + 1);
		assert_int_equal(told.size, sizeof(told));
		assert_int_equal(told.token_count, one.token_count);
		assert_int_equal(told.layers, TINY_LAYERS);
		assert_true(told.entropy == one.entropies[0]);
		assert_int_equal(told.predicted_layer, one.predicted_layer);
		assert_int_equal(told.target_latency_ns, 150000);
		assert_true(told.elapsed_ns > 0 && told.elapsed_ns < one.modelled_latency_ns + 1);
		assert_int_equal(told.operating_point_low, 0);
		/* It does not say what a custom policy could have reached. */
		other.target_unreachable = 0;
		tiny_assert_same(&one, &other);
	}
	eb_engine_unref(custom);
	eb_engine_unref(latency);
}

static void decision_is_carried_out(void **state)
{
	struct eb_engine *custom = create(0);

	(void)state;
	for (uint32_t limit = 1; limit <= TINY_LAYERS; limit++) {
		/* No entropy passes: the limit alone decides. */
		answer = (struct eb_decision){
			.entropy_threshold = -1, .layer_limit = limit, .operating_point = 3,
		};
		for (uint32_t i = 0; i < 5; i++) {
			struct eb_result result = tiny_run(custom, i);

			assert_int_equal(result.exit_layer, limit);
			assert_int_equal(result.jobs, limit > 1 ? 2 : 1);
			if (limit > 1)
				assert_int_equal(result.operating_point, 3);
			assert_int_equal(result.target_latency_ns, 0);
			assert_int_equal(result.deadline_missed, 0);
		}
	}
	/* Everything passes: layer 2 is left at once. */
	answer.entropy_threshold = 10;
	assert_int_equal(tiny_run(custom, 0).exit_layer, 2);
	eb_engine_unref(custom);
}

static void expect_refusal(struct eb_engine *engine, const char *words)
{
	struct eb_result result = { .size = sizeof(result), .label = 77 };

	assert_int_equal(eb_engine_run(engine, "aa ba ca", 8, &result), EB_INVALID_ARGUMENT);
	assert_non_null(strstr(eb_error_detail(), words));
	assert_int_equal(result.label, 77);
}

static void impossible_decisions_are_refused(void **state)
{
	const struct eb_decision good = { .layer_limit = 2 };
	struct eb_engine *custom = create(0);

	(void)state;
	answer = good;
	answer.layer_limit = 0;
	expect_refusal(custom, "layer_limit to 0");
	answer.layer_limit = TINY_LAYERS + 1;
	expect_refusal(custom, "layer_limit to 5");
	answer = good;
	answer.operating_point = 16;
	expect_refusal(custom, "operating_point to 16");
	answer = good;
	answer.entropy_threshold = NAN;
	expect_refusal(custom, "entropy_threshold");
	answer = good;
	tiny_run(custom, 0);
	eb_engine_unref(custom);
}

static void options_are_checked(void **state)
{
	struct eb_engine_options options = tiny_options(EB_POLICY_CUSTOM, 0);
	struct eb_engine *engine = (void *)1;

	(void)state;
	assert_int_equal(eb_engine_create(tiny.device, tiny.model, &options, &engine),
			 EB_INVALID_ARGUMENT);
	options.policy = EB_POLICY_ENTROPY;
	options.decide = decide;
	assert_int_equal(eb_engine_create(tiny.device, tiny.model, &options, &engine),
			 EB_INVALID_ARGUMENT);
	assert_non_null(strstr(eb_error_detail(), "decide"));
	assert_ptr_equal(engine, (void *)1);
}

static void works_without_predictor_and_cycle_table(void **state)
{
	const struct tiny_model_options lacking = {
		.without_predictor = true, .without_cycles = true,
	};
	struct eb_engine *custom;

	(void)state;
	tiny_close(&tiny);
	tiny_open(&tiny, &lacking);
	custom = create(0);
	keep = 1;
	assert_in_range(tiny_run(custom, 0).exit_layer, 1, TINY_LAYERS);
	assert_int_equal(told.predicted_layer, 0);
	assert_int_equal(told.operating_point, told.operating_point_high);
	eb_engine_unref(custom);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, tiny_teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(library_choice_is_the_latency_policy),
		TEST(decision_is_carried_out),
		TEST(impossible_decisions_are_refused),
		TEST(options_are_checked),
		TEST(works_without_predictor_and_cycle_table),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
