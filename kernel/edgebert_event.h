/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Events, which poll() and read() on the node deliver.
 */
#ifndef EDGEBERT_EVENT_H
#define EDGEBERT_EVENT_H

#include <linux/types.h>

struct drm_device;
struct drm_file;
struct edgebert_device;
struct edgebert_dvfs_limits;

void edgebert_event_dvfs(struct edgebert_device *edev, const struct edgebert_dvfs_limits *limits);
void edgebert_event_envm(struct edgebert_device *edev, u64 generation);

int edgebert_ioctl_events(struct drm_device *drm, void *data, struct drm_file *file);

#endif /* EDGEBERT_EVENT_H */
