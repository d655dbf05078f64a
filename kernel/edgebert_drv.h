/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The DRM driver and its open files.
 */
#ifndef EDGEBERT_DRV_H
#define EDGEBERT_DRV_H

#include <linux/xarray.h>

struct drm_driver;
struct edgebert_device;
struct edgebert_memory;
struct edgebert_vm;

/**
 * struct edgebert_file - an open file
 * @edev: the device
 * @vm: its address space, referenced
 * @memory: what its buffers take, referenced
 * @contexts: struct edgebert_context by id
 * @events: DRM_EDGEBERT_EVENT_* that it asked for
 */
struct edgebert_file {
	struct edgebert_device *edev;
	struct edgebert_vm *vm;
	struct edgebert_memory *memory;
	struct xarray contexts;
	u32 events;
};

extern const struct drm_driver edgebert_drm_driver;

#endif /* EDGEBERT_DRV_H */
