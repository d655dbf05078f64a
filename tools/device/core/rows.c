// SPDX-License-Identifier: MIT
/*
 * Rows of SOFTMAX, LAYERNORM and ADD, some at a time: read by the job's thread, computed by
 * all threads, written by the job's thread.
 */
#include "tools/device/core/rows.h"

#include <string.h>

#include "tools/device/core/job.h"
#include "tools/device/core/operand.h"

/* Rows that a thread takes at once; an abort is noticed as often. */
#define PART_ROWS 16
/* Parts per thread between two looks at the memory, where there are more threads than one. */
#define THREAD_PARTS 4
/* Elements below which a second thread costs more than it saves, where its processor is far. */
#define THREADS_FROM (1u << 17)

struct run {
	struct eb_job *job;
	const struct eb_rows *rows;
	struct eb_workers *workers;	/* NULL: none */
	unsigned int threads;
	size_t batch_rows;		/* at most */
	uint32_t first, ready;		/* rows of the batch, read */
	const uint8_t **views;		/* [rows of a batch][2]: input, second */
	uint8_t *copies;		/* of views that are not in place, as many */
	size_t copy_bytes;
	uint8_t *constant;		/* a second input that is the same for all rows */
	int16_t *words;			/* [threads][2][columns] */
	int32_t *values;		/* [threads][output columns] */
	uint8_t *output;		/* [rows of a batch][output bytes] */
	size_t output_bytes;
};

static size_t input_bytes(const struct run *run, const struct eb_row_operand *operand)
{
	return run->rows->columns * eb_element_bytes(operand->format);
}

static bool get_buffers(struct run *run, struct eb_core *core)
{
	const struct eb_rows *rows = run->rows;
	const size_t columns = eb_whole_vectors((uint32_t)rows->columns);
	uint8_t *inputs;

	run->threads = 1;
	run->batch_rows = PART_ROWS;
	if (core->workers && rows->rows * rows->columns >= THREADS_FROM >> core->share_smaller) {
		run->workers = core->workers;
		run->threads = core->threads;
		run->batch_rows = PART_ROWS * THREAD_PARTS * core->threads;
	}
	run->copy_bytes = columns * 2;
	run->output_bytes = rows->output_columns * eb_element_bytes(rows->output.format);
	run->views = eb_core_scratch(core, EB_SCRATCH_COUNTS,
				     run->batch_rows * 2 * sizeof(*run->views));
	inputs = eb_core_scratch(core, EB_SCRATCH_INPUT, (run->batch_rows * 2 + 1) *
							 run->copy_bytes);
	run->words = eb_core_scratch(core, EB_SCRATCH_ROW, run->threads * 2 * columns * 2);
	run->values = eb_core_scratch(core, EB_SCRATCH_VALUES,
				      run->threads * rows->output_columns * 4);
	run->output = eb_core_scratch(core, EB_SCRATCH_OUTPUT, run->batch_rows * run->output_bytes);
	if (!run->views || !inputs || !run->words || !run->values || !run->output)
		return false;
	run->constant = inputs;
	run->copies = inputs + run->copy_bytes;
	return true;
}

/*
 * Where one row of an operand can be read by any thread until the batch is written; `whole` is
 * that place of the batch's first, if all can be read in place.
 */
static const uint8_t *view_row(struct run *run, const struct eb_row_operand *operand,
			       const uint8_t *whole, uint32_t row, size_t place, int *status)
{
	*status = EDGEBERT_HW_OK;
	if (whole)
		return whole + (row - run->first) * operand->stride;
	return eb_operand_lasting_view(run->job, operand->operand + row * operand->stride,
				       input_bytes(run, operand),
				       run->copies + place * run->copy_bytes, status);
}

/* The first row of the batch, or NULL. */
static const uint8_t *view_batch(struct run *run, const struct eb_row_operand *operand,
				 uint32_t count)
{
	return eb_operand_rows_in_place(run->job, operand->operand + run->first * operand->stride,
					count, input_bytes(run, operand), operand->stride);
}

static int view_second(struct run *run, const uint8_t *whole, uint32_t row, size_t place)
{
	const struct eb_row_operand *second = run->rows->second;
	int status = EDGEBERT_HW_OK;

	if (!second)
		return status;
	if (second->stride) {
		run->views[place] = view_row(run, second, whole, row, place, &status);
		return status;
	}
	/* Read once, whatever the output overwrites. */
	if (row == 0)
		status = eb_operand_read(run->job, second->operand, run->constant,
					 input_bytes(run, second));
	run->views[place] = run->constant;
	return status;
}

