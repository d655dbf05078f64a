// SPDX-License-Identifier: MIT
/*
 * The accel backend over an in-process driver: the same bytes as the reference backend,
 * every failure told apart, nothing left behind.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/backend.h"
#include "lib/device.h"
#include "tests/unit/lib/fake_driver.h"
#include "tests/unit/lib/tiny_engine.h"

#define SENTENCES 25

static struct fake_driver driver;
static struct eb_device *reference;

static enum eb_status open_device(struct eb_device **ret_device)
{
	struct eb_backend_device *backend;
	enum eb_status status =
		eb_backend_accel_create("/dev/accel/accel7", &driver.system, &backend);

	return status ? status : eb_device_create(backend, ret_device);
}

static int setup(void **state)
{
	(void)state;
	tiny_open(&tiny, NULL);
	reference = tiny.device;
	tiny.device = NULL;
	fake_driver_open(&driver);
	assert_int_equal(open_device(&tiny.device), EB_OK);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	tiny_close(&tiny);
	reference = eb_device_unref(reference);
	fake_driver_close(&driver);
	return 0;
}

static struct eb_engine *reference_engine(const struct eb_engine_options *options)
{
	struct eb_engine *engine;

	assert_int_equal(eb_engine_create(reference, tiny.model, options, &engine), EB_OK);
	return engine;
}

static enum eb_status try_run(struct eb_engine *engine)
{
	struct eb_result result = { .size = sizeof(result), .label = 77 };
	enum eb_status status = eb_engine_run(engine, "aa ba ca", 8, &result);

	if (status)
		assert_int_equal(result.label, 77);
	return status;
}

static struct eb_engine *full_engine(void)
{
	const struct eb_engine_options options = tiny_options(EB_POLICY_FULL, 0);

	return tiny_engine(&tiny, &options);
}

/* ---- what works ---- */

static void accel_and_reference_give_the_same_bytes(void **state)
{
	const struct eb_engine_options options[] = {
		tiny_options(EB_POLICY_FULL, 0), tiny_options(EB_POLICY_ENTROPY, 0),
		tiny_options(EB_POLICY_LATENCY, 60), tiny_options(EB_POLICY_LATENCY, 400),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		struct eb_engine *accel = tiny_engine(&tiny, &options[i]);
		struct eb_engine *other = reference_engine(&options[i]);

		for (uint32_t number = 0; number < SENTENCES; number++) {
			struct eb_result one = tiny_run(accel, number);
			struct eb_result two = tiny_run(other, number);

			tiny_assert_same(&one, &two);
		}
		eb_engine_unref(accel);
		eb_engine_unref(other);
	}
}

static void device_describes_itself(void **state)
{
	struct eb_device_info info = { .size = sizeof(info) }, other = { .size = sizeof(other) };
	struct eb_device_counters counters = { .size = sizeof(counters) };
	struct eb_engine *engine = full_engine();

	(void)state;
	assert_int_equal(eb_device_get_info(tiny.device, &info), EB_OK);
	assert_int_equal(eb_device_get_info(reference, &other), EB_OK);
	assert_int_equal(info.backend, EB_BACKEND_ACCEL);
	assert_string_equal(info.path, "/dev/accel/accel7");
	assert_string_equal(info.driver_name, "edgebert");
	assert_string_equal(info.driver_version, "1.2.3");
	assert_string_equal(info.profile, other.profile);
	/* The reference has no ring in which jobs could wait. */
	assert_int_equal(info.capabilities, other.capabilities | EDGEBERT_HW_CAP_QUEUE_TIME);
	assert_int_equal(info.data_buffer_bytes, other.data_buffer_bytes);
	assert_int_equal(info.envm_bytes, other.envm_bytes);
	assert_memory_equal(info.operating_points, other.operating_points,
			    sizeof(info.operating_points));
	assert_int_equal(try_run(engine), EB_OK);
	assert_int_equal(eb_device_get_counters(tiny.device, &counters), EB_OK);
	assert_int_equal(counters.jobs, 1);
	assert_true(counters.cycles > 0);
	eb_engine_unref(engine);
}

static void interrupted_calls_are_restarted(void **state)
{
	struct eb_engine *engine = full_engine();
	struct eb_result before = tiny_run(engine, 3), after;

	(void)state;
	eb_engine_unref(engine);
	driver.interruptions = 3;
	engine = full_engine();
	after = tiny_run(engine, 3);
	tiny_assert_same(&before, &after);
	eb_engine_unref(engine);
	driver.interruptions = 0;
}

