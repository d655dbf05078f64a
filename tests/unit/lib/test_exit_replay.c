// SPDX-License-Identifier: MIT
/*
 * Replayed exits: by definition on small recordings, and on the tiny model the same as
 * when the sentences really run.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/engine.h"
#include "lib/exit_replay.h"
#include "tests/unit/lib/tiny_engine.h"

#define SENTENCES 40
#define LATENCY_US 150
#define TRANSITIONS_NS 100000

/* In billionths: 0.16 and one less are different. */
#define NANO 1000000000

static const int32_t table[2 * 2] = {
	160000000, 150000000,
	500000000, 400000000,
};

static const struct eb_exit_predictor predictor = {
	.rows = 2, .step = NANO / 2, .columns = 2, .first_layer = 2, .last_layer = 4,
	.fine_entropies = table,
};

static struct eb_replayed replay(enum eb_policy policy, int32_t threshold, const int32_t *entropies,
				 uint32_t exit_layers)
{
	const struct eb_recording recording = {
		.entropies = entropies, .layers = 4, .exit_layers = exit_layers,
	};

	return eb_exit_replay(policy, threshold, &predictor, &recording);
}

static void assert_replayed(struct eb_replayed got, uint32_t exit_layer, uint32_t predicted_layer)
{
	assert_int_equal(got.exit_layer, exit_layer);
	assert_int_equal(got.predicted_layer, predicted_layer);
}

static void full_never_leaves_early(void **state)
{
	const int32_t entropies[4] = { 0 };

	(void)state;
	assert_replayed(replay(EB_POLICY_FULL, NANO, entropies, 0xf), 4, 0);
}

static void entropy_leaves_where_it_passes_and_an_exit_is(void **state)
{
	const int32_t entropies[4] = { 160000001, 160000000, 5, 600000000 };

	(void)state;
	assert_replayed(replay(EB_POLICY_ENTROPY, 160000001, entropies, 0xf), 1, 0);
	assert_replayed(replay(EB_POLICY_ENTROPY, 160000000, entropies, 0xf), 2, 0);
	assert_replayed(replay(EB_POLICY_ENTROPY, 159999999, entropies, 0xf), 3, 0);
	assert_replayed(replay(EB_POLICY_ENTROPY, 4, entropies, 0xf), 4, 0);
	assert_replayed(replay(EB_POLICY_ENTROPY, 160000000, entropies, 0xd), 3, 0);
	assert_replayed(replay(EB_POLICY_ENTROPY, 160000000, entropies, 0x8), 4, 0);
}

static void latency_stops_at_the_prediction_at_the_latest(void **state)
{
	const int32_t low[4] = { 200000000, 700000000, 700000000, 700000000 };
	const int32_t high[4] = { 700000000, 700000000, 100000000, 700000000 };

	(void)state;
	/* Row 0 passes 0.16 in its first column, 0.159999999 in its second, 0.1 nowhere. */
	assert_replayed(replay(EB_POLICY_LATENCY, 160000000, low, 0xf), 2, 2);
	assert_replayed(replay(EB_POLICY_LATENCY, 159999999, low, 0xf), 3, 3);
	assert_replayed(replay(EB_POLICY_LATENCY, 100000000, low, 0xf), 4, 4);
	/* A limit takes effect at the next exit. */
	assert_replayed(replay(EB_POLICY_LATENCY, 160000000, low, 0xd), 3, 2);
	/* Below the threshold before the predicted layer. */
	assert_replayed(replay(EB_POLICY_LATENCY, 160000000, high, 0xf), 3, 4);
	assert_replayed(replay(EB_POLICY_LATENCY, 700000000, high, 0xf), 1, 1);
}

/* ---- against sentences that run ---- */

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

/* Within a third, give or take something constant. */
static void assert_near(uint64_t got, uint64_t wanted, uint64_t more)
{
	assert_in_range(got, wanted - wanted / 3 - (more < wanted / 3 ? more : wanted / 3),
			wanted + wanted / 3 + more);
}

