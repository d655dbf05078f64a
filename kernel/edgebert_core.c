// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device's core: identification, start, stop, reset and the context table.
 *
 * Every wait is bounded, and a register that reads all ones is a device that is gone.
 */
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/pci.h>

#include <drm/drm_managed.h>
#include <drm/drm_print.h>

#include "edgebert_core.h"
#include "edgebert_device.h"
#include "edgebert_regs.h"

/* How long the device may take for what it does in microseconds when well. */
#define EDGEBERT_CORE_WAIT_US	(2 * USEC_PER_SEC)

/* No core of any technology has a higher supply. */
#define EDGEBERT_CORE_MILLIVOLT_MAX	5000

/* Waits until (register & mask) == value. */
static int edgebert_core_wait(struct edgebert_device *edev, u32 offset, u32 mask, u32 value)
{
	ktime_t end = ktime_add_us(ktime_get(), EDGEBERT_CORE_WAIT_US);
	bool expired;
	u32 now;

	do {
		/* Before the read: being scheduled away in between must not look like a timeout. */
		expired = ktime_after(ktime_get(), end);
		now = edgebert_read_offset(edev, offset);
		if (now == EDGEBERT_ALL_ONES)
			return -ENODEV;
		if ((now & mask) == value)
			return 0;
		usleep_range(20, 200);
	} while (!expired);
	return -ETIMEDOUT;
}

/* The table must be usable as it is: sorted, without zeros and nonsense. */
static int edgebert_core_read_points(struct edgebert_device *edev)
{
	struct edgebert_info *info = &edev->info;
	u32 i;

	if (!info->point_count || info->point_count > EDGEBERT_HW_OPERATING_POINTS_MAX) {
		drm_err(&edev->drm, "device claims %u operating points\n", info->point_count);
		return -EINVAL;
	}
	for (i = 0; i < info->point_count; i++) {
		struct edgebert_operating_point *point = &info->points[i];

		point->khz = edgebert_read(edev, OPP_KHZ(i));
		point->millivolt = edgebert_read(edev, OPP_MILLIVOLT(i));
		point->microwatt = edgebert_read(edev, OPP_MICROWATT(i));
		if (!point->khz || (i && point->khz <= info->points[i - 1].khz)) {
			drm_err(&edev->drm, "operating point %u has unusable frequency %u kHz\n",
				i, point->khz);
			return -EINVAL;
		}
		if (!point->millivolt || point->millivolt > EDGEBERT_CORE_MILLIVOLT_MAX ||
		    (i && point->millivolt < info->points[i - 1].millivolt)) {
			drm_err(&edev->drm, "operating point %u has unusable voltage %u mV\n",
				i, point->millivolt);
			return -EINVAL;
		}
	}
	return 0;
}

static void edgebert_core_read_profile(struct edgebert_device *edev)
{
	__le32 word;
	u32 i;

	for (i = 0; i < EDGEBERT_HW_PROFILE_NAME_BYTES; i += sizeof(word)) {
		word = cpu_to_le32(edgebert_read_offset(edev, EDGEBERT_HW_REG_PROFILE_NAME + i));
		memcpy(&edev->info.profile[i], &word, sizeof(word));
	}
}

/* Checks that this is a device the driver knows, and reads what it has. */
int edgebert_core_identify(struct edgebert_device *edev)
{
	struct edgebert_info *info = &edev->info;
	u32 id = edgebert_read(edev, ID), limits;
	int ret;

	if (id != EDGEBERT_HW_ID_MAGIC) {
		drm_err(&edev->drm, "register ID reads %#x: %s\n", id,
			id == EDGEBERT_ALL_ONES ? "the device does not answer" :
						  "not an EdgeBERT device");
		return -ENODEV;
	}
	info->version = edgebert_read(edev, VERSION);
	if (info->version >> 16 != EDGEBERT_HW_VERSION_MAJOR) {
		drm_err(&edev->drm, "device has hardware contract %u.%u, this driver needs %u.x\n",
			info->version >> 16, info->version & 0xffff, EDGEBERT_HW_VERSION_MAJOR);
		return -ENODEV;
	}
	ret = edgebert_core_wait(edev, EDGEBERT_HW_REG_STATUS, EDGEBERT_HW_STATUS_READY,
				 EDGEBERT_HW_STATUS_READY);
	if (ret) {
		drm_err(&edev->drm, "device does not become ready\n");
		return ret;
	}

	limits = edgebert_read(edev, LIMITS);
	info->capabilities = edgebert_read(edev, CAPABILITIES);
	info->data_buffer_bytes = edgebert_read(edev, DATA_BUFFER_BYTES);
	info->aux_buffer_bytes = edgebert_read(edev, AUX_BUFFER_BYTES);
	info->envm_bytes = edgebert_read(edev, ENVM_BYTES);
	info->context_count = min_t(u32, EDGEBERT_HW_LIMITS_CONTEXT_COUNT(limits),
				    EDGEBERT_HW_CONTEXT_COUNT);
	info->point_count = EDGEBERT_HW_LIMITS_OPERATING_POINTS(limits);
	if (info->context_count < 2 ||
	    EDGEBERT_HW_LIMITS_RING_ORDER_MAX(limits) < EDGEBERT_RING_ORDER) {
		drm_err(&edev->drm, "device has unusable limits %#x\n", limits);
		return -EINVAL;
	}
	edgebert_core_read_profile(edev);
	return edgebert_core_read_points(edev);
}

static void edgebert_core_fini(struct drm_device *drm, void *data)
{
	struct edgebert_device *edev = to_edgebert_device(drm);

	ida_destroy(&edev->hw.ids);
}

