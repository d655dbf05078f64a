// SPDX-License-Identifier: MIT
/* Lines of every length and end, whole or in pieces, come out as they went in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "tools/edgebert/line_reader.h"
#include "tools/edgebert/report.h"

#define PATH_BYTES 64

struct input {
	char path[PATH_BYTES];
	int fd;
};

static struct input make_input(const void *text, size_t size)
{
	struct input input = { .fd = memfd_create("input", 0) };

	assert_true(input.fd >= 0);
	assert_int_equal(write(input.fd, text, size), size);
	assert_int_equal(lseek(input.fd, 0, SEEK_SET), 0);
	snprintf(input.path, sizeof(input.path), "/proc/self/fd/%d", input.fd);
	return input;
}

static void assert_line(struct line_reader *reader, const void *wanted, size_t wanted_size)
{
	const char *text;
	size_t size;

	assert_int_equal(line_reader_next(reader, &text, &size), LINE_READ);
	assert_int_equal(size, wanted_size);
	assert_memory_equal(text, wanted, size);
}

static void assert_end(struct line_reader *reader)
{
	const char *text;
	size_t size;

	assert_int_equal(line_reader_next(reader, &text, &size), LINE_END);
	/* And stays there. */
	assert_int_equal(line_reader_next(reader, &text, &size), LINE_END);
}

static void lines_end_in_any_way(void **state)
{
	static const char text[] = "one\ntwo\r\n\n\r\nfive\rx\n\0six\nseven";
	struct input input = make_input(text, sizeof(text) - 1);
	struct line_reader reader;

	(void)state;
	assert_int_equal(line_reader_open(&reader, input.path), 0);
	assert_line(&reader, "one", 3);
	assert_line(&reader, "two", 3);
	assert_line(&reader, "", 0);
	assert_line(&reader, "", 0);
	assert_line(&reader, "five\rx", 6);
	assert_line(&reader, "\0six", 4);
	assert_int_equal(reader.line, 6);
	assert_line(&reader, "seven", 5);
	assert_end(&reader);
	assert_int_equal(reader.line, 7);
	line_reader_close(&reader);
	close(input.fd);
}

static void an_empty_file_has_no_lines(void **state)
{
	struct input input = make_input("", 0);
	struct line_reader reader;

	(void)state;
	assert_int_equal(line_reader_open(&reader, input.path), 0);
	assert_end(&reader);
	line_reader_close(&reader);
	close(input.fd);
}

static void only_a_leading_byte_order_mark_is_dropped(void **state)
{
	static const char text[] = "\xef\xbb\xbfone\n\xef\xbb\xbftwo\n";
	struct input input = make_input(text, sizeof(text) - 1);
	struct line_reader reader;

	(void)state;
	assert_int_equal(line_reader_open(&reader, input.path), 0);
	assert_line(&reader, "one", 3);
	assert_line(&reader, "\xef\xbb\xbftwo", 6);
	line_reader_close(&reader);
	close(input.fd);
}

/* Lines around the limit, each followed by one that must come out unharmed. */
static void the_limit_is_exact_and_what_follows_is_intact(void **state)
{
	static const struct {
		size_t size;
		const char *end;
		enum line_result wanted;
	} cases[] = {
		{ LINE_BYTES_MAX - 1, "\n", LINE_READ },
		{ LINE_BYTES_MAX, "\n", LINE_READ },
		{ LINE_BYTES_MAX, "\r\n", LINE_READ },
		{ LINE_BYTES_MAX + 1, "\n", LINE_TOO_LONG },
		{ LINE_BYTES_MAX + 1, "\r\n", LINE_TOO_LONG },
		{ LINE_BYTES_MAX + 2, "\n", LINE_TOO_LONG },
		{ 3 * LINE_BYTES_MAX + 7, "\n", LINE_TOO_LONG },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t end = strlen(cases[i].end);
		char *text = malloc(cases[i].size + end + 6);
		struct line_reader reader;
		struct input input;
		const char *line;
		size_t size;

		assert_non_null(text);
		memset(text, 'a', cases[i].size);
		memcpy(text + cases[i].size, cases[i].end, end);
		memcpy(text + cases[i].size + end, "after\n", 6);
		input = make_input(text, cases[i].size + end + 6);
		assert_int_equal(line_reader_open(&reader, input.path), 0);
		assert_int_equal(line_reader_next(&reader, &line, &size), cases[i].wanted);
		if (cases[i].wanted == LINE_READ)
			assert_int_equal(size, cases[i].size);
		assert_int_equal(reader.line, 1);
		assert_line(&reader, "after", 5);
		assert_int_equal(reader.line, 2);
		assert_end(&reader);
		line_reader_close(&reader);
		close(input.fd);
		free(text);
	}
}

