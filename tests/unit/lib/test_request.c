// SPDX-License-Identifier: MIT
/* Asynchronous requests: results, descriptors, waiting, letting go, many at once. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/engine.h"
#include "tests/unit/lib/tiny_engine.h"

#define MANY 60
/* Jobs at once, more than any machine has processors for. */
#define PARALLEL_MAX 1024

static struct eb_engine *engine;

static int setup(void **state)
{
	const struct eb_engine_options options = tiny_options(EB_POLICY_LATENCY, 200);

	(void)state;
	tiny_open(&tiny, NULL);
	engine = tiny_engine(&tiny, &options);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	engine = eb_engine_unref(engine);
	tiny_close(&tiny);
	return 0;
}

static struct eb_request *submit(uint32_t number)
{
	struct eb_request *request;
	char text[256];

	tiny_model_text(number, text, sizeof(text));
	assert_int_equal(eb_engine_submit(engine, text, strlen(text), &request), EB_OK);
	/* The text was copied. */
	memset(text, 0xff, sizeof(text));
	return request;
}

static struct eb_result wait_for(struct eb_request *request)
{
	struct eb_result result = { .size = sizeof(result) };
	enum eb_status outcome = EB_INTERNAL;
	int done = 0;

	assert_int_equal(eb_request_wait(request, -1, &done, &outcome, &result), EB_OK);
	assert_int_equal(done, 1);
	assert_int_equal(outcome, EB_OK);
	return result;
}

static void requests_give_what_run_gives(void **state)
{
	struct eb_request *requests[MANY];

	(void)state;
	for (uint32_t i = 0; i < MANY; i++)
		requests[i] = submit(i);
	for (uint32_t i = 0; i < MANY; i++) {
		struct eb_result result = wait_for(requests[i]), expected = tiny_run(engine, i);

		tiny_assert_same(&result, &expected);
		assert_true(result.host_ns > 0);
		assert_null(eb_request_unref(requests[i]));
	}
}

static void descriptor_becomes_readable_and_stays_so(void **state)
{
	struct eb_request *request = submit(1);
	struct pollfd poller = { .fd = eb_request_fd(request), .events = POLLIN };

	(void)state;
	assert_true(poller.fd >= 0);
	assert_int_equal(poll(&poller, 1, 20000), 1);
	assert_true(poller.revents & POLLIN);
	wait_for(request);
	wait_for(request);	/* as often as one likes */
	assert_int_equal(poll(&poller, 1, 0), 1);
	eb_request_unref(request);
	assert_int_equal(eb_request_fd(NULL), -1);
}

static void waiting_has_a_limit(void **state)
{
	const uint32_t lanes = engine->place->device->backend->parallel_jobs;
	struct eb_lane *taken[PARALLEL_MAX];
	struct eb_result result = { .size = sizeof(result), .label = 77 };
	enum eb_status outcome = EB_INTERNAL;
	struct eb_request *request;
	int done = -1;

	(void)state;
	/* Without a lane to run in, no request can end. */
	assert_in_range(lanes, 1, PARALLEL_MAX);
	for (uint32_t i = 0; i < lanes; i++)
		assert_int_equal(eb_resident_model_take_lane(engine->place->resident, &taken[i]), EB_OK);
	request = submit(0);
	assert_int_equal(eb_request_wait(request, 0, &done, &outcome, &result), EB_OK);
	assert_int_equal(done, 0);
	done = -1;
	assert_int_equal(eb_request_wait(request, 1000000, &done, &outcome, &result), EB_OK);
	assert_int_equal(done, 0);
	assert_int_equal(result.label, 77);
	for (uint32_t i = 0; i < lanes; i++)
		eb_resident_model_return_lane(engine->place->resident, taken[i], true);
	while (!done)
		assert_int_equal(eb_request_wait(request, 1000000, &done, &outcome, &result),
				 EB_OK);
	assert_int_equal(outcome, EB_OK);
	assert_in_range(result.label, 0, TINY_CLASSES - 1);
	eb_request_unref(request);
}

static void failure_of_the_request_is_not_failure_of_waiting(void **state)
{
	struct eb_result result = { .size = sizeof(result), .label = 77 };
	enum eb_status outcome = EB_OK;
	struct eb_request *request;
	int done = 0;

	(void)state;
	assert_int_equal(eb_engine_submit(engine, "a\xff", 2, &request), EB_OK);
	assert_int_equal(eb_request_wait(request, -1, &done, &outcome, &result), EB_OK);
	assert_int_equal(done, 1);
	assert_int_equal(outcome, EB_TEXT_INVALID);
	/* The detail came over from the thread that met it. */
	assert_non_null(strstr(eb_error_detail(), "UTF-8"));
	assert_int_equal(result.label, 77);
	eb_request_unref(request);
}

