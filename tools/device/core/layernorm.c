// SPDX-License-Identifier: MIT
/*
 * LAYERNORM: exact wide sums, the published piecewise-linear 1/sqrt on a variance of 20
 * fraction bits, Q6.10 words from there on.
 */
#include "tools/device/core/command.h"
#include "tools/device/core/operand.h"
#include "tools/device/core/piecewise_linear.h"
#include "tools/device/core/row.h"
#include "tools/device/core/rows.h"

#define WORD_BITS 10
#define WIDE_BITS 20		/* fraction bits of mean, variance and epsilon */
#define MANTISSA_BITS 24	/* of eb_inverse_sqrt */

/*
 * Exact: 4096 words of 16 bits leave n * sum(x^2) and sum(x)^2 below 2^54.  The mean is cut
 * toward zero as published.
 */
struct eb_layernorm_scale eb_layernorm_scale(int64_t sum, int64_t squares, size_t count,
					     uint32_t epsilon)
{
	int64_t n = (int64_t)count;
	uint64_t variance = (uint64_t)((n * squares - sum * sum) / (n * n));
	struct eb_inverse_sqrt inverse = { 0 };

	/* Without epsilon a constant row has no scale; its distances to the mean are zero. */
	if (variance + epsilon)
		inverse = eb_piecewise_inverse_sqrt(variance + epsilon, WIDE_BITS);
	return (struct eb_layernorm_scale){
		.mean = sum * (1 << (WIDE_BITS - WORD_BITS)) / n,
		.mantissa = inverse.mantissa,
		.shift = WIDE_BITS + MANTISSA_BITS + inverse.exponent - WORD_BITS,
	};
}

int32_t eb_layernorm_value(const struct eb_layernorm_scale *scale, int16_t word, int16_t gamma,
			   int16_t beta)
{
	int64_t distance = word * (1 << (WIDE_BITS - WORD_BITS)) - scale->mean;
	int64_t normal = (distance * scale->mantissa) >> scale->shift;

	return (int32_t)((normal * gamma) >> WORD_BITS) + beta;
}

void eb_layernorm_row(const int16_t *words, const int16_t *gamma, const int16_t *beta,
		      size_t count, uint32_t epsilon, int32_t *values)
{
	struct eb_layernorm_scale scale;
	int64_t sum = 0, squares = 0;

	for (size_t i = 0; i < count; i++) {
		sum += words[i];
		squares += (int32_t)words[i] * words[i];
	}
	scale = eb_layernorm_scale(sum, squares, count, epsilon);
	for (size_t i = 0; i < count; i++)
		values[i] = eb_layernorm_value(&scale, words[i], gamma[i], beta[i]);
}

/* What the rows share. */
struct layernorm {
	const struct eb_kernels *kernels;
	size_t columns;
	uint32_t epsilon;
	int16_t *gamma, *beta;
};

static int read_parameters(struct eb_job *job, const struct eb_operation *operation,
			   struct layernorm *shared)
{
	const struct edgebert_hw_layernorm *layernorm = &operation->command->layernorm;
	int status = eb_operand_read_words(job, layernorm->gamma, layernorm->parameter_format,
					   layernorm->gamma_bias, operation->columns,
					   shared->gamma);

	if (status != EDGEBERT_HW_OK)
		return status;
	return eb_operand_read_words(job, layernorm->beta, layernorm->parameter_format,
				     layernorm->beta_bias, operation->columns, shared->beta);
}

static void compute(const void *opaque, uint32_t row, const int16_t *words, const int16_t *second,
		    int32_t *values)
{
	const struct layernorm *shared = opaque;

	(void)row;
	(void)second;
	shared->kernels->layernorm_row(words, shared->gamma, shared->beta, shared->columns,
				       shared->epsilon, values);
}

int eb_run_layernorm(struct eb_job *job, const struct eb_operation *operation)
{
	const struct edgebert_hw_layernorm *layernorm = &operation->command->layernorm;
	struct layernorm shared = {
		.kernels = job->core->kernels, .columns = operation->columns,
		.epsilon = layernorm->epsilon,
		.gamma = eb_core_scratch(job->core, EB_SCRATCH_PARAMETERS,
					 operation->columns * 4),
	};
	const struct eb_rows rows = {
		.input = { layernorm->input, layernorm->input_stride, layernorm->input_format,
			   layernorm->input_bias },
		.output = { layernorm->output, layernorm->output_stride, layernorm->output_format,
			    layernorm->output_bias },
		.rows = operation->rows, .columns = operation->columns,
		.output_columns = operation->columns, .compute = compute, .opaque = &shared,
	};
	struct eb_work work = { 0 };
	int status;

	if (!shared.gamma)
		return EDGEBERT_HW_DEVICE_ERROR;
	shared.beta = shared.gamma + operation->columns;
	status = read_parameters(job, operation, &shared);
	if (status == EDGEBERT_HW_OK)
		status = eb_rows_run(job, &rows);
	if (status != EDGEBERT_HW_OK)
		return status;
	work.special_vectors = (uint64_t)operation->rows * eb_vectors(operation->columns);
	/* Two passes read the row, one writes it; gamma and beta are read once per row. */
	work.buffer_bytes = work.special_vectors * 5 * EDGEBERT_HW_LANES;
	eb_job_charge(job, operation, 0, &work);
	return EDGEBERT_HW_OK;
}
