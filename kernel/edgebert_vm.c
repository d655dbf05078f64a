// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device address spaces: which buffer is where, and that nothing is freed while the
 * device may still reach it.
 */
#include <linux/slab.h>

#include <drm/drm_drv.h>
#include <drm/drm_print.h>

#include "edgebert_core.h"
#include "edgebert_device.h"
#include "edgebert_gem.h"
#include "edgebert_vm.h"

struct edgebert_vm *edgebert_vm_create(struct edgebert_device *edev)
{
	struct edgebert_vm *vm;
	int ret;

	vm = kzalloc_obj(*vm, GFP_KERNEL_ACCOUNT);
	if (!vm)
		return ERR_PTR(-ENOMEM);
	ret = edgebert_mmu_init(edev, &vm->mmu);
	if (ret) {
		kfree(vm);
		return ERR_PTR(ret);
	}
	kref_init(&vm->refcount);
	mutex_init(&vm->lock);
	vm->edev = edev;
	INIT_LIST_HEAD(&vm->mappings);
	drm_mm_init(&vm->ranges, EDGEBERT_VM_START, EDGEBERT_VM_END - EDGEBERT_VM_START);

	scoped_guard(mutex, &edev->lists_lock)
		list_add_tail(&vm->device_entry, &edev->vms);
	return vm;
}

struct edgebert_vm *edgebert_vm_get(struct edgebert_vm *vm)
{
	kref_get(&vm->refcount);
	return vm;
}

/*
 * After an update that the device did not confirm: true when it has been reset and may be
 * told again.  Otherwise it is lost.
 */
static bool edgebert_vm_reset_device(struct edgebert_device *edev)
{
	edgebert_recovery_reset_now(edev);
	return !edgebert_is_lost(edev);
}

/*
 * Returns when the device can not reach anything any more that was unmapped before: it
 * has forgotten it, was reset, or is cut off from memory.
 */
static void edgebert_vm_flush(struct edgebert_vm *vm)
{
	struct edgebert_device *edev = vm->edev;
	int idx;

	lockdep_assert_held(&vm->lock);
	if (!vm->hw_context || edgebert_is_lost(edev))
		return;
	if (!drm_dev_enter(&edev->drm, &idx)) {
		/* On its way out: nothing is reachable once it has been stopped. */
		wait_for_completion(&edev->stopped);
		return;
	}
	if (edgebert_core_context_update(edev, vm->hw_context) &&
	    edgebert_vm_reset_device(edev) &&
	    edgebert_core_context_update(edev, vm->hw_context))
		edgebert_recovery_lost(edev, "it does not update translations");
	drm_dev_exit(idx);
}

static void edgebert_vm_release(struct kref *kref)
{
	struct edgebert_vm *vm = container_of(kref, struct edgebert_vm, refcount);
	struct edgebert_device *edev = vm->edev;

	/* Either all of this happens before the device is removed, or in edgebert_vm_revoke(). */
	scoped_guard(mutex, &edev->lists_lock) {
		guard(mutex)(&vm->lock);
		list_del(&vm->device_entry);
		if (!vm->revoked) {
			if (vm->hw_context)
				edgebert_core_context_clear(edev, vm->hw_context);
			edgebert_vm_flush(vm);
			edgebert_mmu_fini(edev, &vm->mmu);
		}
		if (vm->hw_context)
			edgebert_core_context_free(edev, vm->hw_context);
	}
	drm_mm_takedown(&vm->ranges);
	edgebert_share_fini(&vm->share);
	mutex_destroy(&vm->lock);
	kfree(vm);
}

void edgebert_vm_put(struct edgebert_vm *vm)
{
	kref_put(&vm->refcount, edgebert_vm_release);
}

/* True when it was the device that failed, not the caller who asked for too much. */
static bool edgebert_vm_unconfirmed(int id)
{
	return id == -ETIMEDOUT || id == -ENODEV;
}

/*
 * Makes the address space known to the device, which jobs need.  -EBUSY: too many are;
 * -ENODEV: the device is lost, perhaps only now.
 */
int edgebert_vm_activate(struct edgebert_vm *vm)
{
	dma_addr_t directories[EDGEBERT_MMU_DIRECTORIES];
	struct edgebert_device *edev = vm->edev;
	int i, id;

	guard(mutex)(&vm->lock);
	if (vm->hw_context)
		return 0;
	if (vm->revoked || edgebert_is_lost(edev))
		return -ENODEV;
	for (i = 0; i < EDGEBERT_MMU_DIRECTORIES; i++)
		directories[i] = vm->mmu.directories[i].dma;
	id = edgebert_core_context_alloc(edev, directories);
	if (edgebert_vm_unconfirmed(id) && edgebert_vm_reset_device(edev))
		id = edgebert_core_context_alloc(edev, directories);
	if (edgebert_vm_unconfirmed(id)) {
		edgebert_recovery_lost(edev, "it does not update translations");
		return -ENODEV;
	}
	if (id < 0)
		return id;
	vm->hw_context = id;
	return 0;
}

/* Finds free addresses and enters the buffer's pages there. */
static int edgebert_mapping_insert(struct edgebert_mapping *mapping, bool writable)
{
	struct edgebert_vm *vm = mapping->vm;
	struct edgebert_bo *bo = mapping->bo;
	u64 size = bo->base.base.size;
	int ret;

	lockdep_assert_held(&vm->lock);
	ret = drm_mm_insert_node_generic(&vm->ranges, &mapping->node,
					 size + EDGEBERT_HW_PAGE_SIZE, EDGEBERT_HW_PAGE_SIZE, 0,
					 DRM_MM_INSERT_BEST);
	if (ret)
		return ret;
	ret = edgebert_mmu_map(vm->edev, &vm->mmu, mapping->node.start, size, bo->sgt, writable);
	if (ret)
		drm_mm_remove_node(&mapping->node);
	return ret;
}

