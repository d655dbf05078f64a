// SPDX-License-Identifier: MIT
/* GEM buffers of the accel backend. */
#include "lib/accel_buffer.h"

#include <errno.h>
#include <string.h>

static enum eb_status explain(const char *path, size_t size, const char *step, int error)
{
	if (error == -ENODEV)
		return eb_fail(EB_DEVICE_LOST, "%s: the device disappeared", path);
	if (error == -ENOMEM || error == -ENOSPC)
		return eb_fail(EB_OUT_OF_MEMORY,
			       "%s: %s a buffer of %zu bytes: %s; the host's memory or this process's "
			       "4 GiB of device addresses are used up", path, step, size,
			       eb_errno_name(error));
	return eb_fail(EB_INTERNAL, "%s: %s a buffer of %zu bytes: %s", path, step, size,
		       eb_errno_name(error));
}

/* Creates and maps; the buffer's contents are zero. */
static enum eb_status create_mapped(const struct eb_accel_node *node, const char *path,
				    size_t size, uint32_t flags, struct eb_buffer *buffer)
{
	struct drm_edgebert_bo_create create = { .size = size, .flags = flags };
	int result;

	memset(buffer, 0, sizeof(*buffer));
	result = eb_accel_bo_create(node, &create);
	if (result)
		return explain(path, size, "creating", result);
	buffer->size = size;
	buffer->handle = create.handle;
	buffer->device_address = create.device_address;
	buffer->device_read_only = flags & DRM_EDGEBERT_BO_DEVICE_READ_ONLY;
	result = eb_accel_bo_map(node, create.handle, size, &buffer->data);
	if (!result)
		return EB_OK;
	buffer->data = NULL;
	eb_accel_buffer_destroy(node, buffer);
	return explain(path, size, "mapping", result);
}

enum eb_status eb_accel_buffer_create(const struct eb_accel_node *node, const char *path,
				      size_t size, struct eb_buffer *ret_buffer)
{
	struct eb_buffer buffer;
	enum eb_status status = create_mapped(node, path, size, 0, &buffer);

	if (!status)
		*ret_buffer = buffer;
	return status;
}

enum eb_status eb_accel_buffer_upload(const struct eb_accel_node *node, const char *path,
				      const void *contents, size_t size,
				      struct eb_buffer *ret_buffer)
{
	struct eb_buffer buffer;
	enum eb_status status = create_mapped(node, path, size, DRM_EDGEBERT_BO_DEVICE_READ_ONLY,
					      &buffer);

	if (status)
		return status;
	memcpy(buffer.data, contents, size);
	/* Written once: without a mapping nothing in this process can change it. */
	eb_accel_unmap(node, buffer.data, size);
	buffer.data = NULL;
	*ret_buffer = buffer;
	return EB_OK;
}

void eb_accel_buffer_destroy(const struct eb_accel_node *node, struct eb_buffer *buffer)
{
	if (buffer->data)
		eb_accel_unmap(node, buffer->data, buffer->size);
	if (buffer->handle)
		eb_accel_bo_close(node, buffer->handle);
	memset(buffer, 0, sizeof(*buffer));
}
