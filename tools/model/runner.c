// SPDX-License-Identifier: MIT
/*
 * Running sentences on device cores: a flat address space of one region per operand
 * segment and one for the command stream.
 */
#include "tools/model/runner.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/status.h"
#include "tools/device/core/core.h"
#include "tools/model/workers.h"

/* Segments are 256 MiB at most, so each gets that much of the address space. */
#define REGION_SHIFT 28
#define REGIONS 16
#define STREAM_REGION 8
#define NO_ENTROPY_PASSES 0x8000	/* -32 nats */
#define NOT_ASSESSED 0xffff

struct region {
	uint8_t *bytes;
	size_t size;
	bool writable;
};

struct runner {
	const struct eb_runnable *runnable;
	struct eb_core *core;
	struct region regions[REGIONS];
	/* Owned ones among them. */
	uint8_t *scratch, *input, *output, *tables;
};

static struct region *find_region(struct runner *runner, uint32_t address, size_t size,
				  size_t *ret_offset)
{
	struct region *region = &runner->regions[address >> REGION_SHIFT];
	size_t offset = address & ((1u << REGION_SHIFT) - 1);

	if (offset > region->size || size > region->size - offset)
		return NULL;
	*ret_offset = offset;
	return region;
}

static int read_memory(void *opaque, uint32_t address, void *destination, size_t size)
{
	size_t offset;
	struct region *region = find_region(opaque, address, size, &offset);

	if (!region)
		return EDGEBERT_HW_PAGE_NOT_MAPPED;
	memcpy(destination, region->bytes + offset, size);
	return EDGEBERT_HW_OK;
}

static int write_memory(void *opaque, uint32_t address, const void *source, size_t size)
{
	size_t offset;
	struct region *region = find_region(opaque, address, size, &offset);

	if (!region)
		return EDGEBERT_HW_PAGE_NOT_MAPPED;
	if (!region->writable)
		return EDGEBERT_HW_PAGE_READ_ONLY;
	memcpy(region->bytes + offset, source, size);
	return EDGEBERT_HW_OK;
}

static const void *map_memory(void *opaque, uint32_t address, size_t *size)
{
	size_t offset;
	struct region *region = find_region(opaque, address, *size, &offset);

	if (!region)
		return NULL;
	*size = region->size - offset;
	return region->bytes + offset;
}

static void runner_destroy(struct runner *runner)
{
	eb_core_destroy(runner->core);
	free(runner->scratch);
	free(runner->input);
	free(runner->output);
	free(runner->tables);
}

static enum eb_status runner_create(const struct eb_runnable *runnable, struct runner *runner)
{
	size_t input = 2 * sizeof(uint32_t) * runnable->sequence_max;
	size_t output = (size_t)EB_MODEL_OUTPUT_ROW_BYTES * runnable->layers;
	size_t stream = runnable->command_count * sizeof(*runnable->commands);

	*runner = (struct runner){ .runnable = runnable };
	runner->core = eb_core_create(NULL);
	runner->scratch = calloc(1, runnable->scratch_bytes);
	runner->input = calloc(1, input);
	runner->output = calloc(1, output);
	runner->tables = calloc(1, runnable->tables_bytes + 1);
	if (!runner->core || !runner->scratch || !runner->input || !runner->output ||
	    !runner->tables) {
		runner_destroy(runner);
		return eb_fail(EB_OUT_OF_MEMORY, "no memory to run the device core");
	}
	if (runnable->envm)
		memcpy(eb_core_envm(runner->core), runnable->envm, runnable->envm_size);
	runner->regions[EB_MODEL_SEGMENT_WEIGHTS] =
		(struct region){ (uint8_t *)runnable->weights, runnable->weights_size, false };
	runner->regions[EB_MODEL_SEGMENT_SCRATCH] =
		(struct region){ runner->scratch, runnable->scratch_bytes, true };
	runner->regions[EB_MODEL_SEGMENT_INPUT] = (struct region){ runner->input, input, false };
	runner->regions[EB_MODEL_SEGMENT_OUTPUT] = (struct region){ runner->output, output, true };
	runner->regions[EB_MODEL_SEGMENT_TABLES] =
		(struct region){ runner->tables, runnable->tables_bytes, false };
	runner->regions[STREAM_REGION] =
		(struct region){ (uint8_t *)runnable->commands, stream, false };
	return EB_OK;
}

