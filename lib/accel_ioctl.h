/* SPDX-License-Identifier: MIT */
/* The accel node's ioctls, typed; errors are negative errno values here and nowhere above. */
#ifndef EDGEBERT_LIB_ACCEL_IOCTL_H
#define EDGEBERT_LIB_ACCEL_IOCTL_H

#include <stddef.h>
#include <stdint.h>

#include <drm/edgebert_accel.h>

/*
 * The system calls behind it, so that tests can put a driver in their place.  Every
 * function returns 0 (or a descriptor, or a size) or a negative errno value.
 */
struct eb_accel_system {
	void *opaque;
	int (*open)(void *opaque, const char *path);
	void (*close)(void *opaque, int fd);
	int (*ioctl)(void *opaque, int fd, unsigned long request, void *argument);
	int (*map)(void *opaque, int fd, uint64_t offset, size_t size, void **ret_data);
	void (*unmap)(void *opaque, void *data, size_t size);
};

struct eb_accel_node {
	const struct eb_accel_system *system;
	int fd;
};

struct eb_accel_version {
	char name[32];
	int major, minor, patch;
};

/* system NULL: the kernel. */
int eb_accel_open(struct eb_accel_node *node, const struct eb_accel_system *system,
		  const char *path);
void eb_accel_close(struct eb_accel_node *node);

int eb_accel_get_version(const struct eb_accel_node *node, struct eb_accel_version *version);

/* Zeroes what an older kernel does not fill; returns the bytes it did. */
int eb_accel_query(const struct eb_accel_node *node, uint32_t type, void *answer, uint32_t size);

int eb_accel_bo_create(const struct eb_accel_node *node, struct drm_edgebert_bo_create *create);
int eb_accel_bo_map(const struct eb_accel_node *node, uint32_t handle, size_t size,
		    void **ret_data);
void eb_accel_unmap(const struct eb_accel_node *node, void *data, size_t size);
void eb_accel_bo_close(const struct eb_accel_node *node, uint32_t handle);

/* A context that may use every operating point, at normal priority. */
int eb_accel_context_create(const struct eb_accel_node *node, uint32_t *ret_context_id);
void eb_accel_context_destroy(const struct eb_accel_node *node, uint32_t context_id);

/* Submits jobs, all or none, in order; their sequence is their number afterwards. */
int eb_accel_submit(const struct eb_accel_node *node, uint32_t context_id,
		    struct drm_edgebert_job *jobs, uint32_t count);

/* Waits until an absolute CLOCK_MONOTONIC time; -ETIMEDOUT when it passed. */
int eb_accel_job_result(const struct eb_accel_node *node, uint32_t context_id, uint64_t sequence,
			int64_t timeout_ns, struct drm_edgebert_result *result);

/* Zeroes what an older kernel does not fill. */
int eb_accel_envm_query(const struct eb_accel_node *node, struct drm_edgebert_envm_info *info);
/* One of the ENVM_* requests with its argument. */
int eb_accel_envm_call(const struct eb_accel_node *node, unsigned long request, void *argument);

#endif /* EDGEBERT_LIB_ACCEL_IOCTL_H */
