// SPDX-License-Identifier: MIT
/*
 * The accel backend: jobs through a device node.  One context per open device; its jobs
 * run in order, several may be queued so that the device never waits for the host.
 */
#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/accel_buffer.h"
#include "lib/accel_envm.h"
#include "lib/device.h"

#define DRIVER_NAME "edgebert"
/* Any minor version of it will do: the interface only grows. */
#define DRIVER_MAJOR 1

/* Sentences in flight at once: enough to keep one device busy. */
#define PARALLEL_JOBS_MAX 16
#define JOBS_IN_FLIGHT_SANE 256
#define NS_PER_MS 1000000ull

/* A job that has begun and whose result has not been fetched. */
struct turn {
	uint64_t number;		/* from 1; 0: a free place */
	uint32_t context_id;		/* where it was submitted */
};

struct accel_backend {
	struct eb_backend_device device;
	struct eb_accel_node node;
	uint32_t context_id;		/* under the lock once jobs run */
	uint64_t patience_ns;		/* no job of anybody ends for so long: stuck */
	pthread_mutex_t lock;
	pthread_cond_t job_ended;
	uint32_t jobs_in_flight_max;
	uint64_t turns;			/* jobs begun */
	struct turn *in_flight;		/* jobs_in_flight_max of them */
};

/*
 * The driver keeps 4 * jobs_in_flight_max results.  A thread that was submitted but is slow to
 * fetch its result must not be overtaken by so many: that leaves room for turns to be taken
 * in another order than jobs are submitted.
 */
#define TURNS_AHEAD(jobs_in_flight_max) (2ull * (jobs_in_flight_max))

/* What a call failed with, told as a status. */
static enum eb_status explain(const struct accel_backend *backend, const char *step, int error)
{
	const char *path = backend->device.info.path;

	switch (error) {
	case -ENODEV:
		return eb_fail(EB_DEVICE_LOST, "%s: %s: the device disappeared; check the board and "
			       "open it again", path, step);
	case -ENOMEM:
	case -ENOSPC:
		return eb_fail(EB_OUT_OF_MEMORY, "%s: %s: %s", path, step, eb_errno_name(error));
	case -EBUSY:
		return eb_fail(EB_BUSY, "%s: %s: %s; wait for results first", path, step,
			       eb_errno_name(error));
	case -ESTALE:
		return eb_fail(EB_IMAGE_NOT_INSTALLED, "%s: %s: another image is in the eNVM now", path,
			       step);
	case -ECANCELED:
		return eb_fail(EB_CANCELED, "%s: %s: the job was cancelled", path, step);
	case -ETIMEDOUT:
		return eb_fail(EB_DEVICE_TIMEOUT, "%s: %s: the device made no progress; see the "
			       "kernel log", path, step);
	default:
		return eb_fail(EB_INTERNAL, "%s: %s: %s", path, step, eb_errno_name(error));
	}
}

/* ---- jobs ---- */

static void add_buffer(struct drm_edgebert_job_buffer *buffers, uint32_t *count,
		       const struct eb_buffer *buffer)
{
	for (uint32_t i = 0; i < *count; i++) {
		if (buffers[i].handle == buffer->handle)
			return;
	}
	buffers[(*count)++] = (struct drm_edgebert_job_buffer){
		.handle = buffer->handle,
		.flags = buffer->device_read_only ? 0 : DRM_EDGEBERT_JOB_BUFFER_WRITE,
	};
}

static int submit(struct accel_backend *backend, uint32_t context_id, const struct eb_job *job,
		  uint64_t *ret_sequence)
{
	struct drm_edgebert_job_buffer buffers[1 + EDGEBERT_HW_SEGMENTS] = { 0 };
	struct drm_edgebert_job kernel_job = {
		.stream_address = job->stream->device_address,
		.stream_commands = job->command_count,
		.first_command = job->first_command,
		.sequence_length = job->sequence_length,
		.entropy_threshold = job->entropy_threshold,
		.exit_layer_limit = job->exit_layer_limit,
		.envm_generation = job->envm_generation,
		.operating_point = job->operating_point,
		.flags = job->autonomous ? DRM_EDGEBERT_JOB_AUTONOMOUS : 0,
		.target_latency_us = job->autonomous ? job->target_latency_us : 0,
		.elapsed_us = job->autonomous ? job->elapsed_us : 0,
		.buffers = {
			.stride = sizeof(buffers[0]),
			.array = (uint64_t)(uintptr_t)buffers,
		},
	};
	int result;

	add_buffer(buffers, &kernel_job.buffers.count, job->stream);
	for (size_t i = 0; i < EDGEBERT_HW_SEGMENTS; i++) {
		if (!job->segments[i])
			continue;
		kernel_job.segments[i] = job->segments[i]->device_address;
		add_buffer(buffers, &kernel_job.buffers.count, job->segments[i]);
	}
	result = eb_accel_submit(&backend->node, context_id, &kernel_job);
	if (!result)
		*ret_sequence = kernel_job.sequence;
	return result;
}

