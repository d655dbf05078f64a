/* SPDX-License-Identifier: MIT */
/*
 * State of the PCIe function and what its files offer each other.
 *
 * Two threads: the transport's (register and configuration accesses) and the worker
 * (ring, jobs, completions, eNVM operations).  Two locks, in this order:
 *   device->lock        everything in struct eb_device that is not said to be otherwise;
 *                       never held while a job computes or host memory is touched
 *   device->gate.lock   whether the worker may touch, and is touching, host memory
 * The transport's own locks come after both.
 */
#ifndef EDGEBERT_DEVICE_PCIE_INTERNAL_H
#define EDGEBERT_DEVICE_PCIE_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "tools/device/core/core.h"
#include "tools/device/pcie/device.h"
#include "tools/device/pcie/faults.h"
#include "tools/device/pcie/registers.h"
#include "tools/device/pcie/thermal.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
	       "structures shared with the host are used in place");

#define EB_CONFIG_BYTES		4096
#define EB_CONFIG_USED_BYTES	256
#define EB_NO_CONTEXT		0xffffffffu

/*
 * The gate between the worker and host memory.  Closing it waits for the access under
 * way, so when a reset or a bus master disable returns, DMA has ended.
 */
struct eb_gate {
	pthread_mutex_t lock;
	pthread_cond_t idle;
	bool open;
	bool accessing;
	bool update_pending;	/* a CONTEXT_UPDATE waits for the access to end */
};

struct eb_context_state {
	/* Translations of older generations are void; bumped by CONTEXT_UPDATE. */
	atomic_uint generation;
	bool aborted;
	/* The worker's copy of the context table's entry. */
	bool loaded;
	unsigned int loaded_generation;
	struct edgebert_hw_context entry;
};

struct eb_config_space {
	uint8_t value[EB_CONFIG_USED_BYTES];
	uint8_t writable[EB_CONFIG_USED_BYTES];
};

/* What the registers said when the rings were enabled; checked then, so always usable. */
struct eb_rings {
	uint64_t submit_base, complete_base, context_table;
	uint32_t entries;
};

/* Since power-on. */
struct eb_counters {
	uint64_t cycles, busy_ns, energy_pj, jobs, faults, aborts;
	uint64_t block_pj[EDGEBERT_HW_BLOCK_COUNT];
	uint64_t exits[EDGEBERT_HW_LAYERS_MAX];
	uint32_t transitions;
};

/* An operation of the eNVM controller, and how far it has come. */
struct eb_envm_operation {
	bool busy;
	bool started;			/* its first step was made */
	bool hung;			/* it makes no step, on demand */
	uint32_t command, address, left;
	uint64_t host;
};

/* What a reset leaves alone, from least to most thorough. */
enum eb_reset_kind {
	EB_RESET_CORE,		/* CONTROL.CORE_RESET: configuration of rings and limits stays */
	EB_RESET_FUNCTION,	/* FLR, D3hot to D0: counters and clock stay */
	EB_RESET_LINK = EB_RESET_FUNCTION,	/* the link was down */
	EB_RESET_POWER,		/* conventional reset, lost client */
};

struct eb_device {
	/* Set at creation, constant. */
	struct eb_device_host host;
	struct eb_core *core;	/* execute, limits: the worker only */
	struct eb_core_operating_point points[EDGEBERT_HW_OPERATING_POINTS_MAX];
	uint32_t point_count;
	struct eb_envm *envm;
	bool owns_envm;
	bool paced;
	pthread_t worker;

