// SPDX-License-Identifier: MIT
/*
 * MATMUL.  Operands are decoded to 16-bit integers once; the kernel forms the sums of 16
 * columns at a time; finished outputs are kept aside until all operands have been read,
 * so that a result may overwrite any of them.
 */
#include "tools/device/core/matmul.h"

#include <string.h>

#include "tools/device/core/activation.h"
#include "tools/device/core/adaptivfloat.h"
#include "tools/device/core/bitmask.h"
#include "tools/device/core/command.h"
#include "tools/device/core/operand.h"

/* ---- Sums --------------------------------------------------------------------------- */

/*
 * Two rows by four columns: eight sums stay in registers, and the widening products of
 * neighbouring lanes become one instruction each (pmaddwd).
 */
static inline void sum_2x4(const int16_t *restrict input0, const int16_t *restrict input1,
			   const int16_t *restrict weights, size_t depth, int32_t *restrict sums0,
			   int32_t *restrict sums1)
{
	const int16_t *weights0 = weights, *weights1 = weights + depth;
	const int16_t *weights2 = weights + 2 * depth, *weights3 = weights + 3 * depth;
	int32_t s00 = 0, s01 = 0, s02 = 0, s03 = 0, s10 = 0, s11 = 0, s12 = 0, s13 = 0;

	for (size_t d = 0; d < depth; d++) {
		int32_t a = input0[d], b = input1[d];

		s00 += a * weights0[d];
		s01 += a * weights1[d];
		s02 += a * weights2[d];
		s03 += a * weights3[d];
		s10 += b * weights0[d];
		s11 += b * weights1[d];
		s12 += b * weights2[d];
		s13 += b * weights3[d];
	}
	sums0[0] = s00;
	sums0[1] = s01;
	sums0[2] = s02;
	sums0[3] = s03;
	sums1[0] = s10;
	sums1[1] = s11;
	sums1[2] = s12;
	sums1[3] = s13;
}

void eb_matmul_kernel_generic(const int16_t *input, size_t rows, const int16_t *weights,
			      size_t depth, int32_t *sums)
{
	int32_t discarded[EB_MATMUL_COLUMNS];

	depth &= ~(size_t)15;
	for (size_t column = 0; column < EB_MATMUL_COLUMNS; column += 4) {
		const int16_t *group = weights + column * depth;
		size_t row;

		for (row = 0; row + 1 < rows; row += 2)
			sum_2x4(input + row * depth, input + (row + 1) * depth, group, depth,
				sums + row * EB_MATMUL_COLUMNS + column,
				sums + (row + 1) * EB_MATMUL_COLUMNS + column);
		if (row < rows)
			sum_2x4(input + row * depth, input + row * depth, group, depth,
				sums + row * EB_MATMUL_COLUMNS + column, discarded);
	}
}

/* ---- Operands ----------------------------------------------------------------------- */

/* Working memory of one command. */
struct buffers {
	int16_t *input;			/* [rows][depth] */
	int16_t *weights;		/* [16][depth] */
	int32_t *sums;			/* [rows][16] */
	int32_t *bias;			/* [columns rounded up to 16] */
	uint8_t *output;		/* [rows][columns] or transposed, output format */
	uint32_t *input_nonzero;	/* per depth: rows with a non-zero element */
	uint32_t *weights_nonzero;	/* per depth: columns with a non-zero element */
	uint32_t *offsets;		/* packed weights: block ends */
	uint8_t *unpacked;		/* packed weights: codes of one block */
};

static bool get_buffers(struct eb_core *core, const struct eb_operation *operation,
			struct buffers *buffers)
{
	size_t depth = operation->depth, rows = operation->rows;
	size_t columns = eb_whole_vectors(operation->columns);
	size_t element = eb_element_bytes(operation->command->matmul.output_format);
	size_t table = eb_bitmask_table_bytes(columns);

