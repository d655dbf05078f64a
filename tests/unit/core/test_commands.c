// SPDX-License-Identifier: MIT
/*
 * The allow-list: every way a command can be wrong is refused with its own status, and
 * the command it was made from is accepted.
 */
#include "tests/unit/core/fixture.h"

#include <string.h>

#define Q EDGEBERT_HW_FORMAT_Q6_10
#define ENVM(at) EDGEBERT_HW_OPERAND(EDGEBERT_HW_SEGMENT_ENVM, at)
#define DATA0(at) EDGEBERT_HW_OPERAND(EDGEBERT_HW_SEGMENT_DATA0, at)
#define AUX(at) EDGEBERT_HW_OPERAND(EDGEBERT_HW_SEGMENT_AUX, at)

/* ---- A good command of every opcode ------------------------------------------------- */

static struct edgebert_hw_command good(uint8_t opcode)
{
	struct edgebert_hw_command result = command(opcode, 0);

	switch (opcode) {
	case EDGEBERT_HW_OP_MATMUL:
		result.flags = EDGEBERT_HW_CMD_BIAS;
		result.matmul = (struct edgebert_hw_matmul){
			.input = IN(0), .weights = WEIGHTS(0), .bias = PARAMETERS(0),
			.output = OUT(0), .input_stride = 32, .weights_stride = 32,
			.output_stride = 64, .rows = 20, .depth = 32, .columns = 20 };
		break;
	case EDGEBERT_HW_OP_SOFTMAX:
		result.flags = EDGEBERT_HW_CMD_SPAN;
		result.softmax = (struct edgebert_hw_softmax){
			.input = IN(0), .output = OUT(0), .span = PARAMETERS(0),
			.input_stride = 64, .output_stride = 64, .rows = 3, .columns = 20 };
		break;
	case EDGEBERT_HW_OP_LAYERNORM:
		result.layernorm = (struct edgebert_hw_layernorm){
			.input = IN(0), .output = OUT(0), .gamma = PARAMETERS(0),
			.beta = PARAMETERS(64), .input_stride = 64, .output_stride = 64,
			.epsilon = 1, .rows = 3, .columns = 20 };
		break;
	case EDGEBERT_HW_OP_ADD:
		result.add = (struct edgebert_hw_add){
			.a = IN(0), .b = WEIGHTS(0), .output = OUT(0), .a_stride = 64,
			.b_stride = 64, .output_stride = 64, .rows = 3, .columns = 20 };
		break;
	case EDGEBERT_HW_OP_EMBED:
		result.embed = (struct edgebert_hw_embed){
			.indices = IN(0), .table = WEIGHTS(0), .output = OUT(0),
			.table_stride = 64, .output_stride = 64, .table_rows = 100, .rows = 3,
			.columns = 32 };
		break;
	case EDGEBERT_HW_OP_COPY:
		result.copy = (struct edgebert_hw_copy){
			.source = IN(0), .destination = OUT(0), .source_stride = 64,
			.destination_stride = 64, .row_bytes = 20, .rows = 3 };
		break;
	case EDGEBERT_HW_OP_ENTROPY:
		result.entropy = (struct edgebert_hw_entropy){
			.input = IN(0), .classes = 2, .layer = 1 };
		break;
	case EDGEBERT_HW_OP_EXIT:
		result.exit.layer = 1;
		break;
	case EDGEBERT_HW_OP_PREDICT:
		result.predict = (struct edgebert_hw_predict){
			.table = PARAMETERS(0), .cycles = PARAMETERS(0x100), .rows = 2,
			.step = 10, .columns = 3, .first_layer = 2, .last_layer = 5,
			.cycle_rows = 1 };
		break;
	case EDGEBERT_HW_OP_MARK:
		result.mark = (struct edgebert_hw_mark){ .output = OUT(0), .tag = 5 };
		break;
	default:
		break;
	}
	return result;
}

static const uint8_t opcodes[] = {
	EDGEBERT_HW_OP_END, EDGEBERT_HW_OP_COPY, EDGEBERT_HW_OP_MATMUL, EDGEBERT_HW_OP_SOFTMAX,
	EDGEBERT_HW_OP_LAYERNORM, EDGEBERT_HW_OP_ADD, EDGEBERT_HW_OP_EMBED,
	EDGEBERT_HW_OP_ENTROPY, EDGEBERT_HW_OP_EXIT, EDGEBERT_HW_OP_PREDICT, EDGEBERT_HW_OP_MARK,
};
#define OPCODES (sizeof(opcodes) / sizeof(opcodes[0]))

