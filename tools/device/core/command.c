// SPDX-License-Identifier: MIT
/*
 * Allow-list of the command set: a row per opcode, a check per field, and the extents
 * of memory that each operation touches.
 */
#include "tools/device/core/command.h"

#include <string.h>

#include "tools/device/core/adaptivfloat.h"
#include "tools/device/core/operand.h"

#define PREDICT_CYCLE_ROWS_MAX (EDGEBERT_HW_SEQUENCE_MAX / EDGEBERT_HW_LANES)

static bool bias_is_valid(uint8_t bias)
{
	return bias <= EB_ADAPTIVFLOAT_BIAS_MAX;
}

static bool format_is_valid(uint8_t format)
{
	return format == EDGEBERT_HW_FORMAT_AF8 || format == EDGEBERT_HW_FORMAT_Q6_10;
}

static bool count_is_valid(uint32_t count, uint32_t limit)
{
	return count >= 1 && count <= limit;
}

static bool layer_is_valid(uint8_t layer)
{
	return count_is_valid(layer, EDGEBERT_HW_LAYERS_MAX);
}

static void resolve(struct eb_operation *operation, uint32_t rows, uint32_t columns,
		    uint32_t depth)
{
	uint32_t length = operation->sequence_length;

	operation->rows = operation->flags & EDGEBERT_HW_CMD_ROWS_FROM_JOB ? length : rows;
	operation->columns = operation->flags & EDGEBERT_HW_CMD_COLUMNS_FROM_JOB ? length : columns;
	operation->depth = operation->flags & EDGEBERT_HW_CMD_DEPTH_FROM_JOB ?
				   eb_whole_vectors(length) : depth;
}

static bool shape_is_valid(const struct eb_operation *operation)
{
	return count_is_valid(operation->rows, EDGEBERT_HW_ROWS_MAX) &&
	       count_is_valid(operation->columns, EDGEBERT_HW_COLUMNS_MAX);
}

static bool check_nothing(struct eb_operation *operation)
{
	(void)operation;
	return true;
}

static bool check_copy(struct eb_operation *operation)
{
	const struct edgebert_hw_copy *copy = &operation->command->copy;

	resolve(operation, copy->rows, 1, 0);
	return count_is_valid(operation->rows, EDGEBERT_HW_ROWS_MAX) &&
	       count_is_valid(copy->row_bytes, EDGEBERT_HW_DATA_BUFFER_BYTES) &&
	       copy->source_stride >= copy->row_bytes &&
	       copy->destination_stride >= copy->row_bytes;
}

static bool check_matmul(struct eb_operation *operation)
{
	const struct edgebert_hw_matmul *matmul = &operation->command->matmul;
	bool transposed = operation->flags & EDGEBERT_HW_CMD_TRANSPOSE;
	uint32_t weights_stride;

	resolve(operation, matmul->rows, matmul->columns, matmul->depth);
	if (!shape_is_valid(operation) ||
	    !count_is_valid(operation->depth, EDGEBERT_HW_DEPTH_MAX) ||
	    operation->depth % EDGEBERT_HW_LANES)
		return false;
	if (!bias_is_valid(matmul->input_bias) || !bias_is_valid(matmul->weights_bias) ||
	    !bias_is_valid(matmul->output_bias) || !format_is_valid(matmul->output_format) ||
	    matmul->activation > EDGEBERT_HW_ACTIVATION_TANH)
		return false;
	if (!(operation->flags & EDGEBERT_HW_CMD_BIAS) && matmul->bias)
		return false;
	weights_stride = matmul->weights_stride;
	if (operation->flags & EDGEBERT_HW_CMD_PACKED ? weights_stride != 0 :
							weights_stride < operation->depth)
		return false;
	return matmul->input_stride >= operation->depth &&
	       matmul->output_stride >= eb_element_bytes(matmul->output_format) *
					(transposed ? operation->rows : operation->columns);
}

