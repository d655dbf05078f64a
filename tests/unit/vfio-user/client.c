// SPDX-License-Identifier: MIT
/*
 * A vfio-user client with guest memory: see the header.
 */
#include "tests/unit/vfio-user/client.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE_MS	60000
#define STREAM		0x00100000u
#define SOURCE		0x40000000u
#define DESTINATION	0xfff00000u

/* ---- Life ---- */

static void read_region(void *opaque, enum eb_device_region region, uint32_t offset, void *data,
			size_t size);
static void write_region(void *opaque, enum eb_device_region region, uint32_t offset,
			 const void *data, size_t size);

void client_create(struct client *client)
{
	const struct eb_server_options options = { 0 };

	memset(client, 0, sizeof(*client));
	client->fd = -1;
	client->server = eb_server_create(&options);
	assert_non_null(client->server);
	client->stop_fd = eventfd(0, EFD_CLOEXEC);
	assert_true(client->stop_fd >= 0);
	pthread_mutex_init(&client->lock, NULL);
	client->memory_fd = memfd_create("guest memory", MFD_CLOEXEC);
	assert_true(client->memory_fd >= 0);
	assert_int_equal(ftruncate(client->memory_fd, MEMORY_BYTES), 0);
	for (unsigned int i = 0; i < EDGEBERT_HW_IRQ_COUNT; i++)
		client->eventfds[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	client->driver = (struct host_driver) {
		.opaque = client,
		.read = read_region,
		.write = write_region,
		.memory = mmap(NULL, MEMORY_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED,
			       client->memory_fd, 0),
	};
	assert_ptr_not_equal(client->driver.memory, MAP_FAILED);
}

void client_destroy(struct client *client)
{
	if (client->fd >= 0)
		client_disconnect(client);
	eb_server_destroy(client->server);
	munmap(client->driver.memory, MEMORY_BYTES);
	for (unsigned int i = 0; i < EDGEBERT_HW_IRQ_COUNT; i++)
		close(client->eventfds[i]);
	close(client->memory_fd);
	close(client->stop_fd);
	pthread_mutex_destroy(&client->lock);
}

static void *serve(void *opaque)
{
	struct client *client = opaque;

	client->server_stopped = eb_server_serve(client->server, client->server_fd,
						 client->stop_fd);
	return NULL;
}

void client_connect(struct client *client)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	client->fd = pair[0];
	client->server_fd = pair[1];
	assert_int_equal(pthread_create(&client->thread, NULL, serve, client), 0);
}

void client_disconnect(struct client *client)
{
	close(client->fd);
	client->fd = -1;
	pthread_join(client->thread, NULL);
}

bool client_is_hung_up(struct client *client, unsigned int timeout_ms)
{
	struct pollfd descriptor = { .fd = client->fd, .events = POLLIN };
	uint8_t byte;

	return poll(&descriptor, 1, timeout_ms) == 1 &&
	       recv(client->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) <= 0;
}

/* ---- Messages ---- */

void client_send_bytes(struct client *client, const void *bytes, size_t size, const int *fds,
		       unsigned int fd_count)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int) * 64)];
	} control = { 0 };
	struct iovec vector = { .iov_base = (void *)(uintptr_t)bytes, .iov_len = size };
	struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1 };

	if (fd_count > 0) {
		message.msg_control = control.bytes;
		message.msg_controllen = CMSG_SPACE(sizeof(int) * fd_count);
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(sizeof(int) * fd_count);
		memcpy(CMSG_DATA(&control.align), fds, sizeof(int) * fd_count);
	}
	while (vector.iov_len > 0) {
		ssize_t sent = sendmsg(client->fd, &message, MSG_NOSIGNAL);

		if (sent < 0)	/* the server may have hung up: the test looks for that */
			return;
		vector.iov_base = (uint8_t *)vector.iov_base + sent;
		vector.iov_len -= sent;
		message.msg_control = NULL;
		message.msg_controllen = 0;
	}
}

