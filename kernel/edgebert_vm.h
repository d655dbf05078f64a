/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Device address spaces, and buffers mapped into them.
 */
#ifndef EDGEBERT_VM_H
#define EDGEBERT_VM_H

#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>

#include <drm/drm_mm.h>

#include "edgebert_mmu.h"
#include "edgebert_ring.h"
#include "edgebert_share.h"

struct edgebert_bo;
struct edgebert_device;

/* Nothing is ever mapped outside of these, so that null pointers and wrap-around fault. */
#define EDGEBERT_VM_START	0x00010000u
#define EDGEBERT_VM_END		0xffff0000u

/* Each takes memory of the kernel's, too. */
#define EDGEBERT_BUFFERS_PER_FILE	4096

/**
 * struct edgebert_vm - address space of one open file, outlives it while jobs run
 * @refcount: held by the file, its contexts and the mappings
 * @edev: the device
 * @device_entry: in edev->vms
 * @mapping_count: struct edgebert_mapping of it, at most EDGEBERT_BUFFERS_PER_FILE
 * @lock: guards everything below
 * @mmu: page tables
 * @ranges: which addresses are taken
 * @mappings: struct edgebert_mapping.vm_entry of those that have addresses
 * @hw_context: number in the device's context table, 0 before the first context
 * @revoked: the device is gone, and all that was mapped for it
 * @share: of the device's time
 * @stats: what the jobs of the file add up to; guarded by the ring's lock
 */
struct edgebert_vm {
	struct kref refcount;
	struct edgebert_device *edev;
	struct list_head device_entry;
	atomic_t mapping_count;
	struct mutex lock;
	struct edgebert_mmu mmu;
	struct drm_mm ranges;
	struct list_head mappings;
	u32 hw_context;
	bool revoked;
	struct edgebert_share share;
	struct edgebert_stats stats;
};

/**
 * struct edgebert_mapping - one buffer in one address space
 * @refcount: held by the buffer's handle and by jobs that use the buffer
 * @vm: address space, referenced
 * @bo: buffer, referenced
 * @node: addresses, if it has any, under vm->lock; a page longer than the buffer, so that
 *	overruns fault
 * @writable: for the device; constant once it has addresses
 * @mapped: it has addresses, and keeps them
 * @vm_entry: in vm->mappings, under vm->lock
 * @bo_entry: in bo->mappings, under bo->lock
 */
struct edgebert_mapping {
	struct kref refcount;
	struct edgebert_vm *vm;
	struct edgebert_bo *bo;
	struct drm_mm_node node;
	bool writable;
	bool mapped;
	struct list_head vm_entry;
	struct list_head bo_entry;
};

struct edgebert_vm *edgebert_vm_create(struct edgebert_device *edev);
struct edgebert_vm *edgebert_vm_get(struct edgebert_vm *vm);
void edgebert_vm_put(struct edgebert_vm *vm);
int edgebert_vm_activate(struct edgebert_vm *vm);
void edgebert_vm_revoke_all(struct edgebert_device *edev);

struct edgebert_mapping *edgebert_mapping_create(struct edgebert_vm *vm, struct edgebert_bo *bo);
int edgebert_mapping_map(struct edgebert_mapping *mapping, bool read_only);
bool edgebert_mapping_has_address(struct edgebert_mapping *mapping);
struct edgebert_mapping *edgebert_mapping_find(struct edgebert_vm *vm, struct edgebert_bo *bo);
void edgebert_mapping_put(struct edgebert_mapping *mapping);
bool edgebert_mapping_put_shared(struct edgebert_mapping *mapping);

#endif /* EDGEBERT_VM_H */
