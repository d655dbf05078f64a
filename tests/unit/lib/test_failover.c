// SPDX-License-Identifier: MIT
/*
 * Devices that disappear while sentences are on them, over in-process drivers: work goes on
 * elsewhere or ends with an error, and no sentence is lost or answered twice.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/engine.h"
#include "lib/failover.h"
#include "tests/unit/lib/fake_driver.h"
#include "tests/unit/lib/tiny_engine.h"

#define DEVICES 3
#define MANY 120

static struct fake_driver drivers[DEVICES];
static struct eb_model *with_image;	/* the same, and needs an image in the eNVM */
static uint8_t *with_image_file;
static struct eb_result expected[MANY];
static uint32_t warnings, errors;
static char last_warning[512];

/* The first driver that can be opened. */
static enum eb_status find(void *opaque, struct eb_failover_search *search,
			   struct eb_backend_device **ret_backend)
{
	static const char *const paths[DEVICES] = {
		"/dev/accel/accel0", "/dev/accel/accel1", "/dev/accel/accel2",
	};

	(void)opaque;
	for (size_t i = 0; i < DEVICES; i++) {
		if (!eb_failover_try_node(search, paths[i], &drivers[i].system, ret_backend))
			return EB_OK;
	}
	return EB_DEVICE_LOST;
}

static const struct eb_failover failover = { .find = find };

static void listen(void *opaque, enum eb_log_level level, const char *message)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

	(void)opaque;
	pthread_mutex_lock(&lock);
	warnings += level == EB_LOG_WARNING;
	errors += level == EB_LOG_ERROR;
	if (level == EB_LOG_WARNING)
		strncpy(last_warning, message, sizeof(last_warning) - 1);
	pthread_mutex_unlock(&lock);
}

static int setup(void **state)
{
	struct eb_engine_options options = tiny_options(EB_POLICY_LATENCY, 200);
	const struct tiny_model_options needs_image = { .needs_image = true };
	struct eb_engine *engine;
	size_t size;

	(void)state;
	warnings = errors = 0;
	tiny_open(&tiny, NULL);
	engine = tiny_engine(&tiny, &options);
	for (uint32_t i = 0; i < MANY; i++)
		expected[i] = tiny_run(engine, i);
	eb_engine_unref(engine);
	eb_device_unref(tiny.device);
	with_image_file = tiny_model_build(&needs_image, &size);
	assert_int_equal(eb_model_open_memory(with_image_file, size, &with_image), EB_OK);
	for (size_t i = 0; i < DEVICES; i++)
		fake_driver_open(&drivers[i]);
	tiny.device = fake_driver_device(&drivers[0], "/dev/accel/accel0");
	tiny.device->log.write = listen;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (size_t i = 0; i < DEVICES; i++)
		drivers[i].lost = false;	/* lets go of what is left */
	tiny_close(&tiny);
	with_image = eb_model_unref(with_image);
	free(with_image_file);
	for (size_t i = 0; i < DEVICES; i++)
		fake_driver_close(&drivers[i]);
	return 0;
}

static struct eb_engine *create(bool with_failover)
{
	const struct eb_engine_options options = tiny_options(EB_POLICY_LATENCY, 200);

	tiny.device->failover = with_failover ? &failover : NULL;
	return tiny_engine(&tiny, &options);
}

static void lose(size_t device)
{
	pthread_mutex_lock(&drivers[device].lock);
	drivers[device].lost = true;
	pthread_mutex_unlock(&drivers[device].lock);
}

static const char *current_path(struct eb_device *device)
{
	static struct eb_device_info info;

	info.size = sizeof(info);
	assert_int_equal(eb_device_get_info(device, &info), EB_OK);
	return info.path;
}

static uint64_t failovers(struct eb_engine *engine)
{
	struct eb_engine_statistics statistics = { .size = sizeof(statistics) };

	assert_int_equal(eb_engine_get_statistics(engine, &statistics), EB_OK);
	return statistics.failovers;
}

