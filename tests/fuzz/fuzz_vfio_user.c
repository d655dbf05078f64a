// SPDX-License-Identifier: MIT
/*
 * A vfio-user client that sends anything: the server answers or hangs up, and the next
 * client finds it working.
 *
 * Input: messages of kind (1), length of the payload (2), command (2), flags (1), payload.
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"
#include "tools/device/vfio-user/server.h"

#define MESSAGES_MAX	40
#define PAYLOAD_MAX	512
#define FILE_BYTES	(64 * 1024)

/* Bits of a message's kind */
#define KIND_FILES(kind)	((kind) % 4)
#define KIND_EVENTS		(1u << 2)	/* eventfds instead of memory files */
#define KIND_WRONG_SIZE		(1u << 3)	/* the header's size is taken from the payload */
#define KIND_RAW		(1u << 4)	/* no header at all */

static int memory_file(void)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	FUZZ_CHECK(fd >= 0 && ftruncate(fd, FILE_BYTES) == 0);
	return fd;
}

/* What the server closed early is no finding. */
static void send_part(int socket_fd, const void *bytes, size_t size, const int *fds,
		      unsigned int fd_count)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int) * 4)];
	} control;
	struct iovec vector = { .iov_base = (void *)bytes, .iov_len = size };
	struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1 };

	if (fd_count > 0) {
		memset(&control, 0, sizeof(control));
		message.msg_control = control.bytes;
		message.msg_controllen = CMSG_SPACE(sizeof(int) * fd_count);
		CMSG_FIRSTHDR(&message)->cmsg_level = SOL_SOCKET;
		CMSG_FIRSTHDR(&message)->cmsg_type = SCM_RIGHTS;
		CMSG_FIRSTHDR(&message)->cmsg_len = CMSG_LEN(sizeof(int) * fd_count);
		memcpy(CMSG_DATA(CMSG_FIRSTHDR(&message)), fds, sizeof(int) * fd_count);
	}
	if (sendmsg(socket_fd, &message, MSG_NOSIGNAL) < 0)
		FUZZ_CHECK(errno == EPIPE || errno == ECONNRESET);
}

static void send_message(int socket_fd, struct fuzz_input *input, uint16_t id)
{
	struct {
		struct vfio_user_header header;
		uint8_t payload[PAYLOAD_MAX];
	} message = { .header.id = id };
	uint8_t kind = fuzz_u8(input);
	size_t length = fuzz_u16(input) % (PAYLOAD_MAX + 1);
	int fds[4];

	message.header.command = fuzz_u16(input);
	message.header.flags = fuzz_u8(input);
	message.header.size = (uint32_t)(sizeof(message.header) + length);
	fuzz_take(input, message.payload, length);
	if (kind & KIND_WRONG_SIZE)
		memcpy(&message.header.size, message.payload, 4);
	for (unsigned int i = 0; i < KIND_FILES(kind); i++)
		fds[i] = kind & KIND_EVENTS ? eventfd(0, EFD_CLOEXEC) : memory_file();
	if (kind & KIND_RAW)
		send_part(socket_fd, message.payload, length, fds, KIND_FILES(kind));
	else
		send_part(socket_fd, &message, sizeof(message.header) + length, fds,
			  KIND_FILES(kind));
	for (unsigned int i = 0; i < KIND_FILES(kind); i++)
		close(fds[i]);
}

/* Takes and forgets replies, so that the server never waits for us. */
static void *drain(void *opaque)
{
	static uint8_t buffer[1 << 16];
	int fd = *(int *)opaque;

	while (recv(fd, buffer, sizeof(buffer), 0) > 0)
		;
	return NULL;
}

struct conversation {
	int fd;
	struct fuzz_input input;
};

static void *talk(void *opaque)
{
	struct conversation *conversation = opaque;

	for (uint16_t i = 0; i < MESSAGES_MAX && conversation->input.left > 0; i++)
		send_message(conversation->fd, &conversation->input, i);
	shutdown(conversation->fd, SHUT_WR);
	return NULL;
}

static void serve(struct eb_server *server, struct fuzz_input input)
{
	struct conversation conversation = { .input = input };
	pthread_t talker, drainer;
	int fds[2];

	FUZZ_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
	conversation.fd = fds[0];
	FUZZ_CHECK(pthread_create(&drainer, NULL, drain, &fds[0]) == 0);
	FUZZ_CHECK(pthread_create(&talker, NULL, talk, &conversation) == 0);
	FUZZ_CHECK(!eb_server_serve(server, fds[1], -1));
	pthread_join(talker, NULL);
	pthread_join(drainer, NULL);
	close(fds[0]);
}

