// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device's four interrupts, one MSI-X vector per cause.
 *
 * COMPLETION is edge only and needs no register access.  The others latch a bit that is
 * acknowledged, outside of interrupt context as accesses are slow.
 */
#include <linux/interrupt.h>
#include <linux/pci.h>

#include <drm/drm_drv.h>
#include <drm/drm_print.h>

#include "edgebert_device.h"
#include "edgebert_envm.h"
#include "edgebert_irq.h"
#include "edgebert_pm.h"
#include "edgebert_regs.h"
#include "edgebert_ring.h"

static irqreturn_t edgebert_irq_completion(int irq, void *data)
{
	edgebert_ring_poll(data);
	return IRQ_HANDLED;
}

static irqreturn_t edgebert_irq_error(int irq, void *data)
{
	struct edgebert_device *edev = data;
	u32 status;
	int idx;

	if (!drm_dev_enter(&edev->drm, &idx))
		return IRQ_NONE;
	/* Waking up clears errors. */
	if (!edgebert_pm_get_if_awake(edev))
		goto out;
	edgebert_write(edev, IRQ_STATUS, BIT(EDGEBERT_HW_IRQ_ERROR));
	status = edgebert_read(edev, STATUS);
	if (status != EDGEBERT_ALL_ONES && status & EDGEBERT_HW_STATUS_FATAL) {
		drm_err_ratelimited(&edev->drm, "device stopped with fatal code %u\n",
				    EDGEBERT_HW_STATUS_FATAL_CODE(status));
		edgebert_recovery_request_reset(edev);
	}
	edgebert_pm_put(edev);
out:
	drm_dev_exit(idx);
	return IRQ_HANDLED;
}

/* Tells the device that a cause was seen. */
static irqreturn_t edgebert_irq_acknowledge(struct edgebert_device *edev, u32 cause)
{
	int idx;

	if (!drm_dev_enter(&edev->drm, &idx))
		return IRQ_NONE;
	if (edgebert_pm_get_if_awake(edev)) {
		edgebert_write(edev, IRQ_STATUS, BIT(cause));
		edgebert_pm_put(edev);
	}
	drm_dev_exit(idx);
	return IRQ_HANDLED;
}

/* The device has acted on heat by itself; others want to know. */
static irqreturn_t edgebert_irq_dvfs(int irq, void *data)
{
	irqreturn_t ret = edgebert_irq_acknowledge(data, EDGEBERT_HW_IRQ_DVFS);

	if (ret == IRQ_HANDLED)
		edgebert_dvfs_changed(data);
	return ret;
}

static irqreturn_t edgebert_irq_envm(int irq, void *data)
{
	irqreturn_t result = edgebert_irq_acknowledge(data, EDGEBERT_HW_IRQ_ENVM);

	edgebert_envm_irq(data);
	return result;
}

static const struct {
	const char *name;
	irq_handler_t handler;
	irq_handler_t thread;
} edgebert_irqs[EDGEBERT_HW_IRQ_COUNT] = {
	[EDGEBERT_HW_IRQ_COMPLETION] = { "edgebert-completion", edgebert_irq_completion, NULL },
	[EDGEBERT_HW_IRQ_ERROR] = { "edgebert-error", NULL, edgebert_irq_error },
	[EDGEBERT_HW_IRQ_DVFS] = { "edgebert-dvfs", NULL, edgebert_irq_dvfs },
	[EDGEBERT_HW_IRQ_ENVM] = { "edgebert-envm", NULL, edgebert_irq_envm },
};

int edgebert_irq_init(struct edgebert_device *edev)
{
	struct pci_dev *pdev = to_pci_dev(edev->drm.dev);
	int i, ret;

	ret = pci_alloc_irq_vectors(pdev, EDGEBERT_HW_IRQ_COUNT, EDGEBERT_HW_IRQ_COUNT,
				    PCI_IRQ_MSIX);
	if (ret < 0) {
		drm_err(&edev->drm, "no %u MSI-X vectors: %d\n", EDGEBERT_HW_IRQ_COUNT, ret);
		return ret;
	}
	for (i = 0; i < EDGEBERT_HW_IRQ_COUNT; i++) {
		edev->irqs[i] = pci_irq_vector(pdev, i);
		ret = devm_request_threaded_irq(&pdev->dev, edev->irqs[i], edgebert_irqs[i].handler,
						edgebert_irqs[i].thread,
						edgebert_irqs[i].thread ? IRQF_ONESHOT : 0,
						edgebert_irqs[i].name, edev);
		if (ret) {
			drm_err(&edev->drm, "interrupt %s: %d\n", edgebert_irqs[i].name, ret);
			return ret;
		}
	}
	return 0;
}

/* Returns when no handler is running any more. */
void edgebert_irq_sync(struct edgebert_device *edev)
{
	int i;

	for (i = 0; i < EDGEBERT_HW_IRQ_COUNT; i++)
		synchronize_irq(edev->irqs[i]);
}
