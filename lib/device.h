/* SPDX-License-Identifier: MIT */
/* An open device: its backend, what is uploaded to it, and how to find one. */
#ifndef EDGEBERT_LIB_DEVICE_H
#define EDGEBERT_LIB_DEVICE_H

#include <pthread.h>
#include <stdatomic.h>

#include "lib/backend.h"
#include "lib/log.h"
#include "lib/operating_point.h"
#include "lib/window.h"

struct eb_failover;
struct eb_resident_model;

struct eb_device {
	atomic_uint references;
	struct eb_backend_device *backend;
	struct eb_estimator *estimator;
	struct eb_window_cache window;
	pthread_mutex_t residents_lock;
	struct eb_resident_model *residents;	/* models uploaded to this device */
	_Atomic uint64_t models_loaded, bytes_loaded;	/* what was uploaded, ever */
	struct eb_log log;
	const struct eb_failover *failover;	/* NULL: nothing takes over */
	atomic_bool lost, took_over;
	pthread_mutex_t successor_lock;
	struct eb_device *successor;		/* opened after this one was lost, or was no help */
};

/* Takes the backend over, also when it fails. */
enum eb_status eb_device_create(struct eb_backend_device *backend, struct eb_device **ret_device);

struct udev_device;
/* Whether a device node belongs to the edgebert driver. */
bool eb_device_is_ours(struct udev_device *device);

/* Path of the first EdgeBERT node; EB_NO_MODULE or EB_NO_DEVICE when there is none. */
enum eb_status eb_device_find_first(char *path, size_t path_size);

/* Name of the device behind a node on its bus ("0000:00:04.0"), "" when there is none. */
void eb_device_bus_address(const char *path, char *address, size_t address_size);

/*
 * Why a node could not be opened (error: an errno value): no such node, no permission
 * and what would give it, or anything else.
 */
enum eb_status eb_device_explain_open(const char *path, int error);

#endif /* EDGEBERT_LIB_DEVICE_H */
