// SPDX-License-Identifier: MIT
/* The in-process driver: buffers, contexts, jobs, results, and planned failures. */
#include "tests/unit/lib/fake_driver.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/clock.h"

#define FAKE_FD 1000
#define FAKE_CONTEXT 7
#define PAGE 4096u

/* ---- memory as the device sees it ---- */

/* A job sees the buffers it lists and nothing else. */
struct job_memory {
	struct fake_driver *driver;
	const struct drm_edgebert_job_buffer *buffers;
	uint32_t count;
};

static struct fake_buffer *find(struct job_memory *memory, uint32_t address, size_t size,
				bool *ret_writable)
{
	for (uint32_t i = 0; i < memory->count; i++) {
		struct fake_buffer *buffer =
			&memory->driver->buffers[memory->buffers[i].handle - 1];

		if (address < buffer->address || address - buffer->address >= buffer->size ||
		    size > buffer->size - (address - buffer->address))
			continue;
		*ret_writable = !(buffer->flags & DRM_EDGEBERT_BO_DEVICE_READ_ONLY);
		return buffer;
	}
	return NULL;
}

static int read_memory(void *opaque, uint32_t address, void *destination, size_t size)
{
	bool writable;
	struct fake_buffer *buffer = find(opaque, address, size, &writable);

	if (!buffer)
		return EDGEBERT_HW_PAGE_NOT_MAPPED;
	memcpy(destination, buffer->memory + (address - buffer->address), size);
	return EDGEBERT_HW_OK;
}

static int write_memory(void *opaque, uint32_t address, const void *source, size_t size)
{
	bool writable = false;
	struct fake_buffer *buffer = find(opaque, address, size, &writable);

	if (!buffer)
		return EDGEBERT_HW_PAGE_NOT_MAPPED;
	if (!writable)
		return EDGEBERT_HW_PAGE_READ_ONLY;
	memcpy(buffer->memory + (address - buffer->address), source, size);
	return EDGEBERT_HW_OK;
}

/* ---- ioctls ---- */

static int answer(struct drm_edgebert_dev_query *query, const void *data, uint32_t size)
{
	if (query->size < size)
		size = query->size;
	memcpy((void *)(uintptr_t)query->pointer, data, size);
	query->size = size;
	return 0;
}

static int query_points(struct fake_driver *driver, struct drm_edgebert_dev_query *query)
{
	struct drm_edgebert_operating_point points[EDGEBERT_HW_OPERATING_POINTS_MAX] = { 0 };
	struct eb_core_operating_point ours[EDGEBERT_HW_OPERATING_POINTS_MAX];
	size_t count = eb_core_operating_points(driver->core, ours);

	for (size_t i = 0; i < count; i++) {
		points[i].khz = ours[i].khz;
		points[i].millivolt = ours[i].millivolt;
		points[i].microwatt = ours[i].microwatt;
	}
	return answer(query, points, (uint32_t)(count * sizeof(points[0])));
}

static int query_dvfs(struct fake_driver *driver, struct drm_edgebert_dev_query *query);

static int query(struct fake_driver *driver, struct drm_edgebert_dev_query *query)
{
	struct drm_edgebert_query_device device = {
		.hw_version = driver->hw_version,
		.capabilities = driver->capabilities,
		.jobs_in_flight_max = driver->jobs_in_flight_max,
		.jobs_per_submit_max = driver->jobs_per_submit_max,
		.data_buffer_bytes = EDGEBERT_HW_DATA_BUFFER_BYTES,
		.aux_buffer_bytes = EDGEBERT_HW_AUX_BUFFER_BYTES,
		.envm_bytes = EDGEBERT_HW_ENVM_BYTES,
	};

	switch (query->type) {
	case DRM_EDGEBERT_QUERY_DEVICE:
		memcpy(device.profile, eb_core_profile(driver->core),
		       strlen(eb_core_profile(driver->core)));
		return answer(query, &device, sizeof(device));
	case DRM_EDGEBERT_QUERY_OPERATING_POINTS:
		return query_points(driver, query);
	case DRM_EDGEBERT_QUERY_TELEMETRY:
		driver->telemetry.jobs += driver->progress;
		return answer(query, &driver->telemetry, sizeof(driver->telemetry));
	case DRM_EDGEBERT_QUERY_DVFS:
		return query_dvfs(driver, query);
	default:
		return -EINVAL;
	}
}

