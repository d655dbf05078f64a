// SPDX-License-Identifier: MIT
/*
 * The latency policy decided by the library between two jobs and by the device within one:
 * same answers, and what each option about targets does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/engine.h"
#include "tests/unit/lib/tiny_engine.h"

#define SENTENCES 60
/* What PREDICT costs in both profiles: reading the command and predicting. */
#define PREDICT_CYCLES 20

static struct eb_engine *create(uint32_t target_us, enum eb_latency_mode mode)
{
	struct eb_engine_options options = tiny_options(EB_POLICY_LATENCY, target_us);

	options.latency_mode = mode;
	return tiny_engine(&tiny, &options);
}

/* Everything that does not depend on how the two modes change operating points. */
static void assert_same_answer(const struct eb_result *one, const struct eb_result *two)
{
	assert_int_equal(one->label, two->label);
	assert_int_equal(one->exit_layer, two->exit_layer);
	assert_int_equal(one->predicted_layer, two->predicted_layer);
	assert_int_equal(one->layers_assessed, two->layers_assessed);
	assert_memory_equal(one->logits, two->logits, sizeof(one->logits));
	assert_memory_equal(one->entropies, two->entropies, sizeof(one->entropies));
	assert_memory_equal(one->layer_labels, two->layer_labels, sizeof(one->layer_labels));
	assert_int_equal(one->jobs, 1);
	assert_int_equal(two->jobs, two->predicted_layer > 1 ? 2 : 1);
	assert_int_equal(one->modelled_cycles,
			 two->modelled_cycles + (two->predicted_layer > 1 ? PREDICT_CYCLES : 0));
}

static void both_modes_give_the_same_answers(void **state)
{
	static const uint32_t targets[] = { 60, 90, 120, 200, 400, 2000 };
	uint32_t other_points = 0, points_below = 0;

	(void)state;
	for (size_t t = 0; t < sizeof(targets) / sizeof(targets[0]); t++) {
		struct eb_engine *one_job = create(targets[t], EB_LATENCY_ONE_JOB);
		struct eb_engine *two_jobs = create(targets[t], EB_LATENCY_TWO_JOBS);
		const uint32_t highest = eb_estimator_highest_point(tiny.device->estimator);

		for (uint32_t i = 0; i < SENTENCES; i++) {
			struct eb_result one = tiny_run(one_job, i), two = tiny_run(two_jobs, i);

			assert_same_answer(&one, &two);
			other_points += one.operating_point != two.operating_point;
			points_below += two.operating_point < highest;
		}
		eb_engine_unref(one_job);
		eb_engine_unref(two_jobs);
	}
	/*
	 * A transition is a fifth of a microsecond, and takes one job from the highest point,
	 * the other from the lowest.  Even for sentences as short as these it seldom matters.
	 */
	assert_true(points_below > SENTENCES);
	assert_in_range(other_points, 0, SENTENCES / 10);
}

static enum eb_latency_mode settled(const struct eb_engine_options *options)
{
	struct eb_engine *engine = tiny_engine(&tiny, options);
	enum eb_latency_mode mode = engine->place->settings.mode;

	eb_engine_unref(engine);
	return mode;
}

static void automatic_is_one_job_unless_only_two_can_do_it(void **state)
{
	const struct eb_engine_options plain = tiny_options(EB_POLICY_LATENCY, 200);
	struct eb_engine_options options = plain;

	(void)state;
	assert_int_equal(settled(&options), EB_LATENCY_ONE_JOB);
	options.target_scope = EB_TARGET_END_TO_END;
	assert_int_equal(settled(&options), EB_LATENCY_ONE_JOB);
	options.latency_mode = EB_LATENCY_TWO_JOBS;
	assert_int_equal(settled(&options), EB_LATENCY_TWO_JOBS);
	options.latency_mode = EB_LATENCY_ONE_JOB;
	assert_int_equal(settled(&options), EB_LATENCY_ONE_JOB);
	options = plain;
	options.unreachable = EB_UNREACHABLE_REFUSE;
	assert_int_equal(settled(&options), EB_LATENCY_TWO_JOBS);
}

static void one_job_is_refused_where_it_can_not_be(void **state)
{
	const struct tiny_model_options lacking = { .without_predict_command = true };
	struct eb_engine_options options = tiny_options(EB_POLICY_LATENCY, 200);
	struct eb_engine *engine = (void *)1;
	struct tiny other;

	(void)state;
	options.latency_mode = EB_LATENCY_ONE_JOB;
	options.unreachable = EB_UNREACHABLE_REFUSE;
	assert_int_equal(eb_engine_create(tiny.device, tiny.model, &options, &engine),
			 EB_INVALID_ARGUMENT);
	options.unreachable = EB_UNREACHABLE_BEST_EFFORT;
	tiny_open(&other, &lacking);
	assert_int_equal(eb_engine_create(other.device, other.model, &options, &engine),
			 EB_MODEL_UNSUPPORTED);
	assert_non_null(strstr(eb_error_detail(), "PREDICT"));
	assert_ptr_equal(engine, (void *)1);
	options.latency_mode = EB_LATENCY_AUTOMATIC;
	engine = tiny_engine(&other, &options);
	assert_int_equal(engine->place->settings.mode, EB_LATENCY_TWO_JOBS);
	eb_engine_unref(engine);
	tiny_close(&other);
}

