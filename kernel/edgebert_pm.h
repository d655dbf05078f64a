/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * System sleep.
 */
#ifndef EDGEBERT_PM_H
#define EDGEBERT_PM_H

#include <linux/pm.h>

extern const struct dev_pm_ops edgebert_pm_ops;

#endif /* EDGEBERT_PM_H */
