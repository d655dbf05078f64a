// SPDX-License-Identifier: MIT
/* Opens, describes and shares devices, whatever backend is behind them. */
#include "lib/device.h"

#include <stddef.h>
#include <stdlib.h>

#include "lib/options.h"

#define DEVICE_OPTIONS_FIRST_SIZE offsetof(struct eb_device_options, threads)
#define DEVICE_INFO_FIRST_SIZE sizeof(struct eb_device_info)
#define DEVICE_COUNTERS_FIRST_SIZE sizeof(struct eb_device_counters)

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

	if (options->backend == EB_BACKEND_REFERENCE) {
		if (options->path)
			return eb_fail(EB_INVALID_ARGUMENT,
				       "the reference backend has no device node, but path is %s",
				       options->path);
		return eb_backend_reference_create(options->profile, options->threads, ret_backend);
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

	if (!ret_device)
		return eb_fail(EB_INVALID_ARGUMENT, "eb_device_open: ret_device is NULL");
	if (options)
		status = eb_options_read(&ours, sizeof(ours), DEVICE_OPTIONS_FIRST_SIZE, options,
					 "eb_device_options");
	if (!status)
		status = create_backend(&ours, &backend);
	return status ? status : eb_device_create(backend, ret_device);
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
	eb_estimator_destroy(device->estimator);
	device->backend->ops->destroy(device->backend);
	pthread_mutex_destroy(&device->residents_lock);
	free(device);
	return NULL;
}

enum eb_status eb_device_get_info(struct eb_device *device, struct eb_device_info *info)
{
	enum eb_status status;

	if (!device)
		return eb_fail(EB_INVALID_ARGUMENT, "eb_device_get_info: device is NULL");
	status = eb_output_check(info, DEVICE_INFO_FIRST_SIZE, "eb_device_info");
	if (!status)
		eb_output_write(info, &device->backend->info, sizeof(device->backend->info));
	return status;
}

enum eb_status eb_device_get_counters(struct eb_device *device,
				      struct eb_device_counters *counters)
{
	struct eb_device_counters ours = { 0 };
	enum eb_status status;

	if (!device)
		return eb_fail(EB_INVALID_ARGUMENT, "eb_device_get_counters: device is NULL");
	status = eb_output_check(counters, DEVICE_COUNTERS_FIRST_SIZE, "eb_device_counters");
	if (!status)
		status = device->backend->ops->get_counters(device->backend, &ours);
	if (!status)
		eb_output_write(counters, &ours, sizeof(ours));
	return status;
}
