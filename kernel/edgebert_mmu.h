/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Page tables of one device address space.
 */
#ifndef EDGEBERT_MMU_H
#define EDGEBERT_MMU_H

#include <linux/scatterlist.h>
#include <linux/types.h>

#include "edgebert_hw.h"

struct edgebert_device;

#define EDGEBERT_MMU_DIRECTORIES	4
#define EDGEBERT_MMU_TABLES		(EDGEBERT_MMU_DIRECTORIES * EDGEBERT_HW_TABLE_ENTRIES)

struct edgebert_mmu_table {
	__le64 *entries;
	dma_addr_t dma;
};

/**
 * struct edgebert_mmu - page tables
 * @directories: the top level, always there
 * @tables: the second level by address / 2 MiB, allocated on first use
 */
struct edgebert_mmu {
	struct edgebert_mmu_table directories[EDGEBERT_MMU_DIRECTORIES];
	struct edgebert_mmu_table *tables;
};

int edgebert_mmu_init(struct edgebert_device *edev, struct edgebert_mmu *mmu);
void edgebert_mmu_fini(struct edgebert_device *edev, struct edgebert_mmu *mmu);
int edgebert_mmu_map(struct edgebert_device *edev, struct edgebert_mmu *mmu, u32 address, u64 size,
		     struct sg_table *sgt, bool writable);
void edgebert_mmu_unmap(struct edgebert_mmu *mmu, u32 address, u64 size);

#if IS_ENABLED(CONFIG_KUNIT)
bool edgebert_mmu_fits(struct sg_table *sgt, u64 size);
void edgebert_mmu_enter(struct edgebert_mmu *mmu, u32 address, u64 size, struct sg_table *sgt,
			bool writable);
#endif

#endif /* EDGEBERT_MMU_H */
