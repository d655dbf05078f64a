// SPDX-License-Identifier: MIT
/*
 * Temperature: it follows ambient and power, lowers the operating points at the trip points
 * and, at room temperature, nothing at all.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/pcie/board.h"
#include "tools/device/pcie/debug.h"
#include "tools/device/pcie/thermal.h"

#define CONTEXT		1
#define LAST_POINT	15
#define WITH_BOARD(test) \
	cmocka_unit_test_setup_teardown(test, board_setup, board_teardown)

static void command(struct board *board, const char *line)
{
	char *answer = eb_debug_command(board->device, line);

	assert_non_null(answer);
	assert_string_equal(answer, "ok\n");
	free(answer);
}

static int32_t temperature(struct board *board)
{
	return (int32_t)driver_register(&board->driver, EDGEBERT_HW_REG_TEMPERATURE);
}

static uint32_t highest_point(struct board *board)
{
	return driver_register(&board->driver, EDGEBERT_HW_REG_DVFS_THERMAL_MAX);
}

static bool throttled(struct board *board)
{
	return driver_register(&board->driver, EDGEBERT_HW_REG_STATUS) &
	       EDGEBERT_HW_STATUS_THROTTLED;
}

static struct edgebert_hw_job prepare(struct board *board, unsigned int commands)
{
	struct edgebert_hw_command stream[64];

	assert_in_range(commands, 1, 63);
	for (unsigned int i = 0; i < commands; i++)
		stream[i] = command_busy();
	stream[commands] = command_end();
	board_write_stream(board, board_map_stream(board, CONTEXT, commands + 1), stream,
			   commands + 1);
	return driver_job(CONTEXT, STREAM, commands + 1);
}

static struct edgebert_hw_completion run(struct board *board, const struct edgebert_hw_job *job)
{
	struct edgebert_hw_completion record =
		driver_wait(&board->driver, driver_submit(&board->driver, job));

	assert_int_equal(record.status, EDGEBERT_HW_OK);
	return record;
}

static void texts_are_temperatures_or_not(void **state)
{
	static const struct {
		const char *text;
		int32_t millidegree;
	} good[] = {
		{ "0", 0 }, { "25", 25000 }, { "-40", -40000 }, { "150", 150000 }, { "85.5", 85500 },
		{ "-0.25", -250 }, { "20.125", 20125 }, { "7.", 7000 }, { "007", 7000 },
	};
	static const char *const bad[] = {
		"", "-", "+5", "x", "5x", "1.2.3", "150.001", "-40.001", "1.0005", "1000", "1e2", " 5",
		"99999999999",
	};
	int32_t value;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(eb_thermal_parse(good[i].text, &value));
		assert_int_equal(value, good[i].millidegree);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (eb_thermal_parse(bad[i], &value))
			fail_msg("'%s' is taken for a temperature", bad[i]);
	}
}

static void room_temperature_throttles_nothing(void **state)
{
	struct board *board = *state;
	struct edgebert_hw_job job = prepare(board, 63);
	struct edgebert_hw_completion first = run(board, &job);

	assert_int_equal(first.throttled, 0);
	assert_int_equal(first.operating_point, LAST_POINT);
	/* Faster than the modelled part could. */
	for (unsigned int i = 0; i < 500; i++) {
		struct edgebert_hw_completion record = run(board, &job);

		assert_int_equal(record.throttled, 0);
		assert_int_equal(record.operating_point, LAST_POINT);
		assert_int_equal(record.energy_pj, first.energy_pj);
	}
	/* It warmed up, by less than its greatest power could: 122 mW times 40 K/W. */
	assert_in_range(temperature(board), 25001, 25000 + 4900);
	assert_int_equal(highest_point(board), LAST_POINT);
	assert_false(throttled(board));
	assert_int_equal(atomic_load(&board->interrupts[EDGEBERT_HW_IRQ_DVFS]), 0);
}

/* Paced, so that work takes its time: E / C, less the little that has flown off. */
static void work_heats(void **state)
{
	struct board *board = *state;
	struct edgebert_hw_job job = prepare(board, 63);
	uint64_t energy_pj = 0, wanted;
	int32_t before = temperature(board), risen;

	assert_int_equal(before, 25000);
	for (unsigned int i = 0; i < 60; i++)
		energy_pj += run(board, &job).energy_pj;
	risen = temperature(board) - before;
	wanted = energy_pj / 250000000;		/* 250 mJ/K */
	assert_true(wanted >= 20);
	/* A busy host makes pauses in which it cools. */
	assert_in_range(risen, wanted * 3 / 10, wanted + 1);
}

static void temperature_goes_where_the_ambient_is(void **state)
{
	struct board *board = *state;
	int32_t cooled;

	command(board, "temperature 60");
	assert_in_range(temperature(board), 59000, 60000);
	test_sleep_ms(300);
	cooled = temperature(board);
	assert_in_range(cooled, 30000, 59500);
	command(board, "ambient 140");
	test_sleep_ms(300);
	assert_in_range(temperature(board), cooled + 1000, 139000);
}

