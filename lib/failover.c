// SPDX-License-Identifier: MIT
/*
 * Finds devices that take over from a lost one, once for everybody who used that.  They form
 * a chain: each device holds the one that was opened after it.
 */
#include "lib/failover.h"

#include <stdio.h>
#include <string.h>

struct nodes {
	uint32_t count;
	char paths[EB_FAILOVER_DEVICES_MAX][sizeof(((struct eb_device_info *)0)->path)];
};

static bool is_alike(const struct eb_device_info *one, const struct eb_device_info *other)
{
	return one->hardware_version >> 16 == other->hardware_version >> 16 &&
	       one->capabilities == other->capabilities &&
	       !strcmp(one->profile, other->profile) &&
	       one->operating_point_count == other->operating_point_count &&
	       !memcmp(one->operating_points, other->operating_points,
		       sizeof(one->operating_points));
}

/* ---- a search ---- */

static void note(struct eb_failover_search *search, const char *path, const char *reason)
{
	const size_t room = sizeof(search->tried) - search->length;
	/* Most details begin with the path. */
	const bool named = !strncmp(reason, path, strlen(path));
	int length = snprintf(search->tried + search->length, room, "%s%s%s%s",
			      search->length ? "; " : "", named ? "" : path, named ? "" : ": ",
			      reason);

	search->length += length < 0 ? 0 : (size_t)length < room ? (size_t)length : room - 1;
}

static bool is_in_use(const struct eb_failover_search *search, const char *path)
{
	for (uint32_t i = 0; i < search->in_use_count; i++) {
		if (!strcmp(search->in_use[i], path))
			return true;
	}
	return false;
}

enum eb_status eb_failover_try_node(struct eb_failover_search *search, const char *path,
				    const struct eb_accel_system *system,
				    struct eb_backend_device **ret_backend)
{
	struct eb_backend_device *backend;

	if (is_in_use(search, path))
		return EB_DEVICE_LOST;
	if (eb_backend_accel_create(path, system, &backend)) {
		note(search, path, eb_error_detail());
		return EB_DEVICE_LOST;
	}
	if (!is_alike(search->lost, &backend->info)) {
		note(search, path, "is another kind of device");
		backend->ops->destroy(backend);
		return EB_DEVICE_LOST;
	}
	*ret_backend = backend;
	return EB_OK;
}

static int add_node(const char *path, const char *bus_address, void *opaque)
{
	struct nodes *nodes = opaque;

	(void)bus_address;
	snprintf(nodes->paths[nodes->count++], sizeof(nodes->paths[0]), "%s", path);
	return nodes->count == EB_FAILOVER_DEVICES_MAX;
}

/* The lost device is tried like all: its node, if still there, refuses. */
static enum eb_status find_node(void *opaque, struct eb_failover_search *search,
				struct eb_backend_device **ret_backend)
{
	struct nodes nodes = { 0 };
	enum eb_status status = eb_device_find(add_node, &nodes);

	(void)opaque;
	if (status)
		note(search, "/dev/accel", eb_error_detail());
	for (uint32_t i = 0; i < nodes.count; i++) {
		if (!eb_failover_try_node(search, nodes.paths[i], NULL, ret_backend))
			return EB_OK;
	}
	return EB_DEVICE_LOST;
}

const struct eb_failover eb_failover_nodes = { .find = find_node };

/* ---- the chain ---- */

static enum eb_status open_successor(struct eb_device *device, struct eb_failover_search *search)
{
	struct eb_backend_device *backend;
	struct eb_device *successor;
	enum eb_status status;

	status = device->failover->find(device->failover->opaque, search, &backend);
	if (status)
		return status;
	status = eb_device_create(backend, &successor);
	if (status)
		return status;
	successor->failover = device->failover;
	successor->log = device->log;
	device->successor = successor;
	return EB_OK;
}

/* The next of the chain, opened now if nobody did before.  A reference. */
static enum eb_status take_next(struct eb_device *device, struct eb_failover_search *search,
				struct eb_device **ret_next)
{
	enum eb_status status = EB_OK;

	/* Held while a device is opened: everybody else wants exactly this one. */
	pthread_mutex_lock(&device->successor_lock);
	if (!device->successor)
		status = open_successor(device, search);
	if (!status)
		*ret_next = eb_device_ref(device->successor);
	pthread_mutex_unlock(&device->successor_lock);
	return status;
}

static enum eb_status try_device(struct eb_device *device, const struct eb_device_info *lost,
				 struct eb_failover_search *search, eb_failover_use *use,
				 void *opaque)
{
	const char *path = device->backend->info.path;
	enum eb_status status;

	if (atomic_load(&device->lost))
		return EB_DEVICE_LOST;
	status = use(opaque, device);
	if (!status) {
		if (!atomic_exchange(&device->took_over, true))
			eb_log_say(&device->log, EB_LOG_WARNING, "%s disappeared; its work goes on "
				   "on %s", lost->path, path);
		return EB_OK;
	}
	note(search, path, eb_error_detail());
	if (status == EB_DEVICE_LOST) {
		atomic_store(&device->lost, true);
	} else {
		search->status = status;
		search->in_use[search->in_use_count++] = path;
	}
	return status;
}

enum eb_status eb_device_fail_over(struct eb_device *lost, eb_failover_use *use, void *opaque)
{
	const struct eb_device_info *info = &lost->backend->info;
	struct eb_failover_search search = { .lost = info };
	struct eb_device *device = lost, *next;
	enum eb_status status = EB_DEVICE_LOST;

	atomic_store(&lost->lost, true);
	if (!lost->failover)
		return eb_fail(EB_DEVICE_LOST, "%s", eb_error_detail());
	/* The chain holds all that comes after the lost device, as its caller holds that. */
	while (search.in_use_count < EB_FAILOVER_DEVICES_MAX &&
	       !take_next(device, &search, &next)) {
		device = next;
		eb_device_unref(next);
		status = try_device(device, info, &search, use, opaque);
		if (!status)
			return EB_OK;
	}
	status = search.status ? search.status : EB_DEVICE_LOST;
	eb_fail(status, "%s: the device disappeared and no other takes over: %s%s", info->path,
		search.length ? "tried " : "there is no other device", search.tried);
	eb_log_say(&lost->log, EB_LOG_ERROR, "%s", eb_error_detail());
	return status;
}

struct eb_device *eb_device_take_current(struct eb_device *device)
{
	struct eb_device *current = device;

	while (atomic_load(&current->lost)) {
		struct eb_device *next;

		pthread_mutex_lock(&current->successor_lock);
		next = current->successor;
		pthread_mutex_unlock(&current->successor_lock);
		if (!next)
			break;
		current = next;
	}
	return eb_device_ref(current);
}
