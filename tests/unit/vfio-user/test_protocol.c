// SPDX-License-Identifier: MIT
/*
 * The protocol: negotiation, what the device says it is, and one test per malformed message.
 */
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/vfio-user/client.h"

#define CREATED(test)	cmocka_unit_test_setup_teardown(test, client_setup, client_teardown)
#define NEGOTIATED(test) \
	cmocka_unit_test_setup_teardown(test, client_setup_negotiated, client_teardown)
#define READ_WRITE	(VFIO_USER_DMA_READABLE | VFIO_USER_DMA_WRITABLE)

/* The connection works, whatever was said before. */
static void expect_alive(struct client *client)
{
	uint16_t vendor = 0;

	assert_int_equal(client_region_read(client, VFIO_USER_REGION_CONFIG, 0, &vendor, 2), 0);
	assert_int_equal(vendor, EDGEBERT_HW_PCI_VENDOR);
}

static unsigned int open_fds(void)
{
	DIR *directory = opendir("/proc/self/fd");
	unsigned int count = 0;

	assert_non_null(directory);
	while (readdir(directory) != NULL)
		count++;
	closedir(directory);
	return count;
}

/* ---- Negotiation ---- */

static void version_is_negotiated(void **state)
{
	static struct client_reply reply;
	struct client *client = *state;
	struct vfio_user_version version;

	client_connect(client);
	assert_int_equal(client_version(client, 0, 7,
					"{\"capabilities\":{\"max_data_xfer_size\":65536,"
					"\"pgsizes\":4096,\"future\":{\"a\":[1]}}}", &reply), 0);
	memcpy(&version, reply.payload, sizeof(version));
	assert_int_equal(version.major, 0);
	assert_int_equal(version.minor, 1);
	assert_int_equal(reply.payload[reply.size - 1], 0);
	assert_non_null(strstr((char *)reply.payload + sizeof(version), "\"max_msg_fds\":16"));
	expect_alive(client);
}

static void older_minor_versions_are_kept(void **state)
{
	static struct client_reply reply;
	struct client *client = *state;
	struct vfio_user_version version;

	client_connect(client);
	assert_int_equal(client_version(client, 0, 0, NULL, &reply), 0);
	memcpy(&version, reply.payload, sizeof(version));
	assert_int_equal(version.minor, 0);
	expect_alive(client);
}

static void bad_versions_are_refused(void **state)
{
	static const char *const texts[] = {
		"", "{", "[]", "7", "{}x", "{\"capabilities\":3}",
		"{\"capabilities\":{\"max_data_xfer_size\":\"many\"}}",
		"{\"capabilities\":{\"max_data_xfer_size\":-1}}",
		"{\"capabilities\":{\"max_data_xfer_size\":0}}",
		"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
	};
	const uint8_t unterminated[] = { 0, 0, 1, 0, '{', '}' };
	const uint8_t two_zeros[] = { 0, 0, 1, 0, '{', '}', 0, 0 };
	struct client *client = *state;

	client_connect(client);
	assert_int_equal(client_version(client, 1, 0, NULL, NULL), EINVAL);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(client_version(client, 0, 1, texts[i], NULL), EINVAL);
	assert_int_equal(client_request(client, VFIO_USER_VERSION, unterminated,
					sizeof(unterminated), NULL), EINVAL);
	assert_int_equal(client_request(client, VFIO_USER_VERSION, two_zeros, sizeof(two_zeros),
					NULL), EINVAL);
	assert_int_equal(client_version(client, 0, 1, "{}", NULL), 0);
	expect_alive(client);
	assert_int_equal(client_version(client, 0, 1, "{}", NULL), EINVAL);
	expect_alive(client);
}

static void nothing_is_answered_before_version(void **state)
{
	struct client *client = *state;
	uint32_t id;

	client_connect(client);
	assert_int_equal(client_region_read(client, VFIO_USER_REGION_BAR0, 0, &id, 4), EINVAL);
	assert_int_equal(client_request(client, VFIO_USER_DEVICE_RESET, NULL, 0, NULL), EINVAL);
	assert_int_equal(client_version(client, 0, 1, NULL, NULL), 0);
	expect_alive(client);
}

/* ---- What the device says ---- */