static int count_jobs(const struct accel_backend *backend, uint64_t *ret_jobs)
{
	struct drm_edgebert_query_telemetry telemetry;
	int result = eb_accel_query(&backend->node, DRM_EDGEBERT_QUERY_TELEMETRY, &telemetry,
				    sizeof(telemetry));

	*ret_jobs = telemetry.jobs;
	return result < 0 ? result : 0;
}

/*
 * Waits without a limit of its own as long as the device ends jobs of anybody: others
 * may rightly be before us.  The kernel stops jobs that hang, so a device on which
 * nothing ends for longer than that takes is stuck.
 */
static int wait_for(const struct accel_backend *backend, uint32_t context_id, uint64_t sequence,
		    struct drm_edgebert_result *kernel_result)
{
	uint64_t before = UINT64_MAX, now = 0;
	struct timespec time;
	int result, counted;

	for (;;) {
		int64_t end_ns;

		clock_gettime(CLOCK_MONOTONIC, &time);
		end_ns = (int64_t)time.tv_sec * 1000000000 + time.tv_nsec +
			 (int64_t)backend->patience_ns;
		result = eb_accel_job_result(&backend->node, context_id, sequence,
					     end_ns, kernel_result);
		if (result != -ETIMEDOUT)
			return result;
		counted = count_jobs(backend, &now);
		if (counted)
			return counted;
		if (now == before)
			return -ETIMEDOUT;
		before = now;
	}
}

static void fill_result(const struct drm_edgebert_result *kernel_result,
			struct eb_job_result *result)
{
	result->status = kernel_result->status;
	result->fault_command = kernel_result->fault_command;
	result->fault_address = kernel_result->fault_address;
	result->exit_layer = kernel_result->exit_layer;
	result->operating_point = kernel_result->operating_point;
	result->layers_assessed = kernel_result->layers_assessed;
	result->predicted_layer = kernel_result->predicted_layer;
	result->throttled = kernel_result->throttled;
	result->transitions = kernel_result->transitions;
	result->started_ns = kernel_result->started_ns;
	result->ended_ns = kernel_result->ended_ns;
	result->cycles = kernel_result->cycles;
	result->time_ns = kernel_result->time_ns;
	result->energy_pj = kernel_result->energy_pj;
	memcpy(result->entropies, kernel_result->entropies, sizeof(result->entropies));
}

/*
 * After a job left a context, with the lock held: one that was replaced goes with the last of
 * its jobs.
 */
static void drop_context(struct accel_backend *backend, uint32_t context_id)
{
	if (context_id == backend->context_id)
		return;
	for (uint32_t i = 0; i < backend->jobs_in_flight_max; i++) {
		if (backend->in_flight[i].number && backend->in_flight[i].context_id == context_id)
			return;
	}
	eb_accel_context_destroy(&backend->node, context_id);
}

/*
 * The driver takes no more jobs of a context after it had to stop too many in a row.  Those
 * were of some sentences; the others go on in a new one.
 */
static int renew_context(struct accel_backend *backend, struct turn *turn)
{
	const uint32_t banned = turn->context_id;
	int error = 0;

	pthread_mutex_lock(&backend->lock);
	if (backend->context_id == banned)
		error = eb_accel_context_create(&backend->node, &backend->context_id);
	turn->context_id = backend->context_id;
	drop_context(backend, banned);
	pthread_mutex_unlock(&backend->lock);
	return error;
}

/* Submits in the turn's context, or in a new one if that is banned. */
static int submit_in_turn(struct accel_backend *backend, struct turn *turn,
			  const struct eb_job *job, uint64_t *ret_sequence)
{
	int error = submit(backend, turn->context_id, job, ret_sequence);

	if (error == -EIO)
		error = renew_context(backend, turn);
	else
		return error;
	return error ? error : submit(backend, turn->context_id, job, ret_sequence);
}

