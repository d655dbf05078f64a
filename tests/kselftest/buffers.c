// SPDX-License-Identifier: MIT
/*
 * BO_CREATE, BO_MMAP_OFFSET, BO_WAIT, and buffers shared between files.
 */
#include "tests/kselftest/device.h"

#include <fcntl.h>
#include <sys/mman.h>

#include <drm_mode.h>

static int try_create(int fd, uint64_t size, uint32_t flags, uint32_t pad)
{
	struct drm_edgebert_bo_create create = { .size = size, .flags = flags, .pad = pad };

	return try_ioctl(fd, DRM_IOCTL_EDGEBERT_BO_CREATE, &create);
}

static int try_mmap_offset(int fd, uint32_t handle, uint32_t pad, uint64_t *offset)
{
	struct drm_edgebert_bo_mmap_offset args = { .handle = handle, .pad = pad };
	int result = try_ioctl(fd, DRM_IOCTL_EDGEBERT_BO_MMAP_OFFSET, &args);

	*offset = args.offset;
	return result;
}

TEST(created_buffer_has_handle_and_address)
{
	struct drm_edgebert_bo_create create = { .size = 100 };

	CHECK_OK(try_ioctl(device_open(), DRM_IOCTL_EDGEBERT_BO_CREATE, &create));
	CHECK(create.handle != 0);
	CHECK_EQ(create.size, PAGE_BYTES);
	CHECK(create.device_address >= PAGE_BYTES);
	CHECK_EQ(create.device_address % PAGE_BYTES, 0);
}

TEST(contents_are_zero)
{
	int fd = device_open();
	uint32_t round, i;

	/* Later rounds get the pages of earlier ones. */
	for (round = 0; round < 8; round++) {
		struct buffer buffer = buffer_create(fd, 256 * 1024, 0);
		const uint64_t *words = buffer.memory;

		for (i = 0; i < buffer.size / sizeof(*words); i++)
			CHECK_EQ(words[i], 0);
		memset(buffer.memory, 0xa5, buffer.size);
		buffer_close(fd, &buffer);
	}
}

TEST(buffers_do_not_overlap_or_touch)
{
	struct buffer buffers[32];
	int fd = device_open(), i, j;

	for (i = 0; i < 32; i++)
		buffers[i] = buffer_create(fd, (i + 1) * PAGE_BYTES, 0);
	for (i = 0; i < 32; i++)
		for (j = 0; j < i; j++)
			CHECK(buffers[i].address > buffers[j].address + buffers[j].size - 1 ||
			      buffers[j].address > buffers[i].address + buffers[i].size - 1);
	/* A page is left free behind each, so that overruns fault. */
	for (i = 0; i < 32; i++)
		for (j = 0; j < 32; j++)
			CHECK(buffers[i].address != buffers[j].address + buffers[j].size);
}

TEST(two_mappings_show_the_same_memory)
{
	int fd = device_open();
	struct buffer buffer = buffer_create(fd, PAGE_BYTES, 0);
	uint64_t offset;
	char *again;

	CHECK_OK(try_mmap_offset(fd, buffer.handle, 0, &offset));
	again = mmap(NULL, PAGE_BYTES, PROT_READ, MAP_SHARED, fd, (off_t)offset);
	CHECK(again != MAP_FAILED);
	strcpy(buffer.memory, "seen");
	CHECK(!strcmp(again, "seen"));
}

TEST(mapping_outlives_the_handle)
{
	int fd = device_open();
	struct buffer buffer = buffer_create(fd, PAGE_BYTES, 0);
	struct drm_gem_close close_handle = { .handle = buffer.handle };

	CHECK_OK(try_ioctl(fd, DRM_IOCTL_GEM_CLOSE, &close_handle));
	strcpy(buffer.memory, "still there");
	CHECK(!strcmp(buffer.memory, "still there"));
}

TEST(address_is_reused_after_close)
{
	int fd = device_open(), i;
	struct buffer buffer = buffer_create(fd, 1 << 20, 0);
	uint32_t lowest = buffer.address, highest = buffer.address;

	for (i = 0; i < 300; i++) {
		buffer_close(fd, &buffer);
		buffer = buffer_create(fd, 1 << 20, 0);
		lowest = buffer.address < lowest ? buffer.address : lowest;
		highest = buffer.address > highest ? buffer.address : highest;
	}
	CHECK(highest - lowest < 64u << 20);
}

TEST(empty_buffer_is_refused)
{
	CHECK_ERRNO(try_create(device_open(), 0, 0, 0), EINVAL);
}

TEST(buffer_larger_than_the_address_space_is_refused)
{
	CHECK_ERRNO(try_create(device_open(), 1ull << 32, 0, 0), EINVAL);
	CHECK_ERRNO(try_create(device_open(), UINT64_MAX, 0, 0), EINVAL);
}

TEST(unknown_create_flag_is_refused)
{
	CHECK_ERRNO(try_create(device_open(), PAGE_BYTES, 1u << 31, 0), EINVAL);
}

