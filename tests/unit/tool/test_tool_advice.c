// SPDX-License-Identifier: MIT
/* What failures advise: each thing once, and nothing that the failure contradicts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tools/edgebert/diagnosis.h"
#include "tools/edgebert/report.h"

static void a_detail_is_split_where_it_says_what_to_do(void **state)
{
	static const struct {
		enum eb_status status;
		const char *detail, *message, *remedy;
	} cases[] = {
		{ EB_NO_MODULE, "the module is not loaded; run: sudo modprobe edgebert, or wait",
		  "the module is not loaded", "run: sudo modprobe edgebert, or wait" },
		{ EB_DEVICE_LOST, "/dev/x: the device disappeared; check the board and open it again",
		  "/dev/x: the device disappeared", "check the board and open it again" },
		/* The status's own words go on where the detail's end. */
		{ EB_TARGET_UNREACHABLE, "1 us can not be met; raise the target",
		  "1 us can not be met", "raise the target or use a smaller model" },
		/* A semicolon before something else. */
		{ EB_MODEL_CORRUPT, "x: y is 3; the others are 4", "x: y is 3; the others are 4",
		  "copy or compile it again" },
		{ EB_MODEL_NOT_FOUND, "a; runner: ENOENT", "a; runner: ENOENT", "check the path" },
		{ EB_MODEL_NOT_FOUND, "a; use: ENOENT; check the path", "a; use: ENOENT",
		  "check the path" },
		{ EB_NO_DEVICE, "", "no EdgeBERT device",
		  "load the module (modprobe edgebert) or use the reference backend" },
		{ EB_INVALID_ARGUMENT, "x is 3", "x is 3", "correct what the message names" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct advice advice = report_advice(cases[i].status, cases[i].detail);

		assert_string_equal(advice.message, cases[i].message);
		assert_string_equal(advice.remedy, cases[i].remedy);
		free(advice.message);
	}
}

static void the_first_broken_link_is_named(void **state)
{
	static const struct {
		struct findings findings;
		enum eb_status failure;
		const char *wanted;
	} cases[] = {
		{ { 0 }, EB_NO_MODULE, "no EdgeBERT is on the PCI bus" },
		{ { .devices = 1 }, EB_NO_MODULE, "modprobe edgebert" },
		{ { .devices = 1, .module_loaded = true }, EB_NO_DEVICE, "did not accept" },
		{ { .devices = 1, .module_loaded = true, .bound = 1 }, EB_NO_DEVICE,
		  "no device node" },
		{ { .devices = 1, .module_loaded = true, .bound = 1, .nodes = 1 }, EB_PERMISSION,
		  "you may not open" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_non_null(strstr(diagnosis_advice(&cases[i].findings, cases[i].failure),
				       cases[i].wanted));
}

static void a_lost_device_does_not_look_right(void **state)
{
	const struct findings all = { .devices = 1, .module_loaded = true, .bound = 1, .nodes = 1,
				      .usable = 1 };

	(void)state;
	assert_non_null(strstr(diagnosis_advice(&all, EB_DEVICE_LOST), "does not answer"));
	assert_null(strstr(diagnosis_advice(&all, EB_DEVICE_LOST), "look right"));
	assert_non_null(strstr(diagnosis_advice(&all, EB_DEVICE_TIMEOUT), "does not answer"));
	assert_non_null(strstr(diagnosis_advice(&all, EB_DRIVER_VERSION), "look right"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_detail_is_split_where_it_says_what_to_do),
		cmocka_unit_test(the_first_broken_link_is_named),
		cmocka_unit_test(a_lost_device_does_not_look_right),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
