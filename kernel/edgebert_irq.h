/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The device's four interrupts.
 */
#ifndef EDGEBERT_IRQ_H
#define EDGEBERT_IRQ_H

struct edgebert_device;

int edgebert_irq_init(struct edgebert_device *edev);
void edgebert_irq_sync(struct edgebert_device *edev);

#endif /* EDGEBERT_IRQ_H */