int edgebert_core_init(struct edgebert_device *edev)
{
	int ret;

	ida_init(&edev->hw.ids);
	ret = drmm_add_action_or_reset(&edev->drm, edgebert_core_fini, NULL);
	if (ret)
		return ret;
	ret = drmm_mutex_init(&edev->drm, &edev->hw.update_lock);
	if (ret)
		return ret;
	edev->hw.table = dmam_alloc_coherent(edev->drm.dev,
					     EDGEBERT_HW_CONTEXT_COUNT * sizeof(*edev->hw.table),
					     &edev->hw.table_dma, GFP_KERNEL);
	return edev->hw.table ? 0 : -ENOMEM;
}

static void edgebert_core_write_address(struct edgebert_device *edev, u32 offset,
					dma_addr_t address)
{
	edgebert_write_offset(edev, offset, lower_32_bits(address));
	edgebert_write_offset(edev, offset + 4, upper_32_bits(address));
}

/* Programs a stopped device and lets it fetch jobs.  The rings must have been restarted. */
int edgebert_core_start(struct edgebert_device *edev)
{
	u32 status;

	edgebert_core_write_address(edev, EDGEBERT_HW_REG_SUBMIT_BASE_LO, edev->ring.submit_dma);
	edgebert_core_write_address(edev, EDGEBERT_HW_REG_COMPLETE_BASE_LO,
				    edev->ring.complete_dma);
	edgebert_write(edev, RING_ORDER, EDGEBERT_RING_ORDER);
	edgebert_core_write_address(edev, EDGEBERT_HW_REG_CONTEXT_TABLE_LO, edev->hw.table_dma);
	edgebert_dvfs_start(edev);
	edgebert_write(edev, IRQ_STATUS, GENMASK(EDGEBERT_HW_IRQ_COUNT - 1, 0));
	edgebert_write(edev, IRQ_ENABLE, GENMASK(EDGEBERT_HW_IRQ_COUNT - 1, 0));
	edgebert_write(edev, CONTROL, EDGEBERT_HW_CONTROL_ENABLE);

	status = edgebert_read(edev, STATUS);
	if (status == EDGEBERT_ALL_ONES)
		return -ENODEV;
	if (status & EDGEBERT_HW_STATUS_FATAL) {
		drm_err(&edev->drm, "device refuses its configuration, fatal code %u\n",
			EDGEBERT_HW_STATUS_FATAL_CODE(status));
		return -EIO;
	}
	return 0;
}

/* Stops fetching and waits for the running job; DMA has ended on success. */
int edgebert_core_stop(struct edgebert_device *edev)
{
	edgebert_write(edev, IRQ_ENABLE, 0);
	edgebert_write(edev, CONTROL, 0);
	return edgebert_core_wait(edev, EDGEBERT_HW_REG_STATUS, EDGEBERT_HW_STATUS_QUIESCED,
				  EDGEBERT_HW_STATUS_QUIESCED);
}

/* Ends whatever the device does; DMA has ended on success, the rings are empty. */
int edgebert_core_reset(struct edgebert_device *edev)
{
	edgebert_write(edev, CONTROL, EDGEBERT_HW_CONTROL_CORE_RESET);
	return edgebert_core_wait(edev, EDGEBERT_HW_REG_STATUS,
				  EDGEBERT_HW_STATUS_READY | EDGEBERT_HW_STATUS_RESETTING,
				  EDGEBERT_HW_STATUS_READY);
}

/*
 * Makes the device forget all translations of a context, and lifts an abort.  What the
 * tables mapped before can be freed afterwards.
 */
int edgebert_core_context_update(struct edgebert_device *edev, u32 id)
{
	guard(mutex)(&edev->hw.update_lock);
	/* It is reset before it wakes up, and remembers nothing then. */
	if (edev->hw.asleep)
		return 0;
	edgebert_write(edev, CONTEXT_UPDATE, id);
	return edgebert_core_wait(edev, EDGEBERT_HW_REG_CONTEXT_UPDATE_BUSY, ~0u, 0);
}

void edgebert_core_context_abort(struct edgebert_device *edev, u32 id)
{
	edgebert_write(edev, CONTEXT_ABORT, id);
}

/* Enters an address space into the context table; returns its number, never 0. */
int edgebert_core_context_alloc(struct edgebert_device *edev, const dma_addr_t directories[4])
{
	struct edgebert_hw_context *entry;
	int id, ret, i;

	id = ida_alloc_range(&edev->hw.ids, 1, edev->info.context_count - 1, GFP_KERNEL);
	if (id < 0)
		return id == -ENOSPC ? -EBUSY : id;

	entry = &edev->hw.table[id];
	for (i = 0; i < ARRAY_SIZE(entry->directory); i++)
		entry->directory[i] = cpu_to_le64(directories[i] | EDGEBERT_HW_PTE_VALID);
	/* The entry becomes valid when it is complete. */
	dma_wmb();
	WRITE_ONCE(entry->flags, cpu_to_le32(EDGEBERT_HW_CONTEXT_VALID));
	ret = edgebert_core_context_update(edev, id);
	if (ret) {
		WRITE_ONCE(entry->flags, 0);
		ida_free(&edev->hw.ids, id);
		return ret;
	}
	return id;
}

/* Takes an address space out of the table; the device knows after the next update. */
void edgebert_core_context_clear(struct edgebert_device *edev, u32 id)
{
	memset(&edev->hw.table[id], 0, sizeof(edev->hw.table[id]));
	dma_wmb();
}

/* Gives a number back, which the device knows no more. */
void edgebert_core_context_free(struct edgebert_device *edev, u32 id)
{
	ida_free(&edev->hw.ids, id);
}
