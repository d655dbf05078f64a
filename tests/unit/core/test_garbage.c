// SPDX-License-Identifier: MIT
/*
 * Whatever bytes a stream holds, a job ends with a status of the contract and writes
 * nowhere but where its segments are.
 */
#include "tests/unit/core/fixture.h"

#include <string.h>

#include "tools/device/core/bitmask.h"

static const uint8_t opcodes[] = {
	EDGEBERT_HW_OP_COPY, EDGEBERT_HW_OP_MATMUL, EDGEBERT_HW_OP_SOFTMAX,
	EDGEBERT_HW_OP_LAYERNORM, EDGEBERT_HW_OP_ADD, EDGEBERT_HW_OP_EMBED,
	EDGEBERT_HW_OP_ENTROPY, EDGEBERT_HW_OP_EXIT, EDGEBERT_HW_OP_PREDICT, EDGEBERT_HW_OP_MARK,
};

/* Statuses seen, so that a test can tell that it reached what it is for. */
static unsigned int seen[EDGEBERT_HW_STATUS_COUNT];

static void run(struct device *device)
{
	memset(&device->completion, 0xee, sizeof(device->completion));
	eb_core_execute(device->core, &device->job, &device->callbacks, &device->completion);
	assert_true(device->completion.status < EDGEBERT_HW_STATUS_COUNT);
	assert_true(device->completion.status != EDGEBERT_HW_DEVICE_ERROR);
	assert_true(device->completion.exit_layer <= EDGEBERT_HW_LAYERS_MAX);
	assert_true(device->completion.label < EDGEBERT_HW_CLASSES_MAX);
	seen[device->completion.status]++;
}

static void random_bytes(struct random *random, void *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		((uint8_t *)bytes)[i] = (uint8_t)random_next(random);
}

static void random_streams_end_in_a_status(void **state)
{
	struct device *device = *state;
	struct random random = { 100 };

	for (int job = 0; job < 3000; job++) {
		device_begin(device);
		for (int i = 0; i < 5; i++) {
			struct edgebert_hw_command one;

			random_bytes(&random, &one, sizeof(one));
			one.opcode = opcodes[random_below(&random, sizeof(opcodes))];
			if (random_below(&random, 4))
				one.flags &= 0x1ff;
			device_add(device, &one);
		}
		run(device);
	}
}

static void random_descriptors_end_in_a_status(void **state)
{
	struct device *device = *state;
	struct random random = { 200 };

	for (int job = 0; job < 3000; job++) {
		struct edgebert_hw_job wild;
		uint8_t *bytes = (uint8_t *)&wild;

		device_begin(device);
		device_add(device, &(struct edgebert_hw_command){ .opcode = EDGEBERT_HW_OP_END });
		wild = device->job;
		for (uint32_t i = 0; i <= random_below(&random, 4); i++)
			bytes[random_below(&random, sizeof(wild))] = (uint8_t)random_next(&random);
		device->job = wild;
		run(device);
	}
}

/* A count that is often small, sometimes at a limit, sometimes anything. */
static uint32_t plausible(struct random *random, uint32_t limit)
{
	switch (random_below(random, 8)) {
	case 0:
		return limit;
	case 1:
		return limit + 1;
	case 2:
		return random_next(random);
	default:
		return 1 + random_below(random, limit < 64 ? limit : 64);
	}
}

static uint32_t plausible_operand(struct random *random)
{
	static const uint32_t offsets[] = { 0, 4, 64, 1, 0xffff0, 0x1fff0, 0x7ff0, 0x0ffffff0 };

	return EDGEBERT_HW_OPERAND(random_below(random, random_below(random, 8) ? 12 : 16),
				   offsets[random_below(random, 8)]);
}

static uint32_t plausible_stride(struct random *random)
{
	static const uint32_t strides[] = { 0, 16, 64, 128, 256, 1024, 4096, 8192, 0x10000,
					    0xfffffff0 };

	return strides[random_below(random, sizeof(strides) / sizeof(strides[0]))];
}

static uint8_t plausible_small(struct random *random, uint32_t limit)
{
	return (uint8_t)random_below(random, random_below(random, 16) ? limit : 256);
}

/*
 * All structures begin with operands and strides; where which field lies differs, so the
 * interesting ones are set by name and the rest stays zero.
 */
static struct edgebert_hw_command plausible_command(struct random *random)
{
	struct edgebert_hw_command c = command(opcodes[random_below(random, sizeof(opcodes))],
					       (uint16_t)random_below(random, 512));