/* A well-behaved client after the input's is served as if nothing had been. */
static void expect_alive(struct eb_server *server)
{
	const struct {
		struct vfio_user_header header;
		struct vfio_user_version version;
		char json[4];
	} hello = {
		{ .id = 7, .command = VFIO_USER_VERSION, .size = 16 + 4 + 3 },
		{ VFIO_USER_MAJOR, VFIO_USER_MINOR }, "{}",
	};
	struct vfio_user_header reply;
	int fds[2];

	FUZZ_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
	FUZZ_CHECK(send(fds[0], &hello, hello.header.size, 0) == (ssize_t)hello.header.size);
	shutdown(fds[0], SHUT_WR);
	FUZZ_CHECK(!eb_server_serve(server, fds[1], -1));
	FUZZ_CHECK(recv(fds[0], &reply, sizeof(reply), MSG_WAITALL) == sizeof(reply));
	FUZZ_CHECK(reply.id == 7 && reply.flags == VFIO_USER_TYPE_REPLY);
	close(fds[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct eb_server *server;

	if (server == NULL)
		server = eb_server_create(&(struct eb_server_options){ 0 });
	FUZZ_CHECK(server != NULL);
	serve(server, fuzz_input(data, size));
	expect_alive(server);
	return 0;
}

static void put_message(struct fuzz_seed *seed, uint8_t kind, uint16_t command,
			const void *payload, size_t size)
{
	fuzz_put_u8(seed, kind);
	fuzz_put_u16(seed, (uint16_t)size);
	fuzz_put_u16(seed, command);
	fuzz_put_u8(seed, VFIO_USER_TYPE_COMMAND);
	fuzz_put(seed, payload, size);
}

static void put_hello(struct fuzz_seed *seed)
{
	static const uint8_t hello[] = "\0\0\1\0{\"capabilities\":{\"max_msg_fds\":8,"
				       "\"max_data_xfer_size\":1048576}}";

	put_message(seed, 0, VFIO_USER_VERSION, hello, sizeof(hello));
}

static void put_access(struct fuzz_seed *seed, uint16_t command, uint32_t region,
		       uint64_t offset, const void *data, uint32_t size)
{
	struct {
		struct vfio_user_region_access access;
		uint8_t data[64];
	} payload = { .access = { .offset = offset, .region = region, .count = size } };
	size_t length = sizeof(payload.access);

	if (command == VFIO_USER_REGION_WRITE) {
		memcpy(payload.data, data, size);
		length += size;
	}
	put_message(seed, 0, command, &payload, length);
}

void fuzz_write_seeds(const char *directory)
{
	static struct fuzz_seed seed;
	const struct vfio_user_device_info device = { .argsz = sizeof(device) };
	const struct vfio_user_region_info region = { .argsz = sizeof(region), .index = 2 };
	const struct vfio_user_irq_info irq = { .argsz = sizeof(irq), .index = VFIO_USER_IRQ_MSIX };
	const struct vfio_user_dma_map map = { .argsz = sizeof(map), .flags = 3,
		.address = 0x100000, .size = FILE_BYTES };
	const struct vfio_user_dma_unmap unmap = { .argsz = sizeof(unmap), .address = 0x100000,
		.size = FILE_BYTES };
	const struct vfio_user_irq_set irqs = { .argsz = sizeof(irqs), .flags =
		VFIO_USER_IRQ_DATA_EVENTFD | VFIO_USER_IRQ_ACTION_TRIGGER,
		.index = VFIO_USER_IRQ_MSIX, .count = 2 };
	const uint16_t command = 6;
	const uint32_t enable = EDGEBERT_HW_CONTROL_ENABLE;

	put_hello(&seed);
	put_message(&seed, 0, VFIO_USER_DEVICE_GET_INFO, &device, sizeof(device));
	put_message(&seed, 0, VFIO_USER_DEVICE_GET_REGION_INFO, &region, sizeof(region));
	put_message(&seed, 0, VFIO_USER_DEVICE_GET_IRQ_INFO, &irq, sizeof(irq));
	put_access(&seed, VFIO_USER_REGION_READ, VFIO_USER_REGION_CONFIG, 0, NULL, 64);
	put_message(&seed, 0, VFIO_USER_DEVICE_RESET, NULL, 0);
	fuzz_save(&seed, directory, "description");

	put_hello(&seed);
	put_message(&seed, 1, VFIO_USER_DMA_MAP, &map, sizeof(map));
	put_message(&seed, 2 | KIND_EVENTS, VFIO_USER_DEVICE_SET_IRQS, &irqs, sizeof(irqs));
	put_access(&seed, VFIO_USER_REGION_WRITE, VFIO_USER_REGION_CONFIG, 4, &command, 2);
	put_access(&seed, VFIO_USER_REGION_WRITE, VFIO_USER_REGION_BAR0, EDGEBERT_HW_REG_CONTROL,
		   &enable, 4);
	put_access(&seed, VFIO_USER_REGION_READ, VFIO_USER_REGION_BAR2, 0, NULL, 4);
	put_message(&seed, 0, VFIO_USER_DMA_UNMAP, &unmap, sizeof(unmap));
	fuzz_save(&seed, directory, "memory-and-interrupts");

	put_hello(&seed);
	put_message(&seed, 0, VFIO_USER_DMA_MAP, &map, sizeof(map));
	put_access(&seed, VFIO_USER_REGION_WRITE, VFIO_USER_REGION_BAR0, 0x1000, &enable, 4);
	put_message(&seed, KIND_WRONG_SIZE, VFIO_USER_DMA_MAP, &map, sizeof(map));
	fuzz_save(&seed, directory, "memory-by-messages");
}
