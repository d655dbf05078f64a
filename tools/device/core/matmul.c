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

/* ---- Operands ----------------------------------------------------------------------- */

/* Blocks of weights that are fetched at a time for each thread. */
#define BATCH_BLOCKS 32
/*
 * Blocks that one thread takes at once: 64 columns fill a cache line of the output, and each
 * part of the input that comes to the first cache is used that often.
 */
#define STRIP_BLOCKS 4
#define STRIP_COLUMNS (STRIP_BLOCKS * EB_MATMUL_COLUMNS)
/* Multiplications below which a second thread costs more than it saves. */
#define THREADS_FROM (1u << 20)

/* A block of 16 weight rows where it can be read until the batch is done. */
struct block_codes {
	const uint8_t *rows[EB_MATMUL_COLUMNS];	/* packed: the block is at rows[0] */
	size_t packed_bytes;
};

/* What one thread works in. */
struct work_area {
	int16_t *weights;		/* [columns of a strip][part of the depth] */
	int32_t *sums;			/* [blocks of a strip][groups][16][16] */
	uint32_t *nonzero;		/* per depth: weight rows with a non-zero element */
	uint32_t *input_nonzero;	/* the same of input rows */
	uint8_t *strip_nonzero;		/* the same within a strip, or within 16 input rows */
	uint8_t *unpacked;		/* packed weights: codes of a strip; or 16 input rows */
};

/* A MATMUL under way. */
struct matmul_run {
	struct eb_job *job;
	const struct eb_operation *operation;
	const struct eb_kernels *kernels;
	struct eb_workers *workers;	/* NULL: none */
	unsigned int threads;
	size_t groups;			/* of 16 input rows */
	const uint8_t **input_rows;	/* codes, where any thread can read them */
	uint8_t *input_copies;		/* of those that cannot be read in place */
	int16_t *input;			/* decoded and packed, whole groups */
	int32_t *input_pairs;		/* per row, see eb_kernels.decode_rows */
	int32_t *bias;			/* [columns rounded up to 16] */
	uint8_t *output;		/* [rows][columns] or transposed, output format */
	uint32_t *offsets;		/* packed weights: block ends */
	uint8_t *copies;		/* of blocks that cannot be read in place */
	size_t copy_bytes;		/* room for one */
	struct work_area *areas;	/* per thread */
	struct block_codes *batch;
	size_t batch_size, batch_first, batch_ready;
	size_t strip_blocks;
	atomic_size_t bad_block;	/* lowest one whose packing is wrong */
};

static size_t at_most_16(size_t left)
{
	return left < 16 ? left : 16;
}

static size_t aligned(size_t size)
{
	return (size + 63) & ~(size_t)63;
}

/* Carves the next part of a scratch area. */
static void *carve(uint8_t **at, size_t size)
{
	void *part = *at;

	*at += aligned(size);
	return part;
}

static bool get_areas(struct matmul_run *run, struct eb_core *core)
{
	unsigned int threads = run->threads;
	size_t depth = run->operation->depth;
	size_t step = depth < run->kernels->depth_step ? depth : run->kernels->depth_step;
	size_t block = STRIP_COLUMNS * depth, weights = STRIP_COLUMNS * step * 2;
	size_t sums = run->groups * EB_MATMUL_ROWS * STRIP_COLUMNS * 4;
	size_t each = aligned(weights) + aligned(sums) + 2 * aligned(depth * 4) +
		      aligned(depth) + aligned(block);
	uint8_t *at = eb_core_scratch(core, EB_SCRATCH_WEIGHTS,
				      threads * (each + aligned(sizeof(*run->areas))));

	if (!at)
		return false;
	run->areas = carve(&at, threads * sizeof(*run->areas));
	for (unsigned int i = 0; i < threads; i++) {
		struct work_area *area = &run->areas[i];

		area->weights = carve(&at, weights);
		area->sums = carve(&at, sums);
		area->nonzero = carve(&at, depth * 4);
		area->input_nonzero = carve(&at, depth * 4);
		area->strip_nonzero = carve(&at, depth);
		area->unpacked = carve(&at, block);
		memset(area->nonzero, 0, depth * 4);
		memset(area->input_nonzero, 0, depth * 4);
	}
	return true;
}

