// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ring arithmetic: where jobs and records go, also when the counters wrap, and what records mean.
 */
#include "../edgebert_job.h"
#include "../edgebert_ring.h"
#include "edgebert_kunit.h"

static int edgebert_ring_test_init(struct kunit *test)
{
	struct edgebert_ring *ring = kunit_kzalloc(test, sizeof(*ring), GFP_KERNEL);

	if (!ring)
		return -ENOMEM;
	ring->submit = kunit_kcalloc(test, EDGEBERT_RING_ENTRIES, sizeof(*ring->submit),
				     GFP_KERNEL);
	ring->complete = kunit_kcalloc(test, EDGEBERT_RING_ENTRIES, sizeof(*ring->complete),
				       GFP_KERNEL);
	if (!ring->submit || !ring->complete)
		return -ENOMEM;
	ring->next_cookie = 1;
	test->priv = ring;
	return 0;
}

/* As many jobs as fit: each has a place of its own in both, and the next takes the first. */
static void fill(struct kunit *test, struct edgebert_ring *ring)
{
	struct edgebert_job *jobs = kunit_kcalloc(test, EDGEBERT_RING_ENTRIES + 1, sizeof(*jobs),
						  GFP_KERNEL);
	u64 first = ring->next_cookie;
	u32 tail = ring->tail, i;

	KUNIT_ASSERT_NOT_NULL(test, jobs);
	for (i = 0; i < EDGEBERT_RING_ENTRIES; i++) {
		jobs[i].desc.stream_address = cpu_to_le32(i);
		edgebert_ring_write(ring, &jobs[i]);
		KUNIT_EXPECT_EQ(test, jobs[i].cookie, first + i);
	}
	KUNIT_EXPECT_EQ(test, ring->tail, tail + EDGEBERT_RING_ENTRIES);
	for (i = 0; i < EDGEBERT_RING_ENTRIES; i++) {
		u32 place = (tail + i) % EDGEBERT_RING_ENTRIES;

		KUNIT_EXPECT_EQ(test, le32_to_cpu(ring->submit[place].stream_address), i);
		KUNIT_EXPECT_EQ(test, le64_to_cpu(ring->submit[place].cookie), first + i);
		KUNIT_EXPECT_PTR_EQ(test, ring->slots[(first + i) % EDGEBERT_RING_ENTRIES],
				    &jobs[i]);
	}
	edgebert_ring_write(ring, &jobs[i]);
	KUNIT_EXPECT_PTR_EQ(test, ring->slots[first % EDGEBERT_RING_ENTRIES], &jobs[i]);
	KUNIT_EXPECT_EQ(test, le64_to_cpu(ring->submit[tail % EDGEBERT_RING_ENTRIES].cookie),
			first + EDGEBERT_RING_ENTRIES);
}

static void edgebert_ring_fill(struct kunit *test)
{
	fill(test, test->priv);
}

static void edgebert_ring_fill_wrapping(struct kunit *test)
{
	struct edgebert_ring *ring = test->priv;

	/* In the middle of the ring; cookies do not wrap before the machine is scrap. */
	ring->tail = U32_MAX - 5;
	ring->next_cookie = U32_MAX - 17ull;
	fill(test, ring);
}

/* The device writes a record; false: the driver takes none, or another one. */
static bool passes(struct edgebert_ring *ring, u32 sequence)
{
	struct edgebert_hw_completion *place, record = { };
	u32 before = ring->completed;

	place = &ring->complete[(sequence - 1) % EDGEBERT_RING_ENTRIES];
	place->cookie = cpu_to_le64(sequence);
	place->sequence = cpu_to_le32(sequence);
	return edgebert_ring_next(ring, &record) && le64_to_cpu(record.cookie) == sequence &&
	       ring->completed == before + 1;
}

