// SPDX-License-Identifier: MIT
/*
 * Modelled energy: the published corner powers, gating by zeros, transitions, and the
 * provenance of every number of a profile.
 */
#include "tests/unit/core/fixture.h"

#include <math.h>
#include <string.h>

#include "tools/device/core/energy.h"
#include "tools/device/core/profile.h"

#define DATA0(at) EDGEBERT_HW_OPERAND(EDGEBERT_HW_SEGMENT_DATA0, at)
#define DATA1(at) EDGEBERT_HW_OPERAND(EDGEBERT_HW_SEGMENT_DATA1, at)

/* Milliwatts of matrix products of dense operands, kept on chip, at a point. */
static double dense_milliwatt(struct device *device, uint8_t point)
{
	struct edgebert_hw_command matmul = command(EDGEBERT_HW_OP_MATMUL, 0);
	struct edgebert_hw_command copy = command(EDGEBERT_HW_OP_COPY, 0);
	double without_time = 0, without_energy = 0;

	memset(at(device, IN(0)), 0x35, 128 * 1024);
	copy.copy = (struct edgebert_hw_copy){ .source = IN(0), .destination = DATA0(0),
		.source_stride = 128 * 1024, .destination_stride = 128 * 1024,
		.row_bytes = 128 * 1024, .rows = 1 };
	matmul.matmul = (struct edgebert_hw_matmul){ .input = DATA0(0), .weights = DATA1(0),
		.output = EDGEBERT_HW_OPERAND(EDGEBERT_HW_SEGMENT_AUX, 0), .input_stride = 1024,
		.weights_stride = 1024, .output_stride = 128, .rows = 128, .depth = 1024,
		.columns = 128 };
	/* Once with the copies alone, to take them and the transition away. */
	for (int with = 0; with < 2; with++) {
		device_begin(device);
		device->job.operating_point = point;
		device_add(device, &copy);
		copy.copy.destination = DATA1(0);
		device_add(device, &copy);
		copy.copy.destination = DATA0(0);
		for (int i = 0; with && i < 10; i++)
			device_add(device, &matmul);
		assert_int_equal(device_run(device), EDGEBERT_HW_OK);
		if (!with) {
			without_time = (double)device->completion.time_ns;
			without_energy = (double)device->completion.energy_pj;
		}
	}
	return ((double)device->completion.energy_pj - without_energy) /
	       ((double)device->completion.time_ns - without_time);
}

static void dense_compute_has_the_published_corner_powers(void **state)
{
	struct device *device = *state;
	struct eb_core_operating_point points[EDGEBERT_HW_OPERATING_POINTS_MAX];
	size_t count = eb_core_operating_points(device->core, points);

	assert_int_equal(count, 16);
	assert_int_equal(points[0].khz, 77000);
	assert_int_equal(points[0].millivolt, 620);
	assert_int_equal(points[15].khz, 717000);
	assert_int_equal(points[15].millivolt, 1000);
	assert_true(fabs(points[0].microwatt / 10000.0 - 1) < 0.01);
	assert_true(fabs(points[15].microwatt / 122000.0 - 1) < 0.01);
	assert_true(fabs(dense_milliwatt(device, 0) / 10 - 1) < 0.03);
	assert_true(fabs(dense_milliwatt(device, 15) / 122 - 1) < 0.03);
}

static void peak_throughput_is_the_published_one(void **state)
{
	const struct eb_profile *profile = eb_profile_find("stp23");
	double flops = 2.0 * 4096 / profile->tile_cycles * profile->points[15].khz * 1000;

	(void)state;
	assert_true(fabs(flops / 0.367e12 - 1) < 0.001);
}

static void points_rise_in_frequency_voltage_and_power(void **state)
{
	const char *const *names = eb_core_profile_names();

	(void)state;
	for (; *names; names++) {
		struct eb_core *core = eb_core_create(*names);
		struct eb_core_operating_point p[EDGEBERT_HW_OPERATING_POINTS_MAX];
		size_t count = eb_core_operating_points(core, p);

		assert_in_range(count, 2, 16);
		for (size_t i = 1; i < count; i++) {
			assert_true(p[i].khz > p[i - 1].khz);
			assert_true(p[i].millivolt > p[i - 1].millivolt);
			assert_true(p[i].microwatt > p[i - 1].microwatt);
		}
		eb_core_destroy(core);
	}
}

static uint64_t energy_with(struct device *device, unsigned int zero_percent)
{
	struct edgebert_hw_command matmul = command(EDGEBERT_HW_OP_MATMUL, 0);
	struct random random = { 77 };

	random_codes(&random, at(device, IN(0)), 64 * 256, 6, 0);
	random_codes(&random, at(device, WEIGHTS(0)), 64 * 256, 6, zero_percent);
	matmul.matmul = (struct edgebert_hw_matmul){ .input = IN(0), .weights = WEIGHTS(0),
		.output = OUT(0), .input_stride = 256, .weights_stride = 256,
		.output_stride = 64, .rows = 64, .depth = 256, .columns = 64 };
	assert_int_equal(device_run_one(device, &matmul), EDGEBERT_HW_OK);
	return device->completion.block_energy_pj[EDGEBERT_HW_BLOCK_MATRIX];
}

