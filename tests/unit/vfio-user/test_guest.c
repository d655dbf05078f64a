// SPDX-License-Identifier: MIT
/*
 * The device as a guest has it: jobs over vfio-user, guest memory in all the ways that clients
 * offer it, interrupts by eventfd, clients that vanish.
 */
#include <errno.h>
#include <linux/pci_regs.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/vfio-user/client.h"

#define RUNNING(test) \
	cmocka_unit_test_setup_teardown(test, client_setup_running, client_teardown)
#define NEGOTIATED(test) \
	cmocka_unit_test_setup_teardown(test, client_setup_negotiated, client_teardown)
#define READ_WRITE	(VFIO_USER_DMA_READABLE | VFIO_USER_DMA_WRITABLE)
#define ASSIGN		(VFIO_USER_IRQ_DATA_EVENTFD | VFIO_USER_IRQ_ACTION_TRIGGER)
#define STREAM		0x00100000u

static void expect_copied(struct client *client, uint64_t source, uint64_t destination)
{
	assert_memory_equal(driver_at(&client->driver, destination),
			    driver_at(&client->driver, source), 256);
}

static void configuration_space_is_a_pci_core_wants_it(void **state)
{
	struct host_driver *driver = &((struct client *)*state)->driver;

	assert_int_equal(driver_config(driver, PCI_VENDOR_ID, 4),
			 (uint32_t)EDGEBERT_HW_PCI_DEVICE << 16 | EDGEBERT_HW_PCI_VENDOR);
	driver_set_config(driver, PCI_BASE_ADDRESS_0, 4, 0xffffffff);
	assert_int_equal(driver_config(driver, PCI_BASE_ADDRESS_0, 4), 0xffff0000);
	driver_set_config(driver, PCI_BASE_ADDRESS_2, 4, 0xffffffff);
	assert_int_equal(driver_config(driver, PCI_BASE_ADDRESS_2, 4), 0xffffc000);
	driver_find_capability(driver, PCI_CAP_ID_PM);
	driver_find_capability(driver, PCI_CAP_ID_MSIX);
	driver_find_capability(driver, PCI_CAP_ID_EXP);
}

static void a_job_runs_in_shared_memory(void **state)
{
	struct client *client = *state;
	uint64_t source, destination;
	struct edgebert_hw_job job = client_copy_job(client, &source, &destination);
	struct edgebert_hw_completion record;

	record = driver_wait(&client->driver, driver_submit(&client->driver, &job));
	assert_int_equal(record.status, EDGEBERT_HW_OK);
	assert_int_equal(record.cookie, job.cookie);
	expect_copied(client, source, destination);
	assert_int_equal(client_take_interrupts(client, EDGEBERT_HW_IRQ_COMPLETION), 1);
	assert_int_equal(client->dma_reads + client->dma_writes, 0);
}

/* Answers the server's requests while there is nothing to ask it. */
static struct edgebert_hw_completion wait_serving(struct client *client, uint32_t number)
{
	struct edgebert_hw_completion record;

	while (!driver_poll(&client->driver, number, 0, &record))
		driver_register(&client->driver, EDGEBERT_HW_REG_ID);
	return record;
}

static void a_job_runs_by_messages(void **state)
{
	struct client *client = *state;
	struct edgebert_hw_completion record;
	uint64_t source, destination;
	struct edgebert_hw_job job;

	client_bring_up(client, false);
	job = client_copy_job(client, &source, &destination);
	for (unsigned int i = 1; i <= 10; i++) {
		memset(driver_at(&client->driver, destination), 0, 256);
		driver_submit(&client->driver, &job);
		record = wait_serving(client, i);
		assert_int_equal(record.status, EDGEBERT_HW_OK);
		expect_copied(client, source, destination);
	}
	assert_true(client->dma_reads >= 10 && client->dma_writes >= 10);
}

