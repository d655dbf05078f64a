// SPDX-License-Identifier: GPL-2.0-only
/*
 * The eNVM's command registers: one operation at a time, through a bounce buffer.
 *
 * The device takes turns between an operation's steps and jobs.  A reset ends an operation
 * without telling, so resets are counted and wake whoever waits.
 */
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>
#include <drm/drm_managed.h>
#include <drm/drm_print.h>

#include "edgebert_device.h"
#include "edgebert_envm.h"
#include "edgebert_pm.h"
#include "edgebert_recovery.h"
#include "edgebert_regs.h"
#include "edgebert_ring.h"

#define EDGEBERT_ENVM_STATUS_BUSY	BIT(0)
#define EDGEBERT_ENVM_STATUS_RESULT(v)	(((v) >> 8) & 0xff)

/* How long a command may take while the device has no job that delays it. */
#define EDGEBERT_ENVM_TIMEOUT_S		10
#define EDGEBERT_ENVM_LOCK_TRIES	100

static int edgebert_envm_check_array(struct edgebert_device *edev)
{
	u32 page = edgebert_read(edev, ENVM_PAGE_BYTES);
	u32 sector = edgebert_read(edev, ENVM_SECTOR_BYTES);

	if (edev->info.envm_bytes == EDGEBERT_HW_ENVM_BYTES &&
	    page == EDGEBERT_ENVM_PAGE_BYTES && sector == EDGEBERT_ENVM_SECTOR_BYTES)
		return 0;
	drm_warn(&edev->drm, "eNVM of %u bytes, pages of %u and sectors of %u is not supported\n",
		 edev->info.envm_bytes, page, sector);
	return -EOPNOTSUPP;
}

static void edgebert_envm_fini(struct drm_device *drm, void *data)
{
	kfree(to_edgebert_device(drm)->envm.wear);
}

int edgebert_envm_init(struct edgebert_device *edev)
{
	struct edgebert_envm *envm = &edev->envm;
	int ret;

	init_completion(&envm->done);
	spin_lock_init(&envm->state_lock);
	envm->active = DRM_EDGEBERT_ENVM_SLOT_NONE;
	ret = drmm_mutex_init(&edev->drm, &envm->lock);
	if (ret)
		return ret;
	ret = drmm_mutex_init(&edev->drm, &envm->regs_lock);
	if (ret)
		return ret;
	ret = drmm_mutex_init(&edev->drm, &envm->wear_lock);
	if (ret)
		return ret;
	ret = drmm_add_action_or_reset(&edev->drm, edgebert_envm_fini, NULL);
	if (ret)
		return ret;
	if (!(edev->info.capabilities & EDGEBERT_HW_CAP_ENVM_PROGRAM) ||
	    edgebert_envm_check_array(edev))
		return 0;
	envm->bounce = dmam_alloc_coherent(edev->drm.dev, EDGEBERT_ENVM_BOUNCE_BYTES,
					   &envm->bounce_dma, GFP_KERNEL);
	envm->usable = envm->bounce;
	return envm->bounce ? 0 : -ENOMEM;
}

/* Makes the eNVM the caller's, until edgebert_envm_end(). */
int edgebert_envm_begin(struct edgebert_device *edev, int *idx)
{
	int ret;

	if (!drm_dev_enter(&edev->drm, idx))
		return -ENODEV;
	if (edgebert_is_lost(edev))
		ret = -ENODEV;
	else if (!edev->envm.usable)
		ret = -EOPNOTSUPP;
	else
		ret = edgebert_pm_get(edev);
	if (ret)
		goto err_exit;
	/* Awake first: waking up sets locks again, with nobody else at the registers. */
	ret = mutex_lock_interruptible(&edev->envm.lock);
	if (ret)
		goto err_put;
	return 0;

err_put:
	edgebert_pm_put(edev);
err_exit:
	drm_dev_exit(*idx);
	return ret;
}

void edgebert_envm_end(struct edgebert_device *edev, int idx)
{
	edgebert_envm_progress(edev, DRM_EDGEBERT_ENVM_IDLE, 0, 0);
	mutex_unlock(&edev->envm.lock);
	edgebert_pm_put(edev);
	drm_dev_exit(idx);
}

