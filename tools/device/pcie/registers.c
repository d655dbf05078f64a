// SPDX-License-Identifier: MIT
/*
 * Register accesses: finds the register in the table and applies its access rule.
 *
 * The function decodes aligned 32-bit words.  Reads of bytes and half words take
 * them out of the word, longer reads are words in ascending order; writes change
 * whole words only, anything less is ignored.  Unknown offsets read as zero.
 */
#include <string.h>

#include "tools/device/pcie/internal.h"

const struct eb_register eb_registers[] = {
#define REGISTER_ROW(offset, name, count, bits, access, reset, read, write) \
	{ #name, offset, count, bits, EB_##access, reset, read, write },
	EB_REGISTER_TABLE(REGISTER_ROW)
#undef REGISTER_ROW
};

#define REGISTER_COUNT	(sizeof(eb_registers) / sizeof(eb_registers[0]))

const size_t eb_register_count = REGISTER_COUNT;

static uint32_t register_bytes(const struct eb_register *row)
{
	return row->count * (row->bits / 8u);
}

const struct eb_register *eb_register_find(uint32_t offset, unsigned int *ret_word)
{
	size_t low = 0, high = REGISTER_COUNT;

	/* Rows are sorted by offset and do not overlap; a unit test holds the table to it. */
	while (low < high) {
		size_t middle = (low + high) / 2;
		const struct eb_register *row = &eb_registers[middle];

		if (offset < row->offset) {
			high = middle;
		} else if (offset >= row->offset + register_bytes(row)) {
			low = middle + 1;
		} else {
			*ret_word = (offset - row->offset) / 4;
			return row;
		}
	}
	return NULL;
}

static uint32_t read_word(struct eb_device *device, uint32_t offset)
{
	const struct eb_register *row;
	unsigned int word;
	uint64_t value;
	uint32_t lie;

	if (device->faults.override_count > 0 && eb_fault_override(device, offset, &lie))
		return lie;
	row = eb_register_find(offset, &word);
	if (row == NULL || row->access == EB_WRITE_ONLY)
		return 0;
	if (row->bits == 64) {
		/* The high half is what it was when the low half was read. */
		if (word % 2 == 1)
			return device->registers[offset / 4];
		value = row->read(device, word / 2);
		device->registers[offset / 4 + 1] = value >> 32;
		return (uint32_t)value;
	}
	return row->read ? (uint32_t)row->read(device, word) : device->registers[offset / 4];
}

static void write_word(struct eb_device *device, uint32_t offset, uint32_t value)
{
	const struct eb_register *row;
	unsigned int word;

	row = eb_register_find(offset, &word);
	if (row == NULL || row->access == EB_READ_ONLY) {
		eb_event(device, "write of 0x%x to offset 0x%x ignored: %s", value, offset,
			 row ? "the register is read-only" : "there is no register");
		return;
	}
	if (row->access == EB_WRITE_STOPPED && device->enabled) {
		eb_event(device, "write of 0x%x to %s ignored: CONTROL.ENABLE is set", value,
			 row->name);
		return;
	}
	if (row->access == EB_WRITE_ONE_CLEAR)
		device->registers[offset / 4] &= ~value;
	else if (row->write != NULL)
		row->write(device, word, value);
	else
		device->registers[offset / 4] = value;
}

void eb_registers_read(struct eb_device *device, uint32_t offset, uint8_t *destination,
		       size_t size)
{
	while (size > 0) {
		uint32_t word = read_word(device, offset & ~3u);
		size_t skip = offset & 3u;
		size_t part = 4 - skip < size ? 4 - skip : size;

		memcpy(destination, (uint8_t *)&word + skip, part);
		destination += part;
		offset += part;
		size -= part;
	}
}

void eb_registers_write(struct eb_device *device, uint32_t offset, const uint8_t *source,
			size_t size)
{
	uint32_t value;

	if (offset % 4 != 0 || size % 4 != 0) {
		eb_event(device, "write of %zu bytes to offset 0x%x ignored: not whole words",
			 size, offset);
		return;
	}
	for (; size > 0; size -= 4, offset += 4, source += 4) {
		memcpy(&value, source, sizeof(value));
		write_word(device, offset, value);
	}
}

void eb_registers_reset(struct eb_device *device)
{
	memset(device->registers, 0, sizeof(device->registers));
	for (size_t i = 0; i < REGISTER_COUNT; i++) {
		const struct eb_register *row = &eb_registers[i];

		if (row->reset != 0)
			device->registers[row->offset / 4] = row->reset;
	}
	/* Limits that depend on the profile: everything is allowed, as fast as possible. */
	device->registers[EB_REG(DVFS_WINDOW) / 4] = (device->point_count - 1) << 8;
	device->registers[EB_REG(DVFS_DEFAULT) / 4] = device->point_count - 1;
}

/* ---- Read hooks of registers that no other file owns ---- */

uint64_t eb_limits_read(struct eb_device *device, unsigned int index)
{
	(void)index;
	return device->point_count | EDGEBERT_HW_RING_ORDER_MAX << 8 |
	       EDGEBERT_HW_CONTEXT_COUNT << 16;
}

uint64_t eb_profile_name_read(struct eb_device *device, unsigned int index)
{
	char name[EDGEBERT_HW_PROFILE_NAME_BYTES] = { 0 };
	const char *profile = eb_core_profile(device->core);
	uint32_t word;

	memcpy(name, profile, strnlen(profile, sizeof(name)));
	memcpy(&word, name + 4 * index, sizeof(word));
	return word;
}

uint64_t eb_time_read(struct eb_device *device, unsigned int index)
{
	(void)index;
	return eb_device_time(device);
}

uint64_t eb_count_cycles_read(struct eb_device *device, unsigned int index)
{
	(void)index;
	/* With what the running job has done so far, unless a reset has taken it away. */
	return device->counters.cycles +
	       (device->reset_pending ? 0 : atomic_load(&device->executing_cycles));
}

uint64_t eb_count_busy_ns_read(struct eb_device *device, unsigned int index)
{
	(void)index;
	return device->counters.busy_ns;
}

uint64_t eb_count_energy_read(struct eb_device *device, unsigned int index)
{
	(void)index;
	return device->counters.energy_pj;
}

uint64_t eb_count_jobs_read(struct eb_device *device, unsigned int index)
{
	(void)index;
	return device->counters.jobs;
}

uint64_t eb_count_faults_read(struct eb_device *device, unsigned int index)
{
	(void)index;
	return device->counters.faults;
}

uint64_t eb_count_aborts_read(struct eb_device *device, unsigned int index)
{
	(void)index;
	return device->counters.aborts;
}

uint64_t eb_count_block_read(struct eb_device *device, unsigned int index)
{
	return device->counters.block_pj[index];
}

uint64_t eb_count_exits_read(struct eb_device *device, unsigned int index)
{
	return device->counters.exits[index];
}