/* Finds the rows of the batch; those before one that cannot be read are ready. */
static int read_batch(struct run *run, uint32_t count)
{
	const struct eb_row_operand *second = run->rows->second;
	const uint8_t *inputs = view_batch(run, &run->rows->input, count);
	const uint8_t *seconds = second && second->stride ? view_batch(run, second, count) : NULL;

	for (run->ready = 0; run->ready < count; run->ready++) {
		uint32_t row = run->first + run->ready;
		size_t place = 2 * (size_t)run->ready;
		int status;

		run->views[place] = view_row(run, &run->rows->input, inputs, row, place, &status);
		if (status == EDGEBERT_HW_OK)
			status = view_second(run, seconds, row, place + 1);
		if (status != EDGEBERT_HW_OK)
			return status;
	}
	return EDGEBERT_HW_OK;
}

static void to_words(const struct run *run, const struct eb_row_operand *operand,
		     const uint8_t *elements, int16_t *words)
{
	const struct eb_kernels *kernels = run->job->core->kernels;

	if (operand->format == EDGEBERT_HW_FORMAT_AF8)
		kernels->adaptivfloat_decode_row(elements, run->rows->columns, operand->bias, words);
	else
		memcpy(words, elements, run->rows->columns * sizeof(*words));
}

static void compute_row(const struct run *run, uint32_t index, unsigned int worker)
{
	const struct eb_rows *rows = run->rows;
	const struct eb_kernels *kernels = run->job->core->kernels;
	const size_t columns = eb_whole_vectors((uint32_t)rows->columns);
	int16_t *words = run->words + worker * 2 * columns, *second = NULL;
	int32_t *values = run->values + worker * rows->output_columns;
	uint8_t *output = run->output + index * run->output_bytes;

	to_words(run, &rows->input, run->views[2 * index], words);
	if (rows->second) {
		second = words + columns;
		to_words(run, rows->second, run->views[2 * index + 1], second);
	}
	rows->compute(rows->opaque, run->first + index, words, second, values);
	memset(values + rows->columns, 0, (rows->output_columns - rows->columns) * 4);
	if (rows->output.format == EDGEBERT_HW_FORMAT_AF8)
		kernels->adaptivfloat_encode_row(values, rows->output_columns, 10,
						 rows->output.bias, output);
	else
		kernels->saturate_row(values, rows->output_columns, (int16_t *)output);
}

/* An eb_workers_part. */
static void compute_part(void *opaque, size_t part, unsigned int worker)
{
	const struct run *run = opaque;
	uint32_t end = (uint32_t)(part + 1) * PART_ROWS;

	for (uint32_t i = (uint32_t)part * PART_ROWS; i < end && i < run->ready; i++)
		compute_row(run, i, worker);
}

static int write_batch(const struct run *run)
{
	const struct eb_row_operand *output = &run->rows->output;

	for (uint32_t i = 0; i < run->ready; i++) {
		int status = eb_operand_write(run->job, output->operand +
					      (run->first + i) * output->stride,
					      run->output + i * run->output_bytes,
					      run->output_bytes);

		if (status != EDGEBERT_HW_OK)
			return status;
	}
	return EDGEBERT_HW_OK;
}

static int run_batch(struct run *run)
{
	uint32_t left = run->rows->rows - run->first, read_fault;
	int read_status = read_batch(run, left < run->batch_rows ? left :
							       (uint32_t)run->batch_rows);
	int status;

	read_fault = run->job->fault_address;
	eb_workers_run(run->workers, compute_part, run,
		       (run->ready + PART_ROWS - 1) / PART_ROWS);
	/* Row by row, these would have been written before the next could not be read. */
	status = write_batch(run);
	if (status == EDGEBERT_HW_OK) {
		status = read_status;
		run->job->fault_address = read_fault;
	}
	return status;
}

int eb_rows_run(struct eb_job *job, const struct eb_rows *rows)
{
	struct run run = { .job = job, .rows = rows };
	int status = EDGEBERT_HW_OK;

	if (!get_buffers(&run, job->core))
		return EDGEBERT_HW_DEVICE_ERROR;
	for (; run.first < rows->rows && status == EDGEBERT_HW_OK;
	     run.first += (uint32_t)run.batch_rows) {
		if (eb_job_aborted(job))
			return EDGEBERT_HW_ABORTED;
		status = run_batch(&run);
	}
	return status;
}