	buffers->input = eb_core_scratch(core, EB_SCRATCH_INPUT, rows * depth * 2);
	buffers->weights = eb_core_scratch(core, EB_SCRATCH_WEIGHTS,
					   EB_MATMUL_COLUMNS * depth * 2);
	buffers->sums = eb_core_scratch(core, EB_SCRATCH_SUMS, rows * EB_MATMUL_COLUMNS * 4);
	buffers->bias = eb_core_scratch(core, EB_SCRATCH_PARAMETERS, columns * 4);
	buffers->output = eb_core_scratch(core, EB_SCRATCH_OUTPUT, rows * columns * element);
	buffers->input_nonzero = eb_core_scratch(core, EB_SCRATCH_COUNTS, 2 * depth * 4);
	buffers->offsets = eb_core_scratch(core, EB_SCRATCH_PACKED,
					   table + EB_MATMUL_COLUMNS * depth);
	if (!buffers->input || !buffers->weights || !buffers->sums || !buffers->bias ||
	    !buffers->output || !buffers->input_nonzero || !buffers->offsets)
		return false;
	buffers->weights_nonzero = buffers->input_nonzero + depth;
	memset(buffers->input_nonzero, 0, 2 * depth * 4);
	buffers->unpacked = (uint8_t *)buffers->offsets + table;
	return true;
}

static void count_nonzero(const int16_t *values, size_t depth, uint32_t *nonzero)
{
	for (size_t d = 0; d < depth; d++)
		nonzero[d] += values[d] != 0;
}

/* Decodes `count` rows of codes, stride apart, and counts their non-zero elements. */
static int read_rows(struct eb_job *job, uint32_t operand, uint32_t stride, size_t count,
		     size_t depth, int16_t *values, uint32_t *nonzero)
{
	for (size_t row = 0; row < count; row++) {
		int status;
		const uint8_t *codes = eb_operand_view(job, operand + (uint32_t)row * stride,
						       depth, &status);

		if (!codes)
			return status;
		eb_adaptivfloat_mantissa_row(codes, depth, values + row * depth);
		count_nonzero(values + row * depth, depth, nonzero);
	}
	return EDGEBERT_HW_OK;
}

/* Reads and checks the block table; *ret_bytes is the size of the packed operand. */
static int read_offsets(struct eb_job *job, const struct eb_operation *operation,
			struct buffers *buffers, uint32_t *ret_bytes)
{
	uint32_t weights = operation->command->matmul.weights;
	size_t blocks = eb_bitmask_blocks(operation->columns);
	struct eb_extent extent = { .operand = weights, .rows = 1, .alignment = 4 };
	int status = eb_operand_read(job, weights, buffers->offsets,
				     eb_bitmask_table_bytes(operation->columns));

	if (status != EDGEBERT_HW_OK)
		return status;
	if (!eb_bitmask_offsets_are_valid(buffers->offsets, operation->columns,
					  operation->depth)) {
		job->fault_address = weights;
		return EDGEBERT_HW_BAD_PACKING;
	}
	extent.row_bytes = buffers->offsets[blocks];
	*ret_bytes = extent.row_bytes;
	return eb_extent_check(job, &extent);
}

static int read_packed_block(struct eb_job *job, const struct eb_operation *operation,
			     struct buffers *buffers, size_t block, size_t columns)
{
	uint32_t start = buffers->offsets[block], end = buffers->offsets[block + 1];
	uint32_t operand = operation->command->matmul.weights + start;
	size_t depth = operation->depth;
	int status;
	const void *packed = eb_operand_view(job, operand, end - start, &status);

	if (!packed)
		return status;
	if (!eb_bitmask_unpack_block(packed, end - start, columns, depth, buffers->unpacked)) {
		job->fault_address = operand;
		return EDGEBERT_HW_BAD_PACKING;
	}
	for (size_t column = 0; column < columns; column++) {
		int16_t *values = buffers->weights + column * depth;

		eb_adaptivfloat_mantissa_row(buffers->unpacked + column * depth, depth, values);
		count_nonzero(values, depth, buffers->weights_nonzero);
	}
	return EDGEBERT_HW_OK;
}

