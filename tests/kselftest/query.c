// SPDX-License-Identifier: MIT
/*
 * DEV_QUERY: what it answers, how answers are cut, what it refuses.
 */
#include "tests/kselftest/device.h"

static int try_query(int fd, uint32_t type, uint32_t *size, void *answer)
{
	struct drm_edgebert_dev_query query = {
		.type = type,
		.size = *size,
		.pointer = (uintptr_t)answer,
	};
	int result = try_ioctl(fd, DRM_IOCTL_EDGEBERT_DEV_QUERY, &query);

	*size = query.size;
	return result;
}

static struct drm_edgebert_query_device query_device(int fd)
{
	struct drm_edgebert_query_device device;
	uint32_t size = sizeof(device);

	memset(&device, 0xcc, sizeof(device));
	CHECK_OK(try_query(fd, DRM_EDGEBERT_QUERY_DEVICE, &size, &device));
	CHECK_EQ(size, sizeof(device));
	return device;
}

static struct drm_edgebert_query_telemetry query_telemetry(int fd)
{
	struct drm_edgebert_query_telemetry telemetry;
	uint32_t size = sizeof(telemetry);

	memset(&telemetry, 0xcc, sizeof(telemetry));
	CHECK_OK(try_query(fd, DRM_EDGEBERT_QUERY_TELEMETRY, &size, &telemetry));
	CHECK_EQ(size, sizeof(telemetry));
	return telemetry;
}

TEST(driver_version_is_1)
{
	struct drm_version version = { 0 };

	CHECK_OK(try_ioctl(device_open(), DRM_IOCTL_VERSION, &version));
	CHECK_EQ(version.version_major, 1);
}

TEST(device_names_its_contract_and_profile)
{
	struct drm_edgebert_query_device device = query_device(device_open());

	CHECK_EQ(device.hw_version >> 16, EDGEBERT_HW_VERSION_MAJOR);
	CHECK(device.profile[0] != 0 && device.profile[0] != 0xcc);
	CHECK_EQ(device.data_buffer_bytes, EDGEBERT_HW_DATA_BUFFER_BYTES);
	CHECK_EQ(device.aux_buffer_bytes, EDGEBERT_HW_AUX_BUFFER_BYTES);
	CHECK_EQ(device.envm_bytes, EDGEBERT_HW_ENVM_BYTES);
}

TEST(device_limits_are_usable)
{
	struct drm_edgebert_query_device device = query_device(device_open());

	CHECK(device.address_space_start >= PAGE_BYTES);
	CHECK(device.address_space_end > device.address_space_start);
	CHECK(device.address_space_end <= UINT32_MAX);
	CHECK(device.jobs_per_submit_max >= 1);
	CHECK(device.jobs_in_flight_max >= device.jobs_per_submit_max);
	CHECK(device.buffers_per_job_max >= 16);
	CHECK(device.syncs_per_submit_max >= 2);
	CHECK(device.contexts_per_file_max >= 2);
	CHECK(device.job_timeout_ms > 0 && device.job_timeout_ms < 10 * 60 * 1000);
}

TEST(operating_points_rise)
{
	struct drm_edgebert_operating_point points[EDGEBERT_HW_OPERATING_POINTS_MAX];
	uint32_t size = sizeof(points), count, i;
	int fd = device_open();

	memset(points, 0xcc, sizeof(points));
	count = query_device(fd).operating_point_count;
	CHECK(count >= 1 && count <= EDGEBERT_HW_OPERATING_POINTS_MAX);
	CHECK_OK(try_query(fd, DRM_EDGEBERT_QUERY_OPERATING_POINTS, &size, points));
	CHECK_EQ(size, count * sizeof(points[0]));
	for (i = 0; i < count; i++) {
		CHECK(points[i].khz >= 1000 && points[i].millivolt >= 100);
		CHECK(points[i].microwatt > 0);
		CHECK_EQ(points[i].pad, 0);
		if (i > 0) {
			CHECK(points[i].khz > points[i - 1].khz);
			CHECK(points[i].millivolt >= points[i - 1].millivolt);
		}
	}
}

