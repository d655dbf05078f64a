// SPDX-License-Identifier: MIT
/*
 * The exit policies on the tiny model and the reference backend, each against what its
 * definition says, computed here from a run through all layers.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/engine.h"
#include "tests/unit/lib/tiny_engine.h"

#define SENTENCES 60
#define LATENCY_US 150

static struct eb_result full[SENTENCES];

static int setup(void **state)
{
	const struct eb_engine_options options = tiny_options(EB_POLICY_FULL, 0);
	struct eb_engine *engine;

	(void)state;
	tiny_open(&tiny, NULL);
	engine = tiny_engine(&tiny, &options);
	for (uint32_t i = 0; i < SENTENCES; i++)
		full[i] = tiny_run(engine, i);
	eb_engine_unref(engine);
	return 0;
}

static bool passes(float entropy, float threshold)
{
	return entropy <= floorf(threshold * 1024) / 1024;
}

/* First layer that passes, or the last. */
static uint32_t first_passing(const struct eb_result *result, float threshold)
{
	for (uint32_t layer = 1; layer < TINY_LAYERS; layer++) {
		if (passes(result->entropies[layer - 1], threshold))
			return layer;
	}
	return TINY_LAYERS;
}

/* ---- full ---- */

static void full_runs_and_assesses_every_layer(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < SENTENCES; i++) {
		assert_int_equal(full[i].exit_layer, TINY_LAYERS);
		assert_int_equal(full[i].layers_assessed, TINY_LAYERS);
		assert_int_equal(full[i].predicted_layer, 0);
		assert_int_equal(full[i].target_latency_ns, 0);
		assert_int_equal(full[i].deadline_missed, 0);
		for (uint32_t layer = 0; layer < TINY_LAYERS; layer++)
			assert_true(full[i].entropies[layer] >= 0 &&
				    full[i].entropies[layer] < 0.75f);
		for (uint32_t layer = TINY_LAYERS; layer < EB_LAYERS_MAX; layer++)
			assert_true(full[i].entropies[layer] == EB_ENTROPY_NOT_ASSESSED);
		assert_true(full[i].modelled_cycles > 0 && full[i].modelled_energy_pj > 0);
		assert_true(full[i].modelled_latency_ns > 0 && full[i].host_ns > 0);
	}
}

static void label_and_scores_follow_from_logits(void **state)
{
	uint32_t labels[TINY_CLASSES] = { 0 };

	(void)state;
	for (uint32_t i = 0; i < SENTENCES; i++) {
		const struct eb_result *r = &full[i];
		double a = exp(r->logits[0]), b = exp(r->logits[1]);

		assert_int_equal(r->class_count, TINY_CLASSES);
		assert_int_equal(r->label, r->logits[1] > r->logits[0]);
		assert_true(fabs(r->scores[0] - a / (a + b)) < 1e-5);
		assert_true(fabs(r->scores[1] - b / (a + b)) < 1e-5);
		assert_true(r->scores[2] == 0);
		labels[r->label]++;
	}
	/* A model that always says the same would hide mistakes. */
	assert_true(labels[0] > 3 && labels[1] > 3);
}

static void full_runs_at_the_chosen_point(void **state)
{
	struct eb_engine_options options = tiny_options(EB_POLICY_FULL, 0);
	struct eb_device_info info = { .size = sizeof(info) };

	(void)state;
	assert_int_equal(eb_device_get_info(tiny.device, &info), EB_OK);
	for (int point = 0; point < (int)info.operating_point_count; point += 5) {
		struct eb_engine *engine;
		struct eb_result result;

		options.operating_point = point;
		engine = tiny_engine(&tiny, &options);
		result = tiny_run(engine, 3);
		assert_int_equal(result.operating_point, point);
		assert_int_equal(result.millivolt, info.operating_points[point].millivolt);
		assert_int_equal(result.mhz, (info.operating_points[point].khz + 500) / 1000);
		assert_int_equal(result.modelled_cycles, full[3].modelled_cycles);
		assert_memory_equal(result.logits, full[3].logits, sizeof(result.logits));
		if (point + 1u < info.operating_point_count)
			assert_true(result.modelled_latency_ns > full[3].modelled_latency_ns);
		eb_engine_unref(engine);
	}
	assert_int_equal(full[3].operating_point, info.operating_point_count - 1);
}

