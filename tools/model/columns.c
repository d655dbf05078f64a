// SPDX-License-Identifier: MIT
/* Finds columns by name and cells by column. */
#include "tools/model/columns.h"

#include <string.h>

static const struct {
	const char *first, *second;
} pair_names[] = {
	{ "text_a", "text_b" },		{ "sentence1", "sentence2" }, { "question", "sentence" },
	{ "question1", "question2" },	{ "premise", "hypothesis" },
};

static const char *const text_names[] = { "text", "sentence" };

static bool cell_is(struct eb_cell cell, const char *text)
{
	return cell.size == strlen(text) && memcmp(cell.text, text, cell.size) == 0;
}

/* The cell of a column; false when the line has fewer. */
static bool find_cell(const char *line, size_t size, size_t column, struct eb_cell *ret_cell)
{
	for (;;) {
		const char *tab = memchr(line, '\t', size);
		size_t length = tab ? (size_t)(tab - line) : size;

		if (column == 0) {
			*ret_cell = (struct eb_cell){ line, length };
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
	struct eb_cell cell;

	for (size_t column = 0; find_cell(line, size, column, &cell); column++) {
		if (cell_is(cell, name)) {
			*ret_column = column;
			return true;
		}
	}
	return false;
}

static bool find_texts(const char *line, size_t size, struct eb_columns *columns)
{
	for (size_t i = 0; i < sizeof(pair_names) / sizeof(pair_names[0]); i++) {
		columns->pair = find_column(line, size, pair_names[i].first, &columns->first) &&
				find_column(line, size, pair_names[i].second, &columns->second);
		if (columns->pair)
			return true;
	}
	for (size_t i = 0; i < sizeof(text_names) / sizeof(text_names[0]); i++) {
		if (find_column(line, size, text_names[i], &columns->first))
			return true;
	}
	return false;
}

bool eb_columns_find(const char *line, size_t size, struct eb_columns *ret_columns)
{
	*ret_columns = (struct eb_columns){ 0 };
	return find_texts(line, size, ret_columns) &&
	       find_column(line, size, "label", &ret_columns->label);
}

bool eb_columns_split(const struct eb_columns *columns, const char *line, size_t size,
		      struct eb_example_cells *ret_cells)
{
	*ret_cells = (struct eb_example_cells){ 0 };
	return find_cell(line, size, columns->first, &ret_cells->first) &&
	       find_cell(line, size, columns->label, &ret_cells->label) &&
	       (!columns->pair || find_cell(line, size, columns->second, &ret_cells->second));
}

int64_t eb_label_parse(struct eb_cell label, uint32_t count,
		       const char *(*name)(const void *opaque, uint32_t index), const void *opaque)
{
	int64_t index = 0;

	for (uint32_t i = 0; i < count; i++) {
		const char *candidate = name(opaque, i);

		if (candidate && cell_is(label, candidate))
			return i;
	}
	/* Few classes: two digits are plenty. */
	if (label.size == 0 || label.size > 2)
		return -1;
	for (size_t i = 0; i < label.size; i++) {
		if (label.text[i] < '0' || label.text[i] > '9')
			return -1;
		index = 10 * index + (label.text[i] - '0');
	}
	return index < count ? index : -1;
}
