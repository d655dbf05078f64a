// SPDX-License-Identifier: MIT
/* Reads labelled sentences, and says which line of the file is wrong and why. */
#include "tools/edgebert/dataset.h"

#include <stdlib.h>
#include <string.h>

#include "tools/edgebert/line_reader.h"
#include "tools/edgebert/report.h"

struct cell {
	const char *text;
	size_t size;
};

struct columns {
	size_t text, label;
};

static bool cell_is(struct cell cell, const char *text)
{
	return cell.size == strlen(text) && memcmp(cell.text, text, cell.size) == 0;
}

/* The cell of a column; false when the line has fewer. */
static bool find_cell(const char *line, size_t size, size_t column, struct cell *ret_cell)
{
	for (;;) {
		const char *tab = memchr(line, '\t', size);
		size_t length = tab ? (size_t)(tab - line) : size;

		if (column == 0) {
			*ret_cell = (struct cell){ line, length };
			return true;
		}
		if (!tab)
			return false;
		column--;
		line = tab + 1;
		size -= length + 1;
	}
}

static bool find_column(const char *line, size_t size, const char *name, size_t *ret_column)
{
	struct cell cell;

	for (size_t column = 0; find_cell(line, size, column, &cell); column++) {
		if (cell_is(cell, name)) {
			*ret_column = column;
			return true;
		}
	}
	return false;
}

static int read_header(struct line_reader *reader, struct columns *columns)
{
	const char *line;
	size_t size;

	switch (line_reader_next(reader, &line, &size)) {
	case LINE_READ:
		break;
	case LINE_FAILED:
		return EXIT_INPUT;
	default:
		return report_tool(EXIT_INPUT, "%s is empty: its first line must name the columns, "
				   "text and label among them", reader->path);
	}
	if (find_column(line, size, "text", &columns->text) &&
	    find_column(line, size, "label", &columns->label))
		return 0;
	return report_tool(EXIT_INPUT, "%s, line 1: the header names no column 'text' or no column "
			   "'label'; columns are separated by tabs", reader->path);
}

static bool parse_label(struct cell cell, const struct session *session, uint32_t *ret_label)
{
	uint32_t index = 0;
	size_t digits = 0;

	for (uint32_t i = 0; i < session->model_info.classes; i++) {
		const char *name = eb_model_label(session->model, i);

		if (name && cell_is(cell, name)) {
			*ret_label = i;
			return true;
		}
	}
	/* Few classes: two digits are plenty. */
	for (; digits < cell.size && digits < 2; digits++) {
		if (cell.text[digits] < '0' || cell.text[digits] > '9')
			return false;
		index = 10 * index + (uint32_t)(cell.text[digits] - '0');
	}
	*ret_label = index;
	return digits > 0 && digits == cell.size && index < session->model_info.classes;
}

static void add_example(struct dataset *dataset, uint64_t line, struct cell text, uint32_t label)
{
	struct example *example;

	/* Room for a power of two: more is needed when the count is one. */
	if ((dataset->count & (dataset->count - 1)) == 0) {
		size_t room = dataset->count ? 2 * dataset->count : 1;
		struct example *examples =
			reallocarray(dataset->examples, room, sizeof(*examples));

		if (!examples)
			report_out_of_memory();
		dataset->examples = examples;
	}
	example = &dataset->examples[dataset->count++];
	*example = (struct example){ .line = line, .size = text.size, .label = label };
	example->text = malloc(text.size + 1);
	if (!example->text)
		report_out_of_memory();
	memcpy(example->text, text.text, text.size);
	example->text[text.size] = '\0';
}

static int read_example(struct dataset *dataset, const struct line_reader *reader,
			const struct columns *columns, const struct session *session,
			const char *line, size_t size)
{
	struct cell text, label;
	uint32_t index;

	if (!find_cell(line, size, columns->text, &text) ||
	    !find_cell(line, size, columns->label, &label))
		return report_tool(EXIT_INPUT, "%s, line %llu: fewer columns than the header names",
				   reader->path, (unsigned long long)reader->line);
	if (!parse_label(label, session, &index))
		return report_tool(EXIT_INPUT, "%s, line %llu: label '%.*s' is neither a class of "
				   "the model nor an index below %u", reader->path,
				   (unsigned long long)reader->line,
				   (int)(label.size < 40 ? label.size : 40), label.text,
				   session->model_info.classes);
	add_example(dataset, reader->line, text, index);
	return 0;
}

static int read_examples(struct dataset *dataset, struct line_reader *reader,
			 const struct session *session)
{
	struct columns columns;
	int failed = read_header(reader, &columns);

	while (!failed) {
		const char *line;
		size_t size;

		switch (line_reader_next(reader, &line, &size)) {
		case LINE_READ:
			failed = read_example(dataset, reader, &columns, session, line, size);
			break;
		case LINE_TOO_LONG:
			failed = report_tool(EXIT_INPUT, "%s, line %llu is longer than 1 MiB",
					     reader->path, (unsigned long long)reader->line);
			break;
		case LINE_FAILED:
			failed = EXIT_INPUT;
			break;
		case LINE_END:
			if (dataset->count)
				return 0;
			failed = report_tool(EXIT_INPUT, "%s holds no sentences", reader->path);
			break;
		}
	}
	return failed;
}

int dataset_load(struct dataset *dataset, const char *path, const struct session *session)
{
	struct line_reader reader;
	int failed;

	*dataset = (struct dataset){ 0 };
	failed = line_reader_open(&reader, path);
	if (failed)
		return failed;
	failed = read_examples(dataset, &reader, session);
	line_reader_close(&reader);
	if (failed)
		dataset_free(dataset);
	return failed;
}

void dataset_free(struct dataset *dataset)
{
	for (size_t i = 0; i < dataset->count; i++)
		free(dataset->examples[i].text);
	free(dataset->examples);
	*dataset = (struct dataset){ 0 };
}
