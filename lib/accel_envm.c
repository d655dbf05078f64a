// SPDX-License-Identifier: MIT
/* The eNVM of a device node: typed calls of the driver, told as statuses. */
#include "lib/accel_envm.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/envm_image.h"

static const uint32_t kernel_slots[] = {
	[EB_ENVM_SLOT_A] = DRM_EDGEBERT_ENVM_SLOT_A,
	[EB_ENVM_SLOT_B] = DRM_EDGEBERT_ENVM_SLOT_B,
	[EB_ENVM_SLOT_WHOLE] = DRM_EDGEBERT_ENVM_SLOT_WHOLE,
	[EB_ENVM_SLOT_NONE] = DRM_EDGEBERT_ENVM_SLOT_NONE,
};

static const char *const slot_names[] = { "slot A", "slot B", "both slots", "no slot" };

/* What the driver's documentation says of each error, in the words of the library. */
static enum eb_status explain(const char *path, const char *step, enum eb_envm_slot slot,
			      int error)
{
	const char *where = slot_names[slot];

	switch (error) {
	case -ENODEV:
		return eb_fail(EB_DEVICE_LOST, "%s: %s: the device disappeared; check the board and "
			       "open it again", path, step);
	case -ENOTTY:
	case -EOPNOTSUPP:
		return eb_fail(EB_MODEL_UNSUPPORTED, "%s: %s: the device has no eNVM that can be "
			       "programmed, or its driver does not know it", path, step);
	case -EACCES:
	case -EPERM:
		return eb_fail(EB_PERMISSION, "%s: %s: needs the privilege CAP_SYS_ADMIN; run it as "
			       "root", path, step);
	case -EROFS:
		return eb_fail(EB_PERMISSION, "%s: %s: %s is locked until the device is reset", path,
			       step, where);
	case -EBUSY:
		return eb_fail(EB_BUSY, "%s: %s: %s is in use by the active image or a running job; "
			       "wait for results first", path, step, where);
	case -EILSEQ:
		return eb_fail(EB_ENVM_FAILED, "%s: %s: %s does not hold what was programmed; program "
			       "it again", path, step, where);
	case -EBADMSG:
		return eb_fail(EB_ENVM_FAILED, "%s: %s: %s has errors that can not be corrected; "
			       "program it again", path, step, where);
	case -ENOMEM:
		return eb_fail(EB_OUT_OF_MEMORY, "%s: %s: no memory", path, step);
	default:
		return eb_fail(EB_ENVM_FAILED, "%s: %s, %s: %s; program it again, see the kernel log",
			       path, step, where, eb_errno_name(error));
	}
}

static enum eb_envm_slot slot_of(uint32_t kernel_slot)
{
	for (uint32_t slot = 0; slot < EB_ENVM_SLOT_NONE; slot++) {
		if (kernel_slots[slot] == kernel_slot)
			return (enum eb_envm_slot)slot;
	}
	return EB_ENVM_SLOT_NONE;
}

enum eb_status eb_accel_envm_get_info(const struct eb_accel_node *node, const char *path,
				      struct eb_envm_info *info)
{
	struct drm_edgebert_envm_info answer = { 0 };
	int error = eb_accel_envm_query(node, &answer);

	if (error)
		return explain(path, "asking for its eNVM", EB_ENVM_SLOT_NONE, error);
	info->generation = answer.generation;
	if (answer.generation)
		eb_envm_id_text(answer.image.id, info->image_id);
	snprintf(info->image_name, sizeof(info->image_name), "%.32s",
		 (const char *)answer.image.name);
	info->image_bytes = answer.image.bytes;
	info->active_slot = slot_of(answer.active_slot);
	memcpy(info->slot_bytes, answer.slot_bytes, sizeof(info->slot_bytes));
	info->locked_slots = answer.locked;
	info->done_bytes = answer.done_bytes;
	info->total_bytes = answer.total_bytes;
	info->ecc_corrected = answer.ecc_corrected;
	info->ecc_failed = answer.ecc_failed;
	info->wear_max = answer.wear_max;
	info->wear_mean = answer.wear_mean;
	return EB_OK;
}

enum eb_status eb_accel_envm_erase(const struct eb_accel_node *node, const char *path,
				   enum eb_envm_slot slot)
{
	struct drm_edgebert_envm_slot_operation erase = { .slot = kernel_slots[slot] };
	int error = eb_accel_envm_call(node, DRM_IOCTL_EDGEBERT_ENVM_ERASE, &erase);

	return error ? explain(path, "erasing the eNVM", slot, error) : EB_OK;
}

static int transfer(const struct eb_accel_node *node, unsigned long request,
		    enum eb_envm_slot slot, uint32_t offset, const void *bytes, uint32_t size)
{
	struct drm_edgebert_envm_transfer argument = {
		.slot = kernel_slots[slot],
		.offset = offset,
		.size = size,
		.pointer = (uint64_t)(uintptr_t)bytes,
	};

	return eb_accel_envm_call(node, request, &argument);
}

enum eb_status eb_accel_envm_program(const struct eb_accel_node *node, const char *path,
				     enum eb_envm_slot slot, uint32_t offset, const void *bytes,
				     uint32_t size)
{
	int error = transfer(node, DRM_IOCTL_EDGEBERT_ENVM_PROGRAM, slot, offset, bytes, size);

	return error ? explain(path, "programming the eNVM", slot, error) : EB_OK;
}

enum eb_status eb_accel_envm_read(const struct eb_accel_node *node, const char *path,
				  enum eb_envm_slot slot, uint32_t offset, void *bytes,
				  uint32_t size)
{
	int error = transfer(node, DRM_IOCTL_EDGEBERT_ENVM_READ, slot, offset, bytes, size);

	return error ? explain(path, "reading the eNVM", slot, error) : EB_OK;
}

enum eb_status eb_accel_envm_commit(const struct eb_accel_node *node, const char *path,
				    enum eb_envm_slot slot,
				    const struct edgebert_hw_envm_header *image)
{
	struct drm_edgebert_envm_commit commit = { .slot = kernel_slots[slot] };
	int error;

	if (image) {
		memcpy(commit.image.id, image->id, sizeof(commit.image.id));
		memcpy(commit.image.name, image->name, sizeof(commit.image.name));
		commit.image.bytes = image->bytes;
		commit.image.crc32 = image->image_crc32;
	}
	error = eb_accel_envm_call(node, DRM_IOCTL_EDGEBERT_ENVM_COMMIT, &commit);
	return error ? explain(path, "making the image the active one", slot, error) : EB_OK;
}
