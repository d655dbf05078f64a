// SPDX-License-Identifier: MIT
/* Opens, describes and shares devices, whatever backend is behind them. */
#include "lib/device.h"

#include <stddef.h>
#include <stdlib.h>

#include "lib/failover.h"
#include "lib/options.h"

/* What callers of the first release, 0.1.0, have. */
#define DEVICE_OPTIONS_FIRST_SIZE offsetof(struct eb_device_options, threads)
#define DEVICE_INFO_FIRST_SIZE sizeof(struct eb_device_info)
#define DEVICE_COUNTERS_FIRST_SIZE offsetof(struct eb_device_counters, models_loaded)

enum eb_status eb_device_create(struct eb_backend_device *backend, struct eb_device **ret_device)
{
	struct eb_device *device = calloc(1, sizeof(*device));
	enum eb_status status;

	if (!device) {
		backend->ops->destroy(backend);
		return eb_fail(EB_OUT_OF_MEMORY, "no memory for a device");
	}
	atomic_init(&device->references, 1);
	device->backend = backend;
	pthread_mutex_init(&device->residents_lock, NULL);
	pthread_mutex_init(&device->successor_lock, NULL);
	status = eb_estimator_create(&backend->info, &device->estimator);
	if (status)
		eb_device_unref(device);
	else
		*ret_device = device;
	return status;
}

static enum eb_status create_backend(const struct eb_device_options *options,
				     struct eb_backend_device **ret_backend)
{
	char path[sizeof(((struct eb_device_info *)0)->path)];
	enum eb_status status;

	if (options->failover > 1 || (options->failover && options->backend != EB_BACKEND_ACCEL))
		return eb_fail(EB_INVALID_ARGUMENT,
			       "struct eb_device_options: failover is %u; it is 0, or 1 with device "
			       "nodes", options->failover);
	if (options->backend == EB_BACKEND_REFERENCE) {
		if (options->path)
			return eb_fail(EB_INVALID_ARGUMENT,
				       "the reference backend has no device node, but path is %s",
				       options->path);
		return eb_backend_reference_create(options, ret_backend);
	}
	if (options->backend != EB_BACKEND_ACCEL)
		return eb_fail(EB_INVALID_ARGUMENT, "there is no backend %d",
			       (int)options->backend);
	if (options->profile)
		return eb_fail(EB_INVALID_ARGUMENT,
			       "a device has its own profile; profile (%s) is for the reference "
			       "backend", options->profile);
	if (options->threads)
		return eb_fail(EB_INVALID_ARGUMENT,
			       "a device computes by itself; threads (%u) is for the reference "
			       "backend", options->threads);
	if (options->envm_image)
		return eb_fail(EB_INVALID_ARGUMENT,
			       "a device has its own eNVM; envm_image (%s) is for the reference backend",
			       options->envm_image);
	if (options->path)
		return eb_backend_accel_create(options->path, NULL, ret_backend);
	status = eb_device_find_first(path, sizeof(path));
	return status ? status : eb_backend_accel_create(path, NULL, ret_backend);
}

enum eb_status eb_device_open(const struct eb_device_options *options,
			      struct eb_device **ret_device)
{
	struct eb_device_options ours = { .backend = EB_BACKEND_ACCEL };
	struct eb_backend_device *backend;
	enum eb_status status = EB_OK;
	struct eb_device *device;

	if (!ret_device)
		return eb_fail(EB_INVALID_ARGUMENT, "eb_device_open: ret_device is NULL");
	if (options)
		status = eb_options_read(&ours, sizeof(ours), DEVICE_OPTIONS_FIRST_SIZE, options,
					 "eb_device_options");
	if (!status)
		status = create_backend(&ours, &backend);
	if (!status)
		status = eb_device_create(backend, &device);
	if (status)
		return status;
	device->log = (struct eb_log){ .write = ours.log, .opaque = ours.log_opaque };
	device->failover = ours.failover ? &eb_failover_nodes : NULL;
	eb_log_say(&device->log, EB_LOG_INFO, "opened %s, profile %s",
		   device->backend->info.path, device->backend->info.profile);
	*ret_device = device;
	return EB_OK;
}

struct eb_device *eb_device_ref(struct eb_device *device)
{
	atomic_fetch_add_explicit(&device->references, 1, memory_order_relaxed);
	return device;
}

struct eb_device *eb_device_unref(struct eb_device *device)
{
	if (!device ||
	    atomic_fetch_sub_explicit(&device->references, 1, memory_order_acq_rel) != 1)
		return NULL;
	/* Engines hold the device, and models on it their engines: none is left here. */
	eb_device_unref(device->successor);
	eb_estimator_destroy(device->estimator);
	device->backend->ops->destroy(device->backend);
	pthread_mutex_destroy(&device->successor_lock);
	pthread_mutex_destroy(&device->residents_lock);
	free(device);
	return NULL;
}

enum eb_status eb_device_get_info(struct eb_device *device, struct eb_device_info *info)
{
	struct eb_device *current;
	enum eb_status status;

	if (!device)
		return eb_fail(EB_INVALID_ARGUMENT, "eb_device_get_info: device is NULL");
	status = eb_output_check(info, DEVICE_INFO_FIRST_SIZE, "eb_device_info");
	if (status)
		return status;
	current = eb_device_take_current(device);
	eb_output_write(info, &current->backend->info, sizeof(current->backend->info));
	eb_device_unref(current);
	return EB_OK;
}

enum eb_status eb_device_get_counters(struct eb_device *device,
				      struct eb_device_counters *counters)
{
	struct eb_device_counters ours = { 0 };
	struct eb_device *current;
	enum eb_status status;

	if (!device)
		return eb_fail(EB_INVALID_ARGUMENT, "eb_device_get_counters: device is NULL");
	status = eb_output_check(counters, DEVICE_COUNTERS_FIRST_SIZE, "eb_device_counters");
	if (status)
		return status;
	current = eb_device_take_current(device);
	status = current->backend->ops->get_counters(current->backend, &ours);
	ours.models_loaded = atomic_load(&current->models_loaded);
	ours.bytes_loaded = atomic_load(&current->bytes_loaded);
	eb_device_unref(current);
	if (!status)
		eb_output_write(counters, &ours, sizeof(ours));
	return status;
}