/* For ENVM_INFO. */
void edgebert_envm_progress(struct edgebert_device *edev, u32 operation, u32 done, u32 total)
{
	struct edgebert_envm *envm = &edev->envm;

	scoped_guard(spinlock_irqsave, &envm->state_lock) {
		envm->operation = operation;
		envm->done_bytes = done;
		envm->total_bytes = total;
	}
}

/* Between two commands: whether to give up. */
int edgebert_envm_interrupted(struct edgebert_device *edev, bool only_killed)
{
	if (drm_dev_is_unplugged(&edev->drm))
		return -ENODEV;
	if (only_killed)
		return fatal_signal_pending(current) ? -EINTR : 0;
	return signal_pending(current) ? -ERESTARTSYS : 0;
}

/* How much one command may do. */
u32 edgebert_envm_chunk(u32 command, u32 left)
{
	u32 step = command == EDGEBERT_HW_ENVM_PROGRAM ? EDGEBERT_ENVM_PAGE_BYTES :
							 EDGEBERT_ENVM_SECTOR_BYTES;

	return min(left, EDGEBERT_ENVM_STEPS * step);
}

static int edgebert_envm_errno(u32 command, u32 result)
{
	switch (result) {
	case EDGEBERT_HW_ENVM_OK:
		return 0;
	case EDGEBERT_HW_ENVM_BAD_RANGE:
		return -EINVAL;
	case EDGEBERT_HW_ENVM_LOCKED:
		return -EROFS;
	case EDGEBERT_HW_ENVM_NOT_ERASED:
		return -EEXIST;
	case EDGEBERT_HW_ENVM_MISMATCH:
		/* Of an erase: cells are worn out. */
		return command == EDGEBERT_HW_ENVM_VERIFY ? -EILSEQ : -EIO;
	case EDGEBERT_HW_ENVM_ECC_ERROR:
		return -EBADMSG;
	case EDGEBERT_HW_ENVM_UNSUPPORTED:
		return -EOPNOTSUPP;
	default:
		return -EIO;
	}
}

static u32 edgebert_envm_start(struct edgebert_device *edev, u32 command, u32 address, u32 size)
{
	struct edgebert_envm *envm = &edev->envm;

	guard(mutex)(&envm->regs_lock);
	reinit_completion(&envm->done);
	edgebert_write(edev, ENVM_ADDRESS, address);
	edgebert_write(edev, ENVM_LENGTH, size);
	edgebert_write(edev, ENVM_HOST_LO, lower_32_bits(envm->bounce_dma));
	edgebert_write(edev, ENVM_HOST_HI, upper_32_bits(envm->bounce_dma));
	/* writel() orders this after the contents of the buffer. */
	edgebert_write(edev, ENVM_COMMAND, command);
	return envm->resets;
}

/* The command's result, or -EINPROGRESS. */
static int edgebert_envm_poll(struct edgebert_device *edev, u32 command, u32 resets)
{
	struct edgebert_envm *envm = &edev->envm;
	u32 status;

	guard(mutex)(&envm->regs_lock);
	if (edgebert_is_lost(edev))
		return -ENODEV;
	/* The status is that of another life. */
	if (envm->resets != resets)
		return -EIO;
	status = edgebert_read(edev, ENVM_STATUS);
	if (status == EDGEBERT_ALL_ONES)
		return -ENODEV;
	if (status & EDGEBERT_ENVM_STATUS_BUSY)
		return -EINPROGRESS;
	return edgebert_envm_errno(command, EDGEBERT_ENVM_STATUS_RESULT(status));
}

/*
 * Carries out one command, of at most one chunk, with the bounce buffer.  Returns when the
 * device has ended it, whatever happens, as it may use the buffer until then.
 */
