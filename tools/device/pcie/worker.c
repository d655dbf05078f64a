// SPDX-License-Identifier: MIT
/*
 * The worker thread: takes jobs off the ring, runs them on the core, reports them; between
 * jobs it makes the steps of eNVM operations.
 *
 * device->lock is held here except around what takes time: host memory, the core, and
 * waiting for modelled time to pass.  After each of these a reset may have happened;
 * what was being done is then dropped without a trace.
 */
#include <string.h>
#include <time.h>

#include "tools/device/pcie/context.h"

/* A paced job does not go to sleep for less. */
#define PACE_STEP_NS	1000000
/* How often an idle device looks at a temperature that matters. */
#define THERMAL_STEP_NS	100000000

static bool runnable(const struct eb_device *device)
{
	return device->enabled && device->head != device->tail;
}

static bool envm_step_due(const struct eb_device *device)
{
	return device->envm_operation.busy && !device->envm_operation.hung;
}

/* A record for a job that the core never saw. */
static void record_unexecuted(const struct eb_device *device, const struct edgebert_hw_job *job,
			      int status, struct edgebert_hw_completion *record)
{
	memset(record, 0, sizeof(*record));
	memset(record->entropies, 0xff, sizeof(record->entropies));
	record->cookie = job->cookie;
	record->context = job->context;
	record->status = status;
	record->operating_point = device->registers[EB_REG(DVFS_CURRENT) / 4];
}

static struct eb_core_limits current_limits(struct eb_device *device)
{
	uint32_t window = device->registers[EB_REG(DVFS_WINDOW) / 4];

	eb_thermal_update(device);
	return (struct eb_core_limits) {
		.window_low = window & 0xff,
		.window_high = window >> 8 & 0xff,
		.default_point = device->registers[EB_REG(DVFS_DEFAULT) / 4],
		.points_withheld = device->point_count - 1 - eb_thermal_highest_point(device),
	};
}

/* Loads the job's context; lock not held. */
static int prepare_context(struct eb_job_memory *memory)
{
	int status;

	if (!eb_gate_enter(&memory->device->gate)) {
		memory->table_failed = true;
		return EDGEBERT_HW_BUS_ERROR;
	}
	status = eb_context_load(memory);
	eb_gate_leave(&memory->device->gate);
	return status;
}

/* Or until the context is aborted, or a reset or the end comes; false: an abort. */
static bool wait_until(struct eb_device *device, uint64_t end, uint32_t context)
{
	struct timespec deadline = { .tv_sec = end / 1000000000, .tv_nsec = end % 1000000000 };

	while (!device->stopping && !device->reset_pending && eb_now_ns() < end) {
		if (device->contexts[context].aborted)
			return false;
		pthread_cond_timedwait(&device->work, &device->lock, &deadline);
	}
	return true;
}

/*
 * Called by the core before each command; lock not held.  A paced job that is ahead of its
 * modelled time waits here, so that what the host can see of it comes at that time.
 */
static void progress(void *opaque, uint32_t commands, uint64_t cycles, uint64_t time_ns)
{
	struct eb_job_memory *memory = opaque;
	struct eb_device *device = memory->device;
	uint64_t due = memory->began_ns + time_ns;
	bool hangs = memory->hang_after == commands;

	if (device->paced && due > eb_now_ns() + PACE_STEP_NS) {
		pthread_mutex_lock(&device->lock);
		wait_until(device, due, memory->context);
		pthread_mutex_unlock(&device->lock);
	}
	atomic_store(&device->executing_commands, commands);
	atomic_store(&device->executing_cycles, cycles);
	if (hangs || atomic_load(&device->faults.dead)) {
		pthread_mutex_lock(&device->lock);
		if (hangs)
			eb_fault_hang(device, memory->context);
		eb_fault_alive(device);
		pthread_mutex_unlock(&device->lock);
	}
}

static void run_on_core(struct eb_device *device, const struct edgebert_hw_job *job,
			struct eb_job_memory *memory, struct edgebert_hw_completion *record)
{
	const struct eb_core_memory callbacks = {
		.opaque = memory,
		.read = eb_mmu_read,
		.write = eb_mmu_write,
		.progress = progress,
		/*
		 * No map_read: a pointer into host memory would outlive the gate, so a
		 * CONTEXT_UPDATE or a reset could not promise that accesses have ended.
		 */
	};
	struct eb_core_limits limits = current_limits(device);