static bool get_input(struct matmul_run *run, struct eb_core *core)
{
	size_t depth = run->operation->depth, rows = run->groups * EB_MATMUL_ROWS;
	uint8_t *at = eb_core_scratch(core, EB_SCRATCH_INPUT,
				      aligned(rows * depth * 2) + aligned(rows * 4));
	uint8_t *codes = eb_core_scratch(core, EB_SCRATCH_ROW,
					 aligned(rows * sizeof(*run->input_rows)) + rows * depth);

	if (!at || !codes)
		return false;
	run->input = carve(&at, rows * depth * 2);
	run->input_pairs = carve(&at, rows * 4);
	run->input_rows = carve(&codes, rows * sizeof(*run->input_rows));
	run->input_copies = codes;
	memset(run->input_pairs, 0, rows * 4);
	return true;
}

static bool get_batch(struct matmul_run *run, struct eb_core *core)
{
	size_t columns = eb_whole_vectors(run->operation->columns);
	size_t table = aligned(eb_bitmask_table_bytes(columns));
	uint8_t *at;

	run->copy_bytes = aligned(eb_bitmask_block_bytes_max(EB_MATMUL_COLUMNS,
							     run->operation->depth));
	at = eb_core_scratch(core, EB_SCRATCH_PACKED,
			     table + aligned(run->batch_size * sizeof(*run->batch)) +
			     run->batch_size * run->copy_bytes);
	if (!at)
		return false;
	run->offsets = carve(&at, table);
	run->batch = carve(&at, run->batch_size * sizeof(*run->batch));
	run->copies = at;
	return true;
}

static bool get_buffers(struct matmul_run *run, struct eb_core *core)
{
	const struct eb_operation *operation = run->operation;
	size_t columns = eb_whole_vectors(operation->columns);
	size_t element = eb_element_bytes(operation->command->matmul.output_format);
	uint64_t products = (uint64_t)operation->rows * columns * operation->depth;

	if (core->workers && products >= THREADS_FROM) {
		run->workers = core->workers;
		run->threads = core->threads;
	}
	/* Few columns: better shared among all threads than in whole strips. */
	run->strip_blocks = eb_vectors(operation->columns) / run->threads;
	run->strip_blocks = run->strip_blocks > STRIP_BLOCKS ? STRIP_BLOCKS :
			    run->strip_blocks < 1 ? 1 : run->strip_blocks;
	run->batch_size = eb_vectors(operation->columns);
	if (run->batch_size > run->threads * BATCH_BLOCKS)
		run->batch_size = run->threads * BATCH_BLOCKS;
	run->groups = eb_vectors(operation->rows);
	run->bias = eb_core_scratch(core, EB_SCRATCH_PARAMETERS, columns * 4);
	run->output = eb_core_scratch(core, EB_SCRATCH_OUTPUT, operation->rows * columns * element);
	return run->bias && run->output && get_input(run, core) &&
	       get_areas(run, core) && get_batch(run, core);
}

static void add_counts(const uint8_t *counts, size_t depth, uint32_t *nonzero)
{
	for (size_t d = 0; d < depth; d++)
		nonzero[d] += counts[d];
}

/* Decodes and packs a group of input rows, missing ones zero: an eb_workers_part. */
static void pack_group(void *opaque, size_t group, unsigned int worker)
{
	struct matmul_run *run = opaque;
	const struct work_area *area = &run->areas[worker];
	const size_t depth = run->operation->depth, first = group * EB_MATMUL_ROWS;
	const size_t count = at_most_16(run->operation->rows - first);
	int16_t *rows = (int16_t *)area->unpacked;

	memset(area->strip_nonzero, 0, depth);
	run->kernels->decode_rows(&(struct eb_matmul_codes){
		.rows = run->input_rows + first, .count = count, .depth = depth,
	}, rows, area->strip_nonzero, run->input_pairs + first);
	memset(rows + count * depth, 0, (EB_MATMUL_ROWS - count) * depth * sizeof(*rows));
	add_counts(area->strip_nonzero, depth, area->input_nonzero);
	run->kernels->pack_rows(rows, depth, group, run->groups, run->input);
}