static int read_weights(struct eb_job *job, const struct eb_operation *operation,
			struct buffers *buffers, size_t block, size_t columns)
{
	const struct edgebert_hw_matmul *matmul = &operation->command->matmul;
	size_t depth = operation->depth;

	if (columns < EB_MATMUL_COLUMNS)
		memset(buffers->weights + columns * depth, 0,
		       (EB_MATMUL_COLUMNS - columns) * depth * 2);
	if (operation->flags & EDGEBERT_HW_CMD_PACKED)
		return read_packed_block(job, operation, buffers, block, columns);
	return read_rows(job, matmul->weights +
			 (uint32_t)(block * EB_MATMUL_COLUMNS) * matmul->weights_stride,
			 matmul->weights_stride, columns, depth, buffers->weights,
			 buffers->weights_nonzero);
}

/*
 * The bias is limited to +-2^30: what it is added to stays below 2^29, and everything
 * beyond 2^17 (the value 32) is cut by the encoder alike, so this changes no output and
 * keeps the sum inside 32 bits.
 */
static int read_bias(struct eb_job *job, const struct eb_operation *operation, int32_t *bias)
{
	const int32_t limit = 1 << 30;
	size_t columns = operation->columns;
	int status = EDGEBERT_HW_OK;

	memset(bias, 0, eb_whole_vectors(operation->columns) * 4);
	if (operation->flags & EDGEBERT_HW_CMD_BIAS)
		status = eb_operand_read(job, operation->command->matmul.bias, bias, columns * 4);
	for (size_t c = 0; c < columns; c++) {
		bias[c] = bias[c] > limit ? limit : bias[c];
		bias[c] = bias[c] < -limit ? -limit : bias[c];
	}
	return status;
}

/* ---- Results ------------------------------------------------------------------------ */

/* Round half up from 12 to 10 fraction bits, then cut symmetrically. */
static inline int16_t to_word(int32_t value)
{
	return eb_saturate_word((value + 2) >> 2);
}

void eb_matmul_finish_row(const struct eb_matmul_finish *finish, const int32_t *sums,
			  const int32_t *bias, void *elements)
{
	int32_t values[EB_MATMUL_COLUMNS];

	for (size_t c = 0; c < EB_MATMUL_COLUMNS; c++)
		values[c] = (sums[c] >> finish->shift) + bias[c];
	eb_activation_apply(finish->activation, values, EB_MATMUL_COLUMNS);
	if (finish->output_format == EDGEBERT_HW_FORMAT_AF8) {
		eb_adaptivfloat_encode_row(values, EB_MATMUL_COLUMNS, EB_MATMUL_FRACTION_BITS,
					   finish->output_bias, elements);
	} else {
		int16_t *words = elements;

		for (size_t c = 0; c < EB_MATMUL_COLUMNS; c++)
			words[c] = to_word(values[c]);
	}
}

/* Puts a finished block of columns where it belongs in the output kept aside. */
static void finish_block(const struct eb_operation *operation, struct buffers *buffers,
			 size_t first, size_t columns)
{
	const struct edgebert_hw_matmul *matmul = &operation->command->matmul;
	size_t element = eb_element_bytes(matmul->output_format);
	size_t rows = operation->rows;
	const struct eb_matmul_finish finish = {
		.shift = eb_matmul_shift(matmul->input_bias, matmul->weights_bias),
		.activation = matmul->activation,
		.output_format = matmul->output_format,
		.output_bias = matmul->output_bias,
	};
	int16_t finished[EB_MATMUL_COLUMNS];
	const uint8_t *bytes = (const uint8_t *)finished;

	for (size_t row = 0; row < rows; row++) {
		eb_matmul_finish_row(&finish, buffers->sums + row * EB_MATMUL_COLUMNS,
				     buffers->bias + first, finished);
		if (!(operation->flags & EDGEBERT_HW_CMD_TRANSPOSE)) {
			memcpy(buffers->output + (row * operation->columns + first) * element,
			       bytes, columns * element);
			continue;
		}
		for (size_t c = 0; c < columns; c++)
			memcpy(buffers->output + ((first + c) * rows + row) * element,
			       bytes + c * element, element);
	}
}