static void device_regions_and_irqs_are_described(void **state)
{
	static struct client_reply reply;
	struct client *client = *state;
	struct vfio_user_device_info device = { .argsz = sizeof(device) };

	assert_int_equal(client_request(client, VFIO_USER_DEVICE_GET_INFO, &device,
					sizeof(device), &reply), 0);
	memcpy(&device, reply.payload, sizeof(device));
	assert_int_equal(device.flags, 3);
	assert_int_equal(device.regions, 9);
	assert_int_equal(device.irqs, 5);
	for (uint32_t i = 0; i < device.regions; i++) {
		struct vfio_user_region_info region = { .argsz = sizeof(region), .index = i };
		uint64_t size = i == 0 ? 0x10000 : i == 2 ? 0x4000 : i == 7 ? 0x1000 : 0;

		assert_int_equal(client_request(client, VFIO_USER_DEVICE_GET_REGION_INFO, &region,
						sizeof(region), &reply), 0);
		memcpy(&region, reply.payload, sizeof(region));
		assert_int_equal(region.index, i);
		assert_int_equal(region.size, size);
		assert_int_equal(region.flags, size ? 3 : 0);
	}
	for (uint32_t i = 0; i < device.irqs; i++) {
		struct vfio_user_irq_info irq = { .argsz = sizeof(irq), .index = i };

		assert_int_equal(client_request(client, VFIO_USER_DEVICE_GET_IRQ_INFO, &irq,
						sizeof(irq), &reply), 0);
		memcpy(&irq, reply.payload, sizeof(irq));
		assert_int_equal(irq.count, i == VFIO_USER_IRQ_MSIX ? 4 : 0);
	}
}

static void info_beyond_the_end_is_refused(void **state)
{
	struct client *client = *state;
	struct vfio_user_region_info region = { .argsz = sizeof(region), .index = 9 };
	struct vfio_user_irq_info irq = { .argsz = sizeof(irq), .index = 5 };
	struct vfio_user_device_info device = { .argsz = 8 };

	assert_int_equal(client_request(client, VFIO_USER_DEVICE_GET_REGION_INFO, &region,
					sizeof(region), NULL), EINVAL);
	assert_int_equal(client_request(client, VFIO_USER_DEVICE_GET_IRQ_INFO, &irq, sizeof(irq),
					NULL), EINVAL);
	region.index = 0, region.argsz = 31;
	assert_int_equal(client_request(client, VFIO_USER_DEVICE_GET_REGION_INFO, &region,
					sizeof(region), NULL), EINVAL);
	irq.index = 0, irq.argsz = 0;
	assert_int_equal(client_request(client, VFIO_USER_DEVICE_GET_IRQ_INFO, &irq, sizeof(irq),
					NULL), EINVAL);
	assert_int_equal(client_request(client, VFIO_USER_DEVICE_GET_INFO, &device,
					sizeof(device), NULL), EINVAL);
	expect_alive(client);
}

/* ---- Malformed messages ---- */

static void unknown_commands_are_refused(void **state)
{
	const uint16_t commands[] = { 0, 6, 11, 12, 14, 15, 16, 17, 18, 0x7fff, 0xffff };
	struct client *client = *state;
	uint8_t payload[64] = { 0 };

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		assert_int_equal(client_request(client, commands[i], NULL, 0, NULL), EOPNOTSUPP);
		assert_int_equal(client_request(client, commands[i], payload, sizeof(payload),
						NULL), EOPNOTSUPP);
	}
	expect_alive(client);
}

static void too_short_payloads_are_refused(void **state)
{
	const struct { uint16_t command; size_t size; } least[] = {
		{ VFIO_USER_DMA_MAP, 32 }, { VFIO_USER_DMA_UNMAP, 24 },
		{ VFIO_USER_DEVICE_GET_INFO, 16 }, { VFIO_USER_DEVICE_GET_REGION_INFO, 32 },
		{ VFIO_USER_DEVICE_GET_IRQ_INFO, 16 }, { VFIO_USER_DEVICE_SET_IRQS, 20 },
		{ VFIO_USER_REGION_READ, 16 }, { VFIO_USER_REGION_WRITE, 16 },
	};
	struct client *client = *state;
	uint8_t payload[32] = { 0xff };

	for (size_t i = 0; i < sizeof(least) / sizeof(least[0]); i++) {
		for (size_t size = 0; size < least[i].size; size++)
			assert_int_equal(client_request(client, least[i].command, payload, size,
							NULL), EINVAL);
	}
	expect_alive(client);
}

