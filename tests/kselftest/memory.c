// SPDX-License-Identifier: MIT
/*
 * How much memory a file's buffers take: what is told, charged, given back and refused.
 */
#include "tests/kselftest/device.h"

#include <fcntl.h>
#include <inttypes.h>
#include <linux/udmabuf.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define MEBIBYTE	(1u << 20)
#define LIMIT_FILE	"/sys/module/edgebert/parameters/memory_limit_mb"

static int try_create(int fd, uint64_t size, uint32_t *handle)
{
	struct drm_edgebert_bo_create create = { .size = size };
	int result = try_ioctl(fd, DRM_IOCTL_EDGEBERT_BO_CREATE, &create);

	*handle = create.handle;
	return result;
}

static void close_handle(int fd, uint32_t handle)
{
	struct drm_gem_close arguments = { .handle = handle };

	CHECK_OK(try_ioctl(fd, DRM_IOCTL_GEM_CLOSE, &arguments));
}

static int export(int fd, uint32_t handle)
{
	struct drm_prime_handle prime = { .handle = handle, .flags = DRM_CLOEXEC | DRM_RDWR };

	CHECK_OK(try_ioctl(fd, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime));
	return prime.fd;
}

static uint32_t import(int fd, int shared)
{
	struct drm_prime_handle prime = { .fd = shared };

	CHECK_OK(try_ioctl(fd, DRM_IOCTL_PRIME_FD_TO_HANDLE, &prime));
	return prime.handle;
}

/* A line of the file's fdinfo, in KiB.  Newer kernels leave some that would be 0 out. */
static uint64_t fdinfo_kib(int fd, const char *key)
{
	char path[64], line[128], unit[8];
	uint64_t value, kib = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = fopen(path, "r");
	CHECK(file != NULL);
	while (fgets(line, sizeof(line), file)) {
		if (strncmp(line, key, strlen(key)) || line[strlen(key)] != ':')
			continue;
		unit[0] = '\0';
		CHECK(sscanf(line + strlen(key) + 1, "%" SCNu64 " %7s", &value, unit) >= 1);
		kib = !strcmp(unit, "MiB") ? value << 10 : !strcmp(unit, "KiB") ? value : value >> 10;
	}
	fclose(file);
	return kib;
}

static uint64_t limit_bytes(int fd)
{
	struct drm_edgebert_query_device device = { 0 };
	struct drm_edgebert_dev_query query = {
		.size = sizeof(device),
		.pointer = (uintptr_t)&device,
	};

	CHECK_OK(try_ioctl(fd, DRM_IOCTL_EDGEBERT_DEV_QUERY, &query));
	return device.memory_limit_bytes;
}

static void set_limit(int mebibytes)
{
	FILE *file = fopen(LIMIT_FILE, "w");

	CHECK(file != NULL);
	fprintf(file, "%d", mebibytes);
	CHECK_OK(fclose(file));
}

/* Runs with another limit, which is gone afterwards however that ends. */
static void with_limit(int mebibytes, void (*run)(void))
{
	int status;
	pid_t pid;

	if (geteuid() != 0)
		SKIP("only root may change the limit");
	set_limit(mebibytes);
	pid = fork();
	if (pid == 0) {
		run();
		_exit(HARNESS_PASSED);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	set_limit(-1);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == HARNESS_PASSED);
}

TEST(there_is_a_limit_and_it_is_told)
{
	int fd = device_open();
	uint64_t total = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);

	CHECK(limit_bytes(fd) >= total / 2 - MEBIBYTE);
	CHECK(limit_bytes(fd) <= total / 2 + MEBIBYTE);
	CHECK_EQ(fdinfo_kib(fd, "edgebert-memory-limit"), limit_bytes(fd) >> 10);
}