/* One job from first_command to the exit of last_layer; its logits stay in the output. */
static enum eb_status run_job(struct runner *runner, size_t tokens, uint32_t first_command,
			      unsigned int last_layer, struct edgebert_hw_completion *completion)
{
	const struct eb_runnable *runnable = runner->runnable;
	const struct eb_core_memory memory = {
		.opaque = runner, .read = read_memory, .write = write_memory, .map_read = map_memory };
	struct edgebert_hw_job job = {
		.stream_address = (uint32_t)STREAM_REGION << REGION_SHIFT,
		.stream_commands = (uint32_t)runnable->command_count,
		.first_command = first_command,
		.sequence_length = (uint16_t)tokens,
		.entropy_threshold = NO_ENTROPY_PASSES,
		.exit_layer_limit = (uint8_t)last_layer,
		.operating_point = EDGEBERT_HW_OPERATING_POINT_DEFAULT,
		.window_high = EDGEBERT_HW_OPERATING_POINTS_MAX - 1,
	};

	for (uint32_t i = 0; i <= EB_MODEL_SEGMENT_TABLES; i++)
		job.segments[i] = i << REGION_SHIFT;
	eb_core_execute(runner->core, &job, &memory, completion);
	if (completion->status != EDGEBERT_HW_OK || completion->exit_layer != last_layer)
		return eb_fail(EB_INTERNAL,
			       "the device core ended with status %u at command %u, operand 0x%08x",
			       completion->status, completion->fault_command,
			       completion->fault_address);
	return EB_OK;
}

/* What one job assessed; layers of another job keep what they have. */
static void take_results(const struct runner *runner,
			 const struct edgebert_hw_completion *completion,
			 struct eb_exit_result *results)
{
	for (unsigned int layer = 0; layer < completion->layers_assessed; layer++) {
		if (completion->entropies[layer] == NOT_ASSESSED)
			continue;
		memcpy(results[layer].logits, runner->output + layer * EB_MODEL_OUTPUT_ROW_BYTES,
		       sizeof(results[layer].logits));
		results[layer].entropy = completion->entropies[layer];
	}
}

static void write_input(struct runner *runner, const struct eb_sentence *sentence)
{
	size_t size = sentence->count * sizeof(*sentence->tokens);
	uint8_t *types = runner->input + sizeof(uint32_t) * runner->runnable->sequence_max;

	memcpy(runner->input, sentence->tokens, size);
	memset(types, 0, size);
	if (sentence->types)
		memcpy(types, sentence->types, size);
}

static enum eb_status run_sentence(struct runner *runner, const struct eb_run_all *run,
				   size_t index)
{
	const struct eb_runnable *runnable = runner->runnable;
	const struct eb_sentence *sentence = &run->sentences->items[index];
	struct eb_exit_result *results = run->results + index * runnable->layers;
	unsigned int last = run->last_layer ? run->last_layer : runnable->layers;
	struct edgebert_hw_completion completion;
	enum eb_status status = EB_OK;
	uint32_t first_command = 0;
	uint64_t cycles = 0;

	if (sentence->count > runnable->sequence_max)
		return eb_fail(EB_INVALID_ARGUMENT, "a sentence has %zu tokens, the model takes %u",
			       sentence->count, runnable->sequence_max);
	memset(results, 0, runnable->layers * sizeof(*results));
	for (unsigned int layer = 0; layer < runnable->layers; layer++)
		results[layer].entropy = NOT_ASSESSED;
	write_input(runner, sentence);
	if (run->two_jobs && last > 1) {
		status = run_job(runner, sentence->count, 0, 1, &completion);
		if (status)
			return status;
		take_results(runner, &completion, results);
		cycles = completion.cycles;
		first_command = runnable->second_layer;
	}
	status = run_job(runner, sentence->count, first_command, last, &completion);
	if (status)
		return status;
	take_results(runner, &completion, results);
	if (run->cycles)
		run->cycles[index] = cycles + completion.cycles;
	return EB_OK;
}

static enum eb_status run_part(void *opaque, unsigned int worker)
{
	struct eb_run_all *run = opaque;
	size_t count = run->sentences->count;
	size_t first = count * worker / EB_WORKERS, limit = count * (worker + 1) / EB_WORKERS;
	struct runner runner;
	enum eb_status status = runner_create(run->runnable, &runner);

	if (status)
		return status;
	for (size_t i = first; i < limit && !status; i++) {
		status = run_sentence(&runner, run, i);
		if (worker == 0 && run->progress)
			run->progress(run->progress_opaque,
				      (double)(i + 1 - first) / (double)(limit - first));
	}
	runner_destroy(&runner);
	return status;
}

enum eb_status eb_run_all(struct eb_run_all *run)
{
	return eb_compile_workers_run(run_part, run);
}
