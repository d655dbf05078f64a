// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dumps of the device's state when a job hangs or the device fails, as a devcoredump.
 *
 * Registers, rings and the oldest job are copied at once, without waiting for memory, which
 * may wait for the very job.  The text is made from them by a work, with what may take its
 * time: the job's commands and a summary of its address space.  Of other users' jobs there
 * is nothing in it but that they exist.
 */
#include <linux/devcoredump.h>
#include <linux/highmem.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include <drm/drm_print.h>

#include "edgebert_context.h"
#include "edgebert_coredump.h"
#include "edgebert_device.h"
#include "edgebert_gem.h"
#include "edgebert_job.h"
#include "edgebert_regs.h"
#include "edgebert_vm.h"

#define EDGEBERT_COREDUMP_BYTES		SZ_256K
#define EDGEBERT_COREDUMP_COMMANDS	1024
#define EDGEBERT_COREDUMP_MAPPINGS	256

#define EDGEBERT_COREDUMP_REGISTER(name)	{ #name, EDGEBERT_HW_REG_##name }

static const struct {
	const char *name;
	u32 offset;
} edgebert_coredump_registers[] = {
	EDGEBERT_COREDUMP_REGISTER(ID),
	EDGEBERT_COREDUMP_REGISTER(VERSION),
	EDGEBERT_COREDUMP_REGISTER(CAPABILITIES),
	EDGEBERT_COREDUMP_REGISTER(LIMITS),
	EDGEBERT_COREDUMP_REGISTER(TIME_LO),
	EDGEBERT_COREDUMP_REGISTER(TIME_HI),
	EDGEBERT_COREDUMP_REGISTER(CONTROL),
	EDGEBERT_COREDUMP_REGISTER(STATUS),
	EDGEBERT_COREDUMP_REGISTER(CONTEXT_UPDATE_BUSY),
	EDGEBERT_COREDUMP_REGISTER(RING_ORDER),
	EDGEBERT_COREDUMP_REGISTER(SUBMIT_HEAD),
	EDGEBERT_COREDUMP_REGISTER(COMPLETE_TAIL),
	EDGEBERT_COREDUMP_REGISTER(IRQ_STATUS),
	EDGEBERT_COREDUMP_REGISTER(IRQ_ENABLE),
	EDGEBERT_COREDUMP_REGISTER(DVFS_WINDOW),
	EDGEBERT_COREDUMP_REGISTER(DVFS_DEFAULT),
	EDGEBERT_COREDUMP_REGISTER(DVFS_CURRENT),
	EDGEBERT_COREDUMP_REGISTER(DVFS_TRANSITIONS),
	EDGEBERT_COREDUMP_REGISTER(DVFS_THERMAL_MAX),
	EDGEBERT_COREDUMP_REGISTER(TEMPERATURE),
	EDGEBERT_COREDUMP_REGISTER(COUNT_CYCLES),
	EDGEBERT_COREDUMP_REGISTER(COUNT_JOBS),
	EDGEBERT_COREDUMP_REGISTER(COUNT_FAULTS),
	EDGEBERT_COREDUMP_REGISTER(COUNT_ABORTS),
	EDGEBERT_COREDUMP_REGISTER(ENVM_STATUS),
};

/* A job in the ring; of those of others only the cookie is shown. */
struct edgebert_coredump_job {
	u64 cookie;
	u64 sequence;
	u64 queue;
	bool own;
};

struct edgebert_coredump {
	struct work_struct work;
	struct edgebert_device *edev;
	const char *reason;
	u64 time_ns;
	u32 registers[ARRAY_SIZE(edgebert_coredump_registers)];
	u32 tail;
	u32 completed;
	u32 aborting;
	u32 job_count;
	struct edgebert_coredump_job jobs[EDGEBERT_RING_ENTRIES];
	/* The oldest job, the first of @jobs. */
	u64 started_ns;
	struct edgebert_hw_job desc;
	struct edgebert_vm *vm;			/* referenced */
	struct edgebert_mapping *stream;	/* referenced, or NULL */
};

/* The buffer of the job that its stream begins in, referenced, or NULL. */
static struct edgebert_mapping *edgebert_coredump_stream(const struct edgebert_job *job)
{
	u32 address = le32_to_cpu(job->desc.stream_address);
	struct edgebert_mapping *mapping;
	u32 i;

	for (i = 0; i < job->buffer_count; i++) {
		mapping = job->buffers[i].mapping;
		if (address >= mapping->node.start &&
		    address - mapping->node.start < mapping->bo->base.base.size) {
			kref_get(&mapping->refcount);
			return mapping;
		}
	}
	return NULL;
}