static int bo_create(struct fake_driver *driver, struct drm_edgebert_bo_create *create)
{
	uint32_t address = PAGE;

	if (create->pad || !create->size || create->flags & ~3u)
		return -EINVAL;
	for (uint32_t i = 0; i < FAKE_BUFFERS_MAX; i++) {
		struct fake_buffer *buffer = &driver->buffers[i];

		/* Addresses are used once: stale ones fault instead of hitting a neighbour. */
		if (buffer->address)
			address = buffer->address + (uint32_t)buffer->size + PAGE;
		if (buffer->address)
			continue;
		buffer->used = true;
		buffer->flags = create->flags;
		buffer->address = address;
		buffer->size = (create->size + PAGE - 1) & ~(size_t)(PAGE - 1);
		buffer->memory = aligned_alloc(PAGE, buffer->size);
		memset(buffer->memory, 0, buffer->size);
		driver->read_only_buffers_made += create->flags == DRM_EDGEBERT_BO_DEVICE_READ_ONLY;
		create->handle = i + 1;
		create->device_address = address;
		create->size = buffer->size;
		return 0;
	}
	return -ENOMEM;
}

static struct fake_buffer *by_handle(struct fake_driver *driver, uint32_t handle)
{
	if (!handle || handle > FAKE_BUFFERS_MAX || !driver->buffers[handle - 1].used)
		return NULL;
	return &driver->buffers[handle - 1];
}

static int gem_close(struct fake_driver *driver, const struct drm_gem_close *argument)
{
	struct fake_buffer *buffer = by_handle(driver, argument->handle);

	if (!buffer || argument->pad)
		return -EINVAL;
	buffer->used = false;
	free(buffer->memory);
	buffer->memory = NULL;
	return 0;
}

static int check_buffers(struct fake_driver *driver, const struct drm_edgebert_array *array)
{
	const struct drm_edgebert_job_buffer *buffers = (void *)(uintptr_t)array->array;

	if (array->stride != sizeof(*buffers))
		return -EINVAL;
	for (uint32_t i = 0; i < array->count; i++) {
		struct fake_buffer *buffer = by_handle(driver, buffers[i].handle);

		if (!buffer)
			return -ENOENT;
		if (!(buffers[i].flags & DRM_EDGEBERT_JOB_BUFFER_WRITE) !=
		    !!(buffer->flags & DRM_EDGEBERT_BO_DEVICE_READ_ONLY))
			return -EINVAL;
	}
	return 0;
}

static uint32_t highest_point(const struct fake_driver *driver)
{
	struct eb_core_operating_point points[EDGEBERT_HW_OPERATING_POINTS_MAX];

	return (uint32_t)eb_core_operating_points(driver->core, points) - 1;
}

static uint32_t lesser(uint32_t one, uint32_t other)
{
	return one < other ? one : other;
}

/* What the administrator and the temperature allow, as the hardware is told. */
static void set_limits(struct fake_driver *driver)
{
	uint32_t high = lesser(lesser(driver->window_high, driver->thermal_max),
			       highest_point(driver));
	const struct eb_core_limits limits = {
		.window_low = (uint8_t)lesser(driver->window_low, high),
		.window_high = (uint8_t)high, .default_point = (uint8_t)high,
	};

	eb_core_set_limits(driver->core, &limits);
}

static int query_dvfs(struct fake_driver *driver, struct drm_edgebert_dev_query *query)
{
	const struct drm_edgebert_query_dvfs dvfs = {
		.window_low = driver->window_low,
		.window_high = lesser(driver->window_high, highest_point(driver)),
		.thermal_max = lesser(driver->thermal_max, highest_point(driver)),
	};

	driver->dvfs_queries++;
	return driver->without_dvfs ? -EINVAL : answer(query, &dvfs, sizeof(dvfs));
}

/* Of the target, when the job starts. */
static uint32_t elapsed_us(const struct fake_driver *driver, const struct drm_edgebert_job *job)
{
	return job->target_start_ns ? eb_elapsed_us((uint64_t)job->target_start_ns) +
	       (uint32_t)(driver->queue_ns / 1000) : job->elapsed_us;
}

