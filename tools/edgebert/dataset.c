// SPDX-License-Identifier: MIT
/* Reads labelled sentences, and says which line of the file is wrong and why. */
#include "tools/edgebert/dataset.h"

#include <stdlib.h>
#include <string.h>

#include "tools/edgebert/line_reader.h"
#include "tools/edgebert/report.h"
#include "tools/model/columns.h"

/* A model for pairs wants two columns of text, another one. */
static int check_texts(const struct line_reader *reader, const struct eb_columns *columns,
		       const struct session *session)
{
	bool pairs = session->model_info.sentence_pairs;

	if (columns->pair == pairs)
		return 0;
	return report_tool(EXIT_INPUT, "%s, line 1: the header names %s, but the model classifies "
			   "%s", reader->path, columns->pair ? "two texts" : "one text",
			   pairs ? "pairs of texts: give columns text_a and text_b" :
				   "single texts: give a column text");
}

static int read_header(struct line_reader *reader, const struct session *session,
		       struct eb_columns *columns)
{
	const char *line;
	size_t size;

	switch (line_reader_next(reader, &line, &size)) {
	case LINE_READ:
		break;
	case LINE_FAILED:
		return EXIT_INPUT;
	default:
		return report_tool(EXIT_INPUT, "%s is empty: its first line must name the columns: "
				   EB_COLUMNS_WANTED, reader->path);
	}
	if (!eb_columns_find(line, size, columns))
		return report_tool(EXIT_INPUT, "%s, line 1: the header does not name the columns that "
				   "are needed: " EB_COLUMNS_WANTED "; columns are separated by "
				   "tabs", reader->path);
	return check_texts(reader, columns, session);
}

static const char *class_name(const void *opaque, uint32_t index)
{
	return eb_model_label(opaque, index);
}

/* Of a pair both texts, with a tab between them. */
static void copy_text(struct example *example, const struct eb_example_cells *cells, bool pair)
{
	char *end;

	example->size = cells->first.size + (pair ? 1 + cells->second.size : 0);
	example->text = malloc(example->size + 1);
	if (!example->text)
		report_out_of_memory();
	end = mempcpy(example->text, cells->first.text, cells->first.size);
	if (pair) {
		*end++ = '\t';
		end = mempcpy(end, cells->second.text, cells->second.size);
	}
	*end = '\0';
}

static void add_example(struct dataset *dataset, uint64_t line,
			const struct eb_example_cells *cells, bool pair, uint32_t label)
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
	*example = (struct example){ .line = line, .label = label };
	copy_text(example, cells, pair);
}

static int read_example(struct dataset *dataset, const struct line_reader *reader,
			const struct eb_columns *columns, const struct session *session,
			const char *line, size_t size)
{
	struct eb_example_cells cells;
	int64_t index;

	if (!eb_columns_split(columns, line, size, &cells))
		return report_tool(EXIT_INPUT, "%s, line %llu: fewer columns than the header names",
				   reader->path, (unsigned long long)reader->line);
	index = eb_label_parse(cells.label, session->model_info.classes, class_name,
			       session->model);
	if (index < 0)
		return report_tool(EXIT_INPUT, "%s, line %llu: label '%.*s' is neither a class of "
				   "the model nor an index below %u", reader->path,
				   (unsigned long long)reader->line,
				   (int)(cells.label.size < 40 ? cells.label.size : 40),
				   cells.label.text, session->model_info.classes);
	add_example(dataset, reader->line, &cells, columns->pair, (uint32_t)index);
	return 0;
}

static int read_examples(struct dataset *dataset, struct line_reader *reader,
			 const struct session *session)
{
	struct eb_columns columns;
	int failed = read_header(reader, session, &columns);

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
