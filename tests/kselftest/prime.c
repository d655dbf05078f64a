// SPDX-License-Identifier: MIT
/*
 * Buffers shared with other files, drivers and devices: PRIME and BO_MAP.
 *
 * udmabuf gives out a program's own memory, page by page; vgem has fences at will.
 */
#include "tests/kselftest/device.h"

#include <fcntl.h>
#include <linux/udmabuf.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>

/* vgem's two ioctls, whose header is not everywhere: attach a fence to a buffer, signal it. */
struct vgem_attach {
	uint32_t handle;
	uint32_t flags;
	uint32_t fence;		/* returned */
	uint32_t pad;
};

struct vgem_signal {
	uint32_t fence;
	uint32_t flags;
};

#define VGEM_WRITE	1u
#define VGEM_ATTACH	DRM_IOWR(DRM_COMMAND_BASE + 1, struct vgem_attach)
#define VGEM_SIGNAL	DRM_IOW(DRM_COMMAND_BASE + 2, struct vgem_signal)

#define SHARED_BYTES	(64 * PAGE_BYTES)

static int export(int fd, uint32_t handle)
{
	struct drm_prime_handle prime = { .handle = handle, .flags = DRM_CLOEXEC | DRM_RDWR };

	CHECK_OK(try_ioctl(fd, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime));
	return prime.fd;
}

TEST(exported_buffer_shows_the_same_memory)
{
	int fd = device_open(), shared;
	struct buffer buffer = buffer_create(fd, PAGE_BYTES, 0);
	char *memory;

	shared = export(fd, buffer.handle);
	memory = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, shared, 0);
	CHECK(memory != MAP_FAILED);
	strcpy(memory, "shared");
	CHECK(!strcmp(buffer.memory, "shared"));
}

TEST(exported_buffer_outlives_its_file)
{
	int fd = device_open(), shared;
	struct buffer buffer = buffer_create(fd, PAGE_BYTES, 0);
	char *memory;

	strcpy(buffer.memory, "left behind");
	shared = export(fd, buffer.handle);
	CHECK_OK(munmap(buffer.memory, buffer.size));
	close(fd);
	memory = mmap(NULL, PAGE_BYTES, PROT_READ, MAP_SHARED, shared, 0);
	CHECK(memory != MAP_FAILED);
	CHECK(!strcmp(memory, "left behind"));
}

TEST(no_cpu_map_holds_for_an_exported_buffer)
{
	int fd = device_open(), shared;
	struct buffer buffer = buffer_create(fd, PAGE_BYTES, DRM_EDGEBERT_BO_NO_CPU_MAP);

	shared = export(fd, buffer.handle);
	CHECK(mmap(NULL, PAGE_BYTES, PROT_READ, MAP_SHARED, shared, 0) == MAP_FAILED);
}

/* Without an address an imported buffer is memory to pass on and wait for. */
TEST(imported_buffer_without_an_address_is_refused)
{
	struct drm_prime_handle prime = { 0 };
	struct buffer buffer;
	struct workload w;
	int fd = device_open();

	buffer = buffer_create(fd, PAGE_BYTES, 0);
	workload_init(&w, device_open(), 1);
	prime.fd = export(fd, buffer.handle);
	CHECK_OK(try_ioctl(w.fd, DRM_IOCTL_PRIME_FD_TO_HANDLE, &prime));
	CHECK_OK(try_buffer_wait(w.fd, prime.handle, 0, 0));
	w.used[0].handle = prime.handle;
	CHECK_ERRNO(try_submit(w.fd, w.context, &w.job, 1), EINVAL);
}

/* The node of vgem, a driver of memory only, or -1. */
static int open_vgem(void)
{
	char path[32], name[8] = "";
	struct drm_version version = { .name = name, .name_len = sizeof(name) - 1 };
	int number, fd;

	if (system("modprobe -q vgem") != 0)
		return -1;
	for (number = 0; number < 16; number++) {
		snprintf(path, sizeof(path), "/dev/dri/card%d", number);
		fd = open(path, O_RDWR | O_CLOEXEC);
		version.name_len = sizeof(name) - 1;
		if (fd >= 0 && !try_ioctl(fd, DRM_IOCTL_VERSION, &version) && !strcmp(name, "vgem"))
			return fd;
		if (fd >= 0)
			close(fd);
	}
	return -1;
}