static void arguments_are_checked(void **state)
{
	struct eb_result result = { .size = 3 };
	struct eb_request *request = NULL;
	enum eb_status outcome;
	int done;

	(void)state;
	assert_int_equal(eb_engine_submit(NULL, "a", 1, &request), EB_INVALID_ARGUMENT);
	assert_int_equal(eb_engine_submit(engine, NULL, 1, &request), EB_INVALID_ARGUMENT);
	assert_int_equal(eb_engine_submit(engine, "a", 1, NULL), EB_INVALID_ARGUMENT);
	assert_null(request);
	request = submit(0);
	assert_int_equal(eb_request_wait(request, -1, &done, &outcome, &result),
			 EB_INVALID_ARGUMENT);
	result.size = sizeof(result);
	assert_int_equal(eb_request_wait(NULL, -1, &done, &outcome, &result),
			 EB_INVALID_ARGUMENT);
	assert_int_equal(eb_request_wait(request, -1, NULL, &outcome, &result),
			 EB_INVALID_ARGUMENT);
	assert_int_equal(eb_request_wait(request, -1, &done, NULL, &result),
			 EB_INVALID_ARGUMENT);
	eb_request_unref(request);
	assert_null(eb_request_unref(NULL));
}

static void requests_may_be_let_go_at_any_time(void **state)
{
	struct eb_request *requests[MANY];

	(void)state;
	for (uint32_t i = 0; i < MANY; i++)
		requests[i] = submit(i);
	/* From both ends: some run, most still queue. */
	for (uint32_t i = 0; i < MANY / 2; i++) {
		eb_request_unref(requests[i]);
		eb_request_unref(requests[MANY - 1 - i]);
	}
	tiny_run(engine, 0);
}

static void request_keeps_its_engine(void **state)
{
	struct eb_request *request = submit(4);
	struct eb_result expected = tiny_run(engine, 4), result;

	(void)state;
	engine = eb_engine_unref(engine);
	result = wait_for(request);
	tiny_assert_same(&result, &expected);
	eb_request_unref(request);
}

static void the_queue_is_bounded(void **state)
{
	const size_t most = 20000;
	struct eb_request **requests = calloc(most, sizeof(*requests));
	enum eb_status status = EB_OK;
	size_t count = 0;

	(void)state;
	while (count < most && !status) {
		status = eb_engine_submit(engine, "aa ba ca da ea fa ga ab bb cb db eb", 35,
					  &requests[count]);
		count += !status;
	}
	/* The descriptors may run out first; either way it is said and nothing breaks. */
	assert_true(status == EB_BUSY || status == EB_OUT_OF_MEMORY);
	assert_true(strlen(eb_error_detail()) > 10);
	while (count)
		eb_request_unref(requests[--count]);
	free(requests);
	tiny_run(engine, 0);
}

/* ---- submitting from several threads ---- */

#define THREADS 4

static void *submit_and_wait(void *opaque)
{
	uint32_t *failed = opaque;

	for (uint32_t i = 0; i < 20; i++) {
		struct eb_result result = { .size = sizeof(result) };
		enum eb_status outcome = EB_INTERNAL;
		struct eb_request *request;
		char text[256];
		int done = 0;

		tiny_model_text(i, text, sizeof(text));
		if (eb_engine_submit(engine, text, strlen(text), &request)) {
			(*failed)++;
			continue;
		}
		if (i % 4 == 3) {
			eb_request_unref(request);
			continue;
		}
		if (eb_request_wait(request, -1, &done, &outcome, &result) || outcome || !done)
			(*failed)++;
		eb_request_unref(request);
	}
	return NULL;
}

static void several_threads_submit_to_one_engine(void **state)
{
	uint32_t failed[THREADS] = { 0 };
	pthread_t threads[THREADS];

	(void)state;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, submit_and_wait, &failed[i]),
				 0);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(failed[i], 0);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(requests_give_what_run_gives),
		TEST(descriptor_becomes_readable_and_stays_so),
		TEST(waiting_has_a_limit),
		TEST(failure_of_the_request_is_not_failure_of_waiting),
		TEST(arguments_are_checked),
		TEST(requests_may_be_let_go_at_any_time),
		TEST(request_keeps_its_engine),
		TEST(the_queue_is_bounded),
		TEST(several_threads_submit_to_one_engine),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
