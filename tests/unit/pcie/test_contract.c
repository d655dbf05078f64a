// SPDX-License-Identifier: MIT
/*
 * One contract in three places: kernel/edgebert_hw.h, the register table of the device,
 * and the tables of Documentation/hardware.
 *
 * contract.awk turns the header into the rows of contract.inc.  In the documentation a
 * constant is a table row that has `NAME` in one cell and its value in another; a field is
 * a row "offset | bytes | `field`" below a mention of its structure.
 */
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/edgebert_hw.h"
#include "tools/device/pcie/registers.h"

#define PAGES		"Documentation/hardware/*.md"
#define CELLS_MAX	8

struct constant {
	const char *name;
	uint64_t value;
};

struct field {
	const char *structure, *name;
	size_t offset, size;
};

static const struct constant constants[] = {
#define CONSTANT(name, value)	{ name, (uint64_t)(value) },
#define FIELD(structure, field, before)
#include "contract.inc"
#undef CONSTANT
#undef FIELD
};

static const struct field fields[] = {
#define CONSTANT(name, value)
#define FIELD(structure, field, before) \
	{ #structure, #field, before + offsetof(struct edgebert_hw_##structure, field), \
	  sizeof(((struct edgebert_hw_##structure *)0)->field) },
#include "contract.inc"
#undef CONSTANT
#undef FIELD
};

#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))

/* A row of a table, or a line of text (no cells). */
struct line {
	const char *page;
	unsigned int number;
	char *text;
	unsigned int cell_count;
	char *cells[CELLS_MAX];
};

static struct line *lines;
static size_t line_count;

/* ---- Reading the documentation ---- */

static char *trim(char *cell)
{
	size_t length;

	cell += strspn(cell, " \t\n");
	length = strlen(cell);
	while (length > 0 && strchr(" \t\n", cell[length - 1]) != NULL)
		cell[--length] = '\0';
	return cell;
}

/* A bar behind a backslash is text. */
static void split_row(struct line *line, const char *text)
{
	char *copy = strdup(text), *start = copy + 1;

	assert_non_null(copy);
	for (char *next = copy + 1; *next != '\0' && line->cell_count < CELLS_MAX; next++) {
		if (*next != '|' || next[-1] == '\\')
			continue;
		*next = '\0';
		line->cells[line->cell_count++] = trim(start);
		start = next + 1;
	}
}

static void read_page(const char *path)
{
	FILE *file = fopen(path, "r");
	char text[1024];
	unsigned int number = 0;

	assert_non_null(file);
	while (fgets(text, sizeof(text), file) != NULL) {
		struct line *line;

		lines = realloc(lines, (line_count + 1) * sizeof(*lines));
		assert_non_null(lines);
		line = &lines[line_count++];
		*line = (struct line) { .page = path, .number = ++number, .text = strdup(text) };
		if (text[0] == '|')
			split_row(line, text);
	}
	fclose(file);
}

static int read_pages(void **state)
{
	static glob_t pages;

	(void)state;
	if (glob(PAGES, 0, NULL, &pages) != 0) {
		printf("# no pages in %s; run from the top of the repository\n", PAGES);
		return -1;
	}
	for (size_t i = 0; i < pages.gl_pathc; i++)
		read_page(pages.gl_pathv[i]);
	return 0;
}

/* ---- Looking things up in it ---- */

static bool cell_is_name(const char *cell, const char *name)
{
	size_t length = strlen(name);

	return strlen(cell) == length + 2 && cell[0] == '`' && cell[length + 1] == '`' &&
	       memcmp(cell + 1, name, length) == 0;
}

static bool cell_is_number(const char *cell, uint64_t value)
{
	char *end;
	uint64_t number;

	if (cell[0] < '0' || cell[0] > '9')
		return false;
	number = strtoull(cell, &end, 0);
	return *end == '\0' && number == value;
}

static bool row_documents(const struct line *line, const char *name, uint64_t value)
{
	bool named = false, valued = false;

	for (unsigned int i = 0; i < line->cell_count; i++) {
		named |= cell_is_name(line->cells[i], name);
		valued |= cell_is_number(line->cells[i], value);
	}
	return named && valued;
}

static bool mentions_structure(const char *text, const char *structure)
{
	char mention[64];

	snprintf(mention, sizeof(mention), "`struct edgebert_hw_%s`", structure);
	return strstr(text, mention) != NULL;
}

/* The heading's section in which the structure is mentioned first ends at the next one. */
static bool field_is_documented(const struct field *field)
{
	bool inside = false;

	for (size_t i = 0; i < line_count; i++) {
		const struct line *line = &lines[i];

		if (line->text[0] == '#')
			inside = false;
		else if (mentions_structure(line->text, field->structure))
			inside = true;
		if (inside && line->cell_count >= 3 && cell_is_number(line->cells[0], field->offset) &&
		    cell_is_number(line->cells[1], field->size) &&
		    cell_is_name(line->cells[2], field->name))
			return true;
	}
	return false;
}

/* ---- Tests ---- */

static void every_constant_is_documented_with_its_value(void **state)
{
	unsigned int missing = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(constants); i++) {
		bool found = false;

		for (size_t l = 0; l < line_count && !found; l++)
			found = row_documents(&lines[l], constants[i].name, constants[i].value);
		if (!found) {
			printf("# no table row has `%s` and 0x%llx\n", constants[i].name,
			       (unsigned long long)constants[i].value);
			missing++;
		}
	}
	assert_int_equal(missing, 0);
	assert_true(COUNT(constants) > 150);
}

static void every_field_is_documented_with_offset_and_size(void **state)
{
	unsigned int missing = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(fields); i++) {
		if (!field_is_documented(&fields[i])) {
			printf("# no row | 0x%02zx | %zu | `%s` | for struct edgebert_hw_%s\n",
			       fields[i].offset, fields[i].size, fields[i].name,
			       fields[i].structure);
			missing++;
		}
	}
	assert_int_equal(missing, 0);
	assert_true(COUNT(fields) > 100);
}

/* Whether the header has a name that is not a part of a longer one, but for suffixes. */
static bool header_has(const char *name, uint64_t value)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < COUNT(constants); i++) {
		const char *rest = constants[i].name + length;

		if (strncmp(constants[i].name, name, length) == 0 && constants[i].value == value &&
		    (*rest == '\0' || *rest == '(' || strcmp(rest, "_LO") == 0))
			return true;
	}
	return false;
}

