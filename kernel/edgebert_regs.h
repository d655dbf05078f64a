/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Register accessors.
 *
 * Registers are named without their prefix, so that a reader of the code and of the
 * hardware reference sees the same words.
 */
#ifndef EDGEBERT_REGS_H
#define EDGEBERT_REGS_H

#include <linux/io.h>

#include "edgebert_device.h"

/* What reads return when nobody answers. */
#define EDGEBERT_ALL_ONES	(~0u)

#define edgebert_read(edev, name)		\
	edgebert_read_offset(edev, EDGEBERT_HW_REG_##name)
#define edgebert_write(edev, name, value)	\
	edgebert_write_offset(edev, EDGEBERT_HW_REG_##name, value)

static inline u32 edgebert_read_offset(struct edgebert_device *edev, u32 offset)
{
	return readl(edev->regs + offset);
}

static inline void edgebert_write_offset(struct edgebert_device *edev, u32 offset, u32 value)
{
	writel(value, edev->regs + offset);
}

/* A 64-bit register: reading the low half latches the high one. */
static inline u64 edgebert_read64_offset(struct edgebert_device *edev, u32 offset)
{
	u32 low = edgebert_read_offset(edev, offset);

	return low | (u64)edgebert_read_offset(edev, offset + 4) << 32;
}

#endif /* EDGEBERT_REGS_H */
