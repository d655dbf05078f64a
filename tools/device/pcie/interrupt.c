// SPDX-License-Identifier: MIT
/*
 * Interrupts: causes and their enables, MSI-X messages, the MSI-X table and pending bits.
 *
 * Everything that sends a message goes through eb_interrupt_raise().  Masking single
 * vectors is the transport's: with vfio-user the client keeps the table that the
 * guest programs, and takes a vector's eventfd away or not; the table here is memory.
 */
#include <string.h>

#include "tools/device/pcie/internal.h"

#define VECTOR_CONTROL_MASKED	1	/* its reset value */

/* False: to be tried again when configuration or the transport change. */
static bool send_message(struct eb_device *device, unsigned int vector)
{
	if (eb_config_msix_masked(device) || !eb_config_bus_master(device))
		return false;
	return device->host.interrupt(device->host.opaque, vector);
}

void eb_interrupt_raise(struct eb_device *device, unsigned int vector)
{
	/* Without MSI-X there is no other interrupt: the host polls. */
	if (!eb_config_msix_enabled(device) || device->faults.link_down ||
	    eb_fault_fires(device, EB_FAULT_DROP_INTERRUPT, vector))
		return;
	if (eb_fault_fires(device, EB_FAULT_REPEAT_INTERRUPT, vector))
		send_message(device, vector);
	if (send_message(device, vector))
		device->pending_vectors &= ~(1u << vector);
	else
		device->pending_vectors |= 1u << vector;
}

void eb_interrupt_retry(struct eb_device *device)
{
	if (!eb_config_msix_enabled(device)) {
		device->pending_vectors = 0;
		return;
	}
	for (unsigned int vector = 0; vector < EDGEBERT_HW_IRQ_COUNT; vector++) {
		if (device->pending_vectors & 1u << vector)
			eb_interrupt_raise(device, vector);
	}
}

void eb_interrupt_cause(struct eb_device *device, unsigned int cause)
{
	uint32_t *status = &device->registers[EB_REG(IRQ_STATUS) / 4];
	uint32_t enable = device->registers[EB_REG(IRQ_ENABLE) / 4];
	bool was_set = *status & 1u << cause;

	/* Completions are an edge for each record; the other causes stay until cleared. */
	if (cause != EDGEBERT_HW_IRQ_COMPLETION) {
		*status |= 1u << cause;
		if (was_set)
			return;
	}
	if (enable & 1u << cause)
		eb_interrupt_raise(device, cause);
}

void eb_irq_enable_written(struct eb_device *device, unsigned int index, uint32_t value)
{
	uint32_t *enable = &device->registers[EB_REG(IRQ_ENABLE) / 4];
	uint32_t status = device->registers[EB_REG(IRQ_STATUS) / 4];
	uint32_t gained = status & value & ~*enable;

	(void)index;
	*enable = value & ((1u << EDGEBERT_HW_IRQ_COUNT) - 1);
	for (unsigned int cause = 0; cause < EDGEBERT_HW_IRQ_COUNT; cause++) {
		if (gained & 1u << cause)
			eb_interrupt_raise(device, cause);
	}
}

/* ---- BAR2 ---- */

void eb_msix_reset(struct eb_device *device)
{
	memset(device->msix_table, 0, sizeof(device->msix_table));
	for (unsigned int vector = 0; vector < EDGEBERT_HW_IRQ_COUNT; vector++)
		device->msix_table[16 * vector + 12] = VECTOR_CONTROL_MASKED;
	device->pending_vectors = 0;
}

static uint8_t msix_byte(const struct eb_device *device, uint32_t offset)
{
	if (offset - EDGEBERT_HW_MSIX_TABLE_OFFSET < sizeof(device->msix_table))
		return device->msix_table[offset - EDGEBERT_HW_MSIX_TABLE_OFFSET];
	if (offset == EDGEBERT_HW_MSIX_PBA_OFFSET)
		return device->pending_vectors;
	return 0;
}

void eb_msix_read(struct eb_device *device, uint32_t offset, uint8_t *destination, size_t size)
{
	for (size_t i = 0; i < size; i++)
		destination[i] = msix_byte(device, offset + i);
}

void eb_msix_write(struct eb_device *device, uint32_t offset, const uint8_t *source, size_t size)
{
	/* The specification allows words and double words only. */
	if (offset % 4 != 0 || size % 4 != 0)
		return;
	for (size_t i = 0; i < size; i++) {
		uint32_t byte = offset + i - EDGEBERT_HW_MSIX_TABLE_OFFSET;

		if (byte < sizeof(device->msix_table))
			device->msix_table[byte] = source[i];
	}
}
