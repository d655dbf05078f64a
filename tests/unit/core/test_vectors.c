// SPDX-License-Identifier: MIT
/*
 * The device core against the vectors of the published model in tests/data/golden, and
 * that the comparison notices a wrong vector.
 */
#include "tests/unit/core/fixture.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/device/core/vector_checks.h"

#define FOLDER "tests/data/golden"

static void every_file_agrees_or_is_explained(void **state)
{
	struct dirent **entries;
	int count = scandir(FOLDER, &entries, NULL, alphasort), files = 0;

	(void)state;
	assert_true(count > 0);
	for (int i = 0; i < count; i++) {
		struct vector_report report;

		if (vector_file_is_known(entries[i]->d_name)) {
			vector_check_file(FOLDER, entries[i]->d_name, &report);
			if (report.error[0] || report.unexplained)
				fail_msg("%s: %s %s", entries[i]->d_name, report.error,
					 report.first_unexplained);
			assert_true(report.agree > report.elements / 10);
			files++;
		}
		free(entries[i]);
	}
	free(entries);
	assert_int_equal(files, 18);
}

/* Copies a file into a new folder, with one character of one line changed. */
static void damaged_copy(const char *name, char *folder, size_t line_wanted, char from, char to)
{
	char path[256], line[65536];
	FILE *in, *out;
	size_t number = 0;

	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), FOLDER "/%s", name);
	in = fopen(path, "r");
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	out = fopen(path, "w");
	assert_non_null(in);
	assert_non_null(out);
	while (fgets(line, sizeof(line), in)) {
		if (number++ == line_wanted) {
			char *last = strrchr(line, from);

			assert_non_null(last);
			*last = to;
		}
		fputs(line, out);
	}
	fclose(in);
	fclose(out);
}

static void remove_copy(const char *folder, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	unlink(path);
	rmdir(folder);
}

static void a_wrong_vector_is_unexplained(void **state)
{
	/* A file, a line of it, and a character of its last cell changed. */
	static const struct {
		const char *name;
		size_t line;
		char from, to;
	} wrong[] = {
		{ "pwl_exp.csv", 200, '1', '2' },
		{ "accum_post.csv", 5, '1', '0' },
		{ "elemadd.csv", 3, '5', '6' },
		{ "softmax_patched.csv", 4, '2', '3' },
		{ "adf_mul_int16.csv", 30, '1', '7' },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		char folder[] = "/tmp/edgebert-vectors-XXXXXX";
		struct vector_report report;

		damaged_copy(wrong[i].name, folder, wrong[i].line, wrong[i].from, wrong[i].to);
		vector_check_file(folder, wrong[i].name, &report);
		remove_copy(folder, wrong[i].name);
		if (!report.unexplained)
			fail_msg("%s: change not noticed", wrong[i].name);
		assert_true(strstr(report.first_unexplained, "vector ") != NULL);
	}
}

static void a_malformed_file_is_reported(void **state)
{
	struct vector_report report;
	char folder[] = "/tmp/edgebert-vectors-XXXXXX";

	(void)state;
	damaged_copy("elemadd.csv", folder, 0, 'o', 'x');
	vector_check_file(folder, "elemadd.csv", &report);
	remove_copy(folder, "elemadd.csv");
	assert_string_equal(report.error, "vector 1: no column \"out_hex\"");
	vector_check_file("/nonexistent", "elemadd.csv", &report);
	assert_non_null(strstr(report.error, "cannot open"));
	assert_false(vector_file_is_known("README.md"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_file_agrees_or_is_explained),
		cmocka_unit_test(a_wrong_vector_is_unexplained),
		cmocka_unit_test(a_malformed_file_is_reported),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("core-vectors", tests, NULL, NULL);
}