static void long_accesses_are_cut_to_what_a_client_takes(void **state)
{
	struct client *client = *state;
	uint64_t source, destination;
	struct edgebert_hw_job job;

	client_connect(client);
	assert_int_equal(client_version(client, 0, 1,
					"{\"capabilities\":{\"max_data_xfer_size\":100}}", NULL), 0);
	client_bring_up(client, false);
	job = client_copy_job(client, &source, &destination);
	driver_submit(&client->driver, &job);
	assert_int_equal(wait_serving(client, 1).status, EDGEBERT_HW_OK);
	expect_copied(client, source, destination);
	/* The record alone has 256 bytes. */
	assert_true(client->dma_writes >= 3);
}

/* The server must go on while it waits, and be able to give up waiting. */
static void a_client_that_never_answers_dma_can_reset_and_leave(void **state)
{
	struct client *client = *state;
	uint64_t source, destination;
	struct edgebert_hw_job job;

	client_bring_up(client, false);
	job = client_copy_job(client, &source, &destination);
	client->ignore_dma = true;
	driver_submit(&client->driver, &job);
	driver_wait_status(&client->driver, EDGEBERT_HW_STATUS_BUSY, EDGEBERT_HW_STATUS_BUSY);
	for (unsigned int i = 0; i < 100; i++) {
		assert_int_equal(driver_register(&client->driver, EDGEBERT_HW_REG_STATUS),
				 EDGEBERT_HW_STATUS_READY | EDGEBERT_HW_STATUS_BUSY);
		test_sleep_ms(1);
	}
	driver_set_register(&client->driver, EDGEBERT_HW_REG_CONTROL,
			    EDGEBERT_HW_CONTROL_CORE_RESET);
	driver_wait_status(&client->driver, EDGEBERT_HW_STATUS_RESETTING, 0);
	client->ignore_dma = false;
	driver_restart(&client->driver);
	driver_submit(&client->driver, &job);
	assert_int_equal(wait_serving(client, 1).status, EDGEBERT_HW_OK);
	client->ignore_dma = true;
	driver_submit(&client->driver, &job);
	client_disconnect(client);
}

static void answers_to_dma_that_make_no_sense_are_bus_errors(void **state)
{
	struct client *client = *state;
	struct vfio_user_header header;
	struct vfio_user_dma_access access;
	static struct client_reply request;
	uint64_t source, destination;
	struct edgebert_hw_job job;

	client_bring_up(client, false);
	job = client_copy_job(client, &source, &destination);
	for (unsigned int kind = 0; kind < 4; kind++) {
		uint8_t answer[sizeof(header) + sizeof(access) + 128] = { 0 };
		size_t size = sizeof(answer);
		struct vfio_user_region_access doorbell = {
			.offset = EDGEBERT_HW_REG_SUBMIT_DOORBELL, .count = 4,
		};
		uint8_t payload[sizeof(doorbell) + 4];
		uint32_t number = driver_queue(&client->driver, &job);

		/* The doorbell by hand: its own answer comes before or after the request. */
		memcpy(payload, &doorbell, sizeof(doorbell));
		memcpy(payload + sizeof(doorbell), &number, 4);
		client_send(client, VFIO_USER_REGION_WRITE, VFIO_USER_FLAG_NO_REPLY, payload,
			    sizeof(payload), NULL, 0);
		assert_int_equal(recv(client->fd, &request.header, sizeof(header), MSG_WAITALL),
				 sizeof(header));
		assert_int_equal(request.header.command, VFIO_USER_DMA_READ);
		assert_int_equal(recv(client->fd, &access, sizeof(access), MSG_WAITALL),
				 sizeof(access));
		header = request.header;
		header.flags = VFIO_USER_TYPE_REPLY;
		if (kind == 0)
			header.flags |= VFIO_USER_FLAG_ERROR, size = sizeof(header);
		else if (kind == 1)
			size -= 1;
		else if (kind == 2)
			access.count++;
		else
			access.address ^= 0x1000;
		header.size = size;
		memcpy(answer, &header, sizeof(header));
		memcpy(answer + sizeof(header), &access, sizeof(access));
		client_send_bytes(client, answer, size, NULL, 0);
		/* What was being fetched was the ring. */
		driver_wait_status(&client->driver, EDGEBERT_HW_STATUS_FATAL,
				   EDGEBERT_HW_STATUS_FATAL);
		driver_set_register(&client->driver, EDGEBERT_HW_REG_CONTROL,
				    EDGEBERT_HW_CONTROL_CORE_RESET);
		driver_restart(&client->driver);
	}
}

