/* SPDX-License-Identifier: MIT */
/*
 * Modelled time and energy of a job: dynamic energy of the work done, scaled by the
 * square of the voltage, leakage in proportion to voltage and time, and the cost of
 * going from one operating point to another.
 *
 * Only integers, in a fixed order (femtojoules, picoseconds; products in 128 bits), so
 * that every compiler and optimisation level gives the same numbers.
 */
#ifndef EDGEBERT_DEVICE_ENERGY_H
#define EDGEBERT_DEVICE_ENERGY_H

#include <stdint.h>

#include "tools/device/core/profile.h"

/* What one command switched. */
struct eb_work {
	enum edgebert_hw_block block;	/* that runs, and is clocked, for these cycles */
	uint64_t cycles;
	uint64_t multiplications;	/* with both operands non-zero */
	uint64_t outputs;		/* of the matrix unit */
	uint64_t special_vectors;
	uint64_t buffer_bytes;
	uint64_t dma_bytes;
	uint64_t envm_bytes;
};

struct eb_account {
	const struct eb_profile *profile;
	unsigned int point;
	unsigned int transitions;
	uint64_t cycles;
	uint64_t picoseconds;
	uint64_t femtojoule[EDGEBERT_HW_BLOCK_COUNT];
};

/* A device that is parked at point 0 and has done nothing. */
void eb_account_begin(struct eb_account *account, const struct eb_profile *profile);

/* Goes to another operating point; nothing when it is the same. */
void eb_account_move(struct eb_account *account, unsigned int point);

void eb_account_add(struct eb_account *account, const struct eb_work *work);

/* Power of the matrix unit kept busy with operands that hold no zeros. */
uint32_t eb_profile_dense_microwatt(const struct eb_profile *profile, unsigned int point);

/* Adds `cycles` of average encoder work: the estimate behind eb_core_estimate. */
void eb_account_add_average(struct eb_account *account, uint64_t cycles);

uint64_t eb_account_total_femtojoule(const struct eb_account *account);

#endif /* EDGEBERT_DEVICE_ENERGY_H */
