// SPDX-License-Identifier: MIT
/*
 * ADD and COPY: row after row, each read before it is written.
 */
#include "tools/device/core/command.h"
#include "tools/device/core/operand.h"

/* ---- ADD ---------------------------------------------------------------------------- */

struct add_buffers {
	int16_t *a, *b;
	int32_t *sum;
};

static bool get_add_buffers(struct eb_core *core, size_t columns, struct add_buffers *buffers)
{
	buffers->a = eb_core_scratch(core, EB_SCRATCH_INPUT, columns * 2);
	buffers->b = eb_core_scratch(core, EB_SCRATCH_PARAMETERS, columns * 2);
	buffers->sum = eb_core_scratch(core, EB_SCRATCH_VALUES, columns * 4);
	return buffers->a && buffers->b && buffers->sum;
}

static int add_row(struct eb_job *job, const struct eb_operation *operation,
		   struct add_buffers *buffers, uint32_t row)
{
	const struct edgebert_hw_add *add = &operation->command->add;
	size_t columns = operation->columns;
	int status = eb_operand_read_words(job, add->a + row * add->a_stride, add->a_format,
					   add->a_bias, columns, buffers->a);

	if (status == EDGEBERT_HW_OK && (row == 0 || add->b_stride))
		status = eb_operand_read_words(job, add->b + row * add->b_stride, add->b_format,
					       add->b_bias, columns, buffers->b);
	if (status != EDGEBERT_HW_OK)
		return status;
	for (size_t i = 0; i < columns; i++)
		buffers->sum[i] = buffers->a[i] + buffers->b[i];
	return eb_operand_write_words(job, add->output + row * add->output_stride,
				      add->output_format, add->output_bias, columns,
				      buffers->sum);
}

int eb_run_add(struct eb_job *job, const struct eb_operation *operation)
{
	struct eb_work work = { 0 };
	struct add_buffers buffers;
	int status = EDGEBERT_HW_OK;

	if (!get_add_buffers(job->core, operation->columns, &buffers))
		return EDGEBERT_HW_DEVICE_ERROR;
	for (uint32_t row = 0; row < operation->rows && status == EDGEBERT_HW_OK; row++) {
		if (row % EDGEBERT_HW_LANES == 0 && eb_job_aborted(job))
			return EDGEBERT_HW_ABORTED;
		status = add_row(job, operation, &buffers, row);
	}
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