/* ---- entropy ---- */

static void entropy_exits_at_the_first_layer_that_passes(void **state)
{
	static const float thresholds[] = { 0, 0.2f, 0.35f, 0.45f, 0.6f, 5 };
	uint32_t exits[TINY_LAYERS + 1] = { 0 };

	(void)state;
	for (size_t t = 0; t < sizeof(thresholds) / sizeof(thresholds[0]); t++) {
		struct eb_engine_options options = tiny_options(EB_POLICY_ENTROPY, 0);
		struct eb_engine *engine;

		options.entropy_threshold = thresholds[t];
		engine = tiny_engine(&tiny, &options);
		for (uint32_t i = 0; i < SENTENCES; i++) {
			struct eb_result result = tiny_run(engine, i);

			assert_int_equal(result.exit_layer,
					 first_passing(&full[i], thresholds[t]));
			assert_int_equal(result.layers_assessed, result.exit_layer);
			assert_memory_equal(result.entropies, full[i].entropies,
					    result.exit_layer * sizeof(float));
			assert_true(result.modelled_cycles <= full[i].modelled_cycles);
			exits[result.exit_layer]++;
		}
		eb_engine_unref(engine);
	}
	for (uint32_t layer = 1; layer <= TINY_LAYERS; layer++)
		assert_true(exits[layer] > 0);
}

static void threshold_is_inclusive(void **state)
{
	struct eb_engine_options options = tiny_options(EB_POLICY_ENTROPY, 0);
	struct eb_engine *engine;

	(void)state;
	/* Exactly the entropy of layer 1, then one step of Q6.10 below. */
	options.entropy_threshold = full[0].entropies[0];
	engine = tiny_engine(&tiny, &options);
	assert_int_equal(tiny_run(engine, 0).exit_layer, 1);
	eb_engine_unref(engine);
	options.entropy_threshold = full[0].entropies[0] - 1.0f / 1024;
	engine = tiny_engine(&tiny, &options);
	assert_true(tiny_run(engine, 0).exit_layer > 1);
	eb_engine_unref(engine);
}

static void negative_threshold_means_the_models_own(void **state)
{
	struct eb_engine_options options = tiny_options(EB_POLICY_ENTROPY, 0);
	struct eb_engine *engine;

	(void)state;
	options.entropy_threshold = -1;
	engine = tiny_engine(&tiny, &options);
	for (uint32_t i = 0; i < SENTENCES; i++)
		assert_int_equal(tiny_run(engine, i).exit_layer,
				 first_passing(&full[i], 300.0f / 1024));
	eb_engine_unref(engine);
}

/* ---- latency ---- */

/* Algorithm 2, from the entropies of the full run. */
static void check_latency_result(const struct eb_result *result, const struct eb_result *whole,
				 float threshold)
{
	const int16_t limit = (int16_t)floorf(threshold * 1024);
	uint32_t expected = first_passing(whole, threshold), predicted;

	if (expected == 1) {
		assert_int_equal(result->exit_layer, 1);
		assert_int_equal(result->predicted_layer, 1);
		return;
	}
	predicted = eb_exit_predict(&tiny.model->predictor,
				    (int32_t)(whole->entropies[0] * 1024), limit);
	assert_int_equal(result->predicted_layer, predicted);
	assert_int_equal(result->exit_layer, expected < predicted ? expected : predicted);
	assert_memory_equal(result->entropies, whole->entropies,
			    result->exit_layer * sizeof(float));
	for (uint32_t layer = result->exit_layer; layer < EB_LAYERS_MAX; layer++)
		assert_true(result->entropies[layer] == EB_ENTROPY_NOT_ASSESSED);
}

