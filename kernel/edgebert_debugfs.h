/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * State of the driver for developers.
 */
#ifndef EDGEBERT_DEBUGFS_H
#define EDGEBERT_DEBUGFS_H

struct drm_minor;

#ifdef CONFIG_DEBUG_FS
void edgebert_debugfs_init(struct drm_minor *minor);
#else
#define edgebert_debugfs_init NULL
#endif

#endif /* EDGEBERT_DEBUGFS_H */
