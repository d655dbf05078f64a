// SPDX-License-Identifier: MIT
/* Structures that carry their own size, in and out. */
#include "lib/options.h"

#include <stdint.h>
#include <string.h>

/* Far above any structure of ours: catches a size member that was never set. */
#define SIZE_LIMIT 65536

static enum eb_status check_size(const void *theirs, size_t first_size, const char *type_name,
				 size_t *ret_size)
{
	size_t size = 0;

	if (!theirs)
		return eb_fail(EB_INVALID_ARGUMENT, "struct %s: the pointer is NULL", type_name);
	memcpy(&size, theirs, sizeof(size));
	if (size < first_size || size > SIZE_LIMIT)
		return eb_fail(EB_INVALID_ARGUMENT,
			       "struct %s: its size member is %zu, expected %zu or more; "
			       "set it to sizeof(struct %s)",
			       type_name, size, first_size, type_name);
	*ret_size = size;
	return EB_OK;
}

enum eb_status eb_options_read(void *ours, size_t our_size, size_t first_size,
			       const void *theirs, const char *type_name)
{
	const uint8_t *bytes = theirs;
	enum eb_status status;
	size_t size = 0;

	status = check_size(theirs, first_size, type_name, &size);
	if (status)
		return status;
	for (size_t i = our_size; i < size; i++) {
		if (bytes[i])
			return eb_fail(EB_INVALID_ARGUMENT,
				       "struct %s: byte %zu is set but this library (%s) knows "
				       "only %zu bytes; use a newer library or clear the field",
				       type_name, i, eb_version(), our_size);
	}
	memset(ours, 0, our_size);
	memcpy(ours, theirs, size < our_size ? size : our_size);
	return EB_OK;
}

enum eb_status eb_output_check(const void *theirs, size_t first_size, const char *type_name)
{
	size_t size = 0;

	return check_size(theirs, first_size, type_name, &size);
}

void eb_output_write(void *theirs, const void *ours, size_t our_size)
{
	size_t size = 0;

	memcpy(&size, theirs, sizeof(size));
	memcpy(theirs, ours, size < our_size ? size : our_size);
	if (size > our_size)
		memset((uint8_t *)theirs + our_size, 0, size - our_size);
	memcpy(theirs, &size, sizeof(size));
}
