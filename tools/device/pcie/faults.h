/* SPDX-License-Identifier: MIT */
/*
 * Faults on demand: what is armed, and the questions that the rest of the function asks.
 *
 * A fault is armed by the debug interface (debug.h) and fires on occasions: a job, an
 * interrupt, a register write, an eNVM operation.  Everything here is guarded by the
 * device lock.  With nothing armed a question is one test of a bit.
 */
#ifndef EDGEBERT_DEVICE_PCIE_FAULTS_H
#define EDGEBERT_DEVICE_PCIE_FAULTS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/edgebert_hw.h"

struct eb_device;

enum eb_fault_kind {
	/* Occasion: a job begins.  They choose by context. */
	EB_FAULT_HANG_JOB,		/* value: commands done before */
	EB_FAULT_DELAY,			/* value: milliseconds */
	EB_FAULT_MMU,			/* value: number of the access, detail: status */
	EB_FAULT_FATAL,			/* value: code */
	EB_FAULT_LINK_DOWN,
	EB_FAULT_DEAD,
	/* Occasion: a record is written.  They choose by context. */
	EB_FAULT_CORRUPT,		/* value: what to write, detail: see eb_fault_fields */
	EB_FAULT_LOSE_RECORD,
	EB_FAULT_REPEAT_RECORD,
	/* Occasion: a message is sent.  They choose by vector. */
	EB_FAULT_DROP_INTERRUPT,
	EB_FAULT_REPEAT_INTERRUPT,
	/* Occasion: a register is written. */
	EB_FAULT_IGNORE_DOORBELL,
	EB_FAULT_IGNORE_ABORT,		/* chooses by context */
	EB_FAULT_STUCK_UPDATE,		/* chooses by context */
	EB_FAULT_STUCK_RESET,		/* value: the most thorough reset that it holds */
	EB_FAULT_HANG_ENVM,
	EB_FAULT_COUNT,
};

#define EB_FAULT_ANY		0xffffffffu	/* choice: every context, every vector */
#define EB_FAULT_INVERT		0x100u		/* in detail: invert the field's bits */
#define EB_OVERRIDES_MAX	64u

struct eb_fault {
	uint32_t after;		/* occasions to let pass */
	uint32_t every;		/* then fires on the first of every so many */
	uint32_t left;		/* times to fire; 0: without end */
	uint32_t choice;	/* context or vector, or EB_FAULT_ANY */
	uint64_t value;
	uint32_t detail;
	/* Kept by eb_fault_fires(). */
	uint32_t passed;	/* occasions since it fired */
	uint64_t fired;
};

/* A register that reads as something else than it is. */
struct eb_override {
	uint16_t offset;
	bool active;		/* otherwise from the next function reset on */
	uint32_t value;
};

struct eb_faults {
	uint32_t armed;			/* a bit for each kind */
	struct eb_fault kinds[EB_FAULT_COUNT];
	uint32_t override_count;
	struct eb_override overrides[EB_OVERRIDES_MAX];
	/* States that last until they are ended. */
	bool link_down;
	atomic_bool dead;		/* registers answer, nothing else happens */
	bool reset_stuck;		/* the present reset does not end */
	bool update_stuck;		/* CONTEXT_UPDATE_BUSY stays 1 */
	bool job_hanging;		/* the worker is inside eb_fault_hang() */
	uint32_t released;		/* counts "clear": what hangs goes on */
};

/* Fields of the completion record that can be corrupted; ends with a NULL name. */
struct eb_fault_field {
	const char *name;
	uint16_t offset;
	uint8_t size;
};
extern const struct eb_fault_field eb_fault_fields[];

/* Everything below: device lock held. */
void eb_fault_arm(struct eb_device *device, enum eb_fault_kind kind, const struct eb_fault *fault);
void eb_fault_disarm(struct eb_device *device, enum eb_fault_kind kind);
/* Disarms, ends states and lets everything go on that hangs. */
void eb_fault_clear(struct eb_device *device);
/* Whether the fault happens on this occasion; choice: its context or vector. */
bool eb_fault_fires(struct eb_device *device, enum eb_fault_kind kind, uint32_t choice);

/* The worker stays here until the host aborts the context or resets, or until "clear". */
void eb_fault_hang(struct eb_device *device, uint32_t context);
/* The worker stays here while the device is dead; false: a reset or the end came. */
bool eb_fault_alive(struct eb_device *device);
/* Before a job begins: faults of the whole device that wait for one. */
void eb_fault_before_job(struct eb_device *device, uint32_t context);
void eb_fault_corrupt(struct eb_device *device, struct edgebert_hw_completion *record);

/* True: *value is what the register at this offset reads as. */
bool eb_fault_override(const struct eb_device *device, uint32_t offset, uint32_t *value);
/* False: there are EB_OVERRIDES_MAX already. */
bool eb_fault_set_override(struct eb_device *device, uint32_t offset, uint32_t value, bool now);

void eb_fault_link(struct eb_device *device, bool down);
void eb_fault_set_dead(struct eb_device *device, bool dead);
/* A reset of this kind (enum eb_reset_kind) begins. */
void eb_fault_reset(struct eb_device *device, unsigned int kind);
/* Whether the reset may not end now. */
bool eb_fault_holds_reset(const struct eb_device *device);

#endif /* EDGEBERT_DEVICE_PCIE_FAULTS_H */
