// SPDX-License-Identifier: MIT
/*
 * The reference backend: the device core in this process.  Each job gets its own
 * address space with nothing but its buffers, laid out in whole pages as the kernel
 * would, so that jobs meet the same faults and give the same bits as on a device.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/backend.h"
#include "lib/envm_image.h"
#include "lib/clock.h"
#include "tools/device/core/core.h"

#define CORES_MAX 64

/* What the core carries out; the virtual device says the same. */
#define REFERENCE_CAPABILITIES (EDGEBERT_HW_CAP_ENVM_READ | EDGEBERT_HW_CAP_AUTONOMOUS_DVFS)

struct reference_backend {
	struct eb_backend_device device;
	struct eb_envm_image envm_image;	/* no contents: the eNVM is erased */
	pthread_mutex_t lock;
	pthread_cond_t core_returned;
	struct eb_core *idle[CORES_MAX];
	uint32_t idle_count, core_count;
	uint32_t threads;		/* of each core */
	struct eb_device_counters counters;
	uint64_t energy_pj;		/* counters.energy_uj, unrounded */
};

/* A buffer as a job sees it. */
struct region {
	uint32_t address;
	size_t size;			/* whole pages */
	size_t backed;			/* bytes with contents; the rest reads as zero */
	const uint8_t *readable;
	uint8_t *writable;		/* NULL: read only */
};

struct address_space {
	uint32_t region_count;
	struct region regions[1 + EDGEBERT_HW_SEGMENTS];
};

static size_t whole_pages(size_t size)
{
	return (size + EDGEBERT_HW_PAGE_SIZE - 1) & ~(size_t)(EDGEBERT_HW_PAGE_SIZE - 1);
}

static const struct region *find_region(const struct address_space *space, uint32_t address)
{
	for (uint32_t i = 0; i < space->region_count; i++) {
		const struct region *region = &space->regions[i];

		if (address >= region->address && address - region->address < region->size)
			return region;
	}
	return NULL;
}

static int read_memory(void *opaque, uint32_t address, void *destination, size_t size)
{
	const struct region *region = find_region(opaque, address);
	size_t offset, backed;

	/* Regions are apart by at least a page, so no access spans two of them. */
	if (!region || size > region->size - (address - region->address))
		return EDGEBERT_HW_PAGE_NOT_MAPPED;
	offset = address - region->address;
	backed = offset < region->backed ? region->backed - offset : 0;
	if (backed > size)
		backed = size;
	memcpy(destination, region->readable + offset, backed);
	memset((uint8_t *)destination + backed, 0, size - backed);
	return EDGEBERT_HW_OK;
}

static int write_memory(void *opaque, uint32_t address, const void *source, size_t size)
{
	const struct region *region = find_region(opaque, address);

	if (!region || size > region->size - (address - region->address))
		return EDGEBERT_HW_PAGE_NOT_MAPPED;
	if (!region->writable)
		return EDGEBERT_HW_PAGE_READ_ONLY;
	memcpy(region->writable + (address - region->address), source, size);
	return EDGEBERT_HW_OK;
}

static const void *map_memory(void *opaque, uint32_t address, size_t *size)
{
	const struct region *region = find_region(opaque, address);
	size_t available;

	if (!region || address - region->address >= region->backed)
		return NULL;
	available = region->backed - (address - region->address);
	if (available < *size)
		*size = available;
	return region->readable + (address - region->address);
}

/* Returns the buffer's address in the job's space, 0 for none. */
static uint32_t map_buffer(struct address_space *space, const struct eb_buffer *buffer)
{
	struct region *region = &space->regions[space->region_count];
	const struct region *last = region - 1;

	if (!buffer)
		return 0;
	region->address = EDGEBERT_HW_PAGE_SIZE;
	if (space->region_count)
		region->address += last->address + (uint32_t)last->size;
	region->size = whole_pages(buffer->size);
	region->readable = buffer->data ? buffer->data : buffer->contents;
	region->writable = buffer->data;
	region->backed = buffer->data ? region->size : buffer->size;
	space->region_count++;
	return region->address;
}

/* NULL: errno says why. */
static struct eb_core *create_core(const char *profile, uint32_t threads)
{
	struct eb_core *core = eb_core_create(profile);
	int error;