static enum eb_status run_submitted(struct accel_backend *backend, struct turn *turn,
				    const struct eb_job *job, struct eb_job_result *result)
{
	struct drm_edgebert_result kernel_result;
	uint64_t sequence = 0;
	int error;

	error = submit_in_turn(backend, turn, job, &sequence);
	if (error)
		return explain(backend, "submitting a job", error);
	error = wait_for(backend, turn->context_id, sequence, &kernel_result);
	if (error)
		return explain(backend, "waiting for a job", error);
	if (kernel_result.error && kernel_result.error != -EIO)
		return explain(backend, "running a job", kernel_result.error);
	fill_result(&kernel_result, result);
	if (kernel_result.error && result->status == EDGEBERT_HW_OK)
		result->status = EDGEBERT_HW_DEVICE_ERROR;
	return result->status == EDGEBERT_HW_OK ? EB_OK : EB_DEVICE_FAULT;
}

/* Where one more job can be noted, NULL while none may begin; with the lock held. */
static struct turn *free_place(struct accel_backend *backend)
{
	struct turn *place = NULL;

	for (uint32_t i = 0; i < backend->jobs_in_flight_max; i++) {
		struct turn *turn = &backend->in_flight[i];

		if (!turn->number)
			place = turn;
		else if (backend->turns - turn->number >= TURNS_AHEAD(backend->jobs_in_flight_max))
			return NULL;
	}
	return place;
}

static enum eb_status accel_run(struct eb_backend_device *device, const struct eb_job *job,
				struct eb_job_result *result)
{
	struct accel_backend *backend = (struct accel_backend *)device;
	enum eb_status status;
	struct turn *turn;

	pthread_mutex_lock(&backend->lock);
	while (!(turn = free_place(backend)))
		pthread_cond_wait(&backend->job_ended, &backend->lock);
	turn->number = ++backend->turns;
	turn->context_id = backend->context_id;
	pthread_mutex_unlock(&backend->lock);

	status = run_submitted(backend, turn, job, result);

	pthread_mutex_lock(&backend->lock);
	turn->number = 0;
	drop_context(backend, turn->context_id);
	/* All: whether one more may begin can depend on this one alone. */
	pthread_cond_broadcast(&backend->job_ended);
	pthread_mutex_unlock(&backend->lock);
	return status;
}

/* ---- buffers, counters ---- */

static enum eb_status accel_buffer_create(struct eb_backend_device *device, size_t size,
					  struct eb_buffer *ret_buffer)
{
	struct accel_backend *backend = (struct accel_backend *)device;

	return eb_accel_buffer_create(&backend->node, device->info.path, size, ret_buffer);
}

static enum eb_status accel_buffer_upload(struct eb_backend_device *device, const void *contents,
					  size_t size, struct eb_buffer *ret_buffer)
{
	struct accel_backend *backend = (struct accel_backend *)device;

	return eb_accel_buffer_upload(&backend->node, device->info.path, contents, size,
				      ret_buffer);
}

static void accel_buffer_destroy(struct eb_backend_device *device, struct eb_buffer *buffer)
{
	struct accel_backend *backend = (struct accel_backend *)device;

	eb_accel_buffer_destroy(&backend->node, buffer);
}

/* A driver from before this query has no window: every point may be used. */
static enum eb_status accel_get_window(struct eb_backend_device *device,
				       struct eb_window *ret_window)
{
	struct accel_backend *backend = (struct accel_backend *)device;
	const uint32_t highest = device->info.operating_point_count - 1;
	struct drm_edgebert_query_dvfs dvfs;
	int result = eb_accel_query(&backend->node, DRM_EDGEBERT_QUERY_DVFS, &dvfs, sizeof(dvfs));

	if (result < 0 && result != -EINVAL)
		return explain(backend, "reading its operating points", result);
	ret_window->low = 0;
	ret_window->high = highest;
	if (result < (int)offsetof(struct drm_edgebert_query_dvfs, flags))
		return EB_OK;
	if (dvfs.window_high < highest)
		ret_window->high = dvfs.window_high;
	if (dvfs.thermal_max < ret_window->high)
		ret_window->high = dvfs.thermal_max;
	ret_window->low = dvfs.window_low < ret_window->high ? dvfs.window_low : ret_window->high;
	return EB_OK;
}