static void options_of_other_policies_are_refused(void **state)
{
	struct eb_engine_options bad[6];
	struct eb_engine *engine = (void *)1;

	(void)state;
	for (size_t i = 0; i < 6; i++)
		bad[i] = tiny_options(i < 3 ? EB_POLICY_ENTROPY : EB_POLICY_LATENCY,
				      i < 3 ? 0 : 200);
	bad[0].latency_mode = EB_LATENCY_TWO_JOBS;
	bad[1].target_scope = EB_TARGET_END_TO_END;
	bad[2].unreachable = EB_UNREACHABLE_REFUSE;
	bad[3].latency_mode = (enum eb_latency_mode)3;
	bad[4].target_scope = (enum eb_target_scope)2;
	bad[5].reserved = 1;
	for (size_t i = 0; i < 6; i++) {
		assert_int_equal(eb_engine_create(tiny.device, tiny.model, &bad[i], &engine),
				 EB_INVALID_ARGUMENT);
		assert_non_null(strstr(eb_error_detail(), "eb_engine_options"));
	}
	assert_ptr_equal(engine, (void *)1);
}

/* ---- targets ---- */

static void unreachable_sentences_are_reported_or_refused(void **state)
{
	struct eb_engine_options options = tiny_options(EB_POLICY_LATENCY, 60);
	struct eb_engine_statistics statistics = { .size = sizeof(statistics) };
	struct eb_engine *best_effort = create(60, EB_LATENCY_TWO_JOBS), *refuse;
	uint32_t refused = 0;

	(void)state;
	options.unreachable = EB_UNREACHABLE_REFUSE;
	refuse = tiny_engine(&tiny, &options);
	for (uint32_t i = 0; i < SENTENCES; i++) {
		struct eb_result tried = tiny_run(best_effort, i), result = { .size = sizeof(result) };
		enum eb_status status;
		char text[256];

		tiny_model_text(i, text, sizeof(text));
		status = eb_engine_run(refuse, text, strlen(text), &result);
		if (!tried.target_unreachable) {
			assert_int_equal(status, EB_OK);
			tiny_assert_same(&tried, &result);
			continue;
		}
		refused++;
		assert_int_equal(status, EB_TARGET_UNREACHABLE);
		assert_non_null(strstr(eb_error_detail(), "60 us"));
	}
	assert_in_range(refused, 1, SENTENCES - 1);
	assert_int_equal(eb_engine_get_statistics(refuse, &statistics), EB_OK);
	assert_int_equal(statistics.failures, refused);
	assert_int_equal(statistics.targets_unreachable, refused);
	assert_int_equal(eb_engine_get_statistics(best_effort, &statistics), EB_OK);
	assert_int_equal(statistics.failures, 0);
	assert_int_equal(statistics.targets_unreachable, refused);
	assert_true(statistics.deadline_misses <= refused && statistics.deadline_misses);
	eb_engine_unref(best_effort);
	eb_engine_unref(refuse);
}

/* A sentence that was submitted so long ago, by the clock, runs as this says. */
static struct eb_result run_late(struct eb_engine *engine, uint32_t number, uint64_t late_ns)
{
	struct eb_result result = { .size = sizeof(result) };
	struct eb_batch_text single = { 0 };
	char text[256];

	tiny_model_text(number, text, sizeof(text));
	single.text = text;
	single.size = strlen(text);
	assert_int_equal(eb_engine_classify(engine, &single, eb_time_ns() - late_ns, &result),
			 EB_OK);
	return result;
}