static void sentence_is_run_again_on_the_next_device(void **state)
{
	struct eb_engine *engine = create(true);

	(void)state;
	for (uint32_t i = 0; i < 30; i++) {
		struct eb_result result;

		if (i == 10)
			lose(0);
		if (i == 20)
			lose(1);
		result = tiny_run(engine, i);
		tiny_assert_same(&result, &expected[i]);
	}
	assert_int_equal(failovers(engine), 2);
	assert_string_equal(current_path(tiny.device), "/dev/accel/accel2");
	assert_int_equal(warnings, 2);
	assert_string_equal(last_warning,
			    "/dev/accel/accel1 disappeared; its work goes on on /dev/accel/accel2");
	eb_engine_unref(engine);
}

/* Two devices go at once: the first successor is gone before it gets the model. */
static void successor_may_be_lost_too(void **state)
{
	struct eb_engine *engine = create(true);
	struct eb_result result;

	(void)state;
	lose(0);
	drivers[1].lost_after_opening = true;
	result = tiny_run(engine, 3);
	tiny_assert_same(&result, &expected[3]);
	assert_string_equal(current_path(tiny.device), "/dev/accel/accel2");
	eb_engine_unref(engine);
}

static void engines_of_one_device_move_to_one_successor(void **state)
{
	struct eb_engine *one = create(true), *other = create(true), *late;

	(void)state;
	lose(0);
	tiny_run(one, 0);
	tiny_run(other, 0);
	late = create(true);
	tiny_run(late, 0);
	assert_int_equal(drivers[1].open_files, 1);
	assert_int_equal(drivers[2].open_files, 0);
	assert_ptr_equal(one->place->resident, other->place->resident);
	assert_ptr_equal(one->place->resident, late->place->resident);
	assert_int_equal(warnings, 1);
	eb_engine_unref(one);
	eb_engine_unref(other);
	eb_engine_unref(late);
}

static enum eb_status try_run(struct eb_engine *engine)
{
	struct eb_result result = { .size = sizeof(result), .label = 77 };
	enum eb_status status = eb_engine_run(engine, "aa ba ca", 8, &result);

	if (status)
		assert_int_equal(result.label, 77);
	return status;
}

static void without_failover_the_loss_is_reported(void **state)
{
	struct eb_engine *engine = create(false);

	(void)state;
	lose(0);
	assert_int_equal(try_run(engine), EB_DEVICE_LOST);
	assert_non_null(strstr(eb_error_detail(), "/dev/accel/accel0"));
	assert_int_equal(drivers[1].open_files, 0);
	eb_engine_unref(engine);
}

static void last_device_lost_is_an_error_until_one_comes_back(void **state)
{
	struct eb_engine *engine = create(true);

	(void)state;
	for (size_t i = 0; i < DEVICES; i++)
		lose(i);
	assert_int_equal(try_run(engine), EB_DEVICE_LOST);
	assert_non_null(strstr(eb_error_detail(), "no other"));
	assert_int_equal(errors, 1);
	assert_int_equal(try_run(engine), EB_DEVICE_LOST);
	drivers[2].lost = false;
	assert_int_equal(try_run(engine), EB_OK);
	assert_int_equal(failovers(engine), 1);
	eb_engine_unref(engine);
}

static void only_a_device_of_the_same_kind_takes_over(void **state)
{
	struct eb_engine *engine = create(true);

	(void)state;
	drivers[1].capabilities = 0;
	lose(0);
	assert_int_equal(try_run(engine), EB_OK);
	assert_string_equal(current_path(tiny.device), "/dev/accel/accel2");
	assert_int_equal(drivers[1].open_files, 0);
	eb_engine_unref(engine);
}

/* ---- devices that are there and can not take over ---- */

static struct eb_engine *create_with_image(void)
{
	const struct eb_engine_options options = tiny_options(EB_POLICY_LATENCY, 200);
	struct eb_engine *engine;

	tiny.device->failover = &failover;
	assert_int_equal(eb_engine_create(tiny.device, with_image, &options, &engine), EB_OK);
	return engine;
}

