// SPDX-License-Identifier: GPL-2.0-only
/*
 * Contexts: queues of jobs with a priority and a window of operating points, several in
 * the address space of one open file.
 */
#include <linux/capability.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_print.h>
#include <drm/edgebert_accel.h>

#include "edgebert_context.h"
#include "edgebert_device.h"
#include "edgebert_drv.h"
#include "edgebert_points.h"
#include "edgebert_sched.h"
#include "edgebert_vm.h"

static void edgebert_context_release(struct kref *kref)
{
	struct edgebert_context *context = container_of(kref, struct edgebert_context, refcount);

	edgebert_results_fini(&context->results);
	edgebert_vm_put(context->vm);
	mutex_destroy(&context->submit_lock);
	kfree(context);
}

void edgebert_context_put(struct edgebert_context *context)
{
	kref_put(&context->refcount, edgebert_context_release);
}

/* Gives up a reference unless it is the last one; may be called where no lock may be taken. */
bool edgebert_context_put_shared(struct edgebert_context *context)
{
	return refcount_dec_not_one(&context->refcount.refcount);
}

/* The file's context, referenced, or NULL. */
struct edgebert_context *edgebert_context_find(struct drm_file *file, u32 id)
{
	struct edgebert_file *efile = file->driver_priv;
	struct edgebert_context *context;

	xa_lock(&efile->contexts);
	context = xa_load(&efile->contexts, id);
	if (context)
		kref_get(&context->refcount);
	xa_unlock(&efile->contexts);
	if (!context)
		drm_dbg(&efile->edev->drm, "unknown context %u\n", id);
	return context;
}

/*
 * Ends the queue: jobs that wait are cancelled, the ones the device already has run to
 * their end.  Must come before the end of the scheduler, and happens once.
 */
static void edgebert_context_stop(struct edgebert_context *context)
{
	scoped_guard(mutex, &context->submit_lock) {
		if (context->stopped)
			return;
		context->stopped = true;
	}
	/*
	 * The scheduler must not be starting one of the context's jobs meanwhile: since the
	 * fair policy (7.2) it may put the entity back into its tree after it was removed.
	 */
	edgebert_sched_pause(context->edev);
	drm_sched_entity_fini(&context->entity);
	edgebert_sched_resume(context->edev);
}

/* For user space the context is gone; the last job frees it. */
static void edgebert_context_close(struct edgebert_context *context)
{
	struct edgebert_device *edev = context->edev;

	/* With the lock held, as removal must not end the scheduler in the middle. */
	scoped_guard(mutex, &edev->lists_lock) {
		list_del_init(&context->device_entry);
		edgebert_context_stop(context);
	}
	edgebert_context_put(context);
}

void edgebert_contexts_close(struct edgebert_file *efile)
{
	struct edgebert_context *context;
	unsigned long id;

	xa_for_each(&efile->contexts, id, context) {
		xa_erase(&efile->contexts, id);
		edgebert_context_close(context);
	}
	xa_destroy(&efile->contexts);
}

/* On removal: from here on nobody can submit anything. */
void edgebert_contexts_stop_all(struct edgebert_device *edev)
{
	struct edgebert_context *context;

	guard(mutex)(&edev->lists_lock);
	list_for_each_entry(context, &edev->contexts, device_entry)
		edgebert_context_stop(context);
}

static int edgebert_context_priority(u32 priority, enum drm_sched_priority *result)
{
	switch (priority) {
	case DRM_EDGEBERT_PRIORITY_LOW:
		*result = DRM_SCHED_PRIORITY_LOW;
		return 0;
	case DRM_EDGEBERT_PRIORITY_NORMAL:
		*result = DRM_SCHED_PRIORITY_NORMAL;
		return 0;
	case DRM_EDGEBERT_PRIORITY_HIGH:
		*result = DRM_SCHED_PRIORITY_HIGH;
		return capable(CAP_SYS_NICE) ? 0 : -EACCES;
	default:
		return -EINVAL;
	}
}

/* Sets the context's window of operating points to the user's wish, if the table has it. */
static int edgebert_context_set_window(struct edgebert_device *edev,
				       struct edgebert_context *context, u32 low, u32 high)
{
	u16 window;
	int ret;

