/* SPDX-License-Identifier: MIT */
/* Labelled sentences: a file of tab-separated values with a header line. */
#ifndef EDGEBERT_TOOL_DATASET_H
#define EDGEBERT_TOOL_DATASET_H

#include <edgebert/edgebert.h>

#include "tools/edgebert/session.h"

struct example {
	uint64_t line;
	char *text;		/* of a pair both, with a tab between them */
	size_t size;
	uint32_t label;
};

struct dataset {
	struct example *examples;
	size_t count;
};

/*
 * The header names the columns in any order (tools/model/columns.h); a label is a class's
 * index or name.  Returns 0 or the exit status, reported already.
 */
int dataset_load(struct dataset *dataset, const char *path, const struct session *session);
void dataset_free(struct dataset *dataset);

#endif /* EDGEBERT_TOOL_DATASET_H */
