/* SPDX-License-Identifier: MIT */
/* What a call of the driver failed with, told as a status. */
#ifndef EDGEBERT_LIB_ACCEL_EXPLAIN_H
#define EDGEBERT_LIB_ACCEL_EXPLAIN_H

#include "lib/status.h"

/* path: of the node; step: what was being done; error: a negative errno value. */
enum eb_status eb_accel_explain(const char *path, const char *step, int error);

#endif /* EDGEBERT_LIB_ACCEL_EXPLAIN_H */
