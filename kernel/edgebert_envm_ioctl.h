/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ENVM_* ioctls.
 */
#ifndef EDGEBERT_ENVM_IOCTL_H
#define EDGEBERT_ENVM_IOCTL_H

struct drm_device;
struct drm_file;

int edgebert_ioctl_envm_info(struct drm_device *drm, void *data, struct drm_file *file);
int edgebert_ioctl_envm_read(struct drm_device *drm, void *data, struct drm_file *file);
int edgebert_ioctl_envm_erase(struct drm_device *drm, void *data, struct drm_file *file);
int edgebert_ioctl_envm_program(struct drm_device *drm, void *data, struct drm_file *file);
int edgebert_ioctl_envm_verify(struct drm_device *drm, void *data, struct drm_file *file);
int edgebert_ioctl_envm_commit(struct drm_device *drm, void *data, struct drm_file *file);
int edgebert_ioctl_envm_lock(struct drm_device *drm, void *data, struct drm_file *file);

#endif /* EDGEBERT_ENVM_IOCTL_H */