static enum eb_status accel_get_counters(struct eb_backend_device *device,
					 struct eb_device_counters *counters)
{
	struct accel_backend *backend = (struct accel_backend *)device;
	struct drm_edgebert_query_telemetry telemetry;
	int result = eb_accel_query(&backend->node, DRM_EDGEBERT_QUERY_TELEMETRY, &telemetry,
				    sizeof(telemetry));

	if (result < 0)
		return explain(backend, "reading its counters", result);
	counters->jobs = telemetry.jobs;
	counters->faults = telemetry.faults;
	counters->cycles = telemetry.cycles;
	counters->busy_ns = telemetry.busy_ns;
	counters->energy_uj = telemetry.energy_uj;
	return EB_OK;
}

static void accel_destroy(struct eb_backend_device *device)
{
	struct accel_backend *backend = (struct accel_backend *)device;

	if (backend->context_id)
		eb_accel_context_destroy(&backend->node, backend->context_id);
	eb_accel_close(&backend->node);
	free(backend->in_flight);
	pthread_cond_destroy(&backend->job_ended);
	pthread_mutex_destroy(&backend->lock);
	free(backend);
}

/* ---- eNVM ---- */

static enum eb_status accel_envm_get_info(struct eb_backend_device *device,
					  struct eb_envm_info *info)
{
	struct accel_backend *backend = (struct accel_backend *)device;

	return eb_accel_envm_get_info(&backend->node, device->info.path, info);
}

static enum eb_status accel_envm_erase(struct eb_backend_device *device, enum eb_envm_slot slot)
{
	struct accel_backend *backend = (struct accel_backend *)device;

	return eb_accel_envm_erase(&backend->node, device->info.path, slot);
}

static enum eb_status accel_envm_program(struct eb_backend_device *device, enum eb_envm_slot slot,
					 uint32_t offset, const void *bytes, uint32_t size)
{
	struct accel_backend *backend = (struct accel_backend *)device;

	return eb_accel_envm_program(&backend->node, device->info.path, slot, offset, bytes, size);
}

static enum eb_status accel_envm_read(struct eb_backend_device *device, enum eb_envm_slot slot,
				      uint32_t offset, void *bytes, uint32_t size)
{
	struct accel_backend *backend = (struct accel_backend *)device;

	return eb_accel_envm_read(&backend->node, device->info.path, slot, offset, bytes, size);
}

static enum eb_status accel_envm_commit(struct eb_backend_device *device, enum eb_envm_slot slot,
					const struct edgebert_hw_envm_header *image)
{
	struct accel_backend *backend = (struct accel_backend *)device;

	return eb_accel_envm_commit(&backend->node, device->info.path, slot, image);
}

static const struct eb_envm_access accel_envm_access = {
	.erase = accel_envm_erase,
	.program = accel_envm_program,
	.read = accel_envm_read,
	.commit = accel_envm_commit,
};

static const struct eb_backend_ops accel_ops = {
	.destroy = accel_destroy,
	.buffer_create = accel_buffer_create,
	.buffer_upload = accel_buffer_upload,
	.buffer_destroy = accel_buffer_destroy,
	.run = accel_run,
	.get_window = accel_get_window,
	.get_counters = accel_get_counters,
	.envm_get_info = accel_envm_get_info,
	.envm_access = &accel_envm_access,
};

/* ---- opening ---- */

static enum eb_status read_version(struct accel_backend *backend)
{
	struct eb_device_info *info = &backend->device.info;
	struct eb_accel_version version;
	int result = eb_accel_get_version(&backend->node, &version);

	if (result == -ENODEV)
		return explain(backend, "opening it", result);
	if (result || strcmp(version.name, DRIVER_NAME))
		return eb_fail(EB_NO_DEVICE, "%s: is not an EdgeBERT device node (%s%s)", info->path,
			       result ? "" : "its driver is ",
			       result ? eb_errno_name(result) : version.name);
	snprintf(info->driver_name, sizeof(info->driver_name), "%s", version.name);
	snprintf(info->driver_version, sizeof(info->driver_version), "%d.%d.%d", version.major,
		 version.minor, version.patch);
	if (version.major != DRIVER_MAJOR)
		return eb_fail(EB_DRIVER_VERSION,
			       "%s: the driver is version %s, this library (%s) needs version %d.x; "
			       "upgrade the %s", info->path, info->driver_version, eb_version(),
			       DRIVER_MAJOR, version.major < DRIVER_MAJOR ? "driver" : "library");
	return EB_OK;
}

