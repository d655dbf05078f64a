/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The eNVM as an MTD device.
 */
#ifndef EDGEBERT_ENVM_MTD_H
#define EDGEBERT_ENVM_MTD_H

#include <linux/kconfig.h>

struct edgebert_device;

#if IS_REACHABLE(CONFIG_MTD)
void edgebert_envm_mtd_register(struct edgebert_device *edev);
void edgebert_envm_mtd_unregister(struct edgebert_device *edev);
#else
static inline void edgebert_envm_mtd_register(struct edgebert_device *edev) { }
static inline void edgebert_envm_mtd_unregister(struct edgebert_device *edev) { }
#endif

#endif /* EDGEBERT_ENVM_MTD_H */
