/* SPDX-License-Identifier: MIT */
/*
 * Guest memory: which bus addresses are mapped, and where they are in this process.
 */
#ifndef EDGEBERT_DEVICE_VFIO_USER_DMA_MAP_H
#define EDGEBERT_DEVICE_VFIO_USER_DMA_MAP_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EB_DMA_RANGES_MAX	65535
#define EB_DMA_PAGE		4096

/* A mapped piece of a file; ranges that were once one share it. */
struct eb_dma_window {
	uint8_t *base;
	size_t size;
	size_t users;
};

/* Addresses first..last.  Ranges are sorted and disjoint. */
struct eb_dma_range {
	uint64_t first, last;
	struct eb_dma_window *window;	/* NULL: only reachable by messages */
	uint64_t offset;		/* of first, in the window */
	uint32_t flags;			/* VFIO_USER_DMA_* */
};

struct eb_dma_map {
	pthread_mutex_t lock;		/* held during each access: holding it stops DMA */
	struct eb_dma_range *ranges;
	size_t count, capacity;
};

void eb_dma_map_init(struct eb_dma_map *map);
void eb_dma_map_destroy(struct eb_dma_map *map);

/*
 * With map->lock held.  fd -1: no window; it stays the caller's.  Negative errno:
 * -EINVAL, -EEXIST (overlaps), -ENOSPC (too many), -ENOMEM, or what mmap() says.
 */
int eb_dma_map_add(struct eb_dma_map *map, uint64_t address, uint64_t size, uint32_t flags,
		   int fd, uint64_t offset);
/* Whatever of the range is mapped no longer is; nothing needs to be. */
int eb_dma_map_remove(struct eb_dma_map *map, uint64_t address, uint64_t size);
void eb_dma_map_clear(struct eb_dma_map *map);
/* The range that holds address, or NULL. */
const struct eb_dma_range *eb_dma_map_find(const struct eb_dma_map *map, uint64_t address);

/*
 * Copies between a window and local memory; false: the memory behind it is gone (a
 * client may shrink a file it has shared).  Four aligned bytes go in one piece.
 */
bool eb_window_copy(uint8_t *destination, const uint8_t *source, size_t size);
/* Must be called once before the first copy. */
void eb_window_copy_init(void);

#endif /* EDGEBERT_DEVICE_VFIO_USER_DMA_MAP_H */
