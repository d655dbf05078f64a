// SPDX-License-Identifier: GPL-2.0-only
/*
 * How much memory the buffers of one open file take, and may take.
 *
 * Buffers are pinned from their creation, so without a limit any user could take all of the
 * machine's memory.  What control groups allow limits them as well.
 */
#include <kunit/visibility.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/slab.h>

#include "edgebert_compat.h"
#include "edgebert_memory.h"

static int memory_limit_mb = -1;
module_param(memory_limit_mb, int, 0644);
MODULE_PARM_DESC(memory_limit_mb,
		 "MiB that the buffers of one open file may take (0: no limit; default -1: half of the machine's)");

/* What a value of the parameter means for a machine with so much memory. */
VISIBLE_IF_KUNIT u64 edgebert_memory_limit_of(int limit_mb, u64 machine_bytes)
{
	return limit_mb < 0 ? machine_bytes >> 1 : (u64)limit_mb << 20;
}
EXPORT_SYMBOL_IF_KUNIT(edgebert_memory_limit_of);

/* In bytes; 0: none. */
u64 edgebert_memory_limit(void)
{
	return edgebert_memory_limit_of(READ_ONCE(memory_limit_mb),
					(u64)totalram_pages() << PAGE_SHIFT);
}

struct edgebert_memory *edgebert_memory_create(void)
{
	struct edgebert_memory *memory = kzalloc_obj(*memory, GFP_KERNEL_ACCOUNT);

	if (memory)
		kref_init(&memory->refcount);
	return memory;
}

struct edgebert_memory *edgebert_memory_get(struct edgebert_memory *memory)
{
	kref_get(&memory->refcount);
	return memory;
}

static void edgebert_memory_release(struct kref *kref)
{
	kfree(container_of(kref, struct edgebert_memory, refcount));
}

void edgebert_memory_put(struct edgebert_memory *memory)
{
	kref_put(&memory->refcount, edgebert_memory_release);
}

/* -EDQUOT: that would be more than the limit, if there is one. */
VISIBLE_IF_KUNIT int edgebert_memory_charge_within(struct edgebert_memory *memory, u64 bytes,
						   u64 limit)
{
	if ((u64)atomic64_add_return(bytes, &memory->bytes) > limit && limit) {
		atomic64_sub(bytes, &memory->bytes);
		return -EDQUOT;
	}
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(edgebert_memory_charge_within);

int edgebert_memory_charge(struct edgebert_memory *memory, u64 bytes)
{
	return edgebert_memory_charge_within(memory, bytes, edgebert_memory_limit());
}

void edgebert_memory_uncharge(struct edgebert_memory *memory, u64 bytes)
{
	atomic64_sub(bytes, &memory->bytes);
}
EXPORT_SYMBOL_IF_KUNIT(edgebert_memory_uncharge);