static const char *access_text(const struct eb_register *row)
{
	static const char *const texts[] = {
		[EB_READ_ONLY] = "RO", [EB_READ_WRITE] = "RW", [EB_WRITE_ONLY] = "WO",
		[EB_WRITE_ONE_CLEAR] = "W1C", [EB_WRITE_STOPPED] = "RW stopped",
	};

	return row->bits == 64 ? "RO, 64 bits" : texts[row->access];
}

static bool register_is_documented(const struct eb_register *row)
{
	char indexed[64];

	snprintf(indexed, sizeof(indexed), "%s(", row->name);
	for (size_t i = 0; i < line_count; i++) {
		const struct line *line = &lines[i];

		if (line->cell_count >= 3 && cell_is_number(line->cells[0], row->offset) &&
		    (cell_is_name(line->cells[1], row->name) ||
		     strncmp(line->cells[1] + 1, indexed, strlen(indexed)) == 0) &&
		    strcmp(line->cells[2], access_text(row)) == 0)
			return true;
	}
	return false;
}

static void the_register_table_agrees_with_header_and_documentation(void **state)
{
	unsigned int wrong = 0;

	(void)state;
	for (size_t i = 0; i < eb_register_count; i++) {
		const struct eb_register *row = &eb_registers[i];

		if (!header_has(row->name, row->offset)) {
			printf("# the header has no register %s at 0x%x\n", row->name, row->offset);
			wrong++;
		}
		if (!register_is_documented(row)) {
			printf("# no row | 0x%04x | `%s` | %s |\n", row->offset, row->name,
			       access_text(row));
			wrong++;
		}
	}
	assert_int_equal(wrong, 0);
}

/* Of every name that is that of a register: all offsets below the end of BAR0's map. */
static void every_register_of_the_header_is_in_the_table(void **state)
{
	static const uint32_t registers[] = {
#define CONSTANT(name, value)
#define FIELD(structure, field, before)
#define REGISTER(offset)	offset,
#include "contract.inc"
#undef REGISTER
	};

	(void)state;
	assert_true(COUNT(registers) > 40);
	for (size_t i = 0; i < COUNT(registers); i++) {
		unsigned int word;

		if (eb_register_find(registers[i], &word) == NULL)
			fail_msg("the table has no register at 0x%x", registers[i]);
	}
}

/* Links between the pages lead somewhere. */
static void links_lead_to_pages_that_exist(void **state)
{
	(void)state;
	for (size_t i = 0; i < line_count; i++) {
		const char *link = lines[i].text;

		while ((link = strstr(link, "](")) != NULL) {
			char path[256];
			FILE *file;

			link += 2;
			snprintf(path, sizeof(path), "Documentation/hardware/%.*s",
				 (int)strcspn(link, ")#"), link);
			file = fopen(path, "r");
			if (file == NULL)
				fail_msg("%s:%u: no page %s", lines[i].page, lines[i].number, path);
			fclose(file);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_constant_is_documented_with_its_value),
		cmocka_unit_test(every_field_is_documented_with_offset_and_size),
		cmocka_unit_test(the_register_table_agrees_with_header_and_documentation),
		cmocka_unit_test(every_register_of_the_header_is_in_the_table),
		cmocka_unit_test(links_lead_to_pages_that_exist),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, read_pages, NULL);
}