static void execute(struct fake_driver *driver, const struct drm_edgebert_job *job,
		    struct drm_edgebert_result *result)
{
	struct job_memory job_memory = {
		.driver = driver, .buffers = (void *)(uintptr_t)job->buffers.array,
		.count = job->buffers.count,
	};
	const struct eb_core_memory memory = {
		.opaque = &job_memory, .read = read_memory, .write = write_memory,
	};
	struct edgebert_hw_job descriptor = {
		.stream_address = job->stream_address, .stream_commands = job->stream_commands,
		.first_command = job->first_command, .sequence_length = job->sequence_length,
		.entropy_threshold = (uint16_t)job->entropy_threshold,
		.exit_layer_limit = job->exit_layer_limit,
		.operating_point = job->operating_point, .window_high = 0xff,
		.flags = job->flags & DRM_EDGEBERT_JOB_AUTONOMOUS ? EDGEBERT_HW_JOB_AUTONOMOUS : 0,
		.target_latency_us = job->target_latency_us, .elapsed_us = elapsed_us(driver, job),
	};
	struct edgebert_hw_completion completion;

	memcpy(descriptor.segments, job->segments, sizeof(descriptor.segments));
	set_limits(driver);
	result->queued_ns = eb_time_ns();
	result->started_ns = result->queued_ns + driver->queue_ns;
	eb_core_execute(driver->core, &descriptor, &memory, &completion);
	result->ended_ns = eb_time_ns() + driver->queue_ns;
	result->status = completion.status;
	result->error = completion.status ? -EIO : 0;
	result->fault_command = completion.fault_command;
	result->fault_address = completion.fault_address;
	result->exit_layer = completion.exit_layer;
	result->label = completion.label;
	result->operating_point = completion.operating_point;
	result->layers_assessed = completion.layers_assessed;
	result->predicted_layer = completion.predicted_layer;
	result->throttled = driver->thermal_max < driver->window_high;
	result->transitions = completion.transitions;
	result->cycles = completion.cycles;
	result->time_ns = completion.time_ns;
	result->energy_pj = completion.energy_pj;
	memcpy(result->entropies, completion.entropies, sizeof(result->entropies));
	driver->telemetry.jobs++;
	driver->telemetry.faults += completion.status != 0;
	driver->telemetry.cycles += completion.cycles;
	driver->telemetry.busy_ns += completion.time_ns;
}

static struct drm_edgebert_result *result_of(struct fake_driver *driver, uint64_t sequence)
{
	return &driver->results[sequence % (4 * driver->jobs_in_flight_max)];
}

static int check_job(struct fake_driver *driver, const struct drm_edgebert_job *job)
{
	if (job->pad || job->flags & ~DRM_EDGEBERT_JOB_AUTONOMOUS || job->syncs.count ||
	    (!job->flags && (job->target_latency_us || job->elapsed_us ||
			     job->target_start_ns)) ||
	    (job->target_start_ns && driver->version_minor < 2))
		return -EINVAL;
	if (driver->refused_tokens && job->sequence_length == driver->refused_tokens)
		return -E2BIG;
	return check_buffers(driver, &job->buffers);
}

/* All jobs are accepted, or none. */
static int check_submit(struct fake_driver *driver, const struct drm_edgebert_submit *submit)
{
	const struct drm_edgebert_job *jobs = (void *)(uintptr_t)submit->jobs.array;
	int error = 0;

	if (submit->context_id < FAKE_CONTEXT ||
	    submit->context_id >= FAKE_CONTEXT + driver->contexts_made)
		return -ENOENT;
	if (submit->context_id == driver->banned_context)
		return -EIO;
	if (submit->flags || !submit->jobs.count || submit->jobs.stride != sizeof(*jobs) ||
	    submit->jobs.count > driver->jobs_per_submit_max)
		return -EINVAL;
	for (uint32_t i = 0; i < submit->jobs.count && !error; i++)
		error = check_job(driver, &jobs[i]);
	if (!error && driver->in_flight + submit->jobs.count > driver->jobs_in_flight_max)
		return -EBUSY;
	return error;
}

static void run_job(struct fake_driver *driver, struct drm_edgebert_job *job)
{
	struct drm_edgebert_result *result;

	if (++driver->in_flight > driver->in_flight_most)
		driver->in_flight_most = driver->in_flight;
	job->sequence = ++driver->submitted;
	result = result_of(driver, job->sequence);
	memset(result, 0, sizeof(*result));
	execute(driver, job, result);
	result->sequence = job->sequence;
	if (driver->cancels) {
		driver->cancels--;
		result->error = -ECANCELED;
	}
	if (driver->result_error) {
		result->error = driver->result_error;
		result->status = driver->result_status;
	}
}