/* Expects `status` of a good command with one field changed, and of that field's fault. */
#define REFUSED(device, wanted, opcode, change)                                            \
	do {                                                                               \
		struct edgebert_hw_command c = good(opcode);                               \
		change;                                                                    \
		if (device_run_one(device, &c) != (wanted))                                \
			fail_msg("%s: status %u instead of %u", #change,                   \
				 (device)->completion.status, (unsigned int)(wanted));     \
		assert_int_equal((device)->completion.fault_command, 0);                   \
	} while (0)
#define BAD_COMMAND(opcode, change) REFUSED(device, EDGEBERT_HW_BAD_COMMAND, opcode, change)
#define BAD_ADDRESS(opcode, operand, change)                                               \
	do {                                                                               \
		REFUSED(device, EDGEBERT_HW_BAD_ADDRESS, opcode, change);                  \
		assert_int_equal(device->completion.fault_address, operand);               \
	} while (0)
#define ACCEPTED(opcode, change) REFUSED(device, EDGEBERT_HW_OK, opcode, change)

static void good_commands_are_accepted(void **state)
{
	struct device *device = *state;

	for (size_t i = 0; i < OPCODES; i++) {
		struct edgebert_hw_command one = good(opcodes[i]);

		one.tag = 0xffffffff;
		assert_int_equal(device_run_one(device, &one), EDGEBERT_HW_OK);
	}
}

static void unknown_opcodes_are_refused(void **state)
{
	struct device *device = *state;
	int known = 0;

	for (int opcode = 0; opcode < 256; opcode++) {
		struct edgebert_hw_command one = good((uint8_t)opcode);

		if (memchr(opcodes, opcode, OPCODES)) {
			known++;
			continue;
		}
		assert_int_equal(device_run_one(device, &one), EDGEBERT_HW_BAD_OPCODE);
	}
	assert_int_equal(known, OPCODES);
}

static void flags_that_mean_nothing_are_refused(void **state)
{
	enum {
		ROWS = EDGEBERT_HW_CMD_ROWS_FROM_JOB,
		COLUMNS = EDGEBERT_HW_CMD_COLUMNS_FROM_JOB,
	};
	/* Flags with a meaning, per opcode in the order of opcodes[]. */
	static const uint16_t allowed[OPCODES] = {
		0, ROWS,
		ROWS | COLUMNS | EDGEBERT_HW_CMD_DEPTH_FROM_JOB | EDGEBERT_HW_CMD_PACKED |
			EDGEBERT_HW_CMD_BIAS | EDGEBERT_HW_CMD_TRANSPOSE,
		ROWS | COLUMNS | EDGEBERT_HW_CMD_SPAN | EDGEBERT_HW_CMD_SPAN_RELATIVE,
		ROWS, ROWS | COLUMNS, ROWS | EDGEBERT_HW_CMD_PACKED, 0, EDGEBERT_HW_CMD_LAST, 0, 0,
	};
	struct device *device = *state;

	for (size_t i = 0; i < OPCODES; i++) {
		for (int bit = 0; bit < 16; bit++) {
			struct edgebert_hw_command one = good(opcodes[i]);

			one.flags |= (uint16_t)(1u << bit);
			if (!(allowed[i] >> bit & 1))
				assert_int_equal(device_run_one(device, &one),
						 EDGEBERT_HW_BAD_COMMAND);
		}
	}
}

static void every_reserved_bit_is_checked(void **state)
{
	/* Reserved bytes start here in the union of each opcode. */
	static const uint8_t used[OPCODES] = { 0, 22, 39, 29, 39, 34, 31, 8, 1, 16, 8 };
	struct device *device = *state;

	for (size_t i = 0; i < OPCODES; i++) {
		struct edgebert_hw_command one = good(opcodes[i]);

		one.reserved = 1;
		assert_int_equal(device_run_one(device, &one), EDGEBERT_HW_BAD_COMMAND);
		for (size_t bit = used[i] * 8u; bit < 56 * 8; bit++) {
			one = good(opcodes[i]);
			one.bytes[bit / 8] |= (uint8_t)(1u << bit % 8);
			assert_int_equal(device_run_one(device, &one), EDGEBERT_HW_BAD_COMMAND);
		}
	}
}

