// SPDX-License-Identifier: MIT
/*
 * Configuration space: type 0 header, power management, MSI-X and PCIe capabilities.
 *
 * Which bits a host can change is one mask beside the values, so sizing a BAR needs no
 * code; only writes that make something happen are looked at one by one.
 */
#include <linux/pci_regs.h>
#include <string.h>

#include "tools/device/pcie/internal.h"

#define CAP_PM		0x40
#define CAP_MSIX	0x50
#define CAP_EXP		0x60

/* Values of the power state field */
#define STATE_D0	0
#define STATE_D3HOT	3

/* A link that a part of this class would have; nothing here depends on it. */
#define LINK_SPEED_8GT	3
#define LINK_WIDTH	4

static void put(uint8_t *bytes, uint32_t offset, unsigned int size, uint32_t value)
{
	memcpy(bytes + offset, &value, size);
}

static uint16_t get16(const struct eb_device *device, uint32_t offset)
{
	uint16_t value;

	memcpy(&value, device->config.value + offset, sizeof(value));
	return value;
}

static void reset_header(struct eb_config_space *config)
{
	uint8_t *value = config->value, *writable = config->writable;

	put(value, PCI_VENDOR_ID, 2, EDGEBERT_HW_PCI_VENDOR);
	put(value, PCI_DEVICE_ID, 2, EDGEBERT_HW_PCI_DEVICE);
	put(value, PCI_STATUS, 2, PCI_STATUS_CAP_LIST);
	put(value, PCI_REVISION_ID, 4, EDGEBERT_HW_PCI_CLASS << 8 | EDGEBERT_HW_PCI_REVISION);
	put(value, PCI_SUBSYSTEM_VENDOR_ID, 2, EDGEBERT_HW_PCI_VENDOR);
	put(value, PCI_SUBSYSTEM_ID, 2, EDGEBERT_HW_PCI_DEVICE);
	put(value, PCI_CAPABILITY_LIST, 1, CAP_PM);

	put(writable, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER |
	    PCI_COMMAND_PARITY | PCI_COMMAND_SERR | PCI_COMMAND_INTX_DISABLE);
	put(writable, PCI_CACHE_LINE_SIZE, 1, 0xff);
	put(writable, PCI_INTERRUPT_LINE, 1, 0xff);
	put(writable, PCI_BASE_ADDRESS_0 + 4 * EDGEBERT_HW_BAR_REGISTERS, 4,
	    ~(EDGEBERT_HW_BAR_REGISTERS_SIZE - 1u));
	put(writable, PCI_BASE_ADDRESS_0 + 4 * EDGEBERT_HW_BAR_MSIX, 4,
	    ~(EDGEBERT_HW_BAR_MSIX_SIZE - 1u));
}

static void reset_capabilities(struct eb_config_space *config)
{
	uint8_t *value = config->value, *writable = config->writable;

	/* No_Soft_Reset is 0: coming back from D3hot resets the function. */
	put(value, CAP_PM, 2, CAP_MSIX << 8 | PCI_CAP_ID_PM);
	put(value, CAP_PM + PCI_PM_PMC, 2, 3);
	put(writable, CAP_PM + PCI_PM_CTRL, 2, PCI_PM_CTRL_STATE_MASK);

	put(value, CAP_MSIX, 2, CAP_EXP << 8 | PCI_CAP_ID_MSIX);
	put(value, CAP_MSIX + PCI_MSIX_FLAGS, 2, EDGEBERT_HW_IRQ_COUNT - 1);
	put(value, CAP_MSIX + PCI_MSIX_TABLE, 4,
	    EDGEBERT_HW_MSIX_TABLE_OFFSET | EDGEBERT_HW_BAR_MSIX);
	put(value, CAP_MSIX + PCI_MSIX_PBA, 4, EDGEBERT_HW_MSIX_PBA_OFFSET | EDGEBERT_HW_BAR_MSIX);
	put(writable, CAP_MSIX + PCI_MSIX_FLAGS, 2,
	    PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);

	put(value, CAP_EXP, 2, PCI_CAP_ID_EXP);
	put(value, CAP_EXP + PCI_EXP_FLAGS, 2, PCI_EXP_TYPE_ENDPOINT << 4 | 2);
	put(value, CAP_EXP + PCI_EXP_DEVCAP, 4, PCI_EXP_DEVCAP_FLR | PCI_EXP_DEVCAP_RBER);
	put(value, CAP_EXP + PCI_EXP_DEVCTL, 2,
	    PCI_EXP_DEVCTL_RELAX_EN | PCI_EXP_DEVCTL_NOSNOOP_EN | PCI_EXP_DEVCTL_READRQ_512B);
	put(value, CAP_EXP + PCI_EXP_LNKCAP, 4, LINK_WIDTH << 4 | LINK_SPEED_8GT);
	put(value, CAP_EXP + PCI_EXP_LNKSTA, 2, LINK_WIDTH << 4 | LINK_SPEED_8GT);
	put(value, CAP_EXP + PCI_EXP_LNKCAP2, 4, PCI_EXP_LNKCAP2_SLS_2_5GB |
	    PCI_EXP_LNKCAP2_SLS_5_0GB | PCI_EXP_LNKCAP2_SLS_8_0GB);
	put(value, CAP_EXP + PCI_EXP_LNKCTL2, 2, LINK_SPEED_8GT);
	put(writable, CAP_EXP + PCI_EXP_DEVCTL, 2, 0xffff & ~PCI_EXP_DEVCTL_BCR_FLR &
	    ~PCI_EXP_DEVCTL_EXT_TAG & ~PCI_EXP_DEVCTL_PHANTOM & ~PCI_EXP_DEVCTL_AUX_PME);
	put(writable, CAP_EXP + PCI_EXP_LNKCTL, 2, PCI_EXP_LNKCTL_RCB | PCI_EXP_LNKCTL_CCC);
}

