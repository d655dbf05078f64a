/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Attributes of the PCI device.
 */
#ifndef EDGEBERT_SYSFS_H
#define EDGEBERT_SYSFS_H

#include <linux/sysfs.h>

extern const struct attribute_group *edgebert_sysfs_groups[];

#endif /* EDGEBERT_SYSFS_H */