TEST(another_drivers_buffer_can_be_imported)
{
	struct drm_mode_create_dumb dumb = { .width = 1024, .height = 4, .bpp = 8 };
	struct drm_prime_handle prime = { 0 };
	struct drm_gem_close close_handle;
	int vgem = open_vgem(), fd = device_open();
	struct drm_edgebert_bo_mmap_offset offset = { 0 };

	if (vgem < 0)
		SKIP("no vgem");
	CHECK_OK(try_ioctl(vgem, DRM_IOCTL_MODE_CREATE_DUMB, &dumb));
	prime.fd = export(vgem, dumb.handle);
	CHECK_OK(try_ioctl(fd, DRM_IOCTL_PRIME_FD_TO_HANDLE, &prime));
	CHECK_OK(try_buffer_wait(fd, prime.handle, 0, 0));
	offset.handle = prime.handle;
	CHECK_ERRNO(try_ioctl(fd, DRM_IOCTL_EDGEBERT_BO_MMAP_OFFSET, &offset), EINVAL);
	close_handle = (struct drm_gem_close) { .handle = prime.handle };
	CHECK_OK(try_ioctl(fd, DRM_IOCTL_GEM_CLOSE, &close_handle));
}

TEST(buffer_can_be_exported_to_another_driver)
{
	struct drm_prime_handle prime = { 0 };
	int vgem = open_vgem(), fd = device_open();
	struct buffer buffer = buffer_create(fd, PAGE_BYTES, 0);

	if (vgem < 0)
		SKIP("no vgem");
	prime.fd = export(fd, buffer.handle);
	CHECK_OK(try_ioctl(vgem, DRM_IOCTL_PRIME_FD_TO_HANDLE, &prime));
	buffer_close(fd, &buffer);
	close(fd);
	close(vgem);
}

static uint32_t import(int fd, int shared)
{
	struct drm_prime_handle prime = { .fd = shared };

	CHECK_OK(try_ioctl(fd, DRM_IOCTL_PRIME_FD_TO_HANDLE, &prime));
	return prime.handle;
}

static int try_map(int fd, uint32_t handle, uint32_t flags, struct drm_edgebert_bo_map *map)
{
	*map = (struct drm_edgebert_bo_map) { .handle = handle, .flags = flags };
	return try_ioctl(fd, DRM_IOCTL_EDGEBERT_BO_MAP, map);
}

/* Memory of this program as a dma-buf, its pages in reverse order. */
struct user_memory {
	int memfd, dma_buf;
	uint8_t *memory;
};

static struct user_memory user_memory_create(void)
{
	const uint32_t pages = SHARED_BYTES / PAGE_BYTES;
	struct {
		struct udmabuf_create_list list;
		struct udmabuf_create_item items[SHARED_BYTES / PAGE_BYTES];
	} create = { .list = { .flags = UDMABUF_FLAGS_CLOEXEC, .count = pages } };
	int node = open("/dev/udmabuf", O_RDWR | O_CLOEXEC);
	struct user_memory user;
	uint32_t i;

	if (node < 0)
		SKIP("no udmabuf");
	user.memfd = memfd_create("shared", MFD_ALLOW_SEALING | MFD_CLOEXEC);
	CHECK(user.memfd >= 0);
	CHECK_OK(ftruncate(user.memfd, SHARED_BYTES));
	CHECK_OK(fcntl(user.memfd, F_ADD_SEALS, F_SEAL_SHRINK));
	user.memory = mmap(NULL, SHARED_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, user.memfd, 0);
	CHECK(user.memory != MAP_FAILED);
	for (i = 0; i < pages; i++) {
		create.list.list[i].memfd = (uint32_t)user.memfd;
		create.list.list[i].offset = (uint64_t)(pages - 1 - i) * PAGE_BYTES;
		create.list.list[i].size = PAGE_BYTES;
	}
	user.dma_buf = ioctl(node, UDMABUF_CREATE_LIST, &create);
	CHECK(user.dma_buf >= 0);
	close(node);
	return user;
}

