// SPDX-License-Identifier: MIT
/*
 * Life of the PCIe function, and its accesses by region.
 */
#include "tools/device/pcie/device.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tools/device/core/envm.h"
#include "tools/device/pcie/internal.h"

uint64_t eb_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

uint64_t eb_device_time(const struct eb_device *device)
{
	return eb_now_ns() - device->power_on_ns;
}

void eb_event(struct eb_device *device, const char *format, ...)
{
	char text[160];
	va_list arguments;

	if (device->host.event == NULL)
		return;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	device->host.event(device->host.opaque, text);
}

/* Deadlines of paced jobs are monotonic times. */
static int init_conditions(struct eb_device *device)
{
	pthread_condattr_t attributes;
	int error;

	error = pthread_condattr_init(&attributes);
	if (error)
		return error;
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	error = pthread_cond_init(&device->work, &attributes);
	pthread_condattr_destroy(&attributes);
	return error;
}

static int start(struct eb_device *device)
{
	int error;

	pthread_mutex_init(&device->lock, NULL);
	pthread_mutex_init(&device->gate.lock, NULL);
	pthread_cond_init(&device->gate.idle, NULL);
	error = init_conditions(device);
	if (error)
		return error;
	device->executing_context = EB_NO_CONTEXT;
	pthread_mutex_lock(&device->lock);
	eb_reset(device, EB_RESET_POWER);
	pthread_mutex_unlock(&device->lock);
	return pthread_create(&device->worker, NULL, eb_worker, device);
}

static void free_device(struct eb_device *device)
{
	eb_core_destroy(device->core);
	if (device->owns_envm)
		eb_envm_destroy(device->envm);
	pthread_cond_destroy(&device->work);
	pthread_cond_destroy(&device->gate.idle);
	pthread_mutex_destroy(&device->gate.lock);
	pthread_mutex_destroy(&device->lock);
	free(device);
}

static bool choose_envm(struct eb_device *device, struct eb_envm *given)
{
	const struct eb_envm_options options = { 0 };
	char message[128];

	device->envm = given;
	if (given == NULL) {
		device->envm = eb_envm_create(&options, message, sizeof(message));
		device->owns_envm = true;
	}
	eb_core_attach_envm(device->core, device->envm);
	return device->envm != NULL;
}

struct eb_device *eb_device_create(const struct eb_device_options *options,
				   const struct eb_device_host *host)
{
	struct eb_device *device = calloc(1, sizeof(*device));
	int error;

	if (device == NULL)
		return NULL;
	device->host = *host;
	device->paced = options->paced;
	device->thermal.ambient = options->ambient ? *options->ambient :
						     eb_thermal_default_ambient();
	device->core = eb_core_create(options->profile);
	if (device->core == NULL ||
	    !eb_core_set_threads(device->core, options->threads ? options->threads : 1)) {
		error = errno;
		eb_core_destroy(device->core);
		free(device);
		errno = error;
		return NULL;
	}
	if (!choose_envm(device, options->envm)) {
		eb_core_destroy(device->core);
		free(device);
		errno = ENOMEM;
		return NULL;
	}
	device->point_count = eb_core_operating_points(device->core, device->points);
	error = start(device);
	if (error) {
		free_device(device);
		errno = error;
		return NULL;
	}
	return device;
}

void eb_device_destroy(struct eb_device *device)
{
	if (device == NULL)
		return;
	pthread_mutex_lock(&device->lock);
	device->stopping = true;
	eb_gate_update(device);
	if (device->executing)
		eb_core_abort(device->core);
	pthread_cond_broadcast(&device->work);
	pthread_mutex_unlock(&device->lock);
	pthread_join(device->worker, NULL);
	free_device(device);
}

size_t eb_device_region_size(enum eb_device_region region)
{
	static const size_t sizes[EB_DEVICE_REGION_COUNT] = {
		[EB_DEVICE_REGISTERS] = EDGEBERT_HW_BAR_REGISTERS_SIZE,
		[EB_DEVICE_MSIX] = EDGEBERT_HW_BAR_MSIX_SIZE,
		[EB_DEVICE_CONFIG] = EB_CONFIG_BYTES,
	};

	return sizes[region];
}

void eb_device_read(struct eb_device *device, enum eb_device_region region, uint32_t offset,
		    void *destination, size_t size)
{
	pthread_mutex_lock(&device->lock);
	if (device->faults.link_down)
		memset(destination, 0xff, size);
	else if (region == EB_DEVICE_CONFIG)
		eb_config_read(device, offset, destination, size);
	else if (!eb_config_memory_enabled(device))
		memset(destination, 0xff, size);	/* nobody answers on the bus */
	else if (region == EB_DEVICE_REGISTERS)
		eb_registers_read(device, offset, destination, size);
	else
		eb_msix_read(device, offset, destination, size);
	pthread_mutex_unlock(&device->lock);
}

void eb_device_write(struct eb_device *device, enum eb_device_region region, uint32_t offset,
		     const void *source, size_t size)
{
	pthread_mutex_lock(&device->lock);
	if (device->faults.link_down)
		eb_event(device, "write ignored: the link is down");
	else if (region == EB_DEVICE_CONFIG)
		eb_config_write(device, offset, source, size);
	else if (!eb_config_memory_enabled(device))
		eb_event(device, "write to a BAR ignored: memory decoding is off");
	else if (region == EB_DEVICE_REGISTERS)
		eb_registers_write(device, offset, source, size);
	else
		eb_msix_write(device, offset, source, size);
	pthread_mutex_unlock(&device->lock);
}

void eb_device_reset(struct eb_device *device)
{
	pthread_mutex_lock(&device->lock);
	eb_reset(device, EB_RESET_POWER);
	pthread_mutex_unlock(&device->lock);
}

void eb_device_interrupts_available(struct eb_device *device)
{
	pthread_mutex_lock(&device->lock);
	eb_interrupt_retry(device);
	pthread_mutex_unlock(&device->lock);
}

struct eb_envm *eb_device_envm(struct eb_device *device)
{
	return device->envm;
}

const char *eb_device_profile(const struct eb_device *device)
{
	return eb_core_profile(device->core);
}
