// SPDX-License-Identifier: MIT
/*
 * edgebert-lacking: what the driver says and refuses on a device that says it can do nothing but run
 * jobs.  For a script that has told the device to; on a complete one everything here fails.
 */
#include "tests/kselftest/envm.h"

static struct drm_edgebert_query_device query_device(int fd)
{
	struct drm_edgebert_query_device device = { 0 };
	struct drm_edgebert_dev_query query = {
		.type = DRM_EDGEBERT_QUERY_DEVICE,
		.size = sizeof(device),
		.pointer = (uintptr_t)&device,
	};

	CHECK_OK(try_ioctl(fd, DRM_IOCTL_EDGEBERT_DEV_QUERY, &query));
	return device;
}

TEST(query_tells_that_nothing_is_there)
{
	struct drm_edgebert_query_device device = query_device(device_open());

	CHECK_EQ(device.capabilities, 0);
	CHECK_EQ(device.envm_bytes, EDGEBERT_HW_ENVM_BYTES);
}

TEST(every_envm_call_is_not_supported)
{
	uint8_t page[ENVM_PAGE] = { 0 };
	struct drm_edgebert_envm_image image = envm_image_of(page, sizeof(page), "none");
	struct drm_edgebert_envm_info info;
	int fd = device_open();
	uint64_t generation;

	CHECK_ERRNO(try_envm_info(fd, &info), EOPNOTSUPP);
	CHECK_ERRNO(try_envm_read(fd, SLOT_A, 0, page, sizeof(page)), EOPNOTSUPP);
	CHECK_ERRNO(try_envm_erase(fd, SLOT_B), EOPNOTSUPP);
	CHECK_ERRNO(try_envm_program(fd, SLOT_B, 0, page, sizeof(page)), EOPNOTSUPP);
	CHECK_ERRNO(try_envm_verify(fd, SLOT_B, 0, page, sizeof(page)), EOPNOTSUPP);
	CHECK_ERRNO(try_envm_commit(fd, SLOT_B, &image, &generation), EOPNOTSUPP);
	CHECK_ERRNO(try_envm_commit(fd, SLOT_NONE, NULL, &generation), EOPNOTSUPP);
	CHECK_ERRNO(try_envm_lock(fd, SLOT_A), EOPNOTSUPP);
}

TEST(autonomous_jobs_are_not_supported_and_others_run)
{
	struct workload w;

	workload_init(&w, device_open(), 4);
	w.job.flags = DRM_EDGEBERT_JOB_AUTONOMOUS;
	w.job.target_latency_us = 1000;
	CHECK_ERRNO(try_submit(w.fd, w.context, &w.job, 1), EOPNOTSUPP);
	w.job.flags = 0;
	CHECK_EQ(result_of(w.fd, w.context, submit(w.fd, w.context, &w.job)).error, 0);
	CHECK(!memcmp(w.destination.memory, w.source.memory, w.destination.size));
}

/* No image is active, so a job that needs a certain one is not run. */
TEST(job_that_needs_an_image_is_stale)
{
	struct workload w;

	workload_init(&w, device_open(), 4);
	w.job.envm_generation = 1;
	CHECK_EQ(result_of(w.fd, w.context, submit(w.fd, w.context, &w.job)).error, -ESTALE);
}

int main(void)
{
	return harness_main(device_path() ? NULL : "no EdgeBERT device");
}