	if (random_below(random, 2))
		c.flags &= random_next(random);
	switch (c.opcode) {
	case EDGEBERT_HW_OP_MATMUL:
		c.flags &= 0x3f;
		c.matmul = (struct edgebert_hw_matmul){
			.input = plausible_operand(random), .weights = plausible_operand(random),
			.output = plausible_operand(random),
			.bias = c.flags & EDGEBERT_HW_CMD_BIAS ? plausible_operand(random) : 0,
			.input_stride = plausible_stride(random),
			.weights_stride = c.flags & EDGEBERT_HW_CMD_PACKED ? 0 :
					  plausible_stride(random),
			.output_stride = plausible_stride(random),
			.rows = (uint16_t)plausible(random, EDGEBERT_HW_ROWS_MAX),
			.depth = (uint16_t)(16 * plausible(random, 255)),
			.columns = (uint16_t)plausible(random, EDGEBERT_HW_COLUMNS_MAX),
			.input_bias = plausible_small(random, 8),
			.weights_bias = plausible_small(random, 8),
			.output_bias = plausible_small(random, 8),
			.output_format = plausible_small(random, 2),
			.activation = plausible_small(random, 4) };
		break;
	case EDGEBERT_HW_OP_SOFTMAX:
		c.flags &= 0xc3;
		c.softmax = (struct edgebert_hw_softmax){
			.input = plausible_operand(random), .output = plausible_operand(random),
			.span = c.flags & EDGEBERT_HW_CMD_SPAN ? plausible_operand(random) : 0,
			.input_stride = plausible_stride(random),
			.output_stride = plausible_stride(random),
			.rows = (uint16_t)plausible(random, EDGEBERT_HW_ROWS_MAX),
			.columns = (uint16_t)plausible(random, EDGEBERT_HW_COLUMNS_MAX),
			.input_format = plausible_small(random, 2),
			.output_format = plausible_small(random, 2) };
		break;
	case EDGEBERT_HW_OP_LAYERNORM:
		c.flags &= 1;
		c.layernorm = (struct edgebert_hw_layernorm){
			.input = plausible_operand(random), .output = plausible_operand(random),
			.gamma = plausible_operand(random), .beta = plausible_operand(random),
			.input_stride = plausible_stride(random),
			.output_stride = plausible_stride(random), .epsilon = random_next(random),
			.rows = (uint16_t)plausible(random, EDGEBERT_HW_ROWS_MAX),
			.columns = (uint16_t)plausible(random, EDGEBERT_HW_COLUMNS_MAX),
			.input_format = plausible_small(random, 2),
			.output_format = plausible_small(random, 2),
			.parameter_format = plausible_small(random, 2) };
		break;
	case EDGEBERT_HW_OP_ADD:
		c.flags &= 3;
		c.add = (struct edgebert_hw_add){
			.a = plausible_operand(random), .b = plausible_operand(random),
			.output = plausible_operand(random), .a_stride = plausible_stride(random),
			.b_stride = plausible_stride(random),
			.output_stride = plausible_stride(random),
			.rows = (uint16_t)plausible(random, EDGEBERT_HW_ROWS_MAX),
			.columns = (uint16_t)plausible(random, EDGEBERT_HW_COLUMNS_MAX),
			.a_format = plausible_small(random, 2),
			.b_format = plausible_small(random, 2),
			.output_format = plausible_small(random, 2) };
		break;
	case EDGEBERT_HW_OP_EMBED:
		c.flags &= 9;
		c.embed = (struct edgebert_hw_embed){
			.indices = plausible_operand(random), .table = plausible_operand(random),
			.output = plausible_operand(random),
			.table_stride = c.flags & EDGEBERT_HW_CMD_PACKED ? 0 :
					plausible_stride(random),
			.output_stride = plausible_stride(random),
			.table_rows = plausible(random, 30000),
			.rows = (uint16_t)plausible(random, EDGEBERT_HW_ROWS_MAX),
			.columns = (uint16_t)(16 * plausible(random, 256)),
			.output_format = plausible_small(random, 2) };
		break;
	case EDGEBERT_HW_OP_COPY:
		c.flags &= 1;
		c.copy = (struct edgebert_hw_copy){
			.source = plausible_operand(random),
			.destination = plausible_operand(random),
			.source_stride = plausible_stride(random),
			.destination_stride = plausible_stride(random),
			.row_bytes = plausible(random, EDGEBERT_HW_DATA_BUFFER_BYTES),
			.rows = (uint16_t)plausible(random, EDGEBERT_HW_ROWS_MAX) };
		break;
	case EDGEBERT_HW_OP_ENTROPY:
		c.flags = 0;
		c.entropy = (struct edgebert_hw_entropy){
			.input = plausible_operand(random),
			.input_format = plausible_small(random, 2),
			.classes = plausible_small(random, 18),
			.layer = plausible_small(random, 26) };
		break;
	case EDGEBERT_HW_OP_EXIT:
		c.flags &= 0x100;
		c.exit.layer = plausible_small(random, 26);
		break;
	case EDGEBERT_HW_OP_PREDICT:
		c.flags = 0;
		c.predict = (struct edgebert_hw_predict){
			.table = plausible_operand(random), .cycles = plausible_operand(random),
			.rows = (uint16_t)plausible(random, 100),
			.step = (uint16_t)plausible(random, 1000),
			.columns = plausible_small(random, 12),
			.first_layer = plausible_small(random, 6),
			.last_layer = plausible_small(random, 25),
			.cycle_rows = plausible_small(random, 34) };
		break;
	default:
		c.flags = 0;
		c.mark = (struct edgebert_hw_mark){ .output = plausible_operand(random) };
		break;
	}
	return c;
}