static void install(size_t device)
{
	memcpy(drivers[device].image_id, tiny_model_image.id, sizeof(drivers[device].image_id));
}

static const char *place_path(const struct eb_engine *engine)
{
	return engine->place->device->backend->info.path;
}

/* Two models on a device: each goes where it can be used. */
static void model_goes_where_its_image_is(void **state)
{
	struct eb_engine *plain, *engine, *late;
	struct eb_result result;

	(void)state;
	install(0);
	install(2);
	plain = create(true);
	engine = create_with_image();
	lose(0);
	result = tiny_run(engine, 5);
	tiny_assert_same(&result, &expected[5]);
	result = tiny_run(plain, 6);
	tiny_assert_same(&result, &expected[6]);
	assert_string_equal(place_path(engine), "/dev/accel/accel2");
	assert_string_equal(place_path(plain), "/dev/accel/accel1");
	/* Both were opened once, and each that work went to is told of once. */
	assert_int_equal(drivers[1].open_files, 1);
	assert_int_equal(drivers[2].open_files, 1);
	assert_int_equal(warnings, 2);
	assert_int_equal(errors, 0);
	/* A later engine on the lost device finds its way, too. */
	late = create_with_image();
	assert_string_equal(place_path(late), "/dev/accel/accel2");
	lose(1);
	result = tiny_run(plain, 7);
	tiny_assert_same(&result, &expected[7]);
	assert_string_equal(place_path(plain), "/dev/accel/accel2");
	assert_int_equal(drivers[2].open_files, 1);
	eb_engine_unref(late);
	eb_engine_unref(engine);
	eb_engine_unref(plain);
}

static void what_was_tried_is_told(void **state)
{
	struct eb_engine *engine;

	(void)state;
	install(0);
	engine = create_with_image();
	lose(0);
	drivers[2].capabilities = 0;
	assert_int_equal(try_run(engine), EB_IMAGE_NOT_INSTALLED);
	assert_non_null(strstr(eb_error_detail(), "/dev/accel/accel0: the device disappeared and no "
			       "other takes over: tried "));
	assert_non_null(strstr(eb_error_detail(), "needs the eNVM image tiny-words"));
	assert_non_null(strstr(eb_error_detail(), "in the eNVM of /dev/accel/accel1 is none"));
	assert_non_null(strstr(eb_error_detail(), "/dev/accel/accel2: is another kind of device"));
	assert_int_equal(errors, 1);
	/* Devices are not opened again and again, and what was mended is seen. */
	assert_int_equal(try_run(engine), EB_IMAGE_NOT_INSTALLED);
	assert_int_equal(drivers[1].open_files, 1);
	install(1);
	assert_int_equal(try_run(engine), EB_OK);
	assert_string_equal(place_path(engine), "/dev/accel/accel1");
	eb_engine_unref(engine);
}

static void device_that_is_full_is_passed_over(void **state)
{
	struct eb_engine *engine = create(true);

	(void)state;
	lose(0);
	drivers[1].failing_request = DRM_IOCTL_EDGEBERT_BO_CREATE;
	drivers[1].error = ENOMEM;
	assert_int_equal(try_run(engine), EB_OK);
	assert_string_equal(place_path(engine), "/dev/accel/accel2");
	eb_engine_unref(engine);
}

/* Nobody has noticed yet that the device is gone. */
static void engine_on_a_device_that_is_gone_starts_elsewhere(void **state)
{
	struct eb_engine *engine;

	(void)state;
	lose(0);
	engine = create(true);
	assert_string_equal(place_path(engine), "/dev/accel/accel1");
	assert_int_equal(try_run(engine), EB_OK);
	eb_engine_unref(engine);
}

/* ---- under load ---- */