	pthread_mutex_t lock;
	pthread_cond_t work;		/* the worker waits for something to do */
	uint64_t power_on_ns;
	struct eb_config_space config;
	uint8_t msix_table[EDGEBERT_HW_IRQ_COUNT * 16];
	uint32_t pending_vectors;	/* raised while they could not be sent */
	uint32_t registers[EB_REGISTER_WORDS];
	struct eb_counters counters;
	bool enabled;			/* CONTROL.ENABLE */
	uint32_t fatal_code;		/* EDGEBERT_HW_FATAL_* */
	struct eb_rings rings;
	uint32_t head, tail;		/* jobs fetched; doorbell */
	/* When the doorbell was rung for a job, device time; by position. */
	uint64_t rung_ns[1u << EDGEBERT_HW_RING_ORDER_MAX];
	uint32_t completed;		/* records written */
	struct eb_envm_operation envm_operation;
	bool working;			/* the worker is at a job or an eNVM operation */
	bool maintaining;		/* ... and that is a step of an eNVM operation */
	bool executing;			/* ... and inside the core, or pacing */
	uint32_t executing_context;	/* or EB_NO_CONTEXT */
	const struct edgebert_hw_job *executing_job;	/* while executing */
	/* What the executing job has done; written by the worker without the lock. */
	atomic_uint executing_commands;
	atomic_ullong executing_cycles;
	bool reset_pending;		/* the worker has not yet let go of what it was doing */
	bool stopping;

	struct eb_faults faults;
	struct eb_thermal thermal;

	/* aborted: device->lock.  loaded, entry: the worker.  generation: anyone. */
	struct eb_context_state contexts[EDGEBERT_HW_CONTEXT_COUNT];

	struct eb_gate gate;
};

/* device.c */
uint64_t eb_now_ns(void);
uint64_t eb_device_time(const struct eb_device *device);
__attribute__((format(printf, 2, 3)))
void eb_event(struct eb_device *device, const char *format, ...);

/* config_space.c; lock held */
void eb_config_reset(struct eb_device *device);
void eb_config_read(struct eb_device *device, uint32_t offset, uint8_t *destination, size_t size);
void eb_config_write(struct eb_device *device, uint32_t offset, const uint8_t *source, size_t size);
bool eb_config_memory_enabled(const struct eb_device *device);
bool eb_config_bus_master(const struct eb_device *device);
bool eb_config_msix_enabled(const struct eb_device *device);
bool eb_config_msix_masked(const struct eb_device *device);

/* interrupt.c; lock held */
void eb_interrupt_raise(struct eb_device *device, unsigned int vector);
void eb_interrupt_retry(struct eb_device *device);
void eb_interrupt_cause(struct eb_device *device, unsigned int cause);
void eb_msix_reset(struct eb_device *device);
void eb_msix_read(struct eb_device *device, uint32_t offset, uint8_t *destination, size_t size);
void eb_msix_write(struct eb_device *device, uint32_t offset, const uint8_t *source, size_t size);

/* reset.c; lock held */
void eb_reset(struct eb_device *device, enum eb_reset_kind kind);
void eb_reset_finish(struct eb_device *device);
void eb_fatal(struct eb_device *device, uint32_t code);

/* ring.c */
bool eb_rings_configure(struct eb_device *device);
bool eb_rings_overflow(const struct eb_device *device);
/* The worker, lock not held; address: of the entry. */
/* After the fetch of the job at a position of the ring. */
void eb_ring_add_queue_time(struct eb_device *device, uint32_t position,
			    struct edgebert_hw_job *job);
int eb_ring_fetch(struct eb_device *device, uint64_t address, struct edgebert_hw_job *ret_job);
int eb_ring_complete(struct eb_device *device, uint64_t address,
		     const struct edgebert_hw_completion *record);

/* host_memory.c; the worker, lock not held (the gate functions: see there) */
int eb_host_read(struct eb_device *device, uint64_t address, void *destination, size_t size);
int eb_host_write(struct eb_device *device, uint64_t address, const void *source, size_t size);
bool eb_gate_enter(struct eb_gate *gate);
void eb_gate_leave(struct eb_gate *gate);
int eb_host_read_inside(struct eb_device *device, uint64_t address, void *destination,
			size_t size);
int eb_host_write_inside(struct eb_device *device, uint64_t address, const void *source,
			 size_t size);
void eb_gate_update(struct eb_device *device);

/* envm.c; lock held */
void eb_envm_step(struct eb_device *device);
void eb_envm_reset(struct eb_device *device, enum eb_reset_kind kind);

/* worker.c */
void *eb_worker(void *device);

#endif /* EDGEBERT_DEVICE_PCIE_INTERNAL_H */
