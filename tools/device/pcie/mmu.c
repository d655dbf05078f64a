// SPDX-License-Identifier: MIT
/*
 * The MMU: two-level walk, permission checks and a translation cache for each job.
 *
 * Translation and the access it is for happen inside one passage of the gate, so a
 * CONTEXT_UPDATE is in effect once the access that was under way has ended.
 */
#include <string.h>

#include "tools/device/pcie/context.h"

#define OFFSET_MASK		(EDGEBERT_HW_PAGE_SIZE - 1)
#define ENTRY_BYTES		8

static uint32_t root_index(uint32_t address)
{
	return address >> 30;
}

static uint32_t directory_index(uint32_t address)
{
	return address >> 21 & (EDGEBERT_HW_TABLE_ENTRIES - 1);
}

static uint32_t table_index(uint32_t address)
{
	return address >> EDGEBERT_HW_PAGE_SHIFT & (EDGEBERT_HW_TABLE_ENTRIES - 1);
}

/* Not valid is "not mapped" whatever else the entry holds. */
static int check_entry(uint64_t entry, uint64_t flags)
{
	if (!(entry & EDGEBERT_HW_PTE_VALID))
		return EDGEBERT_HW_PAGE_NOT_MAPPED;
	if (entry & ~(flags | EDGEBERT_HW_PTE_ADDRESS))
		return EDGEBERT_HW_PAGE_TABLE_INVALID;
	return EDGEBERT_HW_OK;
}

/* Replaces *entry, which names a table, by that table's entry number index. */
static int step_down(struct eb_device *device, uint64_t *entry, uint32_t index)
{
	uint64_t address = (*entry & EDGEBERT_HW_PTE_ADDRESS) + index * ENTRY_BYTES;

	if (eb_host_read_inside(device, address, entry, ENTRY_BYTES))
		return EDGEBERT_HW_PAGE_TABLE_INVALID;
	return EDGEBERT_HW_OK;
}

static int walk(struct eb_job_memory *memory, uint32_t address, struct eb_translation *ret)
{
	uint64_t entry;
	int status;

	status = eb_context_load(memory);
	if (status != EDGEBERT_HW_OK)
		return status;
	entry = memory->device->contexts[memory->context].entry.directory[root_index(address)];
	status = check_entry(entry, EDGEBERT_HW_PTE_VALID);
	if (status == EDGEBERT_HW_OK)
		status = step_down(memory->device, &entry, directory_index(address));
	if (status == EDGEBERT_HW_OK)
		status = check_entry(entry, EDGEBERT_HW_PTE_VALID);
	if (status == EDGEBERT_HW_OK)
		status = step_down(memory->device, &entry, table_index(address));
	if (status == EDGEBERT_HW_OK)
		status = check_entry(entry, EDGEBERT_HW_PTE_VALID | EDGEBERT_HW_PTE_WRITE);
	if (status != EDGEBERT_HW_OK)
		return status;

	ret->page = address >> EDGEBERT_HW_PAGE_SHIFT;
	ret->valid = true;
	ret->writable = entry & EDGEBERT_HW_PTE_WRITE;
	ret->address = entry & EDGEBERT_HW_PTE_ADDRESS;
	return EDGEBERT_HW_OK;
}

static int translate(struct eb_job_memory *memory, uint32_t address, bool write,
		     uint64_t *ret_address)
{
	struct eb_context_state *context = &memory->device->contexts[memory->context];
	unsigned int generation = atomic_load(&context->generation);
	uint32_t page = address >> EDGEBERT_HW_PAGE_SHIFT;
	struct eb_translation *slot = &memory->tlb[page % EB_TLB_ENTRIES];

	if (generation != memory->generation) {
		memset(memory->tlb, 0, sizeof(memory->tlb));
		memory->generation = generation;
	}
	if (!slot->valid || slot->page != page) {
		int status = walk(memory, address, slot);

		if (status != EDGEBERT_HW_OK)
			return status;
	}
	if (write && !slot->writable)
		return EDGEBERT_HW_PAGE_READ_ONLY;
	*ret_address = slot->address + (address & OFFSET_MASK);
	return EDGEBERT_HW_OK;
}

/* One access that stays in its page.  data is written to when write is false. */
static int access_page(struct eb_job_memory *memory, uint32_t address, uint8_t *data,
		       size_t size, bool write)
{
	struct eb_device *device = memory->device;
	uint64_t bus_address;
	int status, error;

	if (memory->fail_access != 0 && ++memory->accesses == memory->fail_access)
		return memory->fail_status;
	if (!eb_gate_enter(&device->gate))
		return EDGEBERT_HW_BUS_ERROR;
	status = translate(memory, address, write, &bus_address);
	if (status == EDGEBERT_HW_OK) {
		error = write ? eb_host_write_inside(device, bus_address, data, size) :
				eb_host_read_inside(device, bus_address, data, size);
		if (error)
			status = EDGEBERT_HW_BUS_ERROR;
	}
	eb_gate_leave(&device->gate);
	return status;
}

static int access_pages(struct eb_job_memory *memory, uint32_t address, uint8_t *data,
			size_t size, bool write)
{
	/* The address space ends; it does not wrap. */
	if (size > ((uint64_t)1 << 32) - address)
		return EDGEBERT_HW_PAGE_NOT_MAPPED;
	while (size > 0) {
		size_t part = EDGEBERT_HW_PAGE_SIZE - (address & OFFSET_MASK);
		int status;

		if (part > size)
			part = size;
		status = access_page(memory, address, data, part, write);
		if (status != EDGEBERT_HW_OK)
			return status;
		address += part;
		data += part;
		size -= part;
	}
	return EDGEBERT_HW_OK;
}

int eb_mmu_read(void *opaque, uint32_t address, void *destination, size_t size)
{
	return access_pages(opaque, address, destination, size, false);
}

int eb_mmu_write(void *opaque, uint32_t address, const void *source, size_t size)
{
	/* access_page() only reads from data when it writes to memory. */
	return access_pages(opaque, address, (uint8_t *)(uintptr_t)source, size, true);
}

void eb_job_memory_init(struct eb_job_memory *memory, struct eb_device *device, uint32_t context,
			uint64_t table_base)
{
	memory->device = device;
	memory->context = context;
	memory->table_base = table_base;
	memory->table_failed = false;
	memory->hang_after = UINT32_MAX;
	memory->fail_access = 0;
	memory->accesses = 0;
	memory->generation = atomic_load(&device->contexts[context].generation);
	memset(memory->tlb, 0, sizeof(memory->tlb));
}
