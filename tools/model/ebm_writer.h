/* SPDX-License-Identifier: MIT */
/* Writing model files (.ebm). */
#ifndef EDGEBERT_MODEL_EBM_WRITER_H
#define EDGEBERT_MODEL_EBM_WRITER_H

#include "lib/model_format.h"
#include <edgebert/edgebert.h>

struct eb_model_part {
	enum eb_model_section_type type;
	const void *bytes;
	size_t size;
};

/* At most EB_MODEL_SECTIONS_MAX parts, none empty; the same bytes for the same parts. */
enum eb_status eb_model_write(const char *path, const struct eb_model_part *parts,
			      size_t count, size_t *ret_size) EB_WARN_UNUSED;

#endif /* EDGEBERT_MODEL_EBM_WRITER_H */