static void a_size_below_the_header_ends_the_connection(void **state)
{
	static struct client_reply reply;
	struct client *client = *state;
	struct vfio_user_header header = { .id = 5, .command = VFIO_USER_DEVICE_RESET, .size = 15 };

	client_send_bytes(client, &header, sizeof(header), NULL, 0);
	assert_true(client_receive(client, &reply));
	assert_int_equal(reply.header.id, 5);
	assert_int_equal(reply.header.error, EINVAL);
	assert_true(client_is_hung_up(client, 60000));
}

static void a_size_above_the_limit_ends_the_connection(void **state)
{
	const uint32_t sizes[] = { sizeof(struct vfio_user_header) + EB_PAYLOAD_BYTES_MAX + 1,
				   0x80000000, 0xffffffff };
	static struct client_reply reply;
	struct client *client = *state;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct vfio_user_header header = {
			.id = 6, .command = VFIO_USER_REGION_WRITE, .size = sizes[i],
		};

		client_send_bytes(client, &header, sizeof(header), NULL, 0);
		assert_true(client_receive(client, &reply));
		assert_int_equal(reply.header.error, EINVAL);
		assert_true(client_is_hung_up(client, 60000));
		client_disconnect(client);
		client_connect(client);
		assert_int_equal(client_version(client, 0, 1, NULL, NULL), 0);
	}
	expect_alive(client);
}

static void the_largest_message_is_read_to_its_end(void **state)
{
	struct client *client = *state;
	uint8_t *payload = calloc(1, EB_PAYLOAD_BYTES_MAX);
	struct vfio_user_region_access access = {
		.region = VFIO_USER_REGION_BAR0, .count = EB_DATA_BYTES_MAX,
	};

	assert_non_null(payload);
	memcpy(payload, &access, sizeof(access));
	assert_int_equal(client_request(client, VFIO_USER_REGION_WRITE, payload,
					EB_PAYLOAD_BYTES_MAX, NULL), EINVAL);
	free(payload);
	expect_alive(client);
}

static void unknown_types_are_refused(void **state)
{
	static struct client_reply reply;
	struct client *client = *state;

	for (uint32_t type = 2; type < 16; type++) {
		client_send(client, VFIO_USER_DEVICE_RESET, type, NULL, 0, NULL, 0);
		assert_true(client_receive(client, &reply));
		assert_int_equal(reply.header.error, EINVAL);
	}
	expect_alive(client);
}

static void unsolicited_replies_are_ignored(void **state)
{
	struct client *client = *state;
	uint8_t payload[64] = { 0 };

	for (uint16_t command = 0; command < 20; command++) {
		client_send(client, command, VFIO_USER_TYPE_REPLY, payload, command * 3, NULL, 0);
		client_send(client, command, VFIO_USER_TYPE_REPLY | VFIO_USER_FLAG_ERROR, NULL, 0,
			    NULL, 0);
	}
	expect_alive(client);
}

static void no_reply_means_none(void **state)
{
	struct client *client = *state;
	struct vfio_user_region_access access = {
		.region = VFIO_USER_REGION_CONFIG, .offset = 0x3c, .count = 1,
	};
	uint8_t payload[sizeof(access) + 1], line = 0;

	memcpy(payload, &access, sizeof(access));
	payload[sizeof(access)] = 0x2a;
	client_send(client, VFIO_USER_REGION_WRITE, VFIO_USER_FLAG_NO_REPLY, payload,
		    sizeof(payload), NULL, 0);
	client_send(client, 99, VFIO_USER_FLAG_NO_REPLY, NULL, 0, NULL, 0);
	/* The next answer is that of the next command. */
	assert_int_equal(client_region_read(client, VFIO_USER_REGION_CONFIG, 0x3c, &line, 1), 0);
	assert_int_equal(line, 0x2a);
}

