/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * State of the driver for developers.
 */
#ifndef EDGEBERT_DEBUGFS_H
#define EDGEBERT_DEBUGFS_H

struct edgebert_device;

#ifdef CONFIG_DEBUG_FS
void edgebert_debugfs_init(struct edgebert_device *edev);
#else
static inline void edgebert_debugfs_init(struct edgebert_device *edev) { }
#endif

#endif /* EDGEBERT_DEBUGFS_H */
