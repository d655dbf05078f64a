// SPDX-License-Identifier: MIT
/*
 * Runs a job: checks its descriptor, fetches one command after another, checks and
 * carries out each, and fills the completion record.
 */
#include <string.h>

#include "tools/device/core/command.h"
#include "tools/device/core/operand.h"
#include "tools/device/core/envm.h"
#include "tools/device/core/operating_point.h"

#define NOT_ASSESSED 0xffff

static bool reserved_is_zero(const struct edgebert_hw_job *descriptor)
{
	uint32_t any = 0;

	for (size_t i = 0; i < sizeof(descriptor->reserved) / sizeof(descriptor->reserved[0]); i++)
		any |= descriptor->reserved[i];
	return any == 0;
}

/* Everything but the operating point, which eb_operating_point_begin checks. */
static int check_descriptor(const struct edgebert_hw_job *descriptor)
{
	const uint64_t command_bytes = sizeof(struct edgebert_hw_command);
	uint64_t stream_end = descriptor->stream_address +
			      command_bytes * descriptor->stream_commands;

	if (descriptor->flags & ~EDGEBERT_HW_JOB_AUTONOMOUS || !reserved_is_zero(descriptor))
		return EDGEBERT_HW_BAD_JOB;
	if (descriptor->stream_address % command_bytes || stream_end > 1ull << 32 ||
	    descriptor->stream_commands > EDGEBERT_HW_STREAM_COMMANDS_MAX ||
	    descriptor->first_command >= descriptor->stream_commands)
		return EDGEBERT_HW_BAD_JOB;
	if (descriptor->sequence_length < 1 ||
	    descriptor->sequence_length > EDGEBERT_HW_SEQUENCE_MAX ||
	    descriptor->exit_layer_limit > EDGEBERT_HW_LAYERS_MAX)
		return EDGEBERT_HW_BAD_JOB;
	if (descriptor->envm_base % EB_ENVM_SECTOR_BYTES ||
	    descriptor->envm_base >= EDGEBERT_HW_ENVM_BYTES)
		return EDGEBERT_HW_BAD_JOB;
	return EDGEBERT_HW_OK;
}

/* The fault address of a command that cannot be fetched is its device virtual address. */
static int fetch(struct eb_job *job, uint32_t index, struct edgebert_hw_command *command)
{
	uint32_t address = job->descriptor->stream_address + index * (uint32_t)sizeof(*command);
	int status = job->memory->read(job->memory->opaque, address, command, sizeof(*command));

	if (status == EDGEBERT_HW_OK)
		return EDGEBERT_HW_OK;
	job->fault_address = address;
	return status < 0 || status >= EDGEBERT_HW_STATUS_COUNT ? EDGEBERT_HW_DEVICE_ERROR :
								   status;
}

static int check_operands(struct eb_job *job, const struct eb_operation *operation)
{
	struct eb_extent extents[EB_EXTENTS_MAX];
	size_t count = eb_operation_extents(operation, 0, extents);

	for (size_t i = 0; i < count; i++) {
		int status = eb_extent_check(job, &extents[i]);

		if (status != EDGEBERT_HW_OK)
			return status;
	}
	return EDGEBERT_HW_OK;
}

static int run_command(struct eb_job *job, uint32_t index)
{
	struct edgebert_hw_command command;
	struct eb_operation operation;
	int status;

	job->fault_address = 0;
	if (eb_job_aborted(job))
		return EDGEBERT_HW_ABORTED;
	status = fetch(job, index, &command);
	if (status != EDGEBERT_HW_OK)
		return status;
	status = eb_command_check(&command, job->descriptor->sequence_length, &operation);
	if (status != EDGEBERT_HW_OK)
		return status;
	status = check_operands(job, &operation);
	if (status != EDGEBERT_HW_OK)
		return status;
	return eb_command_run(&operation)(job, &operation);
}

