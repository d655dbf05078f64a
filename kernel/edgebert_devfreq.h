/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The administrator's limits of operating points, by devfreq.
 */
#ifndef EDGEBERT_DEVFREQ_H
#define EDGEBERT_DEVFREQ_H

#include <linux/devfreq.h>
#include <linux/ktime.h>
#include <linux/types.h>

struct edgebert_device;

/**
 * struct edgebert_devfreq - the device as devfreq sees it
 * @profile: constant while registered
 * @devfreq: NULL before it is registered
 * @busy_ns: busy time at the last look
 * @looked_at: when that was
 */
struct edgebert_devfreq {
	struct devfreq_dev_profile profile;
	struct devfreq *devfreq;
	u64 busy_ns;
	ktime_t looked_at;
};

#ifdef CONFIG_PM_DEVFREQ
int edgebert_devfreq_register_governor(void);
void edgebert_devfreq_unregister_governor(void);
int edgebert_devfreq_init(struct edgebert_device *edev);
void edgebert_devfreq_fini(struct edgebert_device *edev);
#else
static inline int edgebert_devfreq_register_governor(void) { return 0; }
static inline void edgebert_devfreq_unregister_governor(void) { }
static inline int edgebert_devfreq_init(struct edgebert_device *edev) { return 0; }
static inline void edgebert_devfreq_fini(struct edgebert_device *edev) { }
#endif

#endif /* EDGEBERT_DEVFREQ_H */
