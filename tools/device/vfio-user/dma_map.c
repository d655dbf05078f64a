// SPDX-License-Identifier: MIT
/*
 * The interval map of guest memory: sorted, disjoint ranges in windows of mapped files.
 *
 * Clients unmap pieces of what they mapped, and ranges that they never did: firmware
 * moves low memory about, and a virtual IOMMU maps page by page.
 */
#include "tools/device/vfio-user/dma_map.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "tools/device/vfio-user/protocol.h"

void eb_dma_map_init(struct eb_dma_map *map)
{
	*map = (struct eb_dma_map) { 0 };
	pthread_mutex_init(&map->lock, NULL);
}

void eb_dma_map_destroy(struct eb_dma_map *map)
{
	eb_dma_map_clear(map);
	free(map->ranges);
	pthread_mutex_destroy(&map->lock);
}

/* ---- Windows ---- */

static void release_window(struct eb_dma_window *window)
{
	if (window == NULL || --window->users > 0)
		return;
	munmap(window->base, window->size);
	free(window);
}

/* A file must be as long as what is mapped of it; devices know themselves. */
static int check_file(int fd, uint64_t offset, uint64_t size)
{
	struct stat status;

	if (fstat(fd, &status) != 0)
		return -errno;
	if (S_ISREG(status.st_mode) &&
	    (offset > (uint64_t)status.st_size || size > (uint64_t)status.st_size - offset))
		return -EINVAL;
	return 0;
}

static int open_window(int fd, uint64_t offset, uint64_t size, uint32_t flags,
		       struct eb_dma_window **ret_window)
{
	int protection = PROT_READ | (flags & VFIO_USER_DMA_WRITABLE ? PROT_WRITE : 0);
	struct eb_dma_window *window;
	int result;

	if (offset > INT64_MAX || size > SIZE_MAX / 2)
		return -EINVAL;
	result = check_file(fd, offset, size);
	if (result != 0)
		return result;
	window = malloc(sizeof(*window));
	if (window == NULL)
		return -ENOMEM;
	window->base = mmap(NULL, size, protection, MAP_SHARED, fd, offset);
	if (window->base == MAP_FAILED) {
		result = -errno;
		free(window);
		return result;
	}
	window->size = size;
	window->users = 1;
	*ret_window = window;
	return 0;
}

/* ---- Ranges ---- */

