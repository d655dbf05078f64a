/* SPDX-License-Identifier: MIT */
/*
 * Contexts and the MMU: how a job's device virtual addresses become bus addresses.
 */
#ifndef EDGEBERT_DEVICE_PCIE_CONTEXT_H
#define EDGEBERT_DEVICE_PCIE_CONTEXT_H

#include "tools/device/pcie/internal.h"

#define EB_TLB_ENTRIES		512	/* direct mapped, a power of two */

struct eb_translation {
	uint32_t page;			/* device virtual address >> PAGE_SHIFT */
	bool valid;
	bool writable;
	uint64_t address;		/* bus address of the page */
};

/* A job's view of memory.  Lives on the worker for one job; the TLB starts empty. */
struct eb_job_memory {
	struct eb_device *device;
	uint32_t context;
	uint64_t table_base;		/* bus address of the context table */
	bool table_failed;		/* an entry of the context table could not be read */
	uint64_t began_ns;		/* eb_now_ns() when the job began */
	/* Faults on demand, chosen when the job begins. */
	uint32_t hang_after;		/* so many commands; UINT32_MAX: never */
	uint64_t fail_access;		/* number of the access that fails, from 1; 0: none */
	int fail_status;
	uint64_t accesses;
	unsigned int generation;	/* of the translations in tlb */
	struct eb_translation tlb[EB_TLB_ENTRIES];
};

void eb_job_memory_init(struct eb_job_memory *memory, struct eb_device *device, uint32_t context,
			uint64_t table_base);

/*
 * Loads the context's entry when it is not cached.  EDGEBERT_HW_OK, BAD_CONTEXT, or
 * BUS_ERROR with memory->table_failed set.  Inside the gate.
 */
int eb_context_load(struct eb_job_memory *memory);

/* The callbacks of struct eb_core_memory; opaque is a struct eb_job_memory. */
int eb_mmu_read(void *opaque, uint32_t address, void *destination, size_t size);
int eb_mmu_write(void *opaque, uint32_t address, const void *source, size_t size);

#endif /* EDGEBERT_DEVICE_PCIE_CONTEXT_H */
