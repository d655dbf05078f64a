// SPDX-License-Identifier: GPL-2.0-only
/*
 * ENVM_* ioctls: arguments checked, users' memory copied in and out, a chunk at a time.
 *
 * That those which change something need CAP_SYS_ADMIN is said in the table of ioctls.
 */
#include <linux/uaccess.h>

#include <drm/drm_drv.h>
#include <drm/drm_print.h>
#include <drm/edgebert_accel.h>

#include "edgebert_device.h"
#include "edgebert_envm.h"
#include "edgebert_envm_header.h"
#include "edgebert_envm_ioctl.h"
#include "edgebert_envm_slot.h"
#include "edgebert_pm.h"

/* What is under way, and what is active: of one moment. */
static void edgebert_envm_info_state(struct edgebert_envm *envm,
				     struct drm_edgebert_envm_info *info)
{
	scoped_guard(spinlock_irqsave, &envm->state_lock) {
		info->generation = envm->generation;
		info->image = envm->image;
		info->active_slot = envm->active;
		info->operation = envm->operation;
		info->done_bytes = envm->done_bytes;
		info->total_bytes = envm->total_bytes;
	}
}

static void edgebert_envm_info_layout(struct edgebert_device *edev,
				      struct drm_edgebert_envm_info *info)
{
	const struct edgebert_envm_range *range;
	u32 slot;

	info->page_bytes = EDGEBERT_ENVM_PAGE_BYTES;
	info->sector_bytes = EDGEBERT_ENVM_SECTOR_BYTES;
	for (slot = 0; slot < ARRAY_SIZE(info->slot_bytes); slot++) {
		range = edgebert_envm_slot_range(slot);
		info->slot_bytes[slot] = range->bytes;
		if (slot != DRM_EDGEBERT_ENVM_SLOT_WHOLE &&
		    edgebert_envm_is_locked(edev, range->address, range->bytes))
			info->locked |= BIT(slot);
	}
}

/* Does not wait for operations: it is how their progress is seen. */
static int edgebert_envm_info_get(struct edgebert_device *edev, struct drm_edgebert_envm_info *info)
{
	u32 corrected, failed;
	int ret;

	if (edgebert_is_lost(edev))
		return -ENODEV;
	if (!edev->envm.usable)
		return -EOPNOTSUPP;
	ret = edgebert_pm_get(edev);
	if (ret)
		return ret;
	ret = edgebert_envm_ecc(edev, &corrected, &failed);
	if (!ret)
		ret = edgebert_envm_wear(edev, &info->wear_max, &info->wear_mean);
	edgebert_pm_put(edev);
	if (ret)
		return ret;
	info->ecc_corrected = corrected;
	info->ecc_failed = failed;
	edgebert_envm_info_layout(edev, info);
	edgebert_envm_info_state(&edev->envm, info);
	return 0;
}

int edgebert_ioctl_envm_info(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_edgebert_envm_query *args = data;
	struct drm_edgebert_envm_info info = { };
	int ret, idx;
	u32 size;

	size = min_t(u32, round_down(args->size, sizeof(u64)), sizeof(info));
	if (args->pad || !size || !args->pointer) {
		drm_dbg(drm, "pad is not 0, or no room for an answer\n");
		return -EINVAL;
	}
	if (!drm_dev_enter(drm, &idx))
		return -ENODEV;
	ret = edgebert_envm_info_get(to_edgebert_device(drm), &info);
	drm_dev_exit(idx);
	if (ret)
		return ret;
	if (copy_to_user(u64_to_user_ptr(args->pointer), &info, size))
		return -EFAULT;
	args->size = size;
	return 0;
}

/* Slot, range and granules of a transfer; NULL if there is no such. */
static const struct edgebert_envm_range *
edgebert_envm_transfer_range(struct drm_device *drm, const struct drm_edgebert_envm_transfer *args,
			     u32 granule)
{
	const struct edgebert_envm_range *range = edgebert_envm_slot_range(args->slot);

	if (range && args->size && args->offset < range->bytes &&
	    args->size <= range->bytes - args->offset && args->done <= args->size &&
	    args->offset % granule == 0 && args->size % granule == 0 && args->done % granule == 0)
		return range;
	drm_dbg(drm, "no %u bytes at %#x of eNVM slot %u in units of %u, %u of them done\n",
		args->size, args->offset, args->slot, granule, args->done);
	return NULL;
}

/* One command and its copying. */
static int edgebert_envm_transfer_chunk(struct edgebert_device *edev, u32 command, u32 address,
					void __user *user, u32 size)
{
	u8 *bounce = edev->envm.bounce;
	int ret;

	if (command != EDGEBERT_HW_ENVM_READ && copy_from_user(bounce, user, size))
		return -EFAULT;
	ret = edgebert_envm_command(edev, command, address, size);
	if (ret)
		return ret;
	if (command == EDGEBERT_HW_ENVM_READ && copy_to_user(user, bounce, size))
		return -EFAULT;
	return 0;
}

