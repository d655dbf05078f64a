// SPDX-License-Identifier: MIT
/*
 * json-check: whether standard input is well-formed JSON objects with the members that
 * are asked for.
 *
 * usage: json-check [--document] [--first KEY,KEY,...] [PATH=TYPE|TYPE...]...
 *
 * One object per line, or one in all with --document.  --first: the members that each
 * object begins with, in order.  PATH is KEY.KEY..., TYPE one of text, whole, number,
 * array, object, boolean, null.  Ends with the number of objects on standard output.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

static unsigned long object_number;

static void __attribute__((format(printf, 1, 2), noreturn)) die(const char *format, ...)
{
	va_list arguments;

	fprintf(stderr, "json-check: object %lu: ", object_number);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	exit(1);
}

static const char *type_name(struct json_object *value)
{
	switch (json_object_get_type(value)) {
	case json_type_string:
		return "text";
	case json_type_int:
		return "whole";
	case json_type_double:
		return "number";
	case json_type_array:
		return "array";
	case json_type_object:
		return "object";
	case json_type_boolean:
		return "boolean";
	case json_type_null:
		break;
	}
	return "null";
}

/* types: alternatives between bars. */
static bool type_is(struct json_object *value, const char *types)
{
	const char *name = type_name(value);

	for (;;) {
		size_t length = strcspn(types, "|");

		if (length == strlen(name) && memcmp(types, name, length) == 0)
			return true;
		if (types[length] == '\0')
			return false;
		types += length + 1;
	}
}

static void check_member(struct json_object *object, const char *wanted)
{
	char path[256];
	const char *types = strchr(wanted, '=');
	char *rest = path;
	const char *key;

	if (!types || (size_t)(types - wanted) >= sizeof(path))
		die("'%s' is no PATH=TYPE", wanted);
	memcpy(path, wanted, (size_t)(types - wanted));
	path[types - wanted] = '\0';
	while ((key = strsep(&rest, ".")))
		if (!json_object_object_get_ex(object, key, &object))
			die("there is no %s", wanted);
	if (!type_is(object, types + 1))
		die("%s is of type %s", wanted, type_name(object));
}

static void check_first(struct json_object *object, const char *keys)
{
	json_object_object_foreach(object, key, value) {
		size_t length = strcspn(keys, ",");

		(void)value;
		if (length != strlen(key) || memcmp(keys, key, length) != 0)
			die("member %s stands where %.*s should", key, (int)length, keys);
		keys += length;
		if (*keys++ == '\0')
			return;
	}
	die("%s is missing", keys);
}

static void check_object(const char *text, size_t size, const char *first, char **members)
{
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *object;

	object_number++;
	if (!tokener)
		die("out of memory");
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	/* With its end: a number alone could go on otherwise. */
	object = json_tokener_parse_ex(tokener, text, (int)size + 1);
	if (!object)
		die("%s at byte %zu", json_tokener_error_desc(json_tokener_get_error(tokener)),
		    json_tokener_get_parse_end(tokener));
	if (!json_object_is_type(object, json_type_object))
		die("this is no object");
	if (first)
		check_first(object, first);
	for (; *members; members++)
		check_member(object, *members);
	json_object_put(object);
	json_tokener_free(tokener);
}

int main(int argc, char **argv)
{
	const char *first = NULL;
	char *line = NULL;
	size_t room = 0;
	ssize_t size;
	int end = '\n';
	int next = 1;

	for (; next < argc && strncmp(argv[next], "--", 2) == 0; next++) {
		if (strcmp(argv[next], "--document") == 0)
			end = '\0';
		else if (strcmp(argv[next], "--first") == 0 && next + 1 < argc)
			first = argv[++next];
		else
			die("unknown option %s", argv[next]);
	}
	while ((size = getdelim(&line, &room, end, stdin)) > 0) {
		while (size > 0 && line[size - 1] == '\n')
			line[--size] = '\0';
		check_object(line, (size_t)size, first, argv + next);
	}
	free(line);
	if (object_number == 0)
		die("there is none");
	printf("%lu\n", object_number);
	return 0;
}
