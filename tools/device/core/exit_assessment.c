// SPDX-License-Identifier: MIT
/*
 * ENTROPY, EXIT and PREDICT: how sure a layer is, whether that ends the job, and how far
 * a job will probably go.
 */
#include "tools/device/core/command.h"
#include "tools/device/core/operand.h"
#include "tools/device/core/operating_point.h"
#include "tools/device/core/piecewise_linear.h"
#include "tools/device/core/row.h"

/* H = ln(S) + max - X / S with S = sum of e, X = sum of x * e, e = exp(x - max). */
int16_t eb_entropy_row(const int16_t *words, size_t count)
{
	int32_t greatest = INT16_MIN, weighted = 0, sum = 0, entropy;

	for (size_t i = 0; i < count; i++)
		greatest = words[i] > greatest ? words[i] : greatest;
	for (size_t i = 0; i < count; i++) {
		int32_t exponential = eb_piecewise_exp(eb_saturate_word(words[i] - greatest));

		sum += exponential;
		weighted += (words[i] * exponential) >> 10;
	}
	entropy = eb_piecewise_ln((uint32_t)sum) + greatest -
		  (int32_t)((int64_t)weighted * 1024 / sum);
	/* Interpolation may end just below; -1 would also read as "not assessed". */
	return (int16_t)(entropy < 0 ? 0 : entropy);
}

static uint8_t largest(const int16_t *words, size_t count)
{
	size_t label = 0;

	for (size_t i = 1; i < count; i++)
		if (words[i] > words[label])
			label = i;
	return (uint8_t)label;
}

int eb_run_entropy(struct eb_job *job, const struct eb_operation *operation)
{
	const struct edgebert_hw_entropy *entropy = &operation->command->entropy;
	struct edgebert_hw_completion *completion = job->completion;
	int16_t words[EDGEBERT_HW_CLASSES_MAX];
	struct eb_work work = { .special_vectors = 1,
				.buffer_bytes = 2 * EDGEBERT_HW_LANES };
	int status = eb_operand_read_words(job, entropy->input, entropy->input_format,
					   entropy->input_bias, entropy->classes, words);

	if (status != EDGEBERT_HW_OK)
		return status;
	job->entropy = eb_entropy_row(words, entropy->classes);
	job->entropy_layer = entropy->layer;
	completion->label = largest(words, entropy->classes);
	completion->entropies[entropy->layer - 1] = (uint16_t)job->entropy;
	if (entropy->layer > completion->layers_assessed)
		completion->layers_assessed = entropy->layer;
	eb_job_charge(job, operation, 0, &work);
	return EDGEBERT_HW_OK;
}

int eb_run_exit(struct eb_job *job, const struct eb_operation *operation)
{
	unsigned int layer = operation->command->exit.layer;
	struct eb_work work = { 0 };

	eb_job_charge(job, operation, 0, &work);
	if (operation->flags & EDGEBERT_HW_CMD_LAST ||
	    (job->exit_layer_limit && layer >= job->exit_layer_limit) ||
	    (job->entropy_layer == layer &&
	     job->entropy <= (int16_t)job->descriptor->entropy_threshold)) {
		job->completion->exit_layer = (uint8_t)layer;
		job->ended = true;
	}
	return EDGEBERT_HW_OK;
}

/* The first layer whose predicted entropy passes, else the last one. */
static int predicted_layer(struct eb_job *job, const struct edgebert_hw_predict *predict,
			   unsigned int *ret_layer)
{
	uint32_t row = ((uint32_t)job->entropy + predict->step / 2u) / predict->step;
	int16_t entropies[EDGEBERT_HW_LAYERS_MAX];
	int status;

	row = row < predict->rows ? row : predict->rows - 1u;
	status = eb_operand_read(job, predict->table + row * predict->columns * 2u, entropies,
				 predict->columns * 2u);
	if (status != EDGEBERT_HW_OK)
		return status;
	*ret_layer = predict->last_layer;
	for (unsigned int column = predict->columns; column-- > 0;)
		if (entropies[column] <= (int16_t)job->descriptor->entropy_threshold)
			*ret_layer = predict->first_layer + column;
	return EDGEBERT_HW_OK;
}

/* Cycles from here to the exit at `layer`; a limit before the table costs its first entry. */
static int remaining_cycles(struct eb_job *job, const struct eb_operation *operation,
			    unsigned int layer, uint32_t *ret_cycles)
{
	const struct edgebert_hw_predict *predict = &operation->command->predict;
	uint32_t layers = predict->last_layer - predict->first_layer + 1u;
	uint32_t row = eb_vectors(operation->sequence_length) - 1;
	uint32_t column = layer > predict->first_layer ? layer - predict->first_layer : 0;

	column = column < layers ? column : layers - 1;
	return eb_operand_read(job, predict->cycles + (row * layers + column) * 4, ret_cycles,
			       sizeof(*ret_cycles));
}

/* Sets the layer limit; *ret_cycles are those from here to the exit there. */
static int predict(struct eb_job *job, const struct eb_operation *operation,
		   uint32_t *ret_cycles)
{
	unsigned int layer;
	int status;

	/* A prediction needs an entropy to start from. */
	if (!job->entropy_layer)
		return EDGEBERT_HW_BAD_COMMAND;
	status = predicted_layer(job, &operation->command->predict, &layer);
	if (status != EDGEBERT_HW_OK)
		return status;
	job->completion->predicted_layer = (uint8_t)layer;
	if (!job->exit_layer_limit || layer < job->exit_layer_limit)
		job->exit_layer_limit = layer;
	return remaining_cycles(job, operation, job->exit_layer_limit, ret_cycles);
}

int eb_run_predict(struct eb_job *job, const struct eb_operation *operation)
{
	bool autonomous = job->descriptor->flags & EDGEBERT_HW_JOB_AUTONOMOUS;
	struct eb_work work = { .special_vectors = 1 };
	uint32_t cycles = 0;
	int status = EDGEBERT_HW_OK;

	if (autonomous)
		status = predict(job, operation, &cycles);
	if (status != EDGEBERT_HW_OK)
		return status;
	eb_job_charge(job, operation, 0, &work);
	if (autonomous)
		eb_operating_point_meet_target(job, cycles);
	return EDGEBERT_HW_OK;
}
