// SPDX-License-Identifier: MIT
/*
 * SOFTMAX with attention-span mask and padding: three passes over a row, as the
 * published unit makes them, with decoded input, one logarithm and 32-bit sums.
 */
#include "tools/device/core/command.h"
#include "tools/device/core/operand.h"
#include "tools/device/core/piecewise_linear.h"
#include "tools/device/core/row.h"

#include <string.h>

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

/* Working memory of one command. */
struct buffers {
	int16_t *words;
	int32_t *probabilities;
	int16_t *span;			/* as stored, or mirrored around index `mirror` */
	size_t mirror;
};

/*
 * For a relative mask the entries are laid out as span[|i - mirror|], so that a row's mask
 * is a window of the same array.
 */
static int read_span(struct eb_job *job, const struct eb_operation *operation,
		     struct buffers *buffers)
{
	const struct edgebert_hw_softmax *softmax = &operation->command->softmax;
	size_t rows = operation->rows, columns = operation->columns;
	size_t count = columns;
	int16_t *entries;
	int status;

	if (operation->flags & EDGEBERT_HW_CMD_SPAN_RELATIVE) {
		count = rows > columns ? rows : columns;
		buffers->mirror = count - 1;
	}
	entries = buffers->span + buffers->mirror;
	status = eb_operand_read_words(job, softmax->span, EDGEBERT_HW_FORMAT_AF8,
				       softmax->span_bias, count, entries);
	for (size_t i = 1; i <= buffers->mirror; i++)
		buffers->span[buffers->mirror - i] = entries[i];
	return status;
}

static bool get_buffers(struct eb_core *core, const struct eb_operation *operation,
			struct buffers *buffers)
{
	size_t columns = eb_whole_vectors(operation->columns);

	buffers->words = eb_core_scratch(core, EB_SCRATCH_INPUT, columns * 2);
	buffers->probabilities = eb_core_scratch(core, EB_SCRATCH_VALUES, columns * 4);
	buffers->span = eb_core_scratch(core, EB_SCRATCH_PARAMETERS,
					2 * (operation->rows + columns) * 2);
	return buffers->words && buffers->probabilities && buffers->span;
}

static int run_row(struct eb_job *job, const struct eb_operation *operation,
		   struct buffers *buffers, uint32_t row)
{
	const struct edgebert_hw_softmax *softmax = &operation->command->softmax;
	size_t columns = operation->columns, whole = eb_whole_vectors(operation->columns);
	const int16_t *span = NULL;
	int status = eb_operand_read_words(job, softmax->input + row * softmax->input_stride,
					   softmax->input_format, softmax->input_bias, columns,
					   buffers->words);

	if (status != EDGEBERT_HW_OK)
		return status;
	if (operation->flags & EDGEBERT_HW_CMD_SPAN_RELATIVE)
		span = buffers->span + buffers->mirror - row;
	else if (operation->flags & EDGEBERT_HW_CMD_SPAN)
		span = buffers->span;
	job->core->kernels->softmax_row(buffers->words, span, columns, buffers->probabilities);
	memset(buffers->probabilities + columns, 0, (whole - columns) * 4);
	return eb_operand_write_words(job, softmax->output + row * softmax->output_stride,
				      softmax->output_format, softmax->output_bias, whole,
				      buffers->probabilities);
}

int eb_run_softmax(struct eb_job *job, const struct eb_operation *operation)
{
	struct eb_work work = { 0 };
	struct buffers buffers = { 0 };
	int status = EDGEBERT_HW_OK;

	if (!get_buffers(job->core, operation, &buffers))
		return EDGEBERT_HW_DEVICE_ERROR;
	if (operation->flags & EDGEBERT_HW_CMD_SPAN)
		status = read_span(job, operation, &buffers);
	for (uint32_t row = 0; row < operation->rows && status == EDGEBERT_HW_OK; row++) {
		if (row % EDGEBERT_HW_LANES == 0 && eb_job_aborted(job))
			return EDGEBERT_HW_ABORTED;
		status = run_row(job, operation, &buffers, row);
	}
	if (status != EDGEBERT_HW_OK)
		return status;
	work.special_vectors = (uint64_t)operation->rows * eb_vectors(operation->columns);
	/* Three passes read the row, one writes it. */
	work.buffer_bytes = work.special_vectors * 4 * EDGEBERT_HW_LANES;
	eb_job_charge(job, operation, 0, &work);
	return EDGEBERT_HW_OK;
}
