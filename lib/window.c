// SPDX-License-Identifier: MIT
/* The window of operating points that a device allows, remembered for a moment. */
#include "lib/window.h"

#include "lib/clock.h"

/* A widened window saves energy only: it may take a moment to be noticed. */
#define FRESH_NS 100000000ull

static struct eb_window unpack(uint64_t packed)
{
	return (struct eb_window){ .low = (uint32_t)packed, .high = (uint32_t)(packed >> 32) };
}

static struct eb_window read_window(struct eb_window_cache *cache,
				    struct eb_backend_device *backend)
{
	struct eb_window window;

	if (backend->ops->get_window(backend, &window))
		return (struct eb_window){ .high = backend->info.operating_point_count - 1 };
	atomic_store(&cache->window, window.low | (uint64_t)window.high << 32);
	atomic_store(&cache->read_ns, eb_time_ns());
	return window;
}

struct eb_window eb_window_now(struct eb_window_cache *cache, struct eb_backend_device *backend)
{
	const uint64_t read_ns = atomic_load(&cache->read_ns);

	if (!read_ns || eb_time_ns() - read_ns > FRESH_NS)
		return read_window(cache, backend);
	return unpack(atomic_load(&cache->window));
}

struct eb_window eb_window_after(struct eb_window_cache *cache,
				 struct eb_backend_device *backend, uint32_t point)
{
	struct eb_window window = eb_window_now(cache, backend);

	if (window.high != point)
		window = read_window(cache, backend);
	/* The answer may be older or newer than the job; the job was before the next one. */
	if (window.high > point)
		window.high = point;
	if (window.low > window.high)
		window.low = window.high;
	return window;
}
