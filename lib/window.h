/* SPDX-License-Identifier: MIT */
/* Which operating points a device allows now, without asking it for every sentence. */
#ifndef EDGEBERT_LIB_WINDOW_H
#define EDGEBERT_LIB_WINDOW_H

#include <stdatomic.h>

#include "lib/backend.h"
#include "lib/log.h"

/*
 * What the device last said.  Administrators, cooling and temperature change it at any
 * time, so it is asked again after a while, and at once when a job contradicts it.
 */
struct eb_window_cache {
	_Atomic uint64_t window;	/* low | high << 32 */
	_Atomic uint64_t read_ns;	/* 0: never, or contradicted */
};

/* Never fails: whatever is wrong with the device, the next job tells better. */
struct eb_window eb_window_now(struct eb_window_cache *cache, struct eb_backend_device *backend,
			       const struct eb_log *log);

/*
 * The same after a job that asked for the highest point ran at this one: nothing above it
 * is allowed.
 */
struct eb_window eb_window_after(struct eb_window_cache *cache,
				 struct eb_backend_device *backend,
				 const struct eb_log *log, uint32_t point);

#endif /* EDGEBERT_LIB_WINDOW_H */
