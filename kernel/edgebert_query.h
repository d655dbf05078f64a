/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Questions about the device.
 */
#ifndef EDGEBERT_QUERY_H
#define EDGEBERT_QUERY_H

struct drm_device;
struct drm_file;

int edgebert_ioctl_dev_query(struct drm_device *drm, void *data, struct drm_file *file);

#endif /* EDGEBERT_QUERY_H */