static void weights_are_uploaded_once_per_model(void **state)
{
	struct eb_engine *one = full_engine(), *two = full_engine();
	uint32_t uploads = driver.read_only_buffers_made;

	(void)state;
	/* Weights, commands and tables. */
	assert_int_equal(uploads, 3);
	eb_engine_unref(one);
	one = full_engine();
	assert_int_equal(driver.read_only_buffers_made, uploads);
	eb_engine_unref(one);
	eb_engine_unref(two);
	eb_engine_unref(full_engine());
	assert_int_equal(driver.read_only_buffers_made, 2 * uploads);
}

static void buffers_are_reused_between_sentences(void **state)
{
	struct eb_engine *engine = full_engine();
	uint32_t used = 0;

	(void)state;
	for (uint32_t i = 0; i < 100; i++)
		tiny_run(engine, i);
	for (uint32_t i = 0; i < FAKE_BUFFERS_MAX; i++)
		used += driver.buffers[i].address != 0;
	assert_int_equal(used, 6);
	eb_engine_unref(engine);
}

/* ---- opening ---- */

static void expect_open(enum eb_status status, const char *words)
{
	struct eb_device *device = (void *)1;
	enum eb_status got = open_device(&device);

	if (got != status || !strstr(eb_error_detail(), words))
		fail_msg("got %s \"%s\", expected %s with \"%s\"", eb_status_name(got),
			 eb_error_detail(), eb_status_name(status), words);
	assert_ptr_equal(device, (void *)1);
}

static void other_drivers_and_versions_are_refused(void **state)
{
	(void)state;
	driver.name = "ethosu";
	expect_open(EB_NO_DEVICE, "ethosu");
	driver.name = "a driver with a name that is longer than the room for it";
	expect_open(EB_NO_DEVICE, "not an EdgeBERT device node");
	driver.name = "edgebert";
	driver.version_major = 2;
	expect_open(EB_DRIVER_VERSION, "driver is version 2.2.3, this library (0.1.0) needs");
	assert_non_null(strstr(eb_error_detail(), "upgrade the library"));
	driver.version_major = 0;
	expect_open(EB_DRIVER_VERSION, "upgrade the driver");
	driver.version_major = 1;
	driver.hw_version = 2u << 16 | 5;
	expect_open(EB_DRIVER_VERSION, "hardware is version 2.5");
}

static void failures_while_opening_are_told_apart(void **state)
{
	(void)state;
	driver.failing_request = DRM_IOCTL_VERSION;
	driver.error = ENOTTY;
	expect_open(EB_NO_DEVICE, "ENOTTY");
	driver.error = ENODEV;
	expect_open(EB_DEVICE_LOST, "disappeared");
	driver.failing_request = DRM_IOCTL_EDGEBERT_DEV_QUERY;
	expect_open(EB_DEVICE_LOST, "disappeared");
	driver.failing_request = DRM_IOCTL_EDGEBERT_CONTEXT_CREATE;
	driver.error = EBUSY;
	expect_open(EB_BUSY, "address spaces");
	driver.error = ENOSPC;
	expect_open(EB_OUT_OF_MEMORY, "ENOSPC");
	driver.failing_request = 0;
	driver.open_error = ENXIO;
	expect_open(EB_NO_DEVICE, "ENXIO");
	driver.open_error = EMFILE;
	expect_open(EB_OUT_OF_MEMORY, "EMFILE");
	driver.open_error = EIO;
	expect_open(EB_NO_DEVICE, "EIO");
	driver.open_error = 0;
}

/* ---- running ---- */

struct failure {
	unsigned long request;
	int error;
	enum eb_status status;
	const char *words;
};

static const struct failure failures[] = {
	{ DRM_IOCTL_EDGEBERT_SUBMIT, ENODEV, EB_DEVICE_LOST, "disappeared" },
	{ DRM_IOCTL_EDGEBERT_SUBMIT, ENOMEM, EB_OUT_OF_MEMORY, "ENOMEM" },
	{ DRM_IOCTL_EDGEBERT_SUBMIT, EINVAL, EB_INTERNAL, "submitting a job: EINVAL" },
	{ DRM_IOCTL_EDGEBERT_JOB_RESULT, ENODEV, EB_DEVICE_LOST, "waiting" },
	{ DRM_IOCTL_EDGEBERT_JOB_RESULT, ENOENT, EB_INTERNAL, "ENOENT" },
};