static void memory_in_many_small_maps_works(void **state)
{
	struct client *client = *state;
	uint64_t source, destination;
	struct edgebert_hw_job job;

	/* As a virtual IOMMU would: page by page, in no order, first all wrong. */
	for (uint32_t i = 0; i < MEMORY_BYTES / 4096; i++) {
		uint64_t offset = (i * 2741u % (MEMORY_BYTES / 4096)) * 4096ull;

		assert_int_equal(client_map_memory(client, MEMORY_BASE + offset, 4096, offset,
						   READ_WRITE, client->memory_fd), 0);
	}
	driver_power_up(&client->driver);
	driver_start(&client->driver, 3);
	job = client_copy_job(client, &source, &destination);
	assert_int_equal(driver_wait(&client->driver, driver_submit(&client->driver, &job)).status,
			 EDGEBERT_HW_OK);
	expect_copied(client, source, destination);
}

static void unmapping_pieces_leaves_the_rest(void **state)
{
	struct client *client = *state;
	struct host_driver *driver = &client->driver;
	uint64_t source, destination;
	struct edgebert_hw_job job = client_copy_job(client, &source, &destination);
	struct edgebert_hw_completion record;

	/* Out of the middle, twice over, then the next page as well. */
	assert_int_equal(client_unmap_memory(client, source, 4096, 0), 0);
	assert_int_equal(client_unmap_memory(client, source, 4096, 0), 0);
	record = driver_wait(driver, driver_submit(driver, &job));
	assert_int_equal(record.status, EDGEBERT_HW_BUS_ERROR);
	assert_int_equal(record.fault_address, EDGEBERT_HW_OPERAND(0, 0));
	/* The same bytes from another place of the file. */
	memcpy(driver->memory + MEMORY_BYTES - 4096, driver_at(driver, source), 256);
	assert_int_equal(client_map_memory(client, source, 4096, MEMORY_BYTES - 4096,
					   VFIO_USER_DMA_READABLE, client->memory_fd), 0);
	record = driver_wait(driver, driver_submit(driver, &job));
	assert_int_equal(record.status, EDGEBERT_HW_OK);
	expect_copied(client, source, destination);
	/* Across the replaced page: pieces on both sides go, and the piece between. */
	assert_int_equal(client_unmap_memory(client, source - 4096, 3 * 4096, 0), 0);
	record = driver_wait(driver, driver_submit(driver, &job));
	assert_int_equal(record.status, EDGEBERT_HW_BUS_ERROR);
	assert_int_equal(client_unmap_memory(client, 0, 0, VFIO_USER_UNMAP_ALL), 0);
	driver_submit(driver, &job);
	driver_wait_status(driver, EDGEBERT_HW_STATUS_FATAL, EDGEBERT_HW_STATUS_FATAL);
}

static void maps_without_a_permission_refuse(void **state)
{
	struct client *client = *state;
	struct host_driver *driver = &client->driver;
	uint64_t source, destination;
	struct edgebert_hw_job job = client_copy_job(client, &source, &destination);

	for (unsigned int i = 0; i < 2; i++) {
		uint64_t page = i ? destination : source;
		uint64_t offset = page - MEMORY_BASE;

		/* Each has only the permission that the job does not need. */
		assert_int_equal(client_unmap_memory(client, page, 4096, 0), 0);
		assert_int_equal(client_map_memory(client, page, 4096, offset,
						   i ? VFIO_USER_DMA_READABLE :
						       VFIO_USER_DMA_WRITABLE,
						   client->memory_fd), 0);
		assert_int_equal(driver_wait(driver, driver_submit(driver, &job)).status,
				 EDGEBERT_HW_BUS_ERROR);
		assert_int_equal(client_unmap_memory(client, page, 4096, 0), 0);
		assert_int_equal(client_map_memory(client, page, 4096, offset, READ_WRITE,
						   client->memory_fd), 0);
	}
	assert_int_equal(driver_wait(driver, driver_submit(driver, &job)).status, EDGEBERT_HW_OK);
}