static bool check_softmax(struct eb_operation *operation)
{
	const struct edgebert_hw_softmax *softmax = &operation->command->softmax;

	resolve(operation, softmax->rows, softmax->columns, 0);
	if (!shape_is_valid(operation) || !bias_is_valid(softmax->input_bias) ||
	    !bias_is_valid(softmax->output_bias) || !bias_is_valid(softmax->span_bias) ||
	    !format_is_valid(softmax->input_format) || !format_is_valid(softmax->output_format))
		return false;
	if (!(operation->flags & EDGEBERT_HW_CMD_SPAN) &&
	    (operation->flags & EDGEBERT_HW_CMD_SPAN_RELATIVE || softmax->span ||
	     softmax->span_bias))
		return false;
	return softmax->input_stride >=
		       operation->columns * eb_element_bytes(softmax->input_format) &&
	       softmax->output_stride >= eb_whole_vectors(operation->columns) *
						 eb_element_bytes(softmax->output_format);
}

static bool check_layernorm(struct eb_operation *operation)
{
	const struct edgebert_hw_layernorm *layernorm = &operation->command->layernorm;

	resolve(operation, layernorm->rows, layernorm->columns, 0);
	if (!shape_is_valid(operation) || !bias_is_valid(layernorm->input_bias) ||
	    !bias_is_valid(layernorm->output_bias) || !bias_is_valid(layernorm->gamma_bias) ||
	    !bias_is_valid(layernorm->beta_bias))
		return false;
	if (!format_is_valid(layernorm->input_format) ||
	    !format_is_valid(layernorm->output_format) ||
	    !format_is_valid(layernorm->parameter_format))
		return false;
	return layernorm->input_stride >=
		       operation->columns * eb_element_bytes(layernorm->input_format) &&
	       layernorm->output_stride >=
		       operation->columns * eb_element_bytes(layernorm->output_format);
}

static bool check_add(struct eb_operation *operation)
{
	const struct edgebert_hw_add *add = &operation->command->add;

	resolve(operation, add->rows, add->columns, 0);
	if (!shape_is_valid(operation) || !bias_is_valid(add->a_bias) ||
	    !bias_is_valid(add->b_bias) || !bias_is_valid(add->output_bias) ||
	    !format_is_valid(add->a_format) || !format_is_valid(add->b_format) ||
	    !format_is_valid(add->output_format))
		return false;
	return add->a_stride >= operation->columns * eb_element_bytes(add->a_format) &&
	       (add->b_stride == 0 ||
		add->b_stride >= operation->columns * eb_element_bytes(add->b_format)) &&
	       add->output_stride >= operation->columns * eb_element_bytes(add->output_format);
}

static bool check_embed(struct eb_operation *operation)
{
	const struct edgebert_hw_embed *embed = &operation->command->embed;
	bool packed = operation->flags & EDGEBERT_HW_CMD_PACKED;

	resolve(operation, embed->rows, embed->columns, 0);
	if (!shape_is_valid(operation) || embed->table_rows == 0 ||
	    !bias_is_valid(embed->table_bias) || !bias_is_valid(embed->output_bias) ||
	    !format_is_valid(embed->output_format))
		return false;
	if (packed && (operation->columns % EDGEBERT_HW_LANES || embed->table_stride))
		return false;
	return (packed || embed->table_stride >= operation->columns) &&
	       embed->output_stride >=
		       operation->columns * eb_element_bytes(embed->output_format);
}

static bool check_entropy(struct eb_operation *operation)
{
	const struct edgebert_hw_entropy *entropy = &operation->command->entropy;

	resolve(operation, 1, entropy->classes, 0);
	return bias_is_valid(entropy->input_bias) && format_is_valid(entropy->input_format) &&
	       entropy->classes >= 2 && entropy->classes <= EDGEBERT_HW_CLASSES_MAX &&
	       layer_is_valid(entropy->layer);
}

static bool check_exit(struct eb_operation *operation)
{
	return layer_is_valid(operation->command->exit.layer);
}

static bool check_predict(struct eb_operation *operation)
{
	const struct edgebert_hw_predict *predict = &operation->command->predict;

	resolve(operation, predict->rows, predict->columns, 0);
	return layer_is_valid(predict->first_layer) && layer_is_valid(predict->last_layer) &&
	       predict->first_layer <= predict->last_layer && predict->rows && predict->step &&
	       predict->columns &&
	       predict->columns <= predict->last_layer - predict->first_layer + 1 &&
	       count_is_valid(predict->cycle_rows, PREDICT_CYCLE_ROWS_MAX) &&
	       eb_vectors(operation->sequence_length) <= predict->cycle_rows;
}

