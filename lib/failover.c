// SPDX-License-Identifier: MIT
/* Finds a device that takes over from a lost one, once for everybody who used that. */
#include "lib/failover.h"

#include <stdio.h>
#include <string.h>

#define NODES_MAX 64

struct nodes {
	uint32_t count;
	char paths[NODES_MAX][sizeof(((struct eb_device_info *)0)->path)];
};

static int add_node(const char *path, const char *bus_address, void *opaque)
{
	struct nodes *nodes = opaque;

	(void)bus_address;
	snprintf(nodes->paths[nodes->count++], sizeof(nodes->paths[0]), "%s", path);
	return nodes->count == NODES_MAX;
}

bool eb_failover_is_alike(const struct eb_device_info *one, const struct eb_device_info *other)
{
	return one->hardware_version >> 16 == other->hardware_version >> 16 &&
	       one->capabilities == other->capabilities &&
	       !strcmp(one->profile, other->profile) &&
	       one->operating_point_count == other->operating_point_count &&
	       !memcmp(one->operating_points, other->operating_points,
		       sizeof(one->operating_points));
}

/* The lost device is not opened again: its node, if still there, refuses. */
static enum eb_status find_node(void *opaque, const struct eb_device_info *lost,
				struct eb_backend_device **ret_backend)
{
	struct nodes nodes = { 0 };
	enum eb_status status = eb_device_find(add_node, &nodes);
	char last[256] = "there is no other device";

	(void)opaque;
	for (uint32_t i = 0; i < nodes.count && !status; i++) {
		struct eb_backend_device *backend;

		if (eb_backend_accel_create(nodes.paths[i], NULL, &backend)) {
			snprintf(last, sizeof(last), "%.255s", eb_error_detail());
			continue;
		}
		if (eb_failover_is_alike(lost, &backend->info)) {
			*ret_backend = backend;
			return EB_OK;
		}
		snprintf(last, sizeof(last), "%s is another kind of device", nodes.paths[i]);
		backend->ops->destroy(backend);
	}
	return eb_fail(EB_DEVICE_LOST, "%s: the device disappeared and no other takes over: %s",
		       lost->path, last);
}

const struct eb_failover eb_failover_nodes = { .find = find_node };

static enum eb_status open_successor(struct eb_device *device)
{
	const struct eb_device_info *lost = &device->backend->info;
	struct eb_backend_device *backend;
	struct eb_device *successor;
	enum eb_status status;

	status = device->failover->find(device->failover->opaque, lost, &backend);
	if (!status)
		status = eb_device_create(backend, &successor);
	if (status) {
		eb_log_say(&device->log, EB_LOG_ERROR, "%s", eb_error_detail());
		return status;
	}
	successor->failover = device->failover;
	successor->log = device->log;
	device->successor = successor;
	eb_log_say(&device->log, EB_LOG_WARNING, "%s disappeared; its work goes on on %s",
		   lost->path, successor->backend->info.path);
	return EB_OK;
}

enum eb_status eb_device_take_successor(struct eb_device *device, struct eb_device **ret_device)
{
	enum eb_status status = EB_OK;

	if (!device->failover)
		return eb_fail(EB_DEVICE_LOST, "%s", eb_error_detail());
	/* Held while a device is opened: everybody else wants exactly this one. */
	pthread_mutex_lock(&device->successor_lock);
	if (!device->successor)
		status = open_successor(device);
	if (!status)
		*ret_device = eb_device_ref(device->successor);
	pthread_mutex_unlock(&device->successor_lock);
	return status;
}

struct eb_device *eb_device_take_current(struct eb_device *device)
{
	struct eb_device *current = eb_device_ref(device);

	for (;;) {
		struct eb_device *next;

		pthread_mutex_lock(&current->successor_lock);
		next = current->successor ? eb_device_ref(current->successor) : NULL;
		pthread_mutex_unlock(&current->successor_lock);
		if (!next)
			return current;
		eb_device_unref(current);
		current = next;
	}
}