int edgebert_envm_command(struct edgebert_device *edev, u32 command, u32 address, u32 size)
{
	struct edgebert_envm *envm = &edev->envm;
	u32 resets, waited = 0;
	int ret;

	lockdep_assert_held(&envm->lock);
	if (edgebert_is_lost(edev))
		return -ENODEV;
	resets = edgebert_envm_start(edev, command, address, size);
	for (;;) {
		/* A lost interrupt costs no more than a second. */
		wait_for_completion_timeout(&envm->done, HZ);
		ret = edgebert_envm_poll(edev, command, resets);
		if (ret != -EINPROGRESS)
			break;
		/* Jobs take their turns, and are watched over by others. */
		waited = edgebert_ring_outstanding(edev) ? 0 : waited + 1;
		if (waited == EDGEBERT_ENVM_TIMEOUT_S) {
			drm_err(&edev->drm, "eNVM command %u at %#x does not end\n", command,
				address);
			edgebert_recovery_reset_now(edev);
			return edgebert_is_lost(edev) ? -ENODEV : -EIO;
		}
	}
	if (ret == -ENODEV)
		edgebert_recovery_lost(edev, "it does not answer");
	else if (ret)
		drm_dbg(&edev->drm, "eNVM command %u at %#x: %d\n", command, address, ret);
	return ret;
}

static u32 edgebert_envm_read_wear(struct edgebert_device *edev, u32 sector)
{
	guard(mutex)(&edev->envm.regs_lock);
	edgebert_write(edev, ENVM_ADDRESS, sector * EDGEBERT_ENVM_SECTOR_BYTES);
	return edgebert_read(edev, ENVM_WEAR);
}

static void edgebert_envm_update_wear(struct edgebert_device *edev, u32 address, u32 size)
{
	struct edgebert_envm *envm = &edev->envm;
	u32 sector = address / EDGEBERT_ENVM_SECTOR_BYTES;

	guard(mutex)(&envm->wear_lock);
	if (!envm->wear)
		return;
	for (; sector < (address + size) / EDGEBERT_ENVM_SECTOR_BYTES; sector++)
		envm->wear[sector] = edgebert_envm_read_wear(edev, sector);
}

/* Erases whole sectors with one command. */
int edgebert_envm_erase_chunk(struct edgebert_device *edev, u32 address, u32 size)
{
	int ret = edgebert_envm_command(edev, EDGEBERT_HW_ENVM_ERASE, address, size);

	/* Of a failed one too: some of them may have been. */
	if (ret != -ENODEV)
		edgebert_envm_update_wear(edev, address, size);
	return ret;
}

/* Erases whole sectors.  A fatal signal ends it early: it can be done again from the start. */
int edgebert_envm_erase(struct edgebert_device *edev, u32 address, u32 size)
{
	u32 done, chunk;
	int ret;

	for (done = 0; done < size; done += chunk) {
		edgebert_envm_progress(edev, DRM_EDGEBERT_ENVM_ERASING, done, size);
		ret = edgebert_envm_interrupted(edev, true);
		if (ret)
			return ret;
		chunk = edgebert_envm_chunk(EDGEBERT_HW_ENVM_ERASE, size - done);
		ret = edgebert_envm_erase_chunk(edev, address + done, chunk);
		if (ret)
			return ret;
	}
	return 0;
}

/* Makes whole sectors read-only; the command has no steps, so it is not cut. */
int edgebert_envm_lock_sectors(struct edgebert_device *edev, u32 address, u32 size)
{
	int ret = edgebert_envm_command(edev, EDGEBERT_HW_ENVM_LOCK, address, size);

	if (ret)
		return ret;
	guard(mutex)(&edev->envm.regs_lock);
	bitmap_set(edev->envm.locked, address / EDGEBERT_ENVM_SECTOR_BYTES,
		   size / EDGEBERT_ENVM_SECTOR_BYTES);
	return 0;
}

/* True when a sector of the range is read-only. */
bool edgebert_envm_is_locked(struct edgebert_device *edev, u32 address, u32 size)
{
	u32 end = DIV_ROUND_UP(address + size, EDGEBERT_ENVM_SECTOR_BYTES);

	guard(mutex)(&edev->envm.regs_lock);
	return find_next_bit(edev->envm.locked, end, address / EDGEBERT_ENVM_SECTOR_BYTES) < end;
}

