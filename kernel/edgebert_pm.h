/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sleep: of the idle device, and of the system.
 */
#ifndef EDGEBERT_PM_H
#define EDGEBERT_PM_H

#include <linux/pm.h>
#include <linux/types.h>

struct edgebert_device;

int edgebert_pm_get(struct edgebert_device *edev);
bool edgebert_pm_get_if_awake(struct edgebert_device *edev);
void edgebert_pm_put(struct edgebert_device *edev);
void edgebert_pm_enable(struct edgebert_device *edev);
void edgebert_pm_disable(struct edgebert_device *edev);

extern const struct dev_pm_ops edgebert_pm_ops;

#endif /* EDGEBERT_PM_H */
