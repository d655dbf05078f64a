/* SPDX-License-Identifier: MIT */
/* Buffers on an accel node: created, mapped for the host, addressed by the device. */
#ifndef EDGEBERT_LIB_ACCEL_BUFFER_H
#define EDGEBERT_LIB_ACCEL_BUFFER_H

#include "lib/accel_ioctl.h"
#include "lib/backend.h"

/* path: for messages. */
enum eb_status eb_accel_buffer_create(const struct eb_accel_node *node, const char *path,
				      size_t size, struct eb_buffer *ret_buffer);
enum eb_status eb_accel_buffer_upload(const struct eb_accel_node *node, const char *path,
				      const void *contents, size_t size,
				      struct eb_buffer *ret_buffer);
/* Accepts a zeroed buffer; leaves one behind. */
void eb_accel_buffer_destroy(const struct eb_accel_node *node, struct eb_buffer *buffer);

#endif /* EDGEBERT_LIB_ACCEL_BUFFER_H */