	pthread_mutex_unlock(&device->lock);
	eb_core_set_limits(device->core, &limits);
	eb_core_execute(device->core, job, &callbacks, record);
	pthread_mutex_lock(&device->lock);
}

/* Makes the job last as long as it would on the modelled part, and by a delay on demand. */
static void pace(struct eb_device *device, const struct eb_job_memory *memory,
		 struct edgebert_hw_completion *record)
{
	uint64_t now = eb_now_ns();
	uint64_t end = device->paced ? memory->began_ns + record->time_ns : now;

	atomic_store(&device->executing_cycles, record->cycles);
	if (eb_fault_fires(device, EB_FAULT_DELAY, memory->context))
		end = (end > now ? end : now) +
		      device->faults.kinds[EB_FAULT_DELAY].value * 1000000;
	if (end > now && !wait_until(device, end, memory->context))
		record->status = EDGEBERT_HW_ABORTED;
	eb_fault_alive(device);
}

/* What a job that begins now will meet. */
static void choose_faults(struct eb_device *device, struct eb_job_memory *memory)
{
	const struct eb_fault *kinds = device->faults.kinds;

	if (eb_fault_fires(device, EB_FAULT_HANG_JOB, memory->context))
		memory->hang_after = kinds[EB_FAULT_HANG_JOB].value;
	if (eb_fault_fires(device, EB_FAULT_MMU, memory->context)) {
		memory->fail_access = kinds[EB_FAULT_MMU].value;
		memory->fail_status = kinds[EB_FAULT_MMU].detail;
	}
}

static void execute_prepared(struct eb_device *device, const struct edgebert_hw_job *job,
			     struct eb_job_memory *memory, struct edgebert_hw_completion *record)
{
	uint64_t start_ns = record->start_ns;

	memory->began_ns = device->power_on_ns + start_ns;
	device->executing = true;
	device->executing_context = job->context;
	device->executing_job = job;
	choose_faults(device, memory);
	eb_core_abort_clear(device->core);
	run_on_core(device, job, memory, record);
	record->start_ns = start_ns;
	pace(device, memory, record);
	device->executing = false;
	device->executing_context = EB_NO_CONTEXT;
	device->executing_job = NULL;
	/* From here the counters have it, or a reset has taken it away. */
	atomic_store(&device->executing_commands, 0);
}

/* Fills the record; false: a fatal error or a reset leaves nothing to report. */
static bool execute(struct eb_device *device, const struct edgebert_hw_job *job,
		    struct edgebert_hw_completion *record)
{
	static _Thread_local struct eb_job_memory memory;
	uint64_t start_ns = eb_device_time(device);
	int status = EDGEBERT_HW_BAD_CONTEXT;

	if (job->context < EDGEBERT_HW_CONTEXT_COUNT) {
		uint64_t table = device->rings.context_table;

		pthread_mutex_unlock(&device->lock);
		eb_job_memory_init(&memory, device, job->context, table);
		status = prepare_context(&memory);
		pthread_mutex_lock(&device->lock);
		if (device->reset_pending)
			return false;
		/* Aborted contexts answer before anything of them is looked at. */
		if (device->contexts[job->context].aborted)
			status = EDGEBERT_HW_ABORTED;
	}
	record_unexecuted(device, job, status, record);
	record->start_ns = start_ns;
	if (status == EDGEBERT_HW_OK)
		execute_prepared(device, job, &memory, record);
	if (device->reset_pending)
		return false;
	if (status != EDGEBERT_HW_ABORTED && job->context < EDGEBERT_HW_CONTEXT_COUNT &&
	    memory.table_failed) {
		eb_fatal(device, EDGEBERT_HW_FATAL_CONTEXT_TABLE);
		return false;
	}
	/* Equal only if nothing of the job was executed, whatever the clock's resolution. */
	record->end_ns = start_ns;
	if (status == EDGEBERT_HW_OK) {
		record->end_ns = eb_device_time(device);
		record->end_ns += record->end_ns == start_ns;
	}
	return true;
}

