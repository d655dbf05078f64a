// SPDX-License-Identifier: MIT
/*
 * The accel backend: what a device node is, and its buffers, counters and eNVM; its jobs are
 * in accel_jobs.c.
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/accel_buffer.h"
#include "lib/accel_envm.h"
#include "lib/accel_explain.h"
#include "lib/accel_jobs.h"
#include "lib/device.h"

#define DRIVER_NAME "edgebert"
/* Any minor version of it will do: the interface only grows. */
#define DRIVER_MAJOR 1
/* Since this one it knows when the target of a job began. */
#define DRIVER_MINOR_TARGET_START 2

/* Sentences in flight at once: enough to keep one device busy. */
#define PARALLEL_JOBS_MAX 16
#define JOBS_IN_FLIGHT_SANE 256
#define NS_PER_MS 1000000ull

struct accel_backend {
	struct eb_backend_device device;
	struct eb_accel_node node;
	struct eb_accel_jobs_limits limits;
	struct eb_accel_jobs *jobs;
};

static enum eb_status explain(const struct accel_backend *backend, const char *step, int error)
{
	return eb_accel_explain(backend->device.info.path, step, error);
}

/* ---- jobs, buffers, counters ---- */

static enum eb_status accel_run(struct eb_backend_device *device, const struct eb_job *job,
				struct eb_job_result *result)
{
	struct accel_backend *backend = (struct accel_backend *)device;

	return eb_accel_jobs_run(backend->jobs, job, result);
}

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

	eb_accel_jobs_destroy(backend->jobs);
	eb_accel_close(&backend->node);
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
	backend->limits.knows_target_start = version.minor >= DRIVER_MINOR_TARGET_START;
	return EB_OK;
}

static uint32_t between_1_and(uint32_t value, uint32_t most)
{
	return !value ? 1 : value < most ? value : most;
}

static enum eb_status read_device(struct accel_backend *backend)
{
	struct eb_device_info *info = &backend->device.info;
	struct eb_accel_jobs_limits *limits = &backend->limits;
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
	backend->device.counts_queues = limits->knows_target_start &&
					answer.capabilities & EDGEBERT_HW_CAP_QUEUE_TIME;
	snprintf(info->profile, sizeof(info->profile), "%.16s", (const char *)answer.profile);
	info->data_buffer_bytes = answer.data_buffer_bytes;
	info->aux_buffer_bytes = answer.aux_buffer_bytes;
	info->envm_bytes = answer.envm_bytes;
	/* More than could ever run would only cost memory here. */
	limits->in_flight_max = between_1_and(answer.jobs_in_flight_max, JOBS_IN_FLIGHT_SANE);
	limits->per_submit_max = between_1_and(answer.jobs_per_submit_max, limits->in_flight_max);
	backend->device.parallel_jobs = between_1_and(limits->in_flight_max, PARALLEL_JOBS_MAX);
	/* Twice the kernel's limit, and time for the reset that follows it. */
	limits->patience_ns = (2ull * answer.job_timeout_ms + 10000) * NS_PER_MS;
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

	if (!status)
		status = read_device(backend);
	if (!status)
		status = read_points(backend);
	if (status)
		return status;
	eb_device_bus_address(backend->device.info.path, backend->device.info.bus_address,
			      sizeof(backend->device.info.bus_address));
	return eb_accel_jobs_create(&backend->node, backend->device.info.path, &backend->limits,
				    &backend->jobs);
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
	result = eb_accel_open(&backend->node, system, path);
	status = result ? eb_device_explain_open(path, -result) : describe(backend);
	if (status)
		accel_destroy(&backend->device);
	else
		*ret_backend = &backend->device;
	return status;
}
