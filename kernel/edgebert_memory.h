/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How much memory the buffers of one open file take.
 */
#ifndef EDGEBERT_MEMORY_H
#define EDGEBERT_MEMORY_H

#include <linux/atomic.h>
#include <linux/kref.h>
#include <linux/types.h>

/**
 * struct edgebert_memory - account of an open file
 * @refcount: held by the file, and by its buffers, which may outlive it elsewhere
 * @bytes: that the buffers take which the file has created
 */
struct edgebert_memory {
	struct kref refcount;
	atomic64_t bytes;
};

u64 edgebert_memory_limit(void);
struct edgebert_memory *edgebert_memory_create(void);
struct edgebert_memory *edgebert_memory_get(struct edgebert_memory *memory);
void edgebert_memory_put(struct edgebert_memory *memory);
int edgebert_memory_charge(struct edgebert_memory *memory, u64 bytes);
void edgebert_memory_uncharge(struct edgebert_memory *memory, u64 bytes);

#if IS_ENABLED(CONFIG_KUNIT)
u64 edgebert_memory_limit_of(int limit_mb, u64 machine_bytes);
int edgebert_memory_charge_within(struct edgebert_memory *memory, u64 bytes, u64 limit);
#endif

#endif /* EDGEBERT_MEMORY_H */