static void failing_calls_are_told_apart(void **state)
{
	struct eb_engine *engine = full_engine();

	(void)state;
	for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
		driver.failing_request = failures[i].request;
		driver.error = failures[i].error;
		assert_int_equal(try_run(engine), failures[i].status);
		assert_non_null(strstr(eb_error_detail(), failures[i].words));
		assert_non_null(strstr(eb_error_detail(), "/dev/accel/accel7"));
		driver.failing_request = 0;
		assert_int_equal(try_run(engine), EB_OK);
	}
	eb_engine_unref(engine);
}

static void job_errors_are_told_apart(void **state)
{
	static const struct {
		int32_t error;
		uint32_t status;
		enum eb_status expected;
		const char *words;
	} rows[] = {
		{ -ENODEV, 0, EB_DEVICE_LOST, "disappeared" },
		{ -ETIMEDOUT, 0, EB_DEVICE_TIMEOUT, "no progress" },
		{ -ECANCELED, 0, EB_CANCELED, "cancelled" },
		{ -EIO, EDGEBERT_HW_BUS_ERROR, EB_DEVICE_FAULT, "BUS_ERROR" },
		{ -EIO, EDGEBERT_HW_OK, EB_DEVICE_FAULT, "DEVICE_ERROR" },
		{ -EIO, 999, EB_DEVICE_FAULT, "unknown (999)" },
		{ -EIO, EDGEBERT_HW_ABORTED, EB_CANCELED, "aborted" },
	};
	struct eb_engine *engine = full_engine();

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		driver.result_error = rows[i].error;
		driver.result_status = rows[i].status;
		assert_int_equal(try_run(engine), rows[i].expected);
		assert_non_null(strstr(eb_error_detail(), rows[i].words));
		driver.result_error = 0;
		assert_int_equal(try_run(engine), EB_OK);
	}
	eb_engine_unref(engine);
}

static void device_without_memory_is_an_error_at_upload_and_later(void **state)
{
	const struct eb_engine_options options = tiny_options(EB_POLICY_FULL, 0);
	struct eb_engine *engine;

	(void)state;
	driver.failing_request = DRM_IOCTL_EDGEBERT_BO_CREATE;
	driver.error = ENOMEM;
	assert_int_equal(eb_engine_create(tiny.device, tiny.model, &options, &engine),
			 EB_OUT_OF_MEMORY);
	driver.failing_request = DRM_IOCTL_EDGEBERT_BO_MMAP_OFFSET;
	driver.error = EINVAL;
	assert_int_equal(eb_engine_create(tiny.device, tiny.model, &options, &engine),
			 EB_INTERNAL);
	driver.failing_request = 0;
	engine = full_engine();
	driver.failing_request = DRM_IOCTL_EDGEBERT_BO_CREATE;
	driver.error = ENODEV;
	assert_int_equal(try_run(engine), EB_DEVICE_LOST);
	driver.failing_request = 0;
	assert_int_equal(try_run(engine), EB_OK);
	eb_engine_unref(engine);
}

static void waiting_goes_on_while_the_device_makes_progress(void **state)
{
	struct eb_engine *engine = full_engine();

	(void)state;
	driver.timeouts = 50;
	driver.progress = true;
	assert_int_equal(try_run(engine), EB_OK);
	assert_int_equal(driver.timeouts, 0);
	eb_engine_unref(engine);
}

static void stuck_device_times_out_and_its_buffers_are_not_reused(void **state)
{
	struct eb_engine *engine = full_engine();
	uint32_t scratch = 0;

	(void)state;
	assert_int_equal(try_run(engine), EB_OK);
	while (driver.buffers[scratch].flags)
		scratch++;
	driver.timeouts = 1000;
	assert_int_equal(try_run(engine), EB_DEVICE_TIMEOUT);
	assert_true(driver.timeouts > 900);
	assert_false(driver.buffers[scratch].used);
	driver.timeouts = 0;
	assert_int_equal(try_run(engine), EB_OK);
	eb_engine_unref(engine);
}

/* ---- many at once ---- */

#define THREADS 8

static void *run_some(void *opaque)
{
	struct eb_engine *engine = opaque;
	uintptr_t failed = 0;

	for (uint32_t i = 0; i < 10; i++)
		failed += try_run(engine) != EB_OK;
	return (void *)failed;
}

