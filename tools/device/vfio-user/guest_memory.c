// SPDX-License-Identifier: MIT
/*
 * The device's accesses to guest memory: through a window where the client shares it,
 * else by DMA messages; and the client's DMA_MAP and DMA_UNMAP.
 */
#include <errno.h>
#include <string.h>

#include "tools/device/vfio-user/server.h"

/* ---- Commands; dispatch holds the map's lock ---- */

int eb_handle_dma_map(struct eb_server *server, struct eb_message *message,
		      struct eb_reply *reply)
{
	struct vfio_user_dma_map request;
	int fd = message->fd_count > 0 ? message->fds[0] : -1;

	(void)reply;
	memcpy(&request, message->payload, sizeof(request));
	return eb_dma_map_add(&server->map, request.address, request.size, request.flags, fd,
			      request.offset);
}

int eb_handle_dma_unmap(struct eb_server *server, struct eb_message *message,
			struct eb_reply *reply)
{
	struct vfio_user_dma_unmap request;
	int result = 0;

	memcpy(&request, message->payload, sizeof(request));
	if (request.flags == VFIO_USER_UNMAP_ALL && request.address == 0 && request.size == 0)
		eb_dma_map_clear(&server->map);
	else if (request.flags != 0)
		result = -EOPNOTSUPP;	/* dirty page tracking */
	else
		result = eb_dma_map_remove(&server->map, request.address, request.size);
	if (result == 0) {
		memcpy(reply->payload, &request, sizeof(request));
		reply->size = sizeof(request);
	}
	return result;
}

/* ---- DMA by messages: the device's worker ---- */

static int send_request(struct eb_server *server, uint16_t command, uint16_t id, uint64_t address,
			const void *data, size_t size)
{
	struct vfio_user_dma_access access = { .address = address, .count = size };
	size_t data_size = command == VFIO_USER_DMA_WRITE ? size : 0;
	struct vfio_user_header header = {
		.id = id,
		.command = command,
		.size = sizeof(header) + sizeof(access) + data_size,
		.flags = VFIO_USER_TYPE_COMMAND,
	};

	return eb_message_send(server, &header, &access, sizeof(access), data, data_size);
}

/* destination for reads, source for writes */
static int transfer(struct eb_server *server, uint64_t address, void *destination,
		    const void *source, size_t size)
{
	struct eb_dma_channel *channel = &server->channel;
	uint16_t command = source ? VFIO_USER_DMA_WRITE : VFIO_USER_DMA_READ;
	uint16_t id;
	int result;

	pthread_mutex_lock(&channel->lock);
	if (!channel->allowed) {
		pthread_mutex_unlock(&channel->lock);
		return -ECANCELED;
	}
	id = ++channel->id;
	channel->command = command;
	channel->address = address;
	channel->destination = destination;
	channel->size = size;
	channel->waiting = true;
	pthread_mutex_unlock(&channel->lock);

	/* The answer may be there before send_request() returns. */
	result = send_request(server, command, id, address, source, size);

	pthread_mutex_lock(&channel->lock);
	while (result == 0 && channel->allowed && channel->waiting)
		pthread_cond_wait(&channel->answered, &channel->lock);
	if (result == 0)
		result = channel->waiting ? -ECANCELED : channel->result;
	channel->waiting = false;
	pthread_mutex_unlock(&channel->lock);
	return result;
}

/* What an answer to the request in the channel means. */
static int judge_answer(const struct eb_dma_channel *channel, const struct eb_message *message)
{
	struct vfio_user_dma_access access;
	size_t data = channel->command == VFIO_USER_DMA_READ ? channel->size : 0;

	if (message->header.flags & VFIO_USER_FLAG_ERROR)
		return -EIO;
	if (message->size < sizeof(access) + data)
		return -EIO;
	memcpy(&access, message->payload, sizeof(access));
	/* In the answer to a write the count is the low half only. */
	if (access.address != channel->address || (uint32_t)access.count != channel->size)
		return -EIO;
	if (data > 0)
		memcpy(channel->destination, message->payload + sizeof(access), data);
	return 0;
}

void eb_guest_deliver(struct eb_server *server, const struct eb_message *message)
{
	struct eb_dma_channel *channel = &server->channel;

	pthread_mutex_lock(&channel->lock);
	if (channel->waiting && message->header.id == channel->id &&
	    message->header.command == channel->command) {
		channel->result = judge_answer(channel, message);
		channel->waiting = false;
		pthread_cond_broadcast(&channel->answered);
	} else {
		/* Late answers of requests given up are normal. */
		eb_server_log(server, "reply %u (command %u) to nothing that was asked: ignored",
			      message->header.id, message->header.command);
	}
	pthread_mutex_unlock(&channel->lock);
}

void eb_guest_allow_dma(void *opaque, bool allowed)
{
	struct eb_dma_channel *channel = &((struct eb_server *)opaque)->channel;

	pthread_mutex_lock(&channel->lock);
	channel->allowed = allowed;
	pthread_cond_broadcast(&channel->answered);
	pthread_mutex_unlock(&channel->lock);
}

/* ---- Callbacks of the device ---- */

enum way {
	BY_WINDOW,
	BY_MESSAGE,
};

/*
 * One piece of an access, as long as its range goes.  Copies it when there is a window;
 * *ret_size is its length either way.
 */
static int access_window(struct eb_dma_map *map, uint64_t address, void *destination,
			 const void *source, size_t *ret_size, enum way *ret_way)
{
	uint32_t needed = source ? VFIO_USER_DMA_WRITABLE : VFIO_USER_DMA_READABLE;
	const struct eb_dma_range *range;
	int result = 0;

	pthread_mutex_lock(&map->lock);
	range = eb_dma_map_find(map, address);
	if (range == NULL || !(range->flags & needed)) {
		result = -EFAULT;
	} else {
		if (*ret_size - 1 > range->last - address)
			*ret_size = range->last - address + 1;
		*ret_way = range->window ? BY_WINDOW : BY_MESSAGE;
		if (range->window != NULL) {
			uint8_t *there = range->window->base + range->offset +
					 (address - range->first);
			bool copied = source ? eb_window_copy(there, source, *ret_size) :
					       eb_window_copy(destination, there, *ret_size);

			result = copied ? 0 : -EFAULT;
		}
	}
	pthread_mutex_unlock(&map->lock);
	return result;
}

static int access_guest(struct eb_server *server, uint64_t address, uint8_t *destination,
			const uint8_t *source, size_t size)
{
	uint32_t most = server->connection.client_data_bytes;

	if (most > EB_DMA_MESSAGE_BYTES)
		most = EB_DMA_MESSAGE_BYTES;
	while (size > 0) {
		size_t part = size;
		enum way way;
		int result = access_window(&server->map, address, destination, source, &part, &way);

		if (result == 0 && way == BY_MESSAGE) {
			part = part < most ? part : most;
			result = transfer(server, address, destination, source, part);
		}
		if (result != 0)
			return result;
		address += part;
		size -= part;
		if (source != NULL)
			source += part;
		else
			destination += part;
	}
	return 0;
}

int eb_guest_read(void *opaque, uint64_t address, void *destination, size_t size)
{
	return access_guest(opaque, address, destination, NULL, size);
}

int eb_guest_write(void *opaque, uint64_t address, const void *source, size_t size)
{
	return access_guest(opaque, address, NULL, source, size);
}
