/* SPDX-License-Identifier: MIT */
/*
 * Calls of the ENVM_* ioctls, and images for the tests.
 */
#ifndef EDGEBERT_KSELFTEST_ENVM_H
#define EDGEBERT_KSELFTEST_ENVM_H

#include "tests/kselftest/device.h"

#define SLOT_A		DRM_EDGEBERT_ENVM_SLOT_A
#define SLOT_B		DRM_EDGEBERT_ENVM_SLOT_B
#define SLOT_WHOLE	DRM_EDGEBERT_ENVM_SLOT_WHOLE
#define SLOT_NONE	DRM_EDGEBERT_ENVM_SLOT_NONE
#define ENVM_PAGE	256

struct drm_edgebert_envm_info envm_info(int fd);
int try_envm_info(int fd, struct drm_edgebert_envm_info *info);
int try_envm_read(int fd, uint32_t slot, uint32_t offset, void *bytes, uint32_t size);
int try_envm_program(int fd, uint32_t slot, uint32_t offset, const void *bytes, uint32_t size);
int try_envm_verify(int fd, uint32_t slot, uint32_t offset, const void *bytes, uint32_t size);
int try_envm_erase(int fd, uint32_t slot);
int try_envm_lock(int fd, uint32_t slot);
int try_envm_commit(int fd, uint32_t slot, const struct drm_edgebert_envm_image *image,
		    uint64_t *generation);

/* Bytes that follow from a seed, and the identity of an image of them. */
void envm_pattern(uint8_t *bytes, uint32_t size, uint32_t seed);
struct drm_edgebert_envm_image envm_image_of(const uint8_t *bytes, uint32_t size,
					     const char *name);
/* Erases a slot, programs a pattern to it and commits it. */
struct drm_edgebert_envm_image envm_install(int fd, uint32_t slot, uint32_t size, uint32_t seed);
/* No image is active afterwards. */
void envm_deactivate(int fd);

#endif /* EDGEBERT_KSELFTEST_ENVM_H */
