// SPDX-License-Identifier: MIT
/* Status names, texts and remedies, and the per-thread detail. */
#include <pthread.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/status.h"

#define VALUE(name, value, text, remedy) EB_##name,
static const enum eb_status all[] = { EB_STATUS_LIST(VALUE) };
#define COUNT (sizeof(all) / sizeof(all[0]))

static void every_status_has_name_text_and_remedy(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT; i++) {
		assert_memory_equal(eb_status_name(all[i]), "EB_", 3);
		assert_true(strlen(eb_status_text(all[i])) > 5);
		assert_true(strlen(eb_status_remedy(all[i])) > 5);
		assert_string_not_equal(eb_status_name(all[i]), "EB_UNKNOWN");
	}
	assert_string_equal(eb_status_name(EB_OK), "EB_OK");
	assert_string_equal(eb_status_name(EB_TARGET_UNREACHABLE), "EB_TARGET_UNREACHABLE");
}

static void statuses_differ_in_value_and_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT; i++) {
		for (size_t j = 0; j < i; j++) {
			assert_int_not_equal(all[i], all[j]);
			assert_string_not_equal(eb_status_name(all[i]), eb_status_name(all[j]));
			assert_string_not_equal(eb_status_text(all[i]), eb_status_text(all[j]));
		}
	}
}

static void values_are_pinned(void **state)
{
	(void)state;
	/* Programs compiled against an older header rely on them. */
	assert_int_equal(EB_OK, 0);
	assert_int_equal(EB_INVALID_ARGUMENT, 1);
	assert_int_equal(EB_NO_DEVICE, 10);
	assert_int_equal(EB_BUSY, 18);
	assert_int_equal(EB_MODEL_NOT_FOUND, 20);
	assert_int_equal(EB_MODEL_UNSUPPORTED, 24);
	assert_int_equal(EB_TEXT_INVALID, 30);
	assert_int_equal(EB_TARGET_UNREACHABLE, 40);
}

static void unknown_status_has_texts_too(void **state)
{
	(void)state;
	assert_string_equal(eb_status_name((enum eb_status)9999), "EB_UNKNOWN");
	assert_true(strlen(eb_status_text((enum eb_status)9999)) > 0);
	assert_true(strlen(eb_status_remedy((enum eb_status)9999)) > 0);
}

static void fail_keeps_sentence_and_returns_status(void **state)
{
	(void)state;
	assert_int_equal(eb_fail(EB_BUSY, "queue %d of %s", 3, "four"), EB_BUSY);
	assert_string_equal(eb_error_detail(), "queue 3 of four");
}

static void detail_may_be_wrapped_in_itself(void **state)
{
	(void)state;
	(void)eb_fail(EB_BUSY, "inner");
	(void)eb_fail(EB_BUSY, "outer: %s", eb_error_detail());
	assert_string_equal(eb_error_detail(), "outer: inner");
}

static void long_detail_is_cut_not_overrun(void **state)
{
	char text[5000];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	(void)eb_fail(EB_INTERNAL, "%s", text);
	assert_in_range(strlen(eb_error_detail()), 200, sizeof(text) - 2);
}

static void *fail_elsewhere(void *opaque)
{
	char *seen = opaque;

	snprintf(seen, 64, "%s", eb_error_detail());
	(void)eb_fail(EB_INTERNAL, "other thread");
	return NULL;
}

static void detail_belongs_to_its_thread(void **state)
{
	char seen[64] = "unset";
	pthread_t thread;

	(void)state;
	(void)eb_fail(EB_BUSY, "this thread");
	assert_int_equal(pthread_create(&thread, NULL, fail_elsewhere, seen), 0);
	pthread_join(thread, NULL);
	assert_string_equal(seen, "");
	assert_string_equal(eb_error_detail(), "this thread");
}

static void errno_values_have_names(void **state)
{
	(void)state;
	assert_string_equal(eb_errno_name(2), "ENOENT");
	assert_string_equal(eb_errno_name(-19), "ENODEV");
	assert_non_null(eb_errno_name(123456));
}

static void version_is_that_of_the_header(void **state)
{
	char expected[32];

	(void)state;
	snprintf(expected, sizeof(expected), "%d.%d.%d", EB_VERSION_MAJOR, EB_VERSION_MINOR,
		 EB_VERSION_PATCH);
	assert_string_equal(eb_version(), expected);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_status_has_name_text_and_remedy),
		cmocka_unit_test(statuses_differ_in_value_and_name),
		cmocka_unit_test(values_are_pinned),
		cmocka_unit_test(unknown_status_has_texts_too),
		cmocka_unit_test(fail_keeps_sentence_and_returns_status),
		cmocka_unit_test(detail_may_be_wrapped_in_itself),
		cmocka_unit_test(long_detail_is_cut_not_overrun),
		cmocka_unit_test(detail_belongs_to_its_thread),
		cmocka_unit_test(errno_values_have_names),
		cmocka_unit_test(version_is_that_of_the_header),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