static void jobs_in_flight_stay_below_the_drivers_limit(void **state)
{
	struct eb_engine *engines[2] = { full_engine(), full_engine() };
	pthread_t threads[THREADS];

	(void)state;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, run_some, engines[i % 2]), 0);
	for (int i = 0; i < THREADS; i++) {
		void *failed;

		pthread_join(threads[i], &failed);
		assert_null(failed);
	}
	assert_in_range(driver.in_flight_most, 1, driver.jobs_in_flight_max);
	assert_int_equal(driver.telemetry.jobs, THREADS * 10);
	eb_engine_unref(engines[0]);
	eb_engine_unref(engines[1]);
}

/*
 * The driver keeps so many results.  A thread that is slow to fetch its own, while others
 * submit as many jobs as they can, still gets it.
 */
static void slow_reader_gets_its_result(void **state)
{
	struct eb_engine *engine = full_engine();
	pthread_t threads[THREADS];

	(void)state;
	driver.slow_result = 2;
	driver.slow_times = 300;
	driver.progress = true;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, run_some, engine), 0);
	for (int i = 0; i < THREADS; i++) {
		void *failed;

		pthread_join(threads[i], &failed);
		assert_null(failed);
	}
	assert_int_equal(driver.slow_times, 0);
	eb_engine_unref(engine);
}

/* ---- jobs that are stopped because of others ---- */

static void cancelled_sentences_are_run_again(void **state)
{
	struct eb_engine_statistics statistics = { .size = sizeof(statistics) };
	struct eb_engine *engine = full_engine();
	struct eb_result before = tiny_run(engine, 3), after;

	(void)state;
	driver.cancels = 5;
	after = tiny_run(engine, 3);
	tiny_assert_same(&before, &after);
	assert_int_equal(driver.cancels, 0);
	assert_int_equal(eb_engine_get_statistics(engine, &statistics), EB_OK);
	assert_int_equal(statistics.reruns, 5);
	assert_int_equal(statistics.sentences, 2);
	/* Not for ever. */
	driver.cancels = 1000;
	assert_int_equal(try_run(engine), EB_CANCELED);
	assert_true(driver.cancels > 900);
	driver.cancels = 0;
	eb_engine_unref(engine);
}

static void banned_context_is_replaced(void **state)
{
	struct eb_engine *engine = full_engine();
	struct eb_result before = tiny_run(engine, 3), after;

	(void)state;
	for (uint32_t round = 1; round < 4; round++) {
		driver.banned_context = 6 + driver.contexts_made;
		after = tiny_run(engine, 3);
		tiny_assert_same(&before, &after);
		assert_int_equal(driver.contexts_made, 1 + round);
		/* The old one is not kept. */
		assert_int_equal(driver.contexts, 1);
	}
	driver.failing_request = DRM_IOCTL_EDGEBERT_SUBMIT;
	driver.error = EIO;
	assert_int_equal(try_run(engine), EB_INTERNAL);
	driver.failing_request = 0;
	driver.banned_context = 6 + driver.contexts_made;
	driver.failing_request = DRM_IOCTL_EDGEBERT_CONTEXT_CREATE;
	driver.error = ENOMEM;
	assert_int_equal(try_run(engine), EB_OUT_OF_MEMORY);
	driver.failing_request = 0;
	assert_int_equal(try_run(engine), EB_OK);
	eb_engine_unref(engine);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(accel_and_reference_give_the_same_bytes),
		TEST(device_describes_itself),
		TEST(interrupted_calls_are_restarted),
		TEST(weights_are_uploaded_once_per_model),
		TEST(buffers_are_reused_between_sentences),
		TEST(other_drivers_and_versions_are_refused),
		TEST(failures_while_opening_are_told_apart),
		TEST(failing_calls_are_told_apart),
		TEST(job_errors_are_told_apart),
		TEST(device_without_memory_is_an_error_at_upload_and_later),
		TEST(waiting_goes_on_while_the_device_makes_progress),
		TEST(stuck_device_times_out_and_its_buffers_are_not_reused),
		TEST(cancelled_sentences_are_run_again),
		TEST(banned_context_is_replaced),
		TEST(slow_reader_gets_its_result),
		TEST(jobs_in_flight_stay_below_the_drivers_limit),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