static int read_input(struct matmul_run *run)
{
	const struct edgebert_hw_matmul *matmul = &run->operation->command->matmul;
	size_t depth = run->operation->depth;

	for (uint32_t row = 0; row < run->operation->rows; row++) {
		int status;

		run->input_rows[row] = eb_operand_lasting_view(run->job, matmul->input +
							       row * matmul->input_stride, depth,
							       run->input_copies + row * depth,
							       &status);
		if (status != EDGEBERT_HW_OK)
			return status;
	}
	eb_workers_run(run->workers, pack_group, run, run->groups);
	return EDGEBERT_HW_OK;
}

/* Reads and checks the block table; *ret_bytes is the size of the packed operand. */
static int read_offsets(struct matmul_run *run, uint32_t *ret_bytes)
{
	const struct eb_operation *operation = run->operation;
	struct eb_job *job = run->job;
	uint32_t weights = operation->command->matmul.weights;
	size_t blocks = eb_bitmask_blocks(operation->columns);
	struct eb_extent extent = { .operand = weights, .rows = 1, .alignment = 4 };
	int status = eb_operand_read(job, weights, run->offsets,
				     eb_bitmask_table_bytes(operation->columns));

	if (status != EDGEBERT_HW_OK)
		return status;
	if (!eb_bitmask_offsets_are_valid(run->offsets, operation->columns, operation->depth)) {
		job->fault_address = weights;
		return EDGEBERT_HW_BAD_PACKING;
	}
	extent.row_bytes = run->offsets[blocks];
	*ret_bytes = extent.row_bytes;
	return eb_extent_check(job, &extent);
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

static size_t block_columns(const struct eb_operation *operation, size_t block)
{
	return at_most_16(operation->columns - block * EB_MATMUL_COLUMNS);
}

static uint32_t packed_block_operand(const struct matmul_run *run, size_t block)
{
	return run->operation->command->matmul.weights + run->offsets[block];
}

/* Makes a block of weights readable by any thread; only the job's thread touches memory. */
static int read_block(struct matmul_run *run, size_t block, struct block_codes *codes,
		      uint8_t *copy)
{
	const struct eb_operation *operation = run->operation;
	const struct edgebert_hw_matmul *matmul = &operation->command->matmul;
	size_t columns = block_columns(operation, block);
	int status = EDGEBERT_HW_OK;

	if (operation->flags & EDGEBERT_HW_CMD_PACKED) {
		codes->packed_bytes = run->offsets[block + 1] - run->offsets[block];
		codes->rows[0] = eb_operand_lasting_view(run->job,
							 packed_block_operand(run, block),
							 codes->packed_bytes, copy, &status);
		return status;
	}
	for (size_t c = 0; c < columns && status == EDGEBERT_HW_OK; c++) {
		uint32_t row = (uint32_t)(block * EB_MATMUL_COLUMNS + c);

		codes->rows[c] = eb_operand_lasting_view(run->job, matmul->weights +
							 row * matmul->weights_stride,
							 operation->depth,
							 copy + c * operation->depth, &status);
	}
	return status;
}

/* ---- Results ------------------------------------------------------------------------ */

/* Where the output kept aside has the elements of a tile. */
struct place {
	uint8_t *output;
	size_t stride;			/* bytes to the next row, or column when transposed */
	size_t lines, elements;		/* of the tile: 16 unless it is at an edge */
};

static struct place find_place(const struct matmul_run *run, size_t first_row,
			       size_t first_column, size_t columns)
{
	const struct eb_operation *operation = run->operation;
	size_t element = eb_element_bytes(operation->command->matmul.output_format);
	size_t rows = at_most_16(operation->rows - first_row);

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

static void finish_tile(const struct matmul_run *run, int32_t *sums, size_t block, size_t group)
{
	const struct edgebert_hw_matmul *matmul = &run->operation->command->matmul;
	const size_t first = block * EB_MATMUL_COLUMNS;
	const size_t columns = block_columns(run->operation, block);
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

static void note_bad_block(struct matmul_run *run, size_t block)
{
	size_t lowest = atomic_load(&run->bad_block);

	while (block < lowest && !atomic_compare_exchange_weak(&run->bad_block, &lowest, block))
		;
}

/* Consecutive blocks of a batch that one thread takes. */
struct strip {
	size_t index, blocks;		/* in the batch */
	size_t columns;
	const uint8_t *rows[STRIP_COLUMNS];
};

/* Finds, or unpacks, the weight rows of a strip; false: the packing of a block is wrong. */
static bool find_rows(struct matmul_run *run, const struct work_area *area, struct strip *strip)
{
	bool packed = run->operation->flags & EDGEBERT_HW_CMD_PACKED;
	size_t depth = run->operation->depth;

	for (size_t b = 0; b < strip->blocks; b++) {
		const struct block_codes *codes = &run->batch[strip->index + b];
		size_t block = run->batch_first + strip->index + b;
		size_t columns = block_columns(run->operation, block);
		uint8_t *dense = area->unpacked + b * EB_MATMUL_COLUMNS * depth;

		if (packed && !run->kernels->unpack_block(codes->rows[0], codes->packed_bytes,
							  columns, depth, dense)) {
			note_bad_block(run, block);
			return false;
		}
		for (size_t c = 0; c < columns; c++)
			strip->rows[strip->columns++] = packed ? dense + c * depth :
								 codes->rows[c];
	}
	return true;
}

/*
 * The codes that this thread most likely decodes after `end` of the depth: of the same
 * columns, or of the strip that it may expect to take next.
 */
static void look_ahead(const struct matmul_run *run, const struct strip *strip, size_t end,
		       const uint8_t *ahead[STRIP_COLUMNS], struct eb_matmul_block *operands)
{
	const size_t depth = run->operation->depth, step = run->kernels->depth_step;
	const size_t next = strip->index + run->strip_blocks * run->threads;
	const bool packed = run->operation->flags & EDGEBERT_HW_CMD_PACKED;

	operands->ahead_count = 0;
	operands->ahead = ahead;
	if (end < depth) {
		operands->ahead_bytes = depth - end < step ? depth - end : step;
		/* What was unpacked is near already. */
		for (size_t c = 0; c < strip->columns && !packed; c++)
			ahead[operands->ahead_count++] = strip->rows[c] + end;
		return;
	}
	operands->ahead_bytes = packed ? SIZE_MAX : depth < step ? depth : step;
	for (size_t b = next; b < next + run->strip_blocks && b < run->batch_ready; b++) {
		size_t columns = packed ? 1 : block_columns(run->operation, run->batch_first + b);

		for (size_t c = 0; c < columns; c++)
			ahead[operands->ahead_count++] = run->batch[b].rows[c];
		if (packed && run->batch[b].packed_bytes < operands->ahead_bytes)
			operands->ahead_bytes = run->batch[b].packed_bytes;
	}
}

/* Decodes the strip's weights part by part of the depth, and adds each to the sums. */
static void sum_strip(const struct matmul_run *run, const struct work_area *area,
		      const struct strip *strip)
{
	const size_t whole = run->operation->depth, step = run->kernels->depth_step;
	int32_t pairs[STRIP_COLUMNS] = { 0 };
	const uint8_t *ahead[STRIP_COLUMNS];
	struct eb_matmul_block operands = {
		.packed = run->input, .input_pairs = run->input_pairs,
		.weights = area->weights, .weight_pairs = pairs,
		.rows = run->operation->rows, .groups = run->groups,
		.columns = strip->blocks * EB_MATMUL_COLUMNS, .whole_depth = whole,
	};

	memset(area->strip_nonzero, 0, whole);
	for (size_t first = 0; first < whole; first += step) {
		size_t depth = whole - first < step ? whole - first : step;

		run->kernels->decode_rows(&(struct eb_matmul_codes){
			.rows = strip->rows, .count = strip->columns, .first = first,
			.depth = depth,
		}, area->weights, area->strip_nonzero + first, pairs);
		memset(area->weights + strip->columns * depth, 0,
		       (operands.columns - strip->columns) * depth * sizeof(*area->weights));
		operands.first = first;
		operands.depth = depth;
		look_ahead(run, strip, first + depth, ahead, &operands);
		run->kernels->sum(&operands, area->sums);
	}
	add_counts(area->strip_nonzero, whole, area->nonzero);
}

/* One strip of the batch from codes to finished output: an eb_workers_part. */
static void run_strip(void *opaque, size_t part, unsigned int worker)
{
	struct matmul_run *run = opaque;
	const struct work_area *area = &run->areas[worker];
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

/* The lowest block that fails decides the status, however the blocks were shared out. */
static int run_batch(struct matmul_run *run, size_t count)
{
	int status = EDGEBERT_HW_OK;
	size_t ready = 0;

	while (ready < count) {
		if (eb_job_aborted(run->job))
			return EDGEBERT_HW_ABORTED;
		status = read_block(run, run->batch_first + ready, &run->batch[ready],
				    run->copies + ready * run->copy_bytes);
		if (status != EDGEBERT_HW_OK)
			break;
		ready++;
	}
	run->batch_ready = ready;
	atomic_store(&run->bad_block, SIZE_MAX);
	eb_workers_run(run->workers, run_strip, run,
		       (ready + run->strip_blocks - 1) / run->strip_blocks);
	if (eb_job_aborted(run->job))
		return EDGEBERT_HW_ABORTED;
	if (atomic_load(&run->bad_block) == SIZE_MAX)
		return status;
	run->job->fault_address = packed_block_operand(run, atomic_load(&run->bad_block));
	return EDGEBERT_HW_BAD_PACKING;
}

static int run_blocks(struct matmul_run *run)
{
	size_t blocks = eb_vectors(run->operation->columns);

	for (size_t first = 0; first < blocks; first += run->batch_size) {
		size_t left = blocks - first;
		int status;

		run->batch_first = first;
		status = run_batch(run, left < run->batch_size ? left : run->batch_size);
		if (status != EDGEBERT_HW_OK)
			return status;
	}
	return EDGEBERT_HW_OK;
}

static int write_output(const struct matmul_run *run)
{
	const struct eb_operation *operation = run->operation;
	const struct edgebert_hw_matmul *matmul = &operation->command->matmul;
	bool transposed = operation->flags & EDGEBERT_HW_CMD_TRANSPOSE;
	size_t rows = transposed ? operation->columns : operation->rows;
	size_t row_bytes = (transposed ? operation->rows : operation->columns) *
			   eb_element_bytes(matmul->output_format);

	for (size_t row = 0; row < rows; row++) {
		int status = eb_operand_write(run->job, matmul->output +
					      (uint32_t)row * matmul->output_stride,
					      run->output + row * row_bytes, row_bytes);

		if (status != EDGEBERT_HW_OK)
			return status;
	}
	return EDGEBERT_HW_OK;
}

/*
 * Exactly the multiplications whose operands are both non-zero switch; stored zeros are
 * not read either.  An operand passes the array once per tile of the other.
 */
static struct eb_work matmul_work(const struct matmul_run *run)
{
	const struct eb_operation *operation = run->operation;
	uint64_t rows = operation->rows, columns = operation->columns;
	uint64_t input = 0, weights = 0;
	struct eb_work work = { .outputs = rows * columns };

	for (size_t d = 0; d < operation->depth; d++) {
		uint64_t nonzero = 0, input_nonzero = 0;

		for (unsigned int i = 0; i < run->threads; i++) {
			nonzero += run->areas[i].nonzero[d];
			input_nonzero += run->areas[i].input_nonzero[d];
		}
		input += input_nonzero;
		weights += nonzero;
		work.multiplications += input_nonzero * nonzero;
	}
	input += rows * operation->depth / EDGEBERT_HW_LANES * 2;
	weights += columns * operation->depth / EDGEBERT_HW_LANES * 2;
	work.buffer_bytes = input * eb_vectors(operation->columns) +
			    weights * eb_vectors(operation->rows) + work.outputs;
	return work;
}

int eb_run_matmul(struct eb_job *job, const struct eb_operation *operation)
{
	struct matmul_run run = { .job = job, .operation = operation,
				  .kernels = job->core->kernels, .threads = 1 };
	struct eb_work work;
	uint32_t packed_bytes = 0;
	int status;

	if (!get_buffers(&run, job->core))
		return EDGEBERT_HW_DEVICE_ERROR;
	status = read_input(&run);
	if (status == EDGEBERT_HW_OK)
		status = read_bias(job, operation, run.bias);
	if (status == EDGEBERT_HW_OK && operation->flags & EDGEBERT_HW_CMD_PACKED)
		status = read_offsets(&run, &packed_bytes);
	if (status == EDGEBERT_HW_OK)
		status = run_blocks(&run);
	if (status == EDGEBERT_HW_OK)
		status = write_output(&run);
	if (status != EDGEBERT_HW_OK)
		return status;
	work = matmul_work(&run);
	eb_job_charge(job, operation, packed_bytes, &work);
	return EDGEBERT_HW_OK;
}
