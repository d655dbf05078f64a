// SPDX-License-Identifier: MIT
/*
 * Calls of the ENVM_* ioctls, and images for the tests.
 */
#include "tests/kselftest/envm.h"

int try_envm_info(int fd, struct drm_edgebert_envm_info *info)
{
	struct drm_edgebert_envm_query query = {
		.size = sizeof(*info),
		.pointer = (uintptr_t)info,
	};
	int result;

	/* So that a field nobody wrote is seen. */
	memset(info, 0xcc, sizeof(*info));
	result = try_ioctl(fd, DRM_IOCTL_EDGEBERT_ENVM_INFO, &query);
	if (!result)
		CHECK_EQ(query.size, sizeof(*info));
	return result;
}

struct drm_edgebert_envm_info envm_info(int fd)
{
	struct drm_edgebert_envm_info info;

	CHECK_OK(try_envm_info(fd, &info));
	return info;
}

static int transfer(int fd, unsigned long request, uint32_t slot, uint32_t offset,
		    const void *bytes, uint32_t size)
{
	struct drm_edgebert_envm_transfer arguments = {
		.slot = slot,
		.offset = offset,
		.size = size,
		.pointer = (uintptr_t)bytes,
	};
	int result = try_ioctl(fd, request, &arguments);

	if (!result)
		CHECK_EQ(arguments.done, size);
	return result;
}

int try_envm_read(int fd, uint32_t slot, uint32_t offset, void *bytes, uint32_t size)
{
	return transfer(fd, DRM_IOCTL_EDGEBERT_ENVM_READ, slot, offset, bytes, size);
}

int try_envm_program(int fd, uint32_t slot, uint32_t offset, const void *bytes, uint32_t size)
{
	return transfer(fd, DRM_IOCTL_EDGEBERT_ENVM_PROGRAM, slot, offset, bytes, size);
}

int try_envm_verify(int fd, uint32_t slot, uint32_t offset, const void *bytes, uint32_t size)
{
	return transfer(fd, DRM_IOCTL_EDGEBERT_ENVM_VERIFY, slot, offset, bytes, size);
}

int try_envm_erase(int fd, uint32_t slot)
{
	struct drm_edgebert_envm_slot_operation arguments = { .slot = slot };

	return try_ioctl(fd, DRM_IOCTL_EDGEBERT_ENVM_ERASE, &arguments);
}

int try_envm_lock(int fd, uint32_t slot)
{
	struct drm_edgebert_envm_slot_operation arguments = { .slot = slot };

	return try_ioctl(fd, DRM_IOCTL_EDGEBERT_ENVM_LOCK, &arguments);
}

int try_envm_commit(int fd, uint32_t slot, const struct drm_edgebert_envm_image *image,
		    uint64_t *generation)
{
	struct drm_edgebert_envm_commit arguments = { .slot = slot };
	int result;

	if (image)
		arguments.image = *image;
	result = try_ioctl(fd, DRM_IOCTL_EDGEBERT_ENVM_COMMIT, &arguments);
	*generation = arguments.generation;
	return result;
}

void envm_pattern(uint8_t *bytes, uint32_t size, uint32_t seed)
{
	uint32_t i, state = seed * 2654435761u + 1;

	for (i = 0; i < size; i++) {
		state = state * 1664525u + 1013904223u;
		bytes[i] = (uint8_t)(state >> 24);
	}
}

/* CRC-32 of IEEE 802.3, a bit at a time: written here so that it is not the driver's. */
static uint32_t crc32_of(const uint8_t *bytes, uint32_t size)
{
	uint32_t crc = UINT32_MAX, i;
	int bit;

	for (i = 0; i < size; i++) {
		crc ^= bytes[i];
		for (bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
	}
	return ~crc;
}

struct drm_edgebert_envm_image envm_image_of(const uint8_t *bytes, uint32_t size, const char *name)
{
	struct drm_edgebert_envm_image image = {
		.bytes = size,
		.crc32 = crc32_of(bytes, size),
	};

	memcpy(image.name, name, strlen(name));
	image.id[0] = 'T';
	memcpy(&image.id[4], &image.crc32, sizeof(image.crc32));
	return image;
}

struct drm_edgebert_envm_image envm_install(int fd, uint32_t slot, uint32_t size, uint32_t seed)
{
	struct drm_edgebert_envm_image image;
	uint8_t *bytes = malloc(size);
	uint64_t generation;
	char name[16];

	CHECK(bytes != NULL);
	envm_pattern(bytes, size, seed);
	snprintf(name, sizeof(name), "pattern %u", seed);
	image = envm_image_of(bytes, size, name);
	CHECK_OK(try_envm_erase(fd, slot));
	CHECK_OK(try_envm_program(fd, slot, 0, bytes, size));
	CHECK_OK(try_envm_verify(fd, slot, 0, bytes, size));
	CHECK_OK(try_envm_commit(fd, slot, &image, &generation));
	free(bytes);
	return image;
}

void envm_deactivate(int fd)
{
	uint64_t generation;

	CHECK_OK(try_envm_commit(fd, SLOT_NONE, NULL, &generation));
	CHECK_EQ(generation, 0);
}
