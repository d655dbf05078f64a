// SPDX-License-Identifier: MIT
/*
 * eNVM controller: the command registers and what they start.
 *
 * The register write only checks ranges; the worker carries a command out in steps (a page
 * to program, a sector otherwise), taking turns with jobs.  A job therefore never runs while
 * the array changes: it sees one state of the eNVM from its start to its end.
 */
#include <string.h>
#include <time.h>

#include "tools/device/core/envm.h"
#include "tools/device/pcie/internal.h"

/* Nothing below differs between an array without supply and one without readable words. */
static uint32_t visible_result(int result)
{
	return result == EB_ENVM_POWER_LOST ? EDGEBERT_HW_ENVM_ECC_ERROR : (uint32_t)result;
}

static void end_operation(struct eb_device *device, int result)
{
	device->envm_operation.busy = false;
	device->registers[EB_REG(ENVM_STATUS) / 4] = visible_result(result) << 8;
	if (result != EDGEBERT_HW_ENVM_OK)
		eb_event(device, "eNVM command %u at 0x%x ended with result %u",
			 device->envm_operation.command, device->envm_operation.address,
			 visible_result(result));
	eb_interrupt_cause(device, EDGEBERT_HW_IRQ_ENVM);
}

/* What addresses and lengths are multiples of, or 0: no such command. */
static uint32_t granule(uint32_t command)
{
	switch (command) {
	case EDGEBERT_HW_ENVM_READ:
	case EDGEBERT_HW_ENVM_VERIFY:
		return 1;
	case EDGEBERT_HW_ENVM_PROGRAM:
		return EB_ENVM_PAGE_BYTES;
	case EDGEBERT_HW_ENVM_ERASE:
	case EDGEBERT_HW_ENVM_LOCK:
		return EB_ENVM_SECTOR_BYTES;
	default:
		return 0;
	}
}

static int check_request(const struct eb_envm_operation *operation)
{
	uint32_t unit = granule(operation->command);

	if (unit == 0)
		return EDGEBERT_HW_ENVM_UNSUPPORTED;
	if (operation->address % unit != 0 || operation->left % unit != 0 ||
	    operation->left == 0 || operation->address >= EDGEBERT_HW_ENVM_BYTES ||
	    operation->left > EDGEBERT_HW_ENVM_BYTES - operation->address)
		return EDGEBERT_HW_ENVM_BAD_RANGE;
	return EDGEBERT_HW_ENVM_OK;
}

static void lock_sectors(struct eb_device *device, const struct eb_envm_operation *operation)
{
	for (uint32_t i = 0; i < operation->left; i += EB_ENVM_SECTOR_BYTES)
		eb_envm_lock(device->envm, operation->address + i);
}

void eb_envm_command_written(struct eb_device *device, unsigned int index, uint32_t value)
{
	struct eb_envm_operation *operation = &device->envm_operation;
	const uint32_t *registers = device->registers;
	int result;

	(void)index;
	if (operation->busy) {
		eb_event(device, "eNVM command %u ignored: another one is under way", value);
		return;
	}
	*operation = (struct eb_envm_operation) {
		.command = value,
		.address = registers[EB_REG(ENVM_ADDRESS) / 4],
		.left = registers[EB_REG(ENVM_LENGTH) / 4],
		.host = (uint64_t)registers[EB_REG(ENVM_HOST_HI) / 4] << 32 |
			registers[EB_REG(ENVM_HOST_LO) / 4],
	};
	result = check_request(operation);
	if (result == EDGEBERT_HW_ENVM_OK && value == EDGEBERT_HW_ENVM_LOCK) {
		lock_sectors(device, operation);
	} else if (result == EDGEBERT_HW_ENVM_OK) {
		operation->busy = true;
		operation->hung = eb_fault_fires(device, EB_FAULT_HANG_ENVM, 0);
		device->registers[EB_REG(ENVM_STATUS) / 4] = 1;
		pthread_cond_broadcast(&device->work);
		return;
	}
	end_operation(device, result);
}

void eb_envm_reset(struct eb_device *device, enum eb_reset_kind kind)
{
	device->envm_operation.busy = false;
	device->registers[EB_REG(ENVM_STATUS) / 4] = 0;
	if (kind >= EB_RESET_FUNCTION)
		eb_envm_unlock(device->envm);
	if (kind >= EB_RESET_POWER)
		eb_envm_power_on(device->envm);
}

uint64_t eb_envm_corrected_read(struct eb_device *device, unsigned int index)
{
	(void)index;
	return eb_envm_corrected(device->envm);
}

uint64_t eb_envm_failed_read(struct eb_device *device, unsigned int index)
{
	(void)index;
	return eb_envm_failed(device->envm);
}

uint64_t eb_envm_wear_read(struct eb_device *device, unsigned int index)
{
	(void)index;
	return eb_envm_wear(device->envm, device->registers[EB_REG(ENVM_ADDRESS) / 4]);
}

/* ---- The worker; lock not held unless said ---- */

