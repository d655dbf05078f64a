/* SPDX-License-Identifier: MIT */
/* A device that takes over when one disappears. */
#ifndef EDGEBERT_LIB_FAILOVER_H
#define EDGEBERT_LIB_FAILOVER_H

#include "lib/device.h"

/* How another device is found; tests have their own. */
struct eb_failover {
	/*
	 * A device that computes what the lost one did.  EB_DEVICE_LOST when there is none,
	 * and the detail says why.
	 */
	enum eb_status (*find)(void *opaque, const struct eb_device_info *lost,
			       struct eb_backend_device **ret_backend);
	void *opaque;
};

/* Nodes below /dev/accel. */
extern const struct eb_failover eb_failover_nodes;

/* Whether jobs give the same bits and figures on both. */
bool eb_failover_is_alike(const struct eb_device_info *one, const struct eb_device_info *other);

/*
 * The device that took over from this one, found now if nobody did before; all engines of a
 * lost device come to the same one.  A reference for the caller.
 */
enum eb_status eb_device_take_successor(struct eb_device *device, struct eb_device **ret_device);

/* The device at the end of the line of successors: where work goes.  A reference. */
struct eb_device *eb_device_take_current(struct eb_device *device);

#endif /* EDGEBERT_LIB_FAILOVER_H */
