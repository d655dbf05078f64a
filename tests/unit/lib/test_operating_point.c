// SPDX-License-Identifier: MIT
/* The choice of an operating point against trying all of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/cycle_table.h"
#include "lib/operating_point.h"
#include "tools/device/core/core.h"

static struct eb_device_info built_in(const char *profile)
{
	struct eb_core_operating_point points[EDGEBERT_HW_OPERATING_POINTS_MAX];
	struct eb_device_info info = { .path = "test" };
	struct eb_core *core = eb_core_create(profile);

	info.operating_point_count = (uint32_t)eb_core_operating_points(core, points);
	for (uint32_t i = 0; i < info.operating_point_count; i++) {
		info.operating_points[i].khz = points[i].khz;
		info.operating_points[i].millivolt = points[i].millivolt;
		info.operating_points[i].microwatt = points[i].microwatt;
	}
	snprintf(info.profile, sizeof(info.profile), "%s", eb_core_profile(core));
	eb_core_destroy(core);
	return info;
}

static struct eb_estimator *create(const struct eb_device_info *info)
{
	struct eb_estimator *estimator;

	assert_int_equal(eb_estimator_create(info, &estimator), EB_OK);
	return estimator;
}

static void check_choice_in(const struct eb_estimator *estimator, const struct eb_window *window,
			    uint64_t cycles, uint64_t left)
{
	const uint32_t highest = window->high;
	bool reachable, any = false;
	uint32_t chosen = eb_operating_point_choose(estimator, window, cycles, left, &reachable);
	struct eb_estimate estimate = eb_estimate_job(estimator, cycles, chosen);

	assert_in_range(chosen, window->low, window->high);
	for (uint32_t point = window->low; point <= highest; point++) {
		struct eb_estimate other = eb_estimate_job(estimator, cycles, point);

		if (other.time_ns > left)
			continue;
		any = true;
		assert_true(estimate.energy_pj <= other.energy_pj);
		if (other.energy_pj == estimate.energy_pj)
			assert_true(chosen >= point);
	}
	assert_int_equal(reachable, any);
	if (any)
		assert_true(estimate.time_ns <= left);
	else
		assert_int_equal(chosen, highest);
}

static struct eb_window whole(const struct eb_estimator *estimator)
{
	return (struct eb_window){ .high = eb_estimator_highest_point(estimator) };
}

static void check_choice(const struct eb_estimator *estimator, uint64_t cycles, uint64_t left)
{
	const struct eb_window window = whole(estimator);

	check_choice_in(estimator, &window, cycles, left);
}

static void choice_stays_within_the_window(void **state)
{
	const struct eb_device_info info = built_in(NULL);
	struct eb_estimator *estimator = create(&info);
	const uint32_t highest = eb_estimator_highest_point(estimator);

	(void)state;
	for (uint32_t low = 0; low <= highest; low++) {
		for (uint32_t high = low; high <= highest; high++) {
			const struct eb_window window = { low, high };

			for (uint64_t left = 1000; left < 1ull << 34; left = left * 2 + 1)
				check_choice_in(estimator, &window, 5000000, left);
		}
	}
	eb_estimator_destroy(estimator);
}

static void choice_equals_trying_all_points(void **state)
{
	(void)state;
	for (const char *const *name = eb_core_profile_names(); *name; name++) {
		const struct eb_device_info info = built_in(*name);
		struct eb_estimator *estimator = create(&info);

		for (uint64_t cycles = 1; cycles < 1ull << 31; cycles = cycles * 3 + 1) {
			for (uint64_t left = 1; left < 1ull << 34; left = left * 2 + 1)
				check_choice(estimator, cycles, left);
		}
		check_choice(estimator, 100000, 0);
		eb_estimator_destroy(estimator);
	}
}

static void choice_turns_at_exactly_the_time_a_point_takes(void **state)
{
	const struct eb_device_info info = built_in(NULL);
	struct eb_estimator *estimator = create(&info);
	const uint32_t highest = eb_estimator_highest_point(estimator);
	const struct eb_window window = whole(estimator);
	const uint64_t cycles = 5000000;
	bool reachable;

	(void)state;
	for (uint32_t point = 1; point <= highest; point++) {
		uint64_t time_ns = eb_estimate_job(estimator, cycles, point).time_ns;

		check_choice(estimator, cycles, time_ns);
		check_choice(estimator, cycles, time_ns - 1);
	}
	eb_operating_point_choose(estimator, &window, cycles,
				  eb_estimate_job(estimator, cycles, highest).time_ns, &reachable);
	assert_true(reachable);
	eb_operating_point_choose(estimator, &window, cycles,
				  eb_estimate_job(estimator, cycles, highest).time_ns - 1,
				  &reachable);
	assert_false(reachable);
	eb_estimator_destroy(estimator);
}

static void transitions_are_part_of_the_estimate(void **state)
{
	const struct eb_device_info info = built_in(NULL);
	struct eb_estimator *estimator = create(&info);
	const uint32_t highest = eb_estimator_highest_point(estimator);

	(void)state;
	assert_true(eb_estimate_job(estimator, 0, highest).time_ns > 0);
	assert_true(eb_estimate_job(estimator, 0, highest).energy_pj > 0);
	eb_estimator_destroy(estimator);
}

static void unknown_profile_is_estimated_from_its_table(void **state)
{
	struct eb_device_info info = built_in(NULL);
	struct eb_estimator *estimator;
	struct eb_estimate estimate;

	(void)state;
	strcpy(info.profile, "some-board");
	estimator = create(&info);
	/* A second at 717 MHz and its power. */
	estimate = eb_estimate_job(estimator, 1000ull * info.operating_points[3].khz, 3);
	assert_int_equal(estimate.time_ns, 1000000000);
	assert_int_equal(estimate.energy_pj, 1000000ull * info.operating_points[3].microwatt);
	/* No overflow where 64 bits would. */
	estimate = eb_estimate_job(estimator, UINT32_MAX, 0);
	assert_true(estimate.time_ns > 1000000000);
	for (uint64_t cycles = 1000; cycles < 1ull << 31; cycles *= 7)
		for (uint64_t left = 1000; left < 1ull << 34; left *= 5)
			check_choice(estimator, cycles, left);
	eb_estimator_destroy(estimator);
}