/* Without the device: what its worker would ask for, across maps that are apart in the file. */
static void accesses_may_cross_maps(void **state)
{
	struct client *client = *state;
	uint8_t bytes[3 * 4096], *memory = client->driver.memory;
	const uint64_t base = 0x7000000000;

	for (uint64_t i = 0; i < 3; i++)
		assert_int_equal(client_map_memory(client, base + i * 4096, 4096, (8 - 2 * i) * 4096,
						   READ_WRITE, client->memory_fd), 0);
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = i / 4096 + 1;
	assert_int_equal(eb_guest_write(client->server, base + 4000, bytes + 4000, 8000), 0);
	assert_int_equal(memory[8 * 4096 + 3999], 0);
	assert_int_equal(memory[8 * 4096 + 4000], 1);
	assert_int_equal(memory[6 * 4096], 2);
	assert_int_equal(memory[6 * 4096 + 4095], 2);
	assert_int_equal(memory[4 * 4096], 3);
	memset(bytes, 0, sizeof(bytes));
	assert_int_equal(eb_guest_read(client->server, base, bytes, sizeof(bytes)), 0);
	assert_int_equal(bytes[4000], 1);
	assert_int_equal(bytes[8191], 2);
	assert_int_equal(bytes[8192], 3);
	/* The last byte that is mapped, and one more. */
	assert_int_equal(eb_guest_read(client->server, base + 3 * 4096 - 1, bytes, 1), 0);
	assert_int_equal(eb_guest_read(client->server, base + 3 * 4096 - 1, bytes, 2), -EFAULT);
	assert_int_equal(eb_guest_read(client->server, base - 1, bytes, 2), -EFAULT);
}

/* The file shrinks under the mapping: reading it would raise SIGBUS. */
static void memory_that_disappears_is_a_bus_error(void **state)
{
	struct client *client = *state;
	struct host_driver *driver = &client->driver;
	uint64_t source, destination;
	struct edgebert_hw_job job = client_copy_job(client, &source, &destination);
	uint64_t far = MEMORY_BASE + MEMORY_BYTES - 4096;

	/* The test library has put a handler of its own in place of the server's. */
	eb_window_copy_init();
	driver_set_entry(driver, 1, 0x40000000, far | EDGEBERT_HW_PTE_VALID);
	driver_update_context(driver, 1);
	assert_int_equal(ftruncate(client->memory_fd, MEMORY_BYTES - 4096), 0);
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(driver_wait(driver, driver_submit(driver, &job)).status,
				 EDGEBERT_HW_BUS_ERROR);
	assert_int_equal(ftruncate(client->memory_fd, MEMORY_BYTES), 0);
	assert_int_equal(driver_wait(driver, driver_submit(driver, &job)).status, EDGEBERT_HW_OK);
}

/* ---- Interrupts ---- */

static void messages_wait_for_their_eventfd(void **state)
{
	struct client *client = *state;
	struct host_driver *driver = &client->driver;
	uint64_t source, destination;
	struct edgebert_hw_job job = client_copy_job(client, &source, &destination);
	const int *fds = client->eventfds;

	assert_int_equal(client_set_irqs(client, ASSIGN, VFIO_USER_IRQ_MSIX, 0, 1, NULL, 0), 0);
	driver_wait(driver, driver_submit(driver, &job));
	driver_wait_status(driver, EDGEBERT_HW_STATUS_BUSY, 0);
	assert_false(client_has_interrupt(client, EDGEBERT_HW_IRQ_COMPLETION));
	/* The pending bit says so meanwhile. */
	assert_int_equal(client_region_read(client, VFIO_USER_REGION_BAR2,
					    EDGEBERT_HW_MSIX_PBA_OFFSET, &source, 8), 0);
	assert_int_equal(source, 1);
	assert_int_equal(client_set_irqs(client, ASSIGN, VFIO_USER_IRQ_MSIX, 0, 1, fds, 1), 0);
	assert_int_equal(client_take_interrupts(client, EDGEBERT_HW_IRQ_COMPLETION), 1);
	driver_wait(driver, driver_submit(driver, &job));
	assert_int_equal(client_take_interrupts(client, EDGEBERT_HW_IRQ_COMPLETION), 1);
}

