// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operating points: what limits and wishes between, below and beyond those of the table give.
 */
#include "../edgebert_device.h"
#include "../edgebert_points.h"
#include "edgebert_kunit.h"

static const struct edgebert_info four = {
	.point_count = 4,
	.points = { { .khz = 100 }, { .khz = 200 }, { .khz = 300 }, { .khz = 400 } },
};

static const struct edgebert_info one = {
	.point_count = 1,
	.points = { { .khz = 100 } },
};

static void expect_choice(struct kunit *test, struct edgebert_points_choice choice, u32 low,
			  u32 high, u32 point)
{
	KUNIT_EXPECT_EQ(test, choice.low, low);
	KUNIT_EXPECT_EQ(test, choice.high, high);
	KUNIT_EXPECT_EQ(test, choice.point, point);
}

static void edgebert_points_nearest(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, edgebert_points_below(&four, 0), 0);
	KUNIT_EXPECT_EQ(test, edgebert_points_below(&four, 199999), 0);
	KUNIT_EXPECT_EQ(test, edgebert_points_below(&four, 200000), 1);
	KUNIT_EXPECT_EQ(test, edgebert_points_below(&four, 200001), 1);
	KUNIT_EXPECT_EQ(test, edgebert_points_below(&four, ULONG_MAX), 3);
	KUNIT_EXPECT_EQ(test, edgebert_points_above(&four, 0), 0);
	KUNIT_EXPECT_EQ(test, edgebert_points_above(&four, 199999), 1);
	KUNIT_EXPECT_EQ(test, edgebert_points_above(&four, 200000), 1);
	KUNIT_EXPECT_EQ(test, edgebert_points_above(&four, 200001), 2);
	KUNIT_EXPECT_EQ(test, edgebert_points_above(&four, ULONG_MAX), 3);
}

static void edgebert_points_limits(struct kunit *test)
{
	expect_choice(test, edgebert_points_choose(&four, 0, ULONG_MAX, ULONG_MAX, false), 0, 3, 3);
	expect_choice(test, edgebert_points_choose(&four, 200000, 300000, 400000, true), 1, 2, 2);
	/* The wish is held within the limits from both sides. */
	expect_choice(test, edgebert_points_choose(&four, 200000, 300000, 0, false), 1, 2, 1);
	/* Between points: inwards. */
	expect_choice(test, edgebert_points_choose(&four, 100001, 399999, 0, false), 1, 2, 1);
	/* Nothing in between, or contradictory: what protects something wins. */
	expect_choice(test, edgebert_points_choose(&four, 200001, 299999, 0, false), 1, 1, 1);
	expect_choice(test, edgebert_points_choose(&four, 400000, 100000, 400000, true), 0, 0, 0);
	expect_choice(test, edgebert_points_choose(&four, 0, 1, 400000, true), 0, 0, 0);
	expect_choice(test, edgebert_points_choose(&four, ULONG_MAX, ULONG_MAX, 0, false), 3, 3, 3);
}

static void edgebert_points_wish(struct kunit *test)
{
	expect_choice(test, edgebert_points_choose(&four, 0, ULONG_MAX, 250000, false), 0, 3, 2);
	expect_choice(test, edgebert_points_choose(&four, 0, ULONG_MAX, 250000, true), 0, 3, 1);
	expect_choice(test, edgebert_points_choose(&one, 0, ULONG_MAX, 1, true), 0, 0, 0);
	expect_choice(test, edgebert_points_choose(&one, ULONG_MAX, 0, 1, false), 0, 0, 0);
}

static void edgebert_points_windows(struct kunit *test)
{
	u16 window = 0xabcd;

	KUNIT_EXPECT_EQ(test, edgebert_points_window(&four, 1, 2, &window), 0);
	KUNIT_EXPECT_EQ(test, window, 0x0201);
	KUNIT_EXPECT_EQ(test, edgebert_points_window(&four, 3, U32_MAX, &window), 0);
	KUNIT_EXPECT_EQ(test, window, 0x0303);
	/* What is refused changes nothing. */
	KUNIT_EXPECT_EQ(test, edgebert_points_window(&four, 2, 1, &window), -EINVAL);
	KUNIT_EXPECT_EQ(test, edgebert_points_window(&four, 0, 4, &window), -EINVAL);
	KUNIT_EXPECT_EQ(test, edgebert_points_window(&four, 0, 0x100, &window), -EINVAL);
	KUNIT_EXPECT_EQ(test, edgebert_points_window(&four, 4, U32_MAX, &window), -EINVAL);
	KUNIT_EXPECT_EQ(test, edgebert_points_window(&four, U32_MAX, U32_MAX, &window), -EINVAL);
	KUNIT_EXPECT_EQ(test, window, 0x0303);
}

static struct kunit_case edgebert_points_cases[] = {
	KUNIT_CASE(edgebert_points_nearest),
	KUNIT_CASE(edgebert_points_limits),
	KUNIT_CASE(edgebert_points_wish),
	KUNIT_CASE(edgebert_points_windows),
	{ }
};

struct kunit_suite edgebert_points_suite = {
	.name = "edgebert_points",
	.test_cases = edgebert_points_cases,
};
