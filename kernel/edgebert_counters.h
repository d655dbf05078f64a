/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the jobs of a context add up to.
 */
#ifndef EDGEBERT_COUNTERS_H
#define EDGEBERT_COUNTERS_H

#include <linux/types.h>

#include <drm/edgebert_accel.h>

struct drm_device;
struct drm_file;

/**
 * struct edgebert_counters - guarded by the lock of the context's results
 * @sums: what user space gets
 * @stopped_in_a_row: jobs stopped for lack of progress since one has ended by itself
 */
struct edgebert_counters {
	struct drm_edgebert_counters sums;
	u32 stopped_in_a_row;
};

void edgebert_counters_add(struct edgebert_counters *counters,
			   const struct drm_edgebert_result *result);
bool edgebert_counters_banned(const struct edgebert_counters *counters);

int edgebert_ioctl_context_counters(struct drm_device *drm, void *data, struct drm_file *file);

#endif /* EDGEBERT_COUNTERS_H */
