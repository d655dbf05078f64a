// SPDX-License-Identifier: MIT
/* The PROGRAM section of a model file, and faults told in its terms. */
#include "lib/program.h"

#include <string.h>

static const char *const status_names[EDGEBERT_HW_STATUS_COUNT] = {
	[EDGEBERT_HW_OK] = "OK",
	[EDGEBERT_HW_BAD_JOB] = "BAD_JOB",
	[EDGEBERT_HW_BAD_CONTEXT] = "BAD_CONTEXT",
	[EDGEBERT_HW_ABORTED] = "ABORTED",
	[EDGEBERT_HW_PAGE_NOT_MAPPED] = "PAGE_NOT_MAPPED",
	[EDGEBERT_HW_PAGE_READ_ONLY] = "PAGE_READ_ONLY",
	[EDGEBERT_HW_PAGE_TABLE_INVALID] = "PAGE_TABLE_INVALID",
	[EDGEBERT_HW_BUS_ERROR] = "BUS_ERROR",
	[EDGEBERT_HW_BAD_OPCODE] = "BAD_OPCODE",
	[EDGEBERT_HW_BAD_COMMAND] = "BAD_COMMAND",
	[EDGEBERT_HW_BAD_ADDRESS] = "BAD_ADDRESS",
	[EDGEBERT_HW_BAD_PACKING] = "BAD_PACKING",
	[EDGEBERT_HW_BAD_INDEX] = "BAD_INDEX",
	[EDGEBERT_HW_NO_END] = "NO_END",
	[EDGEBERT_HW_ENVM_FAILED] = "ENVM_FAILED",
	[EDGEBERT_HW_DEVICE_ERROR] = "DEVICE_ERROR",
};

struct opcode_name {
	uint8_t opcode;
	const char *name;
};

static const struct opcode_name opcode_names[] = {
	{ EDGEBERT_HW_OP_END, "END" },
	{ EDGEBERT_HW_OP_COPY, "COPY" },
	{ EDGEBERT_HW_OP_MATMUL, "MATMUL" },
	{ EDGEBERT_HW_OP_SOFTMAX, "SOFTMAX" },
	{ EDGEBERT_HW_OP_LAYERNORM, "LAYERNORM" },
	{ EDGEBERT_HW_OP_ADD, "ADD" },
	{ EDGEBERT_HW_OP_EMBED, "EMBED" },
	{ EDGEBERT_HW_OP_ENTROPY, "ENTROPY" },
	{ EDGEBERT_HW_OP_EXIT, "EXIT" },
	{ EDGEBERT_HW_OP_PREDICT, "PREDICT" },
	{ EDGEBERT_HW_OP_MARK, "MARK" },
};

static const char *opcode_name(uint8_t opcode)
{
	for (size_t i = 0; i < sizeof(opcode_names) / sizeof(opcode_names[0]); i++) {
		if (opcode_names[i].opcode == opcode)
			return opcode_names[i].name;
	}
	return "unknown opcode";
}

enum eb_status eb_program_fault(const struct eb_model *model, const struct eb_job_result *result)
{
	const char *name = result->status < EDGEBERT_HW_STATUS_COUNT ?
		status_names[result->status] : "unknown";
	const struct edgebert_hw_command *command;

	if (result->status == EDGEBERT_HW_ABORTED)
		return eb_fail(EB_CANCELED, "%s: the job was aborted at command %u",
			       model->file.name, result->fault_command);
	if (result->fault_command >= model->command_count)
		return eb_fail(EB_DEVICE_FAULT, "%s: the device reported %s (%u) past the end of the "
			       "model's %u commands", model->file.name, name, result->status,
			       model->command_count);
	command = &model->commands[result->fault_command];
	return eb_fail(EB_DEVICE_FAULT,
		       "%s: the device reported %s (%u) at command %u (%s, tag %u), operand address "
		       "0x%08x; recompile the model", model->file.name, name, result->status,
		       result->fault_command, opcode_name(command->opcode), command->tag,
		       result->fault_address);
}