static void accesses_outside_of_regions_are_refused(void **state)
{
	const struct { uint64_t offset; uint32_t region, count; } accesses[] = {
		{ 0, 1, 4 }, { 0, 3, 4 }, { 0, 6, 4 }, { 0, 8, 4 }, { 0, 9, 4 }, { 0, ~0u, 4 },
		{ 0x10000, 0, 1 }, { 0xffff, 0, 2 }, { 0xfffe, 0, 4 }, { 0, 0, 0x10001 },
		{ 0x4000, 2, 1 }, { 0x1000, 7, 1 }, { 0xffc, 7, 8 }, { ~0ull, 0, 1 },
		{ ~0ull - 3, 0, 4 }, { 0, 0, ~0u }, { ~0ull, 7, ~0u },
	};
	struct client *client = *state;
	uint8_t data[32] = { 0 };

	for (size_t i = 0; i < sizeof(accesses) / sizeof(accesses[0]); i++) {
		const struct vfio_user_region_access access = {
			.offset = accesses[i].offset, .region = accesses[i].region,
			.count = accesses[i].count,
		};

		assert_int_equal(client_request(client, VFIO_USER_REGION_READ, &access,
						sizeof(access), NULL), EINVAL);
		memcpy(data, &access, sizeof(access));
		assert_int_equal(client_request(client, VFIO_USER_REGION_WRITE, data,
						sizeof(data), NULL), EINVAL);
	}
	/* Up to the very end, and nothing at all, are fine. */
	assert_int_equal(client_region_read(client, VFIO_USER_REGION_CONFIG, 0xff8, data, 8), 0);
	assert_int_equal(client_region_read(client, VFIO_USER_REGION_CONFIG, 0x1000, data, 0), 0);
	expect_alive(client);
}

static void a_write_must_bring_as_many_bytes_as_it_says(void **state)
{
	struct client *client = *state;
	struct vfio_user_region_access access = { .region = VFIO_USER_REGION_CONFIG, .offset = 4 };
	uint8_t payload[sizeof(access) + 8] = { 0 };

	for (uint32_t count = 0; count <= 8; count++) {
		access.count = count;
		memcpy(payload, &access, sizeof(access));
		for (size_t brought = 0; brought <= 8; brought++)
			assert_int_equal(client_request(client, VFIO_USER_REGION_WRITE, payload,
							sizeof(access) + brought, NULL),
					 brought == count ? 0 : EINVAL);
	}
}

static void unwanted_descriptors_are_refused_and_closed(void **state)
{
	struct client *client = *state;
	unsigned int before = open_fds();
	int fds[2] = { client->memory_fd, client->memory_fd };
	struct vfio_user_dma_map map = {
		.argsz = sizeof(map), .flags = READ_WRITE, .address = 0x100000, .size = 0x1000,
	};
	struct vfio_user_device_info info = { .argsz = sizeof(info) };

	assert_int_equal(client_request_fds(client, VFIO_USER_DMA_MAP, &map, sizeof(map), fds, 2,
					    NULL), EINVAL);
	assert_int_equal(client_request_fds(client, VFIO_USER_DEVICE_GET_INFO, &info,
					    sizeof(info), fds, 1, NULL), EINVAL);
	assert_int_equal(client_request_fds(client, VFIO_USER_DEVICE_RESET, NULL, 0, fds, 2, NULL),
			 EINVAL);
	assert_int_equal(client_request_fds(client, 1234, NULL, 0, fds, 2, NULL), EOPNOTSUPP);
	expect_alive(client);
	assert_int_equal(open_fds(), before);
}

static void more_descriptors_than_fit_end_the_connection(void **state)
{
	struct client *client = *state;
	unsigned int before = open_fds();
	int fds[EB_MESSAGE_FDS + 1];

	for (unsigned int i = 0; i <= EB_MESSAGE_FDS; i++)
		fds[i] = client->memory_fd;
	client_send(client, VFIO_USER_DEVICE_RESET, 0, NULL, 0, fds, EB_MESSAGE_FDS + 1);
	assert_true(client_is_hung_up(client, 60000));
	client_disconnect(client);
	/* The connection's two ends are gone as well. */
	assert_int_equal(open_fds(), before - 2);
}

