// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buffer objects: creation, mapping for the device and the CPU, waiting.
 *
 * Pages are mapped for DMA once, however many address spaces the buffer is in.  The
 * helpers' own cached table is not used, because it would keep that until the last
 * handle is closed, which may be after the device is gone.
 */
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_gem_shmem_helper.h>
#include <drm/drm_print.h>
#include <drm/drm_utils.h>
#include <drm/edgebert_accel.h>

#include "edgebert_device.h"
#include "edgebert_drv.h"
#include "edgebert_gem.h"
#include "edgebert_memory.h"
#include "edgebert_prime.h"
#include "edgebert_vm.h"

#define EDGEBERT_BO_FLAGS	(DRM_EDGEBERT_BO_DEVICE_READ_ONLY | DRM_EDGEBERT_BO_NO_CPU_MAP)

static_assert(offsetof(struct edgebert_bo, base) == 0);

static int edgebert_bo_dma_map(struct edgebert_bo *bo)
{
	struct sg_table *sgt;
	int ret;

	ret = drm_gem_shmem_pin(&bo->base);
	if (ret)
		return ret;
	sgt = drm_gem_shmem_get_sg_table(&bo->base);
	if (IS_ERR(sgt)) {
		ret = PTR_ERR(sgt);
		goto err_unpin;
	}
	ret = dma_map_sgtable(bo->base.base.dev->dev, sgt, DMA_BIDIRECTIONAL, 0);
	if (ret)
		goto err_free;
	bo->sgt = sgt;
	return 0;

err_free:
	sg_free_table(sgt);
	kfree(sgt);
err_unpin:
	drm_gem_shmem_unpin(&bo->base);
	return ret;
}

static void edgebert_bo_dma_unmap(struct edgebert_bo *bo)
{
	dma_unmap_sgtable(bo->base.base.dev->dev, bo->sgt, DMA_BIDIRECTIONAL, 0);
	sg_free_table(bo->sgt);
	kfree(bo->sgt);
	drm_gem_shmem_unpin(&bo->base);
}

/* Pins the buffer's pages and maps them for DMA. */
int edgebert_bo_dma_get(struct edgebert_bo *bo)
{
	int ret;

	guard(mutex)(&bo->lock);
	if (!bo->dma_users) {
		ret = drm_gem_is_imported(&bo->base.base) ? edgebert_prime_dma_map(bo) :
							    edgebert_bo_dma_map(bo);
		if (ret)
			return ret;
	}
	bo->dma_users++;
	return 0;
}

void edgebert_bo_dma_put(struct edgebert_bo *bo)
{
	guard(mutex)(&bo->lock);
	if (--bo->dma_users)
		return;
	if (drm_gem_is_imported(&bo->base.base))
		edgebert_prime_dma_unmap(bo);
	else
		edgebert_bo_dma_unmap(bo);
	bo->sgt = NULL;
}

static void edgebert_gem_free(struct drm_gem_object *obj)
{
	struct edgebert_bo *bo = to_edgebert_bo(obj);

	drm_WARN_ON(obj->dev, bo->dma_users || !list_empty(&bo->mappings));
	if (bo->memory) {
		edgebert_memory_uncharge(bo->memory, obj->size);
		edgebert_memory_put(bo->memory);
	}
	mutex_destroy(&bo->lock);
	drm_gem_shmem_free(&bo->base);
}

/* For fdinfo, under a lock that must not sleep: a snapshot. */
static enum drm_gem_object_status edgebert_gem_status(struct drm_gem_object *obj)
{
	struct edgebert_bo *bo = to_edgebert_bo(obj);

	return READ_ONCE(bo->base.pages) || READ_ONCE(bo->sgt) ? DRM_GEM_OBJECT_RESIDENT : 0;
}

/*
 * A handle comes to be: the buffer gets a place in the file's address space.  One that was
 * created with the handle gets its address as well; from the moment the handle exists
 * another thread may close it.
 */
