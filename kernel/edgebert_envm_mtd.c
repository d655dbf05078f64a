// SPDX-License-Identifier: GPL-2.0-only
/*
 * The eNVM as an MTD device, for raw maintenance: the whole array with its pages, sectors,
 * locks and error statistics, and what the MTD core makes of it (nvmem, read-only).
 *
 * What is in use is as safe from it as from the ioctls: -EBUSY.  Headers that are written
 * here count when the driver is bound the next time.
 */
#include <linux/mtd/mtd.h>

#include <drm/drm_drv.h>
#include <drm/drm_managed.h>
#include <drm/drm_print.h>

#include "edgebert_device.h"
#include "edgebert_envm.h"
#include "edgebert_envm_mtd.h"
#include "edgebert_envm_slot.h"

/**
 * struct edgebert_envm_mtd - the MTD device
 * @mtd: what the MTD core knows
 * @edev: the device, which has this memory for as long as somebody has it open
 * @name: of @mtd
 */
struct edgebert_envm_mtd {
	struct mtd_info mtd;
	struct edgebert_device *edev;
	char name[32];
};

static struct edgebert_device *edgebert_envm_mtd_device(struct mtd_info *mtd)
{
	return container_of(mtd, struct edgebert_envm_mtd, mtd)->edev;
}

/* Statistics are of all reads, those of jobs included.  True: more errors were corrected. */
static bool edgebert_envm_mtd_update_stats(struct mtd_info *mtd)
{
	u32 corrected, failed, before = mtd->ecc_stats.corrected;

	if (edgebert_envm_ecc(edgebert_envm_mtd_device(mtd), &corrected, &failed))
		return false;
	mtd->ecc_stats.corrected = corrected;
	mtd->ecc_stats.failed = failed;
	return corrected != before;
}

static int edgebert_envm_mtd_transfer(struct edgebert_device *edev, u32 command, u32 operation,
				      u32 address, size_t len, size_t *retlen, u_char *buf)
{
	u8 *bounce = edev->envm.bounce;
	u32 chunk;
	int ret;

	for (*retlen = 0; *retlen < len; *retlen += chunk) {
		edgebert_envm_progress(edev, operation, *retlen, len);
		ret = edgebert_envm_interrupted(edev, true);
		if (ret)
			return ret;
		chunk = edgebert_envm_chunk(command, len - *retlen);
		if (command == EDGEBERT_HW_ENVM_PROGRAM)
			memcpy(bounce, buf + *retlen, chunk);
		ret = edgebert_envm_command(edev, command, address + *retlen, chunk);
		if (ret)
			return ret;
		if (command == EDGEBERT_HW_ENVM_READ)
			memcpy(buf + *retlen, bounce, chunk);
	}
	return 0;
}

/* Returns the most wrong bits that were corrected in a word, as MTD wants it. */
static int edgebert_envm_mtd_read(struct mtd_info *mtd, loff_t from, size_t len, size_t *retlen,
				  u_char *buf)
{
	struct edgebert_device *edev = edgebert_envm_mtd_device(mtd);
	bool corrected;
	int ret, idx;

	ret = edgebert_envm_begin(edev, &idx);
	if (ret)
		return ret;
	edgebert_envm_mtd_update_stats(mtd);
	ret = edgebert_envm_mtd_transfer(edev, EDGEBERT_HW_ENVM_READ, DRM_EDGEBERT_ENVM_READING,
					 from, len, retlen, buf);
	corrected = edgebert_envm_mtd_update_stats(mtd);
	edgebert_envm_end(edev, idx);
	return ret ? ret : corrected;
}

static int edgebert_envm_mtd_write(struct mtd_info *mtd, loff_t to, size_t len, size_t *retlen,
				   const u_char *buf)
{
	struct edgebert_device *edev = edgebert_envm_mtd_device(mtd);
	int ret, idx;

	*retlen = 0;
	if (to % EDGEBERT_ENVM_PAGE_BYTES || len % EDGEBERT_ENVM_PAGE_BYTES)
		return -EINVAL;
	ret = edgebert_envm_begin(edev, &idx);
	if (ret)
		return ret;
	ret = edgebert_envm_check_free(edev, to, len);
	if (!ret)
		ret = edgebert_envm_mtd_transfer(edev, EDGEBERT_HW_ENVM_PROGRAM,
						 DRM_EDGEBERT_ENVM_PROGRAMMING, to, len, retlen,
						 (u_char *)buf);
	edgebert_envm_end(edev, idx);
	return ret;
}