static void matmul_fields_are_checked(void **state)
{
	struct device *device = *state;

	BAD_COMMAND(EDGEBERT_HW_OP_MATMUL, c.matmul.rows = 0);
	BAD_COMMAND(EDGEBERT_HW_OP_MATMUL, c.matmul.rows = 1025);
	BAD_COMMAND(EDGEBERT_HW_OP_MATMUL, c.matmul.columns = 0);
	BAD_COMMAND(EDGEBERT_HW_OP_MATMUL, (c.matmul.columns = 4097,
					    c.matmul.output_stride = 5000));
	BAD_COMMAND(EDGEBERT_HW_OP_MATMUL, c.matmul.depth = 0);
	BAD_COMMAND(EDGEBERT_HW_OP_MATMUL, c.matmul.depth = 24);
	BAD_COMMAND(EDGEBERT_HW_OP_MATMUL, (c.matmul.depth = 4096, c.matmul.input_stride =
					    c.matmul.weights_stride = 4096));
	BAD_COMMAND(EDGEBERT_HW_OP_MATMUL, c.matmul.input_bias = 8);
	BAD_COMMAND(EDGEBERT_HW_OP_MATMUL, c.matmul.weights_bias = 8);
	BAD_COMMAND(EDGEBERT_HW_OP_MATMUL, c.matmul.output_bias = 8);
	BAD_COMMAND(EDGEBERT_HW_OP_MATMUL, c.matmul.output_format = 2);
	BAD_COMMAND(EDGEBERT_HW_OP_MATMUL, c.matmul.activation = 4);
	BAD_COMMAND(EDGEBERT_HW_OP_MATMUL, c.matmul.input_stride = 31);
	BAD_COMMAND(EDGEBERT_HW_OP_MATMUL, c.matmul.weights_stride = 31);
	BAD_COMMAND(EDGEBERT_HW_OP_MATMUL, c.matmul.output_stride = 19);
	BAD_COMMAND(EDGEBERT_HW_OP_MATMUL, (c.matmul.output_format = Q, c.matmul.output_stride =
					    38));
	BAD_COMMAND(EDGEBERT_HW_OP_MATMUL, (c.flags |= EDGEBERT_HW_CMD_TRANSPOSE,
					    c.matmul.output_stride = 19));
	BAD_COMMAND(EDGEBERT_HW_OP_MATMUL, c.flags |= EDGEBERT_HW_CMD_PACKED);
	BAD_COMMAND(EDGEBERT_HW_OP_MATMUL, c.flags = 0);
	ACCEPTED(EDGEBERT_HW_OP_MATMUL, (c.flags = 0, c.matmul.bias = 0));
	ACCEPTED(EDGEBERT_HW_OP_MATMUL, (c.matmul.input_bias = 7, c.matmul.weights_bias = 7));
}

static void softmax_fields_are_checked(void **state)
{
	struct device *device = *state;

	BAD_COMMAND(EDGEBERT_HW_OP_SOFTMAX, c.softmax.rows = 0);
	BAD_COMMAND(EDGEBERT_HW_OP_SOFTMAX, c.softmax.rows = 1025);
	BAD_COMMAND(EDGEBERT_HW_OP_SOFTMAX, c.softmax.columns = 0);
	BAD_COMMAND(EDGEBERT_HW_OP_SOFTMAX, (c.softmax.columns = 4097, c.softmax.input_stride =
					     c.softmax.output_stride = 8192));
	BAD_COMMAND(EDGEBERT_HW_OP_SOFTMAX, c.softmax.input_bias = 8);
	BAD_COMMAND(EDGEBERT_HW_OP_SOFTMAX, c.softmax.output_bias = 8);
	BAD_COMMAND(EDGEBERT_HW_OP_SOFTMAX, c.softmax.span_bias = 8);
	BAD_COMMAND(EDGEBERT_HW_OP_SOFTMAX, c.softmax.input_format = 2);
	BAD_COMMAND(EDGEBERT_HW_OP_SOFTMAX, c.softmax.output_format = 2);
	BAD_COMMAND(EDGEBERT_HW_OP_SOFTMAX, c.softmax.input_stride = 19);
	/* A whole number of vectors is written. */
	BAD_COMMAND(EDGEBERT_HW_OP_SOFTMAX, c.softmax.output_stride = 31);
	BAD_COMMAND(EDGEBERT_HW_OP_SOFTMAX, c.flags = EDGEBERT_HW_CMD_SPAN_RELATIVE);
	BAD_COMMAND(EDGEBERT_HW_OP_SOFTMAX, c.flags = 0);
	BAD_COMMAND(EDGEBERT_HW_OP_SOFTMAX, (c.flags = 0, c.softmax.span = 0,
					     c.softmax.span_bias = 1));
	ACCEPTED(EDGEBERT_HW_OP_SOFTMAX, (c.flags = 0, c.softmax.span = 0));
}

