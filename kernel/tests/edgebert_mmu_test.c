// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page tables: which entries a mapping writes, which it leaves alone, and what can be mapped.
 */
#include <linux/sizes.h>

#include "../edgebert_mmu.h"
#include "edgebert_kunit.h"

#define PAGE	EDGEBERT_HW_PAGE_SIZE
#define TABLE	SZ_2M
/* Flags of entries that the device may read, and may write as well. */
#define READ_ENTRY	EDGEBERT_HW_PTE_VALID
#define WRITE_ENTRY	(EDGEBERT_HW_PTE_VALID | EDGEBERT_HW_PTE_WRITE)

struct memory {
	struct edgebert_mmu mmu;
	struct sg_table sgt;
	struct scatterlist sgl[3];
};

static int edgebert_mmu_test_init(struct kunit *test)
{
	struct memory *memory = kunit_kzalloc(test, sizeof(*memory), GFP_KERNEL);

	if (!memory)
		return -ENOMEM;
	memory->mmu.tables = kunit_kcalloc(test, EDGEBERT_MMU_TABLES, sizeof(*memory->mmu.tables),
					   GFP_KERNEL);
	if (!memory->mmu.tables)
		return -ENOMEM;
	sg_init_table(memory->sgl, ARRAY_SIZE(memory->sgl));
	memory->sgt.sgl = memory->sgl;
	test->priv = memory;
	return 0;
}

/* The table for an address; the driver allocates it for the device. */
static void add_table(struct kunit *test, u32 address)
{
	struct memory *memory = test->priv;
	struct edgebert_mmu_table *table = &memory->mmu.tables[address / TABLE];

	table->entries = kunit_kcalloc(test, EDGEBERT_HW_TABLE_ENTRIES, sizeof(__le64), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, table->entries);
}

static void add_memory(struct memory *memory, dma_addr_t address, unsigned int bytes)
{
	struct scatterlist *sg = &memory->sgl[memory->sgt.nents++];

	sg_dma_address(sg) = address;
	sg_dma_len(sg) = bytes;
	sg->length = bytes;
}

static u64 entry(struct memory *memory, u32 address)
{
	return le64_to_cpu(memory->mmu.tables[address / TABLE].entries[address % TABLE / PAGE]);
}

/* Over the end of one table, of which the neighbours stay as they are; then away again. */
static void edgebert_mmu_range(struct kunit *test)
{
	struct memory *memory = test->priv;
	u32 address = 3 * TABLE - 2 * PAGE;

	add_table(test, address);
	add_table(test, 3 * TABLE);
	add_memory(memory, 0x10000000, 2 * PAGE);
	add_memory(memory, 0xfffffff000, PAGE);
	add_memory(memory, 0x20000000, 4 * PAGE);
	edgebert_mmu_enter(&memory->mmu, address, 5 * PAGE, &memory->sgt, true);
	KUNIT_EXPECT_EQ(test, entry(memory, address - PAGE), 0);
	KUNIT_EXPECT_EQ(test, entry(memory, address), 0x10000000 | WRITE_ENTRY);
	KUNIT_EXPECT_EQ(test, entry(memory, address + PAGE), 0x10001000 | WRITE_ENTRY);
	KUNIT_EXPECT_EQ(test, entry(memory, address + 2 * PAGE), 0xfffffff000 | WRITE_ENTRY);
	KUNIT_EXPECT_EQ(test, entry(memory, address + 3 * PAGE), 0x20000000 | WRITE_ENTRY);
	KUNIT_EXPECT_EQ(test, entry(memory, address + 4 * PAGE), 0x20001000 | WRITE_ENTRY);
	/* There is more memory than the buffer says it has. */
	KUNIT_EXPECT_EQ(test, entry(memory, address + 5 * PAGE), 0);

	edgebert_mmu_unmap(&memory->mmu, address + PAGE, 3 * PAGE);
	KUNIT_EXPECT_EQ(test, entry(memory, address), 0x10000000 | WRITE_ENTRY);
	KUNIT_EXPECT_EQ(test, entry(memory, address + PAGE), 0);
	KUNIT_EXPECT_EQ(test, entry(memory, address + 2 * PAGE), 0);
	KUNIT_EXPECT_EQ(test, entry(memory, address + 3 * PAGE), 0);
	KUNIT_EXPECT_EQ(test, entry(memory, address + 4 * PAGE), 0x20001000 | WRITE_ENTRY);
}