static void latency_predicts_then_exits_there_or_before(void **state)
{
	static const float thresholds[] = { 0.05f, 0.25f, 0.45f };
	uint32_t predicted[TINY_LAYERS + 1] = { 0 }, early = 0;

	(void)state;
	for (size_t t = 0; t < sizeof(thresholds) / sizeof(thresholds[0]); t++) {
		struct eb_engine_options options = tiny_options(EB_POLICY_LATENCY, LATENCY_US);
		struct eb_engine *engine;

		options.entropy_threshold = thresholds[t];
		engine = tiny_engine(&tiny, &options);
		for (uint32_t i = 0; i < SENTENCES; i++) {
			struct eb_result result = tiny_run(engine, i);

			check_latency_result(&result, &full[i], thresholds[t]);
			predicted[result.predicted_layer]++;
			early += result.exit_layer < result.predicted_layer;
		}
		eb_engine_unref(engine);
	}
	assert_true(predicted[1] && predicted[2] && predicted[3] && predicted[4] && early);
}

static void latency_gives_the_same_logits_as_the_layer_in_one_job(void **state)
{
	struct eb_engine_options options = tiny_options(EB_POLICY_LATENCY, LATENCY_US);
	struct eb_engine *latency = tiny_engine(&tiny, &options), *entropy;
	uint32_t compared = 0;

	(void)state;
	options = tiny_options(EB_POLICY_ENTROPY, 0);
	entropy = tiny_engine(&tiny, &options);
	for (uint32_t i = 0; i < SENTENCES; i++) {
		struct eb_result two = tiny_run(latency, i), one = tiny_run(entropy, i);

		if (one.exit_layer != two.exit_layer)
			continue;
		assert_memory_equal(one.logits, two.logits, sizeof(one.logits));
		compared += one.exit_layer > 1;
	}
	assert_true(compared > 3);
	eb_engine_unref(latency);
	eb_engine_unref(entropy);
}

/*
 * Whenever the highest point could have met the target, the target is met, at a
 * point no higher than needed: the next lower ones would have missed it or cost more.
 */
static void reachable_targets_are_met_at_the_cheapest_point(void **state)
{
	static const uint32_t targets[] = { 40, 60, 90, 120, 200, 400, 2000 };
	struct eb_engine_options slow = tiny_options(EB_POLICY_LATENCY, 1000000);
	struct eb_engine *unhurried = tiny_engine(&tiny, &slow);
	uint32_t met = 0, missed = 0, below = 0;

	(void)state;
	for (size_t t = 0; t < sizeof(targets) / sizeof(targets[0]); t++) {
		struct eb_engine_options options = tiny_options(EB_POLICY_LATENCY, targets[t]);
		struct eb_engine *engine = tiny_engine(&tiny, &options);
		const uint32_t highest = eb_estimator_highest_point(engine->place->device->estimator);

		for (uint32_t i = 0; i < SENTENCES; i++) {
			struct eb_result result = tiny_run(engine, i), best;

			assert_int_equal(result.target_latency_ns, targets[t] * 1000);
			assert_int_equal(result.deadline_missed,
					 result.modelled_latency_ns > result.target_latency_ns);
			met += !result.deadline_missed;
			missed += result.deadline_missed;
			if (result.deadline_missed && result.exit_layer > 1)
				assert_int_equal(result.operating_point, highest);
			best = tiny_run(unhurried, i);
			assert_int_equal(best.exit_layer, result.exit_layer);
			/* The estimate takes average activity: allow for the difference. */
			assert_true(best.modelled_energy_pj <=
				    result.modelled_energy_pj + result.modelled_energy_pj / 20);
			below += result.operating_point < highest;
		}
		eb_engine_unref(engine);
	}
	assert_true(met > SENTENCES && missed > 5 && below > SENTENCES);
	eb_engine_unref(unhurried);
}

