/* SPDX-License-Identifier: MIT */
/* A model's command program: reading it, and saying which command met a fault. */
#ifndef EDGEBERT_LIB_PROGRAM_H
#define EDGEBERT_LIB_PROGRAM_H

#include "lib/backend.h"
#include "lib/model.h"

/* EB_DEVICE_FAULT (or EB_CANCELED for an aborted job) with a sentence about it. */
enum eb_status eb_program_fault(const struct eb_model *model, const struct eb_job_result *result);

#endif /* EDGEBERT_LIB_PROGRAM_H */
