/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The driver's side of the DRM scheduler.
 */
#ifndef EDGEBERT_SCHED_H
#define EDGEBERT_SCHED_H

struct edgebert_device;

int edgebert_sched_init(struct edgebert_device *edev);
void edgebert_sched_fini(struct edgebert_device *edev);
void edgebert_sched_pause(struct edgebert_device *edev);
void edgebert_sched_resume(struct edgebert_device *edev);

#endif /* EDGEBERT_SCHED_H */
