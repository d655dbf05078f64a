// SPDX-License-Identifier: GPL-2.0-only
/*
 * Arithmetic of operating points: which of a device's table meets a wish or a limit.
 */
#include <kunit/visibility.h>
#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/minmax.h>

#include "edgebert_device.h"
#include "edgebert_points.h"

unsigned long edgebert_points_hz(const struct edgebert_info *info, u32 point)
{
	return info->points[point].khz * 1000ul;
}

/* The highest point at or below a frequency, else the lowest. */
u32 edgebert_points_below(const struct edgebert_info *info, unsigned long hz)
{
	u32 point = info->point_count - 1;

	while (point && edgebert_points_hz(info, point) > hz)
		point--;
	return point;
}
EXPORT_SYMBOL_IF_KUNIT(edgebert_points_below);

/* The lowest point at or above a frequency, else the highest. */
u32 edgebert_points_above(const struct edgebert_info *info, unsigned long hz)
{
	u32 point = 0;

	while (point < info->point_count - 1 && edgebert_points_hz(info, point) < hz)
		point++;
	return point;
}
EXPORT_SYMBOL_IF_KUNIT(edgebert_points_above);

/*
 * Limits with no point in between leave the next lower one, as the upper limit is the one
 * that protects something.  The wish is met by the next point below or above it.
 */
struct edgebert_points_choice edgebert_points_choose(const struct edgebert_info *info,
						     unsigned long min_hz, unsigned long max_hz,
						     unsigned long wish_hz, bool at_most)
{
	struct edgebert_points_choice choice;

	choice.high = edgebert_points_below(info, max_hz);
	choice.low = min(edgebert_points_above(info, min_hz), choice.high);
	if (at_most)
		choice.point = edgebert_points_below(info, wish_hz);
	else
		choice.point = edgebert_points_above(info, wish_hz);
	choice.point = clamp(choice.point, choice.low, choice.high);
	return choice;
}
EXPORT_SYMBOL_IF_KUNIT(edgebert_points_choose);

/* A window as jobs have it, high << 8 | low; U32_MAX is the highest point there is. */
int edgebert_points_window(const struct edgebert_info *info, u32 low, u32 high, u16 *window)
{
	u32 highest = info->point_count - 1;

	if (high == U32_MAX)
		high = highest;
	if (high > highest || low > high)
		return -EINVAL;
	*window = high << 8 | low;
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(edgebert_points_window);