static int edgebert_gem_open(struct drm_gem_object *obj, struct drm_file *file)
{
	struct edgebert_file *efile = file->driver_priv;
	struct edgebert_bo *bo = to_edgebert_bo(obj);
	struct edgebert_mapping *mapping;
	int ret;

	mapping = edgebert_mapping_create(efile->vm, bo);
	if (IS_ERR(mapping))
		return PTR_ERR(mapping);
	if (!bo->created)
		return 0;
	ret = edgebert_mapping_map(mapping, false);
	if (ret)
		edgebert_mapping_put(mapping);
	else
		bo->created->device_address = mapping->node.start;
	return ret;
}

/* A handle is closed: the buffer leaves the file's address space when no job uses it. */
static void edgebert_gem_close(struct drm_gem_object *obj, struct drm_file *file)
{
	struct edgebert_file *efile = file->driver_priv;
	struct edgebert_mapping *mapping = edgebert_mapping_find(efile->vm, to_edgebert_bo(obj));

	if (drm_WARN_ON(obj->dev, !mapping))
		return;
	edgebert_mapping_put(mapping);	/* what find took */
	edgebert_mapping_put(mapping);	/* the handle's own */
}

static int edgebert_gem_mmap(struct drm_gem_object *obj, struct vm_area_struct *vma)
{
	if (to_edgebert_bo(obj)->flags & DRM_EDGEBERT_BO_NO_CPU_MAP)
		return -EPERM;
	return drm_gem_shmem_object_mmap(obj, vma);
}

static const struct drm_gem_object_funcs edgebert_gem_funcs = {
	.free = edgebert_gem_free,
	.open = edgebert_gem_open,
	.close = edgebert_gem_close,
	.print_info = drm_gem_shmem_object_print_info,
	.pin = drm_gem_shmem_object_pin,
	.unpin = drm_gem_shmem_object_unpin,
	.get_sg_table = drm_gem_shmem_object_get_sg_table,
	.vmap = drm_gem_shmem_object_vmap,
	.vunmap = drm_gem_shmem_object_vunmap,
	.mmap = edgebert_gem_mmap,
	.status = edgebert_gem_status,
	.vm_ops = &drm_gem_shmem_vm_ops,
};

/* For the helpers; used for created and for imported buffers. */
struct drm_gem_object *edgebert_gem_create_object(struct drm_device *drm, size_t size)
{
	struct edgebert_bo *bo;

	bo = kzalloc_obj(*bo, GFP_KERNEL_ACCOUNT);
	if (!bo)
		return ERR_PTR(-ENOMEM);
	mutex_init(&bo->lock);
	INIT_LIST_HEAD(&bo->mappings);
	bo->base.base.funcs = &edgebert_gem_funcs;
	return &bo->base.base;
}

/* A buffer that is charged to the file, without handle or address. */
static struct edgebert_bo *edgebert_bo_create(struct drm_device *drm, struct edgebert_file *efile,
					      u64 size, u32 flags)
{
	struct drm_gem_shmem_object *shmem;
	struct edgebert_bo *bo;
	int ret;

	size = PAGE_ALIGN(size);
	ret = edgebert_memory_charge(efile->memory, size);
	if (ret) {
		drm_dbg(drm, "buffer of %#llx bytes is beyond the limit of %#llx\n", size,
			edgebert_memory_limit());
		return ERR_PTR(ret);
	}
	shmem = drm_gem_shmem_create(drm, size);
	if (IS_ERR(shmem)) {
		edgebert_memory_uncharge(efile->memory, size);
		return ERR_CAST(shmem);
	}
	bo = to_edgebert_bo(&shmem->base);
	bo->memory = edgebert_memory_get(efile->memory);
	bo->flags = flags;
	return bo;
}

int edgebert_ioctl_bo_create(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_edgebert_bo_create *args = data;
	const u64 max_size = EDGEBERT_VM_END - EDGEBERT_VM_START - EDGEBERT_HW_PAGE_SIZE;
	struct edgebert_bo *bo;
	int ret, idx;

	if (args->flags & ~EDGEBERT_BO_FLAGS || args->pad) {
		drm_dbg(drm, "unknown buffer flags %#x or pad is not 0\n", args->flags);
		return -EINVAL;
	}
	if (!args->size || args->size > max_size) {
		drm_dbg(drm, "buffer of %#llx bytes does not fit the address space\n", args->size);
		return -EINVAL;
	}
	if (!drm_dev_enter(drm, &idx))
		return -ENODEV;

	bo = edgebert_bo_create(drm, file->driver_priv, args->size, args->flags);
	if (IS_ERR(bo)) {
		ret = PTR_ERR(bo);
		goto out;
	}
	args->size = bo->base.base.size;
	bo->created = args;
	ret = drm_gem_handle_create(file, &bo->base.base, &args->handle);
	bo->created = NULL;
	/* The handle has a reference of its own. */
	drm_gem_object_put(&bo->base.base);
out:
	drm_dev_exit(idx);
	return ret;
}