#define ROWS EDGEBERT_HW_CMD_ROWS_FROM_JOB
#define COLUMNS EDGEBERT_HW_CMD_COLUMNS_FROM_JOB
#define DEPTH EDGEBERT_HW_CMD_DEPTH_FROM_JOB
/* Bytes of the union before the reserved ones, which must be zero. */
#define USED(type, first_reserved) offsetof(struct edgebert_hw_##type, first_reserved)

static const struct rule {
	uint8_t opcode;
	uint8_t used_bytes;
	uint16_t flags;
	bool (*check)(struct eb_operation *operation);
	eb_run run;
} rules[] = {
	{ EDGEBERT_HW_OP_END, 0, 0, check_nothing, eb_run_end },
	{ EDGEBERT_HW_OP_COPY, USED(copy, reserved0), ROWS, check_copy, eb_run_copy },
	{ EDGEBERT_HW_OP_MATMUL, USED(matmul, reserved0),
	  ROWS | COLUMNS | DEPTH | EDGEBERT_HW_CMD_PACKED | EDGEBERT_HW_CMD_BIAS |
		  EDGEBERT_HW_CMD_TRANSPOSE, check_matmul, eb_run_matmul },
	{ EDGEBERT_HW_OP_SOFTMAX, USED(softmax, reserved0),
	  ROWS | COLUMNS | EDGEBERT_HW_CMD_SPAN | EDGEBERT_HW_CMD_SPAN_RELATIVE,
	  check_softmax, eb_run_softmax },
	{ EDGEBERT_HW_OP_LAYERNORM, USED(layernorm, reserved0), ROWS, check_layernorm,
	  eb_run_layernorm },
	{ EDGEBERT_HW_OP_ADD, USED(add, reserved0), ROWS | COLUMNS, check_add, eb_run_add },
	{ EDGEBERT_HW_OP_EMBED, USED(embed, reserved0), ROWS | EDGEBERT_HW_CMD_PACKED,
	  check_embed, eb_run_embed },
	{ EDGEBERT_HW_OP_ENTROPY, USED(entropy, reserved), 0, check_entropy, eb_run_entropy },
	{ EDGEBERT_HW_OP_EXIT, USED(exit, reserved0), EDGEBERT_HW_CMD_LAST, check_exit,
	  eb_run_exit },
	{ EDGEBERT_HW_OP_PREDICT, USED(predict, reserved), 0, check_predict, eb_run_predict },
	{ EDGEBERT_HW_OP_MARK, USED(mark, reserved), 0, check_nothing, eb_run_mark },
};

static const struct rule *find_rule(uint8_t opcode)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rules[i].opcode == opcode)
			return &rules[i];
	return NULL;
}

static bool bytes_are_zero(const uint8_t *bytes, size_t count)
{
	uint8_t any = 0;

	for (size_t i = 0; i < count; i++)
		any |= bytes[i];
	return any == 0;
}

int eb_command_check(const struct edgebert_hw_command *command, uint32_t sequence_length,
		     struct eb_operation *operation)
{
	const struct rule *rule = find_rule(command->opcode);

	if (!rule)
		return EDGEBERT_HW_BAD_OPCODE;
	*operation = (struct eb_operation){ .command = command, .flags = command->flags,
					    .sequence_length = sequence_length };
	if (command->reserved || command->flags & ~rule->flags ||
	    !bytes_are_zero(command->bytes + rule->used_bytes,
			    sizeof(command->bytes) - rule->used_bytes) ||
	    !rule->check(operation))
		return EDGEBERT_HW_BAD_COMMAND;
	return EDGEBERT_HW_OK;
}

eb_run eb_command_run(const struct eb_operation *operation)
{
	return find_rule(operation->command->opcode)->run;
}

/* ---- What an operation touches ------------------------------------------------------ */

