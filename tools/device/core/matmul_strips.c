// SPDX-License-Identifier: MIT
/*
 * MATMUL, a strip of columns at a time: weights decoded, sums formed, outputs finished.  Any
 * thread runs a strip; none touches the job's memory but through what was fetched before.
 */
#include "tools/device/core/matmul_run.h"

#include <string.h>

/* ---- Finished tiles ----------------------------------------------------------------- */


/* Where the output kept aside has the elements of a tile. */
struct place {
	uint8_t *output;
	size_t stride;			/* bytes to the next row, or column when transposed */
	size_t lines, elements;		/* of the tile: 16 unless it is at an edge */
};

static struct place find_place(const struct eb_matmul_run *run, size_t first_row,
			       size_t first_column, size_t columns)
{
	const struct eb_operation *operation = run->operation;
	size_t element = eb_element_bytes(operation->command->matmul.output_format);
	size_t rows = eb_at_most_16(operation->rows - first_row);

	if (operation->flags & EDGEBERT_HW_CMD_TRANSPOSE)
		return (struct place){
			.output = run->output + (first_column * operation->rows + first_row) *
				  element,
			.stride = operation->rows * element, .lines = columns, .elements = rows,
		};
	return (struct place){
		.output = run->output + (first_row * operation->columns + first_column) * element,
		.stride = operation->columns * element, .lines = rows, .elements = columns,
	};
}

static void finish_tile(const struct eb_matmul_run *run, int32_t *sums, size_t block, size_t group)
{
	const struct edgebert_hw_matmul *matmul = &run->operation->command->matmul;
	const size_t first = block * EB_MATMUL_COLUMNS;
	const size_t columns = eb_matmul_block_columns(run->operation, block);
	const size_t element = eb_element_bytes(matmul->output_format);
	const bool transposed = run->operation->flags & EDGEBERT_HW_CMD_TRANSPOSE;
	const struct eb_matmul_finish finish = {
		.shift = eb_matmul_shift(matmul->input_bias, matmul->weights_bias),
		.activation = matmul->activation,
		.output_format = matmul->output_format,
		.output_bias = matmul->output_bias,
	};

	const struct place place = find_place(run, group * EB_MATMUL_ROWS, first, columns);
	uint8_t tile[EB_MATMUL_ROWS * EB_MATMUL_COLUMNS * 2];

	if (place.lines == EB_MATMUL_ROWS && place.elements == EB_MATMUL_COLUMNS) {
		run->kernels->finish(&finish, sums, run->bias + first, transposed, place.output,
				     place.stride);
		return;
	}
	run->kernels->finish(&finish, sums, run->bias + first, transposed, tile,
			     EB_MATMUL_COLUMNS * element);
	for (size_t line = 0; line < place.lines; line++)
		memcpy(place.output + line * place.stride,
		       tile + line * EB_MATMUL_COLUMNS * element, place.elements * element);
}

static void note_bad_block(struct eb_matmul_run *run, size_t block)
{
	size_t lowest = atomic_load(&run->bad_block);

	while (block < lowest && !atomic_compare_exchange_weak(&run->bad_block, &lowest, block))
		;
}

/* Consecutive blocks of a batch that one thread takes. */
struct strip {
	size_t index, blocks;		/* in the batch */
	size_t columns;
	bool unpack;			/* by the decoder: what follows is used instead */
	const uint8_t *rows[EB_STRIP_COLUMNS];
	struct eb_packed_row packed[EB_STRIP_COLUMNS];
};

/* Finds a block's rows for the decoder, or unpacks them; false: its packing is wrong. */
static bool open_block(const struct eb_matmul_run *run, const struct eb_matmul_block_codes *codes,
		       size_t columns, uint8_t *dense, struct strip *strip)
{
	const size_t depth = run->operation->depth;

	if (strip->unpack)
		return run->kernels->find_packed_rows(codes->rows[0], codes->packed_bytes, columns,
						      depth, strip->packed + strip->columns);
	for (size_t c = 0; c < columns; c++)
		strip->rows[strip->columns + c] = dense + c * depth;
	return run->kernels->unpack_block(codes->rows[0], codes->packed_bytes, columns, depth,
					  dense);
}

/* Finds the weight rows of a strip; false: the packing of a block is wrong. */
static bool find_rows(struct eb_matmul_run *run, const struct eb_matmul_area *area,
		      struct strip *strip)
{
	const bool packed = run->operation->flags & EDGEBERT_HW_CMD_PACKED;

	strip->unpack = packed && run->kernels->find_packed_rows;
	for (size_t b = 0; b < strip->blocks; b++) {
		const struct eb_matmul_block_codes *codes = &run->batch[strip->index + b];
		size_t block = run->batch_first + strip->index + b;
		size_t columns = eb_matmul_block_columns(run->operation, block);
		uint8_t *dense = area->unpacked + b * EB_MATMUL_COLUMNS * run->operation->depth;

		if (!packed)
			memcpy(strip->rows + strip->columns, codes->rows,
			       columns * sizeof(strip->rows[0]));
		else if (!open_block(run, codes, columns, dense, strip)) {
			note_bad_block(run, block);
			return false;
		}
		strip->columns += columns;
	}
	return true;
}