	if (!core || eb_core_set_threads(core, threads))
		return core;
	error = errno;
	eb_core_destroy(core);
	errno = error;
	return NULL;
}

/* Each core has an eNVM of its own, with the same contents. */
static void load_envm(struct eb_core *core, const struct eb_envm_image *image)
{
	if (image->contents)
		memcpy(eb_core_envm(core), image->contents, image->header.bytes);
}

static struct eb_core *take_core(struct reference_backend *backend)
{
	struct eb_core *core = NULL;

	pthread_mutex_lock(&backend->lock);
	while (!backend->idle_count && backend->core_count >= backend->device.parallel_jobs)
		pthread_cond_wait(&backend->core_returned, &backend->lock);
	if (backend->idle_count) {
		core = backend->idle[--backend->idle_count];
	} else {
		core = create_core(backend->device.info.profile, backend->threads);
		if (core) {
			load_envm(core, &backend->envm_image);
			backend->core_count++;
		}
	}
	pthread_mutex_unlock(&backend->lock);
	return core;
}

static void return_core(struct reference_backend *backend, struct eb_core *core,
			const struct edgebert_hw_completion *completion)
{
	struct eb_device_counters *counters = &backend->counters;

	pthread_mutex_lock(&backend->lock);
	backend->idle[backend->idle_count++] = core;
	counters->jobs++;
	counters->faults += completion->status != EDGEBERT_HW_OK;
	counters->cycles += completion->cycles;
	counters->busy_ns += completion->time_ns;
	backend->energy_pj += completion->energy_pj;
	pthread_cond_signal(&backend->core_returned);
	pthread_mutex_unlock(&backend->lock);
}

static void fill_descriptor(struct edgebert_hw_job *descriptor, struct address_space *space,
			    const struct eb_job *job, uint32_t point_count)
{
	descriptor->stream_address = map_buffer(space, job->stream);
	descriptor->stream_commands = job->command_count;
	descriptor->first_command = job->first_command;
	descriptor->sequence_length = job->sequence_length;
	descriptor->entropy_threshold = (uint16_t)job->entropy_threshold;
	descriptor->exit_layer_limit = job->exit_layer_limit;
	descriptor->operating_point = job->operating_point;
	if (job->autonomous) {
		descriptor->flags = EDGEBERT_HW_JOB_AUTONOMOUS;
		descriptor->target_latency_us = job->target_latency_us;
		if (job->target_start_ns)
			descriptor->elapsed_us = eb_elapsed_us(job->target_start_ns);
	}
	descriptor->window_high = (uint8_t)(point_count - 1);
	for (size_t i = 0; i < EDGEBERT_HW_SEGMENTS; i++)
		descriptor->segments[i] = map_buffer(space, job->segments[i]);
}

static enum eb_status reference_run(struct eb_backend_device *device, const struct eb_job *job,
				    struct eb_job_result *result)
{
	struct reference_backend *backend = (struct reference_backend *)device;
	struct address_space space = { 0 };
	const struct eb_core_memory memory = {
		.opaque = &space,
		.read = read_memory,
		.write = write_memory,
		.map_read = map_memory,
	};
	struct edgebert_hw_completion completion = { 0 };
	struct edgebert_hw_job descriptor = { 0 };
	struct eb_core *core;

	core = take_core(backend);
	if (!core)
		return eb_fail(EB_OUT_OF_MEMORY, "no memory for another device core");
	fill_descriptor(&descriptor, &space, job, device->info.operating_point_count);
	result->started_ns = eb_time_ns();
	eb_core_execute(core, &descriptor, &memory, &completion);
	result->ended_ns = eb_time_ns();
	return_core(backend, core, &completion);

	result->status = completion.status;
	result->fault_command = completion.fault_command;
	result->fault_address = completion.fault_address;
	result->exit_layer = completion.exit_layer;
	result->operating_point = completion.operating_point;
	result->layers_assessed = completion.layers_assessed;
	result->predicted_layer = completion.predicted_layer;
	result->throttled = completion.throttled;
	result->transitions = completion.transitions;
	result->cycles = completion.cycles;
	result->time_ns = completion.time_ns;
	result->energy_pj = completion.energy_pj;
	memcpy(result->entropies, completion.entropies, sizeof(result->entropies));
	return completion.status == EDGEBERT_HW_OK ? EB_OK : EB_DEVICE_FAULT;
}

