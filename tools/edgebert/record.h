/* SPDX-License-Identifier: MIT */
/*
 * What commands print: typed fields with key, label and unit, filled once and rendered
 * as text or as JSON, so that the two can not say different things.
 */
#ifndef EDGEBERT_TOOL_RECORD_H
#define EDGEBERT_TOOL_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum value_type {
	VALUE_NONE,	/* JSON null, text "-" */
	VALUE_TEXT,
	VALUE_BOOLEAN,
	VALUE_WHOLE,
	VALUE_NUMBER,
	VALUE_RECORD,	/* fields with keys */
	VALUE_LIST,	/* fields without */
};

struct record;

struct field {
	const char *key;	/* JSON name; static */
	const char *label;	/* text name; static; NULL: JSON only */
	const char *unit;	/* static; "" for none */
	enum value_type type;
	union {
		struct {
			char *bytes;
			size_t size;
		} text;
		bool boolean;
		uint64_t whole;
		struct {
			double value;
			int decimals;
		} number;
		struct record *record;
	};
};

struct record {
	struct field *fields;
	size_t count;
};

struct record *record_new(void);
/* Accepts NULL, returns NULL. */
struct record *record_free(struct record *record);

/* In a list, key is "". */
void record_add_none(struct record *record, const char *key, const char *label);
void record_add_text(struct record *record, const char *key, const char *label,
		     const char *text);
void record_add_bytes(struct record *record, const char *key, const char *label,
		      const char *text, size_t size);
void record_add_boolean(struct record *record, const char *key, const char *label, bool value);
void record_add_whole(struct record *record, const char *key, const char *label,
		      const char *unit, uint64_t value);
/* decimals: digits after the point, in text all of them, in JSON without trailing zeros. */
void record_add_number(struct record *record, const char *key, const char *label,
		       const char *unit, double value, int decimals);
/* Return the new record, owned by the outer one. */
struct record *record_add_record(struct record *record, const char *key, const char *label);
struct record *record_add_list(struct record *record, const char *key, const char *label);

/* Puts a record that exists into a list, which owns it from then on. */
void record_append(struct record *list, struct record *record);

/* Field by path ("modelled.cycles"); NULL when there is none. */
const struct field *record_find(const struct record *record, const char *path);

#endif /* EDGEBERT_TOOL_RECORD_H */
