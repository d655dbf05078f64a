/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Dumps of the device's state when a job hangs or the device fails.
 */
#ifndef EDGEBERT_COREDUMP_H
#define EDGEBERT_COREDUMP_H

struct edgebert_device;

#if IS_ENABLED(CONFIG_DEV_COREDUMP)
void edgebert_coredump_take(struct edgebert_device *edev, const char *reason);
#else
static inline void edgebert_coredump_take(struct edgebert_device *edev, const char *reason) { }
#endif

#endif /* EDGEBERT_COREDUMP_H */
