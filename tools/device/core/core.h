/* SPDX-License-Identifier: MIT */
/*
 * EdgeBERT device core: what the silicon computes, without PCI.
 *
 * A job goes in, its memory is reached through callbacks, a completion record
 * comes out.  The same code runs inside the virtual PCIe device and, in process,
 * as the library's reference backend; results, modelled cycles and modelled
 * energy are identical by construction and independent of earlier jobs.
 */
#ifndef EDGEBERT_DEVICE_CORE_H
#define EDGEBERT_DEVICE_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/edgebert_hw.h"

struct eb_core;

/*
 * The job's view of host memory.  Both calls return EDGEBERT_HW_OK or the fault
 * (enum edgebert_hw_status) and are given device virtual addresses; an access may
 * cross pages.  read/write may be called from one thread per core at a time.
 */
struct eb_core_memory {
	void *opaque;
	int (*read)(void *opaque, uint32_t address, void *destination, size_t size);
	int (*write)(void *opaque, uint32_t address, const void *source, size_t size);
	/*
	 * Optional: the bytes at address as one contiguous host range, or NULL when
	 * that is not possible (then read is used).  *size: wanted in, available out.  The
	 * range stays readable, by any thread, until eb_core_execute returns.
	 */
	const void *(*map_read)(void *opaque, uint32_t address, size_t *size);
	/*
	 * Optional: told before each command, by the thread that called eb_core_execute, how
	 * far the job has come: commands done, and their modelled cycles and time.
	 */
	void (*progress)(void *opaque, uint32_t commands, uint64_t cycles, uint64_t time_ns);
};

struct eb_core_operating_point {
	uint32_t khz;
	uint32_t millivolt;
	uint32_t microwatt;		/* modelled, dense compute */
};

/* Names of the built-in device profiles, NULL-terminated; the first is the default. */
const char *const *eb_core_profile_names(void);

/* profile NULL: the default.  Returns NULL (errno ENOENT: no such profile, ENOMEM). */
struct eb_core *eb_core_create(const char *profile);
void eb_core_destroy(struct eb_core *core);

/*
 * How fast a core computes, and nothing else: results, cycles and energy do not depend on
 * it.  Call while no job runs.
 *
 * Kernels are "avx512-vbmi", "avx512", "avx2" or "generic"; a new core has the fastest that
 * this processor supports (name NULL).  False (errno ENOTSUP): unknown or not supported here.
 */
bool eb_core_use_kernels(struct eb_core *core, const char *name);
const char *eb_core_kernels(const struct eb_core *core);

/*
 * Threads that work on one job, the caller of eb_core_execute included; a new core has 1.
 * False: errno says why, and nothing changed.
 */
#define EB_CORE_THREADS_MAX 64
bool eb_core_set_threads(struct eb_core *core, unsigned int threads);

const char *eb_core_profile(const struct eb_core *core);
/* Fills points (room for EDGEBERT_HW_OPERATING_POINTS_MAX); returns how many there are. */
size_t eb_core_operating_points(const struct eb_core *core,
				struct eb_core_operating_point *points);

/* A plain 2 MiB eNVM array that never errs; the caller may fill it while no job runs. */
uint8_t *eb_core_envm(struct eb_core *core);
/*
 * From now on jobs read this eNVM instead, through its ECC; a word that cannot be corrected
 * ends them with ENVM_FAILED.  NULL: the plain array again.  Not while a job runs.
 * A job must see one state of the eNVM: its owner changes it only between jobs.
 */
struct eb_envm;
void eb_core_attach_envm(struct eb_core *core, struct eb_envm *envm);

/*
 * Limits in force for every job: DVFS_WINDOW, DVFS_DEFAULT, and how many of the highest points
 * the temperature takes away, also from a window that has no others.
 */
struct eb_core_limits {
	uint8_t window_low, window_high, default_point;
	uint8_t points_withheld;
};
void eb_core_set_limits(struct eb_core *core, const struct eb_core_limits *limits);

/*
 * Runs one job to its end and fills every field of *completion except sequence,
 * start_ns and end_ns.  Never fails otherwise: whatever is wrong with the job is
 * completion->status.  One call per core at a time.
 */
void eb_core_execute(struct eb_core *core, const struct edgebert_hw_job *job,
		     const struct eb_core_memory *memory,
		     struct edgebert_hw_completion *completion);

/*
 * May be called from any thread: the running job ends soon with ABORTED, which spends
 * the abort.  When no job is running the next one ends so, unless it is cleared before.
 */
void eb_core_abort(struct eb_core *core);
/* Clears a pending abort; call before eb_core_execute when aborts may race. */
void eb_core_abort_clear(struct eb_core *core);

/*
 * Modelled cycles of a command for a sequence length, without running it: what
 * eb_core_execute would add for it.  The cycle tables in model files come from here.
 * packed_bytes: size of the whole packed operand of a MATMUL, 0 when dense.
 * Returns 0 for a command that the device would refuse.
 */
uint64_t eb_core_command_cycles(const struct eb_core *core,
				const struct edgebert_hw_command *command,
				uint16_t sequence_length, uint32_t packed_bytes);

struct eb_core_energy_estimate {
	uint64_t time_ns;
	uint64_t energy_pj;
};
/*
 * Modelled time and energy of a job of `cycles` cycles of average encoder work at a
 * point.  Includes going there from point 0, where the device is parked between jobs.
 */
struct eb_core_energy_estimate eb_core_estimate(const struct eb_core *core, uint64_t cycles,
						unsigned int operating_point);

#endif /* EDGEBERT_DEVICE_CORE_H */
