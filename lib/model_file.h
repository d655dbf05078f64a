/* SPDX-License-Identifier: MIT */
/*
 * A model file in memory whose frame has been checked: header, section table, bounds
 * and checksums.  What is inside the sections is checked by those who read them.
 */
#ifndef EDGEBERT_LIB_MODEL_FILE_H
#define EDGEBERT_LIB_MODEL_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "lib/model_format.h"
#include "lib/status.h"

#define EB_MODEL_FILE_BYTES_MAX (1ull << 30)

struct eb_model_file {
	const uint8_t *data;
	size_t size;
	void *mapping;		/* what to unmap, NULL when the caller owns the memory */
	size_t mapping_size;
	char name[256];		/* for messages: the path, cut at its front when long */
	uint32_t section_count;
	struct eb_model_section sections[EB_MODEL_SECTIONS_MAX];
};

/*
 * Reads a whole file.  It is copied rather than mapped: a file that is rewritten or
 * truncated while a model is in use must neither crash the process (SIGBUS) nor
 * change what was checked.
 */
enum eb_status eb_model_file_open(const char *path, struct eb_model_file *file);

/* Uses the caller's memory, which must be 64-byte aligned and outlive the file. */
enum eb_status eb_model_file_open_memory(const void *data, size_t size,
					 struct eb_model_file *file);

/* Accepts a zeroed structure; leaves one behind. */
void eb_model_file_close(struct eb_model_file *file);

/* The nth section (from 0) of a type, NULL when there are not so many. */
const struct eb_model_section *eb_model_file_section(const struct eb_model_file *file,
						     enum eb_model_section_type type,
						     uint32_t nth);

static inline const void *eb_model_file_bytes(const struct eb_model_file *file,
					      const struct eb_model_section *section)
{
	return file->data + section->offset;
}

/* "PROGRAM"; "unknown" for a number that is none. */
const char *eb_model_section_name(uint32_t type);

#endif /* EDGEBERT_LIB_MODEL_FILE_H */
