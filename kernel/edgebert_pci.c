// SPDX-License-Identifier: GPL-2.0-only
/*
 * The PCI function: probe and remove, in the order that keeps DMA and interrupts within
 * the life of what they use.
 */
#include <linux/dma-mapping.h>
#include <linux/module.h>
#include <linux/pci.h>

#include <drm/drm_accel.h>
#include <drm/drm_drv.h>
#include <drm/drm_managed.h>
#include <drm/drm_print.h>

#include "edgebert_context.h"
#include "edgebert_core.h"
#include "edgebert_debugfs.h"
#include "edgebert_devfreq.h"
#include "edgebert_device.h"
#include "edgebert_drv.h"
#include "edgebert_envm_mtd.h"
#include "edgebert_envm_slot.h"
#include "edgebert_dvfs.h"
#include "edgebert_irq.h"
#include "edgebert_pm.h"
#include "edgebert_recovery.h"
#include "edgebert_regs.h"
#include "edgebert_ring.h"
#include "edgebert_sched.h"
#include "edgebert_sysfs.h"
#include "edgebert_vm.h"

/* What page table entries can hold. */
#define EDGEBERT_DMA_BITS	52

static int edgebert_pci_init(struct edgebert_device *edev, struct pci_dev *pdev)
{
	int ret;

	ret = pcim_enable_device(pdev);
	if (ret)
		return ret;
	if (pci_resource_len(pdev, EDGEBERT_HW_BAR_REGISTERS) < EDGEBERT_HW_BAR_REGISTERS_SIZE) {
		drm_err(&edev->drm, "register window is too small\n");
		return -ENODEV;
	}
	edev->regs = pcim_iomap_region(pdev, EDGEBERT_HW_BAR_REGISTERS, "edgebert");
	if (IS_ERR(edev->regs))
		return PTR_ERR(edev->regs);
	ret = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(EDGEBERT_DMA_BITS));
	if (ret)
		return ret;
	dma_set_max_seg_size(&pdev->dev, UINT_MAX);
	return edgebert_core_identify(edev);
}

/* Memory and locks; the device is not told anything yet. */
static int edgebert_pci_alloc(struct edgebert_device *edev)
{
	int ret;

	INIT_LIST_HEAD(&edev->contexts);
	INIT_LIST_HEAD(&edev->vms);
	init_waitqueue_head(&edev->jobs_wait);
	init_completion(&edev->stopped);
	ret = drmm_mutex_init(&edev->drm, &edev->lists_lock);
	if (ret)
		return ret;
	ret = edgebert_core_init(edev);
	if (ret)
		return ret;
	ret = edgebert_dvfs_init(edev);
	if (ret)
		return ret;
	ret = edgebert_ring_init(edev);
	if (ret)
		return ret;
	ret = edgebert_envm_init(edev);
	if (ret)
		return ret;
	/* After the rings, so that it goes before them. */
	return edgebert_irq_init(edev);
}

/* From a device in any state to one that fetches jobs. */
static int edgebert_pci_start(struct edgebert_device *edev, struct pci_dev *pdev)
{
	int ret;

	ret = edgebert_core_reset(edev);
	if (ret) {
		drm_err(&edev->drm, "device does not reset: %d\n", ret);
		return ret;
	}
	/* No DMA before this. */
	pci_set_master(pdev);
	edgebert_ring_restart(edev);
	ret = edgebert_core_start(edev);
	if (ret)
		pci_clear_master(pdev);
	return ret;
}

/* Ends all DMA; the driver's memory may be freed afterwards. */
static void edgebert_pci_stop(struct edgebert_device *edev, struct pci_dev *pdev)
{
	if (!edgebert_is_lost(edev) && edgebert_core_stop(edev) && edgebert_core_reset(edev))
		drm_err(&edev->drm, "device does not stop, cutting it off\n");
	pci_clear_master(pdev);
	edgebert_irq_sync(edev);
	complete_all(&edev->stopped);
}