void client_send(struct client *client, uint16_t command, uint32_t flags, const void *payload,
		 size_t size, const int *fds, unsigned int fd_count)
{
	struct vfio_user_header header = {
		.id = ++client->next_id,
		.command = command,
		.size = sizeof(header) + size,
		.flags = flags,
	};
	uint8_t *message = malloc(header.size);

	assert_non_null(message);
	memcpy(message, &header, sizeof(header));
	if (size > 0)
		memcpy(message + sizeof(header), payload, size);
	client_send_bytes(client, message, header.size, fds, fd_count);
	free(message);
}

static bool receive_bytes(struct client *client, void *bytes, size_t size)
{
	while (size > 0) {
		struct pollfd descriptor = { .fd = client->fd, .events = POLLIN };
		ssize_t received;

		if (poll(&descriptor, 1, PATIENCE_MS) != 1)
			fail_msg("the server does not answer");
		received = recv(client->fd, bytes, size, 0);
		if (received <= 0)
			return false;
		bytes = (uint8_t *)bytes + received;
		size -= received;
	}
	return true;
}

/* Does what a client without shared memory does for its server. */
static void serve_dma(struct client *client, const struct client_reply *request)
{
	struct vfio_user_dma_access access;
	struct vfio_user_header header = request->header;
	bool read = header.command == VFIO_USER_DMA_READ;
	uint8_t *answer, *there;
	size_t size;

	memcpy(&access, request->payload, sizeof(access));
	assert_true(access.count <= EB_DMA_MESSAGE_BYTES);
	assert_int_equal(request->size, sizeof(access) + (read ? 0 : access.count));
	there = driver_at(&client->driver, access.address);
	driver_at(&client->driver, access.address + access.count - 1);
	size = sizeof(header) + sizeof(access) + (read ? access.count : 0);
	answer = malloc(size);
	assert_non_null(answer);
	header.size = size;
	header.flags = VFIO_USER_TYPE_REPLY;
	memcpy(answer, &header, sizeof(header));
	memcpy(answer + sizeof(header), &access, sizeof(access));
	if (read) {
		memcpy(answer + sizeof(header) + sizeof(access), there, access.count);
		client->dma_reads++;
	} else {
		memcpy(there, request->payload + sizeof(access), access.count);
		client->dma_writes++;
	}
	client_send_bytes(client, answer, size, NULL, 0);
	free(answer);
}

bool client_receive(struct client *client, struct client_reply *reply)
{
	for (;;) {
		if (!receive_bytes(client, &reply->header, sizeof(reply->header)))
			return false;
		assert_in_range(reply->header.size, sizeof(reply->header),
				sizeof(reply->header) + sizeof(reply->payload));
		reply->size = reply->header.size - sizeof(reply->header);
		if (!receive_bytes(client, reply->payload, reply->size))
			return false;
		if ((reply->header.flags & VFIO_USER_TYPE_MASK) == VFIO_USER_TYPE_REPLY)
			return true;
		assert_true(reply->header.command == VFIO_USER_DMA_READ ||
			    reply->header.command == VFIO_USER_DMA_WRITE);
		if (!client->ignore_dma)
			serve_dma(client, reply);
	}
}

int client_request_fds(struct client *client, uint16_t command, const void *payload, size_t size,
		       const int *fds, unsigned int fd_count, struct client_reply *ret_reply)
{
	static struct client_reply scratch;
	struct client_reply *reply = ret_reply ? ret_reply : &scratch;

	client_send(client, command, VFIO_USER_TYPE_COMMAND, payload, size, fds, fd_count);
	assert_true(client_receive(client, reply));
	assert_int_equal(reply->header.id, client->next_id);
	assert_int_equal(reply->header.command, command);
	if (!(reply->header.flags & VFIO_USER_FLAG_ERROR)) {
		assert_int_equal(reply->header.flags, VFIO_USER_TYPE_REPLY);
		return 0;
	}
	/* An error has a reason and nothing else. */
	assert_int_equal(reply->size, 0);
	assert_int_not_equal(reply->header.error, 0);
	return reply->header.error;
}

