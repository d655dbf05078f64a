/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The embedded non-volatile memory: its command registers, and the images in it.
 */
#ifndef EDGEBERT_ENVM_H
#define EDGEBERT_ENVM_H

#include <linux/bitmap.h>
#include <linux/completion.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include <drm/edgebert_accel.h>

#include "edgebert_hw.h"

struct edgebert_device;
struct edgebert_job;
struct mtd_info;

#define EDGEBERT_ENVM_PAGE_BYTES	256u
#define EDGEBERT_ENVM_SECTOR_BYTES	4096u
#define EDGEBERT_ENVM_SECTORS		(EDGEBERT_HW_ENVM_BYTES / EDGEBERT_ENVM_SECTOR_BYTES)

/*
 * A command is cut so that it has at most 16 steps: between two of them the device may run
 * a job, and only between two commands can the caller be interrupted.
 */
#define EDGEBERT_ENVM_STEPS		16
#define EDGEBERT_ENVM_BOUNCE_BYTES	(EDGEBERT_ENVM_STEPS * EDGEBERT_ENVM_SECTOR_BYTES)

/* Parts of the array, a bit each: what is in use is not to be changed. */
#define EDGEBERT_ENVM_PART_A		BIT(0)
#define EDGEBERT_ENVM_PART_B		BIT(1)
#define EDGEBERT_ENVM_PART_HEADERS	BIT(2)

/**
 * struct edgebert_envm - the eNVM
 * @usable: the command registers work, and the array is as the slots need it
 * @lock: one operation at a time
 * @regs_lock: command registers; also held while the device is reset
 * @done: an operation has ended, or the device was reset
 * @resets: counted, as a reset ends an operation without a word; under @regs_lock
 * @bounce: what commands read and write, coherent; under @lock
 * @bounce_dma: bus address of @bounce
 * @locked: sectors that are read-only until the next function reset; under @regs_lock
 * @wear: erases of each sector, NULL until somebody asked; under @wear_lock
 * @wear_lock: guards @wear
 * @mtd: the same as an MTD device, or NULL
 * @header: which of the two headers counts; under @lock
 * @sequence: highest of any valid header; under @lock
 * @state_lock: guards everything below; interrupts off
 * @active: slot of the active image, or SLOT_NONE
 * @generation: of the active image, 0 if there is none
 * @image: the active image
 * @users: jobs that the device has and that may read parts A and B
 * @operation: enum drm_edgebert_envm_operation
 * @done_bytes: how far the operation has come
 * @total_bytes: how far it goes
 */
struct edgebert_envm {
	bool usable;
	struct mutex lock;
	struct mutex regs_lock;
	struct completion done;
	u32 resets;
	u8 *bounce;
	dma_addr_t bounce_dma;
	DECLARE_BITMAP(locked, EDGEBERT_ENVM_SECTORS);
	u32 *wear;
	struct mutex wear_lock;
	struct mtd_info *mtd;
	u32 header;
	u64 sequence;

	spinlock_t state_lock;
	u32 active;
	u64 generation;
	struct drm_edgebert_envm_image image;
	u32 users[2];
	u32 operation;
	u32 done_bytes;
	u32 total_bytes;
};

int edgebert_envm_init(struct edgebert_device *edev);
int edgebert_envm_begin(struct edgebert_device *edev, int *idx);
void edgebert_envm_end(struct edgebert_device *edev, int idx);
void edgebert_envm_progress(struct edgebert_device *edev, u32 operation, u32 done, u32 total);
int edgebert_envm_interrupted(struct edgebert_device *edev, bool only_killed);
u32 edgebert_envm_chunk(u32 command, u32 left);
int edgebert_envm_command(struct edgebert_device *edev, u32 command, u32 address, u32 size);
int edgebert_envm_erase_chunk(struct edgebert_device *edev, u32 address, u32 size);
int edgebert_envm_erase(struct edgebert_device *edev, u32 address, u32 size);
int edgebert_envm_lock_sectors(struct edgebert_device *edev, u32 address, u32 size);
bool edgebert_envm_is_locked(struct edgebert_device *edev, u32 address, u32 size);
int edgebert_envm_ecc(struct edgebert_device *edev, u32 *corrected, u32 *failed);
int edgebert_envm_wear(struct edgebert_device *edev, u32 *max, u32 *mean);

void edgebert_envm_irq(struct edgebert_device *edev);
void edgebert_envm_reset_begin(struct edgebert_device *edev);
void edgebert_envm_reset_end(struct edgebert_device *edev);
void edgebert_envm_function_was_reset(struct edgebert_device *edev);
void edgebert_envm_lock_again(struct edgebert_device *edev);

#endif /* EDGEBERT_ENVM_H */
