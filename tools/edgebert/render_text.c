// SPDX-License-Identifier: MIT
/* Records as text: "label: value unit" lines, tables, and the only calls that write output. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <utf8proc.h>

#include "lib/status.h"
#include "lib/unicode_text.h"
#include "tools/edgebert/render.h"
#include "tools/edgebert/report.h"

#define INDENT 2
#define ELLIPSIS "..."

/* ---- writing ------------------------------------------------------------------- */

static int output_failed(void)
{
	int error = errno;

	/* A reader that has seen enough is no error that anyone wants to read about. */
	if (error == EPIPE)
		return EXIT_OUTPUT;
	return report_tool(EXIT_OUTPUT, "standard output can not be written: %s",
			   eb_errno_name(error));
}

int render_flush(void)
{
	return fflush(stdout) != 0 || ferror(stdout) ? output_failed() : 0;
}

/* Every line is out before the next one is worked on. */
int render_plain(const char *format, ...)
{
	va_list arguments;
	int written;

	va_start(arguments, format);
	written = vfprintf(stdout, format, arguments);
	va_end(arguments);
	return written < 0 ? output_failed() : render_flush();
}

/* ---- one value ------------------------------------------------------------------- */

static int character_width(int32_t character)
{
	int width = utf8proc_charwidth(character);

	return width < 0 ? 0 : width;
}

static int text_width(const char *text, size_t size)
{
	size_t offset = 0;
	int width = 0;

	while (offset < size) {
		int32_t character = text_next(text, size, &offset);

		if (character < 0)
			offset++;
		width += character < 0x20 ? 1 : character_width(character);
	}
	return width;
}

static int string_width(const char *text)
{
	return text_width(text, strlen(text));
}

/*
 * Copies a text as a terminal can take it: control characters (escape sequences could
 * move the cursor) become spaces or question marks, and at most width_max columns are
 * kept.  Returns the columns used.
 */
static int copy_printable(FILE *output, const char *text, size_t size, int width_max)
{
	int cut = width_max && text_width(text, size) > width_max ?
			  width_max - (int)strlen(ELLIPSIS) : -1;
	size_t offset = 0;
	int width = 0;

	while (offset < size) {
		size_t start = offset;
		int32_t character = text_next(text, size, &offset);
		int columns;

		if (character < 0) {
			offset++;
			character = '?';
		}
		if (character == '\t')
			character = ' ';
		else if (character < 0x20 || (character >= 0x7f && character < 0xa0))
			character = '?';
		columns = character_width(character);
		if (cut >= 0 && width + columns > cut) {
			fputs(ELLIPSIS, output);
			return cut + (int)strlen(ELLIPSIS);
		}
		width += columns;
		if (character == ' ' || character == '?')
			fputc(character, output);
		else
			fwrite(text + start, 1, offset - start, output);
	}
	return width;
}

static void print_list(const struct record *list, FILE *output);

static void print_value(const struct field *field, const struct column *column, FILE *output)
{
	double divisor = column && column->divisor != 0 ? column->divisor : 0;
	double value = field->type == VALUE_WHOLE ? (double)field->whole : 0;

	if (field->type == VALUE_NUMBER)
		value = field->number.value;
	if (divisor != 0 && (field->type == VALUE_WHOLE || field->type == VALUE_NUMBER)) {
		fprintf(output, "%.*f", column->decimals, value / divisor);
		return;
	}
	switch (field->type) {
	case VALUE_NONE:
		fputc('-', output);
		break;
	case VALUE_TEXT:
		copy_printable(output, field->text.bytes, field->text.size,
			       column ? column->width_max : 0);
		break;
	case VALUE_BOOLEAN:
		fputs(field->boolean ? "yes" : "no", output);
		break;
	case VALUE_WHOLE:
		fprintf(output, "%" PRIu64, field->whole);
		break;
	case VALUE_NUMBER:
		fprintf(output, "%.*f", field->number.decimals, field->number.value);
		break;
	case VALUE_RECORD:
	case VALUE_LIST:
		print_list(field->record, output);
		break;
	}
}

static char *value_text(const struct field *field, const struct column *column)
{
	char *text = NULL;
	size_t size = 0;
	FILE *memory = open_memstream(&text, &size);

	if (!memory)
		report_out_of_memory();
	print_value(field, column, memory);
	if (fclose(memory) != 0 || !text)
		report_out_of_memory();
	return text;
}