static void modelled_figures_are_the_sum_of_both_jobs(void **state)
{
	struct eb_device_counters before = { .size = sizeof(before) };
	struct eb_device_counters after = { .size = sizeof(after) };
	struct eb_engine_options options = tiny_options(EB_POLICY_LATENCY, LATENCY_US);
	struct eb_engine *engine = tiny_engine(&tiny, &options);

	(void)state;
	for (uint32_t i = 0; i < SENTENCES; i++) {
		struct eb_result result;

		assert_int_equal(eb_device_get_counters(tiny.device, &before), EB_OK);
		result = tiny_run(engine, i);
		assert_int_equal(eb_device_get_counters(tiny.device, &after), EB_OK);
		assert_int_equal(after.jobs - before.jobs, result.jobs);
		assert_int_equal(after.faults, before.faults);
		assert_int_equal(after.cycles - before.cycles, result.modelled_cycles);
		assert_int_equal(after.busy_ns - before.busy_ns, result.modelled_latency_ns);
	}
	eb_engine_unref(engine);
}

static void hopeless_target_is_refused_with_what_it_would_take(void **state)
{
	struct eb_engine_options options = tiny_options(EB_POLICY_LATENCY, 3);
	struct eb_engine *engine = (void *)1;

	(void)state;
	assert_int_equal(eb_engine_create(tiny.device, tiny.model, &options, &engine),
			 EB_TARGET_UNREACHABLE);
	assert_ptr_equal(engine, (void *)1);
	assert_non_null(strstr(eb_error_detail(), "3 us"));
	/* The figure that the message names is accepted. */
	options.target_latency_us =
		(uint32_t)atoi(strstr(eb_error_detail(), "takes ") + strlen("takes "));
	assert_true(options.target_latency_us > 3);
	eb_engine_unref(tiny_engine(&tiny, &options));
	options.target_latency_us--;
	assert_int_equal(eb_engine_create(tiny.device, tiny.model, &options, &engine),
			 EB_TARGET_UNREACHABLE);
}

static void latency_needs_predictor_and_cycle_table(void **state)
{
	static const struct tiny_model_options lacking[] = {
		{ .without_predictor = true },
		{ .without_cycles = true },
	};
	static const char *const words[] = { "exit predictor", "cycle table" };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct eb_engine_options options = tiny_options(EB_POLICY_LATENCY, LATENCY_US);
		struct eb_engine *engine;
		struct tiny other;

		tiny_open(&other, &lacking[i]);
		assert_int_equal(eb_engine_create(other.device, other.model, &options, &engine),
				 EB_MODEL_UNSUPPORTED);
		assert_non_null(strstr(eb_error_detail(), words[i]));
		options = tiny_options(EB_POLICY_ENTROPY, 0);
		engine = tiny_engine(&other, &options);
		/* The program without PREDICT, or with empty tables, computes the same. */
		assert_memory_equal(tiny_run(engine, 1).entropies, full[1].entropies,
				    sizeof(float));
		eb_engine_unref(engine);
		tiny_close(&other);
	}
}

#define TEST(name) cmocka_unit_test(name)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(full_runs_and_assesses_every_layer),
		TEST(label_and_scores_follow_from_logits),
		TEST(full_runs_at_the_chosen_point),
		TEST(entropy_exits_at_the_first_layer_that_passes),
		TEST(threshold_is_inclusive),
		TEST(negative_threshold_means_the_models_own),
		TEST(latency_predicts_then_exits_there_or_before),
		TEST(latency_gives_the_same_logits_as_the_layer_in_one_job),
		TEST(reachable_targets_are_met_at_the_cheapest_point),
		TEST(modelled_figures_are_the_sum_of_both_jobs),
		TEST(hopeless_target_is_refused_with_what_it_would_take),
		TEST(latency_needs_predictor_and_cycle_table),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, tiny_teardown);
}
