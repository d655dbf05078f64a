// SPDX-License-Identifier: GPL-2.0-only
/*
 * Headers of images in the eNVM, and where the slots are.  Touches no device.
 */
#include <kunit/visibility.h>
#include <linux/crc32.h>
#include <linux/string.h>

#include "edgebert_envm.h"
#include "edgebert_envm_header.h"

static_assert(sizeof(((struct edgebert_hw_envm_header *)0)->id) ==
	      sizeof(((struct drm_edgebert_envm_image *)0)->id));
static_assert(sizeof(((struct edgebert_hw_envm_header *)0)->name) ==
	      sizeof(((struct drm_edgebert_envm_image *)0)->name));
static_assert(sizeof(struct edgebert_hw_envm_header) == EDGEBERT_ENVM_PAGE_BYTES);

/* NULL for what is no slot; SLOT_NONE is none. */
const struct edgebert_envm_range *edgebert_envm_slot_range(u32 slot)
{
	static const struct edgebert_envm_range ranges[] = {
		[DRM_EDGEBERT_ENVM_SLOT_A] = {
			EDGEBERT_HW_ENVM_SLOT_A, EDGEBERT_HW_ENVM_SLOT_A_BYTES,
			EDGEBERT_ENVM_PART_A,
		},
		[DRM_EDGEBERT_ENVM_SLOT_B] = {
			EDGEBERT_HW_ENVM_SLOT_B, EDGEBERT_HW_ENVM_SLOT_B_BYTES,
			EDGEBERT_ENVM_PART_B,
		},
		[DRM_EDGEBERT_ENVM_SLOT_WHOLE] = {
			EDGEBERT_HW_ENVM_SLOT_A, EDGEBERT_HW_ENVM_SLOT_WHOLE_BYTES,
			EDGEBERT_ENVM_PART_A | EDGEBERT_ENVM_PART_B,
		},
	};

	return slot < ARRAY_SIZE(ranges) ? &ranges[slot] : NULL;
}
EXPORT_SYMBOL_IF_KUNIT(edgebert_envm_slot_range);

/* An identity that may be committed to a slot; for SLOT_NONE, none at all. */
bool edgebert_envm_image_valid(const struct drm_edgebert_envm_image *image, u32 slot)
{
	const struct edgebert_envm_range *range = edgebert_envm_slot_range(slot);
	size_t length = strnlen(image->name, sizeof(image->name));

	if (slot == DRM_EDGEBERT_ENVM_SLOT_NONE)
		return !memchr_inv(image, 0, sizeof(*image));
	return range && image->bytes && image->bytes <= range->bytes &&
	       memchr_inv(image->id, 0, sizeof(image->id)) &&
	       !memchr_inv(image->name + length, 0, sizeof(image->name) - length);
}
EXPORT_SYMBOL_IF_KUNIT(edgebert_envm_image_valid);

static u32 edgebert_envm_header_crc(const struct edgebert_hw_envm_header *header)
{
	return ~crc32_le(~0, (const u8 *)header, offsetof(typeof(*header), crc32));
}

void edgebert_envm_header_image(const struct edgebert_hw_envm_header *header,
				struct drm_edgebert_envm_image *image)
{
	memcpy(image->id, header->id, sizeof(image->id));
	memcpy(image->name, header->name, sizeof(image->name));
	image->bytes = le32_to_cpu(header->bytes);
	image->crc32 = le32_to_cpu(header->image_crc32);
}
EXPORT_SYMBOL_IF_KUNIT(edgebert_envm_header_image);

/* Whole, and about something that can be. */
bool edgebert_envm_header_valid(const struct edgebert_hw_envm_header *header)
{
	struct drm_edgebert_envm_image image;

	if (le32_to_cpu(header->magic) != EDGEBERT_HW_ENVM_HEADER_MAGIC ||
	    le32_to_cpu(header->version) != EDGEBERT_HW_ENVM_HEADER_VERSION ||
	    le32_to_cpu(header->crc32) != edgebert_envm_header_crc(header))
		return false;
	/* Neither 0, which is no generation, nor one without a successor. */
	if (!header->sequence || le64_to_cpu(header->sequence) == U64_MAX)
		return false;
	edgebert_envm_header_image(header, &image);
	return edgebert_envm_image_valid(&image, le32_to_cpu(header->slot));
}
EXPORT_SYMBOL_IF_KUNIT(edgebert_envm_header_valid);

void edgebert_envm_header_build(struct edgebert_hw_envm_header *header, u64 sequence, u32 slot,
				const struct drm_edgebert_envm_image *image)
{
	memset(header, 0, sizeof(*header));
	header->magic = cpu_to_le32(EDGEBERT_HW_ENVM_HEADER_MAGIC);
	header->version = cpu_to_le32(EDGEBERT_HW_ENVM_HEADER_VERSION);
	header->sequence = cpu_to_le64(sequence);
	header->slot = cpu_to_le32(slot);
	header->bytes = cpu_to_le32(image->bytes);
	header->image_crc32 = cpu_to_le32(image->crc32);
	memcpy(header->id, image->id, sizeof(header->id));
	memcpy(header->name, image->name, sizeof(header->name));
	header->crc32 = cpu_to_le32(edgebert_envm_header_crc(header));
}
EXPORT_SYMBOL_IF_KUNIT(edgebert_envm_header_build);
