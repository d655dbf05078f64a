// SPDX-License-Identifier: MIT
/*
 * Modelled cycles of a command: the published tile walk for the matrix unit, measured
 * costs per 16-element vector for the special function unit, bytes for transfers.
 */
#include "tools/device/core/command.h"
#include "tools/device/core/operand.h"

static uint64_t divide_up(uint64_t value, uint64_t divisor)
{
	return (value + divisor - 1) / divisor;
}

static uint64_t vectors_of(const struct eb_operation *operation)
{
	return (uint64_t)operation->rows * eb_vectors(operation->columns);
}

static uint64_t matmul_cycles(const struct eb_profile *profile,
			      const struct eb_operation *operation)
{
	uint64_t tiles = (uint64_t)eb_vectors(operation->rows) * eb_vectors(operation->columns) *
			 eb_vectors(operation->depth);

	return tiles * profile->tile_cycles + profile->flush_cycles;
}

/* Both ends on chip: nothing crosses the host link, the buffers are the limit. */
static uint64_t copy_cycles(const struct eb_profile *profile,
			    const struct eb_operation *operation)
{
	const struct edgebert_hw_copy *copy = &operation->command->copy;

	if (eb_operand_is_host(copy->source) || eb_operand_is_host(copy->destination))
		return 0;
	return operation->rows * divide_up(copy->row_bytes, profile->copy_bytes_per_cycle);
}

static uint64_t compute_cycles(const struct eb_profile *profile,
			       const struct eb_operation *operation)
{
	switch (operation->command->opcode) {
	case EDGEBERT_HW_OP_MATMUL:
		return matmul_cycles(profile, operation);
	case EDGEBERT_HW_OP_SOFTMAX:
		return vectors_of(operation) * profile->softmax_vector_cycles;
	case EDGEBERT_HW_OP_LAYERNORM:
		return vectors_of(operation) * profile->layernorm_vector_cycles;
	case EDGEBERT_HW_OP_ADD:
		return vectors_of(operation) * profile->add_vector_cycles;
	case EDGEBERT_HW_OP_EMBED:
		return vectors_of(operation) * profile->embed_vector_cycles;
	case EDGEBERT_HW_OP_ENTROPY:
		return profile->entropy_vector_cycles;
	case EDGEBERT_HW_OP_PREDICT:
		return profile->predict_cycles;
	case EDGEBERT_HW_OP_COPY:
		return copy_cycles(profile, operation);
	default:
		return 0;
	}
}

struct eb_cost eb_operation_cost(const struct eb_profile *profile,
				 const struct eb_operation *operation, uint32_t packed_bytes)
{
	struct eb_extent extents[EB_EXTENTS_MAX];
	size_t count = eb_operation_extents(operation, packed_bytes, extents);
	struct eb_cost cost = { 0 };
	uint64_t compute = compute_cycles(profile, operation), transfer;

	for (size_t i = 0; i < count; i++) {
		if (eb_operand_is_host(extents[i].operand))
			cost.dma_bytes += extents[i].moved_bytes;
		else if (EDGEBERT_HW_OPERAND_SEGMENT(extents[i].operand) ==
			 EDGEBERT_HW_SEGMENT_ENVM)
			cost.envm_bytes += extents[i].moved_bytes;
	}
	transfer = divide_up(cost.dma_bytes, profile->dma_bytes_per_cycle) +
		   divide_up(cost.envm_bytes, profile->envm_bytes_per_cycle);
	if (profile->dma_overlaps)
		cost.cycles = compute > transfer ? compute : transfer;
	else
		cost.cycles = compute + transfer;
	cost.cycles += profile->command_cycles;
	return cost;
}

static enum edgebert_hw_block running_block(uint8_t opcode)
{
	switch (opcode) {
	case EDGEBERT_HW_OP_MATMUL:
		return EDGEBERT_HW_BLOCK_MATRIX;
	case EDGEBERT_HW_OP_COPY:
	case EDGEBERT_HW_OP_MARK:
		return EDGEBERT_HW_BLOCK_DMA;
	default:
		return EDGEBERT_HW_BLOCK_SPECIAL;
	}
}

void eb_job_charge(struct eb_job *job, const struct eb_operation *operation,
		   uint32_t packed_bytes, struct eb_work *work)
{
	struct eb_cost cost = eb_operation_cost(job->core->profile, operation, packed_bytes);

	work->block = running_block(operation->command->opcode);
	work->cycles = cost.cycles;
	work->dma_bytes = cost.dma_bytes;
	work->envm_bytes = cost.envm_bytes;
	/* What crosses the link or comes out of eNVM passes through a buffer on its way. */
	work->buffer_bytes += cost.dma_bytes + cost.envm_bytes;
	eb_account_add(&job->account, work);
}

uint64_t eb_core_command_cycles(const struct eb_core *core,
				const struct edgebert_hw_command *command,
				uint16_t sequence_length, uint32_t packed_bytes)
{
	struct eb_operation operation;

	if (sequence_length > EDGEBERT_HW_SEQUENCE_MAX ||
	    eb_command_check(command, sequence_length, &operation) != EDGEBERT_HW_OK)
		return 0;
	return eb_operation_cost(core->profile, &operation, packed_bytes).cycles;
}
