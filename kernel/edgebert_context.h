/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Contexts: queues of jobs.
 */
#ifndef EDGEBERT_CONTEXT_H
#define EDGEBERT_CONTEXT_H

#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>

#include <drm/gpu_scheduler.h>

#include "edgebert_result.h"

struct edgebert_device;
struct edgebert_file;
struct edgebert_vm;

/**
 * struct edgebert_context - queue of jobs, outlives its file while jobs exist
 * @refcount: held by the file, by jobs and by ioctls
 * @edev: the device
 * @vm: address space of the file, referenced
 * @device_entry: in edev->contexts, under edev->lists_lock, until @stopped
 * @entity: the scheduler's side of the queue
 * @window: operating points of its jobs, highest << 8 | lowest, to be read at once
 * @submit_lock: guards @stopped and @next_sequence, keeps jobs in order
 * @stopped: takes no more jobs
 * @next_sequence: number of the next job
 * @unfinished: jobs that have not ended
 * @cancel_below: jobs with lower numbers that have not started will not
 * @results: of its jobs
 */
struct edgebert_context {
	struct kref refcount;
	struct edgebert_device *edev;
	struct edgebert_vm *vm;
	struct list_head device_entry;
	struct drm_sched_entity entity;
	u16 window;
	struct mutex submit_lock;
	bool stopped;
	u64 next_sequence;
	atomic_t unfinished;
	u64 cancel_below;
	struct edgebert_results results;
};

struct edgebert_context *edgebert_context_find(struct drm_file *file, u32 id);
void edgebert_context_put(struct edgebert_context *context);
bool edgebert_context_put_shared(struct edgebert_context *context);
void edgebert_context_apply_window(struct edgebert_context *context, struct edgebert_hw_job *desc);
void edgebert_contexts_close(struct edgebert_file *efile);
void edgebert_contexts_stop_all(struct edgebert_device *edev);

int edgebert_ioctl_context_create(struct drm_device *drm, void *data, struct drm_file *file);
int edgebert_ioctl_context_destroy(struct drm_device *drm, void *data, struct drm_file *file);
int edgebert_ioctl_context_set(struct drm_device *drm, void *data, struct drm_file *file);

#endif /* EDGEBERT_CONTEXT_H */
