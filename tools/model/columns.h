/* SPDX-License-Identifier: MIT */
/*
 * Tab-separated examples: which columns hold the text, or the pair of texts, and the label,
 * by the names that public data sets give them.
 */
#ifndef EDGEBERT_MODEL_COLUMNS_H
#define EDGEBERT_MODEL_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* For messages: what a header must name. */
#define EB_COLUMNS_WANTED \
	"'label', and 'text' or 'sentence', or for pairs 'text_a' and 'text_b', 'sentence1' and " \
	"'sentence2', 'question' and 'sentence', 'question1' and 'question2' or 'premise' and " \
	"'hypothesis'"

struct eb_cell {
	const char *text;
	size_t size;
};

struct eb_columns {
	size_t first, second, label;
	bool pair;			/* second counts */
};

/* An example's cells, within its line. */
struct eb_example_cells {
	struct eb_cell first, second, label;
};

/* Reads the header; false when it does not name what is needed. */
bool eb_columns_find(const char *line, size_t size, struct eb_columns *ret_columns);

/* False when the line has fewer columns than the header. */
bool eb_columns_split(const struct eb_columns *columns, const char *line, size_t size,
		      struct eb_example_cells *ret_cells);

/*
 * The class that a label names: one of the names, or an index below count; -1 when it is
 * neither.
 */
int64_t eb_label_parse(struct eb_cell label, uint32_t count,
		       const char *(*name)(const void *opaque, uint32_t index), const void *opaque);

#endif /* EDGEBERT_MODEL_COLUMNS_H */