static enum eb_status reference_buffer_create(struct eb_backend_device *device, size_t size,
					      struct eb_buffer *ret_buffer)
{
	void *data = mmap(NULL, whole_pages(size), PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)device;
	if (data == MAP_FAILED)
		return eb_fail(EB_OUT_OF_MEMORY, "no memory for a buffer of %zu bytes", size);
	*ret_buffer = (struct eb_buffer){ .size = size, .data = data };
	return EB_OK;
}

static enum eb_status reference_buffer_upload(struct eb_backend_device *device,
					      const void *contents, size_t size,
					      struct eb_buffer *ret_buffer)
{
	(void)device;
	*ret_buffer = (struct eb_buffer){
		.size = size, .device_read_only = true, .contents = contents,
	};
	return EB_OK;
}

static void reference_buffer_destroy(struct eb_backend_device *device, struct eb_buffer *buffer)
{
	(void)device;
	if (buffer->data)
		munmap(buffer->data, whole_pages(buffer->size));
	memset(buffer, 0, sizeof(*buffer));
}

static enum eb_status reference_get_window(struct eb_backend_device *device,
					   struct eb_window *ret_window)
{
	ret_window->low = 0;
	ret_window->high = device->info.operating_point_count - 1;
	return EB_OK;
}

static enum eb_status reference_get_counters(struct eb_backend_device *device,
					     struct eb_device_counters *counters)
{
	struct reference_backend *backend = (struct reference_backend *)device;

	pthread_mutex_lock(&backend->lock);
	*counters = backend->counters;
	counters->energy_uj = backend->energy_pj / 1000000;
	pthread_mutex_unlock(&backend->lock);
	return EB_OK;
}

static void reference_destroy(struct eb_backend_device *device)
{
	struct reference_backend *backend = (struct reference_backend *)device;

	while (backend->idle_count)
		eb_core_destroy(backend->idle[--backend->idle_count]);
	eb_envm_image_free(&backend->envm_image);
	pthread_cond_destroy(&backend->core_returned);
	pthread_mutex_destroy(&backend->lock);
	free(backend);
}

/* As a driver would answer that has the image in a slot. */
static enum eb_status reference_envm_get_info(struct eb_backend_device *device,
					      struct eb_envm_info *info)
{
	const struct eb_envm_image *image = &((struct reference_backend *)device)->envm_image;

	info->active_slot = EB_ENVM_SLOT_NONE;
	info->slot_bytes[EB_ENVM_SLOT_A] = EDGEBERT_HW_ENVM_SLOT_A_BYTES;
	info->slot_bytes[EB_ENVM_SLOT_B] = EDGEBERT_HW_ENVM_SLOT_B_BYTES;
	info->slot_bytes[EB_ENVM_SLOT_WHOLE] = EDGEBERT_HW_ENVM_SLOT_WHOLE_BYTES;
	if (!image->contents)
		return EB_OK;
	info->generation = 1;
	info->active_slot = image->header.bytes > EDGEBERT_HW_ENVM_SLOT_A_BYTES ?
		EB_ENVM_SLOT_WHOLE : EB_ENVM_SLOT_A;
	info->image_bytes = image->header.bytes;
	eb_envm_id_text(image->header.id, info->image_id);
	snprintf(info->image_name, sizeof(info->image_name), "%s",
		 (const char *)image->header.name);
	return EB_OK;
}

static const struct eb_backend_ops reference_ops = {
	.destroy = reference_destroy,
	.buffer_create = reference_buffer_create,
	.buffer_upload = reference_buffer_upload,
	.buffer_destroy = reference_buffer_destroy,
	.run = reference_run,
	.get_window = reference_get_window,
	.get_counters = reference_get_counters,
	.envm_get_info = reference_envm_get_info,
};