/* False when there is no job to blame. */
static bool edgebert_coredump_copy_jobs(struct edgebert_coredump *dump)
{
	struct edgebert_ring *ring = &dump->edev->ring;
	struct edgebert_coredump_job *entry;
	struct edgebert_job *oldest, *job;

	scoped_guard(spinlock_irqsave, &ring->lock) {
		oldest = list_first_entry_or_null(&ring->active, struct edgebert_job, active);
		if (!oldest)
			return false;
		dump->tail = ring->tail;
		dump->completed = ring->completed;
		dump->aborting = ring->aborting;
		dump->started_ns = oldest->started_ns;
		dump->desc = oldest->desc;
		dump->vm = edgebert_vm_get(oldest->context->vm);
		dump->stream = edgebert_coredump_stream(oldest);
		list_for_each_entry(job, &ring->active, active) {
			if (dump->job_count == ARRAY_SIZE(dump->jobs))
				break;
			entry = &dump->jobs[dump->job_count++];
			entry->cookie = job->cookie;
			entry->sequence = job->sequence;
			entry->queue = job->context->entity.fence_context;
			entry->own = job->context->vm == dump->vm;
		}
	}
	return true;
}

static void edgebert_coredump_print_state(struct drm_printer *p,
					  const struct edgebert_coredump *dump)
{
	const struct edgebert_coredump_job *entry;
	u32 i;

	drm_printf(p, "EdgeBERT device dump, version 1\n");
	drm_printf(p, "device: %s\n", dev_name(dump->edev->drm.dev));
	drm_printf(p, "reason: %s\n", dump->reason);
	drm_printf(p, "time_ns: %llu\n", dump->time_ns);
	drm_printf(p, "resets: %d\n", atomic_read(&dump->edev->recovery.reset_count));
	drm_printf(p, "registers:\n");
	for (i = 0; i < ARRAY_SIZE(dump->registers); i++)
		drm_printf(p, "  0x%04x %s 0x%08x\n", edgebert_coredump_registers[i].offset,
			   edgebert_coredump_registers[i].name, dump->registers[i]);
	drm_printf(p, "ring: %u written, %u completed, space %u being aborted\n", dump->tail,
		   dump->completed, dump->aborting);
	for (i = 0; i < dump->job_count; i++) {
		entry = &dump->jobs[i];
		if (entry->own)
			drm_printf(p, "  cookie %llu queue %llu sequence %llu\n", entry->cookie,
				   entry->queue, entry->sequence);
		else
			drm_printf(p, "  cookie %llu of another user\n", entry->cookie);
	}
}

static void edgebert_coredump_print_job(struct drm_printer *p,
					const struct edgebert_coredump *dump)
{
	const struct edgebert_hw_job *desc = &dump->desc;
	int i;

	drm_printf(p, "job: cookie %llu queue %llu sequence %llu space %u\n",
		   dump->jobs[0].cookie, dump->jobs[0].queue, dump->jobs[0].sequence,
		   le16_to_cpu(desc->context));
	drm_printf(p, "  started_ns: %llu\n", dump->started_ns);
	drm_printf(p, "  flags: 0x%x\n", le16_to_cpu(desc->flags));
	drm_printf(p, "  stream: address 0x%08x, %u commands, beginning with %u\n",
		   le32_to_cpu(desc->stream_address), le32_to_cpu(desc->stream_commands),
		   le32_to_cpu(desc->first_command));
	drm_printf(p, "  sequence_length: %u\n", le16_to_cpu(desc->sequence_length));
	drm_printf(p, "  entropy_threshold: %d\n", (s16)le16_to_cpu(desc->entropy_threshold));
	drm_printf(p, "  exit_layer_limit: %u\n", desc->exit_layer_limit);
	drm_printf(p, "  operating_point: %u, window %u..%u\n", desc->operating_point,
		   desc->window_low, desc->window_high);
	drm_printf(p, "  envm_base: 0x%x\n", le32_to_cpu(desc->envm_base));
	for (i = 0; i < EDGEBERT_HW_SEGMENTS; i++)
		drm_printf(p, "  segment %d: 0x%08x\n", i, le32_to_cpu(desc->segments[i]));
}