static void a_line_that_never_ends_is_one_line(void **state)
{
	size_t size = 2 * LINE_BYTES_MAX;
	char *text = malloc(size);
	struct line_reader reader;
	struct input input;
	const char *line;
	size_t line_size;

	(void)state;
	assert_non_null(text);
	memset(text, 'a', size);
	input = make_input(text, size);
	assert_int_equal(line_reader_open(&reader, input.path), 0);
	assert_int_equal(line_reader_next(&reader, &line, &line_size), LINE_TOO_LONG);
	assert_end(&reader);
	line_reader_close(&reader);
	close(input.fd);
	free(text);
}

/* Many short lines cross the end of the buffer at every offset. */
static void lines_are_whole_across_the_buffer(void **state)
{
	size_t count = 400000;
	char *text = malloc(count * 8);
	struct line_reader reader;
	struct input input;
	size_t size = 0;

	(void)state;
	assert_non_null(text);
	for (size_t i = 0; i < count; i++)
		size += (size_t)sprintf(text + size, "%zu\n", i);
	input = make_input(text, size);
	assert_int_equal(line_reader_open(&reader, input.path), 0);
	for (size_t i = 0; i < count; i++) {
		char wanted[16];

		assert_line(&reader, wanted, (size_t)sprintf(wanted, "%zu", i));
	}
	assert_end(&reader);
	line_reader_close(&reader);
	close(input.fd);
	free(text);
}

static void a_pipe_is_ready_only_when_it_holds_something(void **state)
{
	struct line_reader reader;
	char path[PATH_BYTES];
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", ends[0]);
	assert_int_equal(line_reader_open(&reader, path), 0);
	assert_false(line_reader_ready(&reader));
	assert_int_equal(write(ends[1], "one\ntw", 6), 6);
	assert_true(line_reader_ready(&reader));
	assert_line(&reader, "one", 3);
	/* Half a line is not ready. */
	assert_false(line_reader_ready(&reader));
	assert_int_equal(write(ends[1], "o\nthree\n", 8), 8);
	assert_line(&reader, "two", 3);
	/* In the buffer already. */
	assert_true(line_reader_ready(&reader));
	assert_line(&reader, "three", 5);
	assert_false(line_reader_ready(&reader));
	close(ends[1]);
	assert_true(line_reader_ready(&reader));
	assert_end(&reader);
	line_reader_close(&reader);
	close(ends[0]);
}

static void what_can_not_be_opened_is_an_input_failure(void **state)
{
	struct line_reader reader;

	(void)state;
	assert_int_equal(line_reader_open(&reader, "/nonexistent/input"), EXIT_INPUT);
	assert_int_equal(line_reader_open(&reader, "/"), EXIT_INPUT);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_end_in_any_way),
		cmocka_unit_test(an_empty_file_has_no_lines),
		cmocka_unit_test(only_a_leading_byte_order_mark_is_dropped),
		cmocka_unit_test(the_limit_is_exact_and_what_follows_is_intact),
		cmocka_unit_test(a_line_that_never_ends_is_one_line),
		cmocka_unit_test(lines_are_whole_across_the_buffer),
		cmocka_unit_test(a_pipe_is_ready_only_when_it_holds_something),
		cmocka_unit_test(what_can_not_be_opened_is_an_input_failure),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