static void fill_info(struct eb_device_info *info, const struct eb_core *core)
{
	struct eb_core_operating_point points[EDGEBERT_HW_OPERATING_POINTS_MAX];
	size_t count = eb_core_operating_points(core, points);

	info->backend = EB_BACKEND_REFERENCE;
	strcpy(info->path, "reference");
	info->hardware_version = EDGEBERT_HW_VERSION_MAJOR << 16 | EDGEBERT_HW_VERSION_MINOR;
	info->capabilities = REFERENCE_CAPABILITIES;
	snprintf(info->profile, sizeof(info->profile), "%s", eb_core_profile(core));
	info->data_buffer_bytes = EDGEBERT_HW_DATA_BUFFER_BYTES;
	info->aux_buffer_bytes = EDGEBERT_HW_AUX_BUFFER_BYTES;
	info->envm_bytes = EDGEBERT_HW_ENVM_BYTES;
	info->operating_point_count = (uint32_t)count;
	for (size_t i = 0; i < count; i++) {
		info->operating_points[i] = (struct eb_operating_point){
			points[i].khz, points[i].millivolt, points[i].microwatt,
		};
	}
}

/* Names the profiles there are: nothing else tells a user. */
static enum eb_status unknown_profile(const char *profile)
{
	char names[128] = "";
	size_t length = 0;

	for (const char *const *name = eb_core_profile_names(); *name; name++) {
		int added = snprintf(names + length, sizeof(names) - length, "%s%s",
				     length ? ", " : "", *name);

		if (added < 0 || (size_t)added >= sizeof(names) - length)
			break;
		length += (size_t)added;
	}
	return eb_fail(EB_INVALID_ARGUMENT, "there is no device profile \"%s\"; there are: %s",
		       profile, names);
}

/* As many as keep the processors busy. */
static uint32_t parallel_jobs(uint32_t threads)
{
	long jobs = sysconf(_SC_NPROCESSORS_ONLN) / (long)threads;

	return jobs < 1 ? 1 : jobs > CORES_MAX ? CORES_MAX : (uint32_t)jobs;
}

/* The first core tells whether the options can be carried out. */
static enum eb_status create_first_core(const struct eb_device_options *options,
					struct eb_core **ret_core)
{
	uint32_t threads = options->threads;
	struct eb_core *core;

	if (threads > EB_CORE_THREADS_MAX)
		return eb_fail(EB_INVALID_ARGUMENT,
			       "struct eb_device_options: threads is %u; the reference backend takes "
			       "at most %d", threads, EB_CORE_THREADS_MAX);
	threads = threads ? threads : 1;
	core = create_core(options->profile, threads);
	if (!core && errno == ENOENT)
		return unknown_profile(options->profile);
	if (!core && errno == EAGAIN)
		return eb_fail(EB_OUT_OF_MEMORY,
			       "the system starts no %u threads for the reference backend; ask for "
			       "fewer", threads);
	if (!core)
		return eb_fail(EB_OUT_OF_MEMORY, "no memory for the reference backend");
	*ret_core = core;
	return EB_OK;
}

enum eb_status eb_backend_reference_create(const struct eb_device_options *options,
					   struct eb_backend_device **ret_backend)
{
	const uint32_t threads = options->threads ? options->threads : 1;
	struct eb_envm_image image = { 0 };
	struct reference_backend *backend;
	struct eb_core *core = NULL;
	enum eb_status status = EB_OK;

	if (options->envm_image)
		status = eb_envm_image_read(options->envm_image, &image);
	if (!status)
		status = create_first_core(options, &core);
	backend = status ? NULL : calloc(1, sizeof(*backend));
	if (!backend) {
		eb_core_destroy(core);
		eb_envm_image_free(&image);
		return status ? status :
			eb_fail(EB_OUT_OF_MEMORY, "no memory for the reference backend");
	}
	backend->envm_image = image;
	load_envm(core, &image);
	backend->device.ops = &reference_ops;
	backend->device.counts_queues = true;
	backend->device.parallel_jobs = parallel_jobs(threads);
	backend->threads = threads;
	pthread_mutex_init(&backend->lock, NULL);
	pthread_cond_init(&backend->core_returned, NULL);
	fill_info(&backend->device.info, core);
	backend->idle[backend->idle_count++] = core;
	backend->core_count = 1;
	*ret_backend = &backend->device;
	return EB_OK;
}