static void a_client_that_leaves_in_mid_message_is_forgotten(void **state)
{
	struct client *client = *state;
	const struct vfio_user_header header = {
		.command = VFIO_USER_REGION_READ, .size = sizeof(header) + 16,
	};

	for (size_t size = 1; size <= sizeof(header); size += 3) {
		client_send_bytes(client, &header, size, NULL, 0);
		client_disconnect(client);
		assert_false(client->server_stopped);
		client_connect(client);
		assert_int_equal(client_version(client, 0, 1, NULL, NULL), 0);
		expect_alive(client);
	}
}

/* Random headers and payloads: the server answers, hangs up, or waits; it does not fall. */
static void random_messages_never_take_the_server_down(void **state)
{
	struct client *client = *state;
	uint8_t message[256];

	srand(3);
	for (unsigned int i = 0; i < 500; i++) {
		struct vfio_user_header header = {
			.id = rand(), .command = rand() % 20,
			.size = sizeof(header) + rand() % 64, .flags = rand() % 4 ? 0x10 : rand(),
		};

		if (rand() % 20 == 0)
			header.size = rand();
		for (size_t byte = 0; byte < sizeof(message); byte++)
			message[byte] = rand() % 3 ? 0 : rand();
		memcpy(message, &header, sizeof(header));
		client_send_bytes(client, message, header.size % sizeof(message), NULL, 0);
		if (rand() % 10 == 0) {
			client_disconnect(client);
			client_connect(client);
			client_version(client, 0, 1, NULL, NULL);
		}
	}
	client_disconnect(client);
	client_connect(client);
	assert_int_equal(client_version(client, 0, 1, NULL, NULL), 0);
	expect_alive(client);
}

/* Asks for much more than a socket holds, and takes nothing yet. */
static void ask_for_much(struct client *client)
{
	const struct vfio_user_region_access access = {
		.region = VFIO_USER_REGION_BAR0, .count = EDGEBERT_HW_BAR_REGISTERS_SIZE,
	};

	for (unsigned int i = 0; i < 30; i++)
		client_send(client, VFIO_USER_REGION_READ, 0, &access, sizeof(access), NULL, 0);
	test_sleep_ms(20);
}

static void answers_wait_for_a_slow_client(void **state)
{
	static struct client_reply reply;
	struct client *client = *state;

	ask_for_much(client);
	for (unsigned int i = 30; i > 0; i--) {
		assert_true(client_receive(client, &reply));
		assert_int_equal(reply.header.id, client->next_id - i + 1);
		assert_int_equal(reply.size, sizeof(struct vfio_user_region_access) +
				 EDGEBERT_HW_BAR_REGISTERS_SIZE);
	}
	expect_alive(client);
}

static void a_client_that_takes_no_answers_does_not_keep_the_server(void **state)
{
	struct client *client = *state;
	uint64_t one = 1;

	ask_for_much(client);
	assert_int_equal(write(client->stop_fd, &one, sizeof(one)), sizeof(one));
	pthread_join(client->thread, NULL);
	close(client->fd);
	client->fd = -1;
}

static void a_request_to_stop_ends_serving(void **state)
{
	struct client *client = *state;
	uint64_t one = 1;

	assert_int_equal(write(client->stop_fd, &one, sizeof(one)), sizeof(one));
	client_disconnect(client);
	assert_true(client->server_stopped);
}

/* ---- DMA_MAP, DMA_UNMAP ---- */

static void maps_that_make_no_sense_are_refused(void **state)
{
	struct client *client = *state;
	int fd = client->memory_fd;

	assert_int_equal(client_map_memory(client, 0, 0, 0, READ_WRITE, fd), EINVAL);
	assert_int_equal(client_map_memory(client, 0x1800, 0x1000, 0, READ_WRITE, fd), EINVAL);
	assert_int_equal(client_map_memory(client, 0x1000, 0x800, 0, READ_WRITE, fd), EINVAL);
	assert_int_equal(client_map_memory(client, 0x1000, 0x1000, 0x10, READ_WRITE, fd), EINVAL);
	assert_int_equal(client_map_memory(client, 0x1000, 0x1000, 0, 4, fd), EINVAL);
	assert_int_equal(client_map_memory(client, -4096ull, 0x2000, 0, READ_WRITE, fd), EINVAL);
	/* More than the file has: touching it would kill the server. */
	assert_int_equal(client_map_memory(client, 0, MEMORY_BYTES + 0x1000, 0, READ_WRITE, fd),
			 EINVAL);
	assert_int_equal(client_map_memory(client, 0, 0x1000, MEMORY_BYTES, READ_WRITE, fd), EINVAL);
	assert_int_equal(client_map_memory(client, 0, 0x1000, 0x8000000000000000, READ_WRITE, fd),
			 EINVAL);
	/* Not something that can be mapped. */
	assert_int_not_equal(client_map_memory(client, 0, 0x1000, 0, READ_WRITE, client->stop_fd), 0);
	/* The last page of the address space is one. */
	assert_int_equal(client_map_memory(client, -4096ull, 0x1000, 0, READ_WRITE, fd), 0);
	expect_alive(client);
}