static int submit(struct fake_driver *driver, const struct drm_edgebert_submit *submit)
{
	struct drm_edgebert_job *jobs = (void *)(uintptr_t)submit->jobs.array;
	int error = check_submit(driver, submit);

	if (error)
		return error;
	for (uint32_t i = 0; i < submit->jobs.count && driver->jobs_until_lost; i++)
		driver->lost |= !--driver->jobs_until_lost;
	if (driver->lost)
		return -ENODEV;
	driver->submits++;
	if (submit->jobs.count > driver->largest_submit)
		driver->largest_submit = submit->jobs.count;
	for (uint32_t i = 0; i < submit->jobs.count; i++)
		run_job(driver, &jobs[i]);
	return 0;
}

static int job_result(struct fake_driver *driver, struct drm_edgebert_job_result *argument)
{
	struct drm_edgebert_result *result = result_of(driver, argument->sequence);

	if (argument->context_id < FAKE_CONTEXT || result->sequence != argument->sequence)
		return -ENOENT;
	if (argument->timeout_ns <= 0 || argument->size != sizeof(*result))
		return -EINVAL;
	if (driver->withholds)
		return -ETIMEDOUT;
	if (driver->in_flight_most < driver->withheld_until && driver->withheld_times) {
		driver->withheld_times--;
		return -ETIMEDOUT;
	}
	if (argument->sequence == driver->slow_result && driver->slow_times) {
		driver->slow_times--;
		return -ETIMEDOUT;
	}
	if (driver->timeouts) {
		driver->timeouts--;
		return -ETIMEDOUT;
	}
	memcpy((void *)(uintptr_t)argument->pointer, result, sizeof(*result));
	result->sequence = 0;
	driver->in_flight--;
	return 0;
}

static int get_version(const struct fake_driver *driver, struct drm_version *version)
{
	size_t length = strlen(driver->name);

	memcpy(version->name, driver->name,
	       length < version->name_len ? length : version->name_len);
	version->name_len = length;
	version->version_major = driver->version_major;
	version->version_minor = driver->version_minor;
	version->version_patchlevel = 3;
	return 0;
}

static int context_create(struct fake_driver *driver, struct drm_edgebert_context_create *create)
{
	if (create->flags || create->pad || create->operating_point_high != UINT32_MAX)
		return -EINVAL;
	driver->contexts++;
	create->context_id = FAKE_CONTEXT + driver->contexts_made++;
	driver->lost = driver->lost_after_opening;
	return 0;
}

static int envm_info(const struct fake_driver *driver,
		     const struct drm_edgebert_envm_query *query)
{
	static const uint8_t none[16];
	struct drm_edgebert_envm_info info = { .active_slot = DRM_EDGEBERT_ENVM_SLOT_NONE };

	if (memcmp(driver->image_id, none, sizeof(none))) {
		info.generation = 1;
		info.active_slot = DRM_EDGEBERT_ENVM_SLOT_A;
		memcpy(info.image.id, driver->image_id, sizeof(info.image.id));
		info.image.bytes = PAGE;
	}
	if (query->pad || query->size < sizeof(info))
		return -EINVAL;
	memcpy((void *)(uintptr_t)query->pointer, &info, sizeof(info));
	return 0;
}

static int dispatch(struct fake_driver *driver, unsigned long request, void *argument)
{
	struct drm_edgebert_bo_mmap_offset *offset = argument;

	switch (request) {
	case DRM_IOCTL_VERSION:
		return get_version(driver, argument);
	case DRM_IOCTL_EDGEBERT_DEV_QUERY:
		return query(driver, argument);
	case DRM_IOCTL_EDGEBERT_BO_CREATE:
		return bo_create(driver, argument);
	case DRM_IOCTL_EDGEBERT_BO_MMAP_OFFSET:
		offset->offset = (uint64_t)offset->handle * PAGE;
		return by_handle(driver, offset->handle) ? 0 : -ENOENT;
	case DRM_IOCTL_GEM_CLOSE:
		return gem_close(driver, argument);
	case DRM_IOCTL_EDGEBERT_CONTEXT_CREATE:
		return context_create(driver, argument);
	case DRM_IOCTL_EDGEBERT_CONTEXT_DESTROY:
		driver->contexts--;
		return 0;
	case DRM_IOCTL_EDGEBERT_ENVM_INFO:
		return envm_info(driver, argument);
	case DRM_IOCTL_EDGEBERT_SUBMIT:
		return submit(driver, argument);
	case DRM_IOCTL_EDGEBERT_JOB_RESULT:
		return job_result(driver, argument);
	default:
		return -ENOTTY;
	}
}