static struct eb_extent rectangle(uint32_t operand, uint32_t rows, uint32_t row_bytes,
				  uint32_t stride, uint32_t alignment)
{
	return (struct eb_extent){ operand, rows, row_bytes, stride, alignment, false,
				   (uint64_t)rows * row_bytes };
}

static struct eb_extent elements(uint32_t operand, uint32_t rows, uint32_t columns,
				 uint32_t stride, uint8_t format)
{
	uint32_t bytes = (uint32_t)eb_element_bytes(format);

	return rectangle(operand, rows, columns * bytes, stride, bytes);
}

static struct eb_extent written(struct eb_extent extent)
{
	extent.written = true;
	return extent;
}

static struct eb_extent packed_offsets(uint32_t operand, uint32_t rows, uint64_t moved_bytes)
{
	struct eb_extent extent = rectangle(operand, 1, (eb_vectors(rows) + 1) * 4, 0, 4);

	extent.moved_bytes = moved_bytes;
	return extent;
}

/*
 * One of the two decoders holds its operand, in pieces of a buffer's size, while the other
 * operand streams past once per piece; the cheaper way round is taken.
 */
static void add_reloads(struct eb_extent *input, struct eb_extent *weights)
{
	const uint64_t buffer = EDGEBERT_HW_DATA_BUFFER_BYTES;
	uint64_t input_pieces = (input->moved_bytes + buffer - 1) / buffer;
	uint64_t weights_pieces = (weights->moved_bytes + buffer - 1) / buffer;
	uint64_t weights_again = (input_pieces - 1) * weights->moved_bytes;
	uint64_t input_again = (weights_pieces - 1) * input->moved_bytes;

	if (!weights_pieces || weights_again <= input_again)
		weights->moved_bytes += weights_again;
	else
		input->moved_bytes += input_again;
}

static size_t matmul_extents(const struct eb_operation *operation, uint32_t packed_bytes,
			     struct eb_extent *extents)
{
	const struct edgebert_hw_matmul *matmul = &operation->command->matmul;
	uint32_t rows = operation->rows, columns = operation->columns;
	bool transposed = operation->flags & EDGEBERT_HW_CMD_TRANSPOSE;
	size_t count = 0;

	extents[count++] = rectangle(matmul->input, rows, operation->depth,
				     matmul->input_stride, 1);
	if (operation->flags & EDGEBERT_HW_CMD_PACKED)
		extents[count++] = packed_offsets(matmul->weights, columns, packed_bytes);
	else
		extents[count++] = rectangle(matmul->weights, columns, operation->depth,
					     matmul->weights_stride, 1);
	add_reloads(&extents[0], &extents[1]);
	if (operation->flags & EDGEBERT_HW_CMD_BIAS)
		extents[count++] = rectangle(matmul->bias, 1, columns * 4, 0, 4);
	extents[count++] = written(elements(matmul->output, transposed ? columns : rows,
					    transposed ? rows : columns, matmul->output_stride,
					    matmul->output_format));
	return count;
}

static size_t softmax_extents(const struct eb_operation *operation, struct eb_extent *extents)
{
	const struct edgebert_hw_softmax *softmax = &operation->command->softmax;
	uint32_t rows = operation->rows, columns = operation->columns;
	uint32_t span = operation->flags & EDGEBERT_HW_CMD_SPAN_RELATIVE && rows > columns ?
				rows : columns;
	size_t count = 0;

	extents[count++] = elements(softmax->input, rows, columns, softmax->input_stride,
				    softmax->input_format);
	extents[count++] = written(elements(softmax->output, rows, eb_whole_vectors(columns),
					    softmax->output_stride, softmax->output_format));
	if (operation->flags & EDGEBERT_HW_CMD_SPAN)
		extents[count++] = rectangle(softmax->span, 1, span, 0, 1);
	return count;
}

static size_t layernorm_extents(const struct eb_operation *operation, struct eb_extent *extents)
{
	const struct edgebert_hw_layernorm *layernorm = &operation->command->layernorm;
	uint32_t rows = operation->rows, columns = operation->columns;

	extents[0] = elements(layernorm->input, rows, columns, layernorm->input_stride,
			      layernorm->input_format);
	extents[1] = written(elements(layernorm->output, rows, columns, layernorm->output_stride,
				      layernorm->output_format));
	extents[2] = elements(layernorm->gamma, 1, columns, 0, layernorm->parameter_format);
	extents[3] = elements(layernorm->beta, 1, columns, 0, layernorm->parameter_format);
	return 4;
}