TEST(size_is_told_without_pointer)
{
	uint32_t size = 0;
	int fd = device_open();

	CHECK_OK(try_query(fd, DRM_EDGEBERT_QUERY_DEVICE, &size, NULL));
	CHECK_EQ(size, sizeof(struct drm_edgebert_query_device));
	size = 0;
	CHECK_OK(try_query(fd, DRM_EDGEBERT_QUERY_TELEMETRY, &size, NULL));
	CHECK_EQ(size, sizeof(struct drm_edgebert_query_telemetry));
}

TEST(short_answer_is_cut_to_words)
{
	uint8_t answer[64];
	uint32_t size = 13;

	memset(answer, 0xcc, sizeof(answer));
	CHECK_OK(try_query(device_open(), DRM_EDGEBERT_QUERY_DEVICE, &size, answer));
	CHECK_EQ(size, 8);
	CHECK(answer[0] != 0xcc || answer[4] != 0xcc);
	CHECK_EQ(answer[8], 0xcc);
}

TEST(long_buffer_is_filled_as_far_as_known)
{
	uint8_t answer[1024];
	uint32_t size = sizeof(answer);

	memset(answer, 0xcc, sizeof(answer));
	CHECK_OK(try_query(device_open(), DRM_EDGEBERT_QUERY_DEVICE, &size, answer));
	CHECK_EQ(size, sizeof(struct drm_edgebert_query_device));
	CHECK_EQ(answer[size], 0xcc);
}

TEST(unknown_query_is_refused)
{
	uint8_t answer[64];
	uint32_t size = sizeof(answer);

	CHECK_ERRNO(try_query(device_open(), 0x1000, &size, answer), EINVAL);
}

TEST(bad_pointer_is_refused)
{
	uint32_t size = sizeof(struct drm_edgebert_query_device);

	CHECK_ERRNO(try_query(device_open(), DRM_EDGEBERT_QUERY_DEVICE, &size, (void *)8), EFAULT);
}

TEST(telemetry_counts_jobs)
{
	struct drm_edgebert_query_telemetry before, after;
	struct workload w;

	workload_init(&w, device_open(), 64);
	/* After this one, jobs that other tests have left behind are over. */
	CHECK_EQ(result_of(w.fd, w.context, submit(w.fd, w.context, &w.job)).error, 0);
	before = query_telemetry(w.fd);
	CHECK_EQ(result_of(w.fd, w.context, submit(w.fd, w.context, &w.job)).error, 0);
	after = query_telemetry(w.fd);
	CHECK_EQ(after.jobs, before.jobs + 1);
	CHECK_EQ(after.faults, before.faults);
	CHECK(after.cycles > before.cycles);
	CHECK(after.busy_ns > before.busy_ns);
	CHECK(after.energy_uj >= before.energy_uj);
}

/* The value of a line "KEY:<white space>VALUE" of the file's fdinfo. */
static long long fdinfo_value(int fd, const char *key)
{
	char path[64], line[256];
	long long value = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = fopen(path, "r");
	CHECK(file != NULL);
	while (value < 0 && fgets(line, sizeof(line), file))
		if (!strncmp(line, key, strlen(key)) && line[strlen(key)] == ':')
			value = strtoll(line + strlen(key) + 1, NULL, 0);
	fclose(file);
	return value;
}

TEST(fdinfo_counts_this_files_jobs)
{
	struct workload w, other;

	workload_init(&w, device_open(), 64);
	workload_init(&other, device_open(), 1);
	CHECK_EQ(fdinfo_value(w.fd, "edgebert-jobs"), 0);
	CHECK_EQ(result_of(w.fd, w.context, submit(w.fd, w.context, &w.job)).error, 0);
	CHECK_EQ(fdinfo_value(w.fd, "edgebert-jobs"), 1);
	CHECK(fdinfo_value(w.fd, "drm-engine-core") > 0);
	CHECK(fdinfo_value(w.fd, "drm-cycles-core") > 0);
	CHECK(fdinfo_value(w.fd, "drm-maxfreq-core") > 0);
	CHECK_EQ(fdinfo_value(other.fd, "edgebert-jobs"), 0);
}

int main(void)
{
	return harness_main(device_path() ? NULL : "no EdgeBERT device");
}