	ret = edgebert_points_window(&edev->info, low, high, &window);
	if (ret)
		drm_dbg(&edev->drm, "operating points %u..%u are not within 0..%u\n", low, high,
			edev->info.point_count - 1);
	else
		WRITE_ONCE(context->window, window);
	return ret;
}

/*
 * Gives a job, when it starts, the window that its context has by now.  The device clamps
 * it to the administrator's, and the job's wish to both.
 */
void edgebert_context_apply_window(struct edgebert_context *context, struct edgebert_hw_job *desc)
{
	u16 window = READ_ONCE(context->window);

	desc->window_low = window & 0xff;
	desc->window_high = window >> 8;
}

static struct edgebert_context *
edgebert_context_alloc(struct edgebert_file *efile, const struct drm_edgebert_context_create *args)
{
	struct edgebert_device *edev = efile->edev;
	struct drm_gpu_scheduler *sched = &edev->sched;
	struct edgebert_context *context;
	enum drm_sched_priority priority;
	int ret;

	ret = edgebert_context_priority(args->priority, &priority);
	if (ret) {
		drm_dbg(&edev->drm, "priority %u is unknown or not permitted\n", args->priority);
		return ERR_PTR(ret);
	}
	context = kzalloc_obj(*context);
	if (!context)
		return ERR_PTR(-ENOMEM);
	ret = edgebert_context_set_window(edev, context, args->operating_point_low,
					  args->operating_point_high);
	if (ret)
		goto err_free;
	ret = edgebert_vm_activate(efile->vm);
	if (ret)
		goto err_free;
	ret = drm_sched_entity_init(&context->entity, priority, &sched, 1, NULL);
	if (ret)
		goto err_free;

	kref_init(&context->refcount);
	context->edev = edev;
	context->vm = edgebert_vm_get(efile->vm);
	context->next_sequence = 1;
	mutex_init(&context->submit_lock);
	edgebert_results_init(&context->results);
	scoped_guard(mutex, &edev->lists_lock)
		list_add_tail(&context->device_entry, &edev->contexts);
	return context;

err_free:
	kfree(context);
	return ERR_PTR(ret);
}

int edgebert_ioctl_context_create(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct edgebert_file *efile = file->driver_priv;
	struct drm_edgebert_context_create *args = data;
	struct edgebert_context *context;
	int ret, idx;

	if (args->flags || args->pad)
		return -EINVAL;
	if (!drm_dev_enter(drm, &idx))
		return -ENODEV;

	context = edgebert_context_alloc(efile, args);
	if (IS_ERR(context)) {
		ret = PTR_ERR(context);
		goto out;
	}
	ret = xa_alloc(&efile->contexts, &args->context_id, context,
		       XA_LIMIT(1, EDGEBERT_CONTEXTS_PER_FILE), GFP_KERNEL);
	if (ret) {
		drm_dbg(drm, "no more than %u contexts per open file\n",
			EDGEBERT_CONTEXTS_PER_FILE);
		ret = ret == -EBUSY ? -ENOSPC : ret;
		edgebert_context_close(context);
	}
out:
	drm_dev_exit(idx);
	return ret;
}

int edgebert_ioctl_context_destroy(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct edgebert_file *efile = file->driver_priv;
	struct drm_edgebert_context_destroy *args = data;
	struct edgebert_context *context;

	if (args->pad)
		return -EINVAL;
	context = xa_erase(&efile->contexts, args->context_id);
	if (!context) {
		drm_dbg(drm, "unknown context %u\n", args->context_id);
		return -ENOENT;
	}
	edgebert_context_close(context);
	return 0;
}

int edgebert_ioctl_context_set(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_edgebert_context_set *args = data;
	struct edgebert_context *context;
	int ret;

	if (args->flags) {
		drm_dbg(drm, "unknown flags %#x\n", args->flags);
		return -EINVAL;
	}
	context = edgebert_context_find(file, args->context_id);
	if (!context)
		return -ENOENT;
	ret = edgebert_context_set_window(context->edev, context, args->operating_point_low,
					  args->operating_point_high);
	edgebert_context_put(context);
	return ret;
}