static void errors_have_their_own_vector(void **state)
{
	struct client *client = *state;

	driver_set_register(&client->driver, EDGEBERT_HW_REG_SUBMIT_DOORBELL, 9);
	assert_int_equal(client_take_interrupts(client, EDGEBERT_HW_IRQ_ERROR), 1);
	assert_false(client_has_interrupt(client, EDGEBERT_HW_IRQ_COMPLETION));
	assert_int_equal(driver_register(&client->driver, EDGEBERT_HW_REG_IRQ_STATUS),
			 1u << EDGEBERT_HW_IRQ_ERROR);
}

/* ---- Resets and clients that go ---- */

static void eventfds_survive_a_function_reset(void **state)
{
	struct client *client = *state;
	struct host_driver *driver = &client->driver;
	uint32_t pcie = driver_find_capability(driver, PCI_CAP_ID_EXP);
	uint64_t source, destination;
	struct edgebert_hw_job job = client_copy_job(client, &source, &destination);

	driver_set_register(driver, EDGEBERT_HW_REG_ENVM_ADDRESS, 0x55);
	driver_set_config(driver, pcie + PCI_EXP_DEVCTL, 2, PCI_EXP_DEVCTL_BCR_FLR);
	driver_power_up(driver);
	assert_int_equal(driver_register(driver, EDGEBERT_HW_REG_ENVM_ADDRESS), 0);
	driver_wait_status(driver, EDGEBERT_HW_STATUS_READY, EDGEBERT_HW_STATUS_READY);
	driver_restart(driver);
	driver_wait(driver, driver_submit(driver, &job));
	assert_int_equal(client_take_interrupts(client, EDGEBERT_HW_IRQ_COMPLETION), 1);
}

static void device_reset_is_a_power_on_reset(void **state)
{
	struct client *client = *state;
	struct host_driver *driver = &client->driver;
	uint64_t source, destination;
	struct edgebert_hw_job job = client_copy_job(client, &source, &destination);

	driver_wait(driver, driver_submit(driver, &job));
	assert_int_equal(client_request(client, VFIO_USER_DEVICE_RESET, NULL, 0, NULL), 0);
	assert_int_equal(driver_config(driver, PCI_COMMAND, 2), 0);
	driver_power_up(driver);
	assert_int_equal(driver_register64(driver, EDGEBERT_HW_REG_COUNT_JOBS), 0);
	driver_restart(driver);
	assert_int_equal(driver_wait(driver, driver_submit(driver, &job)).status, EDGEBERT_HW_OK);
}

/* A job that takes seconds; returns when it computes. */
static void start_long_job(struct client *client)
{
	struct host_driver *driver = &client->driver;
	const uint32_t count = 0x8000;
	struct edgebert_hw_job job = driver_job(2, STREAM, count);
	struct edgebert_hw_command *stream;
	uint64_t bus, begun;

	driver_add_context(driver, 2);
	bus = driver_map(driver, 2, STREAM, count * sizeof(*stream), false);
	begun = driver_map(driver, 2, 0x80000000, 4096, true);
	stream = driver_at(driver, bus);
	stream[0] = (struct edgebert_hw_command) {
		.opcode = EDGEBERT_HW_OP_MARK, .mark.tag = 1,
	};
	for (uint32_t i = 1; i < count; i++)
		stream[i] = command_busy();
	job.segments[0] = 0x80000000;
	driver_submit(driver, &job);
	while (__atomic_load_n((uint32_t *)driver_at(driver, begun), __ATOMIC_ACQUIRE) == 0)
		test_sleep_ms(1);
}