static void layernorm_fields_are_checked(void **state)
{
	struct device *device = *state;

	BAD_COMMAND(EDGEBERT_HW_OP_LAYERNORM, c.layernorm.rows = 0);
	BAD_COMMAND(EDGEBERT_HW_OP_LAYERNORM, c.layernorm.rows = 1025);
	BAD_COMMAND(EDGEBERT_HW_OP_LAYERNORM, c.layernorm.columns = 0);
	BAD_COMMAND(EDGEBERT_HW_OP_LAYERNORM, (c.layernorm.columns = 4097,
			c.layernorm.input_stride = c.layernorm.output_stride = 8192));
	BAD_COMMAND(EDGEBERT_HW_OP_LAYERNORM, c.layernorm.input_bias = 8);
	BAD_COMMAND(EDGEBERT_HW_OP_LAYERNORM, c.layernorm.output_bias = 8);
	BAD_COMMAND(EDGEBERT_HW_OP_LAYERNORM, c.layernorm.gamma_bias = 8);
	BAD_COMMAND(EDGEBERT_HW_OP_LAYERNORM, c.layernorm.beta_bias = 8);
	BAD_COMMAND(EDGEBERT_HW_OP_LAYERNORM, c.layernorm.input_format = 2);
	BAD_COMMAND(EDGEBERT_HW_OP_LAYERNORM, c.layernorm.output_format = 2);
	BAD_COMMAND(EDGEBERT_HW_OP_LAYERNORM, c.layernorm.parameter_format = 2);
	BAD_COMMAND(EDGEBERT_HW_OP_LAYERNORM, c.layernorm.input_stride = 19);
	BAD_COMMAND(EDGEBERT_HW_OP_LAYERNORM, c.layernorm.output_stride = 19);
	ACCEPTED(EDGEBERT_HW_OP_LAYERNORM, c.layernorm.epsilon = UINT32_MAX);
	ACCEPTED(EDGEBERT_HW_OP_LAYERNORM, c.layernorm.epsilon = 0);
}

static void add_fields_are_checked(void **state)
{
	struct device *device = *state;

	BAD_COMMAND(EDGEBERT_HW_OP_ADD, c.add.rows = 0);
	BAD_COMMAND(EDGEBERT_HW_OP_ADD, c.add.rows = 1025);
	BAD_COMMAND(EDGEBERT_HW_OP_ADD, c.add.columns = 0);
	BAD_COMMAND(EDGEBERT_HW_OP_ADD, (c.add.columns = 4097, c.add.a_stride = c.add.b_stride =
					 c.add.output_stride = 8192));
	BAD_COMMAND(EDGEBERT_HW_OP_ADD, c.add.a_bias = 8);
	BAD_COMMAND(EDGEBERT_HW_OP_ADD, c.add.b_bias = 8);
	BAD_COMMAND(EDGEBERT_HW_OP_ADD, c.add.output_bias = 8);
	BAD_COMMAND(EDGEBERT_HW_OP_ADD, c.add.a_format = 2);
	BAD_COMMAND(EDGEBERT_HW_OP_ADD, c.add.b_format = 2);
	BAD_COMMAND(EDGEBERT_HW_OP_ADD, c.add.output_format = 2);
	BAD_COMMAND(EDGEBERT_HW_OP_ADD, c.add.a_stride = 19);
	BAD_COMMAND(EDGEBERT_HW_OP_ADD, c.add.b_stride = 19);
	BAD_COMMAND(EDGEBERT_HW_OP_ADD, c.add.output_stride = 19);
}

