/* SPDX-License-Identifier: MIT */
/*
 * Whole files in and out: bounded reads, and writes that replace a file atomically.
 */
#ifndef EDGEBERT_MODEL_FILE_H
#define EDGEBERT_MODEL_FILE_H

#include <stddef.h>
#include <stdint.h>

#include <edgebert/edgebert.h>

/* The file's bytes followed by a zero; refuses files larger than limit.  Free with free(). */
enum eb_status eb_file_read(const char *path, size_t limit, char **ret_bytes, size_t *ret_size)
	EB_WARN_UNUSED;

/* A read-only mapping; release with munmap(). */
enum eb_status eb_file_map(const char *path, const uint8_t **ret_bytes, size_t *ret_size)
	EB_WARN_UNUSED;

struct eb_file_part {
	const void *bytes;		/* NULL: zeroes */
	size_t size;
};

/* Writes the parts one after the other to a temporary file, syncs it, renames it to path. */
enum eb_status eb_file_replace(const char *path, const struct eb_file_part *parts,
			       size_t count) EB_WARN_UNUSED;

/* "directory/name" in new memory, or NULL without memory. */
char *eb_path_join(const char *directory, const char *name);

#endif /* EDGEBERT_MODEL_FILE_H */
