// SPDX-License-Identifier: MIT
/*
 * EMBED: rows of a table by index, from a dense or a packed table.
 */
#include "tools/device/core/adaptivfloat.h"
#include "tools/device/core/bitmask.h"
#include "tools/device/core/command.h"
#include "tools/device/core/operand.h"

#include <string.h>

/* Working memory of one command. */
struct buffers {
	uint32_t *indices;
	uint8_t *codes;			/* one dense row */
	int32_t *values;
	uint8_t *packed;		/* masks of a block and bytes of a row */
};

static bool get_buffers(struct eb_core *core, const struct eb_operation *operation,
			struct buffers *buffers)
{
	size_t columns = operation->columns;

	buffers->indices = eb_core_scratch(core, EB_SCRATCH_INPUT, operation->rows * 4);
	buffers->codes = eb_core_scratch(core, EB_SCRATCH_WEIGHTS, columns);
	buffers->values = eb_core_scratch(core, EB_SCRATCH_VALUES, columns * 4);
	buffers->packed = eb_core_scratch(core, EB_SCRATCH_PACKED, 3 * columns + 4);
	return buffers->indices && buffers->codes && buffers->values && buffers->packed;
}

static size_t popcount(const uint8_t *masks, size_t count)
{
	size_t total = 0;

	for (size_t i = 0; i < 2 * count; i++)
		total += (size_t)__builtin_popcount(masks[i]);
	return total;
}

/* A block of the packed table that holds the wanted row. */
struct block {
	uint32_t start, size;		/* bytes, relative to the table */
	size_t rows;
};

static int find_block(struct eb_job *job, const struct eb_operation *operation, uint32_t index,
		      struct block *block)
{
	const struct edgebert_hw_embed *embed = &operation->command->embed;
	uint32_t number = index / EB_BITMASK_BLOCK_ROWS;
	uint32_t left = embed->table_rows - number * EB_BITMASK_BLOCK_ROWS;
	struct eb_extent extent = { .operand = embed->table, .rows = 1, .alignment = 4 };
	uint32_t bounds[2];
	int status = eb_operand_read(job, embed->table + number * 4, bounds, sizeof(bounds));

	if (status != EDGEBERT_HW_OK)
		return status;
	block->rows = left < EB_BITMASK_BLOCK_ROWS ? left : EB_BITMASK_BLOCK_ROWS;
	block->start = bounds[0];
	block->size = bounds[1] - bounds[0];
	job->fault_address = embed->table + number * 4;
	if (bounds[1] < bounds[0] || bounds[0] % 4 || block->size % 4 ||
	    bounds[0] < eb_bitmask_table_bytes(embed->table_rows) ||
	    block->size < eb_bitmask_block_bytes_min(block->rows, operation->columns) ||
	    block->size > eb_bitmask_block_bytes_max(block->rows, operation->columns))
		return EDGEBERT_HW_BAD_PACKING;
	extent.row_bytes = bounds[1];
	return eb_extent_check(job, &extent);
}

/* Masks tell how many bytes the block stores; they must fill it up to zero padding. */
static int check_block_size(struct eb_job *job, uint32_t operand, const struct block *block,
			    size_t bytes)
{
	uint8_t padding[4] = { 0 };
	int status;

	job->fault_address = operand;
	if (((bytes + 3) & ~(size_t)3) != block->size)
		return EDGEBERT_HW_BAD_PACKING;
	status = eb_operand_read(job, operand + (uint32_t)bytes, padding, block->size - bytes);
	if (status != EDGEBERT_HW_OK)
		return status;
	return padding[0] | padding[1] | padding[2] ? EDGEBERT_HW_BAD_PACKING : EDGEBERT_HW_OK;
}

/* Masks of one row at the start of `packed`: reads its bytes after them and spreads them. */
static int read_row_bytes(struct eb_job *job, uint32_t operand, size_t columns,
			  struct buffers *buffers)
{
	size_t masks = columns / EDGEBERT_HW_LANES * 2;
	size_t bytes = popcount(buffers->packed, masks / 2);
	size_t size = (masks + bytes + 3) & ~(size_t)3;
	int status = eb_operand_read(job, operand, buffers->packed + masks, bytes);

	if (status != EDGEBERT_HW_OK)
		return status;
	/* As a block of its own a row wants padding, which the other rows' masks leave room for. */
	memset(buffers->packed + masks + bytes, 0, size - masks - bytes);
	if (!eb_bitmask_unpack_block(buffers->packed, size, 1, columns, buffers->codes)) {
		job->fault_address = operand;
		return EDGEBERT_HW_BAD_PACKING;
	}
	return EDGEBERT_HW_OK;
}