/*
 * Gives the buffer an address, if it has none yet; it keeps that, and whether the device may
 * write, as long as the mapping exists.  -ENOSPC when the address space is full.
 */
int edgebert_mapping_map(struct edgebert_mapping *mapping, bool read_only)
{
	struct edgebert_vm *vm = mapping->vm;
	struct edgebert_bo *bo = mapping->bo;
	bool writable = !read_only && !(bo->flags & DRM_EDGEBERT_BO_DEVICE_READ_ONLY);
	int ret;

	guard(mutex)(&vm->lock);
	if (vm->revoked)
		return -ENODEV;
	if (drm_mm_node_allocated(&mapping->node))
		return 0;
	ret = edgebert_bo_dma_get(bo);
	if (ret)
		return ret;
	ret = edgebert_mapping_insert(mapping, writable);
	if (ret) {
		edgebert_bo_dma_put(bo);
		return ret;
	}
	mapping->writable = writable;
	list_add_tail(&mapping->vm_entry, &vm->mappings);
	/* Who sees this sees @node and @writable. */
	smp_store_release(&mapping->mapped, true);
	return 0;
}

/* True when the buffer has an address, which it keeps. */
bool edgebert_mapping_has_address(struct edgebert_mapping *mapping)
{
	/* Pairs with edgebert_mapping_map(). */
	return smp_load_acquire(&mapping->mapped);
}

/* A buffer in an address space, without an address yet. */
struct edgebert_mapping *edgebert_mapping_create(struct edgebert_vm *vm, struct edgebert_bo *bo)
{
	struct edgebert_mapping *mapping;

	if (!atomic_add_unless(&vm->mapping_count, 1, EDGEBERT_BUFFERS_PER_FILE)) {
		drm_dbg(&vm->edev->drm, "no more than %u buffers per open file\n",
			EDGEBERT_BUFFERS_PER_FILE);
		return ERR_PTR(-ENOSPC);
	}
	mapping = kzalloc_obj(*mapping, GFP_KERNEL_ACCOUNT);
	if (!mapping) {
		atomic_dec(&vm->mapping_count);
		return ERR_PTR(-ENOMEM);
	}
	kref_init(&mapping->refcount);
	mapping->vm = edgebert_vm_get(vm);
	mapping->bo = bo;
	drm_gem_object_get(&bo->base.base);
	scoped_guard(mutex, &bo->lock)
		list_add(&mapping->bo_entry, &bo->mappings);
	return mapping;
}

/* The buffer's mapping, referenced, or NULL. */
struct edgebert_mapping *edgebert_mapping_find(struct edgebert_vm *vm, struct edgebert_bo *bo)
{
	struct edgebert_mapping *mapping;

	guard(mutex)(&bo->lock);
	list_for_each_entry(mapping, &bo->mappings, bo_entry)
		if (mapping->vm == vm && kref_get_unless_zero(&mapping->refcount))
			return mapping;
	return NULL;
}

static void edgebert_mapping_unmap(struct edgebert_mapping *mapping)
{
	struct edgebert_vm *vm = mapping->vm;
	struct edgebert_bo *bo = mapping->bo;

	lockdep_assert_held(&vm->lock);
	if (!vm->revoked) {
		edgebert_mmu_unmap(&vm->mmu, mapping->node.start, bo->base.base.size);
		edgebert_vm_flush(vm);
		/* Only now may the pages be used for something else. */
		edgebert_bo_dma_put(bo);
	}
	list_del(&mapping->vm_entry);
	drm_mm_remove_node(&mapping->node);
}

static void edgebert_mapping_release(struct kref *kref)
{
	struct edgebert_mapping *mapping = container_of(kref, struct edgebert_mapping, refcount);
	struct edgebert_vm *vm = mapping->vm;
	struct edgebert_bo *bo = mapping->bo;

	scoped_guard(mutex, &bo->lock)
		list_del(&mapping->bo_entry);
	scoped_guard(mutex, &vm->lock)
		if (drm_mm_node_allocated(&mapping->node))
			edgebert_mapping_unmap(mapping);
	drm_gem_object_put(&bo->base.base);
	atomic_dec(&vm->mapping_count);
	edgebert_vm_put(vm);
	kfree(mapping);
}

void edgebert_mapping_put(struct edgebert_mapping *mapping)
{
	kref_put(&mapping->refcount, edgebert_mapping_release);
}

/* Gives up a reference unless it is the last one; may be called where no lock may be taken. */
bool edgebert_mapping_put_shared(struct edgebert_mapping *mapping)
{
	return refcount_dec_not_one(&mapping->refcount.refcount);
}

/* Gives back everything that was mapped for a device that has been stopped. */
static void edgebert_vm_revoke(struct edgebert_vm *vm)
{
	struct edgebert_mapping *mapping;

	guard(mutex)(&vm->lock);
	vm->revoked = true;
	list_for_each_entry(mapping, &vm->mappings, vm_entry)
		edgebert_bo_dma_put(mapping->bo);
	edgebert_mmu_fini(vm->edev, &vm->mmu);
}

/*
 * On removal, with the device stopped.  Files may stay open for long after it, but
 * neither DMA mappings nor page tables may.
 */
void edgebert_vm_revoke_all(struct edgebert_device *edev)
{
	struct edgebert_vm *vm;

	guard(mutex)(&edev->lists_lock);
	list_for_each_entry(vm, &edev->vms, device_entry)
		edgebert_vm_revoke(vm);
}
