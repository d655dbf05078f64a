// SPDX-License-Identifier: MIT
/*
 * Modelled cycles: the published tile walk, the cost of transfers, and that the estimate
 * of a command is what executing it adds.
 */
#include "tests/unit/core/fixture.h"

#include <stdlib.h>
#include <string.h>

#include "tools/device/core/bitmask.h"
#include "tools/device/core/profile.h"

#define DATA0(at) EDGEBERT_HW_OPERAND(EDGEBERT_HW_SEGMENT_DATA0, at)
#define DATA1(at) EDGEBERT_HW_OPERAND(EDGEBERT_HW_SEGMENT_DATA1, at)
#define AUX(at) EDGEBERT_HW_OPERAND(EDGEBERT_HW_SEGMENT_AUX, at)

static struct edgebert_hw_command on_chip_matmul(uint16_t rows, uint16_t columns, uint16_t depth)
{
	struct edgebert_hw_command result = command(EDGEBERT_HW_OP_MATMUL, 0);

	result.matmul = (struct edgebert_hw_matmul){
		.input = DATA0(0), .weights = DATA1(0), .output = AUX(0), .input_stride = depth,
		.weights_stride = depth, .output_stride = columns, .rows = rows, .depth = depth,
		.columns = columns,
	};
	return result;
}

static void published_tiles_take_33_cycles_and_19_to_flush(void **state)
{
	struct eb_core *published = eb_core_create("published");
	struct edgebert_hw_command matmul = on_chip_matmul(16, 16, 128);
	uint32_t overhead = eb_profile_find("published")->command_cycles;

	(void)state;
	/* Simulated for one 16x16 output: M=16: 52, M=64: 151, M=128: 283. */
	assert_int_equal(eb_core_command_cycles(published, &matmul, 16, 0), 283 + overhead);
	matmul = on_chip_matmul(16, 16, 64);
	assert_int_equal(eb_core_command_cycles(published, &matmul, 16, 0), 151 + overhead);
	matmul = on_chip_matmul(16, 16, 16);
	assert_int_equal(eb_core_command_cycles(published, &matmul, 16, 0), 52 + overhead);
	/* One head's Q, K or V: 50 688 cycles of tiles. */
	matmul = on_chip_matmul(128, 64, 768);
	assert_int_equal(eb_core_command_cycles(published, &matmul, 16, 0),
			 50688 + 19 + overhead);
	eb_core_destroy(published);
}

static void an_ideal_tile_takes_16_cycles(void **state)
{
	struct device *device = *state;
	struct edgebert_hw_command matmul = on_chip_matmul(128, 64, 768);

	assert_int_equal(eb_core_command_cycles(device->core, &matmul, 16, 0),
			 8 * 4 * 48 * 16 + 19 + 8);
}

static void parts_of_tiles_cost_whole_ones(void **state)
{
	struct device *device = *state;
	struct edgebert_hw_command part = on_chip_matmul(17, 1, 16);
	struct edgebert_hw_command whole = on_chip_matmul(32, 16, 16);

	assert_int_equal(eb_core_command_cycles(device->core, &part, 16, 0),
			 eb_core_command_cycles(device->core, &whole, 16, 0));
}

static void transfers_overlap_or_add(void **state)
{
	struct eb_core *stp23 = eb_core_create("stp23");
	struct eb_core *published = eb_core_create("published");
	struct edgebert_hw_command matmul = on_chip_matmul(16, 16, 64);

	(void)state;
	matmul.matmul.weights = WEIGHTS(0);
	/* 1024 bytes of weights: 128 cycles against 64 or 132 of computing. */
	assert_int_equal(eb_core_command_cycles(stp23, &matmul, 16, 0), 128 + 8);
	assert_int_equal(eb_core_command_cycles(published, &matmul, 16, 0), 4 * 33 + 19 + 128 + 8);
	eb_core_destroy(stp23);
	eb_core_destroy(published);
}

static void an_operand_larger_than_a_buffer_makes_the_other_pass_again(void **state)
{
	struct eb_core *published = eb_core_create("published");
	struct edgebert_hw_command matmul = on_chip_matmul(512, 300, 512);
	const uint64_t input = 512 * 512, weights = 300 * 512;

	(void)state;
	matmul.matmul.input = IN(0);
	matmul.matmul.weights = WEIGHTS(0);
	/* 256 KiB of input are two pieces: 150 KiB of weights pass twice, not the input. */
	assert_int_equal(eb_core_command_cycles(published, &matmul, 16, 0),
			 32 * 19 * 32 * 33 + 19 + 8 + (input + 2 * weights) / 8);
	/* What fits a buffer is held there, and the other operand passes once. */
	matmul = on_chip_matmul(512, 16, 512);
	matmul.matmul.input = IN(0);
	matmul.matmul.weights = WEIGHTS(0);
	assert_int_equal(eb_core_command_cycles(published, &matmul, 16, 0),
			 32 * 32 * 33 + 19 + 8 + (input + 16 * 512) / 8);
	eb_core_destroy(published);
}