/* Index of the first range that ends at or after address. */
static size_t lower_bound(const struct eb_dma_map *map, uint64_t address)
{
	size_t low = 0, high = map->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (map->ranges[middle].last < address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct eb_dma_range *eb_dma_map_find(const struct eb_dma_map *map, uint64_t address)
{
	size_t index = lower_bound(map, address);

	if (index == map->count || map->ranges[index].first > address)
		return NULL;
	return &map->ranges[index];
}

/* Room for one more range. */
static int reserve(struct eb_dma_map *map)
{
	struct eb_dma_range *ranges;
	size_t capacity;

	if (map->count < map->capacity)
		return 0;
	capacity = map->capacity ? 2 * map->capacity : 64;
	ranges = realloc(map->ranges, capacity * sizeof(*ranges));
	if (ranges == NULL)
		return -ENOMEM;
	map->ranges = ranges;
	map->capacity = capacity;
	return 0;
}

static void insert(struct eb_dma_map *map, size_t index, struct eb_dma_range range)
{
	memmove(&map->ranges[index + 1], &map->ranges[index],
		(map->count - index) * sizeof(range));
	map->ranges[index] = range;
	map->count++;
}

/* The last address of a range; false: it is empty, not of whole pages, or wraps. */
static bool range_end(uint64_t address, uint64_t size, uint64_t *ret_last)
{
	if (size == 0 || (address | size) % EB_DMA_PAGE != 0 || size - 1 > UINT64_MAX - address)
		return false;
	*ret_last = address + (size - 1);
	return true;
}

int eb_dma_map_add(struct eb_dma_map *map, uint64_t address, uint64_t size, uint32_t flags,
		   int fd, uint64_t offset)
{
	struct eb_dma_range range = { .first = address, .flags = flags };
	size_t index;
	int result;

	if (!range_end(address, size, &range.last) || offset % EB_DMA_PAGE != 0 ||
	    flags & ~(VFIO_USER_DMA_READABLE | VFIO_USER_DMA_WRITABLE))
		return -EINVAL;
	index = lower_bound(map, address);
	if (index < map->count && map->ranges[index].first <= range.last)
		return -EEXIST;
	if (map->count >= EB_DMA_RANGES_MAX)
		return -ENOSPC;
	result = reserve(map);
	if (result == 0 && fd >= 0)
		result = open_window(fd, offset, size, flags, &range.window);
	if (result == 0)
		insert(map, index, range);
	return result;
}

/* Takes first..last out of the middle of a range: what is behind becomes its own. */
static int split(struct eb_dma_map *map, size_t index, uint64_t first, uint64_t last)
{
	struct eb_dma_range behind = map->ranges[index];
	int result = reserve(map);

	if (result != 0)
		return result;
	behind.offset += last + 1 - behind.first;
	behind.first = last + 1;
	if (behind.window != NULL)
		behind.window->users++;
	map->ranges[index].last = first - 1;
	insert(map, index + 1, behind);
	return 0;
}

int eb_dma_map_remove(struct eb_dma_map *map, uint64_t address, uint64_t size)
{
	size_t index, end;
	uint64_t last;

	if (!range_end(address, size, &last))
		return -EINVAL;
	index = lower_bound(map, address);
	if (index < map->count && map->ranges[index].first < address) {
		if (map->ranges[index].last > last)
			return split(map, index, address, last);
		map->ranges[index++].last = address - 1;
	}
	for (end = index; end < map->count && map->ranges[end].last <= last; end++)
		release_window(map->ranges[end].window);
	if (end > index) {
		memmove(&map->ranges[index], &map->ranges[end],
			(map->count - end) * sizeof(map->ranges[0]));
		map->count -= end - index;
	}
	if (index < map->count && map->ranges[index].first <= last) {
		struct eb_dma_range *range = &map->ranges[index];

		range->offset += last + 1 - range->first;
		range->first = last + 1;
	}
	return 0;
}

void eb_dma_map_clear(struct eb_dma_map *map)
{
	for (size_t i = 0; i < map->count; i++)
		release_window(map->ranges[i].window);
	map->count = 0;
}

/* ---- Copies that survive the client's memory going away ---- */

static _Thread_local sigjmp_buf *volatile copy_failed;

static void bus_error(int signal_number)
{
	sigset_t signals;

	if (copy_failed != NULL) {
		/* The jump leaves the handler without what its return would do. */
		sigemptyset(&signals);
		sigaddset(&signals, signal_number);
		pthread_sigmask(SIG_UNBLOCK, &signals, NULL);
		siglongjmp(*copy_failed, 1);
	}
	/* Not ours: let it be what it is. */
	signal(signal_number, SIG_DFL);
	raise(signal_number);
}

void eb_window_copy_init(void)
{
	struct sigaction action = { .sa_handler = bus_error };

	sigemptyset(&action.sa_mask);
	sigaction(SIGBUS, &action, NULL);
}

bool eb_window_copy(uint8_t *destination, const uint8_t *source, size_t size)
{
	sigjmp_buf failed;

	if (sigsetjmp(failed, 0) != 0) {
		copy_failed = NULL;
		return false;
	}
	copy_failed = &failed;
	/* The copy must stay between the two stores, which the handler looks at. */
	atomic_signal_fence(memory_order_seq_cst);
	/* Earlier copies must be seen by whoever sees this word. */
	if (size == 4 && ((uintptr_t)destination | (uintptr_t)source) % 4 == 0)
		__atomic_store_n((uint32_t *)(void *)destination,
				 *(const uint32_t *)(const void *)source, __ATOMIC_RELEASE);
	else
		memcpy(destination, source, size);
	atomic_signal_fence(memory_order_seq_cst);
	copy_failed = NULL;
	return true;
}
