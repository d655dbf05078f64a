// SPDX-License-Identifier: MIT
/* Tells which device nodes come and go, from the kernel's events through libudev. */
#include <errno.h>
#include <libudev.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/device.h"

#define NODES_MAX 64
#define PATH_MAX_BYTES sizeof(((struct eb_device_info *)0)->path)

struct eb_device_monitor {
	pthread_mutex_t lock;
	struct udev *udev;
	struct udev_monitor *events;
	/* A node that is gone can not be asked whose it was. */
	uint32_t count;
	char nodes[NODES_MAX][PATH_MAX_BYTES];
};

static uint32_t find_node(const struct eb_device_monitor *monitor, const char *path)
{
	uint32_t place = 0;

	while (place < monitor->count && strcmp(monitor->nodes[place], path))
		place++;
	return place;
}

/* False when it is known already, or there are too many. */
static bool add_node(struct eb_device_monitor *monitor, const char *path)
{
	if (find_node(monitor, path) < monitor->count || monitor->count == NODES_MAX)
		return false;
	snprintf(monitor->nodes[monitor->count++], PATH_MAX_BYTES, "%s", path);
	return true;
}

static bool remove_node(struct eb_device_monitor *monitor, const char *path)
{
	uint32_t place = find_node(monitor, path);

	if (place == monitor->count)
		return false;
	monitor->count--;
	memmove(monitor->nodes[place], monitor->nodes[monitor->count], PATH_MAX_BYTES);
	return true;
}

static int remember(const char *path, const char *bus_address, void *opaque)
{
	(void)bus_address;
	add_node(opaque, path);
	return 0;
}

/*
 * Where udevd runs, its events come when it has set owner and mode of a node; elsewhere
 * there are the kernel's only.
 */
static const char *event_source(void)
{
	return access("/run/udev/control", F_OK) ? "kernel" : "udev";
}

static enum eb_status listen(struct eb_device_monitor *monitor)
{
	int result;

	monitor->udev = udev_new();
	if (monitor->udev)
		monitor->events = udev_monitor_new_from_netlink(monitor->udev, event_source());
	if (!monitor->events)
		return eb_fail(EB_INTERNAL, "device events can not be received: %s",
			       eb_errno_name(errno));
	result = udev_monitor_filter_add_match_subsystem_devtype(monitor->events, "accel", NULL);
	if (result >= 0)
		result = udev_monitor_enable_receiving(monitor->events);
	if (result < 0)
		return eb_fail(EB_INTERNAL, "device events can not be received: %s",
			       eb_errno_name(result));
	/* After listening: what comes in between is then both, and known once. */
	return eb_device_find(remember, monitor);
}

enum eb_status eb_device_monitor_open(struct eb_device_monitor **ret_monitor)
{
	struct eb_device_monitor *monitor;
	enum eb_status status;

	if (!ret_monitor)
		return eb_fail(EB_INVALID_ARGUMENT, "eb_device_monitor_open: ret_monitor is NULL");
	monitor = calloc(1, sizeof(*monitor));
	if (!monitor)
		return eb_fail(EB_OUT_OF_MEMORY, "no memory for a device monitor");
	pthread_mutex_init(&monitor->lock, NULL);
	status = listen(monitor);
	if (status)
		eb_device_monitor_close(monitor);
	else
		*ret_monitor = monitor;
	return status;
}

struct eb_device_monitor *eb_device_monitor_close(struct eb_device_monitor *monitor)
{
	if (!monitor)
		return NULL;
	udev_monitor_unref(monitor->events);
	udev_unref(monitor->udev);
	pthread_mutex_destroy(&monitor->lock);
	free(monitor);
	return NULL;
}

int eb_device_monitor_fd(struct eb_device_monitor *monitor)
{
	return monitor ? udev_monitor_get_fd(monitor->events) : -1;
}

/* One of ours: what this event says about the nodes we know. */
static enum eb_device_change judge(struct eb_device_monitor *monitor, struct udev_device *device)
{
	const char *action = udev_device_get_action(device);
	const char *path = udev_device_get_devnode(device);

	if (!action || !path)
		return EB_DEVICE_UNCHANGED;
	if (!strcmp(action, "remove"))
		return remove_node(monitor, path) ? EB_DEVICE_REMOVED : EB_DEVICE_UNCHANGED;
	if (strcmp(action, "add") || !eb_device_is_ours(device))
		return EB_DEVICE_UNCHANGED;
	return add_node(monitor, path) ? EB_DEVICE_ADDED : EB_DEVICE_UNCHANGED;
}

enum eb_status eb_device_monitor_next(struct eb_device_monitor *monitor,
				      enum eb_device_change *ret_change, char *path,
				      size_t path_size)
{
	enum eb_device_change change = EB_DEVICE_UNCHANGED;
	struct udev_device *device;

	if (!monitor || !ret_change || !path || !path_size)
		return eb_fail(EB_INVALID_ARGUMENT, "eb_device_monitor_next: %s",
			       !monitor ? "monitor is NULL" : !ret_change ? "ret_change is NULL" :
			       !path ? "path is NULL" : "path_size is 0");
	pthread_mutex_lock(&monitor->lock);
	while (change == EB_DEVICE_UNCHANGED &&
	       (device = udev_monitor_receive_device(monitor->events))) {
		change = judge(monitor, device);
		if (change != EB_DEVICE_UNCHANGED)
			snprintf(path, path_size, "%s", udev_device_get_devnode(device));
		udev_device_unref(device);
	}
	pthread_mutex_unlock(&monitor->lock);
	*ret_change = change;
	return EB_OK;
}