/* Where the page is that the device sees as number i. */
static uint8_t *user_page(struct user_memory *user, uint32_t i)
{
	return user->memory + SHARED_BYTES - (i + 1) * PAGE_BYTES;
}

static void use_as(struct workload *w, uint32_t index, const struct drm_edgebert_bo_map *map)
{
	w->used[1 + index].handle = map->handle;
	w->job.segments[index] = map->device_address;
	w->job.stream_commands = command_end(&w->stream,
		command_copy(&w->stream, 0, EDGEBERT_HW_OPERAND(1, 0), EDGEBERT_HW_OPERAND(0, 0),
			     PAGE_BYTES * 16));
}

TEST(created_buffer_tells_its_address)
{
	int fd = device_open();
	struct buffer buffer = buffer_create(fd, 3 * PAGE_BYTES, 0);
	struct drm_edgebert_bo_map map;

	CHECK_OK(try_map(fd, buffer.handle, 0, &map));
	CHECK_EQ(map.device_address, buffer.address);
	CHECK_EQ(map.size, 3 * PAGE_BYTES);
	CHECK_EQ(map.flags, 0);
	buffer = buffer_create(fd, PAGE_BYTES, DRM_EDGEBERT_BO_DEVICE_READ_ONLY);
	CHECK_OK(try_map(fd, buffer.handle, 0, &map));
	CHECK_EQ(map.flags, DRM_EDGEBERT_BO_DEVICE_READ_ONLY);
}

TEST(map_refuses)
{
	struct drm_edgebert_bo_map map = { .flags = 2 };
	int fd = device_open();
	struct buffer buffer = buffer_create(fd, PAGE_BYTES, 0);

	map.handle = buffer.handle;
	CHECK_ERRNO(try_ioctl(fd, DRM_IOCTL_EDGEBERT_BO_MAP, &map), EINVAL);
	map.flags = 0;
	map.pad = 1;
	CHECK_ERRNO(try_ioctl(fd, DRM_IOCTL_EDGEBERT_BO_MAP, &map), EINVAL);
	CHECK_ERRNO(try_map(fd, 4711, 0, &map), ENOENT);
}

TEST(jobs_read_and_write_user_memory)
{
	struct user_memory source = user_memory_create(), destination = user_memory_create();
	struct drm_edgebert_bo_map from, to, again;
	struct workload w;
	uint32_t i;

	workload_init(&w, device_open(), 1);
	for (i = 0; i < SHARED_BYTES; i++)
		source.memory[i] = (uint8_t)(i / PAGE_BYTES * 7 + i);
	CHECK_OK(try_map(w.fd, import(w.fd, source.dma_buf), 0, &from));
	CHECK_OK(try_map(w.fd, import(w.fd, destination.dma_buf), 0, &to));
	CHECK_EQ(from.size, SHARED_BYTES);
	use_as(&w, 0, &from);
	use_as(&w, 1, &to);
	CHECK_EQ(result_of(w.fd, w.context, submit(w.fd, w.context, &w.job)).error, 0);
	for (i = 0; i < 16; i++)
		CHECK(!memcmp(user_page(&destination, i), user_page(&source, i), PAGE_BYTES));
	CHECK_EQ(user_page(&destination, 16)[1], 0);
	/* Once imported, and mapped, it stays the same. */
	CHECK_EQ(import(w.fd, source.dma_buf), from.handle);
	CHECK_OK(try_map(w.fd, from.handle, 0, &again));
	CHECK_EQ(again.device_address, from.device_address);
}

TEST(read_only_user_memory_is_not_written)
{
	struct user_memory user = user_memory_create();
	struct drm_edgebert_bo_map map;
	struct workload w;

	workload_init(&w, device_open(), 1);
	CHECK_OK(try_map(w.fd, import(w.fd, user.dma_buf), DRM_EDGEBERT_BO_DEVICE_READ_ONLY, &map));
	CHECK_EQ(map.flags, DRM_EDGEBERT_BO_DEVICE_READ_ONLY);
	use_as(&w, 1, &map);
	/* Said to be written: refused. Not said: the device finds out. */
	CHECK_ERRNO(try_submit(w.fd, w.context, &w.job, 1), EINVAL);
	w.used[2].flags = 0;
	CHECK_EQ(result_of(w.fd, w.context, submit(w.fd, w.context, &w.job)).status,
		 EDGEBERT_HW_PAGE_READ_ONLY);
	CHECK_EQ(user_page(&user, 0)[1], 0);
	/* It stays as it was mapped first. */
	CHECK_OK(try_map(w.fd, map.handle, 0, &map));
	CHECK_EQ(map.flags, DRM_EDGEBERT_BO_DEVICE_READ_ONLY);
}

