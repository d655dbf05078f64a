// SPDX-License-Identifier: MIT
/*
 * eb-vectors DIR: compares the device core with every file of test vectors in DIR and
 * says how much agrees, what was corrected, and why the rest differs.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/device/core/vector_checks.h"

static int is_vector_file(const struct dirent *entry)
{
	return vector_file_is_known(entry->d_name);
}

/* True when nothing about the file is unexplained. */
static bool print_report(const char *name, const struct vector_report *report)
{
	printf("%-32s", name);
	if (report->error[0]) {
		printf("cannot be used: %s\n", report->error);
		return false;
	}
	if (report->not_compared) {
		printf("%5zu vectors  not compared: %s\n", report->vectors, report->not_compared);
		return true;
	}
	printf("%5zu vectors  %7zu of %7zu numbers agree\n", report->vectors, report->agree,
	       report->elements);
	for (int reason = 0; reason < VECTOR_REASON_COUNT; reason++)
		if (report->differ[reason])
			printf("%32s%16zu differ: %s\n", "", report->differ[reason],
			       vector_reason_text((enum vector_reason)reason));
	if (report->unexplained)
		printf("%32s%16zu UNEXPLAINED, first: %s\n", "", report->unexplained,
		       report->first_unexplained);
	return report->unexplained == 0;
}

int main(int argc, char **argv)
{
	struct dirent **entries;
	int count, bad = 0;

	if (argc != 2 || argv[1][0] == '-') {
		fprintf(stderr, "usage: eb-vectors DIR\n"
			"Compares the device core with the test vectors (*.csv) in DIR.\n");
		return 2;
	}
	count = scandir(argv[1], &entries, is_vector_file, alphasort);
	if (count < 0) {
		fprintf(stderr, "eb-vectors: %s: %m\n", argv[1]);
		return 2;
	}
	if (count == 0)
		fprintf(stderr, "eb-vectors: %s: holds no file of a known format\n", argv[1]);
	for (int i = 0; i < count; i++) {
		struct vector_report report;

		vector_check_file(argv[1], entries[i]->d_name, &report);
		bad += !print_report(entries[i]->d_name, &report);
		free(entries[i]);
	}
	free(entries);
	if (count)
		printf("%d files, %d with unexplained differences\n", count, bad);
	return bad || count == 0;
}