/* What error correction met since power-on. */
int edgebert_envm_ecc(struct edgebert_device *edev, u32 *corrected, u32 *failed)
{
	guard(mutex)(&edev->envm.regs_lock);
	if (edgebert_is_lost(edev))
		return -ENODEV;
	*corrected = edgebert_read(edev, ENVM_ECC_CORRECTED);
	*failed = edgebert_read(edev, ENVM_ECC_FAILED);
	return 0;
}

static int edgebert_envm_read_all_wear(struct edgebert_device *edev)
{
	u32 *wear, i;

	wear = kcalloc(EDGEBERT_ENVM_SECTORS, sizeof(*wear), GFP_KERNEL);
	if (!wear)
		return -ENOMEM;
	for (i = 0; i < EDGEBERT_ENVM_SECTORS; i++) {
		wear[i] = edgebert_envm_read_wear(edev, i);
		if (wear[i] == EDGEBERT_ALL_ONES || edgebert_is_lost(edev)) {
			kfree(wear);
			return -ENODEV;
		}
	}
	edev->envm.wear = wear;
	return 0;
}

/*
 * Erases of the most worn sector, and on average.  Asking the device for all takes
 * milliseconds: done once, on demand, and kept up to date by erases.
 */
int edgebert_envm_wear(struct edgebert_device *edev, u32 *max, u32 *mean)
{
	struct edgebert_envm *envm = &edev->envm;
	u64 sum = 0;
	int ret;
	u32 i;

	guard(mutex)(&envm->wear_lock);
	if (!envm->wear) {
		ret = edgebert_envm_read_all_wear(edev);
		if (ret)
			return ret;
	}
	*max = 0;
	for (i = 0; i < EDGEBERT_ENVM_SECTORS; i++) {
		*max = max(*max, envm->wear[i]);
		sum += envm->wear[i];
	}
	*mean = div_u64(sum, EDGEBERT_ENVM_SECTORS);
	return 0;
}

/* The device says that an operation has ended. */
void edgebert_envm_irq(struct edgebert_device *edev)
{
	complete(&edev->envm.done);
}

/* Before the device is reset, by whatever means: nothing is started until it has been. */
void edgebert_envm_reset_begin(struct edgebert_device *edev)
{
	mutex_lock(&edev->envm.regs_lock);
	edev->envm.resets++;
}

void edgebert_envm_reset_end(struct edgebert_device *edev)
{
	mutex_unlock(&edev->envm.regs_lock);
	complete(&edev->envm.done);
}

/* The one thing that lifts locks; between edgebert_envm_reset_begin() and _end(). */
void edgebert_envm_function_was_reset(struct edgebert_device *edev)
{
	bitmap_zero(edev->envm.locked, EDGEBERT_ENVM_SECTORS);
}

/* Part of waking up: nobody else uses the command registers, and the command is short. */
static int edgebert_envm_lock_range(struct edgebert_device *edev, u32 start, u32 end)
{
	u32 resets = edgebert_envm_start(edev, EDGEBERT_HW_ENVM_LOCK,
					 start * EDGEBERT_ENVM_SECTOR_BYTES,
					 (end - start) * EDGEBERT_ENVM_SECTOR_BYTES);
	int tries, ret = -EINPROGRESS;

	for (tries = 0; ret == -EINPROGRESS && tries < EDGEBERT_ENVM_LOCK_TRIES; tries++) {
		ret = edgebert_envm_poll(edev, EDGEBERT_HW_ENVM_LOCK, resets);
		if (ret == -EINPROGRESS)
			usleep_range(100, 1000);
	}
	return ret;
}

/* After sleep, which to those who set locks is no reset, even if it is to the device. */
void edgebert_envm_lock_again(struct edgebert_device *edev)
{
	struct edgebert_envm *envm = &edev->envm;
	unsigned int start, end;
	int ret;

	if (!envm->usable)
		return;
	for_each_set_bitrange(start, end, envm->locked, EDGEBERT_ENVM_SECTORS) {
		ret = edgebert_envm_lock_range(edev, start, end);
		if (ret)
			drm_err(&edev->drm, "eNVM sectors %u to %u are not locked again: %d\n",
				start, end - 1, ret);
	}
}
