/* SPDX-License-Identifier: MIT */
/*
 * Labelled sentences as token ids: for calibration, for the exit predictor, for checks.
 */
#ifndef EDGEBERT_MODEL_SENTENCES_H
#define EDGEBERT_MODEL_SENTENCES_H

#include <stdbool.h>

#include "kernel/edgebert_hw.h"
#include "lib/tokenizer.h"

struct eb_sentence {
	uint32_t *tokens;
	uint32_t *types;		/* of the tokens; NULL: all 0, not a pair */
	size_t count;
	unsigned int label;
};

struct eb_sentences {
	struct eb_sentence *items;
	size_t count;
	size_t longest;			/* tokens */
	bool pairs;			/* the file's columns were two texts */
};

/* The classes that labels of a file may name. */
struct eb_class_names {
	unsigned int count;
	const char *names[EDGEBERT_HW_CLASSES_MAX];
};

/*
 * Tab-separated lines after a header line that names the columns (tools/model/columns.h); at
 * most limit sentences (0: all), taken evenly over the file.  A label is a class's name or
 * index.
 */
enum eb_status eb_sentences_from_text(const char *path, const struct eb_tokenizer *tokenizer,
				      size_t limit, const struct eb_class_names *classes,
				      struct eb_sentences *ret_sentences) EB_WARN_UNUSED;

/* "label<TAB>id id id ..." lines, ids below vocabulary_size, at most longest of them. */
enum eb_status eb_sentences_from_ids(const char *path, uint32_t vocabulary_size, size_t longest,
				     struct eb_sentences *ret_sentences) EB_WARN_UNUSED;

/* How often each id below size occurs, and a little more: none is impossible.  NULL: no memory. */
double *eb_sentences_count_tokens(const struct eb_sentences *sentences, size_t size);

void eb_sentences_free(struct eb_sentences *sentences);

#endif /* EDGEBERT_MODEL_SENTENCES_H */
