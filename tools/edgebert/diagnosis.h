/* SPDX-License-Identifier: MIT */
/* Why no device can be opened: what is there and what is not, from PCI bus to permission. */
#ifndef EDGEBERT_TOOL_DIAGNOSIS_H
#define EDGEBERT_TOOL_DIAGNOSIS_H

#include "tools/edgebert/record.h"

/* Adds what was found and, last, what to do. */
void diagnosis_add(struct record *record);

#endif /* EDGEBERT_TOOL_DIAGNOSIS_H */
