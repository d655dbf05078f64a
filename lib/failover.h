/* SPDX-License-Identifier: MIT */
/* Devices that take over when one disappears. */
#ifndef EDGEBERT_LIB_FAILOVER_H
#define EDGEBERT_LIB_FAILOVER_H

#include "lib/device.h"

#define EB_FAILOVER_DEVICES_MAX 64

/* A search for a device that takes over: what is in use already, what was tried in vain. */
struct eb_failover_search {
	const struct eb_device_info *lost;
	const char *in_use[EB_FAILOVER_DEVICES_MAX];	/* paths: not to be opened again */
	uint32_t in_use_count;
	enum eb_status status;		/* of a device that is there and can not take over; or OK */
	size_t length;
	char tried[768];		/* "PATH: why not; PATH: why not" */
};

/* How other devices are found; tests have their own. */
struct eb_failover {
	/*
	 * Opens a device that computes what the lost one did and is not in use.  EB_DEVICE_LOST
	 * when there is none; those that were no help are noted.
	 */
	enum eb_status (*find)(void *opaque, struct eb_failover_search *search,
			       struct eb_backend_device **ret_backend);
	void *opaque;
};

/* Nodes below /dev/accel. */
extern const struct eb_failover eb_failover_nodes;

/* Opens a node for a search; EB_DEVICE_LOST: it is no help, and noted unless it is in use. */
enum eb_status eb_failover_try_node(struct eb_failover_search *search, const char *path,
				    const struct eb_accel_system *system,
				    struct eb_backend_device **ret_backend);

/*
 * What to do on a device that is to take over.  Anything but EB_OK: the next one is tried, and
 * eb_error_detail() is why.
 */
typedef enum eb_status eb_failover_use(void *opaque, struct eb_device *device);

/*
 * After a device was lost: uses one after the other of those that took over from it, and then
 * of those that are found, until one can be used.  Else the status of one that is there, or
 * EB_DEVICE_LOST; the detail says what was tried.
 */
enum eb_status eb_device_fail_over(struct eb_device *lost, eb_failover_use *use, void *opaque);

/* Where work of a device goes: to itself, or to the first that took over and is there. */
struct eb_device *eb_device_take_current(struct eb_device *device);

#endif /* EDGEBERT_LIB_FAILOVER_H */
