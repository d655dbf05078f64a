/* SPDX-License-Identifier: MIT */
/* The eNVM of a device node: typed calls of the driver, told as statuses. */
#ifndef EDGEBERT_LIB_ACCEL_ENVM_H
#define EDGEBERT_LIB_ACCEL_ENVM_H

#include "lib/accel_ioctl.h"
#include "lib/backend.h"

/* path: the node's, for messages. */
enum eb_status eb_accel_envm_get_info(const struct eb_accel_node *node, const char *path,
				      struct eb_envm_info *info);
enum eb_status eb_accel_envm_erase(const struct eb_accel_node *node, const char *path,
				   enum eb_envm_slot slot);
enum eb_status eb_accel_envm_program(const struct eb_accel_node *node, const char *path,
				     enum eb_envm_slot slot, uint32_t offset, const void *bytes,
				     uint32_t size);
enum eb_status eb_accel_envm_read(const struct eb_accel_node *node, const char *path,
				  enum eb_envm_slot slot, uint32_t offset, void *bytes,
				  uint32_t size);
enum eb_status eb_accel_envm_commit(const struct eb_accel_node *node, const char *path,
				    enum eb_envm_slot slot,
				    const struct edgebert_hw_envm_header *image);

#endif /* EDGEBERT_LIB_ACCEL_ENVM_H */