static void end_to_end_counts_time_in_queues(void **state)
{
	/* Far longer than the sentences take: only waiting makes a difference. */
	const uint32_t target_us = 60000000;
	const uint64_t late_ns = 60000000000ull;
	const enum eb_latency_mode modes[] = { EB_LATENCY_ONE_JOB, EB_LATENCY_TWO_JOBS };
	const uint32_t highest = eb_estimator_highest_point(tiny.device->estimator);
	uint32_t hurried = 0;

	(void)state;
	for (size_t m = 0; m < 2; m++) {
		struct eb_engine_options options = tiny_options(EB_POLICY_LATENCY, target_us);
		struct eb_engine *device_time, *end_to_end;

		options.latency_mode = modes[m];
		device_time = tiny_engine(&tiny, &options);
		options.target_scope = EB_TARGET_END_TO_END;
		end_to_end = tiny_engine(&tiny, &options);
		for (uint32_t i = 0; i < SENTENCES; i++) {
			struct eb_result in_time = run_late(end_to_end, i, 0);
			struct eb_result late = run_late(end_to_end, i, late_ns);
			struct eb_result unaware = run_late(device_time, i, late_ns);

			assert_true(late.queue_ns >= late_ns && unaware.queue_ns >= late_ns);
			assert_int_equal(late.deadline_missed, 1);
			assert_int_equal(in_time.deadline_missed, 0);
			assert_int_equal(unaware.deadline_missed, 0);
			assert_int_equal(unaware.operating_point, in_time.operating_point);
			if (late.predicted_layer == 1)
				continue;
			assert_int_equal(late.operating_point, highest);
			assert_int_equal(late.target_unreachable, 1);
			hurried += in_time.operating_point < highest;
		}
		eb_engine_unref(device_time);
		eb_engine_unref(end_to_end);
	}
	assert_true(hurried > SENTENCES);
}

/* ---- callers of other releases ---- */

static void callers_of_the_first_release_are_served(void **state)
{
	struct eb_engine_options options = tiny_options(EB_POLICY_LATENCY, 200);
	struct {
		struct eb_result result;
		uint8_t beyond[64];
	} theirs;
	struct eb_engine *engine;
	struct eb_result now;

	(void)state;
	assert_int_equal(EB_ENGINE_OPTIONS_FIRST_SIZE, 24);
	assert_int_equal(EB_RESULT_FIRST_SIZE, 416);
	options.size = EB_ENGINE_OPTIONS_FIRST_SIZE;
	/* What lies behind their structure is not ours to read. */
	options.latency_mode = (enum eb_latency_mode)99;
	engine = tiny_engine(&tiny, &options);
	now = tiny_run(engine, 5);
	memset(&theirs, 0xa5, sizeof(theirs));
	theirs.result.size = EB_RESULT_FIRST_SIZE;
	assert_int_equal(eb_engine_run_tokens(engine, (const uint32_t[]){ 1, 5, 2 }, 3,
					      &theirs.result), EB_OK);
	assert_int_equal(theirs.result.size, EB_RESULT_FIRST_SIZE);
	assert_int_equal(theirs.result.token_count, 3);
	assert_int_equal(theirs.result.class_count, now.class_count);
	for (size_t i = EB_RESULT_FIRST_SIZE; i < sizeof(theirs); i++)
		assert_int_equal(((uint8_t *)&theirs)[i], 0xa5);
	theirs.result.size = EB_RESULT_FIRST_SIZE - 1;
	assert_int_equal(eb_engine_run_tokens(engine, (const uint32_t[]){ 1, 5, 2 }, 3,
					      &theirs.result), EB_INVALID_ARGUMENT);
	eb_engine_unref(engine);
}

static void callers_of_a_later_release_get_zeros(void **state)
{
	struct {
		struct eb_result result;
		uint8_t later[40];
	} theirs;
	struct {
		struct eb_engine_options options;
		uint8_t later[16];
	} wanted = { .options = tiny_options(EB_POLICY_LATENCY, 200) };
	struct eb_engine *engine = NULL;

	(void)state;
	wanted.options.size = sizeof(wanted);
	wanted.later[3] = 1;
	assert_int_equal(eb_engine_create(tiny.device, tiny.model, &wanted.options, &engine),
			 EB_INVALID_ARGUMENT);
	wanted.later[3] = 0;
	engine = tiny_engine(&tiny, &wanted.options);
	memset(&theirs, 0xa5, sizeof(theirs));
	theirs.result.size = sizeof(theirs);
	assert_int_equal(eb_engine_run_tokens(engine, (const uint32_t[]){ 1, 5, 2 }, 3,
					      &theirs.result), EB_OK);
	assert_int_equal(theirs.result.size, sizeof(theirs));
	assert_int_equal(theirs.result.jobs, 1);
	for (size_t i = 0; i < sizeof(theirs.later); i++)
		assert_int_equal(theirs.later[i], 0);
	eb_engine_unref(engine);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_modes_give_the_same_answers),
		cmocka_unit_test(automatic_is_one_job_unless_only_two_can_do_it),
		cmocka_unit_test(one_job_is_refused_where_it_can_not_be),
		cmocka_unit_test(options_of_other_policies_are_refused),
		cmocka_unit_test(unreachable_sentences_are_reported_or_refused),
		cmocka_unit_test(end_to_end_counts_time_in_queues),
		cmocka_unit_test(callers_of_the_first_release_are_served),
		cmocka_unit_test(callers_of_a_later_release_get_zeros),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, tiny_setup, tiny_teardown);
}