/*
 * @args->done goes on from where it is, so that a call that a signal has interrupted can be
 * made again as it is.
 */
static int edgebert_envm_transfer(struct edgebert_device *edev,
				  struct drm_edgebert_envm_transfer *args, u32 address, u32 command,
				  u32 operation)
{
	u32 chunk;
	int ret;

	while (args->done < args->size) {
		edgebert_envm_progress(edev, operation, args->done, args->size);
		ret = edgebert_envm_interrupted(edev, false);
		if (ret)
			return ret;
		chunk = edgebert_envm_chunk(command, args->size - args->done);
		ret = edgebert_envm_transfer_chunk(edev, command, address + args->done,
						   u64_to_user_ptr(args->pointer + args->done),
						   chunk);
		if (ret)
			return ret;
		args->done += chunk;
	}
	return 0;
}

/* What read, verify and program have in common; only the last changes the array. */
static int edgebert_envm_transfer_ioctl(struct drm_device *drm,
					struct drm_edgebert_envm_transfer *args, u32 granule,
					u32 command, u32 operation)
{
	struct edgebert_device *edev = to_edgebert_device(drm);
	const struct edgebert_envm_range *range = edgebert_envm_transfer_range(drm, args, granule);
	u32 address;
	int ret, idx;

	if (!range)
		return -EINVAL;
	address = range->address + args->offset;
	ret = edgebert_envm_begin(edev, &idx);
	if (ret)
		return ret;
	if (command == EDGEBERT_HW_ENVM_PROGRAM)
		ret = edgebert_envm_check_free(edev, address, args->size);
	if (!ret)
		ret = edgebert_envm_transfer(edev, args, address, command, operation);
	edgebert_envm_end(edev, idx);
	return ret;
}

int edgebert_ioctl_envm_read(struct drm_device *drm, void *data, struct drm_file *file)
{
	return edgebert_envm_transfer_ioctl(drm, data, 1, EDGEBERT_HW_ENVM_READ,
					    DRM_EDGEBERT_ENVM_READING);
}

int edgebert_ioctl_envm_verify(struct drm_device *drm, void *data, struct drm_file *file)
{
	return edgebert_envm_transfer_ioctl(drm, data, 1, EDGEBERT_HW_ENVM_VERIFY,
					    DRM_EDGEBERT_ENVM_VERIFYING);
}

int edgebert_ioctl_envm_program(struct drm_device *drm, void *data, struct drm_file *file)
{
	return edgebert_envm_transfer_ioctl(drm, data, EDGEBERT_ENVM_PAGE_BYTES,
					    EDGEBERT_HW_ENVM_PROGRAM,
					    DRM_EDGEBERT_ENVM_PROGRAMMING);
}

static const struct edgebert_envm_range *
edgebert_envm_slot_argument(struct drm_device *drm,
			    const struct drm_edgebert_envm_slot_operation *args)
{
	const struct edgebert_envm_range *range = edgebert_envm_slot_range(args->slot);

	if (range && !args->flags)
		return range;
	drm_dbg(drm, "no eNVM slot %u, or unknown flags %#x\n", args->slot, args->flags);
	return NULL;
}

int edgebert_ioctl_envm_erase(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct edgebert_device *edev = to_edgebert_device(drm);
	const struct edgebert_envm_range *range = edgebert_envm_slot_argument(drm, data);
	int ret, idx;

	if (!range)
		return -EINVAL;
	ret = edgebert_envm_begin(edev, &idx);
	if (ret)
		return ret;
	ret = edgebert_envm_check_free(edev, range->address, range->bytes);
	if (!ret)
		ret = edgebert_envm_erase(edev, range->address, range->bytes);
	edgebert_envm_end(edev, idx);
	return ret;
}

int edgebert_ioctl_envm_lock(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct edgebert_device *edev = to_edgebert_device(drm);
	const struct edgebert_envm_range *range = edgebert_envm_slot_argument(drm, data);
	int ret, idx;

	if (!range)
		return -EINVAL;
	ret = edgebert_envm_begin(edev, &idx);
	if (ret)
		return ret;
	ret = edgebert_envm_lock_sectors(edev, range->address, range->bytes);
	edgebert_envm_end(edev, idx);
	return ret;
}

int edgebert_ioctl_envm_commit(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct edgebert_device *edev = to_edgebert_device(drm);
	struct drm_edgebert_envm_commit *args = data;
	int ret, idx;

	if (args->flags || !edgebert_envm_image_valid(&args->image, args->slot)) {
		drm_dbg(drm, "unknown flags %#x, or no image that slot %u can hold\n", args->flags,
			args->slot);
		return -EINVAL;
	}
	ret = edgebert_envm_begin(edev, &idx);
	if (ret)
		return ret;
	ret = edgebert_envm_commit(edev, args, &args->generation);
	edgebert_envm_end(edev, idx);
	return ret;
}
