// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ring of result records of a context: what is kept, replaced and completed.
 */
#include <linux/slab.h>

#include "../edgebert_result.h"
#include "edgebert_kunit.h"

static void add_record(struct kunit *test, struct edgebert_results *results, u64 sequence)
{
	struct edgebert_record *record = kzalloc(sizeof(*record), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, record);
	record->result.sequence = sequence;
	edgebert_results_add(results, record);
}

static int edgebert_results_test_init(struct kunit *test)
{
	struct edgebert_results *results = kunit_kzalloc(test, sizeof(*results), GFP_KERNEL);

	if (!results)
		return -ENOMEM;
	edgebert_results_init(results);
	test->priv = results;
	return 0;
}

static void edgebert_results_test_exit(struct kunit *test)
{
	if (test->priv)
		edgebert_results_fini(test->priv);
}

/* A job is completed once; what comes for it later, or for one that is unknown, changes nothing. */
static void edgebert_results_end_once(struct kunit *test)
{
	struct edgebert_hw_completion completion = { .cycles = cpu_to_le64(5) };
	struct edgebert_results *results = test->priv;
	struct drm_edgebert_counters counters;

	add_record(test, results, 1);
	edgebert_results_end(results, 1, 10, 20, &completion, 0);
	edgebert_results_end(results, 1, 10, 20, &completion, 0);
	edgebert_results_end(results, 1, 10, 20, NULL, -ENODEV);
	edgebert_results_end(results, 2, 10, 20, &completion, 0);
	edgebert_results_counters(results, &counters);
	KUNIT_EXPECT_EQ(test, counters.submitted, 1);
	KUNIT_EXPECT_EQ(test, counters.completed, 1);
	KUNIT_EXPECT_EQ(test, counters.cancelled, 0);
	KUNIT_EXPECT_EQ(test, counters.cycles, 5);
}

/* The ring comes round: numbers that share a slot are not mistaken for each other. */
static void edgebert_results_wrap(struct kunit *test)
{
	const u64 base = U32_MAX - 5ull;
	struct edgebert_results *results = test->priv;
	struct drm_edgebert_counters counters;
	u64 i;

	for (i = 0; i < 2 * EDGEBERT_RESULT_SLOTS; i++)
		add_record(test, results, base + i);
	/* Replaced: the first half is forgotten. */
	for (i = 0; i < EDGEBERT_RESULT_SLOTS; i++)
		edgebert_results_end(results, base + i, 1, 2, NULL, -ECANCELED);
	edgebert_results_counters(results, &counters);
	KUNIT_EXPECT_EQ(test, counters.cancelled, 0);
	for (; i < 2 * EDGEBERT_RESULT_SLOTS; i++)
		edgebert_results_end(results, base + i, 1, 2, NULL, -ECANCELED);
	edgebert_results_counters(results, &counters);
	KUNIT_EXPECT_EQ(test, counters.cancelled, EDGEBERT_RESULT_SLOTS);
	KUNIT_EXPECT_EQ(test, counters.submitted, 2 * EDGEBERT_RESULT_SLOTS);
}

/* Each field comes from its own place: all bytes of the record differ. */
static void edgebert_results_decode(struct kunit *test)
{
	struct edgebert_hw_completion *completion;
	struct drm_edgebert_result *result;
	int i;

	completion = kunit_kzalloc(test, sizeof(*completion), GFP_KERNEL);
	result = kunit_kzalloc(test, sizeof(*result), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, completion);
	KUNIT_ASSERT_NOT_NULL(test, result);
	for (i = 0; i < sizeof(*completion); i++)
		((u8 *)completion)[i] = i + 1;
	result->sequence = 7;
	result->queued_ns = 8;
	edgebert_result_fill(result, completion);
	KUNIT_EXPECT_EQ(test, result->exit_layer, completion->exit_layer);
	KUNIT_EXPECT_EQ(test, result->predicted_layer, completion->predicted_layer);
	KUNIT_EXPECT_EQ(test, result->label, completion->label);
	KUNIT_EXPECT_EQ(test, result->operating_point, completion->operating_point);
	KUNIT_EXPECT_EQ(test, result->layers_assessed, completion->layers_assessed);
	KUNIT_EXPECT_EQ(test, result->throttled, completion->throttled);
	KUNIT_EXPECT_EQ(test, result->transitions, completion->transitions);
	KUNIT_EXPECT_EQ(test, result->status, le16_to_cpu(completion->status));
	KUNIT_EXPECT_EQ(test, result->fault_command, le32_to_cpu(completion->fault_command));
	KUNIT_EXPECT_EQ(test, result->fault_address, le32_to_cpu(completion->fault_address));
	KUNIT_EXPECT_EQ(test, result->cycles, le64_to_cpu(completion->cycles));
	KUNIT_EXPECT_EQ(test, result->time_ns, le64_to_cpu(completion->time_ns));
	KUNIT_EXPECT_EQ(test, result->energy_pj, le64_to_cpu(completion->energy_pj));
	for (i = 0; i < EDGEBERT_HW_BLOCK_COUNT; i++)
		KUNIT_EXPECT_EQ(test, result->block_energy_pj[i],
				le64_to_cpu(completion->block_energy_pj[i]));
	for (i = 0; i < EDGEBERT_HW_LAYERS_MAX; i++)
		KUNIT_EXPECT_EQ(test, result->entropies[i], le16_to_cpu(completion->entropies[i]));
	/* The kernel's own knowledge is not the device's to change. */
	KUNIT_EXPECT_EQ(test, result->sequence, 7);
	KUNIT_EXPECT_EQ(test, result->queued_ns, 8);
	KUNIT_EXPECT_EQ(test, result->error, 0);
	KUNIT_EXPECT_EQ(test, result->started_ns, 0);
	KUNIT_EXPECT_EQ(test, result->ended_ns, 0);
}

static struct kunit_case edgebert_results_cases[] = {
	KUNIT_CASE(edgebert_results_decode),
	KUNIT_CASE(edgebert_results_end_once),
	KUNIT_CASE(edgebert_results_wrap),
	{ }
};

struct kunit_suite edgebert_results_suite = {
	.name = "edgebert_results",
	.init = edgebert_results_test_init,
	.exit = edgebert_results_test_exit,
	.test_cases = edgebert_results_cases,
};