static void overlapping_maps_are_refused(void **state)
{
	struct client *client = *state;
	int fd = client->memory_fd;

	assert_int_equal(client_map_memory(client, 0x10000, 0x4000, 0, READ_WRITE, fd), 0);
	assert_int_equal(client_map_memory(client, 0x10000, 0x4000, 0, READ_WRITE, fd), EEXIST);
	assert_int_equal(client_map_memory(client, 0xf000, 0x2000, 0, READ_WRITE, fd), EEXIST);
	assert_int_equal(client_map_memory(client, 0x13000, 0x2000, 0, READ_WRITE, fd), EEXIST);
	assert_int_equal(client_map_memory(client, 0x11000, 0x1000, 0, READ_WRITE, -1), EEXIST);
	assert_int_equal(client_map_memory(client, 0xf000, 0x1000, 0, READ_WRITE, fd), 0);
	assert_int_equal(client_map_memory(client, 0x14000, 0x1000, 0, READ_WRITE, -1), 0);
}

static void unmaps_need_nothing_to_be_mapped(void **state)
{
	struct client *client = *state;

	assert_int_equal(client_unmap_memory(client, 0x10000, 0x1000, 0), 0);
	assert_int_equal(client_unmap_memory(client, 0, 1ull << 63, 0), 0);
	assert_int_equal(client_unmap_memory(client, 0, 0, VFIO_USER_UNMAP_ALL), 0);
	assert_int_equal(client_unmap_memory(client, 0x10000, 0, 0), EINVAL);
	assert_int_equal(client_unmap_memory(client, 0x10001, 0x1000, 0), EINVAL);
	assert_int_equal(client_unmap_memory(client, -4096ull, 0x2000, 0), EINVAL);
	assert_int_equal(client_unmap_memory(client, 0x10000, 0x1000, 1), EOPNOTSUPP);
	assert_int_equal(client_unmap_memory(client, 0x10000, 0x1000, 2), EOPNOTSUPP);
}

static void maps_and_unmaps_leave_nothing_open(void **state)
{
	struct client *client = *state;
	unsigned int before = open_fds();

	for (unsigned int i = 0; i < 200; i++) {
		assert_int_equal(client_map_memory(client, i * 0x4000ull, 0x4000, 0, READ_WRITE,
						   client->memory_fd), 0);
		assert_int_equal(client_unmap_memory(client, i * 0x4000ull + 0x1000, 0x1000, 0), 0);
	}
	assert_int_equal(open_fds(), before);
	client_disconnect(client);
	client_connect(client);
	assert_int_equal(client_version(client, 0, 1, NULL, NULL), 0);
	/* The next client starts with an empty map. */
	assert_int_equal(client_map_memory(client, 0, MEMORY_BYTES, 0, READ_WRITE,
					   client->memory_fd), 0);
}

/* ---- SET_IRQS ---- */

#define ASSIGN	(VFIO_USER_IRQ_DATA_EVENTFD | VFIO_USER_IRQ_ACTION_TRIGGER)
#define TRIGGER	(VFIO_USER_IRQ_DATA_NONE | VFIO_USER_IRQ_ACTION_TRIGGER)