/* For a buffer that has an address, a question. */
int edgebert_ioctl_bo_map(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct edgebert_file *efile = file->driver_priv;
	struct drm_edgebert_bo_map *args = data;
	struct edgebert_mapping *mapping = NULL;
	struct drm_gem_object *obj;
	int ret, idx;

	if (args->flags & ~DRM_EDGEBERT_BO_DEVICE_READ_ONLY || args->pad) {
		drm_dbg(drm, "unknown mapping flags %#x or pad is not 0\n", args->flags);
		return -EINVAL;
	}
	if (!drm_dev_enter(drm, &idx))
		return -ENODEV;
	obj = drm_gem_object_lookup(file, args->handle);
	if (obj) {
		mapping = edgebert_mapping_find(efile->vm, to_edgebert_bo(obj));
		/* The mapping holds the buffer. */
		drm_gem_object_put(obj);
	}
	if (!mapping) {
		drm_dbg(drm, "unknown buffer %u\n", args->handle);
		ret = -ENOENT;
		goto out;
	}
	ret = edgebert_mapping_map(mapping, args->flags);
	if (!ret) {
		args->device_address = mapping->node.start;
		args->flags = mapping->writable ? 0 : DRM_EDGEBERT_BO_DEVICE_READ_ONLY;
		args->size = mapping->bo->base.base.size;
	}
	edgebert_mapping_put(mapping);
out:
	drm_dev_exit(idx);
	return ret;
}

int edgebert_ioctl_bo_mmap_offset(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_edgebert_bo_mmap_offset *args = data;
	struct drm_gem_object *obj;
	int ret = 0;

	if (args->pad)
		return -EINVAL;
	obj = drm_gem_object_lookup(file, args->handle);
	if (!obj) {
		drm_dbg(drm, "unknown buffer %u\n", args->handle);
		return -ENOENT;
	}
	if (drm_gem_is_imported(obj)) {
		drm_dbg(drm, "imported buffer %u must be mapped through its exporter\n",
			args->handle);
		ret = -EINVAL;
	} else if (to_edgebert_bo(obj)->flags & DRM_EDGEBERT_BO_NO_CPU_MAP) {
		drm_dbg(drm, "buffer %u was created without CPU mapping\n", args->handle);
		ret = -EPERM;
	} else {
		args->offset = drm_vma_node_offset_addr(&obj->vma_node);
	}
	drm_gem_object_put(obj);
	return ret;
}

/* Waits outside of drm_dev_enter(): removal ends it by ending the jobs. */
int edgebert_ioctl_bo_wait(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_edgebert_bo_wait *args = data;
	unsigned long timeout = drm_timeout_abs_to_jiffies(args->timeout_ns);
	struct drm_gem_object *obj;
	bool for_read = args->flags & DRM_EDGEBERT_BO_WAIT_READ;
	long ret;

	if (args->flags & ~DRM_EDGEBERT_BO_WAIT_READ) {
		drm_dbg(drm, "unknown wait flags %#x\n", args->flags);
		return -EINVAL;
	}
	obj = drm_gem_object_lookup(file, args->handle);
	if (!obj) {
		drm_dbg(drm, "unknown buffer %u\n", args->handle);
		return -ENOENT;
	}
	/* A reader waits for writers only, a writer for everybody. */
	ret = dma_resv_wait_timeout(obj->resv, dma_resv_usage_rw(!for_read), true, timeout);
	drm_gem_object_put(obj);
	if (ret == 0)
		return -ETIMEDOUT;
	return ret < 0 ? ret : 0;
}
