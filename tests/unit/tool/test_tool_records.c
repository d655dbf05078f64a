// SPDX-License-Identifier: MIT
/* Records: the JSON they become is exact, and what is printed can not harm a terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tools/edgebert/record.h"
#include "tools/edgebert/render.h"

static void assert_json(const struct record *record, const char *wanted)
{
	char *text = record_to_json(record);

	assert_string_equal(text, wanted);
	free(text);
}

static void values_of_every_type_become_json(void **state)
{
	struct record *record = record_new();
	struct record *inner;

	(void)state;
	record_add_none(record, "none", "none");
	record_add_text(record, "text", "text", "a \"b\"\n\xc3\xa9/");
	record_add_bytes(record, "bytes", "bytes", "x\0y", 3);
	record_add_boolean(record, "yes", "yes", true);
	record_add_whole(record, "whole", "whole", "", UINT64_MAX);
	inner = record_add_record(record, "inner", "inner");
	record_add_number(inner, "number", "number", "ms", 1.5, 3);
	inner = record_add_list(record, "list", "list");
	record_add_whole(inner, "", NULL, "", 1);
	record_add_none(inner, "", NULL);
	assert_json(record, "{\"none\":null,\"text\":\"a \\\"b\\\"\\n\xc3\xa9/\",\"bytes\":\"x\\u0000y\","
			    "\"yes\":true,\"whole\":18446744073709551615,"
			    "\"inner\":{\"number\":1.5},\"list\":[1,null]}");
	record_free(record);
}

static void numbers_lose_trailing_zeros_but_no_digits(void **state)
{
	static const struct {
		double value;
		int decimals;
		const char *wanted;
	} cases[] = {
		{ 0, 6, "{\"n\":0.0}" },
		{ 2, 3, "{\"n\":2.0}" },
		{ 100, 1, "{\"n\":100.0}" },
		{ 1.0 / 1024, 10, "{\"n\":0.0009765625}" },
		{ -31.9990234375, 10, "{\"n\":-31.9990234375}" },
		{ 0.25, 6, "{\"n\":0.25}" },
		{ 123456789.125, 3, "{\"n\":123456789.125}" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct record *record = record_new();

		record_add_number(record, "n", "n", "", cases[i].value, cases[i].decimals);
		assert_json(record, cases[i].wanted);
		record_free(record);
	}
}

static void many_fields_keep_their_order(void **state)
{
	struct record *record = record_new();
	struct record *list = record_add_list(record, "list", NULL);

	(void)state;
	for (uint64_t i = 0; i < 1000; i++)
		record_add_whole(list, "", NULL, "", i);
	assert_int_equal(list->count, 1000);
	for (uint64_t i = 0; i < 1000; i++)
		assert_int_equal(list->fields[i].whole, i);
	record_free(record);
	assert_null(record_free(NULL));
}

static void fields_are_found_by_path(void **state)
{
	struct record *record = record_new();
	struct record *inner = record_add_record(record, "outer", "outer");

	(void)state;
	record_add_whole(record, "out", "out", "", 1);
	record_add_whole(inner, "value", "value", "", 2);
	assert_int_equal(record_find(record, "out")->whole, 1);
	assert_int_equal(record_find(record, "outer.value")->whole, 2);
	assert_int_equal(record_find(record, "outer")->type, VALUE_RECORD);
	assert_null(record_find(record, "outer.nil"));
	assert_null(record_find(record, "ou"));
	assert_null(record_find(record, "out.value"));
	record_free(record);
}

/* What a command prints, through the real standard output. */
static char *captured(int (*print)(const struct record *record), const struct record *record)
{
	static char text[4096];
	FILE *file = tmpfile();
	int saved = dup(STDOUT_FILENO);
	size_t size;

	assert_non_null(file);
	assert_true(saved >= 0);
	fflush(stdout);
	assert_true(dup2(fileno(file), STDOUT_FILENO) >= 0);
	assert_int_equal(print(record), 0);
	assert_true(dup2(saved, STDOUT_FILENO) >= 0);
	close(saved);
	rewind(file);
	size = fread(text, 1, sizeof(text) - 1, file);
	text[size] = '\0';
	fclose(file);
	return text;
}

static void text_shows_labels_units_and_tables(void **state)
{
	struct record *record = record_new();
	struct record *list;

	(void)state;
	record_add_whole(record, "schema", NULL, "", 1);
	record_add_number(record, "energy", "modelled energy", "uJ", 1.5, 2);
	record_add_none(record, "none", "none");
	list = record_add_list(record, "points", "points");
	for (uint64_t i = 9; i < 11; i++) {
		struct record *row = record_add_record(list, "", NULL);

		record_add_whole(row, "mhz", "MHz", "MHz", i);
		record_add_text(row, "name", "name", i == 9 ? "slow" : "f");
	}
	assert_string_equal(captured(render_text, record),
			    "modelled energy: 1.50 uJ\n"
			    "none:            -\n"
			    "points:\n"
			    "  MHz  name\n"
			    "    9  slow\n"
			    "   10  f\n");
	record_free(record);
}

static int print_columns(const struct record *record)
{
	static const struct column columns[] = {
		{ .path = "text", .before = "[", .after = "]", .width = -8, .width_max = 8 },
		{ .path = "us", .before = " ", .after = " ms", .width = 7, .divisor = 1000,
		  .decimals = 2 },
		{ .path = "nil", .before = " ", .after = "", .width = 3 },
	};

	return render_columns(record, columns, sizeof(columns) / sizeof(columns[0]));
}

static void columns_are_aligned_cut_and_harmless(void **state)
{
	static const struct {
		const char *text;
		size_t size;
		const char *wanted;
	} cases[] = {
		{ "short", 5, "[short   ]    1.50 ms   -\n" },
		{ "exactly8", 8, "[exactly8]    1.50 ms   -\n" },
		{ "more than 8", 11, "[more ...]    1.50 ms   -\n" },
		{ "\x1b[2Jx\x07\t|", 8, "[?[2Jx? |]    1.50 ms   -\n" },
		{ "na\xc3\xafve", 6, "[na\xc3\xafve   ]    1.50 ms   -\n" },
		/* Two columns each. */
		{ "\xe6\x9d\xb1\xe4\xba\xac", 6, "[\xe6\x9d\xb1\xe4\xba\xac    ]    1.50 ms   -\n" },
		{ "bad\xff", 4, "[bad?    ]    1.50 ms   -\n" },
		{ "\xc2\x9b" "31m", 5, "[?31m    ]    1.50 ms   -\n" },	/* C1 control */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct record *record = record_new();

		record_add_bytes(record, "text", "text", cases[i].text, cases[i].size);
		record_add_whole(record, "us", "us", "us", 1500);
		assert_string_equal(captured(print_columns, record), cases[i].wanted);
		record_free(record);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_of_every_type_become_json),
		cmocka_unit_test(numbers_lose_trailing_zeros_but_no_digits),
		cmocka_unit_test(many_fields_keep_their_order),
		cmocka_unit_test(fields_are_found_by_path),
		cmocka_unit_test(text_shows_labels_units_and_tables),
		cmocka_unit_test(columns_are_aligned_cut_and_harmless),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
