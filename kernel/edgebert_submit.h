/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Submission of jobs.
 */
#ifndef EDGEBERT_SUBMIT_H
#define EDGEBERT_SUBMIT_H

struct drm_device;
struct drm_file;

#define EDGEBERT_SUBMIT_JOBS_MAX	32
#define EDGEBERT_SUBMIT_SYNCS_MAX	64

int edgebert_ioctl_submit(struct drm_device *drm, void *data, struct drm_file *file);

#endif /* EDGEBERT_SUBMIT_H */
