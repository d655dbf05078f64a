/* SPDX-License-Identifier: MIT */
/* What a model file holds, for people and programs. */
#ifndef EDGEBERT_TOOL_MODEL_INFO_H
#define EDGEBERT_TOOL_MODEL_INFO_H

#include "tools/edgebert/record.h"

/* Adds the model's fields; returns 0 or the exit status, reported already. */
int model_info_add(struct record *record, const char *path);

#endif /* EDGEBERT_TOOL_MODEL_INFO_H */