static int edgebert_envm_mtd_erase(struct mtd_info *mtd, struct erase_info *instr)
{
	struct edgebert_device *edev = edgebert_envm_mtd_device(mtd);
	int ret, idx;

	instr->fail_addr = MTD_FAIL_ADDR_UNKNOWN;
	if (instr->addr % EDGEBERT_ENVM_SECTOR_BYTES || instr->len % EDGEBERT_ENVM_SECTOR_BYTES)
		return -EINVAL;
	ret = edgebert_envm_begin(edev, &idx);
	if (ret)
		return ret;
	ret = edgebert_envm_check_free(edev, instr->addr, instr->len);
	if (!ret)
		ret = edgebert_envm_erase(edev, instr->addr, instr->len);
	edgebert_envm_end(edev, idx);
	return ret;
}

static int edgebert_envm_mtd_lock(struct mtd_info *mtd, loff_t ofs, u64 len)
{
	struct edgebert_device *edev = edgebert_envm_mtd_device(mtd);
	int ret, idx;

	if (!len || ofs % EDGEBERT_ENVM_SECTOR_BYTES || len % EDGEBERT_ENVM_SECTOR_BYTES)
		return -EINVAL;
	ret = edgebert_envm_begin(edev, &idx);
	if (ret)
		return ret;
	ret = edgebert_envm_lock_sectors(edev, ofs, len);
	edgebert_envm_end(edev, idx);
	return ret;
}

static int edgebert_envm_mtd_is_locked(struct mtd_info *mtd, loff_t ofs, u64 len)
{
	return edgebert_envm_is_locked(edgebert_envm_mtd_device(mtd), ofs, len);
}

/* Whoever has it open may do so for longer than the device is there. */
static int edgebert_envm_mtd_get(struct mtd_info *mtd)
{
	drm_dev_get(&edgebert_envm_mtd_device(mtd)->drm);
	return 0;
}

static void edgebert_envm_mtd_put(struct mtd_info *mtd)
{
	drm_dev_put(&edgebert_envm_mtd_device(mtd)->drm);
}

static void edgebert_envm_mtd_describe(struct edgebert_envm_mtd *emtd)
{
	struct mtd_info *mtd = &emtd->mtd;

	snprintf(emtd->name, sizeof(emtd->name), "edgebert-%s", dev_name(emtd->edev->drm.dev));
	mtd->name = emtd->name;
	mtd->dev.parent = emtd->edev->drm.dev;
	mtd->owner = THIS_MODULE;
	mtd->type = MTD_NORFLASH;
	mtd->flags = MTD_WRITEABLE;
	mtd->size = EDGEBERT_HW_ENVM_BYTES;
	mtd->erasesize = EDGEBERT_ENVM_SECTOR_BYTES;
	mtd->writesize = EDGEBERT_ENVM_PAGE_BYTES;
	mtd->writebufsize = EDGEBERT_ENVM_PAGE_BYTES;
	/* One wrong bit of a word and its check bits. */
	mtd->ecc_strength = 1;
	mtd->ecc_step_size = 8;
	mtd->_read = edgebert_envm_mtd_read;
	mtd->_write = edgebert_envm_mtd_write;
	mtd->_erase = edgebert_envm_mtd_erase;
	mtd->_lock = edgebert_envm_mtd_lock;
	mtd->_is_locked = edgebert_envm_mtd_is_locked;
	mtd->_get_device = edgebert_envm_mtd_get;
	mtd->_put_device = edgebert_envm_mtd_put;
}

/* Without it the device does all it is for, so that nothing depends on success. */
void edgebert_envm_mtd_register(struct edgebert_device *edev)
{
	/* Nobody is to find partitions in it. */
	static const char * const no_parsers[] = { NULL };
	struct edgebert_envm_mtd *emtd;
	int ret = -ENOMEM;

	if (!edev->envm.usable)
		return;
	emtd = drmm_kzalloc(&edev->drm, sizeof(*emtd), GFP_KERNEL);
	if (emtd) {
		emtd->edev = edev;
		edgebert_envm_mtd_describe(emtd);
		ret = mtd_device_parse_register(&emtd->mtd, no_parsers, NULL, NULL, 0);
	}
	if (ret)
		drm_warn(&edev->drm, "no MTD device: %d\n", ret);
	else
		edev->envm.mtd = &emtd->mtd;
}

void edgebert_envm_mtd_unregister(struct edgebert_device *edev)
{
	if (edev->envm.mtd)
		mtd_device_unregister(edev->envm.mtd);
}