static size_t add_extents(const struct eb_operation *operation, struct eb_extent *extents)
{
	const struct edgebert_hw_add *add = &operation->command->add;
	uint32_t rows = operation->rows, columns = operation->columns;

	extents[0] = elements(add->a, rows, columns, add->a_stride, add->a_format);
	extents[1] = elements(add->b, add->b_stride ? rows : 1, columns, add->b_stride,
			      add->b_format);
	extents[2] = written(elements(add->output, rows, columns, add->output_stride,
				      add->output_format));
	return 3;
}

/*
 * A row of a packed table costs the masks of its block and a dense row: what it really
 * takes depends on the data, which modelled cycles must not.
 */
static size_t embed_extents(const struct eb_operation *operation, struct eb_extent *extents)
{
	const struct edgebert_hw_embed *embed = &operation->command->embed;
	uint32_t rows = operation->rows, columns = operation->columns;

	extents[0] = rectangle(embed->indices, 1, rows * 4, 0, 4);
	if (operation->flags & EDGEBERT_HW_CMD_PACKED) {
		extents[1] = packed_offsets(embed->table, embed->table_rows,
					    (uint64_t)rows * (8 + 3 * columns));
	} else {
		extents[1] = rectangle(embed->table, embed->table_rows, columns,
				       embed->table_stride, 1);
		extents[1].moved_bytes = (uint64_t)rows * columns;
	}
	extents[2] = written(elements(embed->output, rows, columns, embed->output_stride,
				      embed->output_format));
	return 3;
}

static size_t copy_extents(const struct eb_operation *operation, struct eb_extent *extents)
{
	const struct edgebert_hw_copy *copy = &operation->command->copy;

	extents[0] = rectangle(copy->source, operation->rows, copy->row_bytes,
			       copy->source_stride, 1);
	extents[1] = written(rectangle(copy->destination, operation->rows, copy->row_bytes,
				       copy->destination_stride, 1));
	return 2;
}

static size_t predict_extents(const struct eb_operation *operation, struct eb_extent *extents)
{
	const struct edgebert_hw_predict *predict = &operation->command->predict;
	uint32_t layers = predict->last_layer - predict->first_layer + 1u;

	extents[0] = rectangle(predict->table, 1, predict->rows * predict->columns * 2u, 0, 2);
	extents[0].moved_bytes = predict->columns * 2u;
	extents[1] = rectangle(predict->cycles, 1, predict->cycle_rows * layers * 4, 0, 4);
	extents[1].moved_bytes = 4;
	return 2;
}

size_t eb_operation_extents(const struct eb_operation *operation, uint32_t packed_bytes,
			    struct eb_extent extents[EB_EXTENTS_MAX])
{
	const struct edgebert_hw_command *command = operation->command;

	switch (command->opcode) {
	case EDGEBERT_HW_OP_MATMUL:
		return matmul_extents(operation, packed_bytes, extents);
	case EDGEBERT_HW_OP_SOFTMAX:
		return softmax_extents(operation, extents);
	case EDGEBERT_HW_OP_LAYERNORM:
		return layernorm_extents(operation, extents);
	case EDGEBERT_HW_OP_ADD:
		return add_extents(operation, extents);
	case EDGEBERT_HW_OP_EMBED:
		return embed_extents(operation, extents);
	case EDGEBERT_HW_OP_COPY:
		return copy_extents(operation, extents);
	case EDGEBERT_HW_OP_PREDICT:
		return predict_extents(operation, extents);
	case EDGEBERT_HW_OP_ENTROPY:
		extents[0] = elements(command->entropy.input, 1, command->entropy.classes, 0,
				      command->entropy.input_format);
		return 1;
	case EDGEBERT_HW_OP_MARK:
		extents[0] = written(rectangle(command->mark.output, 1,
					       sizeof(struct edgebert_hw_mark_record), 0, 8));
		return 1;
	default:
		return 0;
	}
}