static void bad_irq_settings_are_refused(void **state)
{
	struct client *client = *state;
	const int *fds = client->eventfds;
	const struct { uint32_t flags, index, start, count; unsigned int fds; int result; } bad[] = {
		{ 0, 2, 0, 1, 0, EINVAL },
		{ VFIO_USER_IRQ_ACTION_TRIGGER, 2, 0, 1, 0, EINVAL },
		{ VFIO_USER_IRQ_DATA_NONE, 2, 0, 1, 0, EINVAL },
		{ ASSIGN | VFIO_USER_IRQ_DATA_NONE, 2, 0, 1, 1, EINVAL },
		{ ASSIGN | VFIO_USER_IRQ_ACTION_MASK, 2, 0, 1, 1, EINVAL },
		{ ASSIGN | 0x40, 2, 0, 1, 1, EINVAL },
		{ ASSIGN, 2, 0, 5, 5, EINVAL },
		{ ASSIGN, 2, 4, 1, 1, EINVAL },
		{ ASSIGN, 2, 0xffffffff, 2, 2, EINVAL },
		{ ASSIGN, 2, 0, 0xffffffff, 0, EINVAL },
		{ ASSIGN, 2, 0, 2, 1, EINVAL },
		{ ASSIGN, 2, 0, 1, 2, EINVAL },
		{ ASSIGN, 0, 0, 1, 1, EINVAL },
		{ ASSIGN, 5, 0, 0, 0, EINVAL },
		{ TRIGGER, 2, 0, 1, 1, EINVAL },
		{ TRIGGER, 2, 3, 2, 0, EINVAL },
		{ VFIO_USER_IRQ_DATA_BOOL | VFIO_USER_IRQ_ACTION_TRIGGER, 2, 0, 1, 0, EINVAL },
		{ VFIO_USER_IRQ_DATA_NONE | VFIO_USER_IRQ_ACTION_MASK, 2, 0, 1, 0, EOPNOTSUPP },
		{ VFIO_USER_IRQ_DATA_NONE | VFIO_USER_IRQ_ACTION_UNMASK, 2, 0, 1, 0, EOPNOTSUPP },
	};
	unsigned int before = open_fds();
	int five[5];

	for (unsigned int i = 0; i < 5; i++)
		five[i] = fds[i % 4];
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(client_set_irqs(client, bad[i].flags, bad[i].index, bad[i].start,
						 bad[i].count, five, bad[i].fds), bad[i].result);
	expect_alive(client);
	assert_int_equal(open_fds(), before);
}

static void vectors_come_in_growing_batches_and_go_again(void **state)
{
	struct client *client = *state;
	const int *fds = client->eventfds;
	unsigned int before = open_fds();

	for (uint32_t count = 1; count <= 4; count++) {
		assert_int_equal(client_set_irqs(client, ASSIGN, VFIO_USER_IRQ_MSIX, 0, count, fds,
						 count), 0);
		assert_int_equal(open_fds(), before + count);
		assert_int_equal(client_set_irqs(client, TRIGGER, VFIO_USER_IRQ_MSIX, 0, count,
						 NULL, 0), 0);
		for (uint32_t vector = 0; vector < count; vector++)
			assert_int_equal(client_take_interrupts(client, vector), 1);
	}
	/* One is taken away, one is replaced. */
	assert_int_equal(client_set_irqs(client, ASSIGN, VFIO_USER_IRQ_MSIX, 1, 1, NULL, 0), 0);
	assert_int_equal(client_set_irqs(client, ASSIGN, VFIO_USER_IRQ_MSIX, 2, 1, &fds[0], 1), 0);
	assert_int_equal(open_fds(), before + 3);
	assert_int_equal(client_set_irqs(client, TRIGGER, VFIO_USER_IRQ_MSIX, 0, 4, NULL, 0), 0);
	assert_int_equal(client_take_interrupts(client, 0), 2);
	assert_int_equal(client_take_interrupts(client, 3), 1);
	assert_false(client_has_interrupt(client, 1));
	assert_false(client_has_interrupt(client, 2));
	/* A count of zero disables all. */
	assert_int_equal(client_set_irqs(client, TRIGGER, VFIO_USER_IRQ_MSIX, 0, 0, NULL, 0), 0);
	assert_int_equal(open_fds(), before);
	assert_int_equal(client_set_irqs(client, TRIGGER, VFIO_USER_IRQ_MSIX, 0, 4, NULL, 0), 0);
	for (unsigned int vector = 0; vector < 4; vector++)
		assert_false(client_has_interrupt(client, vector));
	/* Types that the device does not have can be disabled, too. */
	assert_int_equal(client_set_irqs(client, TRIGGER, 0, 0, 0, NULL, 0), 0);
}

