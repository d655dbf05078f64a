/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The announcement that the device is lost.
 */
#ifndef EDGEBERT_WEDGED_H
#define EDGEBERT_WEDGED_H

#include <linux/types.h>

struct edgebert_device;

void edgebert_wedged_init(struct edgebert_device *edev);
void edgebert_wedged_announce(struct edgebert_device *edev, bool answers);

#endif /* EDGEBERT_WEDGED_H */
