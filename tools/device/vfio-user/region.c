// SPDX-License-Identifier: MIT
/*
 * The device as a set of regions: what there is, accesses to it, reset.
 */
#include <errno.h>
#include <string.h>

#include "tools/device/vfio-user/server.h"

/* False: the PCI device has no such region, or it is empty. */
static bool find_region(uint32_t index, enum eb_device_region *ret_region)
{
	switch (index) {
	case VFIO_USER_REGION_BAR0:
		*ret_region = EB_DEVICE_REGISTERS;
		return true;
	case VFIO_USER_REGION_BAR2:
		*ret_region = EB_DEVICE_MSIX;
		return true;
	case VFIO_USER_REGION_CONFIG:
		*ret_region = EB_DEVICE_CONFIG;
		return true;
	default:
		return false;
	}
}

int eb_handle_device_info(struct eb_server *server, struct eb_message *message,
			  struct eb_reply *reply)
{
	struct vfio_user_device_info info;

	(void)server;
	memcpy(&info, message->payload, sizeof(info));
	if (info.argsz < sizeof(info))
		return -EINVAL;
	info = (struct vfio_user_device_info) {
		.argsz = sizeof(info),
		.flags = VFIO_USER_DEVICE_FLAG_RESET | VFIO_USER_DEVICE_FLAG_PCI,
		.regions = VFIO_USER_REGION_COUNT,
		.irqs = VFIO_USER_IRQ_COUNT,
	};
	memcpy(reply->payload, &info, sizeof(info));
	reply->size = sizeof(info);
	return 0;
}

int eb_handle_region_info(struct eb_server *server, struct eb_message *message,
			  struct eb_reply *reply)
{
	struct vfio_user_region_info info;
	enum eb_device_region region;

	(void)server;
	memcpy(&info, message->payload, sizeof(info));
	if (info.argsz < sizeof(info) || info.index >= VFIO_USER_REGION_COUNT)
		return -EINVAL;
	info = (struct vfio_user_region_info) { .argsz = sizeof(info), .index = info.index };
	if (find_region(info.index, &region)) {
		info.flags = VFIO_USER_REGION_FLAG_READ | VFIO_USER_REGION_FLAG_WRITE;
		info.size = eb_device_region_size(region);
	}
	memcpy(reply->payload, &info, sizeof(info));
	reply->size = sizeof(info);
	return 0;
}

/* The one check of a region access; handlers then trust offset and count. */
static int check_access(struct eb_server *server, const struct vfio_user_region_access *access,
			enum eb_device_region *ret_region)
{
	size_t size;

	if (!find_region(access->region, ret_region)) {
		eb_server_log(server, "access to region %u, which is empty", access->region);
		return -EINVAL;
	}
	size = eb_device_region_size(*ret_region);
	if (access->offset > size || access->count > size - access->offset) {
		eb_server_log(server, "access of %u bytes at 0x%llx of region %u, which has 0x%zx",
			      access->count, (unsigned long long)access->offset, access->region,
			      size);
		return -EINVAL;
	}
	return 0;
}

int eb_handle_region_read(struct eb_server *server, struct eb_message *message,
			  struct eb_reply *reply)
{
	struct vfio_user_region_access access;
	enum eb_device_region region;
	int result;

	memcpy(&access, message->payload, sizeof(access));
	result = check_access(server, &access, &region);
	if (result != 0)
		return result;
	memcpy(reply->payload, &access, sizeof(access));
	eb_device_read(server->device, region, access.offset, reply->payload + sizeof(access),
		       access.count);
	reply->size = sizeof(access) + access.count;
	return 0;
}

int eb_handle_region_write(struct eb_server *server, struct eb_message *message,
			   struct eb_reply *reply)
{
	struct vfio_user_region_access access;
	enum eb_device_region region;
	int result;

	memcpy(&access, message->payload, sizeof(access));
	result = check_access(server, &access, &region);
	if (result != 0)
		return result;
	if (message->size - sizeof(access) != access.count) {
		eb_server_log(server, "REGION_WRITE of %u bytes comes with %zu", access.count,
			      message->size - sizeof(access));
		return -EINVAL;
	}
	eb_device_write(server->device, region, access.offset, message->payload + sizeof(access),
			access.count);
	memcpy(reply->payload, &access, sizeof(access));
	reply->size = sizeof(access);
	return 0;
}

int eb_handle_device_reset(struct eb_server *server, struct eb_message *message,
			   struct eb_reply *reply)
{
	(void)message;
	(void)reply;
	eb_device_reset(server->device);
	return 0;
}
