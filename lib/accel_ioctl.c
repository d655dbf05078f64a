// SPDX-License-Identifier: MIT
/* The only file of the library that calls the kernel driver. */
#include "lib/accel_ioctl.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

/* ---- system calls ---- */

static int system_open(void *opaque, const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NOCTTY);

	(void)opaque;
	return fd < 0 ? -errno : fd;
}

static void system_close(void *opaque, int fd)
{
	(void)opaque;
	close(fd);
}

static int system_ioctl(void *opaque, int fd, unsigned long request, void *argument)
{
	(void)opaque;
	return ioctl(fd, request, argument) < 0 ? -errno : 0;
}

static int system_map(void *opaque, int fd, uint64_t offset, size_t size, void **ret_data)
{
	void *data = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)offset);

	(void)opaque;
	if (data == MAP_FAILED)
		return -errno;
	*ret_data = data;
	return 0;
}

static void system_unmap(void *opaque, void *data, size_t size)
{
	(void)opaque;
	munmap(data, size);
}

static const struct eb_accel_system kernel_system = {
	.open = system_open,
	.close = system_close,
	.ioctl = system_ioctl,
	.map = system_map,
	.unmap = system_unmap,
};

/* ---- ioctls ---- */

/*
 * The one door to the driver.  A signal, or a driver that says "not now", restarts the
 * call: all arguments are made for that (timeouts are absolute, outputs written at the end).
 */
static int call(const struct eb_accel_node *node, unsigned long request, void *argument)
{
	const struct timespec pause = { .tv_nsec = 200000 };
	const struct eb_accel_system *system = node->system;

	for (;;) {
		int result = system->ioctl(system->opaque, node->fd, request, argument);

		if (result == -EAGAIN)
			nanosleep(&pause, NULL);
		else if (result != -EINTR)
			return result;
	}
}

static uint64_t user_pointer(const void *pointer)
{
	return (uint64_t)(uintptr_t)pointer;
}

int eb_accel_open(struct eb_accel_node *node, const struct eb_accel_system *system,
		  const char *path)
{
	node->system = system ? system : &kernel_system;
	node->fd = node->system->open(node->system->opaque, path);
	return node->fd < 0 ? node->fd : 0;
}

void eb_accel_close(struct eb_accel_node *node)
{
	if (node->fd >= 0)
		node->system->close(node->system->opaque, node->fd);
	node->fd = -1;
}

int eb_accel_get_version(const struct eb_accel_node *node, struct eb_accel_version *version)
{
	struct drm_version argument = {
		.name = version->name,
		.name_len = sizeof(version->name) - 1,
	};
	int result;

	memset(version, 0, sizeof(*version));
	result = call(node, DRM_IOCTL_VERSION, &argument);
	version->major = argument.version_major;
	version->minor = argument.version_minor;
	version->patch = argument.version_patchlevel;
	return result;
}

int eb_accel_query(const struct eb_accel_node *node, uint32_t type, void *answer, uint32_t size)
{
	struct drm_edgebert_dev_query query = {
		.type = type,
		.size = size,
		.pointer = user_pointer(answer),
	};
	int result;

	memset(answer, 0, size);
	result = call(node, DRM_IOCTL_EDGEBERT_DEV_QUERY, &query);
	if (result)
		return result;
	return query.size > size ? -EPROTO : (int)query.size;
}

int eb_accel_bo_create(const struct eb_accel_node *node, struct drm_edgebert_bo_create *create)
{
	return call(node, DRM_IOCTL_EDGEBERT_BO_CREATE, create);
}

int eb_accel_bo_map(const struct eb_accel_node *node, uint32_t handle, size_t size,
		    void **ret_data)
{
	struct drm_edgebert_bo_mmap_offset offset = { .handle = handle };
	int result = call(node, DRM_IOCTL_EDGEBERT_BO_MMAP_OFFSET, &offset);

	if (result)
		return result;
	return node->system->map(node->system->opaque, node->fd, offset.offset, size, ret_data);
}

void eb_accel_unmap(const struct eb_accel_node *node, void *data, size_t size)
{
	node->system->unmap(node->system->opaque, data, size);
}

void eb_accel_bo_close(const struct eb_accel_node *node, uint32_t handle)
{
	struct drm_gem_close argument = { .handle = handle };

	call(node, DRM_IOCTL_GEM_CLOSE, &argument);
}

int eb_accel_context_create(const struct eb_accel_node *node, uint32_t *ret_context_id)
{
	struct drm_edgebert_context_create create = {
		.priority = DRM_EDGEBERT_PRIORITY_NORMAL,
		.operating_point_high = UINT32_MAX,
	};
	int result = call(node, DRM_IOCTL_EDGEBERT_CONTEXT_CREATE, &create);

	if (!result)
		*ret_context_id = create.context_id;
	return result;
}

void eb_accel_context_destroy(const struct eb_accel_node *node, uint32_t context_id)
{
	struct drm_edgebert_context_destroy destroy = { .context_id = context_id };

	call(node, DRM_IOCTL_EDGEBERT_CONTEXT_DESTROY, &destroy);
}

int eb_accel_submit(const struct eb_accel_node *node, uint32_t context_id,
		    struct drm_edgebert_job *jobs, uint32_t count)
{
	struct drm_edgebert_submit submit = {
		.context_id = context_id,
		.jobs = {
			.stride = sizeof(*jobs),
			.count = count,
			.array = user_pointer(jobs),
		},
	};

	return call(node, DRM_IOCTL_EDGEBERT_SUBMIT, &submit);
}

int eb_accel_job_result(const struct eb_accel_node *node, uint32_t context_id, uint64_t sequence,
			int64_t timeout_ns, struct drm_edgebert_result *result)
{
	struct drm_edgebert_job_result argument = {
		.context_id = context_id,
		.size = sizeof(*result),
		.sequence = sequence,
		.timeout_ns = timeout_ns,
		.pointer = user_pointer(result),
	};

	memset(result, 0, sizeof(*result));
	return call(node, DRM_IOCTL_EDGEBERT_JOB_RESULT, &argument);
}

int eb_accel_envm_query(const struct eb_accel_node *node, struct drm_edgebert_envm_info *info)
{
	struct drm_edgebert_envm_query query = {
		.size = sizeof(*info),
		.pointer = user_pointer(info),
	};

	memset(info, 0, sizeof(*info));
	return call(node, DRM_IOCTL_EDGEBERT_ENVM_INFO, &query);
}

int eb_accel_envm_call(const struct eb_accel_node *node, unsigned long request, void *argument)
{
	return call(node, request, argument);
}