/* ---- system calls ---- */

static int fake_open(void *opaque, const char *path)
{
	struct fake_driver *driver = opaque;

	(void)path;
	if (driver->open_error)
		return -driver->open_error;
	if (driver->lost)
		return -ENODEV;
	driver->open_files++;
	return FAKE_FD;
}

static void fake_close(void *opaque, int fd)
{
	struct fake_driver *driver = opaque;

	driver->open_files -= fd == FAKE_FD;
}

static int fake_ioctl(void *opaque, int fd, unsigned long request, void *argument)
{
	struct fake_driver *driver = opaque;
	int result;

	if (fd != FAKE_FD)
		return -EBADF;
	pthread_mutex_lock(&driver->lock);
	if (driver->lost && request != DRM_IOCTL_GEM_CLOSE &&
	    request != DRM_IOCTL_EDGEBERT_CONTEXT_DESTROY) {
		result = -ENODEV;
	} else if (driver->interrupted < driver->interruptions) {
		result = driver->interrupted++ % 2 ? -EAGAIN : -EINTR;
	} else {
		driver->interrupted = 0;
		result = driver->failing_request == request ? -driver->error :
			 dispatch(driver, request, argument);
	}
	pthread_mutex_unlock(&driver->lock);
	return result;
}

static int fake_map(void *opaque, int fd, uint64_t offset, size_t size, void **ret_data)
{
	struct fake_driver *driver = opaque;
	struct fake_buffer *buffer;
	int result = -EINVAL;

	(void)fd;
	pthread_mutex_lock(&driver->lock);
	buffer = by_handle(driver, (uint32_t)(offset / PAGE));
	if (buffer && size <= buffer->size) {
		buffer->mappings++;
		*ret_data = buffer->memory;
		result = 0;
	}
	pthread_mutex_unlock(&driver->lock);
	return result;
}

static void fake_unmap(void *opaque, void *data, size_t size)
{
	struct fake_driver *driver = opaque;

	(void)size;
	pthread_mutex_lock(&driver->lock);
	for (uint32_t i = 0; i < FAKE_BUFFERS_MAX; i++)
		driver->buffers[i].mappings -= driver->buffers[i].memory == data;
	pthread_mutex_unlock(&driver->lock);
}

void fake_driver_open(struct fake_driver *driver)
{
	*driver = (struct fake_driver){
		.system = {
			.opaque = driver, .open = fake_open, .close = fake_close,
			.ioctl = fake_ioctl, .map = fake_map, .unmap = fake_unmap,
		},
		.capabilities = EDGEBERT_HW_CAP_ENVM_READ | EDGEBERT_HW_CAP_AUTONOMOUS_DVFS |
				EDGEBERT_HW_CAP_QUEUE_TIME,
		.window_high = UINT32_MAX, .thermal_max = UINT32_MAX,
		.name = "edgebert", .version_major = 1, .version_minor = 2,
		.jobs_in_flight_max = 4, .jobs_per_submit_max = 32,
		.hw_version = EDGEBERT_HW_VERSION_MAJOR << 16,
		.core = eb_core_create(NULL),
	};
	pthread_mutex_init(&driver->lock, NULL);
}

struct eb_device *fake_driver_device(struct fake_driver *driver, const char *path)
{
	struct eb_backend_device *backend;
	struct eb_device *device;

	assert_int_equal(eb_backend_accel_create(path, &driver->system, &backend), EB_OK);
	assert_int_equal(eb_device_create(backend, &device), EB_OK);
	return device;
}

void fake_driver_close(struct fake_driver *driver)
{
	assert_int_equal(driver->open_files, 0);
	assert_int_equal(driver->contexts, 0);
	for (uint32_t i = 0; i < FAKE_BUFFERS_MAX; i++) {
		assert_false(driver->buffers[i].used);
		assert_int_equal(driver->buffers[i].mappings, 0);
	}
	eb_core_destroy(driver->core);
	pthread_mutex_destroy(&driver->lock);
}
