/* SPDX-License-Identifier: MIT */
/*
 * A vfio-user client with guest memory, against a server in the same process.
 *
 * The server runs in a thread behind a socket pair.  Guest memory is a memfd that the client
 * maps for itself and passes to the server, or keeps and serves by messages.
 */
#ifndef EDGEBERT_TESTS_VFIO_USER_CLIENT_H
#define EDGEBERT_TESTS_VFIO_USER_CLIENT_H

#include <pthread.h>

#include "tests/unit/pcie/host_driver.h"
#include "tools/device/vfio-user/protocol.h"
#include "tools/device/vfio-user/server.h"

struct client {
	struct eb_server *server;
	pthread_t thread;
	bool serving;
	bool server_stopped;		/* what eb_server_serve() returned */
	int stop_fd;			/* eventfd: ends the server */
	int server_fd;			/* handed to the server's thread */
	int fd;				/* -1: disconnected */
	uint16_t next_id;
	pthread_mutex_t lock;		/* one request at a time */
	int memory_fd;
	int eventfds[EDGEBERT_HW_IRQ_COUNT];
	struct host_driver driver;
	/* Requests of the server that were answered. */
	unsigned int dma_reads, dma_writes;
	bool ignore_dma;		/* ... or not */
};

struct client_reply {
	struct vfio_user_header header;
	size_t size;
	int fd_count;
	_Alignas(8) uint8_t payload[EB_PAYLOAD_BYTES_MAX];
};

/* Server and memory, without a connection. */
void client_create(struct client *client);
void client_destroy(struct client *client);
/* A connection on which nothing has been said. */
void client_connect(struct client *client);
/* Closes this end and waits until the server is through with it. */
void client_disconnect(struct client *client);
/* True: the server has ended the connection. */
bool client_is_hung_up(struct client *client, unsigned int timeout_ms);

/* Raw bytes and whole messages. */
void client_send_bytes(struct client *client, const void *bytes, size_t size, const int *fds,
		       unsigned int fd_count);
void client_send(struct client *client, uint16_t command, uint32_t flags, const void *payload,
		 size_t size, const int *fds, unsigned int fd_count);
/* The next reply; DMA requests that come first are served.  False: hung up. */
bool client_receive(struct client *client, struct client_reply *reply);

/*
 * A command and its answer: 0 or the errno of an error reply.  ret_reply may be NULL.
 * Fails the test when the answer is not one to this command.
 */
int client_request_fds(struct client *client, uint16_t command, const void *payload, size_t size,
		       const int *fds, unsigned int fd_count, struct client_reply *ret_reply);
int client_request(struct client *client, uint16_t command, const void *payload, size_t size,
		   struct client_reply *ret_reply);

int client_version(struct client *client, uint16_t major, uint16_t minor, const char *json,
		   struct client_reply *ret_reply);
/* fd -1: without a file */
int client_map_memory(struct client *client, uint64_t address, uint64_t size, uint64_t offset,
		      uint32_t flags, int fd);
int client_unmap_memory(struct client *client, uint64_t address, uint64_t size, uint32_t flags);
int client_set_irqs(struct client *client, uint32_t flags, uint32_t index, uint32_t start,
		    uint32_t count, const int *fds, unsigned int fd_count);
int client_region_read(struct client *client, uint32_t region, uint64_t offset, void *data,
		       uint32_t size);
int client_region_write(struct client *client, uint32_t region, uint64_t offset,
			const void *data, uint32_t size);
/* Everything up to enabled rings of 8 entries; shared: memory by file, else by messages. */
void client_bring_up(struct client *client, bool shared);
/* Times a vector was signalled since the last call, at least one within the time. */
uint64_t client_take_interrupts(struct client *client, unsigned int vector);
bool client_has_interrupt(struct client *client, unsigned int vector);

/* A copy of 256 bytes in context 1; returns the job, and where the bytes are. */
struct edgebert_hw_job client_copy_job(struct client *client, uint64_t *ret_source,
				       uint64_t *ret_destination);

/* cmocka fixtures: created; connected and negotiated; brought up with shared memory. */
int client_setup(void **state);
int client_setup_negotiated(void **state);
int client_setup_running(void **state);
int client_teardown(void **state);

#endif /* EDGEBERT_TESTS_VFIO_USER_CLIENT_H */