void eb_config_reset(struct eb_device *device)
{
	memset(&device->config, 0, sizeof(device->config));
	reset_header(&device->config);
	reset_capabilities(&device->config);
}

static bool in_d0(const struct eb_device *device)
{
	return (get16(device, CAP_PM + PCI_PM_CTRL) & PCI_PM_CTRL_STATE_MASK) == STATE_D0;
}

bool eb_config_memory_enabled(const struct eb_device *device)
{
	return (get16(device, PCI_COMMAND) & PCI_COMMAND_MEMORY) && in_d0(device);
}

bool eb_config_bus_master(const struct eb_device *device)
{
	return (get16(device, PCI_COMMAND) & PCI_COMMAND_MASTER) && in_d0(device);
}

bool eb_config_msix_enabled(const struct eb_device *device)
{
	return get16(device, CAP_MSIX + PCI_MSIX_FLAGS) & PCI_MSIX_FLAGS_ENABLE;
}

bool eb_config_msix_masked(const struct eb_device *device)
{
	return get16(device, CAP_MSIX + PCI_MSIX_FLAGS) & PCI_MSIX_FLAGS_MASKALL;
}

void eb_config_read(struct eb_device *device, uint32_t offset, uint8_t *destination, size_t size)
{
	for (size_t i = 0; i < size; i++, offset++)
		destination[i] = offset < EB_CONFIG_USED_BYTES ? device->config.value[offset] : 0;
}

/* The bits of a register of two bytes that a write sets, whether they are stored or not. */
static uint16_t written_bits(uint32_t offset, const uint8_t *source, size_t size, uint32_t reg)
{
	uint16_t bits = 0;

	for (size_t i = 0; i < size; i++) {
		if (offset + i == reg)
			bits |= source[i];
		else if (offset + i == reg + 1)
			bits |= source[i] << 8;
	}
	return bits;
}

/* D1 and D2 do not exist; the specification has writes of them ignored. */
static void settle_power_state(struct eb_device *device, uint16_t before)
{
	uint16_t now = get16(device, CAP_PM + PCI_PM_CTRL);
	uint16_t state = now & PCI_PM_CTRL_STATE_MASK;

	if (state != STATE_D0 && state != STATE_D3HOT)
		put(device->config.value, CAP_PM + PCI_PM_CTRL, 2, before);
	else if (state == STATE_D0 && (before & PCI_PM_CTRL_STATE_MASK) == STATE_D3HOT)
		eb_reset(device, EB_RESET_FUNCTION);
}

void eb_config_write(struct eb_device *device, uint32_t offset, const uint8_t *source, size_t size)
{
	struct eb_config_space *config = &device->config;
	uint16_t power_before = get16(device, CAP_PM + PCI_PM_CTRL);

	if (written_bits(offset, source, size, CAP_EXP + PCI_EXP_DEVCTL) & PCI_EXP_DEVCTL_BCR_FLR) {
		eb_reset(device, EB_RESET_FUNCTION);
		return;
	}
	for (size_t i = 0; i < size && offset + i < EB_CONFIG_USED_BYTES; i++) {
		uint8_t mask = config->writable[offset + i];

		config->value[offset + i] = (config->value[offset + i] & ~mask) | (source[i] & mask);
	}
	settle_power_state(device, power_before);
	eb_gate_update(device);
	eb_interrupt_retry(device);
}