static void booleans_choose_vectors(void **state)
{
	struct client *client = *state;
	struct {
		struct vfio_user_irq_set set;
		uint8_t chosen[4];
	} request = {
		.set = {
			.argsz = sizeof(request), .index = VFIO_USER_IRQ_MSIX, .count = 4,
			.flags = VFIO_USER_IRQ_DATA_BOOL | VFIO_USER_IRQ_ACTION_TRIGGER,
		},
		.chosen = { 0, 1, 0, 1 },
	};

	assert_int_equal(client_set_irqs(client, ASSIGN, VFIO_USER_IRQ_MSIX, 0, 4,
					 client->eventfds, 4), 0);
	assert_int_equal(client_request(client, VFIO_USER_DEVICE_SET_IRQS, &request,
					sizeof(request), NULL), 0);
	for (unsigned int vector = 0; vector < 4; vector++)
		assert_int_equal(client_has_interrupt(client, vector), request.chosen[vector]);
}

/* A full pipe would block a careless writer for ever. */
static void an_eventfd_that_is_none_does_not_block(void **state)
{
	struct client *client = *state;
	int pipes[2];

	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(client_set_irqs(client, ASSIGN, VFIO_USER_IRQ_MSIX, 0, 1, &pipes[1], 1), 0);
	for (unsigned int i = 0; i < 20000; i++)
		client_send(client, VFIO_USER_DEVICE_SET_IRQS, VFIO_USER_FLAG_NO_REPLY,
			    &(struct vfio_user_irq_set) {
				    .argsz = 20, .flags = TRIGGER, .index = 2, .count = 1 },
			    sizeof(struct vfio_user_irq_set), NULL, 0);
	expect_alive(client);
	/* Nor does the reading end of one, or a pipe that nobody reads. */
	assert_int_equal(client_set_irqs(client, ASSIGN, VFIO_USER_IRQ_MSIX, 0, 2, pipes, 2), 0);
	close(pipes[0]);
	assert_int_equal(client_set_irqs(client, TRIGGER, VFIO_USER_IRQ_MSIX, 0, 2, NULL, 0), 0);
	close(pipes[1]);
	expect_alive(client);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CREATED(version_is_negotiated),
		CREATED(older_minor_versions_are_kept),
		CREATED(bad_versions_are_refused),
		CREATED(nothing_is_answered_before_version),
		NEGOTIATED(device_regions_and_irqs_are_described),
		NEGOTIATED(info_beyond_the_end_is_refused),
		NEGOTIATED(unknown_commands_are_refused),
		NEGOTIATED(too_short_payloads_are_refused),
		NEGOTIATED(a_size_below_the_header_ends_the_connection),
		NEGOTIATED(a_size_above_the_limit_ends_the_connection),
		NEGOTIATED(the_largest_message_is_read_to_its_end),
		NEGOTIATED(unknown_types_are_refused),
		NEGOTIATED(unsolicited_replies_are_ignored),
		NEGOTIATED(no_reply_means_none),
		NEGOTIATED(accesses_outside_of_regions_are_refused),
		NEGOTIATED(a_write_must_bring_as_many_bytes_as_it_says),
		NEGOTIATED(unwanted_descriptors_are_refused_and_closed),
		NEGOTIATED(more_descriptors_than_fit_end_the_connection),
		NEGOTIATED(a_client_that_leaves_in_mid_message_is_forgotten),
		NEGOTIATED(random_messages_never_take_the_server_down),
		NEGOTIATED(answers_wait_for_a_slow_client),
		NEGOTIATED(a_client_that_takes_no_answers_does_not_keep_the_server),
		NEGOTIATED(a_request_to_stop_ends_serving),
		NEGOTIATED(maps_that_make_no_sense_are_refused),
		NEGOTIATED(overlapping_maps_are_refused),
		NEGOTIATED(unmaps_need_nothing_to_be_mapped),
		NEGOTIATED(maps_and_unmaps_leave_nothing_open),
		NEGOTIATED(bad_irq_settings_are_refused),
		NEGOTIATED(vectors_come_in_growing_batches_and_go_again),
		NEGOTIATED(booleans_choose_vectors),
		NEGOTIATED(an_eventfd_that_is_none_does_not_block),
	};

	/* A client's pipe may break. */
	signal(SIGPIPE, SIG_IGN);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
