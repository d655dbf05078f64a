// SPDX-License-Identifier: MIT
/*
 * ENTROPY, EXIT and PREDICT: what is assessed, when a job ends, which point it goes to.
 */
#include "tests/unit/core/fixture.h"

#include <math.h>
#include <string.h>

#define NOT_ASSESSED 0xffff

static struct edgebert_hw_command entropy_command(uint8_t layer, uint8_t classes)
{
	struct edgebert_hw_command result = command(EDGEBERT_HW_OP_ENTROPY, 0);

	result.entropy = (struct edgebert_hw_entropy){
		.input = IN(32u * layer), .input_format = EDGEBERT_HW_FORMAT_Q6_10,
		.classes = classes, .layer = layer,
	};
	return result;
}

static struct edgebert_hw_command exit_command(uint8_t layer, uint16_t flags)
{
	struct edgebert_hw_command result = command(EDGEBERT_HW_OP_EXIT, flags);

	result.exit.layer = layer;
	return result;
}

static void set_logits(struct device *device, uint8_t layer, int16_t first, int16_t second)
{
	((int16_t *)at(device, IN(32u * layer)))[0] = first;
	((int16_t *)at(device, IN(32u * layer)))[1] = second;
}

static double real_entropy(const int16_t *words, int classes)
{
	double sum = 0, result = 0;

	for (int i = 0; i < classes; i++)
		sum += exp(words[i] / 1024.0);
	for (int i = 0; i < classes; i++) {
		double p = exp(words[i] / 1024.0) / sum;

		result -= p > 0 ? p * log(p) : 0;
	}
	return result;
}

/* ---- ENTROPY ------------------------------------------------------------------------ */

static void entropy_is_near_the_real_one_for_every_class_count(void **state)
{
	struct device *device = *state;
	struct random random = { 44 };

	for (uint8_t classes = 2; classes <= 16; classes++) {
		for (int trial = 0; trial < 200; trial++) {
			struct edgebert_hw_command entropy = entropy_command(1, classes);
			int16_t *words = (int16_t *)at(device, IN(32));
			int scale = 1 << random_below(&random, 14);

			/* Lanes behind the classes must not count. */
			for (int i = 0; i < 16; i++)
				words[i] = i < classes ? (int16_t)(random_below(&random, 2 *
							 (uint32_t)scale) - (uint32_t)scale) :
							 32000;
			assert_int_equal(device_run_one(device, &entropy), EDGEBERT_HW_OK);
			/* 16-bit steps of products of up to 8 with the exponentials. */
			assert_true(fabs((int16_t)device->completion.entropies[0] / 1024.0 -
					 real_entropy(words, classes)) < 0.03);
			assert_int_equal(device->completion.layers_assessed, 1);
		}
	}
}

static void known_entropies(void **state)
{
	struct device *device = *state;
	struct edgebert_hw_command entropy = entropy_command(1, 2);

	set_logits(device, 1, 0, 0);
	assert_int_equal(device_run_one(device, &entropy), EDGEBERT_HW_OK);
	assert_in_range(device->completion.entropies[0], 706, 712);
	set_logits(device, 1, 30000, -30000);
	assert_int_equal(device_run_one(device, &entropy), EDGEBERT_HW_OK);
	assert_in_range(device->completion.entropies[0], 0, 60);
}

static void the_label_is_the_first_largest_class(void **state)
{
	static const int16_t logits[][4] = { { 5, 9, 9, 1 }, { -3, -3, -3, -3 }, { 1, 2, 3, 4 } };
	static const uint8_t labels[] = { 1, 0, 3 };
	struct device *device = *state;
	struct edgebert_hw_command entropy = entropy_command(2, 4);

	for (int i = 0; i < 3; i++) {
		memcpy(at(device, IN(64)), logits[i], 8);
		assert_int_equal(device_run_one(device, &entropy), EDGEBERT_HW_OK);
		assert_int_equal(device->completion.label, labels[i]);
	}
}

static void entropies_are_kept_by_layer(void **state)
{
	struct device *device = *state;

	device_begin(device);
	for (uint8_t layer = 24; layer >= 22; layer--) {
		struct edgebert_hw_command entropy = entropy_command(layer, 2);

		set_logits(device, layer, 0, (int16_t)(layer * 100));
		device_add(device, &entropy);
	}
	assert_int_equal(device_run(device), EDGEBERT_HW_OK);
	for (int layer = 1; layer <= 24; layer++) {
		uint16_t entropy = device->completion.entropies[layer - 1];

		if (layer < 22)
			assert_int_equal(entropy, NOT_ASSESSED);
		else
			assert_in_range(entropy, 1, 700);
	}
	assert_int_equal(device->completion.layers_assessed, 24);
	assert_int_equal(device->completion.exit_layer, 0);
}

