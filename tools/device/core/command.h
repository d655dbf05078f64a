/* SPDX-License-Identifier: MIT */
/*
 * Commands: which bits of one are allowed, what it touches, what it costs.
 */
#ifndef EDGEBERT_DEVICE_COMMAND_H
#define EDGEBERT_DEVICE_COMMAND_H

#include "tools/device/core/job.h"

typedef int (*eb_run)(struct eb_job *job, const struct eb_operation *operation);

/*
 * Checks opcode, flags, reserved bits and fields, in this order, and fills *operation.
 * Returns OK, BAD_OPCODE or BAD_COMMAND.  Looks at no operand.
 */
int eb_command_check(const struct edgebert_hw_command *command, uint32_t sequence_length,
		     struct eb_operation *operation);

/* The function that carries a checked operation out. */
eb_run eb_command_run(const struct eb_operation *operation);

/*
 * Cycles, bytes over the host link and bytes out of eNVM of an operation.  They depend
 * on its counts and on packed_bytes, never on the data.
 */
struct eb_cost {
	uint64_t cycles;
	uint64_t dma_bytes;
	uint64_t envm_bytes;
};
struct eb_cost eb_operation_cost(const struct eb_profile *profile,
				 const struct eb_operation *operation, uint32_t packed_bytes);

/*
 * Charges an operation to the job: *work says what it switched; cycles, transfers and
 * block are filled in here.
 */
void eb_job_charge(struct eb_job *job, const struct eb_operation *operation,
		   uint32_t packed_bytes, struct eb_work *work);

#endif /* EDGEBERT_DEVICE_COMMAND_H */