/* Everything that names the memory is closed while the job that writes it still waits. */
TEST(user_memory_outlives_its_handles)
{
	struct user_memory user = user_memory_create();
	struct drm_edgebert_bo_map map;
	struct drm_gem_close close_handle;
	struct workload slow, w;
	uint64_t sequence;

	workload_init_slow(&slow, device_open(), 300);
	workload_init(&w, slow.fd, 1);
	CHECK_OK(try_map(w.fd, import(w.fd, user.dma_buf), 0, &map));
	use_as(&w, 1, &map);
	submit(slow.fd, slow.context, &slow.job);
	sequence = submit(w.fd, w.context, &w.job);
	close_handle = (struct drm_gem_close) { .handle = map.handle };
	CHECK_OK(try_ioctl(w.fd, DRM_IOCTL_GEM_CLOSE, &close_handle));
	close(user.dma_buf);
	close(user.memfd);
	CHECK_EQ(result_of(w.fd, w.context, sequence).error, 0);
	CHECK(!memcmp(user_page(&user, 0), w.source.memory, PAGE_BYTES));
}

/* A handle that is closed takes its address with it. */
TEST(address_goes_with_the_handle)
{
	struct user_memory user = user_memory_create();
	struct drm_edgebert_bo_map map;
	struct drm_gem_close close_handle;
	struct workload w;
	int i;

	workload_init(&w, device_open(), 1);
	for (i = 0; i < 100; i++) {
		CHECK_OK(try_map(w.fd, import(w.fd, user.dma_buf), 0, &map));
		close_handle = (struct drm_gem_close) { .handle = map.handle };
		CHECK_OK(try_ioctl(w.fd, DRM_IOCTL_GEM_CLOSE, &close_handle));
	}
	w.job.segments[0] = map.device_address;
	CHECK_EQ(result_of(w.fd, w.context, submit(w.fd, w.context, &w.job)).status,
		 EDGEBERT_HW_PAGE_NOT_MAPPED);
}

TEST(buffer_is_shared_between_files)
{
	struct drm_edgebert_bo_map map;
	struct workload a, b;

	workload_init(&a, device_open(), 1);
	workload_init(&b, device_open(), 1);
	/* b copies a's source: without a copy in between, and at an address of its own. */
	memset(a.source.memory, 0x5a, a.source.size);
	CHECK_OK(try_map(b.fd, import(b.fd, export(a.fd, a.source.handle)), 0, &map));
	b.used[1].handle = map.handle;
	b.job.segments[0] = map.device_address;
	CHECK_EQ(result_of(b.fd, b.context, submit(b.fd, b.context, &b.job)).error, 0);
	CHECK_EQ(((uint8_t *)b.destination.memory)[99], 0x5a);
}

/* What is read-only for the device is so in every file. */
TEST(read_only_buffer_is_so_for_all)
{
	struct drm_edgebert_bo_map map;
	int fd = device_open(), other = device_open();
	struct buffer buffer = buffer_create(fd, PAGE_BYTES, DRM_EDGEBERT_BO_DEVICE_READ_ONLY);

	CHECK_OK(try_map(other, import(other, export(fd, buffer.handle)), 0, &map));
	CHECK_EQ(map.flags, DRM_EDGEBERT_BO_DEVICE_READ_ONLY);
}

/* A job of one file waits for the job of another that writes what it reads. */
TEST(fences_order_jobs_of_different_files)
{
	struct drm_edgebert_bo_map map;
	struct workload slow, w;

	workload_init_slow(&slow, device_open(), 300);
	workload_init(&w, device_open(), 1);
	CHECK_OK(try_map(w.fd, import(w.fd, export(slow.fd, slow.destination.handle)), 0, &map));
	use_as(&w, 0, &map);
	submit(slow.fd, slow.context, &slow.job);
	CHECK_EQ(result_of(w.fd, w.context, submit(w.fd, w.context, &w.job)).error, 0);
	CHECK(!memcmp(w.destination.memory, slow.source.memory, PAGE_BYTES));
}