/* ---- EXIT --------------------------------------------------------------------------- */

/* Runs four layers with entropies falling from about ln 2; returns the exit layer. */
static int run_layers(struct device *device, int16_t threshold, uint8_t limit, bool last)
{
	device_begin(device);
	device->job.entropy_threshold = (uint16_t)threshold;
	device->job.exit_layer_limit = limit;
	for (uint8_t layer = 1; layer <= 4; layer++) {
		struct edgebert_hw_command entropy = entropy_command(layer, 2);
		struct edgebert_hw_command leave =
			exit_command(layer, layer == 4 && last ? EDGEBERT_HW_CMD_LAST : 0);

		set_logits(device, layer, 0, (int16_t)((layer - 1) * 1500));
		device_add(device, &entropy);
		device_add(device, &leave);
	}
	assert_int_equal(device_run(device), EDGEBERT_HW_OK);
	return device->completion.exit_layer;
}

static void a_job_ends_at_the_first_layer_that_passes(void **state)
{
	struct device *device = *state;
	uint16_t second;

	assert_int_equal(run_layers(device, -1, 0, false), 0);
	assert_int_equal(run_layers(device, -1, 0, true), 4);
	assert_int_equal(device->completion.layers_assessed, 4);
	second = device->completion.entropies[1];
	assert_true(second < device->completion.entropies[0]);
	/* At the threshold is enough, one step above is not. */
	assert_int_equal(run_layers(device, (int16_t)second, 0, true), 2);
	assert_int_equal(device->completion.layers_assessed, 2);
	assert_int_equal(run_layers(device, (int16_t)(second - 1), 0, true), 3);
	assert_int_equal(run_layers(device, 1000, 0, true), 1);
}

static void the_layer_limit_ends_a_job(void **state)
{
	struct device *device = *state;

	assert_int_equal(run_layers(device, -1, 3, true), 3);
	assert_int_equal(run_layers(device, -1, 1, true), 1);
	assert_int_equal(run_layers(device, -1, 24, true), 4);
}

static void an_exit_looks_only_at_its_own_layers_entropy(void **state)
{
	struct device *device = *state;
	struct edgebert_hw_command entropy = entropy_command(1, 2);
	struct edgebert_hw_command other = exit_command(2, 0), own = exit_command(1, 0);

	set_logits(device, 1, 0, 30000);
	device_begin(device);
	device->job.entropy_threshold = 500;
	device_add(device, &entropy);
	device_add(device, &other);
	device_add(device, &own);
	assert_int_equal(device_run(device), EDGEBERT_HW_OK);
	assert_int_equal(device->completion.exit_layer, 1);
}

static void an_exit_without_any_entropy_is_not_taken(void **state)
{
	struct device *device = *state;
	struct edgebert_hw_command leave = exit_command(1, 0);

	device_begin(device);
	device->job.entropy_threshold = 32767;
	device_add(device, &leave);
	assert_int_equal(device_run(device), EDGEBERT_HW_OK);
	assert_int_equal(device->completion.exit_layer, 0);
}

/* ---- PREDICT ------------------------------------------------------------------------ */

/* Two rows for entropies 0 and 512 and beyond, layers 2..4. */
static struct edgebert_hw_command predict_command(struct device *device, uint32_t cycles)
{
	static const int16_t table[2][3] = { { 90, 80, 70 }, { 400, 300, 100 } };
	struct edgebert_hw_command result = command(EDGEBERT_HW_OP_PREDICT, 0);
	uint32_t *counts = (uint32_t *)at(device, PARAMETERS(0x100));

	memcpy(at(device, PARAMETERS(0)), table, sizeof(table));
	for (uint32_t vectors = 0; vectors < 2; vectors++)
		for (uint32_t layer = 0; layer < 4; layer++)
			*counts++ = (vectors + 1) * (layer + 1) * cycles;
	result.predict = (struct edgebert_hw_predict){
		.table = PARAMETERS(0), .cycles = PARAMETERS(0x100), .rows = 2, .step = 512,
		.columns = 3, .first_layer = 2, .last_layer = 5, .cycle_rows = 2,
	};
	return result;
}

