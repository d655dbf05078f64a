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
				    struct eb_backend_device *backend,
				    const struct eb_log *log)
{
	struct eb_window window;
	uint64_t packed;

	if (backend->ops->get_window(backend, &window))
		return (struct eb_window){ .high = backend->info.operating_point_count - 1 };
	packed = window.low | (uint64_t)window.high << 32;
	if (atomic_exchange(&cache->window, packed) != packed)
		eb_log_say(log, EB_LOG_INFO, "%s allows operating points %u to %u of %u",
			   backend->info.path, window.low, window.high,
			   backend->info.operating_point_count);
	atomic_store(&cache->read_ns, eb_time_ns());
	return window;
}

struct eb_window eb_window_now(struct eb_window_cache *cache, struct eb_backend_device *backend,
			       const struct eb_log *log)
{
	const uint64_t read_ns = atomic_load(&cache->read_ns);

	if (!read_ns || eb_time_ns() - read_ns > FRESH_NS)
		return read_window(cache, backend, log);
	return unpack(atomic_load(&cache->window));
}

struct eb_window eb_window_after(struct eb_window_cache *cache,
				 struct eb_backend_device *backend,
				 const struct eb_log *log, uint32_t point)
{
	struct eb_window window = eb_window_now(cache, backend, log);

	if (window.high != point)
		window = read_window(cache, backend, log);
	/* The answer may be older or newer than the job; the job was before the next one. */
	if (window.high > point)
		window.high = point;
	if (window.low > window.high)
		window.low = window.high;
	return window;
}
