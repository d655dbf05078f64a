// SPDX-License-Identifier: MIT
/* Operating points that administrator or temperature do not allow, over an in-process driver. */
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

static struct eb_engine *create(uint32_t target_us, enum eb_latency_mode mode)
{
	struct eb_engine_options options = tiny_options(EB_POLICY_LATENCY, target_us);

	options.latency_mode = mode;
	return tiny_engine(&tiny, &options);
}

/* Sentences that ran more than layer 1, and whether any was held down or missed. */
struct seen {
	uint32_t beyond_first, throttled, missed, lowest, highest;
};

static struct seen run_all(struct eb_engine *engine)
{
	struct seen seen = { .lowest = HIGHEST };

	for (uint32_t i = 0; i < SENTENCES; i++) {
		struct eb_result result = tiny_run(engine, i);

		seen.throttled += result.throttled;
		seen.missed += result.deadline_missed != 0;
		if (result.predicted_layer == 1)
			continue;
		seen.beyond_first++;
		if (result.operating_point < seen.lowest)
			seen.lowest = result.operating_point;
		if (result.operating_point > seen.highest)
			seen.highest = result.operating_point;
	}
	assert_true(seen.beyond_first > SENTENCES / 4);
	return seen;
}

static void chosen_points_are_inside_the_window(void **state)
{
	static const enum eb_latency_mode modes[] = { EB_LATENCY_TWO_JOBS, EB_LATENCY_ONE_JOB };

	(void)state;
	for (size_t m = 0; m < 2; m++) {
		struct eb_engine *hurried = create(60, modes[m]), *slow = create(1000000, modes[m]);
		struct seen seen;

		driver.window_low = 6;
		driver.window_high = 9;
		/* Remembered from before; the first job shows that it does not hold any more. */
		seen = run_all(hurried);
		assert_int_equal(seen.highest, 9);
		assert_true(seen.missed > 0);
		seen = run_all(slow);
		assert_in_range(seen.lowest, 6, 9);
		driver.window_low = 0;
		driver.window_high = UINT32_MAX;
		assert_int_equal(run_all(hurried).highest, HIGHEST);
		eb_engine_unref(hurried);
		eb_engine_unref(slow);
	}
}

/* The library plans for what it will get: a point is chosen, not clamped to. */
static void throttling_is_reported_and_planned_with(void **state)
{
	struct eb_engine *engine = create(150, EB_LATENCY_TWO_JOBS);
	struct eb_engine_statistics statistics = { .size = sizeof(statistics) };
	struct seen cool = run_all(engine), hot;

	(void)state;
	assert_int_equal(cool.throttled, 0);
	driver.thermal_max = 4;
	hot = run_all(engine);
	assert_int_equal(hot.throttled, SENTENCES);
	assert_in_range(hot.highest, 0, 4);
	assert_true(hot.missed > cool.missed);
	assert_int_equal(eb_engine_get_statistics(engine, &statistics), EB_OK);
	assert_int_equal(statistics.throttled, SENTENCES);
	assert_int_equal(statistics.deadline_misses, cool.missed + hot.missed);
	driver.thermal_max = UINT32_MAX;
	assert_int_equal(run_all(engine).throttled, 0);
	eb_engine_unref(engine);
}

static void refusal_knows_the_window(void **state)
{
	struct eb_engine_options options = tiny_options(EB_POLICY_LATENCY, 150);
	struct eb_engine *engine;
	uint32_t refused[2] = { 0 };

	(void)state;
	options.unreachable = EB_UNREACHABLE_REFUSE;
	engine = tiny_engine(&tiny, &options);
	for (size_t hot = 0; hot < 2; hot++) {
		for (uint32_t i = 0; i < SENTENCES; i++) {
			struct eb_result result = { .size = sizeof(result) };
			char text[256];

			tiny_model_text(i, text, sizeof(text));
			refused[hot] += eb_engine_run(engine, text, strlen(text), &result) ==
					EB_TARGET_UNREACHABLE;
		}
		driver.thermal_max = 2;
	}
	assert_true(refused[1] > refused[0]);
	eb_engine_unref(engine);
}

static void window_is_not_asked_for_each_sentence(void **state)
{
	struct eb_engine *engine = create(150, EB_LATENCY_TWO_JOBS);

	(void)state;
	run_all(engine);
	/* Once, and once more for each tenth of a second that this took. */
	assert_in_range(driver.dvfs_queries, 1, SENTENCES / 2);
	eb_engine_unref(engine);
}

static void older_drivers_have_no_window(void **state)
{
	struct eb_engine *engine;

	(void)state;
	driver.without_dvfs = true;
	engine = create(60, EB_LATENCY_TWO_JOBS);
	assert_int_equal(run_all(engine).highest, HIGHEST);
	/* What the first job ran at is a limit even so. */
	driver.window_high = 5;
	assert_int_equal(run_all(engine).highest, 5);
	eb_engine_unref(engine);
}

static void devices_that_can_not_decide_get_two_jobs(void **state)
{
	struct eb_engine_options options = tiny_options(EB_POLICY_LATENCY, 150);
	struct eb_engine *engine = (void *)1;
	struct eb_device *device;

	(void)state;
	driver.capabilities &= ~EDGEBERT_HW_CAP_AUTONOMOUS_DVFS;
	device = fake_driver_device(&driver, "/dev/accel/accel8");
	options.latency_mode = EB_LATENCY_ONE_JOB;
	assert_int_equal(eb_engine_create(device, tiny.model, &options, &engine),
			 EB_MODEL_UNSUPPORTED);
	assert_non_null(strstr(eb_error_detail(), "can not decide"));
	options.latency_mode = EB_LATENCY_AUTOMATIC;
	assert_int_equal(eb_engine_create(device, tiny.model, &options, &engine), EB_OK);
	assert_int_equal(engine->place->settings.mode, EB_LATENCY_TWO_JOBS);
	eb_engine_unref(engine);
	eb_device_unref(device);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(chosen_points_are_inside_the_window),
		TEST(throttling_is_reported_and_planned_with),
		TEST(refusal_knows_the_window),
		TEST(window_is_not_asked_for_each_sentence),
		TEST(older_drivers_have_no_window),
		TEST(devices_that_can_not_decide_get_two_jobs),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
