// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page tables of the device's MMU.
 *
 * The kernel alone writes them, into coherent memory that the device reads at any time.
 * Tables stay until the address space ends; its owner serialises all calls.
 */
#include <kunit/visibility.h>
#include <linux/dma-mapping.h>
#include <linux/slab.h>

#include <drm/drm_print.h>

#include "edgebert_device.h"
#include "edgebert_mmu.h"

#define EDGEBERT_MMU_TABLE_BYTES	(EDGEBERT_HW_TABLE_ENTRIES * sizeof(__le64))
#define EDGEBERT_MMU_TABLE_SHIFT	21	/* of an address, to get its table's number */

static int edgebert_mmu_table_alloc(struct edgebert_device *edev, struct edgebert_mmu_table *table)
{
	table->entries = dma_alloc_coherent(edev->drm.dev, EDGEBERT_MMU_TABLE_BYTES, &table->dma,
					    GFP_KERNEL | __GFP_NOWARN);
	return table->entries ? 0 : -ENOMEM;
}

static void edgebert_mmu_table_free(struct edgebert_device *edev, struct edgebert_mmu_table *table)
{
	if (table->entries)
		dma_free_coherent(edev->drm.dev, EDGEBERT_MMU_TABLE_BYTES, table->entries,
				  table->dma);
}

int edgebert_mmu_init(struct edgebert_device *edev, struct edgebert_mmu *mmu)
{
	int i, ret;

	mmu->tables = kvzalloc_objs(*mmu->tables, EDGEBERT_MMU_TABLES, GFP_KERNEL_ACCOUNT);
	if (!mmu->tables)
		return -ENOMEM;
	for (i = 0; i < EDGEBERT_MMU_DIRECTORIES; i++) {
		ret = edgebert_mmu_table_alloc(edev, &mmu->directories[i]);
		if (ret) {
			edgebert_mmu_fini(edev, mmu);
			return ret;
		}
	}
	return 0;
}

void edgebert_mmu_fini(struct edgebert_device *edev, struct edgebert_mmu *mmu)
{
	int i;

	for (i = 0; i < EDGEBERT_MMU_TABLES; i++)
		edgebert_mmu_table_free(edev, &mmu->tables[i]);
	for (i = 0; i < EDGEBERT_MMU_DIRECTORIES; i++)
		edgebert_mmu_table_free(edev, &mmu->directories[i]);
	kvfree(mmu->tables);
	memset(mmu, 0, sizeof(*mmu));
}

static int edgebert_mmu_add_table(struct edgebert_device *edev, struct edgebert_mmu *mmu,
				  u32 number)
{
	struct edgebert_mmu_table *table = &mmu->tables[number];
	__le64 *directory = mmu->directories[number / EDGEBERT_HW_TABLE_ENTRIES].entries;
	int ret;

	if (table->entries)
		return 0;
	ret = edgebert_mmu_table_alloc(edev, table);
	if (ret)
		return ret;
	/* The device may see the table as soon as it is entered; it is all zero. */
	dma_wmb();
	WRITE_ONCE(directory[number % EDGEBERT_HW_TABLE_ENTRIES],
		   cpu_to_le64(table->dma | EDGEBERT_HW_PTE_VALID));
	return 0;
}

static void edgebert_mmu_set(struct edgebert_mmu *mmu, u32 address, u64 entry)
{
	__le64 *entries = mmu->tables[address >> EDGEBERT_MMU_TABLE_SHIFT].entries;

	WRITE_ONCE(entries[(address >> EDGEBERT_HW_PAGE_SHIFT) % EDGEBERT_HW_TABLE_ENTRIES],
		   cpu_to_le64(entry));
}

/* Foreign memory need not be in whole pages of the device, or as much as its size says. */
VISIBLE_IF_KUNIT bool edgebert_mmu_fits(struct sg_table *sgt, u64 size)
{
	struct scatterlist *sg;
	u64 total = 0;
	int i;

	for_each_sgtable_dma_sg(sgt, sg, i) {
		if ((sg_dma_address(sg) | sg_dma_len(sg)) % EDGEBERT_HW_PAGE_SIZE ||
		    sg_dma_address(sg) & ~EDGEBERT_HW_PTE_ADDRESS)
			return false;
		total += sg_dma_len(sg);
	}
	return total >= size;
}
EXPORT_SYMBOL_IF_KUNIT(edgebert_mmu_fits);

/* Writes the entries; the tables are there. */
VISIBLE_IF_KUNIT void edgebert_mmu_enter(struct edgebert_mmu *mmu, u32 address, u64 size,
					 struct sg_table *sgt, bool writable)
{
	u64 flags = EDGEBERT_HW_PTE_VALID | (writable ? EDGEBERT_HW_PTE_WRITE : 0);
	u64 next = address, behind = address + size;
	struct scatterlist *sg;
	int i;

	for_each_sgtable_dma_sg(sgt, sg, i) {
		dma_addr_t page = sg_dma_address(sg), end = page + sg_dma_len(sg);

		for (; page < end && next < behind; page += EDGEBERT_HW_PAGE_SIZE) {
			edgebert_mmu_set(mmu, next, page | flags);
			next += EDGEBERT_HW_PAGE_SIZE;
		}
	}
}
EXPORT_SYMBOL_IF_KUNIT(edgebert_mmu_enter);

/*
 * Maps @size bytes of @sgt, which is mapped for DMA, at @address.  The range must be free.
 * Whatever can fail happens before anything is mapped.
 */
int edgebert_mmu_map(struct edgebert_device *edev, struct edgebert_mmu *mmu, u32 address, u64 size,
		     struct sg_table *sgt, bool writable)
{
	u32 number, last = (address + size - 1) >> EDGEBERT_MMU_TABLE_SHIFT;
	int ret;

	if (!edgebert_mmu_fits(sgt, size)) {
		drm_dbg(&edev->drm, "memory is not in whole pages, or less than %llu bytes\n",
			size);
		return -EINVAL;
	}
	for (number = address >> EDGEBERT_MMU_TABLE_SHIFT; number <= last; number++) {
		ret = edgebert_mmu_add_table(edev, mmu, number);
		if (ret)
			return ret;
	}
	edgebert_mmu_enter(mmu, address, size, sgt, writable);
	/* Before any doorbell. */
	dma_wmb();
	return 0;
}

/* The device may use what it remembers of the entries until its next CONTEXT_UPDATE. */
void edgebert_mmu_unmap(struct edgebert_mmu *mmu, u32 address, u64 size)
{
	u64 offset;

	for (offset = 0; offset < size; offset += EDGEBERT_HW_PAGE_SIZE)
		edgebert_mmu_set(mmu, address + offset, 0);
	dma_wmb();
}
EXPORT_SYMBOL_IF_KUNIT(edgebert_mmu_unmap);
