/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Buffers of other drivers, imported as dma-bufs.
 */
#ifndef EDGEBERT_PRIME_H
#define EDGEBERT_PRIME_H

struct dma_buf;
struct drm_device;
struct drm_gem_object;
struct edgebert_bo;

struct drm_gem_object *edgebert_prime_import(struct drm_device *drm, struct dma_buf *dma_buf);
int edgebert_prime_dma_map(struct edgebert_bo *bo);
void edgebert_prime_dma_unmap(struct edgebert_bo *bo);

#endif /* EDGEBERT_PRIME_H */
