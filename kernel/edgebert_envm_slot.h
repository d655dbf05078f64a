/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which image in the eNVM is active, and who uses it.
 */
#ifndef EDGEBERT_ENVM_SLOT_H
#define EDGEBERT_ENVM_SLOT_H

#include <linux/types.h>

struct drm_edgebert_envm_commit;
struct edgebert_device;
struct edgebert_job;

void edgebert_envm_find_active(struct edgebert_device *edev);
int edgebert_envm_check_free(struct edgebert_device *edev, u32 address, u32 size);
int edgebert_envm_commit(struct edgebert_device *edev,
			 const struct drm_edgebert_envm_commit *args, u64 *generation);
int edgebert_envm_job_start(struct edgebert_device *edev, struct edgebert_job *job);
void edgebert_envm_job_end(struct edgebert_device *edev, struct edgebert_job *job);

#endif /* EDGEBERT_ENVM_SLOT_H */
