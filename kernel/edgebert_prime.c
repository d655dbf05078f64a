// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buffers of other drivers, imported as dma-bufs.
 *
 * The DRM core's own import maps the memory for DMA until the last handle is closed, which may
 * be after the device is gone.  Here it is mapped as long as it has a device address.
 */
#include <linux/dma-buf.h>
#include <linux/module.h>

#include <drm/drm_drv.h>
#include <drm/drm_gem.h>
#include <drm/drm_gem_shmem_helper.h>
#include <drm/drm_prime.h>
#include <drm/drm_print.h>

#include "edgebert_compat.h"
#include "edgebert_gem.h"
#include "edgebert_prime.h"

EDGEBERT_IMPORT_NS(DMA_BUF);

/* A buffer of this very device comes back as itself; NULL for all others. */
static struct drm_gem_object *edgebert_prime_own(struct drm_device *drm, struct dma_buf *dma_buf)
{
	struct drm_gem_object *obj = dma_buf->priv;

	/* What this module exports are GEM objects, though perhaps of another device. */
	if (dma_buf->owner != THIS_MODULE || obj->dev != drm)
		return NULL;
	drm_gem_object_get(obj);
	return obj;
}

struct drm_gem_object *edgebert_prime_import(struct drm_device *drm, struct dma_buf *dma_buf)
{
	struct dma_buf_attachment *attach;
	struct drm_gem_object *obj;

	obj = edgebert_prime_own(drm, dma_buf);
	if (obj)
		return obj;
	attach = dma_buf_attach(dma_buf, drm->dev);
	if (IS_ERR(attach))
		return ERR_CAST(attach);
	obj = drm_gem_shmem_prime_import_sg_table(drm, attach, NULL);
	if (IS_ERR(obj)) {
		dma_buf_detach(dma_buf, attach);
		return obj;
	}
	get_dma_buf(dma_buf);
	obj->import_attach = attach;
	/* Its fences are those of all that share it. */
	obj->resv = dma_buf->resv;
	return obj;
}

/*
 * By an attachment of its own: exporters such as udmabuf keep what was mapped until the
 * attachment ends, and that of the import lasts as long as the handle.
 */
int edgebert_prime_dma_map(struct edgebert_bo *bo)
{
	struct dma_buf_attachment *attach;
	struct sg_table *sgt;

	attach = dma_buf_attach(bo->base.base.import_attach->dmabuf, bo->base.base.dev->dev);
	if (IS_ERR(attach))
		return PTR_ERR(attach);
	sgt = dma_buf_map_attachment_unlocked(attach, DMA_BIDIRECTIONAL);
	if (IS_ERR(sgt)) {
		dma_buf_detach(attach->dmabuf, attach);
		return PTR_ERR(sgt);
	}
	bo->dma_attach = attach;
	bo->sgt = sgt;
	return 0;
}

void edgebert_prime_dma_unmap(struct edgebert_bo *bo)
{
	dma_buf_unmap_attachment_unlocked(bo->dma_attach, bo->sgt, DMA_BIDIRECTIONAL);
	dma_buf_detach(bo->dma_attach->dmabuf, bo->dma_attach);
	bo->dma_attach = NULL;
}