static void edgebert_ring_records(struct kunit *test)
{
	struct edgebert_ring *ring = test->priv;
	struct edgebert_hw_completion record;
	u32 i;

	/* Empty, and each one once, for several rounds and over the end of the counter. */
	ring->completed = -2 * EDGEBERT_RING_ENTRIES;
	KUNIT_EXPECT_FALSE(test, edgebert_ring_next(ring, &record));
	for (i = 0; i < 4 * EDGEBERT_RING_ENTRIES; i++) {
		KUNIT_EXPECT_TRUE(test, passes(ring, ring->completed + 1));
		KUNIT_EXPECT_FALSE(test, edgebert_ring_next(ring, &record));
	}
	KUNIT_EXPECT_EQ(test, ring->completed, 2 * EDGEBERT_RING_ENTRIES);
}

/* Old ones, and those that skip some, are none. */
static void edgebert_ring_wrong_records(struct kunit *test)
{
	struct edgebert_ring *ring = test->priv;

	KUNIT_EXPECT_TRUE(test, passes(ring, 1));
	KUNIT_EXPECT_FALSE(test, passes(ring, 1));
	KUNIT_EXPECT_FALSE(test, passes(ring, 3));
	KUNIT_EXPECT_FALSE(test, passes(ring, 2 + EDGEBERT_RING_ENTRIES));
	KUNIT_EXPECT_EQ(test, ring->completed, 1);
	/* That took the right one's place; it comes, and the one that was early is next. */
	KUNIT_EXPECT_TRUE(test, passes(ring, 2));
	KUNIT_EXPECT_TRUE(test, passes(ring, 3));
}

static void edgebert_ring_times(struct kunit *test)
{
	struct edgebert_hw_completion record = {
		.start_ns = cpu_to_le64(100),
		.end_ns = cpu_to_le64(150),
	};

	KUNIT_EXPECT_EQ(test, edgebert_ring_busy_ns(&record, 1000), 50);
	/* No more than has passed here, and nothing for a clock that runs backwards. */
	KUNIT_EXPECT_EQ(test, edgebert_ring_busy_ns(&record, 20), 20);
	record.end_ns = record.start_ns;
	KUNIT_EXPECT_EQ(test, edgebert_ring_busy_ns(&record, 1000), 0);
	record.end_ns = cpu_to_le64(99);
	KUNIT_EXPECT_EQ(test, edgebert_ring_busy_ns(&record, 1000), 0);
	record.end_ns = cpu_to_le64(U64_MAX);
	KUNIT_EXPECT_EQ(test, edgebert_ring_busy_ns(&record, 1000), 1000);
}

static void edgebert_ring_errors(struct kunit *test)
{
	struct edgebert_job *job = kunit_kzalloc(test, sizeof(*job), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, job);
	KUNIT_EXPECT_EQ(test, edgebert_ring_error(job, EDGEBERT_HW_OK), 0);
	KUNIT_EXPECT_EQ(test, edgebert_ring_error(job, EDGEBERT_HW_ABORTED), -ECANCELED);
	KUNIT_EXPECT_EQ(test, edgebert_ring_error(job, U16_MAX), -EIO);
	/* Aborted because it was too slow; one that made it all the same has not failed. */
	job->timed_out = true;
	KUNIT_EXPECT_EQ(test, edgebert_ring_error(job, EDGEBERT_HW_ABORTED), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, edgebert_ring_error(job, EDGEBERT_HW_OK), 0);
}

static struct kunit_case edgebert_ring_cases[] = {
	KUNIT_CASE(edgebert_ring_fill),
	KUNIT_CASE(edgebert_ring_fill_wrapping),
	KUNIT_CASE(edgebert_ring_records),
	KUNIT_CASE(edgebert_ring_wrong_records),
	KUNIT_CASE(edgebert_ring_times),
	KUNIT_CASE(edgebert_ring_errors),
	{ }
};

struct kunit_suite edgebert_ring_suite = {
	.name = "edgebert_ring",
	.init = edgebert_ring_test_init,
	.test_cases = edgebert_ring_cases,
};
