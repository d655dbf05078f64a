/* SPDX-License-Identifier: MIT */
/*
 * The eNVM: 2 MiB of ReRAM with error correction, wear, lock bits and power cuts, in
 * memory or in a file that survives the process.
 *
 * Pages are programmed once after the erase of their sector.  Sectors below
 * EB_ENVM_SINGLE_BYTES have single-level cells, for bitmasks and metadata; the others hold
 * two bits per cell, for data.  Every 64-bit word is protected by envm_ecc.h.  All calls
 * may be made from any thread; each is atomic.  Results are enum edgebert_hw_envm_result
 * or EB_ENVM_POWER_LOST.
 */
#ifndef EDGEBERT_DEVICE_ENVM_H
#define EDGEBERT_DEVICE_ENVM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/edgebert_hw.h"

#define EB_ENVM_PAGE_BYTES	256
#define EB_ENVM_SECTOR_BYTES	4096
#define EB_ENVM_SECTORS		(EDGEBERT_HW_ENVM_BYTES / EB_ENVM_SECTOR_BYTES)
/* Room for the bitmasks of 30 000 embeddings of 128 codes, and for metadata. */
#define EB_ENVM_SINGLE_BYTES	(512 * 1024)

/* The array has lost its supply: nothing works until eb_envm_power_on(). */
#define EB_ENVM_POWER_LOST	0x100

struct eb_envm;

/* How cells err; all zero: never.  Index: single-level, multi-level. */
struct eb_envm_rates {
	uint32_t read_errors[2];	/* per 10^9 cell reads, gone at the next read */
	uint32_t drift_errors[2];	/* per 10^9 cell hours, see eb_envm_age() */
	uint32_t worn_errors[2];	/* stuck cells per 10^6 words erased ... */
	uint32_t endurance[2];		/* ... beyond this number of erases */
};
/* The rates of profiles/envm.def. */
struct eb_envm_rates eb_envm_default_rates(void);

struct eb_envm_options {
	const char *path;		/* state file, created when absent; NULL: none */
	uint64_t seed;			/* of everything random; a file keeps its own */
	struct eb_envm_rates rates;
};

/* NULL: the reason, a sentence that names the file, is in message. */
struct eb_envm *eb_envm_create(const struct eb_envm_options *options, char *message,
			       size_t message_size);
void eb_envm_destroy(struct eb_envm *envm);

/* Any range.  On an error the destination's contents are undefined. */
int eb_envm_read(struct eb_envm *envm, uint32_t offset, void *destination, size_t size);
/* One page. */
int eb_envm_program(struct eb_envm *envm, uint32_t offset, const void *source);
/* One sector.  MISMATCH: cells are worn out and stay programmed. */
int eb_envm_erase(struct eb_envm *envm, uint32_t offset);
/* OK, LOCKED or NOT_ERASED: what eb_envm_program() would say to a page. */
int eb_envm_check_program(struct eb_envm *envm, uint32_t offset);
int eb_envm_check_erase(struct eb_envm *envm, uint32_t offset);
/* One sector, until eb_envm_unlock(). */
int eb_envm_lock(struct eb_envm *envm, uint32_t offset);
void eb_envm_unlock(struct eb_envm *envm);
/* How many sectors are locked. */
uint32_t eb_envm_locked(struct eb_envm *envm);

/* As delivered with these contents: erased behind them, no wear counted.  Ignores locks. */
int eb_envm_load(struct eb_envm *envm, const void *contents, size_t size);

uint32_t eb_envm_corrected(struct eb_envm *envm);
uint32_t eb_envm_failed(struct eb_envm *envm);
uint32_t eb_envm_wear(struct eb_envm *envm, uint32_t offset);	/* erases of the sector */

/* Modelled time and energy of a maintenance command on size bytes at offset. */
struct eb_envm_cost {
	uint64_t nanoseconds;
	uint64_t femtojoule;
};
struct eb_envm_cost eb_envm_cost(unsigned int command, uint32_t offset, uint32_t size);

/* ---- For tests and the debug interface: what happens to an array in the field ---- */

/*
 * The supply fails in the write step after `steps` more: words of a program and pages of an
 * erase are steps.  The cells of that step stop anywhere between old and new; the file
 * holds this state.
 */
void eb_envm_cut_power(struct eb_envm *envm, uint32_t steps);
/* Ends a power cut or disarms one, clears locks and error counters. */
void eb_envm_power_on(struct eb_envm *envm);
/* Retention: cells drift as in so many hours, by the rates. */
int eb_envm_age(struct eb_envm *envm, uint32_t hours);
/* Inverts a stored bit, 0..71, of the word at offset. */
int eb_envm_flip(struct eb_envm *envm, uint32_t offset, unsigned int bit);

#endif /* EDGEBERT_DEVICE_ENVM_H */
