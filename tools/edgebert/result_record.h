/* SPDX-License-Identifier: MIT */
/* A sentence and its result as the record that run and eval print. */
#ifndef EDGEBERT_TOOL_RESULT_RECORD_H
#define EDGEBERT_TOOL_RESULT_RECORD_H

#include "tools/edgebert/pipeline.h"
#include "tools/edgebert/record.h"

/* To be freed by the caller. */
struct record *result_to_record(const struct session *session, const struct sentence *sentence);

/* The record that takes the place of a result: line, text, error. */
struct record *failure_to_record(const struct sentence *sentence);

/* Columns that the widest label of a model needs. */
int label_columns(const struct session *session);

#endif /* EDGEBERT_TOOL_RESULT_RECORD_H */
