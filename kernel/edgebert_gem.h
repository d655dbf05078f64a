/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Buffer objects.
 */
#ifndef EDGEBERT_GEM_H
#define EDGEBERT_GEM_H

#include <linux/list.h>
#include <linux/mutex.h>

#include <drm/drm_gem_shmem_helper.h>
#include <drm/edgebert_accel.h>

/**
 * struct edgebert_bo - buffer
 * @base: shmem object, must be first
 * @flags: DRM_EDGEBERT_BO_*
 * @memory: account of the file that created it, referenced; NULL for imported ones
 * @created: while its first handle is being created, by which nobody else can know it
 * @lock: guards everything below
 * @mappings: struct edgebert_mapping.bo_entry
 * @dma_attach: of an imported buffer, by which it is mapped for DMA
 * @sgt: pages, mapped for DMA, while @dma_users is not 0
 * @dma_users: mappings that need @sgt
 */
struct edgebert_bo {
	struct drm_gem_shmem_object base;
	u32 flags;
	struct edgebert_memory *memory;
	struct drm_edgebert_bo_create *created;
	struct mutex lock;
	struct list_head mappings;
	struct dma_buf_attachment *dma_attach;
	struct sg_table *sgt;
	unsigned int dma_users;
};

struct dma_buf_attachment;
struct edgebert_memory;

static inline struct edgebert_bo *to_edgebert_bo(struct drm_gem_object *obj)
{
	return container_of(to_drm_gem_shmem_obj(obj), struct edgebert_bo, base);
}

struct drm_gem_object *edgebert_gem_create_object(struct drm_device *drm, size_t size);
int edgebert_bo_dma_get(struct edgebert_bo *bo);
void edgebert_bo_dma_put(struct edgebert_bo *bo);

int edgebert_ioctl_bo_create(struct drm_device *drm, void *data, struct drm_file *file);
int edgebert_ioctl_bo_map(struct drm_device *drm, void *data, struct drm_file *file);
int edgebert_ioctl_bo_mmap_offset(struct drm_device *drm, void *data, struct drm_file *file);
int edgebert_ioctl_bo_wait(struct drm_device *drm, void *data, struct drm_file *file);

#endif /* EDGEBERT_GEM_H */
