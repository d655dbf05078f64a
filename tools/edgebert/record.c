// SPDX-License-Identifier: MIT
/* Typed fields: made, filled, found, freed.  A record owns its texts and inner records. */
#include "tools/edgebert/record.h"

#include <stdlib.h>
#include <string.h>

#include "tools/edgebert/report.h"

struct record *record_new(void)
{
	struct record *record = calloc(1, sizeof(*record));

	if (!record)
		report_out_of_memory();
	return record;
}

struct record *record_free(struct record *record)
{
	if (!record)
		return NULL;
	for (size_t i = 0; i < record->count; i++) {
		struct field *field = &record->fields[i];

		if (field->type == VALUE_TEXT)
			free(field->text.bytes);
		else if (field->type == VALUE_RECORD || field->type == VALUE_LIST)
			record_free(field->record);
	}
	free(record->fields);
	free(record);
	return NULL;
}

static struct field *add_field(struct record *record, const char *key, const char *label,
			       const char *unit, enum value_type type)
{
	struct field *field;

	/* Room for a power of two fields: the next is needed when the count is one. */
	if ((record->count & (record->count - 1)) == 0) {
		size_t room = record->count ? 2 * record->count : 1;
		struct field *fields = reallocarray(record->fields, room, sizeof(*fields));

		if (!fields)
			report_out_of_memory();
		record->fields = fields;
	}
	field = &record->fields[record->count++];
	*field = (struct field){ .key = key, .label = label, .unit = unit, .type = type };
	return field;
}

void record_add_none(struct record *record, const char *key, const char *label)
{
	add_field(record, key, label, "", VALUE_NONE);
}

void record_add_bytes(struct record *record, const char *key, const char *label,
		      const char *text, size_t size)
{
	struct field *field = add_field(record, key, label, "", VALUE_TEXT);

	field->text.bytes = malloc(size + 1);
	if (!field->text.bytes)
		report_out_of_memory();
	memcpy(field->text.bytes, text, size);
	field->text.bytes[size] = '\0';
	field->text.size = size;
}

void record_add_text(struct record *record, const char *key, const char *label,
		     const char *text)
{
	record_add_bytes(record, key, label, text, strlen(text));
}

void record_add_boolean(struct record *record, const char *key, const char *label, bool value)
{
	add_field(record, key, label, "", VALUE_BOOLEAN)->boolean = value;
}

void record_add_whole(struct record *record, const char *key, const char *label,
		      const char *unit, uint64_t value)
{
	add_field(record, key, label, unit, VALUE_WHOLE)->whole = value;
}

void record_add_number(struct record *record, const char *key, const char *label,
		       const char *unit, double value, int decimals)
{
	struct field *field = add_field(record, key, label, unit, VALUE_NUMBER);

	field->number.value = value;
	field->number.decimals = decimals;
}

static struct record *add_inner(struct record *record, const char *key, const char *label,
				enum value_type type)
{
	struct record *inner = record_new();

	add_field(record, key, label, "", type)->record = inner;
	return inner;
}

struct record *record_add_record(struct record *record, const char *key, const char *label)
{
	return add_inner(record, key, label, VALUE_RECORD);
}

struct record *record_add_list(struct record *record, const char *key, const char *label)
{
	return add_inner(record, key, label, VALUE_LIST);
}

void record_append(struct record *list, struct record *record)
{
	add_field(list, "", NULL, "", VALUE_RECORD)->record = record;
}

static const struct field *find_key(const struct record *record, const char *key, size_t length)
{
	for (size_t i = 0; i < record->count; i++)
		if (strlen(record->fields[i].key) == length &&
		    memcmp(record->fields[i].key, key, length) == 0)
			return &record->fields[i];
	return NULL;
}

const struct field *record_find(const struct record *record, const char *path)
{
	for (;;) {
		size_t length = strcspn(path, ".");
		const struct field *field = find_key(record, path, length);

		if (!field || path[length] == '\0')
			return field;
		if (field->type != VALUE_RECORD)
			return NULL;
		record = field->record;
		path += length + 1;
	}
}