static int edgebert_pci_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct edgebert_device *edev;
	int ret;

	edev = devm_drm_dev_alloc(&pdev->dev, &edgebert_drm_driver, struct edgebert_device, drm);
	if (IS_ERR(edev))
		return PTR_ERR(edev);
	pci_set_drvdata(pdev, edev);

	ret = edgebert_pci_init(edev, pdev);
	if (ret)
		return ret;
	ret = edgebert_pci_alloc(edev);
	if (ret)
		return ret;
	ret = edgebert_recovery_init(edev);
	if (ret)
		return ret;
	ret = edgebert_sched_init(edev);
	if (ret)
		goto err_recovery;
	ret = edgebert_pci_start(edev, pdev);
	if (ret)
		goto err_sched;
	edgebert_envm_find_active(edev);
	ret = edgebert_devfreq_init(edev);
	if (ret)
		goto err_stop;
	ret = edgebert_thermal_init(edev);
	if (ret)
		goto err_devfreq;
	ret = edgebert_hwmon_init(edev);
	if (ret)
		goto err_thermal;
	edgebert_debugfs_init(edev);
	ret = drm_dev_register(&edev->drm, 0);
	if (ret)
		goto err_thermal;
	edgebert_pm_enable(edev);
	edgebert_envm_mtd_register(edev);

	drm_info(&edev->drm, "hardware %u.%u, profile %.16s, %u operating points up to %u MHz\n",
		 edev->info.version >> 16, edev->info.version & 0xffff, edev->info.profile,
		 edev->info.point_count, edev->info.points[edev->info.point_count - 1].khz / 1000);
	return 0;

err_thermal:
	edgebert_thermal_fini(edev);
err_devfreq:
	edgebert_devfreq_fini(edev);
err_stop:
	edgebert_pci_stop(edev, pdev);
err_sched:
	edgebert_dvfs_fini(edev);
	edgebert_sched_fini(edev);
err_recovery:
	edgebert_recovery_fini(edev);
	return ret;
}

/*
 * Also called when the device is gone already, and with files open and jobs running.
 * After drm_dev_unplug() no ioctl is inside the driver, except those that wait for jobs.
 */
static void edgebert_pci_remove(struct pci_dev *pdev)
{
	struct edgebert_device *edev = pci_get_drvdata(pdev);

	edgebert_envm_mtd_unregister(edev);
	edgebert_pm_disable(edev);
	drm_dev_unplug(&edev->drm);
	edgebert_thermal_fini(edev);
	edgebert_devfreq_fini(edev);
	edgebert_pci_stop(edev, pdev);
	/* What has completed has; the rest will not. */
	edgebert_ring_poll(edev);
	edgebert_recovery_fail_jobs(edev);
	edgebert_contexts_stop_all(edev);
	edgebert_sched_fini(edev);
	edgebert_recovery_fini(edev);
	edgebert_dvfs_fini(edev);
	edgebert_vm_revoke_all(edev);
}

static void edgebert_pci_shutdown(struct pci_dev *pdev)
{
	edgebert_pci_stop(pci_get_drvdata(pdev), pdev);
}

static void edgebert_pci_reset_prepare(struct pci_dev *pdev)
{
	edgebert_recovery_before_flr(pci_get_drvdata(pdev));
}

static void edgebert_pci_reset_done(struct pci_dev *pdev)
{
	edgebert_recovery_after_flr(pci_get_drvdata(pdev));
}

static const struct pci_error_handlers edgebert_pci_error_handlers = {
	.reset_prepare = edgebert_pci_reset_prepare,
	.reset_done = edgebert_pci_reset_done,
};

static const struct pci_device_id edgebert_pci_ids[] = {
	{ PCI_DEVICE(EDGEBERT_HW_PCI_VENDOR, EDGEBERT_HW_PCI_DEVICE) },
	{ }
};
MODULE_DEVICE_TABLE(pci, edgebert_pci_ids);

static struct pci_driver edgebert_pci_driver = {
	.name = "edgebert",
	.id_table = edgebert_pci_ids,
	.probe = edgebert_pci_probe,
	.remove = edgebert_pci_remove,
	.shutdown = edgebert_pci_shutdown,
	.err_handler = &edgebert_pci_error_handlers,
	.dev_groups = edgebert_sysfs_groups,
	.driver.pm = pm_ptr(&edgebert_pm_ops),
};

static int __init edgebert_init(void)
{
	int ret;

	ret = edgebert_devfreq_register_governor();
	if (ret)
		return ret;
	ret = pci_register_driver(&edgebert_pci_driver);
	if (ret)
		edgebert_devfreq_unregister_governor();
	return ret;
}
module_init(edgebert_init);

static void __exit edgebert_exit(void)
{
	pci_unregister_driver(&edgebert_pci_driver);
	edgebert_devfreq_unregister_governor();
}
module_exit(edgebert_exit);

MODULE_AUTHOR("EdgeBERT developers");
MODULE_DESCRIPTION("EdgeBERT inference accelerator");
MODULE_LICENSE("GPL");
