// SPDX-License-Identifier: GPL-2.0-only
/*
 * Images in the eNVM: which one is active, how another one becomes it, which jobs use it.
 *
 * The valid header with the higher sequence counts.  A new one is written in the place of
 * the other, so until its page is whole, the old one counts: there is no moment at which a
 * loss of power leaves no image.
 */
#include <linux/crc32.h>

#include <drm/drm_print.h>

#include "edgebert_device.h"
#include "edgebert_envm.h"
#include "edgebert_envm_header.h"
#include "edgebert_envm_slot.h"
#include "edgebert_event.h"
#include "edgebert_job.h"

/* CRC-32 of a part of the array. */
static int edgebert_envm_crc(struct edgebert_device *edev, u32 address, u32 bytes, bool killable,
			     u32 *result)
{
	struct edgebert_envm *envm = &edev->envm;
	u32 done, chunk, crc = ~0;
	int ret;

	for (done = 0; done < bytes; done += chunk) {
		edgebert_envm_progress(edev, DRM_EDGEBERT_ENVM_VERIFYING, done, bytes);
		ret = killable ? edgebert_envm_interrupted(edev, true) : 0;
		if (ret)
			return ret;
		chunk = edgebert_envm_chunk(EDGEBERT_HW_ENVM_READ, bytes - done);
		ret = edgebert_envm_command(edev, EDGEBERT_HW_ENVM_READ, address + done, chunk);
		if (ret)
			return ret;
		crc = crc32_le(crc, envm->bounce, chunk);
	}
	*result = ~crc;
	return 0;
}

/* -EILSEQ: what is in the slot is not the image. */
static int edgebert_envm_check_image(struct edgebert_device *edev, u32 slot, bool killable,
				     const struct drm_edgebert_envm_image *image)
{
	const struct edgebert_envm_range *range = edgebert_envm_slot_range(slot);
	u32 crc;
	int ret;

	if (!range)
		return 0;
	ret = edgebert_envm_crc(edev, range->address, image->bytes, killable, &crc);
	if (ret)
		return ret;
	if (crc == image->crc32)
		return 0;
	drm_dbg(&edev->drm, "slot %u has CRC %#x, its image %#x\n", slot, crc, image->crc32);
	return -EILSEQ;
}

/* A header that can not be read is none: a loss of power may have left it so. */
static int edgebert_envm_read_header(struct edgebert_device *edev, u32 number,
				     struct edgebert_hw_envm_header *header)
{
	int ret = edgebert_envm_command(edev, EDGEBERT_HW_ENVM_READ,
					EDGEBERT_HW_ENVM_HEADER(number), sizeof(*header));

	memset(header, 0, sizeof(*header));
	if (!ret)
		memcpy(header, edev->envm.bounce, sizeof(*header));
	return ret == -EBADMSG ? 0 : ret;
}

static u64 edgebert_envm_sequence(const struct edgebert_hw_envm_header *header)
{
	return edgebert_envm_header_valid(header) ? le64_to_cpu(header->sequence) : 0;
}

/* From here on jobs that start use this image; NULL: none. */
static void edgebert_envm_activate(struct edgebert_device *edev,
				   const struct edgebert_hw_envm_header *header)
{
	struct edgebert_envm *envm = &edev->envm;

	scoped_guard(spinlock_irqsave, &envm->state_lock) {
		if (!header) {
			envm->active = DRM_EDGEBERT_ENVM_SLOT_NONE;
			envm->generation = 0;
			memset(&envm->image, 0, sizeof(envm->image));
			return;
		}
		envm->active = le32_to_cpu(header->slot);
		envm->generation = envm->active == DRM_EDGEBERT_ENVM_SLOT_NONE ? 0 :
				   le64_to_cpu(header->sequence);
		edgebert_envm_header_image(header, &envm->image);
	}
}

/*
 * Reads both headers and activates the newest image that is intact: should it have decayed,
 * then the one before, if that is still there.
 */
static int edgebert_envm_scan(struct edgebert_device *edev)
{
	struct edgebert_envm *envm = &edev->envm;
	struct edgebert_hw_envm_header headers[2];
	struct drm_edgebert_envm_image image;
	u32 i, number, newest;
	int ret;

	for (i = 0; i < ARRAY_SIZE(headers); i++) {
		ret = edgebert_envm_read_header(edev, i, &headers[i]);
		if (ret)
			return ret;
	}
	newest = edgebert_envm_sequence(&headers[1]) > edgebert_envm_sequence(&headers[0]);
	envm->header = newest;
	envm->sequence = max(envm->sequence, edgebert_envm_sequence(&headers[newest]));
	for (i = 0; i < ARRAY_SIZE(headers); i++) {
		number = newest ^ i;
		if (!edgebert_envm_sequence(&headers[number]))
			break;
		edgebert_envm_header_image(&headers[number], &image);
		ret = edgebert_envm_check_image(edev, le32_to_cpu(headers[number].slot), false,
						&image);
		if (!ret) {
			envm->header = number;
			edgebert_envm_activate(edev, &headers[number]);
			return 0;
		}
		if (ret != -EILSEQ && ret != -EBADMSG)
			return ret;
		drm_warn(&edev->drm, "eNVM image \"%.32s\" is damaged and not used\n", image.name);
	}
	edgebert_envm_activate(edev, NULL);
	return 0;
}

