// SPDX-License-Identifier: MIT
/* Statistics of engines: percentiles against sorting, totals against the results. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/engine.h"
#include "tests/unit/lib/tiny_engine.h"

#define TIMES 5000
#define SENTENCES 40

static int ascending(const void *one, const void *other)
{
	const uint64_t a = *(const uint64_t *)one, b = *(const uint64_t *)other;

	return (a > b) - (a < b);
}

static void percentiles_are_close_upper_bounds(void **state)
{
	static const uint32_t wanted[] = { 1, 100, 500, 900, 990, 999, 1000 };
	static struct eb_times times;
	static uint64_t sorted[TIMES];
	uint64_t random = 1;

	(void)state;
	for (size_t i = 0; i < TIMES; i++) {
		random = random * 6364136223846793005ull + 1442695040888963407ull;
		/* Every size from nothing to minutes. */
		sorted[i] = (random >> 20) >> (8 + random % 36);
		eb_times_add(&times, sorted[i]);
	}
	qsort(sorted, TIMES, sizeof(sorted[0]), ascending);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		uint64_t exact = sorted[(TIMES * wanted[i] + 999) / 1000 - 1];
		uint64_t told = eb_times_percentile(&times, wanted[i]);

		assert_in_range(told, exact, exact + exact / EB_TIMES_STEPS);
	}
	assert_int_equal(eb_times_percentile(&times, 1000), sorted[TIMES - 1]);
}

static void times_beyond_all_buckets_are_kept(void **state)
{
	static struct eb_times times;

	(void)state;
	assert_int_equal(eb_times_percentile(&times, 500), 0);
	eb_times_add(&times, UINT64_MAX);
	assert_int_equal(times.largest, UINT64_MAX);
	assert_true(eb_times_percentile(&times, 990) > 1ull << 40);
	eb_times_add(&times, 0);
	assert_int_equal(eb_times_percentile(&times, 500), 0);
}

static void add(struct eb_engine_statistics *sum, const struct eb_result *result)
{
	sum->sentences++;
	sum->jobs += result->jobs;
	sum->transitions += result->transitions;
	sum->deadline_misses += (uint64_t)result->deadline_missed;
	sum->exits[result->exit_layer - 1]++;
	sum->predictions[result->predicted_layer - 1]++;
	sum->points[result->operating_point]++;
	sum->modelled_cycles += result->modelled_cycles;
	sum->modelled_energy_pj += result->modelled_energy_pj;
	sum->modelled_latency_ns += result->modelled_latency_ns;
	sum->queue_ns += result->queue_ns;
	sum->host_ns += result->host_ns;
	if (result->modelled_latency_ns > sum->modelled_latency_max_ns)
		sum->modelled_latency_max_ns = result->modelled_latency_ns;
}

static void totals_are_those_of_the_results(void **state)
{
	const struct eb_engine_options options = tiny_options(EB_POLICY_LATENCY, 60);
	struct eb_engine_statistics sum = { 0 }, told = { .size = sizeof(told) };
	struct eb_result result = { .size = sizeof(result) };
	struct eb_engine *engine;

	(void)state;
	tiny_open(&tiny, NULL);
	engine = tiny_engine(&tiny, &options);
	for (uint32_t i = 0; i < SENTENCES; i++) {
		struct eb_result one = tiny_run(engine, i);

		add(&sum, &one);
	}
	assert_int_equal(eb_engine_run(engine, "\xff", 1, &result), EB_TEXT_INVALID);
	assert_int_equal(eb_engine_run(engine, " ", 1, &result), EB_TEXT_EMPTY);
	assert_int_equal(eb_engine_get_statistics(engine, &told), EB_OK);
	assert_int_equal(told.failures, 2);
	assert_int_equal(told.sentences, SENTENCES);
	assert_int_equal(told.jobs, sum.jobs);
	assert_int_equal(told.transitions, sum.transitions);
	assert_int_equal(told.deadline_misses, sum.deadline_misses);
	assert_memory_equal(told.exits, sum.exits, sizeof(sum.exits));
	assert_memory_equal(told.predictions, sum.predictions, sizeof(sum.predictions));
	assert_memory_equal(told.points, sum.points, sizeof(sum.points));
	assert_int_equal(told.modelled_cycles, sum.modelled_cycles);
	assert_int_equal(told.modelled_energy_pj, sum.modelled_energy_pj);
	assert_int_equal(told.modelled_latency_ns, sum.modelled_latency_ns);
	assert_int_equal(told.modelled_latency_max_ns, sum.modelled_latency_max_ns);
	assert_int_equal(told.queue_ns, sum.queue_ns);
	assert_int_equal(told.host_ns, sum.host_ns);
	assert_true(told.modelled_latency_p50_ns <= told.modelled_latency_p90_ns &&
		    told.modelled_latency_p90_ns <= told.modelled_latency_p99_ns &&
		    told.modelled_latency_p99_ns <= told.modelled_latency_max_ns);
	assert_true(told.device_ns && told.device_ns < told.host_ns);
	assert_true(told.transitions && told.deadline_misses);
	eb_engine_unref(engine);
	tiny_close(&tiny);
}

