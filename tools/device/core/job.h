/* SPDX-License-Identifier: MIT */
/*
 * State shared by the files of the device core: the core itself, the job it is
 * running and one checked command.  Not for use outside tools/device/core.
 */
#ifndef EDGEBERT_DEVICE_JOB_H
#define EDGEBERT_DEVICE_JOB_H

#include <stdatomic.h>

#include "tools/device/core/core.h"
#include "tools/device/core/energy.h"
#include "tools/device/core/kernels.h"
#include "tools/device/core/matmul.h"
#include "tools/device/core/profile.h"
#include "tools/device/core/workers.h"

/* The contract is little-endian and its structures are used as they lie in memory. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "little-endian hosts only");

/* Working memory kept from job to job; each use has its own, so that none can overlap. */
enum eb_scratch {
	EB_SCRATCH_INPUT,
	EB_SCRATCH_WEIGHTS,
	EB_SCRATCH_SUMS,
	EB_SCRATCH_COUNTS,
	EB_SCRATCH_OUTPUT,
	EB_SCRATCH_ROW,
	EB_SCRATCH_VALUES,
	EB_SCRATCH_PARAMETERS,
	EB_SCRATCH_PACKED,
	EB_SCRATCH_COUNT,
};

struct eb_core {
	const struct eb_profile *profile;
	struct eb_core_limits limits;
	const struct eb_kernels *kernels;
	unsigned int threads;
	struct eb_workers *workers;	/* NULL: one thread */
	/* Commands smaller by so many powers of two than pays are shared too: for tests. */
	unsigned int share_smaller;
	atomic_bool abort;
	struct {
		void *memory;
		size_t size;
	} scratch[EB_SCRATCH_COUNT];
	uint8_t *envm;			/* unless another is attached */
	struct eb_envm *attached_envm;
	uint8_t *data[2];
	uint8_t *aux;
};

/* At least size bytes, 64-byte aligned, or NULL: the command then ends in DEVICE_ERROR. */
void *eb_core_scratch(struct eb_core *core, enum eb_scratch use, size_t size);

struct eb_job {
	struct eb_core *core;
	const struct edgebert_hw_job *descriptor;
	const struct eb_core_memory *memory;
	struct edgebert_hw_completion *completion;
	struct eb_account account;
	unsigned int window_low, window_high;
	unsigned int thermal_high;	/* no point above it, whatever the window */
	unsigned int exit_layer_limit;	/* 0: none */
	unsigned int entropy_layer;	/* of the last ENTROPY; 0: none yet */
	int entropy;			/* its Q6.10 result */
	uint32_t fault_address;
	bool ended;
};

static inline bool eb_job_aborted(const struct eb_job *job)
{
	return atomic_load_explicit(&job->core->abort, memory_order_relaxed);
}

/* A command whose own fields were checked, with the counts that the job fills in. */
struct eb_operation {
	const struct edgebert_hw_command *command;
	uint16_t flags;
	uint32_t rows, columns, depth;
	uint32_t sequence_length;
};

static inline size_t eb_element_bytes(uint8_t format)
{
	return format == EDGEBERT_HW_FORMAT_AF8 ? 1 : 2;
}

static inline uint32_t eb_vectors(uint32_t elements)
{
	return (elements + EDGEBERT_HW_LANES - 1) / EDGEBERT_HW_LANES;
}

static inline uint32_t eb_whole_vectors(uint32_t elements)
{
	return eb_vectors(elements) * EDGEBERT_HW_LANES;
}

/* One function per opcode: enum edgebert_hw_status. */
int eb_run_matmul(struct eb_job *job, const struct eb_operation *operation);
int eb_run_softmax(struct eb_job *job, const struct eb_operation *operation);
int eb_run_layernorm(struct eb_job *job, const struct eb_operation *operation);
int eb_run_add(struct eb_job *job, const struct eb_operation *operation);
int eb_run_embed(struct eb_job *job, const struct eb_operation *operation);
int eb_run_copy(struct eb_job *job, const struct eb_operation *operation);
int eb_run_entropy(struct eb_job *job, const struct eb_operation *operation);
int eb_run_exit(struct eb_job *job, const struct eb_operation *operation);
int eb_run_predict(struct eb_job *job, const struct eb_operation *operation);
int eb_run_mark(struct eb_job *job, const struct eb_operation *operation);
int eb_run_end(struct eb_job *job, const struct eb_operation *operation);

#endif /* EDGEBERT_DEVICE_JOB_H */
