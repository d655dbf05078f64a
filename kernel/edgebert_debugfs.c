// SPDX-License-Identifier: GPL-2.0-only
/*
 * State of the driver for developers, in debugfs: accel/ADDRESS/state.
 */
#include <linux/seq_file.h>

#include <drm/drm_debugfs.h>
#include <drm/drm_file.h>

#include "edgebert_context.h"
#include "edgebert_debugfs.h"
#include "edgebert_device.h"
#include "edgebert_vm.h"

static void edgebert_debugfs_ring(struct seq_file *m, struct edgebert_device *edev)
{
	struct edgebert_ring *ring = &edev->ring;
	struct edgebert_stats stats;

	/* A snapshot for the eye, not worth keeping interrupts off for. */
	seq_printf(m, "ring: %u written, %u completed, %u outstanding, next cookie %llu\n",
		   READ_ONCE(ring->tail), READ_ONCE(ring->completed),
		   READ_ONCE(ring->outstanding), READ_ONCE(ring->next_cookie));
	edgebert_ring_stats(edev, &ring->stats, &stats);
	seq_printf(m, "jobs: %llu ended, %llu faults, %llu cycles (modelled)\n",
		   stats.jobs, stats.faults, stats.cycles);
}

static int edgebert_debugfs_state(struct seq_file *m, void *unused)
{
	struct drm_debugfs_entry *entry = m->private;
	struct edgebert_device *edev = to_edgebert_device(entry->dev);

	seq_printf(m, "device: %s%s, %u resets\n",
		   edgebert_is_lost(edev) ? "lost" : "working",
		   test_bit(EDGEBERT_FLAG_SUSPENDED, &edev->flags) ? ", suspended" : "",
		   atomic_read(&edev->recovery.reset_count));
	edgebert_debugfs_ring(m, edev);

	guard(mutex)(&edev->lists_lock);
	seq_printf(m, "jobs existing: %d\n", atomic_read(&edev->jobs));
	seq_printf(m, "address spaces: %zu\n", list_count_nodes(&edev->vms));
	seq_printf(m, "contexts: %zu\n", list_count_nodes(&edev->contexts));
	return 0;
}

static const struct drm_debugfs_info edgebert_debugfs_files[] = {
	{ "state", edgebert_debugfs_state, 0 },
};

/* Called by probe: struct drm_driver's callback is not used for accel nodes. */
void edgebert_debugfs_init(struct edgebert_device *edev)
{
	drm_debugfs_add_files(&edev->drm, edgebert_debugfs_files,
			      ARRAY_SIZE(edgebert_debugfs_files));
}
