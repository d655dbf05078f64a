// SPDX-License-Identifier: MIT
/*
 * ADD, and COPY row after row, each read before it is written.
 */
#include "tools/device/core/command.h"
#include "tools/device/core/operand.h"
#include "tools/device/core/row.h"
#include "tools/device/core/rows.h"

/* ---- ADD ---------------------------------------------------------------------------- */

void eb_add_row(const int16_t *words, const int16_t *second, size_t count, int32_t *values)
{
	for (size_t i = 0; i < count; i++)
		values[i] = words[i] + second[i];
}

/* What the rows share. */
struct sum {
	const struct eb_kernels *kernels;
	size_t columns;
};

static void compute_sum(const void *opaque, uint32_t row, const int16_t *words,
			const int16_t *second, int32_t *values)
{
	const struct sum *shared = opaque;

	(void)row;
	shared->kernels->add_row(words, second, shared->columns, values);
}

int eb_run_add(struct eb_job *job, const struct eb_operation *operation)
{
	const struct edgebert_hw_add *add = &operation->command->add;
	const struct sum shared = { job->core->kernels, operation->columns };
	const struct eb_row_operand second = { add->b, add->b_stride, add->b_format, add->b_bias };
	const struct eb_rows rows = {
		.input = { add->a, add->a_stride, add->a_format, add->a_bias },
		.second = &second,
		.output = { add->output, add->output_stride, add->output_format, add->output_bias },
		.rows = operation->rows, .columns = shared.columns,
		.output_columns = shared.columns,
		.compute = compute_sum, .opaque = &shared,
	};
	struct eb_work work = { 0 };
	int status = eb_rows_run(job, &rows);

	if (status != EDGEBERT_HW_OK)
		return status;
	work.special_vectors = (uint64_t)operation->rows * eb_vectors(operation->columns);
	work.buffer_bytes = work.special_vectors * 3 * EDGEBERT_HW_LANES;
	eb_job_charge(job, operation, 0, &work);
	return EDGEBERT_HW_OK;
}

/* ---- COPY --------------------------------------------------------------------------- */

int eb_run_copy(struct eb_job *job, const struct eb_operation *operation)
{
	const struct edgebert_hw_copy *copy = &operation->command->copy;
	uint8_t *bytes = eb_core_scratch(job->core, EB_SCRATCH_OUTPUT, copy->row_bytes);
	struct eb_work work = { 0 };
	int status = EDGEBERT_HW_OK;

	if (!bytes)
		return EDGEBERT_HW_DEVICE_ERROR;
	for (uint32_t row = 0; row < operation->rows; row++) {
		if (row % EDGEBERT_HW_LANES == 0 && eb_job_aborted(job))
			return EDGEBERT_HW_ABORTED;
		status = eb_operand_read(job, copy->source + row * copy->source_stride, bytes,
					 copy->row_bytes);
		if (status == EDGEBERT_HW_OK)
			status = eb_operand_write(job, copy->destination +
						  row * copy->destination_stride, bytes,
						  copy->row_bytes);
		if (status != EDGEBERT_HW_OK)
			return status;
	}
	work.buffer_bytes = 2ull * operation->rows * copy->row_bytes;
	eb_job_charge(job, operation, 0, &work);
	return EDGEBERT_HW_OK;
}