/* Returns at which layers sentences left, a bit each. */
static uint32_t compare(struct eb_engine *engine)
{
	uint32_t seen = 0;

	for (uint32_t i = 0; i < SENTENCES; i++) {
		struct eb_result real = tiny_run(engine, i);
		struct eb_sentence forecast;

		assert_int_equal(eb_policy_forecast(&engine->place->settings, engine->place->resident, &full[i],
						    &forecast), EB_OK);
		assert_int_equal(forecast.exit_layer, real.exit_layer);
		assert_int_equal(forecast.predicted_layer, real.predicted_layer);
		assert_int_equal(full[i].layer_labels[real.exit_layer - 1], real.label);
		assert_near(forecast.cycles, real.modelled_cycles, 0);
		/* Going to another operating point takes longer than these sentences. */
		assert_near(forecast.time_ns, real.modelled_latency_ns, TRANSITIONS_NS);
		assert_near(forecast.energy_pj, real.modelled_energy_pj, 0);
		seen |= 1u << real.exit_layer;
	}
	return seen;
}

static void forecast_exits_are_those_of_the_run(void **state)
{
	static const float thresholds[] = { 0, 0.2f, 0.3f, 0.45f, 0.5f, 0.6f, 0.7f };
	uint32_t seen[3] = { 0 };

	(void)state;
	for (int policy = EB_POLICY_FULL; policy <= EB_POLICY_LATENCY; policy++) {
		for (size_t i = 0; i < sizeof(thresholds) / sizeof(thresholds[0]); i++) {
			struct eb_engine_options options = tiny_options((enum eb_policy)policy,
				policy == EB_POLICY_LATENCY ? LATENCY_US : 0);
			struct eb_engine *engine;

			options.entropy_threshold = thresholds[i];
			engine = tiny_engine(&tiny, &options);
			seen[policy] |= compare(engine);
			eb_engine_unref(engine);
		}
	}
	assert_int_equal(seen[EB_POLICY_FULL], 1u << TINY_LAYERS);
	/* Otherwise little was compared. */
	assert_true(__builtin_popcount(seen[EB_POLICY_ENTROPY]) >= 3);
	assert_true(__builtin_popcount(seen[EB_POLICY_LATENCY]) >= 2);
}

static void layers_have_labels_where_they_were_assessed(void **state)
{
	uint32_t changes = 0;

	(void)state;
	for (uint32_t i = 0; i < SENTENCES; i++) {
		assert_int_equal(full[i].layer_labels[TINY_LAYERS - 1], full[i].label);
		for (uint32_t layer = TINY_LAYERS; layer < EB_LAYERS_MAX; layer++)
			assert_int_equal(full[i].layer_labels[layer], 0);
		changes += full[i].layer_labels[0] != full[i].label;
	}
	assert_true(changes > 0);
}

static void forecast_without_cycle_table_is_refused(void **state)
{
	const struct tiny_model_options options = { .without_cycles = true };
	const struct eb_engine_options engine_options = tiny_options(EB_POLICY_ENTROPY, 0);
	struct eb_sentence sentence;
	struct eb_engine *engine;
	struct tiny bare;

	(void)state;
	tiny_open(&bare, &options);
	engine = tiny_engine(&bare, &engine_options);
	assert_int_equal(eb_policy_forecast(&engine->place->settings, engine->place->resident, &full[0],
					    &sentence), EB_MODEL_UNSUPPORTED);
	eb_engine_unref(engine);
	tiny_close(&bare);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(full_never_leaves_early),
		cmocka_unit_test(entropy_leaves_where_it_passes_and_an_exit_is),
		cmocka_unit_test(latency_stops_at_the_prediction_at_the_latest),
		cmocka_unit_test(forecast_exits_are_those_of_the_run),
		cmocka_unit_test(layers_have_labels_where_they_were_assessed),
		cmocka_unit_test(forecast_without_cycle_table_is_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, tiny_teardown);
}