static void boards_own_table_counts_under_a_known_name(void **state)
{
	struct eb_device_info info = built_in(NULL);
	struct eb_estimator *estimator;

	(void)state;
	info.operating_points[2].khz *= 2;
	estimator = create(&info);
	assert_int_equal(eb_estimate_job(estimator, info.operating_points[2].khz, 2).time_ns,
			 1000000);
	eb_estimator_destroy(estimator);
}

static void unusable_tables_are_refused(void **state)
{
	struct eb_device_info info = built_in(NULL);
	struct eb_estimator *estimator;

	(void)state;
	info.operating_point_count = 0;
	assert_int_equal(eb_estimator_create(&info, &estimator), EB_DRIVER_VERSION);
	info.operating_point_count = 17;
	assert_int_equal(eb_estimator_create(&info, &estimator), EB_DRIVER_VERSION);
	info.operating_point_count = 2;
	info.operating_points[1].khz = 0;
	assert_int_equal(eb_estimator_create(&info, &estimator), EB_DRIVER_VERSION);
	eb_estimator_destroy(NULL);
}

static void cycle_table_rows_and_layers_are_clamped(void **state)
{
	static const uint32_t cycles[] = { 10, 20, 30, 11, 21, 31 };
	const struct eb_cycle_table table = { .layers = 3, .vectors = 2, .cycles = cycles };

	(void)state;
	assert_int_equal(eb_cycle_table_until(&table, 1, 1), 10);
	assert_int_equal(eb_cycle_table_until(&table, 16, 3), 30);
	assert_int_equal(eb_cycle_table_until(&table, 17, 1), 11);
	assert_int_equal(eb_cycle_table_until(&table, 500, 2), 21);
	assert_int_equal(eb_cycle_table_until(&table, 1, 9), 30);
	assert_int_equal(eb_cycle_table_until(&table, 20, 0), 0);
	assert_int_equal(eb_cycle_table_until(&table, 0, 1), 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(choice_stays_within_the_window),
		cmocka_unit_test(choice_equals_trying_all_points),
		cmocka_unit_test(choice_turns_at_exactly_the_time_a_point_takes),
		cmocka_unit_test(transitions_are_part_of_the_estimate),
		cmocka_unit_test(unknown_profile_is_estimated_from_its_table),
		cmocka_unit_test(boards_own_table_counts_under_a_known_name),
		cmocka_unit_test(unusable_tables_are_refused),
		cmocka_unit_test(cycle_table_rows_and_layers_are_clamped),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
