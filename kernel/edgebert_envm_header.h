/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Headers of images in the eNVM, and where the slots are.
 */
#ifndef EDGEBERT_ENVM_HEADER_H
#define EDGEBERT_ENVM_HEADER_H

#include <linux/types.h>

#include <drm/edgebert_accel.h>

#include "edgebert_hw.h"

/**
 * struct edgebert_envm_range - where a slot is
 * @address: first byte
 * @bytes: size
 * @parts: EDGEBERT_ENVM_PART_*
 */
struct edgebert_envm_range {
	u32 address;
	u32 bytes;
	u32 parts;
};

const struct edgebert_envm_range *edgebert_envm_slot_range(u32 slot);
bool edgebert_envm_image_valid(const struct drm_edgebert_envm_image *image, u32 slot);
bool edgebert_envm_header_valid(const struct edgebert_hw_envm_header *header);
void edgebert_envm_header_image(const struct edgebert_hw_envm_header *header,
				struct drm_edgebert_envm_image *image);
void edgebert_envm_header_build(struct edgebert_hw_envm_header *header, u64 sequence, u32 slot,
				const struct drm_edgebert_envm_image *image);

#endif /* EDGEBERT_ENVM_HEADER_H */