/* The masks of the whole block give the place of the row and prove the block's size. */
static int read_packed_row(struct eb_job *job, const struct eb_operation *operation,
			   uint32_t index, struct buffers *buffers)
{
	size_t vectors = operation->columns / EDGEBERT_HW_LANES, row_masks = 2 * vectors;
	uint32_t row = index % EB_BITMASK_BLOCK_ROWS;
	uint32_t start, masks, before;
	struct block block;
	int status = find_block(job, operation, index, &block);

	if (status != EDGEBERT_HW_OK)
		return status;
	start = operation->command->embed.table + block.start;
	masks = (uint32_t)(block.rows * row_masks);
	status = eb_operand_read(job, start, buffers->packed, masks);
	if (status != EDGEBERT_HW_OK)
		return status;
	status = check_block_size(job, start, &block,
				  masks + popcount(buffers->packed, block.rows * vectors));
	if (status != EDGEBERT_HW_OK)
		return status;
	before = (uint32_t)popcount(buffers->packed, row * vectors);
	memmove(buffers->packed, buffers->packed + row * row_masks, row_masks);
	return read_row_bytes(job, start + masks + before, operation->columns, buffers);
}

static int read_row(struct eb_job *job, const struct eb_operation *operation, uint32_t index,
		    struct buffers *buffers)
{
	const struct edgebert_hw_embed *embed = &operation->command->embed;

	if (operation->flags & EDGEBERT_HW_CMD_PACKED)
		return read_packed_row(job, operation, index, buffers);
	return eb_operand_read(job, embed->table + index * embed->table_stride, buffers->codes,
			       operation->columns);
}

/*
 * AF8 to AF8 goes through the exact value, so that equal biases copy the row and others
 * round once; Q6.10 is what the special function unit would decode.
 */
static int write_row(struct eb_job *job, const struct eb_operation *operation, uint32_t row,
		     struct buffers *buffers)
{
	const struct edgebert_hw_embed *embed = &operation->command->embed;
	uint32_t output = embed->output + row * embed->output_stride;
	size_t columns = operation->columns;

	if (embed->output_format == EDGEBERT_HW_FORMAT_AF8) {
		for (size_t i = 0; i < columns; i++)
			buffers->values[i] = eb_adaptivfloat_decode_wide(buffers->codes[i],
									 embed->table_bias);
		eb_adaptivfloat_encode_row(buffers->values, columns, EB_ADAPTIVFLOAT_WIDE_BITS,
					   embed->output_bias, buffers->codes);
		return eb_operand_write(job, output, buffers->codes, columns);
	}
	for (size_t i = 0; i < columns; i++)
		buffers->values[i] = eb_adaptivfloat_decode(buffers->codes[i], embed->table_bias);
	return eb_operand_write_words(job, output, embed->output_format, embed->output_bias,
				      columns, buffers->values);
}

static int run_row(struct eb_job *job, const struct eb_operation *operation, uint32_t row,
		   struct buffers *buffers)
{
	const struct edgebert_hw_embed *embed = &operation->command->embed;
	int status;

	if (buffers->indices[row] >= embed->table_rows) {
		job->fault_address = embed->indices + row * 4;
		return EDGEBERT_HW_BAD_INDEX;
	}
	status = read_row(job, operation, buffers->indices[row], buffers);
	if (status != EDGEBERT_HW_OK)
		return status;
	return write_row(job, operation, row, buffers);
}

int eb_run_embed(struct eb_job *job, const struct eb_operation *operation)
{
	const struct edgebert_hw_embed *embed = &operation->command->embed;
	struct eb_work work = { 0 };
	struct buffers buffers;
	int status;

	if (!get_buffers(job->core, operation, &buffers))
		return EDGEBERT_HW_DEVICE_ERROR;
	status = eb_operand_read(job, embed->indices, buffers.indices, operation->rows * 4);
	for (uint32_t row = 0; row < operation->rows && status == EDGEBERT_HW_OK; row++) {
		if (row % EDGEBERT_HW_LANES == 0 && eb_job_aborted(job))
			return EDGEBERT_HW_ABORTED;
		status = run_row(job, operation, row, &buffers);
	}
	if (status != EDGEBERT_HW_OK)
		return status;
	work.special_vectors = (uint64_t)operation->rows * eb_vectors(operation->columns);
	work.buffer_bytes = work.special_vectors * EDGEBERT_HW_LANES;
	eb_job_charge(job, operation, 0, &work);
	return EDGEBERT_HW_OK;
}