static void tell_progress(const struct eb_job *job, uint32_t index)
{
	if (job->memory->progress)
		job->memory->progress(job->memory->opaque,
				      index - job->descriptor->first_command,
				      job->account.cycles, job->account.picoseconds / 1000);
}

static int run_stream(struct eb_job *job)
{
	uint32_t end = job->descriptor->stream_commands;
	uint32_t index;

	for (index = job->descriptor->first_command; index < end && !job->ended; index++) {
		int status;

		tell_progress(job, index);
		status = run_command(job, index);
		if (status != EDGEBERT_HW_OK) {
			job->completion->fault_command = index;
			job->completion->fault_address = job->fault_address;
			return status;
		}
	}
	if (job->ended)
		return EDGEBERT_HW_OK;
	job->completion->fault_command = end;
	return EDGEBERT_HW_NO_END;
}

int eb_run_end(struct eb_job *job, const struct eb_operation *operation)
{
	struct eb_work work = { 0 };

	eb_job_charge(job, operation, 0, &work);
	job->ended = true;
	return EDGEBERT_HW_OK;
}

int eb_run_mark(struct eb_job *job, const struct eb_operation *operation)
{
	const struct edgebert_hw_mark *mark = &operation->command->mark;
	struct edgebert_hw_mark_record record = { .tag = mark->tag,
						  .cycles = job->account.cycles };
	struct eb_work work = { 0 };
	int status = eb_operand_write(job, mark->output, &record, sizeof(record));

	if (status == EDGEBERT_HW_OK)
		eb_job_charge(job, operation, 0, &work);
	return status;
}

/* Nothing that an earlier job left on chip can be seen by this one. */
static void clear_buffers(struct eb_core *core)
{
	memset(core->data[0], 0, EDGEBERT_HW_DATA_BUFFER_BYTES);
	memset(core->data[1], 0, EDGEBERT_HW_DATA_BUFFER_BYTES);
	memset(core->aux, 0, EDGEBERT_HW_AUX_BUFFER_BYTES);
}

static void begin_completion(const struct edgebert_hw_job *descriptor,
			     struct edgebert_hw_completion *completion)
{
	memset(completion, 0, sizeof(*completion));
	completion->cookie = descriptor->cookie;
	completion->context = descriptor->context;
	for (int layer = 0; layer < EDGEBERT_HW_LAYERS_MAX; layer++)
		completion->entropies[layer] = NOT_ASSESSED;
}

static void fill_completion(const struct eb_account *account,
			    struct edgebert_hw_completion *completion)
{
	completion->operating_point = (uint8_t)account->point;
	completion->transitions = account->transitions < 0xff ? (uint8_t)account->transitions :
								 0xff;
	completion->cycles = account->cycles;
	completion->time_ns = account->picoseconds / 1000;
	for (int block = 0; block < EDGEBERT_HW_BLOCK_COUNT; block++) {
		completion->block_energy_pj[block] = account->femtojoule[block] / 1000;
		completion->energy_pj += completion->block_energy_pj[block];
	}
}

void eb_core_execute(struct eb_core *core, const struct edgebert_hw_job *descriptor,
		     const struct eb_core_memory *memory,
		     struct edgebert_hw_completion *completion)
{
	struct eb_job job = { .core = core, .descriptor = descriptor, .memory = memory,
			      .completion = completion,
			      .exit_layer_limit = descriptor->exit_layer_limit };
	int status;

	begin_completion(descriptor, completion);
	eb_account_begin(&job.account, core->profile);
	status = check_descriptor(descriptor);
	if (status == EDGEBERT_HW_OK)
		status = eb_operating_point_begin(&job);
	if (status == EDGEBERT_HW_OK) {
		clear_buffers(core);
		status = run_stream(&job);
	}
	/* An abort is spent on the job that it ended. */
	if (status == EDGEBERT_HW_ABORTED)
		eb_core_abort_clear(core);
	completion->status = (uint16_t)status;
	fill_completion(&job.account, completion);
}