static enum eb_status read_device(struct accel_backend *backend)
{
	struct eb_device_info *info = &backend->device.info;
	struct drm_edgebert_query_device answer;
	int result = eb_accel_query(&backend->node, DRM_EDGEBERT_QUERY_DEVICE, &answer,
				    sizeof(answer));

	if (result < 0)
		return explain(backend, "asking what it is", result);
	if (answer.hw_version >> 16 != EDGEBERT_HW_VERSION_MAJOR)
		return eb_fail(EB_DRIVER_VERSION,
			       "%s: the hardware is version %u.%u, this library (%s) knows version "
			       "%d.x; upgrade the library", info->path, answer.hw_version >> 16,
			       answer.hw_version & 0xffff, eb_version(),
			       EDGEBERT_HW_VERSION_MAJOR);
	info->hardware_version = answer.hw_version;
	info->capabilities = answer.capabilities;
	snprintf(info->profile, sizeof(info->profile), "%.16s", (const char *)answer.profile);
	info->data_buffer_bytes = answer.data_buffer_bytes;
	info->aux_buffer_bytes = answer.aux_buffer_bytes;
	info->envm_bytes = answer.envm_bytes;
	/* More than could ever run would only cost memory here. */
	backend->jobs_in_flight_max = answer.jobs_in_flight_max > JOBS_IN_FLIGHT_SANE ?
		JOBS_IN_FLIGHT_SANE : answer.jobs_in_flight_max ? answer.jobs_in_flight_max : 1;
	backend->in_flight = calloc(backend->jobs_in_flight_max, sizeof(*backend->in_flight));
	if (!backend->in_flight)
		return eb_fail(EB_OUT_OF_MEMORY, "no memory for %u jobs",
			       backend->jobs_in_flight_max);
	backend->device.parallel_jobs = backend->jobs_in_flight_max < PARALLEL_JOBS_MAX ?
		backend->jobs_in_flight_max : PARALLEL_JOBS_MAX;
	/* Twice the kernel's limit, and time for the reset that follows it. */
	backend->patience_ns = (2ull * answer.job_timeout_ms + 10000) * NS_PER_MS;
	return EB_OK;
}

static enum eb_status read_points(struct accel_backend *backend)
{
	struct drm_edgebert_operating_point points[EDGEBERT_HW_OPERATING_POINTS_MAX];
	struct eb_device_info *info = &backend->device.info;
	int result = eb_accel_query(&backend->node, DRM_EDGEBERT_QUERY_OPERATING_POINTS, points,
				    sizeof(points));

	if (result < 0)
		return explain(backend, "reading its operating points", result);
	info->operating_point_count = (uint32_t)((size_t)result / sizeof(points[0]));
	for (uint32_t i = 0; i < info->operating_point_count; i++) {
		info->operating_points[i] = (struct eb_operating_point){
			points[i].khz, points[i].millivolt, points[i].microwatt,
		};
	}
	return EB_OK;
}

static enum eb_status describe(struct accel_backend *backend)
{
	enum eb_status status = read_version(backend);
	int result;

	if (!status)
		status = read_device(backend);
	if (!status)
		status = read_points(backend);
	if (status)
		return status;
	eb_device_bus_address(backend->device.info.path, backend->device.info.bus_address,
			      sizeof(backend->device.info.bus_address));
	result = eb_accel_context_create(&backend->node, &backend->context_id);
	if (result == -EBUSY)
		return eb_fail(EB_BUSY, "%s: as many processes use the device as it has address "
			       "spaces for; wait until one of them ends", backend->device.info.path);
	return result ? explain(backend, "creating a context", result) : EB_OK;
}

enum eb_status eb_backend_accel_create(const char *path, const struct eb_accel_system *system,
				       struct eb_backend_device **ret_backend)
{
	struct accel_backend *backend = calloc(1, sizeof(*backend));
	enum eb_status status;
	int result;

	if (!backend)
		return eb_fail(EB_OUT_OF_MEMORY, "no memory for a device");
	backend->device.ops = &accel_ops;
	backend->device.info.backend = EB_BACKEND_ACCEL;
	snprintf(backend->device.info.path, sizeof(backend->device.info.path), "%s", path);
	pthread_mutex_init(&backend->lock, NULL);
	pthread_cond_init(&backend->job_ended, NULL);
	result = eb_accel_open(&backend->node, system, path);
	status = result ? eb_device_explain_open(path, -result) : describe(backend);
	if (status)
		accel_destroy(&backend->device);
	else
		*ret_backend = &backend->device;
	return status;
}
