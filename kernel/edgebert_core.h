/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The device's core: identification, start, stop, reset and the context table.
 */
#ifndef EDGEBERT_CORE_H
#define EDGEBERT_CORE_H

#include <linux/types.h>

struct edgebert_device;

int edgebert_core_identify(struct edgebert_device *edev);
int edgebert_core_init(struct edgebert_device *edev);
int edgebert_core_start(struct edgebert_device *edev);
int edgebert_core_stop(struct edgebert_device *edev);
int edgebert_core_reset(struct edgebert_device *edev);
int edgebert_core_context_alloc(struct edgebert_device *edev, const dma_addr_t directories[4]);
void edgebert_core_context_clear(struct edgebert_device *edev, u32 id);
void edgebert_core_context_free(struct edgebert_device *edev, u32 id);
int edgebert_core_context_update(struct edgebert_device *edev, u32 id);
void edgebert_core_context_abort(struct edgebert_device *edev, u32 id);

#endif /* EDGEBERT_CORE_H */
