// SPDX-License-Identifier: MIT
/* Reads tables of entropies, and says which line is wrong and why. */
#include "tools/edgebert/number_table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/edgebert/line_reader.h"
#include "tools/edgebert/report.h"

/* Longest number; they are copied, as a line of the reader has no terminator. */
#define NUMBER_BYTES 64

int32_t nats_to_billionths(double nats)
{
	return (int32_t)lround(nats * NAT);
}

static int refuse(const struct line_reader *reader, const char *what, const char *text)
{
	return report_tool(EXIT_INPUT, "%s, line %llu: %s%s", reader->path,
			   (unsigned long long)reader->line, what, text);
}

static int parse_number(const struct line_reader *reader, const char *text, size_t size,
			int32_t *ret_value)
{
	char copy[NUMBER_BYTES], *end;
	double value;

	if (size >= sizeof(copy))
		return refuse(reader, "a cell is longer than any number", "");
	memcpy(copy, text, size);
	copy[size] = '\0';
	value = strtod(copy, &end);
	end += strspn(end, " ");
	if (end == copy || (size_t)(end - copy) != size || copy[strspn(copy, " ")] == '\0')
		return refuse(reader, "not a number: ", copy);
	if (!(value >= 0 && value <= NATS_MAX))
		return refuse(reader, "not an entropy from 0 to 2.1 nats: ", copy);
	*ret_value = nats_to_billionths(value);
	return 0;
}

/* Room for one more row; what is allocated doubles. */
static int32_t *add_row(struct number_table *table)
{
	if ((table->rows & (table->rows - 1)) == 0) {
		size_t room = table->rows ? 2 * table->rows : 1;
		int32_t *values = reallocarray(table->values, room * table->columns,
					       sizeof(*values));

		if (!values)
			report_out_of_memory();
		table->values = values;
	}
	return table->values + table->rows++ * table->columns;
}

static size_t count_columns(const char *line, size_t size)
{
	size_t count = 1;

	for (size_t i = 0; i < size; i++)
		count += line[i] == ',';
	return count;
}

static int read_row(struct number_table *table, const struct line_reader *reader,
		    const char *line, size_t size)
{
	char counts[64];
	int32_t *row;
	int failed = 0;

	if (count_columns(line, size) != table->columns) {
		snprintf(counts, sizeof(counts), "%zu numbers, the first line has %zu",
			 count_columns(line, size), table->columns);
		return refuse(reader, counts, "");
	}
	row = add_row(table);
	for (size_t column = 0; column < table->columns && !failed; column++) {
		const char *comma = memchr(line, ',', size);
		size_t length = comma ? (size_t)(comma - line) : size;

		failed = parse_number(reader, line, length, &row[column]);
		line += length + 1;
		size -= comma ? length + 1 : length;
	}
	return failed;
}

static int read_line(struct number_table *table, const struct line_reader *reader,
		     const char *line, size_t size, size_t columns_max)
{
	if (size == 0)
		return 0;
	if (table->columns == 0)
		table->columns = count_columns(line, size);
	if (table->columns > columns_max)
		return refuse(reader, "more numbers than a sentence has layers", "");
	return read_row(table, reader, line, size);
}

int number_table_load(struct number_table *table, const char *path, size_t columns_max)
{
	enum line_result result = LINE_READ;
	struct line_reader reader;
	const char *line;
	size_t size;
	int failed;

	*table = (struct number_table){ 0 };
	failed = line_reader_open(&reader, path);
	if (failed)
		return failed;
	while (!failed && result != LINE_END) {
		result = line_reader_next(&reader, &line, &size);
		if (result == LINE_READ)
			failed = read_line(table, &reader, line, size, columns_max);
		else if (result == LINE_TOO_LONG)
			failed = refuse(&reader, "longer than 1 MiB", "");
		else if (result == LINE_FAILED)
			failed = EXIT_INPUT;
	}
	if (!failed && table->rows == 0)
		failed = report_tool(EXIT_INPUT, "%s holds no numbers", reader.path);
	line_reader_close(&reader);
	if (failed)
		number_table_free(table);
	return failed;
}

void number_table_free(struct number_table *table)
{
	free(table->values);
	*table = (struct number_table){ 0 };
}