static void embed_and_copy_fields_are_checked(void **state)
{
	struct device *device = *state;

	BAD_COMMAND(EDGEBERT_HW_OP_EMBED, c.embed.rows = 0);
	BAD_COMMAND(EDGEBERT_HW_OP_EMBED, c.embed.rows = 1025);
	BAD_COMMAND(EDGEBERT_HW_OP_EMBED, c.embed.columns = 0);
	BAD_COMMAND(EDGEBERT_HW_OP_EMBED, (c.embed.columns = 4097, c.embed.table_stride =
					   c.embed.output_stride = 8192));
	BAD_COMMAND(EDGEBERT_HW_OP_EMBED, c.embed.table_rows = 0);
	BAD_COMMAND(EDGEBERT_HW_OP_EMBED, c.embed.table_bias = 8);
	BAD_COMMAND(EDGEBERT_HW_OP_EMBED, c.embed.output_bias = 8);
	BAD_COMMAND(EDGEBERT_HW_OP_EMBED, c.embed.output_format = 2);
	BAD_COMMAND(EDGEBERT_HW_OP_EMBED, c.embed.table_stride = 31);
	BAD_COMMAND(EDGEBERT_HW_OP_EMBED, c.embed.output_stride = 31);
	BAD_COMMAND(EDGEBERT_HW_OP_EMBED, c.flags = EDGEBERT_HW_CMD_PACKED);
	BAD_COMMAND(EDGEBERT_HW_OP_EMBED, (c.flags = EDGEBERT_HW_CMD_PACKED,
					   c.embed.table_stride = 0, c.embed.columns = 20));
	BAD_COMMAND(EDGEBERT_HW_OP_COPY, c.copy.rows = 0);
	BAD_COMMAND(EDGEBERT_HW_OP_COPY, c.copy.rows = 1025);
	BAD_COMMAND(EDGEBERT_HW_OP_COPY, c.copy.row_bytes = 0);
	BAD_COMMAND(EDGEBERT_HW_OP_COPY, (c.copy.row_bytes = 131073, c.copy.source_stride =
					  c.copy.destination_stride = 200000));
	BAD_COMMAND(EDGEBERT_HW_OP_COPY, c.copy.source_stride = 19);
	BAD_COMMAND(EDGEBERT_HW_OP_COPY, c.copy.destination_stride = 19);
}

static void assessment_fields_are_checked(void **state)
{
	struct device *device = *state;

	BAD_COMMAND(EDGEBERT_HW_OP_ENTROPY, c.entropy.classes = 1);
	BAD_COMMAND(EDGEBERT_HW_OP_ENTROPY, c.entropy.classes = 17);
	BAD_COMMAND(EDGEBERT_HW_OP_ENTROPY, c.entropy.layer = 0);
	BAD_COMMAND(EDGEBERT_HW_OP_ENTROPY, c.entropy.layer = 25);
	BAD_COMMAND(EDGEBERT_HW_OP_ENTROPY, c.entropy.input_bias = 8);
	BAD_COMMAND(EDGEBERT_HW_OP_ENTROPY, c.entropy.input_format = 2);
	BAD_COMMAND(EDGEBERT_HW_OP_EXIT, c.exit.layer = 0);
	BAD_COMMAND(EDGEBERT_HW_OP_EXIT, c.exit.layer = 25);
	BAD_COMMAND(EDGEBERT_HW_OP_PREDICT, c.predict.rows = 0);
	BAD_COMMAND(EDGEBERT_HW_OP_PREDICT, c.predict.step = 0);
	BAD_COMMAND(EDGEBERT_HW_OP_PREDICT, c.predict.columns = 0);
	BAD_COMMAND(EDGEBERT_HW_OP_PREDICT, c.predict.columns = 5);
	BAD_COMMAND(EDGEBERT_HW_OP_PREDICT, c.predict.first_layer = 0);
	BAD_COMMAND(EDGEBERT_HW_OP_PREDICT, c.predict.first_layer = 6);
	BAD_COMMAND(EDGEBERT_HW_OP_PREDICT, c.predict.last_layer = 25);
	BAD_COMMAND(EDGEBERT_HW_OP_PREDICT, c.predict.cycle_rows = 0);
	BAD_COMMAND(EDGEBERT_HW_OP_PREDICT, c.predict.cycle_rows = 33);
	ACCEPTED(EDGEBERT_HW_OP_PREDICT, c.predict.columns = 4);
}