TEST(create_pad_must_be_zero)
{
	CHECK_ERRNO(try_create(device_open(), PAGE_BYTES, 0, 1), EINVAL);
}

TEST(mmap_offset_of_unknown_handle_is_refused)
{
	uint64_t offset;

	CHECK_ERRNO(try_mmap_offset(device_open(), 4711, 0, &offset), ENOENT);
}

TEST(mmap_offset_pad_must_be_zero)
{
	int fd = device_open();
	struct buffer buffer = buffer_create(fd, PAGE_BYTES, 0);
	uint64_t offset;

	CHECK_ERRNO(try_mmap_offset(fd, buffer.handle, 1, &offset), EINVAL);
}

TEST(no_cpu_map_has_no_offset)
{
	int fd = device_open();
	struct buffer buffer = buffer_create(fd, PAGE_BYTES, DRM_EDGEBERT_BO_NO_CPU_MAP);
	uint64_t offset;

	CHECK_ERRNO(try_mmap_offset(fd, buffer.handle, 0, &offset), EPERM);
}

/* Offsets can be guessed: that of a buffer made between two others is between theirs. */
TEST(no_cpu_map_can_not_be_mapped_by_a_guess)
{
	int fd = device_open(), mapped = 0;
	uint64_t first, last, offset;
	struct buffer before = buffer_create(fd, PAGE_BYTES, 0);
	struct buffer hidden = buffer_create(fd, PAGE_BYTES, DRM_EDGEBERT_BO_NO_CPU_MAP);
	struct buffer after = buffer_create(fd, PAGE_BYTES, 0);

	(void)hidden;
	CHECK_OK(try_mmap_offset(fd, before.handle, 0, &first));
	CHECK_OK(try_mmap_offset(fd, after.handle, 0, &last));
	CHECK(last > first && last - first <= 64 * PAGE_BYTES);
	for (offset = first; offset <= last; offset += PAGE_BYTES)
		mapped += mmap(NULL, PAGE_BYTES, PROT_READ, MAP_SHARED, fd, (off_t)offset) !=
			  MAP_FAILED;
	CHECK_EQ(mapped, 2);
}

TEST(another_file_can_not_map_the_buffer)
{
	int fd = device_open(), other = device_open();
	struct buffer buffer = buffer_create(fd, PAGE_BYTES, 0);
	uint64_t offset;

	CHECK_OK(try_mmap_offset(fd, buffer.handle, 0, &offset));
	CHECK(mmap(NULL, PAGE_BYTES, PROT_READ, MAP_SHARED, other, (off_t)offset) == MAP_FAILED);
	CHECK_ERRNO(try_mmap_offset(other, buffer.handle, 0, &offset), ENOENT);
}

TEST(wait_for_idle_buffer_returns)
{
	int fd = device_open();
	struct buffer buffer = buffer_create(fd, PAGE_BYTES, 0);

	CHECK_OK(try_buffer_wait(fd, buffer.handle, 0, 0));
	CHECK_OK(try_buffer_wait(fd, buffer.handle, DRM_EDGEBERT_BO_WAIT_READ, 0));
}

TEST(wait_lasts_as_long_as_the_job)
{
	struct workload w;

	workload_init_slow(&w, device_open(), 500);
	submit(w.fd, w.context, &w.job);
	CHECK_ERRNO(try_buffer_wait(w.fd, w.destination.handle, 0, 0), ETIMEDOUT);
	CHECK_ERRNO(try_buffer_wait(w.fd, w.destination.handle, 0, in_ns(SECOND_NS / 100)),
		    ETIMEDOUT);
	CHECK_OK(try_buffer_wait(w.fd, w.destination.handle, 0, in_ns(30 * SECOND_NS)));
	CHECK(!memcmp(w.destination.memory, w.source.memory, w.destination.size));
}

TEST(reader_does_not_wait_for_readers)
{
	struct workload w;

	workload_init_slow(&w, device_open(), 500);
	submit(w.fd, w.context, &w.job);
	CHECK_OK(try_buffer_wait(w.fd, w.source.handle, DRM_EDGEBERT_BO_WAIT_READ, 0));
	CHECK_ERRNO(try_buffer_wait(w.fd, w.source.handle, 0, 0), ETIMEDOUT);
	CHECK_ERRNO(try_buffer_wait(w.fd, w.destination.handle, DRM_EDGEBERT_BO_WAIT_READ, 0),
		    ETIMEDOUT);
}

TEST(wait_for_unknown_handle_is_refused)
{
	CHECK_ERRNO(try_buffer_wait(device_open(), 4711, 0, 0), ENOENT);
}

TEST(unknown_wait_flag_is_refused)
{
	int fd = device_open();
	struct buffer buffer = buffer_create(fd, PAGE_BYTES, 0);

	CHECK_ERRNO(try_buffer_wait(fd, buffer.handle, 1u << 31, 0), EINVAL);
}

int main(void)
{
	return harness_main(device_path() ? NULL : "no EdgeBERT device");
}