static void special_function_costs_are_per_vector(void **state)
{
	struct device *device = *state;
	struct edgebert_hw_command softmax = command(EDGEBERT_HW_OP_SOFTMAX, 0);
	struct edgebert_hw_command layernorm = command(EDGEBERT_HW_OP_LAYERNORM, 0);
	struct edgebert_hw_command entropy = command(EDGEBERT_HW_OP_ENTROPY, 0);

	softmax.softmax = (struct edgebert_hw_softmax){ .input = DATA0(0), .output = DATA1(0),
		.input_stride = 64, .output_stride = 64, .rows = 10, .columns = 33 };
	layernorm.layernorm = (struct edgebert_hw_layernorm){ .input = DATA0(0),
		.output = DATA1(0), .gamma = AUX(0), .beta = AUX(64), .input_stride = 64,
		.output_stride = 64, .rows = 10, .columns = 33 };
	entropy.entropy = (struct edgebert_hw_entropy){ .input = AUX(0), .classes = 2,
		.layer = 1 };
	assert_int_equal(eb_core_command_cycles(device->core, &softmax, 16, 0), 10 * 3 * 58 + 8);
	assert_int_equal(eb_core_command_cycles(device->core, &layernorm, 16, 0), 10 * 3 * 47 + 8);
	assert_int_equal(eb_core_command_cycles(device->core, &entropy, 16, 0), 34 + 8);
}

static void refused_commands_have_no_cycles(void **state)
{
	struct device *device = *state;
	struct edgebert_hw_command broken = command(0x77, 0);
	struct edgebert_hw_command matmul = on_chip_matmul(16, 16, 17);

	assert_int_equal(eb_core_command_cycles(device->core, &broken, 16, 0), 0);
	assert_int_equal(eb_core_command_cycles(device->core, &matmul, 16, 0), 0);
}

/* ---- Estimate against execution ----------------------------------------------------- */

static void check_estimate(struct device *device, const struct edgebert_hw_command *one,
			   uint16_t sequence_length, uint32_t packed_bytes)
{
	struct edgebert_hw_command end = command(EDGEBERT_HW_OP_END, 0);
	uint64_t expected = eb_core_command_cycles(device->core, one, sequence_length,
						   packed_bytes) +
			    eb_core_command_cycles(device->core, &end, sequence_length, 0);

	device_begin(device);
	device->job.sequence_length = sequence_length;
	device_add(device, one);
	assert_int_equal(device_run(device), EDGEBERT_HW_OK);
	assert_int_equal(device->completion.cycles, expected);
	assert_true(expected > 0);
}

static void check_matmul_estimates(struct device *device, uint16_t length, struct random *random)
{
	struct edgebert_hw_command matmul =
		command(EDGEBERT_HW_OP_MATMUL, EDGEBERT_HW_CMD_ROWS_FROM_JOB);
	uint16_t columns = (uint16_t)(1 + random_below(random, 200));
	uint16_t depth = (uint16_t)(16 * (1 + random_below(random, 40)));
	size_t packed;

	random_codes(random, at(device, IN(0)), 512u * depth, 5, 30);
	random_codes(random, at(device, WEIGHTS(0)), columns * depth, 5, 60);
	matmul.matmul = (struct edgebert_hw_matmul){
		.input = IN(0), .weights = WEIGHTS(0), .output = OUT(0), .input_stride = depth,
		.weights_stride = depth, .output_stride = columns, .depth = depth,
		.columns = columns,
	};
	check_estimate(device, &matmul, length, 0);
	packed = eb_bitmask_pack(at(device, WEIGHTS(0)), columns, depth, depth,
				 at(device, PARAMETERS(0)));
	matmul.flags |= EDGEBERT_HW_CMD_PACKED;
	matmul.matmul.weights = PARAMETERS(0);
	matmul.matmul.weights_stride = 0;
	check_estimate(device, &matmul, length, (uint32_t)packed);
	matmul.flags |= EDGEBERT_HW_CMD_DEPTH_FROM_JOB | EDGEBERT_HW_CMD_COLUMNS_FROM_JOB;
	matmul.flags &= (uint16_t)~EDGEBERT_HW_CMD_PACKED;
	matmul.matmul.weights = WEIGHTS(0);
	matmul.matmul.input_stride = matmul.matmul.weights_stride = 512;
	matmul.matmul.output_stride = 512;
	check_estimate(device, &matmul, length, 0);
}