static void prediction_needs_cycles_for_the_sequence(void **state)
{
	struct device *device = *state;
	struct edgebert_hw_command predict = good(EDGEBERT_HW_OP_PREDICT);

	device_begin(device);
	device->job.sequence_length = 17;
	device_add(device, &predict);
	assert_int_equal(device_run(device), EDGEBERT_HW_BAD_COMMAND);
	predict.predict.cycle_rows = 2;
	device_begin(device);
	device->job.sequence_length = 17;
	device_add(device, &predict);
	assert_int_equal(device_run(device), EDGEBERT_HW_OK);
}

static void missing_segments_are_refused(void **state)
{
	struct device *device = *state;

	for (uint32_t segment = 12; segment < 16; segment++) {
		uint32_t operand = EDGEBERT_HW_OPERAND(segment, 0);

		BAD_ADDRESS(EDGEBERT_HW_OP_MATMUL, operand, c.matmul.input = operand);
		BAD_ADDRESS(EDGEBERT_HW_OP_MATMUL, operand, c.matmul.weights = operand);
		BAD_ADDRESS(EDGEBERT_HW_OP_MATMUL, operand, c.matmul.bias = operand);
		BAD_ADDRESS(EDGEBERT_HW_OP_MATMUL, operand, c.matmul.output = operand);
		BAD_ADDRESS(EDGEBERT_HW_OP_SOFTMAX, operand, c.softmax.input = operand);
		BAD_ADDRESS(EDGEBERT_HW_OP_SOFTMAX, operand, c.softmax.output = operand);
		BAD_ADDRESS(EDGEBERT_HW_OP_SOFTMAX, operand, c.softmax.span = operand);
		BAD_ADDRESS(EDGEBERT_HW_OP_LAYERNORM, operand, c.layernorm.input = operand);
		BAD_ADDRESS(EDGEBERT_HW_OP_LAYERNORM, operand, c.layernorm.output = operand);
		BAD_ADDRESS(EDGEBERT_HW_OP_LAYERNORM, operand, c.layernorm.gamma = operand);
		BAD_ADDRESS(EDGEBERT_HW_OP_LAYERNORM, operand, c.layernorm.beta = operand);
		BAD_ADDRESS(EDGEBERT_HW_OP_ADD, operand, c.add.a = operand);
		BAD_ADDRESS(EDGEBERT_HW_OP_ADD, operand, c.add.b = operand);
		BAD_ADDRESS(EDGEBERT_HW_OP_ADD, operand, c.add.output = operand);
		BAD_ADDRESS(EDGEBERT_HW_OP_EMBED, operand, c.embed.indices = operand);
		BAD_ADDRESS(EDGEBERT_HW_OP_EMBED, operand, c.embed.table = operand);
		BAD_ADDRESS(EDGEBERT_HW_OP_EMBED, operand, c.embed.output = operand);
		BAD_ADDRESS(EDGEBERT_HW_OP_COPY, operand, c.copy.source = operand);
		BAD_ADDRESS(EDGEBERT_HW_OP_COPY, operand, c.copy.destination = operand);
		BAD_ADDRESS(EDGEBERT_HW_OP_ENTROPY, operand, c.entropy.input = operand);
		BAD_ADDRESS(EDGEBERT_HW_OP_PREDICT, operand, c.predict.table = operand);
		BAD_ADDRESS(EDGEBERT_HW_OP_PREDICT, operand, c.predict.cycles = operand);
		BAD_ADDRESS(EDGEBERT_HW_OP_MARK, operand, c.mark.output = operand);
	}
}