static uint32_t vgem_create(int vgem, uint32_t *bytes)
{
	struct drm_mode_create_dumb dumb = { .width = 4096, .height = 64, .bpp = 8 };

	CHECK_OK(try_ioctl(vgem, DRM_IOCTL_MODE_CREATE_DUMB, &dumb));
	*bytes = (uint32_t)dumb.size;
	return dumb.handle;
}

/* Somebody else's fence on the memory holds a job back; the job's own is seen by others. */
TEST(fences_of_another_driver_are_respected)
{
	struct vgem_attach attach = { .flags = VGEM_WRITE };
	struct vgem_signal signal = { 0 };
	struct drm_edgebert_result result;
	struct drm_edgebert_bo_map map;
	int vgem = open_vgem(), shared;
	struct pollfd poll_fd;
	struct workload w;
	uint64_t sequence;
	uint32_t bytes;

	if (vgem < 0)
		SKIP("no vgem");
	workload_init(&w, device_open(), 1);
	attach.handle = vgem_create(vgem, &bytes);
	shared = export(vgem, attach.handle);
	CHECK_OK(try_map(w.fd, import(w.fd, shared), 0, &map));
	CHECK_EQ(map.size, bytes);
	CHECK_OK(try_ioctl(vgem, VGEM_ATTACH, &attach));
	use_as(&w, 1, &map);
	sequence = submit(w.fd, w.context, &w.job);
	CHECK_ERRNO(try_result(w.fd, w.context, sequence, in_ns(SECOND_NS / 2), &result),
		    ETIMEDOUT);
	/* To write means to wait for the job. */
	poll_fd = (struct pollfd) { .fd = shared, .events = POLLOUT };
	CHECK_EQ(poll(&poll_fd, 1, 0), 0);
	signal.fence = attach.fence;
	CHECK_OK(try_ioctl(vgem, VGEM_SIGNAL, &signal));
	CHECK_EQ(result_of(w.fd, w.context, sequence).error, 0);
	CHECK_EQ(poll(&poll_fd, 1, 10000), 1);
}

/* ---- With the device gone ---- */

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	CHECK(fd >= 0);
	CHECK_EQ(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

/* The driver is unbound under a job; the memory is still its owner's. */
TEST(user_memory_outlives_the_device)
{
	char link[80], target[256] = "", *address;
	struct user_memory user = user_memory_create();
	struct drm_edgebert_bo_map map;
	struct drm_edgebert_result result;
	struct workload slow, w;
	int status;
	pid_t pid;

	if (geteuid() != 0)
		SKIP("only root may unbind");
	snprintf(link, sizeof(link), "/sys/class/accel/%s/device",
		 strrchr(device_path(), '/') + 1);
	CHECK(readlink(link, target, sizeof(target) - 1) > 0);
	address = strrchr(target, '/') + 1;
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		workload_init_slow(&slow, device_open(), 1000);
		workload_init(&w, slow.fd, 1);
		CHECK_OK(try_map(w.fd, import(w.fd, user.dma_buf), 0, &map));
		use_as(&w, 1, &map);
		submit(slow.fd, slow.context, &slow.job);
		submit(w.fd, w.context, &w.job);
		write_file("/sys/bus/pci/drivers/edgebert/unbind", address);
		CHECK_ERRNO(try_map(w.fd, map.handle, 0, &map), ENODEV);
		CHECK_ERRNO(try_result(w.fd, w.context, 1, in_ns(SECOND_NS), &result), ENODEV);
		memset(user.memory, 0x33, SHARED_BYTES);
		_exit(HARNESS_PASSED);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	write_file("/sys/bus/pci/drivers/edgebert/bind", address);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == HARNESS_PASSED);
	CHECK_EQ(user.memory[SHARED_BYTES - 1], 0x33);
	CHECK(device_path() != NULL);
}

int main(void)
{
	return harness_main(device_path() ? NULL : "no EdgeBERT device");
}
