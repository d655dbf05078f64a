// SPDX-License-Identifier: MIT
/*
 * Life of the server, and of one client's connection.
 */
#include "tools/device/vfio-user/server.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void eb_server_log(struct eb_server *server, const char *format, ...)
{
	char line[256];
	va_list arguments;

	if (!server->verbose)
		return;
	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	fprintf(stderr, "edgebert-device: %s\n", line);
}

static void log_device_event(void *opaque, const char *text)
{
	eb_server_log(opaque, "%s", text);
}

struct eb_server *eb_server_create(const struct eb_server_options *options)
{
	const struct eb_device_options device_options = {
		.profile = options->profile,
		.threads = options->threads,
		.paced = options->paced,
		.ambient = options->ambient,
		.envm = options->envm,
	};
	struct eb_server *server = calloc(1, sizeof(*server));
	struct eb_device_host host = {
		.opaque = server,
		.read = eb_guest_read,
		.write = eb_guest_write,
		.allow_dma = eb_guest_allow_dma,
		.interrupt = eb_interrupts_send,
		.event = log_device_event,
	};

	if (server == NULL)
		return NULL;
	server->verbose = options->verbose;
	server->connection.fd = -1;
	pthread_mutex_init(&server->connection.send_lock, NULL);
	pthread_mutex_init(&server->channel.lock, NULL);
	pthread_cond_init(&server->channel.answered, NULL);
	pthread_mutex_init(&server->interrupts.lock, NULL);
	for (unsigned int i = 0; i < EDGEBERT_HW_IRQ_COUNT; i++)
		server->interrupts.eventfds[i] = -1;
	eb_dma_map_init(&server->map);
	eb_window_copy_init();
	server->device = eb_device_create(&device_options, &host);
	if (server->device == NULL) {
		int error = errno;

		eb_server_destroy(server);
		errno = error;
		return NULL;
	}
	return server;
}

void eb_server_destroy(struct eb_server *server)
{
	if (server == NULL)
		return;
	eb_device_destroy(server->device);
	eb_dma_map_destroy(&server->map);
	eb_interrupts_clear(&server->interrupts);
	pthread_mutex_destroy(&server->interrupts.lock);
	pthread_cond_destroy(&server->channel.answered);
	pthread_mutex_destroy(&server->channel.lock);
	pthread_mutex_destroy(&server->connection.send_lock);
	free(server);
}

static void connect_client(struct eb_server *server, int fd, int stop_fd)
{
	struct eb_connection *connection = &server->connection;

	pthread_mutex_lock(&connection->send_lock);
	connection->fd = fd;
	connection->stop_fd = stop_fd;
	connection->negotiated = false;
	connection->client_data_bytes = VFIO_USER_DEFAULT_DATA_BYTES;
	atomic_store(&connection->broken, false);
	pthread_mutex_unlock(&connection->send_lock);
	eb_server_log(server, "client connected");
}

/* The next client finds the device as at power-on and nothing of this one's. */
static void disconnect_client(struct eb_server *server, int reason)
{
	struct eb_connection *connection = &server->connection;

	eb_server_log(server, "client disconnected: %s", strerror(-reason));
	eb_device_reset(server->device);
	pthread_mutex_lock(&connection->send_lock);
	atomic_store(&connection->broken, true);
	close(connection->fd);
	connection->fd = -1;
	pthread_mutex_unlock(&connection->send_lock);
	pthread_mutex_lock(&server->map.lock);
	eb_dma_map_clear(&server->map);
	pthread_mutex_unlock(&server->map.lock);
	eb_interrupts_clear(&server->interrupts);
}

bool eb_server_serve(struct eb_server *server, int fd, int stop_fd)
{
	int result;

	connect_client(server, fd, stop_fd);
	do {
		result = eb_message_receive(server);
		if (result == 0)
			eb_dispatch(server);
		eb_message_close_fds(&server->message);
		/* A send that failed has broken the connection for both directions. */
		if (atomic_load(&server->connection.broken))
			result = -EPIPE;
	} while (result == 0 || result == -EPROTO);
	disconnect_client(server, result);
	return result == -ECANCELED;
}