static void add_plausible_commands(struct device *device, struct random *random)
{
	for (int i = 0; i < 6; i++) {
		struct edgebert_hw_command one = plausible_command(random);

		/* Large matrix products would only cost time. */
		if (one.opcode == EDGEBERT_HW_OP_MATMUL &&
		    (uint64_t)one.matmul.rows * one.matmul.columns * one.matmul.depth > 4000000)
			one.matmul.rows = 1;
		device_add(device, &one);
	}
}

static void plausible_streams_end_in_a_status(void **state)
{
	struct device *device = *state;
	struct random random = { 300 };
	int different = 0;

	memset(seen, 0, sizeof(seen));
	/* Segments over random bytes: nothing that a table or index holds can be trusted. */
	random_bytes(&random, device->memory, 4 * SEGMENT_BYTES);
	random_bytes(&random, eb_core_envm(device->core), EDGEBERT_HW_ENVM_BYTES);
	for (int job = 0; job < 6000; job++) {
		device_begin(device);
		device->job.sequence_length = (uint16_t)(1 + random_below(&random, 512));
		device->job.flags = (uint16_t)random_below(&random, 2);
		add_plausible_commands(device, &random);
		run(device);
	}
	for (int status = 0; status < EDGEBERT_HW_STATUS_COUNT; status++)
		different += seen[status] > 0;
	assert_true(seen[EDGEBERT_HW_BAD_COMMAND] && seen[EDGEBERT_HW_BAD_ADDRESS]);
	assert_true(seen[EDGEBERT_HW_PAGE_NOT_MAPPED] && seen[EDGEBERT_HW_BAD_INDEX]);
	assert_true(different >= 5);
}

static void damaged_packed_matrices_end_in_a_status(void **state)
{
	struct device *device = *state;
	struct random random = { 400 };
	struct edgebert_hw_command matmul = command(EDGEBERT_HW_OP_MATMUL,
						    EDGEBERT_HW_CMD_PACKED);
	struct edgebert_hw_command embed = command(EDGEBERT_HW_OP_EMBED, EDGEBERT_HW_CMD_PACKED);

	memset(seen, 0, sizeof(seen));
	matmul.matmul = (struct edgebert_hw_matmul){ .input = IN(0), .weights = PARAMETERS(0),
		.output = OUT(0), .input_stride = 64, .output_stride = 64, .rows = 2,
		.depth = 64, .columns = 40 };
	embed.embed = (struct edgebert_hw_embed){ .indices = IN(0x1000), .table = PARAMETERS(0),
		.output = OUT(0), .output_stride = 64, .table_rows = 40, .rows = 40,
		.columns = 64 };
	for (uint32_t i = 0; i < 40; i++)
		((uint32_t *)at(device, IN(0x1000)))[i] = i;
	for (int trial = 0; trial < 4000; trial++) {
		uint8_t codes[40 * 64];
		size_t size;

		random_codes(&random, codes, sizeof(codes), 7, 50);
		size = eb_bitmask_pack(codes, 40, 64, 64, at(device, PARAMETERS(0)));
		for (uint32_t i = 0; i <= random_below(&random, 3); i++)
			at(device, PARAMETERS(0))[random_below(&random, (uint32_t)(trial % 2 ? 16 :
									size))] ^=
				(uint8_t)(1u << random_below(&random, 8));
		device_begin(device);
		device_add(device, trial % 3 ? &matmul : &embed);
		device_add(device, &(struct edgebert_hw_command){ .opcode = EDGEBERT_HW_OP_END });
		run(device);
	}
	assert_true(seen[EDGEBERT_HW_OK] && seen[EDGEBERT_HW_BAD_PACKING]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_streams_end_in_a_status),
		cmocka_unit_test(random_descriptors_end_in_a_status),
		cmocka_unit_test(plausible_streams_end_in_a_status),
		cmocka_unit_test(damaged_packed_matrices_end_in_a_status),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("core-garbage", tests, device_setup, device_teardown);
}
