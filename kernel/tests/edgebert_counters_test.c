// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the results of jobs add up to, and when a context is banned.
 */
#include "../edgebert_counters.h"
#include "edgebert_kunit.h"

static void add_error(struct edgebert_counters *counters, int error)
{
	struct drm_edgebert_result result = { .error = error };

	edgebert_counters_add(counters, &result);
}

static void edgebert_counters_errors(struct kunit *test)
{
	struct edgebert_counters counters = { };

	add_error(&counters, 0);
	add_error(&counters, -EIO);
	add_error(&counters, -EIO);
	add_error(&counters, -ETIMEDOUT);
	add_error(&counters, -ETIME);
	add_error(&counters, -ECANCELED);
	add_error(&counters, -ENODEV);
	KUNIT_EXPECT_EQ(test, counters.sums.completed, 1);
	KUNIT_EXPECT_EQ(test, counters.sums.faults, 2);
	KUNIT_EXPECT_EQ(test, counters.sums.stopped, 1);
	KUNIT_EXPECT_EQ(test, counters.sums.deadline_misses, 1);
	KUNIT_EXPECT_EQ(test, counters.sums.cancelled, 4);
}

static void edgebert_counters_exit_layers(struct kunit *test)
{
	struct drm_edgebert_result result = { };
	struct edgebert_counters counters = { };
	int i;

	/* No exit, the first, the last, and what no device should say. */
	result.exit_layer = 0;
	edgebert_counters_add(&counters, &result);
	result.exit_layer = 1;
	edgebert_counters_add(&counters, &result);
	result.exit_layer = ARRAY_SIZE(counters.sums.exits);
	edgebert_counters_add(&counters, &result);
	edgebert_counters_add(&counters, &result);
	result.exit_layer = ARRAY_SIZE(counters.sums.exits) + 1;
	edgebert_counters_add(&counters, &result);
	result.exit_layer = U8_MAX;
	edgebert_counters_add(&counters, &result);
	KUNIT_EXPECT_EQ(test, counters.sums.exits[0], 1);
	for (i = 1; i < ARRAY_SIZE(counters.sums.exits) - 1; i++)
		KUNIT_EXPECT_EQ(test, counters.sums.exits[i], 0);
	KUNIT_EXPECT_EQ(test, counters.sums.exits[i], 2);
}

static void edgebert_counters_queue_time(struct kunit *test)
{
	struct drm_edgebert_result result = { .queued_ns = 100, .started_ns = 130 };
	struct edgebert_counters counters = { };

	edgebert_counters_add(&counters, &result);
	/* Never given to the device. */
	result.started_ns = 0;
	edgebert_counters_add(&counters, &result);
	KUNIT_EXPECT_EQ(test, counters.sums.queue_ns, 30);
}

static void edgebert_counters_ban(struct kunit *test)
{
	struct edgebert_counters counters = { };

	add_error(&counters, -ETIMEDOUT);
	add_error(&counters, -ETIMEDOUT);
	KUNIT_EXPECT_FALSE(test, edgebert_counters_banned(&counters));
	/* One that ends by itself lifts the threat, well or not; one that never ran does not. */
	add_error(&counters, -EIO);
	add_error(&counters, -ETIMEDOUT);
	add_error(&counters, -ETIMEDOUT);
	KUNIT_EXPECT_FALSE(test, edgebert_counters_banned(&counters));
	add_error(&counters, -ECANCELED);
	KUNIT_EXPECT_FALSE(test, edgebert_counters_banned(&counters));
	add_error(&counters, -ETIMEDOUT);
	KUNIT_EXPECT_TRUE(test, edgebert_counters_banned(&counters));
}

static struct kunit_case edgebert_counters_cases[] = {
	KUNIT_CASE(edgebert_counters_errors),
	KUNIT_CASE(edgebert_counters_exit_layers),
	KUNIT_CASE(edgebert_counters_queue_time),
	KUNIT_CASE(edgebert_counters_ban),
	{ }
};

struct kunit_suite edgebert_counters_suite = {
	.name = "edgebert_counters",
	.test_cases = edgebert_counters_cases,
};
