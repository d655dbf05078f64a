/* SPDX-License-Identifier: MIT */
/*
 * Structures of the public interface that carry their own size: checked when they
 * come in, filled to the caller's size when they go out.
 */
#ifndef EDGEBERT_LIB_OPTIONS_H
#define EDGEBERT_LIB_OPTIONS_H

#include <stddef.h>

#include "lib/status.h"

/*
 * Copies the caller's structure into ours.  A shorter one (an older caller) leaves
 * the rest of ours zero, which every option treats as its default; a longer one (a
 * newer caller) is accepted when what this library does not know is zero.
 * first_size is the structure's size in the first release: nothing is shorter.
 */
enum eb_status eb_options_read(void *ours, size_t our_size, size_t first_size,
			       const void *theirs, const char *type_name);

/* Whether the caller's structure (its first member says its size) can be filled. */
enum eb_status eb_output_check(const void *theirs, size_t first_size, const char *type_name);

/*
 * Fills the caller's structure, checked before, from ours: cut when the caller is
 * older, zero-extended when newer.  The size member keeps the caller's value.
 */
void eb_output_write(void *theirs, const void *ours, size_t our_size);

#endif /* EDGEBERT_LIB_OPTIONS_H */