TEST(fdinfo_tells_what_buffers_take)
{
	int fd = device_open();
	uint32_t first, second;

	CHECK_EQ(fdinfo_kib(fd, "edgebert-memory-created"), 0);
	CHECK_EQ(fdinfo_kib(fd, "drm-total-memory"), 0);
	CHECK_OK(try_create(fd, 3 * MEBIBYTE - 1, &first));
	CHECK_OK(try_create(fd, MEBIBYTE, &second));
	CHECK_EQ(fdinfo_kib(fd, "edgebert-memory-created"), 4096);
	CHECK_EQ(fdinfo_kib(fd, "drm-total-memory"), 4096);
	CHECK_EQ(fdinfo_kib(fd, "drm-resident-memory"), 4096);
	CHECK_EQ(fdinfo_kib(fd, "drm-shared-memory"), 0);
	CHECK_EQ(fdinfo_kib(fd, "drm-active-memory"), 0);
	close_handle(fd, first);
	CHECK_EQ(fdinfo_kib(fd, "edgebert-memory-created"), 1024);
	CHECK_EQ(fdinfo_kib(fd, "drm-total-memory"), 1024);
}

TEST(fdinfo_tells_what_is_shared_and_active)
{
	int other = device_open();
	struct workload w;
	uint32_t handle;

	workload_init_slow(&w, device_open(), 1000);
	handle = import(other, export(w.fd, w.source.handle));
	CHECK_EQ(fdinfo_kib(other, "drm-shared-memory"), w.source.size >> 10);
	CHECK_EQ(fdinfo_kib(w.fd, "drm-shared-memory"), w.source.size >> 10);
	/* It is the other file's. */
	CHECK_EQ(fdinfo_kib(other, "edgebert-memory-created"), 0);
	submit(w.fd, w.context, &w.job);
	CHECK_EQ(fdinfo_kib(other, "drm-active-memory"), w.source.size >> 10);
	CHECK_EQ(result_of(w.fd, w.context, 1).error, 0);
	CHECK_EQ(fdinfo_kib(other, "drm-active-memory"), 0);
	close_handle(other, handle);
}

/* Memory that lives on as a dma-buf is still the account's of the file that created it. */
TEST(exported_memory_stays_charged)
{
	int fd = device_open(), shared;
	uint32_t handle;

	CHECK_OK(try_create(fd, MEBIBYTE, &handle));
	shared = export(fd, handle);
	close_handle(fd, handle);
	CHECK_EQ(fdinfo_kib(fd, "edgebert-memory-created"), 1024);
	close(shared);
	CHECK_EQ(fdinfo_kib(fd, "edgebert-memory-created"), 0);
}

static void exceed_eight(void)
{
	int fd = device_open(), other = device_open();
	uint32_t first, second, third;

	CHECK_EQ(limit_bytes(fd), 8 * MEBIBYTE);
	CHECK_OK(try_create(fd, 4 * MEBIBYTE, &first));
	CHECK_OK(try_create(fd, 4 * MEBIBYTE, &second));
	CHECK_ERRNO(try_create(fd, 1, &third), EDQUOT);
	CHECK_ERRNO(try_create(other, 8 * MEBIBYTE + 1, &third), EDQUOT);
	/* A limit of its own; and room again where something went. */
	CHECK_OK(try_create(other, 8 * MEBIBYTE, &third));
	close_handle(fd, first);
	CHECK_OK(try_create(fd, 4 * MEBIBYTE, &first));
}

TEST(limit_holds_for_each_file)
{
	with_limit(8, exceed_eight);
}

static void hide_in_dma_bufs(void)
{
	int fd = device_open(), i;
	uint32_t handle;

	for (i = 0; i < 8; i++) {
		CHECK_OK(try_create(fd, MEBIBYTE, &handle));
		export(fd, handle);
		close_handle(fd, handle);
	}
	CHECK_ERRNO(try_create(fd, MEBIBYTE, &handle), EDQUOT);
}

TEST(limit_is_not_evaded_by_exports)
{
	with_limit(8, hide_in_dma_bufs);
}

static void create_some(void)
{
	int fd = device_open();
	uint32_t handle;

	CHECK_EQ(limit_bytes(fd), 0);
	CHECK_OK(try_create(fd, 16 * MEBIBYTE, &handle));
}