static void arguments_are_checked(void **state)
{
	struct eb_engine_statistics told = { .size = 8 };
	const struct eb_engine_options options = tiny_options(EB_POLICY_FULL, 0);
	uint64_t latency_ns = 0, energy_pj = 0, shorter_ns = 0;
	struct eb_engine *engine;

	(void)state;
	tiny_open(&tiny, NULL);
	engine = tiny_engine(&tiny, &options);
	assert_int_equal(eb_engine_get_statistics(engine, &told), EB_INVALID_ARGUMENT);
	assert_int_equal(eb_engine_get_statistics(engine, NULL), EB_INVALID_ARGUMENT);
	assert_int_equal(eb_engine_get_statistics(NULL, &told), EB_INVALID_ARGUMENT);

	assert_int_equal(eb_engine_estimate(engine, 20, 1, 4, 0, &latency_ns, &energy_pj), EB_OK);
	assert_int_equal(eb_engine_estimate(engine, 20, 2, 3, 0, &shorter_ns, NULL), EB_OK);
	assert_true(shorter_ns && shorter_ns < latency_ns && energy_pj);
	assert_int_equal(eb_engine_estimate(engine, 20, 2, 3, 5, &latency_ns, &energy_pj), EB_OK);
	assert_true(latency_ns < shorter_ns);
	assert_int_equal(eb_engine_estimate(NULL, 20, 1, 4, 0, NULL, NULL), EB_INVALID_ARGUMENT);
	assert_int_equal(eb_engine_estimate(engine, 0, 1, 4, 0, NULL, NULL), EB_INVALID_ARGUMENT);
	assert_int_equal(eb_engine_estimate(engine, TINY_SEQUENCE_MAX + 1, 1, 4, 0, NULL, NULL),
			 EB_INVALID_ARGUMENT);
	assert_int_equal(eb_engine_estimate(engine, 20, 0, 4, 0, NULL, NULL), EB_INVALID_ARGUMENT);
	assert_int_equal(eb_engine_estimate(engine, 20, 3, 2, 0, NULL, NULL), EB_INVALID_ARGUMENT);
	assert_int_equal(eb_engine_estimate(engine, 20, 1, 5, 0, NULL, NULL), EB_INVALID_ARGUMENT);
	assert_int_equal(eb_engine_estimate(engine, 20, 1, 4, 16, NULL, NULL),
			 EB_INVALID_ARGUMENT);
	eb_engine_unref(engine);
	tiny_close(&tiny);
}

static void estimate_needs_a_cycle_table(void **state)
{
	const struct tiny_model_options lacking = { .without_cycles = true };
	const struct eb_engine_options options = tiny_options(EB_POLICY_FULL, 0);
	struct eb_engine *engine;

	(void)state;
	tiny_open(&tiny, &lacking);
	engine = tiny_engine(&tiny, &options);
	assert_int_equal(eb_engine_estimate(engine, 20, 1, 4, 0, NULL, NULL),
			 EB_MODEL_UNSUPPORTED);
	eb_engine_unref(engine);
	tiny_close(&tiny);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(percentiles_are_close_upper_bounds),
		cmocka_unit_test(times_beyond_all_buckets_are_kept),
		cmocka_unit_test(totals_are_those_of_the_results),
		cmocka_unit_test(arguments_are_checked),
		cmocka_unit_test(estimate_needs_a_cycle_table),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