static void edgebert_coredump_print_space(struct drm_printer *p, struct edgebert_vm *vm)
{
	struct edgebert_mapping *mapping;
	u32 tables = 0, shown = 0, i;

	guard(mutex)(&vm->lock);
	if (vm->revoked)
		return;
	for (i = 0; i < EDGEBERT_MMU_TABLES; i++)
		tables += !!vm->mmu.tables[i].entries;
	drm_printf(p, "space: %u tables, %zu mappings\n", tables, list_count_nodes(&vm->mappings));
	list_for_each_entry(mapping, &vm->mappings, vm_entry) {
		if (shown++ == EDGEBERT_COREDUMP_MAPPINGS)
			break;
		drm_printf(p, "  0x%08llx %zu bytes %s%s\n", mapping->node.start,
			   mapping->bo->base.base.size, mapping->writable ? "rw" : "ro",
			   drm_gem_is_imported(&mapping->bo->base.base) ? " imported" : "");
	}
}

/* One command, which does not cross a page. */
static void edgebert_coredump_print_command(struct drm_printer *p, struct edgebert_bo *bo,
					    u32 number, u64 offset)
{
	__le32 words[sizeof(struct edgebert_hw_command) / sizeof(__le32)];
	char line[ARRAY_SIZE(words) * 9 + 1];
	size_t i;

	memcpy_from_page((char *)words, bo->base.pages[offset >> PAGE_SHIFT],
			 offset_in_page(offset), sizeof(words));
	for (i = 0; i < ARRAY_SIZE(words); i++)
		snprintf(line + 9 * i, sizeof(line) - 9 * i, " %08x", le32_to_cpu(words[i]));
	drm_printf(p, "  %u:%s\n", number, line);
}

/* As they are now; the mapping keeps the buffer's pages pinned. */
static void edgebert_coredump_print_commands(struct drm_printer *p,
					     const struct edgebert_coredump *dump)
{
	u32 number = le32_to_cpu(dump->desc.first_command), shown = 0;
	u32 address = le32_to_cpu(dump->desc.stream_address);
	struct edgebert_bo *bo;
	u64 offset;

	if (!dump->stream || drm_gem_is_imported(&dump->stream->bo->base.base)) {
		drm_printf(p, "commands: not in a buffer of the job, or in an imported one\n");
		return;
	}
	drm_printf(p, "commands:\n");
	bo = dump->stream->bo;
	for (; number < le32_to_cpu(dump->desc.stream_commands); number++) {
		offset = address - dump->stream->node.start +
			 (u64)number * sizeof(struct edgebert_hw_command);
		if (offset >= bo->base.base.size || shown++ == EDGEBERT_COREDUMP_COMMANDS)
			break;
		edgebert_coredump_print_command(p, bo, number, offset);
	}
	if (number < le32_to_cpu(dump->desc.stream_commands))
		drm_printf(p, "  and more\n");
}

static void edgebert_coredump_free(struct edgebert_coredump *dump)
{
	if (dump->stream)
		edgebert_mapping_put(dump->stream);
	edgebert_vm_put(dump->vm);
	kfree(dump);
}

static void edgebert_coredump_work(struct work_struct *work)
{
	struct edgebert_coredump *dump = container_of(work, struct edgebert_coredump, work);
	struct drm_print_iterator iterator = { .remain = EDGEBERT_COREDUMP_BYTES };
	struct drm_printer p = drm_coredump_printer(&iterator);

	iterator.data = vmalloc(EDGEBERT_COREDUMP_BYTES);
	if (iterator.data) {
		edgebert_coredump_print_state(&p, dump);
		edgebert_coredump_print_job(&p, dump);
		edgebert_coredump_print_space(&p, dump->vm);
		edgebert_coredump_print_commands(&p, dump);
		/* Takes over the memory, and forgets it if there is a dump already. */
		dev_coredumpv(dump->edev->drm.dev, iterator.data,
			      EDGEBERT_COREDUMP_BYTES - iterator.remain, GFP_KERNEL);
	}
	edgebert_coredump_free(dump);
}

/* Before anything is done about a job that hangs or a device that failed; it is awake. */
void edgebert_coredump_take(struct edgebert_device *edev, const char *reason)
{
	struct edgebert_coredump *dump;
	size_t i;

	lockdep_assert_held(&edev->recovery.lock);
	dump = kzalloc(sizeof(*dump), GFP_NOWAIT | __GFP_NOWARN);
	if (!dump)
		return;
	INIT_WORK(&dump->work, edgebert_coredump_work);
	dump->edev = edev;
	dump->reason = reason;
	dump->time_ns = ktime_get_ns();
	for (i = 0; i < ARRAY_SIZE(dump->registers); i++)
		dump->registers[i] = edgebert_read_offset(edev,
							  edgebert_coredump_registers[i].offset);
	if (!edgebert_coredump_copy_jobs(dump)) {
		kfree(dump);
		return;
	}
	queue_work(edev->cleanup_wq, &dump->work);
}
