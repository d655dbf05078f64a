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

/* The masks of the whole block give the place of the row and prove the block's size. */
static int read_packed_row(struct eb_job *job, const struct eb_operation *operation,
			   uint32_t index, struct buffers *buffers)
{
	uint32_t table = operation->command->embed.table;
	size_t vectors = operation->columns / EDGEBERT_HW_LANES;
	uint32_t row = index % EB_BITMASK_BLOCK_ROWS;
	const uint8_t *masks = buffers->packed;
	size_t mask_bytes, row_masks = 2 * vectors, before, bytes;
	struct block block;
	int status = find_block(job, operation, index, &block);

	if (status != EDGEBERT_HW_OK)
		return status;
	mask_bytes = block.rows * row_masks;
	status = eb_operand_read(job, table + block.start, buffers->packed, mask_bytes);
	if (status != EDGEBERT_HW_OK)
		return status;
	job->fault_address = table + block.start;
	bytes = mask_bytes + popcount(masks, block.rows * vectors);
	if (((bytes + 3) & ~(size_t)3) != block.size)
		return EDGEBERT_HW_BAD_PACKING;
	before = popcount(masks, row * vectors);
	memmove(buffers->packed, masks + row * row_masks, row_masks);
	bytes = popcount(masks, vectors);
	status = eb_operand_read(job, table + block.start + (uint32_t)(mask_bytes + before),
				 buffers->packed + row_masks, bytes);
	if (status != EDGEBERT_HW_OK)
		return status;
	/* A one-row block wants padding, which its masks leave room for. */
	memset(buffers->packed + row_masks + bytes, 0, 3);
	if (!eb_bitmask_unpack_block(buffers->packed, (row_masks + bytes + 3) & ~(size_t)3, 1,
				     operation->columns, buffers->codes))
		return EDGEBERT_HW_BAD_PACKING;
	job->fault_address = 0;
	return EDGEBERT_HW_OK;
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