/* Exactly at a trip point and just below, with hysteresis on the way down. */
static void points_follow_the_trip_points(void **state)
{
	static const struct {
		const char *ambient;
		uint32_t point;
	} steps[] = {
		{ "84.9", 15 }, { "85", 11 }, { "82.1", 11 }, { "91.9", 11 }, { "92", 7 },
		{ "89.1", 7 }, { "88.9", 11 }, { "99", 3 }, { "105", 0 }, { "140", 0 },
		{ "102.1", 0 }, { "101.9", 3 }, { "81.9", 15 }, { "-40", 15 },
	};
	struct board *board = *state;
	char line[64];

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		snprintf(line, sizeof(line), "ambient %s", steps[i].ambient);
		command(board, line);
		snprintf(line, sizeof(line), "temperature %s", steps[i].ambient);
		command(board, line);
		assert_int_equal(highest_point(board), steps[i].point);
		assert_int_equal(throttled(board), steps[i].point < LAST_POINT);
	}
}

static void a_changed_limit_is_an_interrupt(void **state)
{
	struct board *board = *state;
	atomic_uint *count = &board->interrupts[EDGEBERT_HW_IRQ_DVFS];
	const uint32_t bit = 1u << EDGEBERT_HW_IRQ_DVFS;

	command(board, "temperature 93");
	assert_int_equal(atomic_load(count), 1);
	assert_int_equal(driver_register(&board->driver, EDGEBERT_HW_REG_IRQ_STATUS) & bit, bit);
	/* It cools down by itself: nobody reads a register, yet it is told. */
	driver_set_register(&board->driver, EDGEBERT_HW_REG_IRQ_STATUS, bit);
	board_wait_interrupts(board, EDGEBERT_HW_IRQ_DVFS, 2);
	assert_int_equal(highest_point(board), 11);
}

static void jobs_stay_below_the_thermal_limit(void **state)
{
	struct board *board = *state;
	struct edgebert_hw_job job = prepare(board, 3);
	struct edgebert_hw_completion record;

	command(board, "ambient 93");
	command(board, "temperature 93");
	record = run(board, &job);
	assert_int_equal(record.operating_point, 7);
	assert_int_equal(record.throttled, 1);
	/* A job that wants no more is not throttled. */
	job.operating_point = 7;
	record = run(board, &job);
	assert_int_equal(record.operating_point, 7);
	assert_int_equal(record.throttled, 0);
	/* Temperature is stronger than any window. */
	job.operating_point = EDGEBERT_HW_OPERATING_POINT_DEFAULT;
	job.window_low = 12;
	record = run(board, &job);
	assert_int_equal(record.operating_point, 7);
	assert_int_equal(record.throttled, 1);
	command(board, "ambient 110");
	command(board, "temperature 110");
	record = run(board, &job);
	assert_int_equal(record.operating_point, 0);
	command(board, "ambient 25");
	command(board, "temperature 25");
	record = run(board, &job);
	assert_int_equal(record.operating_point, LAST_POINT);
	assert_int_equal(record.throttled, 0);
}

static void power_on_is_at_the_ambient_temperature(void **state)
{
	const int32_t ambient = 95000;
	struct board *board = malloc(sizeof(*board));

	(void)state;
	assert_non_null(board);
	board_create_at(board, false, &ambient);
	board_start(board, 3);
	assert_in_range(temperature(board), 94999, 95001);
	assert_int_equal(highest_point(board), 7);
	assert_int_equal(atomic_load(&board->interrupts[EDGEBERT_HW_IRQ_DVFS]), 0);
	command(board, "temperature 20");
	assert_int_equal(highest_point(board), LAST_POINT);
	/* A function reset leaves the temperature, power-on does not. */
	driver_set_register(&board->driver, EDGEBERT_HW_REG_CONTROL,
			    EDGEBERT_HW_CONTROL_CORE_RESET);
	assert_in_range(temperature(board), 20000, 30000);
	eb_device_reset(board->device);
	driver_power_up(&board->driver);
	assert_in_range(temperature(board), 94999, 95001);
	board_destroy(board);
	free(board);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_are_temperatures_or_not),
		WITH_BOARD(room_temperature_throttles_nothing),
		cmocka_unit_test_setup_teardown(work_heats, board_setup_paced, board_teardown),
		WITH_BOARD(temperature_goes_where_the_ambient_is),
		WITH_BOARD(points_follow_the_trip_points),
		WITH_BOARD(a_changed_limit_is_an_interrupt),
		WITH_BOARD(jobs_stay_below_the_thermal_limit),
		cmocka_unit_test(power_on_is_at_the_ambient_temperature),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