/*
 * The codes that this thread most likely decodes after `end` of the depth: of the same
 * columns, or of the strip that it may expect to take next.
 */
static void look_ahead(const struct eb_matmul_run *run, const struct strip *strip, size_t end,
		       const uint8_t *ahead[EB_STRIP_COLUMNS], struct eb_matmul_block *operands)
{
	const size_t depth = run->operation->depth, step = run->kernels->depth_step;
	const size_t next = strip->index + run->strip_blocks * run->threads;
	const bool packed = run->operation->flags & EDGEBERT_HW_CMD_PACKED;

	operands->ahead_count = 0;
	operands->ahead = ahead;
	if (end < depth) {
		operands->ahead_bytes = depth - end < step ? depth - end : step;
		/* What was unpacked, or checked, is near already. */
		for (size_t c = 0; c < strip->columns && !packed; c++)
			ahead[operands->ahead_count++] = strip->rows[c] + end;
		return;
	}
	operands->ahead_bytes = packed ? SIZE_MAX : depth < step ? depth : step;
	for (size_t b = next; b < next + run->strip_blocks && b < run->batch_ready; b++) {
		size_t columns = packed ? 1 : eb_matmul_block_columns(run->operation, run->batch_first + b);

		for (size_t c = 0; c < columns; c++)
			ahead[operands->ahead_count++] = run->batch[b].rows[c];
		if (packed && run->batch[b].packed_bytes < operands->ahead_bytes)
			operands->ahead_bytes = run->batch[b].packed_bytes;
	}
}

static void decode(const struct eb_kernels *kernels, const struct eb_matmul_codes *codes,
		   int16_t *values, uint8_t *nonzero, int32_t *pairs)
{
	if (codes->packed)
		kernels->decode_packed_rows(codes, values, nonzero, pairs);
	else
		kernels->decode_rows(codes, values, nonzero, pairs);
}

/* Decodes the strip's weights part by part of the depth, and adds each to the sums. */
static void sum_strip(const struct eb_matmul_run *run, const struct eb_matmul_area *area,
		      struct strip *strip)
{
	const size_t whole = run->operation->depth, step = run->kernels->depth_step;
	int32_t pairs[EB_STRIP_COLUMNS] = { 0 };
	const uint8_t *ahead[EB_STRIP_COLUMNS];
	struct eb_matmul_block operands = {
		.packed = run->input, .input_pairs = run->input_pairs,
		.weights = area->weights, .weight_pairs = pairs,
		.rows = run->operation->rows, .groups = run->groups,
		.columns = strip->blocks * EB_MATMUL_COLUMNS, .whole_depth = whole,
	};

	memset(area->strip_nonzero, 0, whole);
	for (size_t first = 0; first < whole; first += step) {
		size_t depth = whole - first < step ? whole - first : step;

		decode(run->kernels, &(struct eb_matmul_codes){
			.rows = strip->rows, .packed = strip->unpack ? strip->packed : NULL,
			.count = strip->columns, .first = first, .depth = depth,
		}, area->weights, area->strip_nonzero + first, pairs);
		memset(area->weights + strip->columns * depth, 0,
		       (operands.columns - strip->columns) * depth * sizeof(*area->weights));
		operands.first = first;
		operands.depth = depth;
		look_ahead(run, strip, first + depth, ahead, &operands);
		run->kernels->sum(&operands, area->sums);
	}
	eb_add_counts(area->strip_nonzero, whole, area->nonzero);
}

/* One strip of the batch from codes to finished output: an eb_workers_part. */
void eb_matmul_run_strip(void *opaque, size_t part, unsigned int worker)
{
	struct eb_matmul_run *run = opaque;
	const struct eb_matmul_area *area = &run->areas[worker];
	const size_t tile_sums = EB_MATMUL_ROWS * EB_MATMUL_COLUMNS;
	struct strip strip = { .index = part * run->strip_blocks };

	strip.blocks = run->batch_ready - strip.index < run->strip_blocks ?
		       run->batch_ready - strip.index : run->strip_blocks;
	/* Whoever started this batch looks at the flag before the output is written. */
	if (eb_job_aborted(run->job) || !find_rows(run, area, &strip))
		return;
	sum_strip(run, area, &strip);
	/* Group by group, so that each line of the output is complete at once. */
	for (size_t group = 0; group < run->groups; group++)
		for (size_t b = 0; b < strip.blocks; b++)
			finish_tile(run, area->sums + (b * run->groups + group) * tile_sums,
				    run->batch_first + strip.index + b, group);
}