static void count(struct eb_device *device, const struct edgebert_hw_completion *record)
{
	struct eb_counters *counters = &device->counters;

	eb_thermal_heat(device, record->time_ns, record->energy_pj);
	counters->jobs++;
	if (record->status == EDGEBERT_HW_ABORTED)
		counters->aborts++;
	else if (record->status != EDGEBERT_HW_OK)
		counters->faults++;
	counters->cycles += record->cycles;
	atomic_store(&device->executing_cycles, 0);
	counters->busy_ns += record->time_ns;
	counters->energy_pj += record->energy_pj;
	for (unsigned int i = 0; i < EDGEBERT_HW_BLOCK_COUNT; i++)
		counters->block_pj[i] += record->block_energy_pj[i];
	if (record->exit_layer >= 1 && record->exit_layer <= EDGEBERT_HW_LAYERS_MAX)
		counters->exits[record->exit_layer - 1]++;
	counters->transitions += record->transitions;
	device->registers[EB_REG(DVFS_CURRENT) / 4] = record->operating_point;
}

static void write_record(struct eb_device *device, struct edgebert_hw_completion *record)
{
	uint32_t slot = device->completed % device->rings.entries;
	uint64_t address = device->rings.complete_base + (uint64_t)slot * sizeof(*record);
	int error;

	record->sequence = device->completed + 1;
	eb_fault_corrupt(device, record);
	if (eb_fault_fires(device, EB_FAULT_LOSE_RECORD, record->context)) {
		device->completed++;
		return;
	}
	pthread_mutex_unlock(&device->lock);
	error = eb_ring_complete(device, address, record);
	pthread_mutex_lock(&device->lock);
	if (device->reset_pending)
		return;
	if (error) {
		eb_fatal(device, EDGEBERT_HW_FATAL_COMPLETE_RING);
		return;
	}
	device->completed++;
	eb_interrupt_cause(device, EDGEBERT_HW_IRQ_COMPLETION);
}

static void report(struct eb_device *device, struct edgebert_hw_completion *record)
{
	bool repeated = eb_fault_fires(device, EB_FAULT_REPEAT_RECORD, record->context);

	count(device, record);
	write_record(device, record);
	if (repeated && !device->reset_pending && device->fatal_code == EDGEBERT_HW_FATAL_NONE)
		write_record(device, record);
}

static void run_next_job(struct eb_device *device)
{
	uint32_t slot = device->head % device->rings.entries;
	struct edgebert_hw_completion record;
	struct edgebert_hw_job job;
	uint64_t address = device->rings.submit_base + (uint64_t)slot * sizeof(job);
	int error;

	pthread_mutex_unlock(&device->lock);
	error = eb_ring_fetch(device, address, &job);
	pthread_mutex_lock(&device->lock);
	if (device->reset_pending)
		return;
	if (error) {
		eb_fatal(device, EDGEBERT_HW_FATAL_SUBMIT_RING);
		return;
	}
	eb_ring_add_queue_time(device, device->head, &job);
	/* While the job was fetched the doorbell may have been moved back to it. */
	device->head++;
	if (eb_rings_overflow(device)) {
		eb_fatal(device, EDGEBERT_HW_FATAL_DOORBELL);
		return;
	}
	eb_fault_before_job(device, job.context);
	if (!eb_fault_alive(device) || device->fatal_code != EDGEBERT_HW_FATAL_NONE)
		return;
	if (execute(device, &job, &record))
		report(device, &record);
}

/* A temperature that goes on changing may end a limit, which the host is told. */
static void wait_for_work(struct eb_device *device)
{
	uint64_t end = eb_now_ns() + THERMAL_STEP_NS;
	struct timespec deadline = { .tv_sec = end / 1000000000, .tv_nsec = end % 1000000000 };

	if (!eb_thermal_unsettled(device)) {
		pthread_cond_wait(&device->work, &device->lock);
		return;
	}
	pthread_cond_timedwait(&device->work, &device->lock, &deadline);
	eb_thermal_update(device);
}

void *eb_worker(void *opaque)
{
	struct eb_device *device = opaque;

	pthread_mutex_lock(&device->lock);
	while (!device->stopping) {
		/* A reset that is pending here is held by a fault on demand. */
		if (device->reset_pending || device->faults.dead ||
		    (!runnable(device) && !envm_step_due(device))) {
			wait_for_work(device);
			continue;
		}
		device->working = true;
		/* In turns, so that neither waits for all of the other. */
		if (envm_step_due(device))
			eb_envm_step(device);
		if (runnable(device) && !device->reset_pending && !device->stopping)
			run_next_job(device);
		device->working = false;
		atomic_store(&device->executing_cycles, 0);
		if (device->reset_pending)
			eb_reset_finish(device);
	}
	pthread_mutex_unlock(&device->lock);
	return NULL;
}