static int run_predict(struct device *device, int16_t logit, int16_t threshold,
		       uint32_t target_us, uint32_t cycles)
{
	struct edgebert_hw_command entropy = entropy_command(1, 2);
	struct edgebert_hw_command predict = predict_command(device, cycles);

	set_logits(device, 1, 0, logit);
	device_begin(device);
	device->job.flags = EDGEBERT_HW_JOB_AUTONOMOUS;
	device->job.entropy_threshold = (uint16_t)threshold;
	device->job.target_latency_us = target_us;
	device_add(device, &entropy);
	device_add(device, &predict);
	for (uint8_t layer = 2; layer <= 5; layer++) {
		struct edgebert_hw_command leave = exit_command(layer, 0);

		device_add(device, &leave);
	}
	assert_int_equal(device_run(device), EDGEBERT_HW_OK);
	return device->completion.predicted_layer;
}

static void prediction_takes_the_nearest_row_and_the_first_layer_that_passes(void **state)
{
	struct device *device = *state;

	/* Entropy near 0 is row 0, near 709 row 1, and at 256 the next row begins. */
	assert_int_equal(run_predict(device, 20000, 80, 1000, 1), 3);
	assert_int_equal(run_predict(device, 20000, 90, 1000, 1), 2);
	assert_int_equal(run_predict(device, 20000, 69, 1000, 1), 5);
	assert_int_equal(run_predict(device, 0, 80, 1000, 1), 5);
	assert_int_equal(run_predict(device, 0, 100, 1000, 1), 4);
	assert_int_equal(run_predict(device, 0, 301, 1000, 1), 3);
	/* The prediction is the limit: the exit is taken there without another entropy. */
	assert_int_equal(device->completion.exit_layer, 3);
}

static void the_jobs_own_limit_stays(void **state)
{
	struct device *device = *state;
	struct edgebert_hw_command entropy = entropy_command(1, 2);
	struct edgebert_hw_command predict = predict_command(device, 10);
	struct edgebert_hw_command leave = exit_command(3, 0);

	set_logits(device, 1, 0, 0);
	device_begin(device);
	device->job.flags = EDGEBERT_HW_JOB_AUTONOMOUS;
	device->job.exit_layer_limit = 3;
	device->job.target_latency_us = 100;
	device_add(device, &entropy);
	device_add(device, &predict);
	device_add(device, &leave);
	assert_int_equal(device_run(device), EDGEBERT_HW_OK);
	assert_int_equal(device->completion.predicted_layer, 5);
	assert_int_equal(device->completion.exit_layer, 3);
}

static void the_point_meets_the_target_with_least_energy(void **state)
{
	struct device *device = *state;
	struct eb_core_operating_point points[EDGEBERT_HW_OPERATING_POINTS_MAX];
	size_t count = eb_core_operating_points(device->core, points);
	unsigned int frugal = 0, last = 0;

	for (unsigned int i = 1; i < count; i++)
		if (eb_core_estimate(device->core, 1000000, i).energy_pj <
		    eb_core_estimate(device->core, 1000000, frugal).energy_pj)
			frugal = i;
	/* 3 * 10^6 cycles to layer 4; from generous to impossible targets. */
	for (uint32_t target = 100000; target >= 2000; target = target * 3 / 4) {
		unsigned int point;
		double need;

		assert_int_equal(run_predict(device, 0, 100, target, 1000000), 4);
		point = device->completion.operating_point;
		need = 3e6 / points[point].khz * 1000;
		if (need > target)
			assert_int_equal(point, count - 1);
		else if (point != frugal)
			assert_true(point > frugal && 3e6 / points[point - 1].khz * 1000 > target -
				    2);
		assert_true(point >= last);
		last = point;
	}
	assert_int_equal(last, count - 1);
}

