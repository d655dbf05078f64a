// SPDX-License-Identifier: MIT
/* Structures that carry their size: older callers, newer callers, careless callers. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/options.h"

/* "first" is what release one had, "ours" what this library knows. */
struct first {
	size_t size;
	int one;
	int two;
};

struct ours {
	size_t size;
	int one;
	int two;
	long three;
};

struct newer {
	struct ours ours;
	long four;
	char five[7];
};

static void same_size_is_copied(void **state)
{
	struct ours theirs = { sizeof(theirs), 1, 2, 3 }, ours = { 0 };

	(void)state;
	assert_int_equal(eb_options_read(&ours, sizeof(ours), sizeof(struct first), &theirs, "t"),
			 EB_OK);
	assert_memory_equal(&ours, &theirs, sizeof(ours));
}

static void older_caller_gets_defaults(void **state)
{
	struct first theirs = { sizeof(theirs), 1, 2 };
	struct ours ours = { 9, 9, 9, 9 };

	(void)state;
	assert_int_equal(eb_options_read(&ours, sizeof(ours), sizeof(theirs), &theirs, "t"),
			 EB_OK);
	assert_int_equal(ours.two, 2);
	assert_int_equal(ours.three, 0);
}

static void newer_caller_with_zero_tail_is_accepted(void **state)
{
	struct newer theirs = { .ours = { sizeof(theirs), 1, 2, 3 } };
	struct ours ours;

	(void)state;
	assert_int_equal(eb_options_read(&ours, sizeof(ours), sizeof(struct first), &theirs, "t"),
			 EB_OK);
	assert_int_equal(ours.three, 3);
}

static void newer_caller_with_any_tail_byte_set_is_refused(void **state)
{
	(void)state;
	for (size_t i = sizeof(struct ours); i < sizeof(struct newer); i++) {
		struct newer theirs = { .ours = { sizeof(theirs), 1, 2, 3 } };
		struct ours ours = { .one = 77 };

		((uint8_t *)&theirs)[i] = 1;
		assert_int_equal(eb_options_read(&ours, sizeof(ours), sizeof(struct first),
						 &theirs, "thing"), EB_INVALID_ARGUMENT);
		assert_int_equal(ours.one, 77);
		assert_non_null(strstr(eb_error_detail(), "struct thing"));
	}
}

static void wrong_size_is_refused(void **state)
{
	static const size_t sizes[] = { 0, 1, sizeof(struct first) - 1, 1u << 20, SIZE_MAX };

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct ours theirs = { .size = sizes[i] }, ours;

		assert_int_equal(eb_options_read(&ours, sizeof(ours), sizeof(struct first),
						 &theirs, "thing"), EB_INVALID_ARGUMENT);
		assert_int_equal(eb_output_check(&theirs, sizeof(struct first), "thing"),
				 EB_INVALID_ARGUMENT);
		assert_non_null(strstr(eb_error_detail(), "sizeof(struct thing)"));
	}
}

static void null_is_refused(void **state)
{
	struct ours ours;

	(void)state;
	assert_int_equal(eb_options_read(&ours, sizeof(ours), sizeof(struct first), NULL, "t"),
			 EB_INVALID_ARGUMENT);
	assert_int_equal(eb_output_check(NULL, sizeof(struct first), "t"), EB_INVALID_ARGUMENT);
}

static void output_is_cut_for_an_older_caller(void **state)
{
	const struct ours ours = { 0, 1, 2, 3 };
	struct {
		struct first first;
		long guard;
	} theirs = { { sizeof(theirs.first), 0, 0 }, 0x5a5a };

	(void)state;
	eb_output_write(&theirs.first, &ours, sizeof(ours));
	assert_int_equal(theirs.first.size, sizeof(theirs.first));
	assert_int_equal(theirs.first.two, 2);
	assert_int_equal(theirs.guard, 0x5a5a);
}

static void output_is_zero_extended_for_a_newer_caller(void **state)
{
	const struct ours ours = { 0, 1, 2, 3 };
	struct newer theirs;

	(void)state;
	memset(&theirs, 0xff, sizeof(theirs));
	theirs.ours.size = sizeof(theirs);
	eb_output_write(&theirs, &ours, sizeof(ours));
	assert_int_equal(theirs.ours.size, sizeof(theirs));
	assert_int_equal(theirs.ours.three, 3);
	assert_int_equal(theirs.four, 0);
	for (size_t i = 0; i < sizeof(theirs.five); i++)
		assert_int_equal(theirs.five[i], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_size_is_copied),
		cmocka_unit_test(older_caller_gets_defaults),
		cmocka_unit_test(newer_caller_with_zero_tail_is_accepted),
		cmocka_unit_test(newer_caller_with_any_tail_byte_set_is_refused),
		cmocka_unit_test(wrong_size_is_refused),
		cmocka_unit_test(null_is_refused),
		cmocka_unit_test(output_is_cut_for_an_older_caller),
		cmocka_unit_test(output_is_zero_extended_for_a_newer_caller),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