static void envm_cannot_be_written(void **state)
{
	struct device *device = *state;

	BAD_ADDRESS(EDGEBERT_HW_OP_MATMUL, ENVM(0), c.matmul.output = ENVM(0));
	BAD_ADDRESS(EDGEBERT_HW_OP_SOFTMAX, ENVM(0), c.softmax.output = ENVM(0));
	BAD_ADDRESS(EDGEBERT_HW_OP_LAYERNORM, ENVM(0), c.layernorm.output = ENVM(0));
	BAD_ADDRESS(EDGEBERT_HW_OP_ADD, ENVM(0), c.add.output = ENVM(0));
	BAD_ADDRESS(EDGEBERT_HW_OP_EMBED, ENVM(0), c.embed.output = ENVM(0));
	BAD_ADDRESS(EDGEBERT_HW_OP_COPY, ENVM(0), c.copy.destination = ENVM(0));
	BAD_ADDRESS(EDGEBERT_HW_OP_MARK, ENVM(0), c.mark.output = ENVM(0));
	ACCEPTED(EDGEBERT_HW_OP_COPY, c.copy.source = ENVM(0));
	ACCEPTED(EDGEBERT_HW_OP_MATMUL, c.matmul.weights = ENVM(0));
}

static void numbers_must_be_aligned(void **state)
{
	struct device *device = *state;

	BAD_ADDRESS(EDGEBERT_HW_OP_MATMUL, PARAMETERS(2), c.matmul.bias = PARAMETERS(2));
	BAD_ADDRESS(EDGEBERT_HW_OP_MATMUL, OUT(1), (c.matmul.output_format = Q,
						    c.matmul.output = OUT(1)));
	BAD_ADDRESS(EDGEBERT_HW_OP_MATMUL, WEIGHTS(2), (c.flags |= EDGEBERT_HW_CMD_PACKED,
			c.matmul.weights_stride = 0, c.matmul.weights = WEIGHTS(2)));
	BAD_ADDRESS(EDGEBERT_HW_OP_SOFTMAX, IN(1), (c.softmax.input_format = Q,
						    c.softmax.input = IN(1)));
	BAD_ADDRESS(EDGEBERT_HW_OP_SOFTMAX, OUT(1), (c.softmax.output_format = Q,
						     c.softmax.output = OUT(1)));
	BAD_ADDRESS(EDGEBERT_HW_OP_LAYERNORM, PARAMETERS(1), (c.layernorm.parameter_format = Q,
						c.layernorm.gamma = PARAMETERS(1)));
	BAD_ADDRESS(EDGEBERT_HW_OP_ADD, WEIGHTS(1), (c.add.b_format = Q, c.add.b = WEIGHTS(1)));
	BAD_ADDRESS(EDGEBERT_HW_OP_EMBED, IN(2), c.embed.indices = IN(2));
	BAD_ADDRESS(EDGEBERT_HW_OP_ENTROPY, IN(1), (c.entropy.input_format = Q,
						    c.entropy.input = IN(1)));
	BAD_ADDRESS(EDGEBERT_HW_OP_PREDICT, PARAMETERS(1), c.predict.table = PARAMETERS(1));
	BAD_ADDRESS(EDGEBERT_HW_OP_PREDICT, PARAMETERS(2), c.predict.cycles = PARAMETERS(2));
	BAD_ADDRESS(EDGEBERT_HW_OP_MARK, OUT(4), c.mark.output = OUT(4));
	/* Rows of codes may begin anywhere. */
	ACCEPTED(EDGEBERT_HW_OP_MATMUL, (c.matmul.input = IN(1), c.matmul.weights = WEIGHTS(3),
					 c.matmul.output = OUT(5)));
	/* A stride counts as well. */
	BAD_ADDRESS(EDGEBERT_HW_OP_ADD, IN(0), (c.add.a_format = Q, c.add.a_stride = 65));
}

static void bounds_of_on_chip_memory_are_kept(void **state)
{
	struct device *device = *state;

	/* 3 rows, 64 apart, of 20 bytes end 148 bytes behind their start. */
	ACCEPTED(EDGEBERT_HW_OP_COPY, c.copy.destination = DATA0(128 * 1024 - 148));
	BAD_ADDRESS(EDGEBERT_HW_OP_COPY, DATA0(128 * 1024 - 147),
		    c.copy.destination = DATA0(128 * 1024 - 147));
	ACCEPTED(EDGEBERT_HW_OP_COPY, c.copy.destination = AUX(32 * 1024 - 148));
	BAD_ADDRESS(EDGEBERT_HW_OP_COPY, AUX(32 * 1024 - 147),
		    c.copy.destination = AUX(32 * 1024 - 147));
	ACCEPTED(EDGEBERT_HW_OP_COPY, c.copy.source = ENVM(2 * 1024 * 1024 - 148));
	BAD_ADDRESS(EDGEBERT_HW_OP_COPY, ENVM(2 * 1024 * 1024 - 147),
		    c.copy.source = ENVM(2 * 1024 * 1024 - 147));
	BAD_ADDRESS(EDGEBERT_HW_OP_COPY, DATA0(0x0fffffff), c.copy.source = DATA0(0x0fffffff));
	BAD_ADDRESS(EDGEBERT_HW_OP_EMBED, AUX(0), (c.embed.table = AUX(0),
						   c.embed.table_rows = UINT32_MAX));
}