static void elapsed_time_and_window_bound_the_choice(void **state)
{
	struct device *device = *state;
	struct edgebert_hw_command entropy = entropy_command(1, 2);
	struct edgebert_hw_command predict = predict_command(device, 100000);

	set_logits(device, 1, 0, 0);
	for (int late = 0; late < 2; late++) {
		device_begin(device);
		device->job.flags = EDGEBERT_HW_JOB_AUTONOMOUS;
		device->job.target_latency_us = 100000;
		device->job.elapsed_us = late ? 99999 : 0;
		device->job.window_low = 2;
		device->job.window_high = 9;
		device_add(device, &entropy);
		device_add(device, &predict);
		assert_int_equal(device_run(device), EDGEBERT_HW_OK);
		if (late)
			assert_int_equal(device->completion.operating_point, 9);
		else
			assert_in_range(device->completion.operating_point, 2, 8);
		assert_in_range(device->completion.transitions, 1, 2);
	}
}

static void longer_sentences_use_their_own_cycles(void **state)
{
	struct device *device = *state;

	/* 4 * 700000 cycles in 20 ms want 140 MHz, twice as many 280 MHz. */
	assert_int_equal(run_predict(device, 0, 50, 20000, 700000), 5);
	unsigned int brief = device->completion.operating_point;

	device->job.sequence_length = 17;
	device->job.stream_commands--;
	assert_int_equal(device_run(device), EDGEBERT_HW_OK);
	assert_true(device->completion.operating_point > brief);
}

static void prediction_stays_below_what_the_temperature_allows(void **state)
{
	struct device *device = *state;
	struct eb_core_limits limits = { 0, 15, 0, 9 };		/* 6 is the highest left */
	unsigned int relaxed;

	/* A target that nothing meets asks for the highest point there is. */
	eb_core_set_limits(device->core, &limits);
	run_predict(device, 20000, 80, 1, 1000000);
	assert_int_equal(device->completion.operating_point, 6);
	assert_int_equal(device->completion.throttled, 1);
	/* One that lower points meet is not affected. */
	run_predict(device, 20000, 80, 10000000, 100000);
	relaxed = device->completion.operating_point;
	assert_true(relaxed <= 6);
	assert_int_equal(device->completion.throttled, 0);
	limits.points_withheld = 0;
	eb_core_set_limits(device->core, &limits);
	run_predict(device, 20000, 80, 10000000, 100000);
	assert_int_equal(device->completion.operating_point, relaxed);
	limits.default_point = 15;
	eb_core_set_limits(device->core, &limits);
}

static void prediction_of_an_ordinary_job_changes_nothing(void **state)
{
	struct device *device = *state;
	struct edgebert_hw_command entropy = entropy_command(1, 2);
	struct edgebert_hw_command predict = predict_command(device, 100000);

	set_logits(device, 1, 0, 0);
	predict.predict.table = UNMAPPED(0);
	device_begin(device);
	device_add(device, &entropy);
	device_add(device, &predict);
	assert_int_equal(device_run(device), EDGEBERT_HW_OK);
	assert_int_equal(device->completion.predicted_layer, 0);
	assert_int_equal(device->completion.transitions, 1);
}

static void prediction_without_an_entropy_is_refused(void **state)
{
	struct device *device = *state;
	struct edgebert_hw_command predict = predict_command(device, 1);

	device_begin(device);
	device->job.flags = EDGEBERT_HW_JOB_AUTONOMOUS;
	device_add(device, &predict);
	assert_int_equal(device_run(device), EDGEBERT_HW_BAD_COMMAND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entropy_is_near_the_real_one_for_every_class_count),
		cmocka_unit_test(known_entropies),
		cmocka_unit_test(the_label_is_the_first_largest_class),
		cmocka_unit_test(entropies_are_kept_by_layer),
		cmocka_unit_test(a_job_ends_at_the_first_layer_that_passes),
		cmocka_unit_test(the_layer_limit_ends_a_job),
		cmocka_unit_test(an_exit_looks_only_at_its_own_layers_entropy),
		cmocka_unit_test(an_exit_without_any_entropy_is_not_taken),
		cmocka_unit_test(prediction_takes_the_nearest_row_and_the_first_layer_that_passes),
		cmocka_unit_test(the_jobs_own_limit_stays),
		cmocka_unit_test(the_point_meets_the_target_with_least_energy),
		cmocka_unit_test(elapsed_time_and_window_bound_the_choice),
		cmocka_unit_test(longer_sentences_use_their_own_cycles),
		cmocka_unit_test(prediction_stays_below_what_the_temperature_allows),
		cmocka_unit_test(prediction_of_an_ordinary_job_changes_nothing),
		cmocka_unit_test(prediction_without_an_entropy_is_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("core-exits", tests, device_setup, device_teardown);
}
