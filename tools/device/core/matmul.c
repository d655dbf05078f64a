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
#include "tools/device/core/matmul_run.h"
#include "tools/device/core/operand.h"

/* ---- Operands ----------------------------------------------------------------------- */

/* Blocks of weights that are fetched at a time for each thread. */
#define BATCH_BLOCKS 32
/*
 * Multiplications below which a second thread costs more than it saves, where its processor is
 * far; attention's products for each head are below.
 */
#define THREADS_FROM (1u << 22)

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

static bool get_areas(struct eb_matmul_run *run, struct eb_core *core)
{
	unsigned int threads = run->threads;
	size_t depth = run->operation->depth;
	size_t step = depth < run->kernels->depth_step ? depth : run->kernels->depth_step;
	size_t block = EB_STRIP_COLUMNS * depth, weights = EB_STRIP_COLUMNS * step * 2;
	size_t sums = run->groups * EB_MATMUL_ROWS * EB_STRIP_COLUMNS * 4;
	size_t each = aligned(weights) + aligned(sums) + 2 * aligned(depth * 4) +
		      aligned(depth) + aligned(block);
	uint8_t *at = eb_core_scratch(core, EB_SCRATCH_WEIGHTS,
				      threads * (each + aligned(sizeof(*run->areas))));

	if (!at)
		return false;
	run->areas = carve(&at, threads * sizeof(*run->areas));
	for (unsigned int i = 0; i < threads; i++) {
		struct eb_matmul_area *area = &run->areas[i];

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

static bool get_input(struct eb_matmul_run *run, struct eb_core *core)
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

static bool get_batch(struct eb_matmul_run *run, struct eb_core *core)
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

static bool get_buffers(struct eb_matmul_run *run, struct eb_core *core)
{
	const struct eb_operation *operation = run->operation;
	size_t columns = eb_whole_vectors(operation->columns);
	size_t element = eb_element_bytes(operation->command->matmul.output_format);
	uint64_t products = (uint64_t)operation->rows * columns * operation->depth;

	if (core->workers && products >= THREADS_FROM >> core->share_smaller) {
		run->workers = core->workers;
		run->threads = core->threads;
	}
	/* Few columns: better shared among all threads than in whole strips. */
	run->strip_blocks = eb_vectors(operation->columns) / run->threads;
	run->strip_blocks = run->strip_blocks > EB_STRIP_BLOCKS ? EB_STRIP_BLOCKS :
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

/* Decodes and packs a group of input rows, missing ones zero: an eb_workers_part. */
static void pack_group(void *opaque, size_t group, unsigned int worker)
{
	struct eb_matmul_run *run = opaque;
	const struct eb_matmul_area *area = &run->areas[worker];
	const size_t depth = run->operation->depth, first = group * EB_MATMUL_ROWS;
	const size_t count = eb_at_most_16(run->operation->rows - first);
	int16_t *rows = (int16_t *)area->unpacked;

	memset(area->strip_nonzero, 0, depth);
	run->kernels->decode_rows(&(struct eb_matmul_codes){
		.rows = run->input_rows + first, .count = count, .depth = depth,
	}, rows, area->strip_nonzero, run->input_pairs + first);
	memset(rows + count * depth, 0, (EB_MATMUL_ROWS - count) * depth * sizeof(*rows));
	eb_add_counts(area->strip_nonzero, depth, area->input_nonzero);
	run->kernels->pack_rows(rows, depth, group, run->groups, run->input);
}

static int read_input(struct eb_matmul_run *run)
{
	const struct edgebert_hw_matmul *matmul = &run->operation->command->matmul;
	const size_t depth = run->operation->depth;
	const uint8_t *whole = eb_operand_rows_in_place(run->job, matmul->input,
							run->operation->rows, depth,
							matmul->input_stride);

	for (uint32_t row = 0; row < run->operation->rows; row++) {
		const uint32_t offset = row * matmul->input_stride;
		int status = EDGEBERT_HW_OK;

		run->input_rows[row] = whole ? whole + offset :
			eb_operand_lasting_view(run->job, matmul->input + offset, depth,
						run->input_copies + row * depth, &status);
		if (status != EDGEBERT_HW_OK)
			return status;
	}
	eb_workers_run(run->workers, pack_group, run, run->groups);
	return EDGEBERT_HW_OK;
}

/* Reads and checks the block table; *ret_bytes is the size of the packed operand. */
static int read_offsets(struct eb_matmul_run *run, uint32_t *ret_bytes)
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

static uint32_t packed_block_operand(const struct eb_matmul_run *run, size_t block)
{
	return run->operation->command->matmul.weights + run->offsets[block];
}

static int read_dense_block(struct eb_matmul_run *run, size_t block,
			    struct eb_matmul_block_codes *codes, uint8_t *copy)
{
	const struct edgebert_hw_matmul *matmul = &run->operation->command->matmul;
	const size_t columns = eb_matmul_block_columns(run->operation, block);
	const size_t depth = run->operation->depth;
	const uint32_t first = matmul->weights + (uint32_t)block * EB_MATMUL_COLUMNS *
						 matmul->weights_stride;
	const uint8_t *whole = eb_operand_rows_in_place(run->job, first, columns, depth,
							matmul->weights_stride);
	int status = EDGEBERT_HW_OK;

	for (size_t c = 0; c < columns && status == EDGEBERT_HW_OK; c++) {
		const uint32_t offset = (uint32_t)c * matmul->weights_stride;

		codes->rows[c] = whole ? whole + offset :
			eb_operand_lasting_view(run->job, first + offset, depth,
						copy + c * depth, &status);
	}
	return status;
}

/* Makes a block of weights readable by any thread; only the job's thread touches memory. */
static int read_block(struct eb_matmul_run *run, size_t block,
		      struct eb_matmul_block_codes *codes, uint8_t *copy)
{
	int status;

	if (!(run->operation->flags & EDGEBERT_HW_CMD_PACKED))
		return read_dense_block(run, block, codes, copy);
	codes->packed_bytes = run->offsets[block + 1] - run->offsets[block];
	codes->rows[0] = eb_operand_lasting_view(run->job, packed_block_operand(run, block),
						 codes->packed_bytes, copy, &status);
	return status;
}

/* ---- Results ------------------------------------------------------------------------ */

/* The lowest block that fails decides the status, however the blocks were shared out. */
static int run_batch(struct eb_matmul_run *run, size_t count)
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
	eb_workers_run(run->workers, eb_matmul_run_strip, run,
		       (ready + run->strip_blocks - 1) / run->strip_blocks);
	if (eb_job_aborted(run->job))
		return EDGEBERT_HW_ABORTED;
	if (atomic_load(&run->bad_block) == SIZE_MAX)
		return status;
	run->job->fault_address = packed_block_operand(run, atomic_load(&run->bad_block));
	return EDGEBERT_HW_BAD_PACKING;
}

static int run_blocks(struct eb_matmul_run *run)
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

static int write_output(const struct eb_matmul_run *run)
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
static struct eb_work matmul_work(const struct eb_matmul_run *run)
{
	const struct eb_operation *operation = run->operation;
	uint64_t rows = operation->rows, columns = operation->columns;
	uint64_t input = 0, weights = 0;
	struct eb_work work = { .outputs = rows * columns };
	uint32_t *nonzero = run->areas[0].nonzero, *input_nonzero = run->areas[0].input_nonzero;

	for (unsigned int i = 1; i < run->threads; i++)
		for (size_t d = 0; d < operation->depth; d++) {
			nonzero[d] += run->areas[i].nonzero[d];
			input_nonzero[d] += run->areas[i].input_nonzero[d];
		}
	for (size_t d = 0; d < operation->depth; d++) {
		input += input_nonzero[d];
		weights += nonzero[d];
		work.multiplications += (uint64_t)input_nonzero[d] * nonzero[d];
	}
	input += rows * operation->depth / EDGEBERT_HW_LANES * 2;
	weights += columns * operation->depth / EDGEBERT_HW_LANES * 2;
	work.buffer_bytes = input * eb_vectors(operation->columns) +
			    weights * eb_vectors(operation->rows) + work.outputs;
	return work;
}

int eb_run_matmul(struct eb_job *job, const struct eb_operation *operation)
{
	struct eb_matmul_run run = { .job = job, .operation = operation,
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
