// SPDX-License-Identifier: MIT
/*
 * SOFTMAX with attention-span mask and padding: three passes over a row, as the
 * published unit makes them, with decoded input, one logarithm and 32-bit sums.
 */
#include "tools/device/core/command.h"
#include "tools/device/core/operand.h"
#include "tools/device/core/piecewise_linear.h"
#include "tools/device/core/row.h"
#include "tools/device/core/rows.h"

void eb_softmax_row(const int16_t *words, const int16_t *span, size_t count,
		    int32_t *probabilities)
{
	int32_t greatest = INT16_MIN, shift;
	uint32_t sum = 0;

	for (size_t i = 0; i < count; i++)
		greatest = words[i] > greatest ? words[i] : greatest;
	for (size_t i = 0; i < count; i++)
		sum += eb_piecewise_exp(eb_saturate_word(words[i] - greatest));
	shift = greatest + eb_piecewise_ln(sum);
	for (size_t i = 0; i < count; i++)
		probabilities[i] = eb_piecewise_exp(eb_saturate_word(words[i] - shift));
	if (!span)
		return;
	for (size_t i = 0; i < count; i++)
		probabilities[i] = (probabilities[i] * span[i]) >> 10;
}

/* What the rows share. */
struct softmax {
	const struct eb_kernels *kernels;
	size_t columns;
	uint16_t flags;
	int16_t *span;			/* as stored, or mirrored around index `mirror` */
	size_t mirror;
};

/*
 * For a relative mask the entries are laid out as span[|i - mirror|], so that a row's mask
 * is a window of the same array.
 */
static int read_span(struct eb_job *job, const struct eb_operation *operation,
		     struct softmax *shared)
{
	const struct edgebert_hw_softmax *softmax = &operation->command->softmax;
	size_t rows = operation->rows, columns = operation->columns;
	size_t count = columns;
	int16_t *entries;
	int status;

	if (operation->flags & EDGEBERT_HW_CMD_SPAN_RELATIVE) {
		count = rows > columns ? rows : columns;
		shared->mirror = count - 1;
	}
	entries = shared->span + shared->mirror;
	status = eb_operand_read_words(job, softmax->span, EDGEBERT_HW_FORMAT_AF8,
				       softmax->span_bias, count, entries);
	for (size_t i = 1; i <= shared->mirror; i++)
		shared->span[shared->mirror - i] = entries[i];
	return status;
}

static void compute(const void *opaque, uint32_t row, const int16_t *words, const int16_t *second,
		    int32_t *values)
{
	const struct softmax *shared = opaque;
	const int16_t *span = NULL;

	(void)second;
	if (shared->flags & EDGEBERT_HW_CMD_SPAN_RELATIVE)
		span = shared->span + shared->mirror - row;
	else if (shared->flags & EDGEBERT_HW_CMD_SPAN)
		span = shared->span;
	shared->kernels->softmax_row(words, span, shared->columns, values);
}

int eb_run_softmax(struct eb_job *job, const struct eb_operation *operation)
{
	const struct edgebert_hw_softmax *softmax = &operation->command->softmax;
	struct softmax shared = {
		.kernels = job->core->kernels, .columns = operation->columns,
		.flags = operation->flags,
		.span = eb_core_scratch(job->core, EB_SCRATCH_PARAMETERS,
					2 * (operation->rows + operation->columns) * 2),
	};
	const struct eb_rows rows = {
		.input = { softmax->input, softmax->input_stride, softmax->input_format,
			   softmax->input_bias },
		.output = { softmax->output, softmax->output_stride, softmax->output_format,
			    softmax->output_bias },
		.rows = operation->rows, .columns = operation->columns,
		.output_columns = eb_whole_vectors(operation->columns),
		.compute = compute, .opaque = &shared,
	};
	struct eb_work work = { 0 };
	int status = EDGEBERT_HW_OK;

	if (!shared.span)
		return EDGEBERT_HW_DEVICE_ERROR;
	if (operation->flags & EDGEBERT_HW_CMD_SPAN)
		status = read_span(job, operation, &shared);
	if (status == EDGEBERT_HW_OK)
		status = eb_rows_run(job, &rows);
	if (status != EDGEBERT_HW_OK)
		return status;
	work.special_vectors = (uint64_t)operation->rows * eb_vectors(operation->columns);
	/* Three passes read the row, one writes it. */
	work.buffer_bytes = work.special_vectors * 4 * EDGEBERT_HW_LANES;
	eb_job_charge(job, operation, 0, &work);
	return EDGEBERT_HW_OK;
}