static void a_client_can_vanish_in_the_middle_of_a_job(void **state)
{
	struct client *client = *state;
	struct host_driver *driver = &client->driver;
	uint64_t source, destination, start = test_now_ms();
	struct edgebert_hw_job job;

	for (unsigned int i = 0; i < 3; i++) {
		start_long_job(client);
		client_disconnect(client);
		/* What is no longer the server's may be anything, at once. */
		memset(driver->memory, 0xee, MEMORY_BYTES);
		driver->used = 0;
		client_connect(client);
		assert_int_equal(client_version(client, 0, 1, NULL, NULL), 0);
		client_bring_up(client, true);
		assert_int_equal(driver_register64(driver, EDGEBERT_HW_REG_COUNT_JOBS), 0);
		job = client_copy_job(client, &source, &destination);
		assert_int_equal(driver_wait(driver, driver_submit(driver, &job)).status,
				 EDGEBERT_HW_OK);
		client_take_interrupts(client, EDGEBERT_HW_IRQ_COMPLETION);
	}
	assert_in_range(test_now_ms() - start, 0, 60000);
	/* Nothing was written where the first client's rings were: 0xee is still there. */
	assert_int_equal(driver->memory[MEMORY_BYTES - 1], 0xee);
}

static void registers_answer_quickly_while_a_job_runs(void **state)
{
	struct client *client = *state;
	struct host_driver *driver = &client->driver;
	uint64_t start, slowest = 0;

	start_long_job(client);
	start = test_now_ms();
	for (unsigned int i = 0; i < 500; i++) {
		uint64_t before = test_now_ms();

		assert_int_equal(driver_register(driver, EDGEBERT_HW_REG_STATUS),
				 EDGEBERT_HW_STATUS_READY | EDGEBERT_HW_STATUS_BUSY);
		if (test_now_ms() - before > slowest)
			slowest = test_now_ms() - before;
	}
	assert_in_range(test_now_ms() - start, 0, 5000);
	assert_in_range(slowest, 0, 1000);
	driver_set_register(driver, EDGEBERT_HW_REG_CONTEXT_ABORT, 2);
	assert_int_equal(driver_wait(driver, 1).status, EDGEBERT_HW_ABORTED);
}

/* Maps come and go beside a job: neither is disturbed. */
static void maps_change_while_a_job_runs(void **state)
{
	struct client *client = *state;
	struct host_driver *driver = &client->driver;
	uint64_t source, destination;
	struct edgebert_hw_job job = client_copy_job(client, &source, &destination);
	uint32_t number = 0;

	for (unsigned int round = 0; round < 50; round++) {
		for (unsigned int i = 0; i < 8; i++)
			number = driver_submit(driver, &job);
		for (uint64_t i = 0; i < 16; i++)
			assert_int_equal(client_map_memory(client, i * 0x10000, 0x8000, 0,
							   READ_WRITE, client->memory_fd), 0);
		assert_int_equal(client_unmap_memory(client, 0, 0x100000, 0), 0);
		for (unsigned int i = 8; i-- > 0;)
			assert_int_equal(driver_wait(driver, number - i).status, EDGEBERT_HW_OK);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUNNING(configuration_space_is_a_pci_core_wants_it),
		RUNNING(a_job_runs_in_shared_memory),
		NEGOTIATED(a_job_runs_by_messages),
		cmocka_unit_test_setup_teardown(long_accesses_are_cut_to_what_a_client_takes,
						client_setup, client_teardown),
		NEGOTIATED(a_client_that_never_answers_dma_can_reset_and_leave),
		NEGOTIATED(answers_to_dma_that_make_no_sense_are_bus_errors),
		NEGOTIATED(memory_in_many_small_maps_works),
		RUNNING(unmapping_pieces_leaves_the_rest),
		RUNNING(maps_without_a_permission_refuse),
		NEGOTIATED(accesses_may_cross_maps),
		RUNNING(memory_that_disappears_is_a_bus_error),
		RUNNING(messages_wait_for_their_eventfd),
		RUNNING(errors_have_their_own_vector),
		RUNNING(eventfds_survive_a_function_reset),
		RUNNING(device_reset_is_a_power_on_reset),
		RUNNING(a_client_can_vanish_in_the_middle_of_a_job),
		RUNNING(registers_answer_quickly_while_a_job_runs),
		RUNNING(maps_change_while_a_job_runs),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
