// SPDX-License-Identifier: MIT
/*
 * From a message to its handler: one row per command says what it must look like.
 */
#include <errno.h>

#include "tools/device/vfio-user/server.h"

struct command_row {
	uint16_t command;
	const char *name;
	size_t least_size;		/* of the payload */
	unsigned int most_fds;
	/* No access to guest memory may be under way while the handler runs. */
	bool needs_quiesce;
	eb_handler *handler;		/* NULL: known, not offered */
};

static const struct command_row command_rows[] = {
	{ VFIO_USER_VERSION, "VERSION", sizeof(struct vfio_user_version), 0, false,
	  eb_handle_version },
	{ VFIO_USER_DMA_MAP, "DMA_MAP", sizeof(struct vfio_user_dma_map), 1, true,
	  eb_handle_dma_map },
	{ VFIO_USER_DMA_UNMAP, "DMA_UNMAP", sizeof(struct vfio_user_dma_unmap), 0, true,
	  eb_handle_dma_unmap },
	{ VFIO_USER_DEVICE_GET_INFO, "DEVICE_GET_INFO", sizeof(struct vfio_user_device_info), 0,
	  false, eb_handle_device_info },
	{ VFIO_USER_DEVICE_GET_REGION_INFO, "DEVICE_GET_REGION_INFO",
	  sizeof(struct vfio_user_region_info), 0, false, eb_handle_region_info },
	{ VFIO_USER_DEVICE_GET_REGION_IO_FDS, "DEVICE_GET_REGION_IO_FDS", 0, 0, false, NULL },
	{ VFIO_USER_DEVICE_GET_IRQ_INFO, "DEVICE_GET_IRQ_INFO", sizeof(struct vfio_user_irq_info),
	  0, false, eb_handle_irq_info },
	{ VFIO_USER_DEVICE_SET_IRQS, "DEVICE_SET_IRQS", sizeof(struct vfio_user_irq_set),
	  EB_MESSAGE_FDS, false, eb_handle_set_irqs },
	{ VFIO_USER_REGION_READ, "REGION_READ", sizeof(struct vfio_user_region_access), 0, false,
	  eb_handle_region_read },
	{ VFIO_USER_REGION_WRITE, "REGION_WRITE", sizeof(struct vfio_user_region_access), 0, false,
	  eb_handle_region_write },
	/* Resetting stops DMA itself, and would wait for an access that waits for us. */
	{ VFIO_USER_DEVICE_RESET, "DEVICE_RESET", 0, 0, false, eb_handle_device_reset },
};

static const struct command_row *find_row(uint16_t command)
{
	for (size_t i = 0; i < sizeof(command_rows) / sizeof(command_rows[0]); i++) {
		if (command_rows[i].command == command)
			return &command_rows[i];
	}
	return NULL;
}

static int check(struct eb_server *server, const struct command_row *row,
		 const struct eb_message *message)
{
	if (row == NULL || row->handler == NULL) {
		eb_server_log(server, "command %u is not supported", message->header.command);
		return -EOPNOTSUPP;
	}
	if (!server->connection.negotiated && row->command != VFIO_USER_VERSION) {
		eb_server_log(server, "%s before VERSION", row->name);
		return -EINVAL;
	}
	if (message->size < row->least_size) {
		eb_server_log(server, "%s has %zu bytes of payload, at least %zu are needed",
			      row->name, message->size, row->least_size);
		return -EINVAL;
	}
	if (message->fd_count > row->most_fds) {
		eb_server_log(server, "%s comes with %u file descriptors, at most %u are allowed",
			      row->name, message->fd_count, row->most_fds);
		return -EINVAL;
	}
	return 0;
}

static int run(struct eb_server *server, const struct command_row *row)
{
	int result;

	server->reply.size = 0;
	if (row->needs_quiesce)
		pthread_mutex_lock(&server->map.lock);
	result = row->handler(server, &server->message, &server->reply);
	if (row->needs_quiesce)
		pthread_mutex_unlock(&server->map.lock);
	return result;
}

void eb_dispatch(struct eb_server *server)
{
	struct eb_message *message = &server->message;
	const struct command_row *row = find_row(message->header.command);
	int result;

	if ((message->header.flags & VFIO_USER_TYPE_MASK) == VFIO_USER_TYPE_REPLY) {
		eb_guest_deliver(server, message);
		return;
	}
	result = check(server, row, message);
	if (result == 0) {
		result = run(server, row);
		if (result != 0)
			eb_server_log(server, "%s refused: errno %d", row->name, -result);
	}
	eb_message_reply(server, &message->header, result);
}
