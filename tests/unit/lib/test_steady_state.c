// SPDX-License-Identifier: MIT
/*
 * In the long run a sentence takes nothing from the system: no memory, mapping, descriptor or
 * thread.  Calls of the library are counted through the linker's --wrap.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "lib/engine.h"
#include "tests/unit/lib/fake_driver.h"
#include "tests/unit/lib/tiny_engine.h"

#define SENTENCES 40
#define BATCH 48

static atomic_uint taken;

#define WRAP(type, name, parameters, arguments) \
	type __real_##name parameters; \
	type __wrap_##name parameters; \
	type __wrap_##name parameters \
	{ \
		atomic_fetch_add(&taken, 1); \
		return __real_##name arguments; \
	}

WRAP(void *, malloc, (size_t size), (size))
WRAP(void *, calloc, (size_t count, size_t size), (count, size))
WRAP(void *, realloc, (void *old, size_t size), (old, size))
WRAP(void *, aligned_alloc, (size_t alignment, size_t size), (alignment, size))
WRAP(char *, strdup, (const char *text), (text))
WRAP(void *, mmap, (void *address, size_t size, int protection, int flags, int fd, off_t offset),
     (address, size, protection, flags, fd, offset))
WRAP(int, eventfd, (unsigned int value, int flags), (value, flags))
WRAP(int, pthread_create, (pthread_t *thread, const pthread_attr_t *attributes,
			   void *(*start)(void *), void *opaque),
     (thread, attributes, start, opaque))

static struct fake_driver driver;

static int setup_driver(void **state)
{
	tiny_setup(state);
	eb_device_unref(tiny.device);
	fake_driver_open(&driver);
	tiny.device = fake_driver_device(&driver, "/dev/accel/accel7");
	return 0;
}

static int teardown_driver(void **state)
{
	tiny_teardown(state);
	fake_driver_close(&driver);
	return 0;
}

static void run_all(struct eb_engine *engine)
{
	for (uint32_t i = 0; i < SENTENCES; i++)
		tiny_run(engine, i);
}

static void counting_counts(void **state)
{
	struct eb_engine_options options = tiny_options(EB_POLICY_FULL, 0);
	uint32_t before = atomic_load(&taken);
	struct eb_engine *engine = tiny_engine(&tiny, &options);

	(void)state;
	assert_true(atomic_load(&taken) > before);
	before = atomic_load(&taken);
	tiny_run(engine, 0);
	/* Its buffers, the first time. */
	assert_true(atomic_load(&taken) > before);
	eb_engine_unref(engine);
}

static void running_takes_nothing(void **state)
{
	(void)state;
	for (int policy = EB_POLICY_FULL; policy <= EB_POLICY_LATENCY; policy++) {
		for (int mode = 0; mode <= EB_LATENCY_ONE_JOB; mode++) {
			const bool latency = policy == EB_POLICY_LATENCY;
			struct eb_engine_options options =
				tiny_options((enum eb_policy)policy, latency ? 150 : 0);
			struct eb_engine *engine;
			uint32_t before;

			options.latency_mode = latency ? (enum eb_latency_mode)mode : 0;
			engine = tiny_engine(&tiny, &options);
			run_all(engine);
			before = atomic_load(&taken);
			run_all(engine);
			assert_int_equal(atomic_load(&taken), before);
			eb_engine_unref(engine);
		}
	}
}

/* As many at once as there are threads for, and each text in its turn. */
static void submit_all(struct eb_engine *engine)
{
	struct eb_request *requests[BATCH];

	for (uint32_t i = 0; i < BATCH; i++) {
		char text[256];

		tiny_model_text(i, text, sizeof(text));
		assert_int_equal(eb_engine_submit(engine, text, strlen(text), &requests[i]), EB_OK);
	}
	for (uint32_t i = 0; i < BATCH; i++) {
		struct eb_result result = { .size = sizeof(result) };
		enum eb_status outcome = EB_INTERNAL;
		int done = 0;

		assert_int_equal(eb_request_wait(requests[i], -1, &done, &outcome, &result), EB_OK);
		assert_int_equal(outcome, EB_OK);
		eb_request_unref(requests[i]);
	}
}

static void submitting_takes_nothing(void **state)
{
	const struct eb_engine_options options = tiny_options(EB_POLICY_LATENCY, 150);
	struct eb_engine *engine = tiny_engine(&tiny, &options);
	const uint32_t lanes = engine->place->device->backend->parallel_jobs;
	struct eb_lane *taken_lanes[FAKE_IN_FLIGHT_MAX];
	struct eb_request *requests[BATCH];
	struct eb_batch_text texts[BATCH] = { 0 };
	uint32_t before;

	(void)state;
	/* All buffers, threads and requests that there will ever be. */
	assert_in_range(lanes, 1, FAKE_IN_FLIGHT_MAX);
	for (uint32_t i = 0; i < lanes; i++)
		assert_int_equal(eb_resident_model_take_lane(engine->place->resident,
							     &taken_lanes[i]), EB_OK);
	for (uint32_t i = 0; i < lanes; i++)
		eb_resident_model_return_lane(engine->place->resident, taken_lanes[i], true);
	for (uint32_t i = 0; i < BATCH; i++)
		texts[i] = (struct eb_batch_text){ .text = "aa ba ca", .size = 8 };
	assert_int_equal(eb_engine_submit_batch(engine, texts, BATCH, requests), EB_OK);
	for (uint32_t i = 0; i < BATCH; i++)
		eb_request_unref(requests[i]);
	submit_all(engine);
	before = atomic_load(&taken);
	submit_all(engine);
	submit_all(engine);
	assert_int_equal(atomic_load(&taken), before);
	eb_engine_unref(engine);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(counting_counts, tiny_setup, tiny_teardown),
		cmocka_unit_test_setup_teardown(running_takes_nothing, tiny_setup, tiny_teardown),
		cmocka_unit_test_setup_teardown(running_takes_nothing, setup_driver,
						teardown_driver),
		cmocka_unit_test_setup_teardown(submitting_takes_nothing, setup_driver,
						teardown_driver),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