static void zeros_save_energy_in_proportion(void **state)
{
	struct device *device = *state;
	uint64_t last = UINT64_MAX, all, none;

	for (unsigned int percent = 0; percent <= 100; percent += 10) {
		uint64_t energy = energy_with(device, percent);

		assert_true(energy < last);
		last = energy;
	}
	all = energy_with(device, 0);
	none = energy_with(device, 100);
	assert_true(fabs((double)(energy_with(device, 50) - none) / (double)(all - none) - 0.5) <
		    0.05);
}

static void energy_goes_to_the_blocks_that_work(void **state)
{
	struct device *device = *state;
	const __le64 *blocks = device->completion.block_energy_pj;
	struct edgebert_hw_command copy = command(EDGEBERT_HW_OP_COPY, 0);

	energy_with(device, 0);
	assert_true(blocks[EDGEBERT_HW_BLOCK_MATRIX] > 0 && blocks[EDGEBERT_HW_BLOCK_BUFFERS] > 0);
	assert_true(blocks[EDGEBERT_HW_BLOCK_DMA] > 0 && blocks[EDGEBERT_HW_BLOCK_LEAKAGE] > 0);
	assert_int_equal(blocks[EDGEBERT_HW_BLOCK_ENVM], 0);
	assert_int_equal(blocks[EDGEBERT_HW_BLOCK_RESERVED], 0);
	copy.copy = (struct edgebert_hw_copy){ .destination = DATA0(0), .source_stride = 4096,
		.source = EDGEBERT_HW_OPERAND(EDGEBERT_HW_SEGMENT_ENVM, 0),
		.destination_stride = 4096, .row_bytes = 4096, .rows = 1 };
	assert_int_equal(device_run_one(device, &copy), EDGEBERT_HW_OK);
	assert_true(blocks[EDGEBERT_HW_BLOCK_ENVM] > 0);
	assert_int_equal(blocks[EDGEBERT_HW_BLOCK_MATRIX], 0);
}

static void a_transition_costs_time_and_energy_and_staying_nothing(void **state)
{
	struct device *device = *state;
	uint64_t parked_time;

	device_begin(device);
	device->job.operating_point = 0;
	assert_int_equal(device_run(device), EDGEBERT_HW_OK);
	assert_int_equal(device->completion.transitions, 0);
	assert_int_equal(device->completion.block_energy_pj[EDGEBERT_HW_BLOCK_DVFS], 0);
	/* 8 cycles of END at 77 MHz. */
	parked_time = device->completion.time_ns;
	assert_int_equal(parked_time, 103);
	device_begin(device);
	device->job.operating_point = 15;
	assert_int_equal(device_run(device), EDGEBERT_HW_OK);
	assert_int_equal(device->completion.transitions, 1);
	assert_true(device->completion.block_energy_pj[EDGEBERT_HW_BLOCK_DVFS] > 0);
	assert_true(device->completion.time_ns > parked_time);
}

static void the_account_uses_its_formulas(void **state)
{
	const struct eb_profile *profile = eb_profile_find("stp23");
	struct eb_work work = { .block = EDGEBERT_HW_BLOCK_MATRIX, .cycles = 717,
				.multiplications = 1000, .dma_bytes = 10 };
	struct eb_account account;

	(void)state;
	eb_account_begin(&account, profile);
	account.point = 15;
	eb_account_add(&account, &work);
	/* At 1.0 V and 717 MHz: 717 cycles are a microsecond. */
	assert_int_equal(account.picoseconds, 1000000);
	assert_int_equal(account.femtojoule[EDGEBERT_HW_BLOCK_MATRIX],
			 717ull * profile->clock_femtojoule +
				 1000ull * profile->multiply_femtojoule);
	assert_int_equal(account.femtojoule[EDGEBERT_HW_BLOCK_DMA],
			 10ull * profile->dma_byte_femtojoule);
	assert_int_equal(account.femtojoule[EDGEBERT_HW_BLOCK_LEAKAGE],
			 1000ull * profile->leakage_microwatt);
	/* At 0.62 V the same work takes 0.62^2 of the dynamic energy. */
	eb_account_begin(&account, profile);
	eb_account_add(&account, &work);
	assert_int_equal(account.femtojoule[EDGEBERT_HW_BLOCK_DMA],
			 (uint64_t)(10 * profile->dma_byte_femtojoule * 0.3844));
	assert_int_equal(account.cycles, 717);
}