static void host_operands_stay_in_their_segment(void **state)
{
	struct device *device = *state;
	struct edgebert_hw_command copy = good(EDGEBERT_HW_OP_COPY);

	BAD_ADDRESS(EDGEBERT_HW_OP_COPY, IN(0x0fffffff), c.copy.source = IN(0x0fffffff));
	BAD_ADDRESS(EDGEBERT_HW_OP_COPY, IN(0), c.copy.source_stride = 0x80000000);
	/* The sum of base and offset may not wrap. */
	copy.copy.source = EDGEBERT_HW_OPERAND(6, 0x100);
	device_begin(device);
	device->job.segments[6] = 0xffffff00;
	device_add(device, &copy);
	assert_int_equal(device_run(device), EDGEBERT_HW_BAD_ADDRESS);
	copy.copy.source = EDGEBERT_HW_OPERAND(6, 0x100 - 148);
	device_begin(device);
	device->job.segments[6] = 0xffffff00;
	device_add(device, &copy);
	assert_int_equal(device_run(device), EDGEBERT_HW_PAGE_NOT_MAPPED);
}

static void faults_of_memory_name_the_operand(void **state)
{
	struct device *device = *state;

	REFUSED(device, EDGEBERT_HW_PAGE_NOT_MAPPED, EDGEBERT_HW_OP_MATMUL,
		c.matmul.input = UNMAPPED(8));
	assert_int_equal(device->completion.fault_address, UNMAPPED(8));
	REFUSED(device, EDGEBERT_HW_PAGE_NOT_MAPPED, EDGEBERT_HW_OP_MATMUL,
		c.matmul.bias = UNMAPPED(16));
	assert_int_equal(device->completion.fault_address, UNMAPPED(16));
	REFUSED(device, EDGEBERT_HW_PAGE_NOT_MAPPED, EDGEBERT_HW_OP_LAYERNORM,
		c.layernorm.output = UNMAPPED(0));
	assert_int_equal(device->completion.fault_address, UNMAPPED(0));
	device->read_only_start = 0x10000000 + 3 * SEGMENT_BYTES + 64;
	device->read_only_end = device->read_only_start + 1;
	/* The second row of the output. */
	REFUSED(device, EDGEBERT_HW_PAGE_READ_ONLY, EDGEBERT_HW_OP_ADD, (void)0);
	assert_int_equal(device->completion.fault_address, OUT(64));
	device->read_only_end = 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_commands_are_accepted),
		cmocka_unit_test(unknown_opcodes_are_refused),
		cmocka_unit_test(flags_that_mean_nothing_are_refused),
		cmocka_unit_test(every_reserved_bit_is_checked),
		cmocka_unit_test(matmul_fields_are_checked),
		cmocka_unit_test(softmax_fields_are_checked),
		cmocka_unit_test(layernorm_fields_are_checked),
		cmocka_unit_test(add_fields_are_checked),
		cmocka_unit_test(embed_and_copy_fields_are_checked),
		cmocka_unit_test(assessment_fields_are_checked),
		cmocka_unit_test(prediction_needs_cycles_for_the_sequence),
		cmocka_unit_test(missing_segments_are_refused),
		cmocka_unit_test(envm_cannot_be_written),
		cmocka_unit_test(numbers_must_be_aligned),
		cmocka_unit_test(bounds_of_on_chip_memory_are_kept),
		cmocka_unit_test(host_operands_stay_in_their_segment),
		cmocka_unit_test(faults_of_memory_name_the_operand),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("core-commands", tests, device_setup, device_teardown);
}