/* Devices go when some sentences have run, some are running and most are queued. */
static void lose_under_load(struct eb_engine *engine, struct eb_request **requests,
			    uint32_t devices)
{
	struct eb_batch_text texts[MANY] = { 0 };
	static char text[MANY][256];

	for (uint32_t i = 0; i < devices; i++)
		drivers[i].jobs_until_lost = 20;
	for (uint32_t i = 0; i < MANY; i++) {
		tiny_model_text(i, text[i], sizeof(text[i]));
		texts[i] = (struct eb_batch_text){ .text = text[i], .size = strlen(text[i]) };
	}
	assert_int_equal(eb_engine_submit_batch(engine, texts, MANY, requests), EB_OK);
}

static void every_sentence_is_answered_under_load(void **state)
{
	struct eb_engine *engine = create(true);
	struct eb_request *requests[MANY];

	(void)state;
	lose_under_load(engine, requests, DEVICES - 1);
	for (uint32_t i = 0; i < MANY; i++) {
		struct eb_result result = { .size = sizeof(result) };
		enum eb_status outcome = EB_INTERNAL;
		int done = 0;

		assert_int_equal(eb_request_wait(requests[i], -1, &done, &outcome, &result), EB_OK);
		if (outcome)
			fail_msg("sentence %u: %s", i, eb_error_detail());
		tiny_assert_same(&result, &expected[i]);
		eb_request_unref(requests[i]);
	}
	assert_int_equal(failovers(engine), DEVICES - 1);
	eb_engine_unref(engine);
}

static void every_sentence_ends_when_nothing_is_left(void **state)
{
	struct eb_engine_statistics statistics = { .size = sizeof(statistics) };
	struct eb_engine *engine = create(true);
	struct eb_request *requests[MANY];
	uint32_t answered = 0, lost = 0;

	(void)state;
	lose_under_load(engine, requests, DEVICES);
	for (uint32_t i = 0; i < MANY; i++) {
		struct eb_result result = { .size = sizeof(result) };
		enum eb_status outcome = EB_INTERNAL;
		int done = 0;

		assert_int_equal(eb_request_wait(requests[i], -1, &done, &outcome, &result), EB_OK);
		assert_int_equal(done, 1);
		if (outcome == EB_OK)
			tiny_assert_same(&result, &expected[i]);
		else
			assert_int_equal(outcome, EB_DEVICE_LOST);
		answered += outcome == EB_OK;
		lost += outcome == EB_DEVICE_LOST;
		eb_request_unref(requests[i]);
	}
	assert_int_equal(answered + lost, MANY);
	/* Of the last device's 19 jobs all were answered, of the others' but the last few. */
	assert_in_range(answered, 19, 3 * 19);
	assert_int_equal(eb_engine_get_statistics(engine, &statistics), EB_OK);
	assert_int_equal(statistics.sentences, answered);
	assert_int_equal(statistics.failures, lost);
	eb_engine_unref(engine);
}

static void option_is_checked(void **state)
{
	struct eb_device_options options = {
		.size = sizeof(options), .backend = EB_BACKEND_REFERENCE, .failover = 1,
	};
	struct eb_device *device = (void *)1;

	(void)state;
	assert_int_equal(eb_device_open(&options, &device), EB_INVALID_ARGUMENT);
	assert_non_null(strstr(eb_error_detail(), "failover"));
	options.backend = EB_BACKEND_ACCEL;
	options.failover = 2;
	assert_int_equal(eb_device_open(&options, &device), EB_INVALID_ARGUMENT);
	assert_ptr_equal(device, (void *)1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(sentence_is_run_again_on_the_next_device),
		TEST(successor_may_be_lost_too),
		TEST(engines_of_one_device_move_to_one_successor),
		TEST(without_failover_the_loss_is_reported),
		TEST(last_device_lost_is_an_error_until_one_comes_back),
		TEST(only_a_device_of_the_same_kind_takes_over),
		TEST(model_goes_where_its_image_is),
		TEST(what_was_tried_is_told),
		TEST(device_that_is_full_is_passed_over),
		TEST(engine_on_a_device_that_is_gone_starts_elsewhere),
		TEST(every_sentence_is_answered_under_load),
		TEST(every_sentence_ends_when_nothing_is_left),
		TEST(option_is_checked),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