/* Values of a list of plain values, one after the other. */
static void print_list(const struct record *list, FILE *output)
{
	for (size_t i = 0; i < list->count; i++) {
		if (i)
			fputs(", ", output);
		print_value(&list->fields[i], NULL, output);
	}
	if (list->count == 0)
		fputs("none", output);
}

/* ---- lines of columns --------------------------------------------------------------- */

static void put_spaces(int count)
{
	for (; count > 0; count--)
		fputc(' ', stdout);
}

static void put_cell(const char *text, int width)
{
	int wanted = width < 0 ? -width : width;
	int missing = wanted - string_width(text);

	if (width > 0)
		put_spaces(missing);
	fputs(text, stdout);
	if (width < 0)
		put_spaces(missing);
}

int render_columns(const struct record *record, const struct column *columns, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct field *field = record_find(record, columns[i].path);
		char *text = field ? value_text(field, &columns[i]) : strdup("-");

		if (!text)
			report_out_of_memory();
		fputs(columns[i].before, stdout);
		put_cell(text, columns[i].width);
		fputs(columns[i].after, stdout);
		free(text);
	}
	return render_plain("\n");
}

int render_headings(const struct column *columns, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		put_spaces(string_width(columns[i].before));
		put_cell(columns[i].heading, columns[i].width);
		put_spaces(string_width(columns[i].after));
	}
	return render_plain("\n");
}

/* ---- whole records -------------------------------------------------------------------- */

static bool is_list_of_records(const struct field *field)
{
	return field->type == VALUE_LIST && field->record->count > 0 &&
	       field->record->fields[0].type == VALUE_RECORD;
}

static int label_width(const struct record *record)
{
	int width = 0;

	for (size_t i = 0; i < record->count; i++) {
		const struct field *field = &record->fields[i];
		int length = field->label ? string_width(field->label) : 0;

		if (field->type != VALUE_RECORD && !is_list_of_records(field) && length > width)
			width = length;
	}
	return width;
}

static int cell_width(const struct field *field)
{
	char *text = value_text(field, NULL);
	int width = string_width(text);

	free(text);
	return width;
}

static int column_width(const struct record *list, size_t column)
{
	int width = string_width(list->fields[0].record->fields[column].label);

	for (size_t row = 0; row < list->count; row++) {
		int needed = cell_width(&list->fields[row].record->fields[column]);

		width = needed > width ? needed : width;
	}
	return width;
}

/* row 0: the headings.  Nothing is put behind the last column. */
static void print_table_cell(const struct record *list, size_t row, size_t column)
{
	const struct field *first = &list->fields[0].record->fields[column];
	const bool last = column + 1 == list->fields[0].record->count;
	int width = column_width(list, column);
	char *text = row == 0 ? strdup(first->label) :
				value_text(&list->fields[row - 1].record->fields[column], NULL);

	if (!text)
		report_out_of_memory();
	put_cell(text, first->type != VALUE_TEXT ? width : last ? 0 : -width);
	put_spaces(last ? 0 : 2);
	free(text);
}

/* A list of records of one shape: the labels of the first are the headings. */
static void print_table(const struct record *list, int indent)
{
	const struct record *first = list->fields[0].record;

	for (size_t row = 0; row <= list->count; row++) {
		put_spaces(indent);
		for (size_t column = 0; column < first->count; column++)
			if (first->fields[column].label)
				print_table_cell(list, row, column);
		fputc('\n', stdout);
	}
}

static void print_record(const struct record *record, int indent)
{
	int width = label_width(record);

	for (size_t i = 0; i < record->count; i++) {
		const struct field *field = &record->fields[i];

		if (!field->label)
			continue;
		put_spaces(indent);
		if (field->type == VALUE_RECORD || is_list_of_records(field)) {
			printf("%s:\n", field->label);
			if (field->type == VALUE_RECORD)
				print_record(field->record, indent + INDENT);
			else
				print_table(field->record, indent + INDENT);
			continue;
		}
		printf("%s:", field->label);
		put_spaces(width - string_width(field->label) + 1);
		print_value(field, NULL, stdout);
		printf("%s%s\n", *field->unit ? " " : "", field->unit);
	}
}

int render_text(const struct record *record)
{
	print_record(record, 0);
	return render_flush();
}
