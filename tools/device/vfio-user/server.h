/* SPDX-License-Identifier: MIT */
/*
 * The vfio-user server: one device, one client at a time.
 *
 * The thread that calls eb_server_serve() reads messages and answers them.  The
 * device's worker thread uses the guest memory map, the eventfds and, where memory is not
 * shared, sends DMA messages; each of these three has a lock of its own, none of
 * which is held while calling into the device.
 */
#ifndef EDGEBERT_DEVICE_VFIO_USER_SERVER_H
#define EDGEBERT_DEVICE_VFIO_USER_SERVER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/edgebert_hw.h"
#include "tools/device/pcie/device.h"
#include "tools/device/vfio-user/dma_map.h"
#include "tools/device/vfio-user/protocol.h"

#define EB_MESSAGE_FDS		16	/* file descriptors beside one message */
#define EB_DATA_BYTES_MAX	VFIO_USER_DEFAULT_DATA_BYTES
/* The longest payload: an access with its data. */
#define EB_PAYLOAD_BYTES_MAX	(sizeof(struct vfio_user_region_access) + EB_DATA_BYTES_MAX)
#define EB_DMA_MESSAGE_BYTES	65536u	/* longest data of one DMA message */

struct eb_server_options {
	const char *profile;
	unsigned int threads;	/* that work on one job; 0: one */
	bool paced;
	const int32_t *ambient;	/* 1/1000 degree C; NULL: the model's own */
	struct eb_envm *envm;	/* stays the caller's; NULL: an erased one */
	bool verbose;		/* one line to stderr per event */
};

/* A message as received.  File descriptors a handler keeps are set to -1. */
struct eb_message {
	struct vfio_user_header header;
	size_t size;				/* of the payload */
	unsigned int fd_count;
	int fds[EB_MESSAGE_FDS];
	_Alignas(8) uint8_t payload[EB_PAYLOAD_BYTES_MAX];
};

struct eb_reply {
	size_t size;
	_Alignas(8) uint8_t payload[EB_PAYLOAD_BYTES_MAX];
};

/* The connection to the present client. */
struct eb_connection {
	int fd;
	int stop_fd;			/* readable: the server shall end; -1: never */
	bool negotiated;
	uint32_t client_data_bytes;	/* what the client takes in one message */
	pthread_mutex_t send_lock;
	atomic_bool broken;
};

/* DMA by messages: the worker waits, the serving thread delivers. */
struct eb_dma_channel {
	pthread_mutex_t lock;
	pthread_cond_t answered;
	bool allowed;
	bool waiting;
	uint16_t id;
	uint16_t command;
	uint64_t address;
	uint8_t *destination;		/* of a read */
	size_t size;
	int result;
};

struct eb_interrupts {
	pthread_mutex_t lock;
	int eventfds[EDGEBERT_HW_IRQ_COUNT];	/* -1: none */
};

struct eb_server {
	struct eb_device *device;
	struct eb_connection connection;
	struct eb_dma_map map;
	struct eb_dma_channel channel;
	struct eb_interrupts interrupts;
	bool verbose;
	struct eb_message message;
	struct eb_reply reply;
};

/* server.c */

/* NULL with errno, as eb_device_create(). */
struct eb_server *eb_server_create(const struct eb_server_options *options);
void eb_server_destroy(struct eb_server *server);
/*
 * Serves the client behind a stream socket until it goes away, breaks the protocol, or
 * stop_fd becomes readable; closes fd.  The device has been reset when it returns.
 * True: stop_fd said to end.
 */
bool eb_server_serve(struct eb_server *server, int fd, int stop_fd);
__attribute__((format(printf, 2, 3)))
void eb_server_log(struct eb_server *server, const char *format, ...);

/* socket.c: all return 0 or a negative errno */

/* *ret_fd: a listening socket.  A socket file that nobody listens on is replaced. */
int eb_socket_listen(const char *path, int *ret_fd);
/* -ECANCELED: stop_fd became readable. */
int eb_socket_accept(int listener, int stop_fd, int *ret_fd);
/* Fills size bytes and appends file descriptors.  -ECONNRESET: the other side closed. */
int eb_socket_receive(int fd, int stop_fd, void *destination, size_t size, int *fds,
		      unsigned int *fd_count);
int eb_socket_send(int fd, int stop_fd, const void *first, size_t first_size,
		   const void *second, size_t second_size);

/* message.c */

/*
 * The next message into server->message.  0, -EPROTO when it was answered with an error
 * and dropped, or the error that ends the connection.
 */
int eb_message_receive(struct eb_server *server);
void eb_message_close_fds(struct eb_message *message);
int eb_message_reply(struct eb_server *server, const struct vfio_user_header *request, int error);
int eb_message_send(struct eb_server *server, const struct vfio_user_header *header,
		    const void *first, size_t first_size, const void *second,
		    size_t second_size);

/* dispatch.c */
void eb_dispatch(struct eb_server *server);

/*
 * Handlers of commands, called by dispatch.c after it has checked the sizes and the
 * number of file descriptors: 0, with the reply's payload in server->reply, or a
 * negative errno.
 */
typedef int eb_handler(struct eb_server *server, struct eb_message *message,
		       struct eb_reply *reply);
eb_handler eb_handle_version;
eb_handler eb_handle_dma_map, eb_handle_dma_unmap;
eb_handler eb_handle_device_info, eb_handle_region_info, eb_handle_region_read,
	   eb_handle_region_write, eb_handle_device_reset;
eb_handler eb_handle_irq_info, eb_handle_set_irqs;

/* guest_memory.c: callbacks of struct eb_device_host, and the other side of them */
int eb_guest_read(void *server, uint64_t address, void *destination, size_t size);
int eb_guest_write(void *server, uint64_t address, const void *source, size_t size);
void eb_guest_allow_dma(void *server, bool allowed);
void eb_guest_deliver(struct eb_server *server, const struct eb_message *message);

/* interrupt.c */
bool eb_interrupts_send(void *server, unsigned int vector);
void eb_interrupts_clear(struct eb_interrupts *interrupts);

#endif /* EDGEBERT_DEVICE_VFIO_USER_SERVER_H */
