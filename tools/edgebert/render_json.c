// SPDX-License-Identifier: MIT
/* Records as JSON, through json-c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "tools/edgebert/render.h"
#include "tools/edgebert/report.h"

#define FLAGS_LINE (JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)
#define FLAGS_INDENTED \
	(JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE)

static struct json_object *to_json(const struct record *record, bool list);

/* As many digits as the value needs, at least one behind the point. */
static struct json_object *number_to_json(const struct field *field)
{
	char text[64];
	size_t length;

	snprintf(text, sizeof(text), "%.*f", field->number.decimals, field->number.value);
	if (strchr(text, '.')) {
		length = strlen(text);
		while (text[length - 1] == '0' && text[length - 2] != '.')
			text[--length] = '\0';
	}
	return json_object_new_double_s(field->number.value, text);
}

static struct json_object *field_to_json(const struct field *field)
{
	switch (field->type) {
	case VALUE_NONE:
		break;
	case VALUE_TEXT:
		return json_object_new_string_len(field->text.bytes, (int)field->text.size);
	case VALUE_BOOLEAN:
		return json_object_new_boolean(field->boolean);
	case VALUE_WHOLE:
		return json_object_new_uint64(field->whole);
	case VALUE_NUMBER:
		return number_to_json(field);
	case VALUE_RECORD:
		return to_json(field->record, false);
	case VALUE_LIST:
		return to_json(field->record, true);
	}
	return NULL;
}

static struct json_object *to_json(const struct record *record, bool list)
{
	struct json_object *json = list ? json_object_new_array() : json_object_new_object();

	if (!json)
		report_out_of_memory();
	for (size_t i = 0; i < record->count; i++) {
		const struct field *field = &record->fields[i];
		struct json_object *value = field_to_json(field);
		int failed;

		if (!value && field->type != VALUE_NONE)
			report_out_of_memory();
		failed = list ? json_object_array_add(json, value) :
				json_object_object_add(json, field->key, value);
		if (failed)
			report_out_of_memory();
	}
	return json;
}

static char *to_text(const struct record *record, int flags)
{
	struct json_object *json = to_json(record, false);
	const char *text = json_object_to_json_string_ext(json, flags);
	char *copy = text ? strdup(text) : NULL;

	if (!copy)
		report_out_of_memory();
	json_object_put(json);
	return copy;
}

char *record_to_json(const struct record *record)
{
	return to_text(record, FLAGS_LINE);
}

static int render(const struct record *record, int flags)
{
	char *text = to_text(record, flags);
	int failed = render_plain("%s\n", text);

	free(text);
	return failed;
}

int render_json_line(const struct record *record)
{
	return render(record, FLAGS_LINE);
}

int render_json(const struct record *record)
{
	return render(record, FLAGS_INDENTED);
}