/*
 * Recorded once: the numbers must be the same from every compiler, at every optimisation
 * level and under the sanitizers.  Change them only together with a profile.
 */
static void a_known_job_has_known_numbers(void **state)
{
	static const uint64_t blocks[EDGEBERT_HW_BLOCK_COUNT] = {
		70191, 109775, 45120, 53686, 0, 1057, 328754, 0 };
	struct device *device = *state;
	struct edgebert_hw_command matmul = command(EDGEBERT_HW_OP_MATMUL, 0);
	struct edgebert_hw_command softmax = command(EDGEBERT_HW_OP_SOFTMAX, 0);
	struct random random = { 2026 };
	uint32_t sum = 0;

	memset(at(device, OUT(0)), 0, SEGMENT_BYTES);
	random_codes(&random, at(device, IN(0)), 50 * 96, 6, 30);
	random_codes(&random, at(device, WEIGHTS(0)), 70 * 96, 6, 60);
	matmul.matmul = (struct edgebert_hw_matmul){ .input = IN(0), .weights = WEIGHTS(0),
		.output = OUT(0), .input_stride = 96, .weights_stride = 96, .output_stride = 80,
		.rows = 50, .depth = 96, .columns = 70, .input_bias = 2, .weights_bias = 2,
		.output_bias = 5, .activation = EDGEBERT_HW_ACTIVATION_GELU };
	softmax.softmax = (struct edgebert_hw_softmax){ .input = OUT(0), .output = OUT(0x10000),
		.input_stride = 80, .output_stride = 80, .rows = 50, .columns = 70,
		.input_bias = 5, .output_bias = 3 };
	device_begin(device);
	device->job.operating_point = 6;
	device_add(device, &matmul);
	device_add(device, &softmax);
	assert_int_equal(device_run(device), EDGEBERT_HW_OK);
	for (int i = 0; i < 50 * 80; i++)
		sum = sum * 31 + at(device, OUT(0))[i] + 7u * at(device, OUT(0x10000))[i];
	assert_int_equal(sum, 2301288487u);
	assert_int_equal(device->completion.cycles, 16463);
	assert_int_equal(device->completion.time_ns, 49649);
	for (int i = 0; i < EDGEBERT_HW_BLOCK_COUNT; i++)
		assert_int_equal(device->completion.block_energy_pj[i], blocks[i]);
}

static void estimates_grow_with_cycles_and_include_the_transition(void **state)
{
	struct device *device = *state;

	for (unsigned int point = 0; point < 16; point++) {
		struct eb_core_energy_estimate none = eb_core_estimate(device->core, 0, point);
		struct eb_core_energy_estimate one = eb_core_estimate(device->core, 1000000, point);
		struct eb_core_energy_estimate two = eb_core_estimate(device->core, 2000000, point);

		assert_true((none.energy_pj > 0) == (point > 0));
		assert_true((none.time_ns > 0) == (point > 0));
		assert_true(one.energy_pj > none.energy_pj && two.energy_pj > one.energy_pj);
		assert_in_range(two.time_ns - one.time_ns, one.time_ns - none.time_ns - 1,
				one.time_ns - none.time_ns + 1);
	}
}

static void every_number_of_a_profile_has_a_unit_and_a_source(void **state)
{
	static const char *const parameters[] = {
#define PARAMETER(name) #name,
		EB_PROFILE_PARAMETERS(PARAMETER)
#undef PARAMETER
	};
	const size_t count = sizeof(parameters) / sizeof(parameters[0]);
	const char *const *names = eb_core_profile_names();

	(void)state;
	for (; *names; names++) {
		const struct eb_profile *profile = eb_profile_find(*names);
		size_t origin_count;
		const struct eb_profile_origin *origins = eb_profile_origins(profile,
									     &origin_count);

		assert_int_equal(origin_count, count + 2 * profile->point_count);
		for (size_t i = 0; i < origin_count; i++) {
			assert_true(strlen(origins[i].unit) > 0 && strlen(origins[i].source) > 6);
			if (i < count)
				assert_string_equal(origins[i].parameter, parameters[i]);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dense_compute_has_the_published_corner_powers),
		cmocka_unit_test(peak_throughput_is_the_published_one),
		cmocka_unit_test(points_rise_in_frequency_voltage_and_power),
		cmocka_unit_test(zeros_save_energy_in_proportion),
		cmocka_unit_test(energy_goes_to_the_blocks_that_work),
		cmocka_unit_test(a_transition_costs_time_and_energy_and_staying_nothing),
		cmocka_unit_test(the_account_uses_its_formulas),
		cmocka_unit_test(a_known_job_has_known_numbers),
		cmocka_unit_test(estimates_grow_with_cycles_and_include_the_transition),
		cmocka_unit_test(every_number_of_a_profile_has_a_unit_and_a_source),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("core-energy", tests, device_setup, device_teardown);
}