static enum eb_status check_layer_starts(const struct eb_model *model,
					 const struct eb_model_program *header)
{
	const uint32_t layers = model->parameters.layers;

	for (uint32_t i = 0; i < EDGEBERT_HW_LAYERS_MAX; i++) {
		uint32_t start = header->layer_start[i];
		bool fits = i == 0 ? start == 0 :
			    i < layers ? start > header->layer_start[i - 1] &&
					 start < header->command_count : start == 0;

		if (!fits)
			return eb_fail(EB_MODEL_CORRUPT,
				       "%s: PROGRAM: layer %u begins at command %u of %u",
				       model->file.name, i + 1, start, header->command_count);
	}
	for (size_t i = 0; i < sizeof(header->reserved) / sizeof(header->reserved[0]); i++) {
		if (header->reserved[i])
			return eb_fail(EB_MODEL_CORRUPT, "%s: PROGRAM: reserved field %zu is set",
				       model->file.name, i);
	}
	return EB_OK;
}

/*
 * Finds the exits.  Each must be within its layer's commands: a job that begins at
 * a layer would miss its exit otherwise, and the cycle table would not hold.
 */
static enum eb_status find_exits(struct eb_model *model)
{
	const uint32_t layers = model->parameters.layers;

	for (uint32_t i = 0, layer = 0; i < model->command_count; i++) {
		const struct edgebert_hw_command *command = &model->commands[i];

		while (layer < layers && model->layer_start[layer] == i)
			layer++;
		if (command->opcode == EDGEBERT_HW_OP_PREDICT)
			model->has_predict = true;
		if (command->opcode != EDGEBERT_HW_OP_EXIT)
			continue;
		if (command->exit.layer != layer)
			return eb_fail(EB_MODEL_CORRUPT,
				       "%s: PROGRAM: command %u is the exit of layer %u among the "
				       "commands of layer %u", model->file.name, i,
				       command->exit.layer, layer);
		model->exit_layers |= 1u << (layer - 1);
	}
	if ((uint32_t)__builtin_popcount(model->exit_layers) != model->parameters.exit_count ||
	    !(model->exit_layers >> (layers - 1)))
		return eb_fail(EB_MODEL_CORRUPT,
			       "%s: PROGRAM has exits at %d layers, expected %u with the last of %u "
			       "layers among them", model->file.name,
			       __builtin_popcount(model->exit_layers),
			       model->parameters.exit_count, layers);
	return EB_OK;
}

enum eb_status eb_model_read_program(struct eb_model *model)
{
	const struct eb_model_file *file = &model->file;
	const struct eb_model_section *section = eb_model_file_section(file, EB_MODEL_PROGRAM, 0);
	struct eb_model_program header;
	const uint8_t *bytes;
	enum eb_status status;

	if (!section)
		return eb_fail(EB_MODEL_CORRUPT, "%s: has no PROGRAM section; compile it again",
			       file->name);
	if (section->size < sizeof(header))
		return eb_fail(EB_MODEL_CORRUPT, "%s: PROGRAM has %llu bytes, its header has %zu",
			       file->name, (unsigned long long)section->size, sizeof(header));
	bytes = eb_model_file_bytes(file, section);
	memcpy(&header, bytes, sizeof(header));
	if (!header.command_count || header.command_count > EDGEBERT_HW_STREAM_COMMANDS_MAX ||
	    section->size != sizeof(header) +
		    header.command_count * sizeof(struct edgebert_hw_command))
		return eb_fail(EB_MODEL_CORRUPT, "%s: PROGRAM has %u commands in %llu bytes",
			       file->name, header.command_count,
			       (unsigned long long)section->size);
	status = check_layer_starts(model, &header);
	if (status)
		return status;
	model->command_count = header.command_count;
	model->commands = (const void *)(bytes + sizeof(header));
	memcpy(model->layer_start, header.layer_start, sizeof(model->layer_start));
	return find_exits(model);
}
