/* SPDX-License-Identifier: MIT */
/*
 * Threads that share the independent parts of one piece of work.
 */
#ifndef EDGEBERT_DEVICE_WORKERS_H
#define EDGEBERT_DEVICE_WORKERS_H

#include <stddef.h>

struct eb_workers;

/* One part; `worker` is below the count of threads, no two parts have it at once. */
typedef void (*eb_workers_part)(void *opaque, size_t part, unsigned int worker);

/* `threads` including the caller of eb_workers_run, at least 2; NULL: errno says why. */
struct eb_workers *eb_workers_create(unsigned int threads);
void eb_workers_destroy(struct eb_workers *workers);	/* accepts NULL */

/*
 * Runs parts 0..count-1 in any order and returns when all have ended.  One call at a time.
 * workers NULL: the caller runs them all.
 */
void eb_workers_run(struct eb_workers *workers, eb_workers_part run, void *opaque, size_t count);

#endif /* EDGEBERT_DEVICE_WORKERS_H */