TEST(zero_is_no_limit)
{
	with_limit(0, create_some);
}

TEST_LIMIT(number_of_buffers_is_limited, 120)
{
	int fd = device_open(), i;
	uint32_t handle, first;

	CHECK_OK(try_create(fd, PAGE_BYTES, &first));
	for (i = 1; i < 4096; i++)
		CHECK_OK(try_create(fd, PAGE_BYTES, &handle));
	CHECK_ERRNO(try_create(fd, PAGE_BYTES, &handle), ENOSPC);
	close_handle(fd, first);
	CHECK_OK(try_create(fd, PAGE_BYTES, &handle));
}

/* The same memory again and again, until no addresses are left. */
TEST(address_space_is_limited)
{
	const uint32_t bytes = 64 * MEBIBYTE;
	struct udmabuf_create create = { .flags = UDMABUF_FLAGS_CLOEXEC, .size = bytes };
	struct drm_edgebert_bo_map map = { 0 };
	int node = open("/dev/udmabuf", O_RDWR | O_CLOEXEC), fd = device_open(), i, shared;
	int memfd = memfd_create("large", MFD_ALLOW_SEALING | MFD_CLOEXEC);
	uint32_t first = 0;

	if (node < 0)
		SKIP("no udmabuf");
	if (harness_time_scale() > 1)
		SKIP("a million pages are too many for a kernel that follows each of them");
	CHECK_OK(ftruncate(memfd, bytes));
	CHECK_OK(fcntl(memfd, F_ADD_SEALS, F_SEAL_SHRINK));
	create.memfd = (uint32_t)memfd;
	/* 4 GiB would be 64; a page is left free behind each, and some at both ends. */
	for (i = 0; i < 64; i++) {
		shared = ioctl(node, UDMABUF_CREATE, &create);
		CHECK(shared >= 0);
		map = (struct drm_edgebert_bo_map) { .handle = import(fd, shared) };
		close(shared);
		if (!first)
			first = map.handle;
		if (try_ioctl(fd, DRM_IOCTL_EDGEBERT_BO_MAP, &map))
			break;
	}
	CHECK_EQ(errno, ENOSPC);
	CHECK_EQ(i, 63);
	close_handle(fd, first);
	CHECK_OK(try_ioctl(fd, DRM_IOCTL_EDGEBERT_BO_MAP, &map));
}

static void write_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	CHECK(file != NULL);
	fputs(text, file);
	CHECK_OK(fclose(file));
}

/* What a control group allows is a limit as well: no memory, and nobody is killed. */
TEST(control_groups_limit_buffers)
{
	uint32_t handle;
	int fd;

	if (geteuid() != 0)
		SKIP("only root may make a control group");
	mkdir("/tmp/cgroup", 0700);
	if (mount("none", "/tmp/cgroup", "cgroup2", 0, NULL) && errno != EBUSY)
		SKIP("no control groups");
	write_text("/tmp/cgroup/cgroup.subtree_control", "+memory");
	mkdir("/tmp/cgroup/edgebert", 0700);
	write_text("/tmp/cgroup/edgebert/memory.max", "16M");
	write_text("/tmp/cgroup/edgebert/cgroup.procs", "0");
	fd = device_open();
	CHECK_OK(try_create(fd, MEBIBYTE, &handle));
	CHECK_ERRNO(try_create(fd, 64 * MEBIBYTE, &handle), ENOMEM);
	CHECK_EQ(fdinfo_kib(fd, "edgebert-memory-created"), 1024);
	CHECK_OK(try_create(fd, MEBIBYTE, &handle));
	close(fd);
	write_text("/tmp/cgroup/cgroup.procs", "0");
	CHECK_OK(rmdir("/tmp/cgroup/edgebert"));
	CHECK_OK(umount("/tmp/cgroup"));
}

int main(void)
{
	return harness_main(device_path() ? NULL : "no EdgeBERT device");
}