int client_request(struct client *client, uint16_t command, const void *payload, size_t size,
		   struct client_reply *ret_reply)
{
	return client_request_fds(client, command, payload, size, NULL, 0, ret_reply);
}

/* ---- Commands ---- */

int client_version(struct client *client, uint16_t major, uint16_t minor, const char *json,
		   struct client_reply *ret_reply)
{
	struct vfio_user_version version = { .major = major, .minor = minor };
	size_t length = json ? strlen(json) + 1 : 0;
	uint8_t payload[1024];

	assert_true(sizeof(version) + length <= sizeof(payload));
	memcpy(payload, &version, sizeof(version));
	if (json != NULL)
		memcpy(payload + sizeof(version), json, length);
	return client_request(client, VFIO_USER_VERSION, payload, sizeof(version) + length,
			      ret_reply);
}

int client_map_memory(struct client *client, uint64_t address, uint64_t size, uint64_t offset,
		      uint32_t flags, int fd)
{
	const struct vfio_user_dma_map map = {
		.argsz = sizeof(map), .flags = flags, .offset = offset, .address = address,
		.size = size,
	};

	return client_request_fds(client, VFIO_USER_DMA_MAP, &map, sizeof(map), &fd, fd >= 0, NULL);
}

int client_unmap_memory(struct client *client, uint64_t address, uint64_t size, uint32_t flags)
{
	const struct vfio_user_dma_unmap unmap = {
		.argsz = sizeof(unmap), .flags = flags, .address = address, .size = size,
	};
	struct client_reply *reply = malloc(sizeof(*reply));
	int result;

	assert_non_null(reply);
	result = client_request(client, VFIO_USER_DMA_UNMAP, &unmap, sizeof(unmap), reply);
	if (result == 0) {
		assert_int_equal(reply->size, sizeof(unmap));
		assert_memory_equal(reply->payload, &unmap, sizeof(unmap));
	}
	free(reply);
	return result;
}

int client_set_irqs(struct client *client, uint32_t flags, uint32_t index, uint32_t start,
		    uint32_t count, const int *fds, unsigned int fd_count)
{
	const struct vfio_user_irq_set set = {
		.argsz = sizeof(set), .flags = flags, .index = index, .start = start,
		.count = count,
	};

	return client_request_fds(client, VFIO_USER_DEVICE_SET_IRQS, &set, sizeof(set), fds,
				  fd_count, NULL);
}

int client_region_read(struct client *client, uint32_t region, uint64_t offset, void *data,
		       uint32_t size)
{
	static struct client_reply reply;
	const struct vfio_user_region_access access = {
		.offset = offset, .region = region, .count = size,
	};
	int result = client_request(client, VFIO_USER_REGION_READ, &access, sizeof(access), &reply);

	if (result == 0) {
		assert_int_equal(reply.size, sizeof(access) + size);
		assert_memory_equal(reply.payload, &access, sizeof(access));
		memcpy(data, reply.payload + sizeof(access), size);
	}
	return result;
}

int client_region_write(struct client *client, uint32_t region, uint64_t offset,
			const void *data, uint32_t size)
{
	static struct client_reply reply;
	const struct vfio_user_region_access access = {
		.offset = offset, .region = region, .count = size,
	};
	uint8_t payload[64];
	int result;

	assert_true(size <= sizeof(payload) - sizeof(access));
	memcpy(payload, &access, sizeof(access));
	memcpy(payload + sizeof(access), data, size);
	result = client_request(client, VFIO_USER_REGION_WRITE, payload, sizeof(access) + size,
				&reply);
	if (result == 0) {
		assert_int_equal(reply.size, sizeof(access));
		assert_memory_equal(reply.payload, &access, sizeof(access));
	}
	return result;
}

/* ---- The driver's way to the device ---- */

static uint32_t region_index(enum eb_device_region region)
{
	static const uint32_t indices[] = {
		[EB_DEVICE_REGISTERS] = VFIO_USER_REGION_BAR0,
		[EB_DEVICE_MSIX] = VFIO_USER_REGION_BAR2,
		[EB_DEVICE_CONFIG] = VFIO_USER_REGION_CONFIG,
	};

	return indices[region];
}

