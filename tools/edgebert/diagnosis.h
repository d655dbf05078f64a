/* SPDX-License-Identifier: MIT */
/* Why no device can be opened: what is there and what is not, from PCI bus to permission. */
#ifndef EDGEBERT_TOOL_DIAGNOSIS_H
#define EDGEBERT_TOOL_DIAGNOSIS_H

#include <edgebert/edgebert.h>

#include "tools/edgebert/record.h"

struct findings {
	unsigned int devices;	/* PCI functions */
	unsigned int bound;	/* of these, with our driver */
	bool module_loaded;
	unsigned int nodes;
	unsigned int usable;	/* nodes that this user may open */
};

/* What to do about the first link of the chain that is broken. */
const char *diagnosis_advice(const struct findings *findings, enum eb_status failure);

/* Adds what was found and, last, what to do.  failure: what opening the device ended with. */
void diagnosis_add(struct record *record, enum eb_status failure);

#endif /* EDGEBERT_TOOL_DIAGNOSIS_H */
