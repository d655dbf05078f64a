// SPDX-License-Identifier: MIT
/*
 * Two open files: neither reaches, disturbs or sees the other.
 */
#include "tests/kselftest/device.h"

#include <sys/mman.h>

/* Both files use the same addresses; each must find its own memory there. */
TEST(same_addresses_are_different_memory)
{
	struct workload a, b;

	workload_init(&a, device_open(), 1);
	workload_init(&b, device_open(), 1);
	CHECK_EQ(a.source.address, b.source.address);
	memset(a.source.memory, 0x11, a.source.size);
	memset(b.source.memory, 0x22, b.source.size);
	submit(a.fd, a.context, &a.job);
	submit(b.fd, b.context, &b.job);
	CHECK_EQ(result_of(a.fd, a.context, 1).error, 0);
	CHECK_EQ(result_of(b.fd, b.context, 1).error, 0);
	CHECK_EQ(((uint8_t *)a.destination.memory)[100], 0x11);
	CHECK_EQ(((uint8_t *)b.destination.memory)[100], 0x22);
}

/* What the other file alone has mapped is not there for this one. */
TEST(another_files_memory_is_not_mapped)
{
	struct workload a, b;
	struct buffer secret;

	workload_init(&a, device_open(), 1);
	workload_init(&b, device_open(), 1);
	/* Large, to lie beyond everything that b has. */
	secret = buffer_create(a.fd, 8 << 20, 0);
	memset(secret.memory, 0x77, secret.size);
	b.job.segments[0] = secret.address + (4 << 20);
	CHECK_EQ(result_of(b.fd, b.context, submit(b.fd, b.context, &b.job)).status,
		 EDGEBERT_HW_PAGE_NOT_MAPPED);
	CHECK_EQ(((uint8_t *)b.destination.memory)[0], 0);
}

TEST(another_files_buffer_can_not_be_listed)
{
	struct workload a, b;
	struct buffer extra;

	workload_init(&a, device_open(), 1);
	workload_init(&b, device_open(), 1);
	extra = buffer_create(a.fd, PAGE_BYTES, 0);
	b.used[1].handle = extra.handle;
	CHECK_ERRNO(try_submit(b.fd, b.context, &b.job, 1), ENOENT);
}

TEST(another_files_context_can_not_be_used)
{
	struct drm_edgebert_result result;
	struct workload a, b;
	uint32_t second;

	workload_init(&a, device_open(), 1);
	workload_init(&b, device_open(), 1);
	second = context_create(a.fd);
	CHECK_ERRNO(try_submit(b.fd, second, &b.job, 1), ENOENT);
	CHECK_ERRNO(try_result(b.fd, second, 1, 0, &result), ENOENT);
}

TEST(another_files_fault_disturbs_nobody)
{
	struct workload bad, good;
	int i;

	workload_init(&bad, device_open(), 1);
	workload_init(&good, device_open(), 4);
	bad.job.segments[1] = 0;
	for (i = 1; i <= 20; i++) {
		submit(bad.fd, bad.context, &bad.job);
		submit(good.fd, good.context, &good.job);
		CHECK_EQ(result_of(good.fd, good.context, i).error, 0);
		CHECK_EQ(result_of(bad.fd, bad.context, i).error, -EIO);
	}
	CHECK(!memcmp(good.destination.memory, good.source.memory, good.destination.size));
}

/* Address spaces are reused: the second owner must see none of the first's translations. */
TEST(reused_address_space_is_empty)
{
	struct workload first, second;
	uint32_t address, round;
	struct buffer extra;

	for (round = 0; round < 10; round++) {
		workload_init(&first, device_open(), 1);
		extra = buffer_create(first.fd, 4 << 20, 0);
		address = extra.address + (2 << 20);
		first.job.segments[0] = address;
		CHECK_EQ(result_of(first.fd, first.context,
				   submit(first.fd, first.context, &first.job)).error, 0);
		CHECK_OK(munmap(extra.memory, extra.size));
		workload_close(&first);
		workload_init(&second, device_open(), 1);
		second.job.segments[0] = address;
		CHECK_EQ(result_of(second.fd, second.context,
				   submit(second.fd, second.context, &second.job)).status,
			 EDGEBERT_HW_PAGE_NOT_MAPPED);
		workload_close(&second);
	}
}

int main(void)
{
	return harness_main(device_path() ? NULL : "no EdgeBERT device");
}
