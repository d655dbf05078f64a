/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Arithmetic of operating points: which of a device's table meets a wish or a limit.
 */
#ifndef EDGEBERT_POINTS_H
#define EDGEBERT_POINTS_H

#include <linux/types.h>

struct edgebert_info;

/**
 * struct edgebert_points_choice - what limits and a wish leave
 * @low: lowest point that jobs may have
 * @high: highest point that jobs may have, not below @low
 * @point: point of jobs that ask for none, within both
 */
struct edgebert_points_choice {
	u32 low;
	u32 high;
	u32 point;
};

unsigned long edgebert_points_hz(const struct edgebert_info *info, u32 point);
u32 edgebert_points_below(const struct edgebert_info *info, unsigned long hz);
u32 edgebert_points_above(const struct edgebert_info *info, unsigned long hz);
struct edgebert_points_choice edgebert_points_choose(const struct edgebert_info *info,
						     unsigned long min_hz, unsigned long max_hz,
						     unsigned long wish_hz, bool at_most);
int edgebert_points_window(const struct edgebert_info *info, u32 low, u32 high, u16 *window);

#endif /* EDGEBERT_POINTS_H */