/* Refuses a program or an erase as a whole, before its first step. */
static int check_cells(struct eb_device *device, const struct eb_envm_operation *operation)
{
	uint32_t unit = granule(operation->command);
	int result = EDGEBERT_HW_ENVM_OK;

	for (uint32_t i = 0; i < operation->left && result == EDGEBERT_HW_ENVM_OK; i += unit) {
		if (operation->command == EDGEBERT_HW_ENVM_PROGRAM)
			result = eb_envm_check_program(device->envm, operation->address + i);
		else if (operation->command == EDGEBERT_HW_ENVM_ERASE)
			result = eb_envm_check_erase(device->envm, operation->address + i);
		else
			break;
	}
	return result;
}

static uint32_t step_bytes(const struct eb_envm_operation *operation)
{
	uint32_t unit = operation->command == EDGEBERT_HW_ENVM_PROGRAM ? EB_ENVM_PAGE_BYTES :
									 EB_ENVM_SECTOR_BYTES;
	uint32_t size = unit - operation->address % unit;

	return size < operation->left ? size : operation->left;
}

static int read_step(struct eb_device *device, const struct eb_envm_operation *operation,
		     uint32_t size)
{
	uint8_t bytes[EB_ENVM_SECTOR_BYTES];
	int result = eb_envm_read(device->envm, operation->address, bytes, size);

	if (result != EDGEBERT_HW_ENVM_OK)
		return result;
	return eb_host_write(device, operation->host, bytes, size) ? EDGEBERT_HW_ENVM_BUS_ERROR :
								     EDGEBERT_HW_ENVM_OK;
}

static int verify_step(struct eb_device *device, const struct eb_envm_operation *operation,
		       uint32_t size)
{
	uint8_t stored[EB_ENVM_SECTOR_BYTES], wanted[EB_ENVM_SECTOR_BYTES];
	int result = eb_envm_read(device->envm, operation->address, stored, size);

	if (result != EDGEBERT_HW_ENVM_OK)
		return result;
	if (eb_host_read(device, operation->host, wanted, size))
		return EDGEBERT_HW_ENVM_BUS_ERROR;
	return memcmp(stored, wanted, size) == 0 ? EDGEBERT_HW_ENVM_OK :
						   EDGEBERT_HW_ENVM_MISMATCH;
}

static int program_step(struct eb_device *device, const struct eb_envm_operation *operation)
{
	uint8_t page[EB_ENVM_PAGE_BYTES];

	if (eb_host_read(device, operation->host, page, sizeof(page)))
		return EDGEBERT_HW_ENVM_BUS_ERROR;
	return eb_envm_program(device->envm, operation->address, page);
}

static int run_step(struct eb_device *device, const struct eb_envm_operation *operation,
		    uint32_t size)
{
	int result = operation->started ? EDGEBERT_HW_ENVM_OK : check_cells(device, operation);

	if (result != EDGEBERT_HW_ENVM_OK)
		return result;
	switch (operation->command) {
	case EDGEBERT_HW_ENVM_READ:
		return read_step(device, operation, size);
	case EDGEBERT_HW_ENVM_VERIFY:
		return verify_step(device, operation, size);
	case EDGEBERT_HW_ENVM_PROGRAM:
		return program_step(device, operation);
	default:
		return eb_envm_erase(device->envm, operation->address);
	}
}

/* Lock held.  Makes the step last as long as it would on the modelled part. */
static void pace_step(struct eb_device *device, uint64_t nanoseconds)
{
	uint64_t end = eb_now_ns() + nanoseconds;
	struct timespec deadline = { .tv_sec = end / 1000000000, .tv_nsec = end % 1000000000 };

	while (!device->stopping && !device->reset_pending && eb_now_ns() < end)
		pthread_cond_timedwait(&device->work, &device->lock, &deadline);
}

/* Lock held. */
void eb_envm_step(struct eb_device *device)
{
	struct eb_envm_operation *operation = &device->envm_operation;
	const struct eb_envm_operation now = *operation;
	uint32_t size = step_bytes(&now);
	struct eb_envm_cost cost = eb_envm_cost(now.command, now.address, size);
	int result;

	device->maintaining = true;
	pthread_mutex_unlock(&device->lock);
	result = run_step(device, &now, size);
	pthread_mutex_lock(&device->lock);
	if (device->paced)
		pace_step(device, cost.nanoseconds);
	device->maintaining = false;
	/* After a reset the operation is gone, or already another one. */
	if (device->reset_pending)
		return;
	eb_thermal_heat(device, cost.nanoseconds, cost.femtojoule / 1000);
	device->counters.energy_pj += cost.femtojoule / 1000;
	device->counters.block_pj[EDGEBERT_HW_BLOCK_ENVM] += cost.femtojoule / 1000;
	operation->started = true;
	operation->address += size;
	operation->host += size;
	operation->left -= size;
	if (result != EDGEBERT_HW_ENVM_OK || operation->left == 0)
		end_operation(device, result);
}
