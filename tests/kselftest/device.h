/* SPDX-License-Identifier: MIT */
/*
 * What the tests share: the node, its ioctls, buffers, command streams and jobs.
 *
 * Functions named try_... return 0, or -1 and errno; the others end the test on failure.
 */
#ifndef EDGEBERT_KSELFTEST_DEVICE_H
#define EDGEBERT_KSELFTEST_DEVICE_H

#include <stddef.h>
#include <stdint.h>

#include <drm.h>
#include <drm/edgebert_accel.h>

#include "kernel/edgebert_hw.h"
#include "tests/kselftest/harness.h"

#define SECOND_NS	1000000000ll
#define PAGE_BYTES	4096

/* Finds the node by its driver's name; NULL when there is none. */
const char *device_path(void);
int device_open(void);

/* Restarts when interrupted, as libdrm does. */
int try_ioctl(int fd, unsigned long request, void *argument);

/* Absolute CLOCK_MONOTONIC time, so many nanoseconds from now. */
int64_t in_ns(int64_t nanoseconds);

struct buffer {
	uint32_t handle;
	uint32_t address;	/* for the device */
	uint64_t size;
	void *memory;		/* mapped, or NULL */
};

struct buffer buffer_create(int fd, uint64_t size, uint32_t flags);
void buffer_close(int fd, struct buffer *buffer);
int try_buffer_wait(int fd, uint32_t handle, uint32_t flags, int64_t timeout_ns);

uint32_t context_create(int fd);
int try_context_create(int fd, uint32_t priority, uint32_t low, uint32_t high, uint32_t *id);
int try_context_destroy(int fd, uint32_t id);

/* Command streams in a buffer; every function returns the number of the next command. */
uint32_t command_end(struct buffer *stream, uint32_t number);
uint32_t command_copy(struct buffer *stream, uint32_t number, uint32_t destination,
		      uint32_t source, uint32_t bytes);
/* Dense, from AF8 of bias 7 to Q6.10, without gaps between rows. */
uint32_t command_matmul(struct buffer *stream, uint32_t number, uint32_t output, uint32_t input,
			uint32_t weights, uint16_t rows, uint16_t depth, uint16_t columns);

/* A job with nothing but a stream. */
struct drm_edgebert_job job_of(const struct buffer *stream, uint32_t commands);
struct drm_edgebert_array array_of(const void *elements, uint32_t count, uint32_t stride);

int try_submit(int fd, uint32_t context, struct drm_edgebert_job *jobs, uint32_t count);
/* Submits one job, returns its number. */
uint64_t submit(int fd, uint32_t context, struct drm_edgebert_job *job);
int try_result(int fd, uint32_t context, uint64_t sequence, int64_t timeout_ns,
	       struct drm_edgebert_result *result);
/* Waits for a job, at most half a minute. */
struct drm_edgebert_result result_of(int fd, uint32_t context, uint64_t sequence);

uint32_t syncobj_create(int fd);
int try_syncobj_wait(int fd, uint32_t handle, uint64_t point, int64_t timeout_ns);

/* A context with a stream, a source with a pattern, and a destination. */
struct workload {
	int fd;
	uint32_t context;
	struct buffer stream, source, destination, scratch;
	uint32_t commands;
	struct drm_edgebert_job_buffer used[4];
	struct drm_edgebert_job job;	/* lists the buffers */
};

/* Copies the source, as often as said; each copy is as long as a copy can be. */
void workload_init(struct workload *w, int fd, uint32_t copies);
/* Keeps the device busy for about that long, then copies the beginning of the source. */
void workload_init_slow(struct workload *w, int fd, uint32_t milliseconds);
/* With its mappings, which would keep the file open. */
void workload_close(struct workload *w);

#endif /* EDGEBERT_KSELFTEST_DEVICE_H */