static void check_other_estimates(struct device *device, uint16_t length)
{
	enum { ROWS = EDGEBERT_HW_CMD_ROWS_FROM_JOB, COLUMNS = EDGEBERT_HW_CMD_COLUMNS_FROM_JOB };
	struct edgebert_hw_command one = command(EDGEBERT_HW_OP_SOFTMAX, ROWS | COLUMNS);

	one.softmax = (struct edgebert_hw_softmax){ .input = IN(0), .output = OUT(0),
		.input_stride = 512, .output_stride = 512 };
	check_estimate(device, &one, length, 0);
	one = command(EDGEBERT_HW_OP_LAYERNORM, ROWS);
	one.layernorm = (struct edgebert_hw_layernorm){ .input = IN(0), .output = OUT(0),
		.gamma = PARAMETERS(0), .beta = PARAMETERS(0), .input_stride = 512,
		.output_stride = 512, .columns = 200 };
	check_estimate(device, &one, length, 0);
	one = command(EDGEBERT_HW_OP_ADD, ROWS | COLUMNS);
	one.add = (struct edgebert_hw_add){ .a = IN(0), .b = PARAMETERS(0), .output = OUT(0),
		.a_stride = 512, .output_stride = 512 };
	check_estimate(device, &one, length, 0);
	memset(at(device, PARAMETERS(0)), 0, 4 * 512);
	one = command(EDGEBERT_HW_OP_EMBED, ROWS);
	one.embed = (struct edgebert_hw_embed){ .indices = PARAMETERS(0),
		.table = EDGEBERT_HW_OPERAND(EDGEBERT_HW_SEGMENT_ENVM, 0), .output = OUT(0),
		.table_stride = 128, .output_stride = 128, .table_rows = 100, .columns = 128 };
	check_estimate(device, &one, length, 0);
	one = command(EDGEBERT_HW_OP_COPY, ROWS);
	one.copy = (struct edgebert_hw_copy){ .source = IN(0), .destination = DATA0(0),
		.source_stride = 100, .destination_stride = 100, .row_bytes = 100 };
	check_estimate(device, &one, length, 0);
	one = command(EDGEBERT_HW_OP_EXIT, 0);
	one.exit.layer = 1;
	check_estimate(device, &one, length, 0);
}

static void estimates_equal_what_executing_adds(void **state)
{
	static const uint16_t lengths[] = { 1, 15, 16, 17, 100, 128, 512 };
	const char *const *names = eb_core_profile_names();
	struct random random = { 8 };

	(void)state;
	for (; *names; names++) {
		struct device *device = device_new(*names);

		for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
			check_matmul_estimates(device, lengths[i], &random);
			check_other_estimates(device, lengths[i]);
		}
		device_free(device);
	}
}

static void cycles_do_not_depend_on_the_data(void **state)
{
	struct device *device = *state;
	struct edgebert_hw_command matmul = on_chip_matmul(20, 20, 64);
	uint64_t cycles, energy;

	matmul.matmul.input = IN(0);
	matmul.matmul.weights = WEIGHTS(0);
	memset(at(device, IN(0)), 0, 20 * 64);
	memset(at(device, WEIGHTS(0)), 0, 20 * 64);
	assert_int_equal(device_run_one(device, &matmul), EDGEBERT_HW_OK);
	cycles = device->completion.cycles;
	energy = device->completion.energy_pj;
	memset(at(device, IN(0)), 0x35, 20 * 64);
	memset(at(device, WEIGHTS(0)), 0x35, 20 * 64);
	assert_int_equal(device_run_one(device, &matmul), EDGEBERT_HW_OK);
	assert_int_equal(device->completion.cycles, cycles);
	assert_true(device->completion.energy_pj > energy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_tiles_take_33_cycles_and_19_to_flush),
		cmocka_unit_test(an_ideal_tile_takes_16_cycles),
		cmocka_unit_test(parts_of_tiles_cost_whole_ones),
		cmocka_unit_test(transfers_overlap_or_add),
		cmocka_unit_test(an_operand_larger_than_a_buffer_makes_the_other_pass_again),
		cmocka_unit_test(special_function_costs_are_per_vector),
		cmocka_unit_test(refused_commands_have_no_cycles),
		cmocka_unit_test(estimates_equal_what_executing_adds),
		cmocka_unit_test(cycles_do_not_depend_on_the_data),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("core-cycles", tests, device_setup, device_teardown);
}