/* At probe.  Without an image, or without the array, the device is of use all the same. */
void edgebert_envm_find_active(struct edgebert_device *edev)
{
	struct edgebert_envm *envm = &edev->envm;
	int ret, idx;

	ret = edgebert_envm_begin(edev, &idx);
	if (ret == -EOPNOTSUPP)
		return;
	if (!ret) {
		ret = edgebert_envm_scan(edev);
		edgebert_envm_end(edev, idx);
	}
	if (ret)
		drm_warn(&edev->drm, "eNVM can not be read: %d\n", ret);
	else if (envm->generation)
		drm_info(&edev->drm, "eNVM image \"%.32s\", generation %llu\n", envm->image.name,
			 envm->generation);
}

static u32 edgebert_envm_parts(u32 slot)
{
	const struct edgebert_envm_range *range = edgebert_envm_slot_range(slot);

	return range ? range->parts : 0;
}

/* What must stay as it is: the active image, what jobs use, the headers that say so. */
static u32 edgebert_envm_busy_parts(struct edgebert_envm *envm)
{
	u32 busy;

	scoped_guard(spinlock_irqsave, &envm->state_lock) {
		busy = edgebert_envm_parts(envm->active);
		if (busy)
			busy |= EDGEBERT_ENVM_PART_HEADERS;
		if (envm->users[0])
			busy |= EDGEBERT_ENVM_PART_A;
		if (envm->users[1])
			busy |= EDGEBERT_ENVM_PART_B;
	}
	return busy;
}

/* -EROFS: partly locked; -EBUSY: partly in use. */
int edgebert_envm_check_free(struct edgebert_device *edev, u32 address, u32 size)
{
	u32 end = address + size, parts = 0;

	lockdep_assert_held(&edev->envm.lock);
	if (edgebert_envm_is_locked(edev, address, size))
		return -EROFS;
	if (address < EDGEBERT_HW_ENVM_SLOT_A)
		parts |= EDGEBERT_ENVM_PART_HEADERS;
	if (address < EDGEBERT_HW_ENVM_SLOT_B && end > EDGEBERT_HW_ENVM_SLOT_A)
		parts |= EDGEBERT_ENVM_PART_A;
	if (end > EDGEBERT_HW_ENVM_SLOT_B)
		parts |= EDGEBERT_ENVM_PART_B;
	return edgebert_envm_busy_parts(&edev->envm) & parts ? -EBUSY : 0;
}

/* Puts a header in the place of the one that does not count, and looks whether it is there. */
static int edgebert_envm_write_header(struct edgebert_device *edev, u32 number,
				      const struct edgebert_hw_envm_header *header)
{
	struct edgebert_envm *envm = &edev->envm;
	u32 address = EDGEBERT_HW_ENVM_HEADER(number);
	int ret;

	if (edgebert_envm_is_locked(edev, address, sizeof(*header)))
		return -EROFS;
	ret = edgebert_envm_erase_chunk(edev, address, EDGEBERT_ENVM_SECTOR_BYTES);
	if (ret)
		return ret;
	memcpy(envm->bounce, header, sizeof(*header));
	ret = edgebert_envm_command(edev, EDGEBERT_HW_ENVM_PROGRAM, address, sizeof(*header));
	if (ret)
		return ret;
	ret = edgebert_envm_command(edev, EDGEBERT_HW_ENVM_VERIFY, address, sizeof(*header));
	return ret == -EILSEQ ? -EIO : ret;
}

/*
 * With the eNVM begun and the arguments checked.  Should writing the header fail half way,
 * nobody knows which one the next scan will find, so it is made at once.
 */
int edgebert_envm_commit(struct edgebert_device *edev,
			 const struct drm_edgebert_envm_commit *args, u64 *generation)
{
	struct edgebert_envm *envm = &edev->envm;
	struct edgebert_hw_envm_header header;
	int ret;

	ret = edgebert_envm_check_image(edev, args->slot, true, &args->image);
	if (ret)
		return ret;
	edgebert_envm_header_build(&header, envm->sequence + 1, args->slot, &args->image);
	ret = edgebert_envm_write_header(edev, !envm->header, &header);
	if (ret) {
		if (ret != -ENODEV && ret != -EROFS && edgebert_envm_scan(edev))
			drm_err(&edev->drm, "eNVM can not be read after a failed commit\n");
		return ret;
	}
	envm->header = !envm->header;
	envm->sequence++;
	edgebert_envm_activate(edev, &header);
	*generation = envm->generation;
	edgebert_event_envm(edev, envm->generation);
	return 0;
}

/*
 * A job is about to be given to the device: it reads the image that is active now, which
 * stays until the job has ended.  -ESTALE: it was made for another one.
 */
int edgebert_envm_job_start(struct edgebert_device *edev, struct edgebert_job *job)
{
	struct edgebert_envm *envm = &edev->envm;
	const struct edgebert_envm_range *range;

	scoped_guard(spinlock_irqsave, &envm->state_lock) {
		if (job->envm_generation && job->envm_generation != envm->generation)
			return -ESTALE;
		range = edgebert_envm_slot_range(envm->active);
		/* Without an image the segment is the array, which may be changed at any time. */
		job->desc.envm_base = cpu_to_le32(range ? range->address : 0);
		job->envm_parts = range ? range->parts : 0;
		envm->users[0] += !!(job->envm_parts & EDGEBERT_ENVM_PART_A);
		envm->users[1] += !!(job->envm_parts & EDGEBERT_ENVM_PART_B);
	}
	return 0;
}

/* The device has done with the job; in any context. */
void edgebert_envm_job_end(struct edgebert_device *edev, struct edgebert_job *job)
{
	struct edgebert_envm *envm = &edev->envm;

	scoped_guard(spinlock_irqsave, &envm->state_lock) {
		envm->users[0] -= !!(job->envm_parts & EDGEBERT_ENVM_PART_A);
		envm->users[1] -= !!(job->envm_parts & EDGEBERT_ENVM_PART_B);
		job->envm_parts = 0;
	}
}
