// SPDX-License-Identifier: MIT
/*
 * Whole messages: receiving with the checks of the header, replies, sending.
 *
 * A message whose length can not be believed ends the connection, since the next header can
 * not be found; every other mistake is answered with an error and forgotten.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tools/device/vfio-user/server.h"

void eb_message_close_fds(struct eb_message *message)
{
	for (unsigned int i = 0; i < message->fd_count; i++) {
		if (message->fds[i] >= 0)
			close(message->fds[i]);
	}
	message->fd_count = 0;
}

int eb_message_send(struct eb_server *server, const struct vfio_user_header *header,
		    const void *first, size_t first_size, const void *second, size_t second_size)
{
	struct eb_connection *connection = &server->connection;
	/* Long enough for every fixed part, so that header and it leave in one piece. */
	uint8_t head[sizeof(*header) + sizeof(struct vfio_user_dma_map)];
	int result;

	if (first_size > sizeof(head) - sizeof(*header))
		return -EINVAL;
	memcpy(head, header, sizeof(*header));
	if (first_size > 0)
		memcpy(head + sizeof(*header), first, first_size);
	pthread_mutex_lock(&connection->send_lock);
	result = atomic_load(&connection->broken) ? -EPIPE :
		 eb_socket_send(connection->fd, connection->stop_fd, head,
				sizeof(*header) + first_size, second, second_size);
	/* Part of a message may be out: nothing after it would be understood. */
	if (result != 0 && !atomic_exchange(&connection->broken, true))
		shutdown(connection->fd, SHUT_RDWR);
	pthread_mutex_unlock(&connection->send_lock);
	return result;
}

int eb_message_reply(struct eb_server *server, const struct vfio_user_header *request, int error)
{
	size_t size = error ? 0 : server->reply.size;
	struct vfio_user_header header = {
		.id = request->id,
		.command = request->command,
		.size = sizeof(header) + size,
		.flags = VFIO_USER_TYPE_REPLY | (error ? VFIO_USER_FLAG_ERROR : 0),
		.error = error ? -error : 0,
	};

	if (request->flags & VFIO_USER_FLAG_NO_REPLY)
		return 0;
	return eb_message_send(server, &header, NULL, 0, server->reply.payload, size);
}

/* Type bits that the protocol does not define. */
static int check_type(const struct vfio_user_header *header)
{
	uint32_t type = header->flags & VFIO_USER_TYPE_MASK;

	return type == VFIO_USER_TYPE_COMMAND || type == VFIO_USER_TYPE_REPLY ? 0 : -EINVAL;
}

int eb_message_receive(struct eb_server *server)
{
	struct eb_connection *connection = &server->connection;
	struct eb_message *message = &server->message;
	struct vfio_user_header *header = &message->header;
	int result;

	message->fd_count = 0;
	result = eb_socket_receive(connection->fd, connection->stop_fd, header, sizeof(*header),
				   message->fds, &message->fd_count);
	if (result != 0)
		return result;
	if (header->size < sizeof(*header) ||
	    header->size - sizeof(*header) > sizeof(message->payload)) {
		eb_server_log(server, "message %u (command %u) says it has %u bytes, allowed are "
			      "%zu to %zu: connection closed", header->id, header->command,
			      header->size, sizeof(*header),
			      sizeof(*header) + sizeof(message->payload));
		header->flags &= ~VFIO_USER_FLAG_NO_REPLY;
		eb_message_reply(server, header, -EINVAL);
		return -EINVAL;
	}
	message->size = header->size - sizeof(*header);
	result = eb_socket_receive(connection->fd, connection->stop_fd, message->payload,
				   message->size, message->fds, &message->fd_count);
	if (result != 0)
		return result;
	if (check_type(header) != 0) {
		eb_server_log(server, "message %u: unknown type in flags 0x%x", header->id,
			      header->flags);
		eb_message_reply(server, header, -EINVAL);
		return -EPROTO;
	}
	return 0;
}
