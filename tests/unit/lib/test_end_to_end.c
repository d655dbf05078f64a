// SPDX-License-Identifier: MIT
/*
 * Targets that include the time in queues, over an in-process driver in which jobs are said to
 * have waited: who decides knows of it, in one job as in two.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/engine.h"
#include "tests/unit/lib/fake_driver.h"
#include "tests/unit/lib/tiny_engine.h"

#define SENTENCES 40
#define HIGHEST 15
/* So much that what a slow host needs for a sentence does not matter. */
#define TARGET_US 10000000u
#define TARGET_NS (TARGET_US * 1000ull)

static struct fake_driver driver;

static int setup(void **state)
{
	(void)state;
	tiny_open(&tiny, NULL);
	eb_device_unref(tiny.device);
	fake_driver_open(&driver);
	tiny.device = fake_driver_device(&driver, "/dev/accel/accel7");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	tiny_close(&tiny);
	fake_driver_close(&driver);
	return 0;
}

static struct eb_engine *create(enum eb_latency_mode mode)
{
	struct eb_engine_options options = tiny_options(EB_POLICY_LATENCY, TARGET_US);

	options.latency_mode = mode;
	options.target_scope = EB_TARGET_END_TO_END;
	return tiny_engine(&tiny, &options);
}

/* Sentences beyond layer 1: their points, and how many missed the target. */
struct seen {
	uint32_t lowest, highest, missed;
};

static struct seen run_all(struct eb_engine *engine, uint64_t queue_ns)
{
	struct seen seen = { .lowest = HIGHEST };
	uint32_t beyond_first = 0;

	driver.queue_ns = queue_ns;
	for (uint32_t i = 0; i < SENTENCES; i++) {
		struct eb_result result = tiny_run(engine, i);

		assert_in_range(result.queue_ns, queue_ns, UINT64_MAX);
		if (result.predicted_layer == 1)
			continue;
		beyond_first++;
		seen.missed += result.deadline_missed != 0;
		if (result.operating_point < seen.lowest)
			seen.lowest = result.operating_point;
		if (result.operating_point > seen.highest)
			seen.highest = result.operating_point;
	}
	assert_in_range(beyond_first, SENTENCES / 4, SENTENCES);
	if (seen.missed)
		assert_int_equal(seen.missed, beyond_first);
	return seen;
}

/* Frugal while there is time, as fast as can be when it is gone before the job starts. */
static void one_job_knows_the_queue_before_it(void **state)
{
	struct eb_engine *engine = create(EB_LATENCY_ONE_JOB);
	struct seen seen = run_all(engine, 0);
	const uint32_t frugal = seen.highest;

	(void)state;
	assert_in_range(frugal, 1, HIGHEST - 1);
	assert_int_equal(seen.missed, 0);
	seen = run_all(engine, TARGET_NS / 10 * 6);
	assert_int_equal(seen.lowest, frugal);
	assert_int_equal(seen.highest, frugal);
	assert_int_equal(seen.missed, 0);
	seen = run_all(engine, 2 * TARGET_NS);
	assert_int_equal(seen.lowest, HIGHEST);
	assert_true(seen.missed > 0);
	eb_engine_unref(engine);
}

/* The second job is expected to wait as long as the first. */
static void two_jobs_expect_the_queue_again(void **state)
{
	struct eb_engine *engine = create(EB_LATENCY_TWO_JOBS);
	struct seen seen = run_all(engine, 0);
	const uint32_t frugal = seen.highest;

	(void)state;
	assert_in_range(frugal, 1, HIGHEST - 1);
	seen = run_all(engine, TARGET_NS / 10 * 4);
	assert_int_equal(seen.lowest, frugal);
	assert_int_equal(seen.highest, frugal);
	assert_int_equal(seen.missed, 0);
	seen = run_all(engine, TARGET_NS / 10 * 6);
	assert_int_equal(seen.lowest, HIGHEST);
	eb_engine_unref(engine);
}

static enum eb_latency_mode automatic(void)
{
	struct eb_engine *engine = create(EB_LATENCY_AUTOMATIC);
	enum eb_latency_mode mode = engine->place->settings.mode;

	eb_engine_unref(engine);
	return mode;
}

static void reopen(void)
{
	eb_device_unref(tiny.device);
	tiny.device = fake_driver_device(&driver, "/dev/accel/accel7");
}

static void automatic_is_who_knows_most(void **state)
{
	const struct eb_device_options reference = {
		.size = sizeof(reference), .backend = EB_BACKEND_REFERENCE,
	};

	(void)state;
	assert_int_equal(automatic(), EB_LATENCY_ONE_JOB);
	driver.capabilities &= ~EDGEBERT_HW_CAP_QUEUE_TIME;
	reopen();
	assert_int_equal(automatic(), EB_LATENCY_TWO_JOBS);
	driver.capabilities |= EDGEBERT_HW_CAP_QUEUE_TIME;
	driver.version_minor = 1;
	reopen();
	assert_int_equal(automatic(), EB_LATENCY_TWO_JOBS);
	eb_device_unref(tiny.device);
	assert_int_equal(eb_device_open(&reference, &tiny.device), EB_OK);
	assert_int_equal(automatic(), EB_LATENCY_ONE_JOB);
}

/* It is told what was spent when the job was submitted, and no more. */
static void older_driver_is_told_what_is_known(void **state)
{
	struct eb_engine *engine;
	struct seen seen;

	(void)state;
	driver.version_minor = 1;
	reopen();
	engine = create(EB_LATENCY_ONE_JOB);
	seen = run_all(engine, 2 * TARGET_NS);
	assert_in_range(seen.highest, 1, HIGHEST - 1);
	assert_true(seen.missed > 0);
	eb_engine_unref(engine);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(one_job_knows_the_queue_before_it),
		TEST(two_jobs_expect_the_queue_again),
		TEST(automatic_is_who_knows_most),
		TEST(older_driver_is_told_what_is_known),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
