// SPDX-License-Identifier: MIT
/*
 * Jobs of many sentences with one driver: gathered into few calls, the device never without
 * the next one, each sentence succeeding or failing by itself.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "lib/engine.h"
#include "tests/unit/lib/fake_driver.h"
#include "tests/unit/lib/tiny_engine.h"

/* As many as an engine has with a device at once, and as many as it should always have. */
#define IN_FLIGHT 16
#define ENOUGH 8
#define MANY 96

static struct fake_driver driver;
static struct eb_result expected[2][MANY];	/* by policy */

static const enum eb_policy policies[2] = { EB_POLICY_FULL, EB_POLICY_LATENCY };

static struct eb_engine *create(enum eb_policy policy)
{
	struct eb_engine_options options =
		tiny_options(policy, policy == EB_POLICY_LATENCY ? 200 : 0);

	if (policy == EB_POLICY_LATENCY)
		options.latency_mode = EB_LATENCY_TWO_JOBS;
	return tiny_engine(&tiny, &options);
}

static int setup(void **state)
{
	(void)state;
	tiny_open(&tiny, NULL);
	for (size_t p = 0; p < 2; p++) {
		struct eb_engine *engine = create(policies[p]);

		for (uint32_t i = 0; i < MANY; i++)
			expected[p][i] = tiny_run(engine, i);
		eb_engine_unref(engine);
	}
	eb_device_unref(tiny.device);
	fake_driver_open(&driver);
	driver.jobs_in_flight_max = IN_FLIGHT;
	driver.progress = true;
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

/* ---- sentences that come together ---- */

/* Sentences that have come to the backend; its own way to run them is behind this one. */
static atomic_uint arrived;
static const struct eb_backend_ops *backend_ops;

static enum eb_status counting_run(struct eb_backend_device *device, const struct eb_job *job,
				   struct eb_job_result *result)
{
	atomic_fetch_add(&arrived, 1);
	return backend_ops->run(device, job, result);
}

static void pause_ms(long milliseconds)
{
	const struct timespec time = { .tv_nsec = milliseconds * 1000000 };

	nanosleep(&time, NULL);
}

static void withhold(bool withholds)
{
	pthread_mutex_lock(&driver.lock);
	driver.withholds = withholds;
	pthread_mutex_unlock(&driver.lock);
}

/* Submits; no result is given out before as many as can have come to the backend. */
static void submit_at_once(struct eb_engine *engine, struct eb_request **requests)
{
	struct eb_backend_device *backend = tiny.device->backend;
	struct eb_batch_text texts[MANY] = { 0 };
	static char text[MANY][256];
	struct eb_backend_ops ops;

	backend_ops = backend->ops;
	ops = *backend_ops;
	ops.run = counting_run;
	backend->ops = &ops;
	atomic_store(&arrived, 0);
	withhold(true);
	for (uint32_t i = 0; i < MANY; i++) {
		tiny_model_text(i, text[i], sizeof(text[i]));
		texts[i] = (struct eb_batch_text){ .text = text[i], .size = strlen(text[i]) };
	}
	assert_int_equal(eb_engine_submit_batch(engine, texts, MANY, requests), EB_OK);
	while (atomic_load(&arrived) < IN_FLIGHT)
		pause_ms(1);
	/* From there to where they wait to be gathered it is not far. */
	pause_ms(100);
	withhold(false);
	for (uint32_t i = 0; i < MANY; i++) {
		struct eb_result result = { .size = sizeof(result) };
		enum eb_status outcome;
		int done;

		assert_int_equal(eb_request_wait(requests[i], -1, &done, &outcome, &result), EB_OK);
	}
	backend->ops = backend_ops;
}

/* Ends a request; its result must be the expected one when it has any. */
static enum eb_status take(struct eb_request *request, const struct eb_result *wanted)
{
	struct eb_result result = { .size = sizeof(result) };
	enum eb_status outcome = EB_INTERNAL;
	int done = 0;

	assert_int_equal(eb_request_wait(request, -1, &done, &outcome, &result), EB_OK);
	assert_int_equal(done, 1);
	if (!outcome)
		tiny_assert_same(&result, wanted);
	eb_request_unref(request);
	return outcome;
}

static void jobs_are_gathered_into_few_calls(void **state)
{
	struct eb_request *requests[MANY];

	(void)state;
	for (size_t p = 0; p < 2; p++) {
		struct eb_engine *engine = create(policies[p]);
		uint64_t jobs = driver.submitted;
		uint32_t calls = driver.submits;

		driver.largest_submit = 0;
		submit_at_once(engine, requests);
		jobs = driver.submitted - jobs;
		calls = driver.submits - calls;
		for (uint32_t i = 0; i < MANY; i++)
			assert_int_equal(take(requests[i], &expected[p][i]), EB_OK);
		if (policies[p] == EB_POLICY_FULL)
			assert_int_equal(jobs, MANY);
		else
			assert_true(jobs > MANY);
		/* What came while eight were with the driver went there together. */
		assert_in_range(driver.largest_submit, 2, IN_FLIGHT - 1);
		assert_true(calls < jobs);
		eb_engine_unref(engine);
	}
}

/*
 * The device always has the next job while it is at one: no result is given out before enough
 * jobs are with the driver, under each policy.
 */
static void batches_keep_several_jobs_with_the_device(void **state)
{
	struct eb_batch_text texts[24] = { 0 };
	struct eb_request *requests[24];

	(void)state;
	for (size_t i = 0; i < 24; i++)
		texts[i] = (struct eb_batch_text){ .text = "aa ba ca", .size = 8 };
	for (size_t p = 0; p < 2; p++) {
		struct eb_engine *engine = create(policies[p]);

		driver.in_flight_most = driver.in_flight;
		driver.withheld_until = ENOUGH;
		driver.withheld_times = 10000000;
		assert_int_equal(eb_engine_submit_batch(engine, texts, 24, requests), EB_OK);
		for (size_t i = 0; i < 24; i++) {
			struct eb_result result = { .size = sizeof(result) };
			enum eb_status outcome = EB_INTERNAL;
			int done;

			assert_int_equal(eb_request_wait(requests[i], -1, &done, &outcome,
							 &result), EB_OK);
			assert_int_equal(outcome, EB_OK);
			eb_request_unref(requests[i]);
		}
		assert_in_range(driver.in_flight_most, ENOUGH, IN_FLIGHT);
		eb_engine_unref(engine);
	}
}

static void lone_sentence_is_not_held_back(void **state)
{
	struct eb_engine *engine = create(EB_POLICY_FULL);

	(void)state;
	for (uint32_t i = 0; i < 5; i++)
		tiny_run(engine, i);
	assert_int_equal(driver.submits, 5);
	assert_int_equal(driver.largest_submit, 1);
	eb_engine_unref(engine);
}

/* A driver that takes three jobs in a call, as its limits say, is given no more. */
static void limit_of_a_call_is_kept(void **state)
{
	struct eb_request *requests[MANY];
	struct eb_engine *engine;

	(void)state;
	eb_device_unref(tiny.device);
	driver.jobs_per_submit_max = 3;
	tiny.device = fake_driver_device(&driver, "/dev/accel/accel7");
	engine = create(EB_POLICY_FULL);
	submit_at_once(engine, requests);
	for (uint32_t i = 0; i < MANY; i++)
		assert_int_equal(take(requests[i], &expected[0][i]), EB_OK);
	assert_in_range(driver.largest_submit, 2, 3);
	eb_engine_unref(engine);
}

/* ---- failures of some of them ---- */

static void refused_job_fails_alone(void **state)
{
	struct eb_engine *engine = create(EB_POLICY_FULL);
	const uint32_t bad_tokens = expected[0][11].token_count;
	struct eb_request *requests[MANY];
	uint32_t refused = 0;

	(void)state;
	driver.refused_tokens = bad_tokens;
	submit_at_once(engine, requests);
	for (uint32_t i = 0; i < MANY; i++) {
		enum eb_status outcome = take(requests[i], &expected[0][i]);
		bool bad = expected[0][i].token_count == bad_tokens;

		assert_int_equal(outcome, bad ? EB_INTERNAL : EB_OK);
		if (bad)
			assert_non_null(strstr(eb_error_detail(), "submitting a job: E2BIG"));
		refused += bad;
	}
	assert_in_range(refused, 1, MANY / 2);
	assert_true(driver.largest_submit > 1);
	eb_engine_unref(engine);
}

static void gathered_jobs_go_on_in_a_new_context(void **state)
{
	struct eb_engine *engine = create(EB_POLICY_LATENCY);
	struct eb_request *requests[MANY];
	uint32_t made;

	(void)state;
	tiny_run(engine, 0);
	made = driver.contexts_made;
	driver.banned_context = 6 + made;
	submit_at_once(engine, requests);
	for (uint32_t i = 0; i < MANY; i++)
		assert_int_equal(take(requests[i], &expected[1][i]), EB_OK);
	/* One for all of them, and the banned one is gone. */
	assert_int_equal(driver.contexts_made, made + 1);
	assert_int_equal(driver.contexts, 1);
	eb_engine_unref(engine);
}

static void lost_device_ends_every_gathered_sentence(void **state)
{
	struct eb_engine *engine = create(EB_POLICY_FULL);
	struct eb_request *requests[MANY];
	uint32_t answered = 0;

	(void)state;
	driver.jobs_until_lost = 40;
	submit_at_once(engine, requests);
	for (uint32_t i = 0; i < MANY; i++) {
		enum eb_status outcome = take(requests[i], &expected[0][i]);

		if (outcome)
			assert_int_equal(outcome, EB_DEVICE_LOST);
		answered += !outcome;
	}
	assert_in_range(answered, 1, 39);
	driver.lost = false;	/* lets go of what is left */
	eb_engine_unref(engine);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(jobs_are_gathered_into_few_calls),
		TEST(batches_keep_several_jobs_with_the_device),
		TEST(lone_sentence_is_not_held_back),
		TEST(limit_of_a_call_is_kept),
		TEST(refused_job_fails_alone),
		TEST(gathered_jobs_go_on_in_a_new_context),
		TEST(lost_device_ends_every_gathered_sentence),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