static void edgebert_mmu_read_only(struct kunit *test)
{
	struct memory *memory = test->priv;

	add_table(test, 0);
	add_memory(memory, 0x10000000, PAGE);
	edgebert_mmu_enter(&memory->mmu, 0x10000, PAGE, &memory->sgt, false);
	KUNIT_EXPECT_EQ(test, entry(memory, 0x10000), 0x10000000 | READ_ENTRY);
}

/* The last page of the last table: the end of the range is beyond 32 bits. */
static void edgebert_mmu_last_page(struct kunit *test)
{
	struct memory *memory = test->priv;
	u32 address = 0u - 2 * PAGE;

	add_table(test, address);
	add_memory(memory, EDGEBERT_HW_PTE_ADDRESS - PAGE, 2 * PAGE);
	KUNIT_EXPECT_TRUE(test, edgebert_mmu_fits(&memory->sgt, 2 * PAGE));
	edgebert_mmu_enter(&memory->mmu, address, 2 * PAGE, &memory->sgt, true);
	KUNIT_EXPECT_EQ(test, entry(memory, address - PAGE), 0);
	KUNIT_EXPECT_EQ(test, entry(memory, address),
			(EDGEBERT_HW_PTE_ADDRESS - PAGE) | WRITE_ENTRY);
	KUNIT_EXPECT_EQ(test, entry(memory, address + PAGE), EDGEBERT_HW_PTE_ADDRESS | WRITE_ENTRY);
	edgebert_mmu_unmap(&memory->mmu, address, 2 * PAGE);
	KUNIT_EXPECT_EQ(test, entry(memory, address), 0);
	KUNIT_EXPECT_EQ(test, entry(memory, address + PAGE), 0);
}

/* Memory of others need not be what the device can map. */
static void edgebert_mmu_foreign(struct kunit *test)
{
	struct memory *memory = test->priv;
	struct scatterlist *last = &memory->sgl[1];

	add_memory(memory, 0x10000000, PAGE);
	add_memory(memory, 0x20000000, PAGE);
	KUNIT_EXPECT_TRUE(test, edgebert_mmu_fits(&memory->sgt, PAGE));
	KUNIT_EXPECT_TRUE(test, edgebert_mmu_fits(&memory->sgt, 2 * PAGE));
	KUNIT_EXPECT_FALSE(test, edgebert_mmu_fits(&memory->sgt, 2 * PAGE + 1));
	sg_dma_len(last) = PAGE / 2;
	KUNIT_EXPECT_FALSE(test, edgebert_mmu_fits(&memory->sgt, PAGE));
	sg_dma_len(last) = PAGE;
	sg_dma_address(last) = 0x20000800;
	KUNIT_EXPECT_FALSE(test, edgebert_mmu_fits(&memory->sgt, PAGE));
	sg_dma_address(last) = 1ull << 52;
	KUNIT_EXPECT_FALSE(test, edgebert_mmu_fits(&memory->sgt, PAGE));
	memory->sgt.nents = 0;
	KUNIT_EXPECT_FALSE(test, edgebert_mmu_fits(&memory->sgt, 1));
}

static struct kunit_case edgebert_mmu_cases[] = {
	KUNIT_CASE(edgebert_mmu_range),
	KUNIT_CASE(edgebert_mmu_read_only),
	KUNIT_CASE(edgebert_mmu_last_page),
	KUNIT_CASE(edgebert_mmu_foreign),
	{ }
};

struct kunit_suite edgebert_mmu_suite = {
	.name = "edgebert_mmu",
	.init = edgebert_mmu_test_init,
	.test_cases = edgebert_mmu_cases,
};
