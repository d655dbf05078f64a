// SPDX-License-Identifier: GPL-2.0-only
/*
 * The DRM driver: its ioctls, and what an open file has.
 */
#include <linux/math64.h>
#include <linux/slab.h>

#include <drm/drm_accel.h>
#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_gem.h>
#include <drm/drm_gem_shmem_helper.h>
#include <drm/drm_ioctl.h>
#include <drm/drm_print.h>
#include <drm/edgebert_accel.h>

#include "edgebert_compat.h"
#include "edgebert_context.h"
#include "edgebert_counters.h"
#include "edgebert_device.h"
#include "edgebert_drv.h"
#include "edgebert_envm_ioctl.h"
#include "edgebert_event.h"
#include "edgebert_gem.h"
#include "edgebert_memory.h"
#include "edgebert_prime.h"
#include "edgebert_query.h"
#include "edgebert_result.h"
#include "edgebert_submit.h"
#include "edgebert_vm.h"

static struct edgebert_file *edgebert_file_create(struct edgebert_device *edev)
{
	struct edgebert_file *efile;
	int ret = -ENOMEM;

	efile = kzalloc_obj(*efile, GFP_KERNEL_ACCOUNT);
	if (!efile)
		return ERR_PTR(-ENOMEM);
	efile->edev = edev;
	xa_init_flags(&efile->contexts, XA_FLAGS_ALLOC1);
	efile->memory = edgebert_memory_create();
	if (!efile->memory)
		goto err_free;
	efile->vm = edgebert_vm_create(edev);
	if (IS_ERR(efile->vm)) {
		ret = PTR_ERR(efile->vm);
		goto err_memory;
	}
	return efile;

err_memory:
	edgebert_memory_put(efile->memory);
err_free:
	kfree(efile);
	return ERR_PTR(ret);
}

static int edgebert_open(struct drm_device *drm, struct drm_file *file)
{
	struct edgebert_device *edev = to_edgebert_device(drm);
	struct edgebert_file *efile;
	int ret = 0, idx;

	if (!drm_dev_enter(drm, &idx))
		return -ENODEV;
	efile = edgebert_file_create(edev);
	if (IS_ERR(efile))
		ret = PTR_ERR(efile);
	else
		file->driver_priv = efile;
	drm_dev_exit(idx);
	return ret;
}

/* Handles, and with them mappings, were closed before; jobs may still run. */
static void edgebert_postclose(struct drm_device *drm, struct drm_file *file)
{
	struct edgebert_file *efile = file->driver_priv;

	edgebert_contexts_close(efile);
	edgebert_vm_put(efile->vm);
	edgebert_memory_put(efile->memory);
	kfree(efile);
}

static void edgebert_show_fdinfo(struct drm_printer *p, struct drm_file *file)
{
	struct edgebert_file *efile = file->driver_priv;
	const struct edgebert_info *info = &efile->edev->info;
	struct edgebert_stats stats;

	edgebert_ring_stats(efile->edev, &efile->vm->stats, &stats);
	drm_printf(p, "drm-engine-core:\t%llu ns\n", stats.busy_ns);
	drm_printf(p, "drm-cycles-core:\t%llu\n", stats.cycles);
	drm_printf(p, "drm-maxfreq-core:\t%llu Hz\n",
		   info->points[info->point_count - 1].khz * 1000ull);
	drm_printf(p, "edgebert-jobs:\t%llu\n", stats.jobs);
	drm_printf(p, "edgebert-faults:\t%llu\n", stats.faults);
	drm_printf(p, "edgebert-modelled-ns:\t%llu\n", stats.modelled_ns);
	drm_printf(p, "edgebert-modelled-energy-uj:\t%llu\n",
		   div_u64(stats.energy_pj, 1000 * 1000));
	drm_printf(p, "edgebert-memory-created:\t%llu KiB\n",
		   (u64)atomic64_read(&efile->memory->bytes) >> 10);
	drm_printf(p, "edgebert-memory-limit:\t%llu KiB\n", edgebert_memory_limit() >> 10);
	drm_show_memory_stats(p, file);
}

static const struct file_operations edgebert_fops = {
	.owner = THIS_MODULE,
	DRM_ACCEL_FOPS,
	.show_fdinfo = drm_show_fdinfo,
};

#define EDGEBERT_IOCTL(n, func) \
	DRM_IOCTL_DEF_DRV(EDGEBERT_##n, edgebert_ioctl_##func, 0)
/* -EACCES without CAP_SYS_ADMIN. */
#define EDGEBERT_ADMIN_IOCTL(n, func) \
	DRM_IOCTL_DEF_DRV(EDGEBERT_##n, edgebert_ioctl_##func, DRM_ROOT_ONLY)

static const struct drm_ioctl_desc edgebert_ioctls[] = {
	EDGEBERT_IOCTL(DEV_QUERY, dev_query),
	EDGEBERT_IOCTL(BO_CREATE, bo_create),
	EDGEBERT_IOCTL(BO_MMAP_OFFSET, bo_mmap_offset),
	EDGEBERT_IOCTL(BO_WAIT, bo_wait),
	EDGEBERT_IOCTL(CONTEXT_CREATE, context_create),
	EDGEBERT_IOCTL(CONTEXT_DESTROY, context_destroy),
	EDGEBERT_IOCTL(SUBMIT, submit),
	EDGEBERT_IOCTL(JOB_RESULT, job_result),
	EDGEBERT_IOCTL(BO_MAP, bo_map),
	EDGEBERT_IOCTL(CONTEXT_SET, context_set),
	EDGEBERT_IOCTL(CONTEXT_COUNTERS, context_counters),
	EDGEBERT_IOCTL(EVENTS, events),
	EDGEBERT_IOCTL(ENVM_INFO, envm_info),
	EDGEBERT_IOCTL(ENVM_READ, envm_read),
	EDGEBERT_ADMIN_IOCTL(ENVM_ERASE, envm_erase),
	EDGEBERT_ADMIN_IOCTL(ENVM_PROGRAM, envm_program),
	EDGEBERT_ADMIN_IOCTL(ENVM_VERIFY, envm_verify),
	EDGEBERT_ADMIN_IOCTL(ENVM_COMMIT, envm_commit),
	EDGEBERT_ADMIN_IOCTL(ENVM_LOCK, envm_lock),
};

/*
 * Version log:
 *
 * - 1.0: initial interface
 * - 1.1: CONTEXT_COUNTERS, deadlines of jobs, contexts can be banned,
 *   ENVM_*, envm_generation of jobs, CONTEXT_SET, EVENTS, QUERY_DVFS,
 *   BO_MAP, limits of memory
 */
const struct drm_driver edgebert_drm_driver = {
	.driver_features = DRIVER_COMPUTE_ACCEL | DRIVER_GEM | DRIVER_SYNCOBJ |
			   DRIVER_SYNCOBJ_TIMELINE,
	.open = edgebert_open,
	.postclose = edgebert_postclose,
	.show_fdinfo = edgebert_show_fdinfo,
	.gem_create_object = edgebert_gem_create_object,
	.gem_prime_import = edgebert_prime_import,
	.ioctls = edgebert_ioctls,
	.num_ioctls = ARRAY_SIZE(edgebert_ioctls),
	.fops = &edgebert_fops,
	.name = "edgebert",
	.desc = "EdgeBERT inference accelerator",
	EDGEBERT_DRIVER_DATE
	.major = 1,
	.minor = 2,
};