static void read_region(void *opaque, enum eb_device_region region, uint32_t offset, void *data,
			size_t size)
{
	struct client *client = opaque;

	pthread_mutex_lock(&client->lock);
	assert_int_equal(client_region_read(client, region_index(region), offset, data, size), 0);
	pthread_mutex_unlock(&client->lock);
}

static void write_region(void *opaque, enum eb_device_region region, uint32_t offset,
			 const void *data, size_t size)
{
	struct client *client = opaque;

	pthread_mutex_lock(&client->lock);
	assert_int_equal(client_region_write(client, region_index(region), offset, data, size), 0);
	pthread_mutex_unlock(&client->lock);
}

void client_bring_up(struct client *client, bool shared)
{
	const uint32_t assign = VFIO_USER_IRQ_DATA_EVENTFD | VFIO_USER_IRQ_ACTION_TRIGGER;

	assert_int_equal(client_map_memory(client, MEMORY_BASE, MEMORY_BYTES, 0,
					   VFIO_USER_DMA_READABLE | VFIO_USER_DMA_WRITABLE,
					   shared ? client->memory_fd : -1), 0);
	driver_power_up(&client->driver);
	assert_int_equal(client_set_irqs(client, assign, VFIO_USER_IRQ_MSIX, 0,
					 EDGEBERT_HW_IRQ_COUNT, client->eventfds,
					 EDGEBERT_HW_IRQ_COUNT), 0);
	driver_start(&client->driver, 3);
}

bool client_has_interrupt(struct client *client, unsigned int vector)
{
	struct pollfd descriptor = { .fd = client->eventfds[vector], .events = POLLIN };

	return poll(&descriptor, 1, 0) == 1;
}

uint64_t client_take_interrupts(struct client *client, unsigned int vector)
{
	struct pollfd descriptor = { .fd = client->eventfds[vector], .events = POLLIN };
	uint64_t count;

	if (poll(&descriptor, 1, PATIENCE_MS) != 1)
		fail_msg("vector %u is not signalled", vector);
	assert_int_equal(read(descriptor.fd, &count, sizeof(count)), sizeof(count));
	return count;
}

struct edgebert_hw_job client_copy_job(struct client *client, uint64_t *ret_source,
				       uint64_t *ret_destination)
{
	const struct edgebert_hw_command stream[2] = {
		command_copy(EDGEBERT_HW_OPERAND(0, 0), EDGEBERT_HW_OPERAND(1, 0), 256),
		command_end(),
	};
	struct host_driver *driver = &client->driver;
	struct edgebert_hw_job job = driver_job(1, STREAM, 2);
	uint64_t bus;

	driver_add_context(driver, 1);
	bus = driver_map(driver, 1, STREAM, sizeof(stream), false);
	memcpy(driver_at(driver, bus), stream, sizeof(stream));
	*ret_source = driver_map(driver, 1, SOURCE, 4096, false);
	*ret_destination = driver_map(driver, 1, DESTINATION, 4096, true);
	for (unsigned int i = 0; i < 256; i++)
		((uint8_t *)driver_at(driver, *ret_source))[i] = i ^ 0x5c;
	job.segments[0] = SOURCE;
	job.segments[1] = DESTINATION;
	return job;
}

/* ---- Fixtures ---- */

int client_setup(void **state)
{
	struct client *client = malloc(sizeof(*client));

	assert_non_null(client);
	client_create(client);
	*state = client;
	return 0;
}

int client_setup_negotiated(void **state)
{
	client_setup(state);
	client_connect(*state);
	assert_int_equal(client_version(*state, 0, 1, "{\"capabilities\":{\"max_msg_fds\":8}}",
					NULL), 0);
	return 0;
}

int client_setup_running(void **state)
{
	client_setup_negotiated(state);
	client_bring_up(*state, true);
	return 0;
}

int client_teardown(void **state)
{
	client_destroy(*state);
	free(*state);
	return 0;
}