static int write_output(struct eb_job *job, const struct eb_operation *operation,
			const struct buffers *buffers)
{
	const struct edgebert_hw_matmul *matmul = &operation->command->matmul;
	bool transposed = operation->flags & EDGEBERT_HW_CMD_TRANSPOSE;
	size_t rows = transposed ? operation->columns : operation->rows;
	size_t row_bytes = (transposed ? operation->rows : operation->columns) *
			   eb_element_bytes(matmul->output_format);

	for (size_t row = 0; row < rows; row++) {
		int status = eb_operand_write(job, matmul->output +
					      (uint32_t)row * matmul->output_stride,
					      buffers->output + row * row_bytes, row_bytes);

		if (status != EDGEBERT_HW_OK)
			return status;
	}
	return EDGEBERT_HW_OK;
}

/*
 * Exactly the multiplications whose operands are both non-zero switch; stored zeros are
 * not read either.  An operand passes the array once per tile of the other.
 */
static struct eb_work matmul_work(const struct eb_operation *operation,
				  const struct buffers *buffers)
{
	uint64_t rows = operation->rows, columns = operation->columns;
	uint64_t input = 0, weights = 0;
	struct eb_work work = { .outputs = rows * columns };

	for (size_t d = 0; d < operation->depth; d++) {
		input += buffers->input_nonzero[d];
		weights += buffers->weights_nonzero[d];
		work.multiplications += (uint64_t)buffers->input_nonzero[d] *
					buffers->weights_nonzero[d];
	}
	input += rows * operation->depth / EDGEBERT_HW_LANES * 2;
	weights += columns * operation->depth / EDGEBERT_HW_LANES * 2;
	work.buffer_bytes = input * eb_vectors(operation->columns) +
			    weights * eb_vectors(operation->rows) + work.outputs;
	return work;
}

static int run_blocks(struct eb_job *job, const struct eb_operation *operation,
		      struct buffers *buffers)
{
	for (size_t block = 0; block < eb_vectors(operation->columns); block++) {
		size_t first = block * EB_MATMUL_COLUMNS;
		size_t columns = operation->columns - first;
		int status;

		columns = columns < EB_MATMUL_COLUMNS ? columns : EB_MATMUL_COLUMNS;
		if (eb_job_aborted(job))
			return EDGEBERT_HW_ABORTED;
		status = read_weights(job, operation, buffers, block, columns);
		if (status != EDGEBERT_HW_OK)
			return status;
		job->core->matmul_kernel(buffers->input, operation->rows, buffers->weights,
					 operation->depth, buffers->sums);
		finish_block(operation, buffers, first, columns);
	}
	return EDGEBERT_HW_OK;
}

int eb_run_matmul(struct eb_job *job, const struct eb_operation *operation)
{
	const struct edgebert_hw_matmul *matmul = &operation->command->matmul;
	struct buffers buffers;
	struct eb_work work;
	uint32_t packed_bytes = 0;
	int status;

	if (!get_buffers(job->core, operation, &buffers))
		return EDGEBERT_HW_DEVICE_ERROR;
	status = read_rows(job, matmul->input, matmul->input_stride, operation->rows,
			   operation->depth, buffers.input, buffers.input_nonzero);
	if (status == EDGEBERT_HW_OK)
		status = read_bias(job, operation, buffers.bias);
	if (status == EDGEBERT_HW_OK && operation->flags & EDGEBERT_HW_CMD_PACKED)
		status = read_offsets(job, operation, &buffers, &packed_bytes);
	if (status == EDGEBERT_HW_OK)
		status = run_blocks(job, operation, &buffers);
	if (status == EDGEBERT_HW_OK)
		status = write_output(job, operation, &buffers);
	if (status != EDGEBERT_HW_OK)
		return status;
	work = matmul_work(operation, &buffers);
	eb_job_charge(job, operation, packed_bytes, &work);
	return EDGEBERT_HW_OK;
}
