// SPDX-License-Identifier: MIT
/*
 * Configuration space and BAR2: what a PCI core and an MSI-X driver do with them.
 */
#include <linux/pci_regs.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/pcie/board.h"

#define WITH_BOARD(test)	cmocka_unit_test_setup_teardown(test, board_setup, board_teardown)
#define COMMAND_ON		(PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER)

static void header_identifies_the_function(void **state)
{
	struct host_driver *driver = &((struct board *)*state)->driver;

	assert_int_equal(driver_config(driver, PCI_VENDOR_ID, 2), EDGEBERT_HW_PCI_VENDOR);
	assert_int_equal(driver_config(driver, PCI_DEVICE_ID, 2), EDGEBERT_HW_PCI_DEVICE);
	assert_int_equal(driver_config(driver, PCI_CLASS_REVISION, 4), 0x12000001);
	assert_int_equal(driver_config(driver, PCI_HEADER_TYPE, 1), PCI_HEADER_TYPE_NORMAL);
	assert_int_equal(driver_config(driver, PCI_INTERRUPT_PIN, 1), 0);
	assert_int_equal(driver_config(driver, PCI_STATUS, 2), PCI_STATUS_CAP_LIST);
	/* No extended capabilities. */
	for (uint32_t offset = 0x100; offset < 0x1000; offset += 4)
		assert_int_equal(driver_config(driver, offset, 4), 0);
}

static void bars_answer_sizing_and_keep_addresses(void **state)
{
	struct host_driver *driver = &((struct board *)*state)->driver;
	const uint32_t masks[6] = { 0xffff0000, 0, 0xffffc000, 0, 0, 0 };

	for (unsigned int bar = 0; bar < 6; bar++) {
		uint32_t offset = PCI_BASE_ADDRESS_0 + 4 * bar;

		driver_set_config(driver, offset, 4, 0xffffffff);
		assert_int_equal(driver_config(driver, offset, 4), masks[bar]);
		driver_set_config(driver, offset, 4, 0xfebc4321);
		assert_int_equal(driver_config(driver, offset, 4), 0xfebc4321 & masks[bar]);
	}
	driver_set_config(driver, PCI_ROM_ADDRESS, 4, 0xffffffff);
	assert_int_equal(driver_config(driver, PCI_ROM_ADDRESS, 4), 0);
}

static void capabilities_describe_msix_pcie_and_power(void **state)
{
	struct host_driver *driver = &((struct board *)*state)->driver;
	uint32_t msix = driver_find_capability(driver, PCI_CAP_ID_MSIX);
	uint32_t pcie = driver_find_capability(driver, PCI_CAP_ID_EXP);
	uint32_t power = driver_find_capability(driver, PCI_CAP_ID_PM);

	assert_int_equal(driver_config(driver, msix + PCI_MSIX_FLAGS, 2) & PCI_MSIX_FLAGS_QSIZE, 3);
	assert_int_equal(driver_config(driver, msix + PCI_MSIX_TABLE, 4), 2);
	assert_int_equal(driver_config(driver, msix + PCI_MSIX_PBA, 4), 0x2002);
	assert_int_equal(driver_config(driver, pcie + PCI_EXP_FLAGS, 2), 2);
	assert_true(driver_config(driver, pcie + PCI_EXP_DEVCAP, 4) & PCI_EXP_DEVCAP_FLR);
	assert_int_equal(driver_config(driver, power + PCI_PM_CTRL, 2), 0);
	/* Nothing read-only gives way. */
	driver_set_config(driver, pcie + PCI_EXP_DEVCAP, 4, 0);
	assert_true(driver_config(driver, pcie + PCI_EXP_DEVCAP, 4) & PCI_EXP_DEVCAP_FLR);
	driver_set_config(driver, PCI_VENDOR_ID, 4, 0);
	assert_int_equal(driver_config(driver, PCI_VENDOR_ID, 2), EDGEBERT_HW_PCI_VENDOR);
}

static void byte_and_word_writes_change_only_their_bytes(void **state)
{
	struct host_driver *driver = &((struct board *)*state)->driver;

	driver_set_config(driver, PCI_BASE_ADDRESS_0, 4, 0x11220000);
	driver_set_config(driver, PCI_BASE_ADDRESS_0 + 3, 1, 0xab);
	assert_int_equal(driver_config(driver, PCI_BASE_ADDRESS_0, 4), 0xab220000);
	driver_set_config(driver, PCI_BASE_ADDRESS_0 + 2, 2, 0xcdef);
	assert_int_equal(driver_config(driver, PCI_BASE_ADDRESS_0, 4), 0xcdef0000);
	driver_set_config(driver, PCI_INTERRUPT_LINE, 1, 0x0b);
	assert_int_equal(driver_config(driver, PCI_INTERRUPT_LINE, 4), 0x0b);
	/* At the end of the space. */
	driver_set_config(driver, 0xffc, 4, 0xffffffff);
	assert_int_equal(driver_config(driver, 0xffc, 4), 0);
}

static void without_memory_decoding_nobody_answers(void **state)
{
	struct board *board = *state;
	struct host_driver *driver = &board->driver;
	uint32_t entry = 0x1234;

	driver_set_register(driver, EDGEBERT_HW_REG_ENVM_ADDRESS, 0x77);
	driver_set_config(driver, PCI_COMMAND, 2, PCI_COMMAND_MASTER);
	assert_int_equal(driver_register(driver, EDGEBERT_HW_REG_ID), 0xffffffff);
	driver_set_register(driver, EDGEBERT_HW_REG_ENVM_ADDRESS, 0x88);
	eb_device_write(board->device, EB_DEVICE_MSIX, 0, &entry, 4);
	driver_set_config(driver, PCI_COMMAND, 2, COMMAND_ON);
	assert_int_equal(driver_register(driver, EDGEBERT_HW_REG_ENVM_ADDRESS), 0x77);
	eb_device_read(board->device, EB_DEVICE_MSIX, 0, &entry, 4);
	assert_int_equal(entry, 0);
}

static void function_level_reset_clears_everything_but_counters(void **state)
{
	struct board *board = *state;
	struct host_driver *driver = &board->driver;
	uint32_t pcie = driver_find_capability(driver, PCI_CAP_ID_EXP);
	uint64_t stream = board_map_stream(board, 1, 1);
	const struct edgebert_hw_command end = command_end();
	const struct edgebert_hw_job job = driver_job(1, STREAM, 1);
	uint64_t time;

	board_write_stream(board, stream, &end, 1);
	driver_wait(driver, driver_submit(driver, &job));
	driver_set_register(driver, EDGEBERT_HW_REG_ENVM_ADDRESS, 0x77);
	driver_set_config(driver, PCI_BASE_ADDRESS_0, 4, 0xfeb00000);
	time = driver_register64(driver, EDGEBERT_HW_REG_TIME_LO);

	driver_set_config(driver, pcie + PCI_EXP_DEVCTL, 2, PCI_EXP_DEVCTL_BCR_FLR);
	assert_int_equal(driver_config(driver, PCI_COMMAND, 2), 0);
	assert_int_equal(driver_config(driver, PCI_BASE_ADDRESS_0, 4), 0);
	assert_int_equal(driver_config(driver, pcie + PCI_EXP_DEVCTL, 2) & PCI_EXP_DEVCTL_BCR_FLR, 0);
	driver_power_up(driver);
	assert_int_equal(driver_register(driver, EDGEBERT_HW_REG_CONTROL) &
			 EDGEBERT_HW_CONTROL_ENABLE, 0);
	assert_int_equal(driver_register(driver, EDGEBERT_HW_REG_SUBMIT_BASE_HI), 0);
	assert_int_equal(driver_register(driver, EDGEBERT_HW_REG_ENVM_ADDRESS), 0);
	assert_int_equal(driver_register(driver, EDGEBERT_HW_REG_SUBMIT_HEAD), 0);
	assert_int_equal(driver_register(driver, EDGEBERT_HW_REG_COMPLETE_TAIL), 0);
	assert_int_equal(driver_register64(driver, EDGEBERT_HW_REG_COUNT_JOBS), 1);
	assert_true(driver_register64(driver, EDGEBERT_HW_REG_TIME_LO) > time);
	driver_wait_status(driver, EDGEBERT_HW_STATUS_READY, EDGEBERT_HW_STATUS_READY);

	driver_restart(driver);
	assert_int_equal(driver_wait(driver, driver_submit(driver, &job)).status, EDGEBERT_HW_OK);
}

static void power_on_reset_clears_counters_too(void **state)
{
	struct board *board = *state;
	struct host_driver *driver = &board->driver;
	uint64_t stream = board_map_stream(board, 1, 1);
	const struct edgebert_hw_command end = command_end();
	const struct edgebert_hw_job job = driver_job(1, STREAM, 1);

	board_write_stream(board, stream, &end, 1);
	driver_wait(driver, driver_submit(driver, &job));
	eb_device_reset(board->device);
	driver_power_up(driver);
	assert_int_equal(driver_register64(driver, EDGEBERT_HW_REG_COUNT_JOBS), 0);
	assert_int_equal(driver_register64(driver, EDGEBERT_HW_REG_COUNT_CYCLES), 0);
}

static void d3hot_stops_decoding_and_coming_back_resets(void **state)
{
	struct board *board = *state;
	struct host_driver *driver = &board->driver;
	uint32_t power = driver_find_capability(driver, PCI_CAP_ID_PM);

	assert_int_equal(driver_config(driver, power + PCI_PM_CTRL, 2) & PCI_PM_CTRL_NO_SOFT_RESET,
			 0);
	/* D1 and D2 do not exist. */
	driver_set_config(driver, power + PCI_PM_CTRL, 2, 1);
	assert_int_equal(driver_config(driver, power + PCI_PM_CTRL, 2), 0);
	driver_set_config(driver, power + PCI_PM_CTRL, 2, 2);
	assert_int_equal(driver_config(driver, power + PCI_PM_CTRL, 2), 0);
	assert_int_equal(driver_register(driver, EDGEBERT_HW_REG_CONTROL), 1);

	driver_set_config(driver, power + PCI_PM_CTRL, 2, 3);
	assert_int_equal(driver_config(driver, power + PCI_PM_CTRL, 2), 3);
	assert_int_equal(driver_register(driver, EDGEBERT_HW_REG_ID), 0xffffffff);
	assert_false(atomic_load(&board->dma_allowed));
	driver_set_config(driver, power + PCI_PM_CTRL, 2, 0);
	assert_int_equal(driver_config(driver, PCI_COMMAND, 2), 0);
	driver_power_up(driver);
	assert_int_equal(driver_register(driver, EDGEBERT_HW_REG_CONTROL), 0);
	assert_int_equal(driver_register(driver, EDGEBERT_HW_REG_RING_ORDER), 0);
}

static void bus_master_disable_stops_dma(void **state)
{
	struct board *board = *state;
	struct host_driver *driver = &board->driver;
	const struct edgebert_hw_job job = driver_job(1, STREAM, 1);

	driver_set_config(driver, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	assert_false(atomic_load(&board->dma_allowed));
	driver_submit(driver, &job);
	/* The ring can not be read: the rings stop and say why. */
	driver_wait_status(driver, EDGEBERT_HW_STATUS_FATAL, EDGEBERT_HW_STATUS_FATAL);
	assert_int_equal(EDGEBERT_HW_STATUS_FATAL_CODE(
				 driver_register(driver, EDGEBERT_HW_REG_STATUS)),
			 EDGEBERT_HW_FATAL_SUBMIT_RING);
	/* The message waits until the function may send it. */
	assert_int_equal(atomic_load(&board->interrupts[EDGEBERT_HW_IRQ_ERROR]), 0);
	driver_set_config(driver, PCI_COMMAND, 2, COMMAND_ON);
	assert_true(atomic_load(&board->dma_allowed));
	assert_int_equal(atomic_load(&board->interrupts[EDGEBERT_HW_IRQ_ERROR]), 1);
}

static void raise_envm(struct board *board)
{
	driver_set_register(&board->driver, EDGEBERT_HW_REG_IRQ_STATUS, 0xf);
	driver_set_register(&board->driver, EDGEBERT_HW_REG_ENVM_COMMAND, EDGEBERT_HW_ENVM_READ);
}

static uint32_t pending_bits(struct board *board)
{
	uint64_t bits;

	eb_device_read(board->device, EB_DEVICE_MSIX, EDGEBERT_HW_MSIX_PBA_OFFSET, &bits, 8);
	return bits;
}

static void masked_messages_are_pending_and_come_later(void **state)
{
	struct board *board = *state;
	struct host_driver *driver = &board->driver;
	uint32_t flags = driver_find_capability(driver, PCI_CAP_ID_MSIX) + PCI_MSIX_FLAGS;
	atomic_uint *count = &board->interrupts[EDGEBERT_HW_IRQ_ENVM];

	driver_set_config(driver, flags, 2, PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
	raise_envm(board);
	raise_envm(board);
	assert_int_equal(atomic_load(count), 0);
	assert_int_equal(pending_bits(board), 1u << EDGEBERT_HW_IRQ_ENVM);
	driver_set_config(driver, flags, 2, PCI_MSIX_FLAGS_ENABLE);
	assert_int_equal(atomic_load(count), 1);
	assert_int_equal(pending_bits(board), 0);
	/* Nobody there to take it: it waits for the transport to say so. */
	atomic_store(&board->deaf, true);
	raise_envm(board);
	assert_int_equal(pending_bits(board), 1u << EDGEBERT_HW_IRQ_ENVM);
	atomic_store(&board->deaf, false);
	eb_device_interrupts_available(board->device);
	assert_int_equal(atomic_load(count), 2);
	/* Without MSI-X there is nothing to send, now or later. */
	driver_set_config(driver, flags, 2, 0);
	raise_envm(board);
	driver_set_config(driver, flags, 2, PCI_MSIX_FLAGS_ENABLE);
	assert_int_equal(atomic_load(count), 2);
	assert_int_equal(pending_bits(board), 0);
}

static void msix_table_is_memory_with_its_reset_values(void **state)
{
	struct board *board = *state;
	const uint32_t entry[4] = { 0xfee00000, 0, 0x4021, 0 };
	uint32_t table[EDGEBERT_HW_IRQ_COUNT][4], beyond[4];
	const uint8_t byte = 0xff;

	eb_device_read(board->device, EB_DEVICE_MSIX, 0, table, sizeof(table));
	for (unsigned int i = 0; i < EDGEBERT_HW_IRQ_COUNT; i++) {
		assert_int_equal(table[i][2], 0);
		assert_int_equal(table[i][3], PCI_MSIX_ENTRY_CTRL_MASKBIT);
	}
	eb_device_write(board->device, EB_DEVICE_MSIX, 3 * 16, entry, sizeof(entry));
	eb_device_write(board->device, EB_DEVICE_MSIX, 3 * 16, &byte, 1);
	eb_device_read(board->device, EB_DEVICE_MSIX, 0, table, sizeof(table));
	assert_memory_equal(table[3], entry, sizeof(entry));
	/* Behind the table, and the pending bits: nothing to write. */
	eb_device_write(board->device, EB_DEVICE_MSIX, 4 * 16, entry, sizeof(entry));
	eb_device_write(board->device, EB_DEVICE_MSIX, EDGEBERT_HW_MSIX_PBA_OFFSET, entry, 8);
	eb_device_read(board->device, EB_DEVICE_MSIX, 4 * 16, beyond, sizeof(beyond));
	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(beyond[i], 0);
	assert_int_equal(pending_bits(board), 0);
	eb_device_reset(board->device);
	driver_power_up(&board->driver);
	eb_device_read(board->device, EB_DEVICE_MSIX, 0, table, sizeof(table));
	assert_int_equal(table[3][0], 0);
	assert_int_equal(table[3][3], PCI_MSIX_ENTRY_CTRL_MASKBIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_BOARD(header_identifies_the_function),
		WITH_BOARD(bars_answer_sizing_and_keep_addresses),
		WITH_BOARD(capabilities_describe_msix_pcie_and_power),
		WITH_BOARD(byte_and_word_writes_change_only_their_bytes),
		WITH_BOARD(without_memory_decoding_nobody_answers),
		WITH_BOARD(function_level_reset_clears_everything_but_counters),
		WITH_BOARD(power_on_reset_clears_counters_too),
		WITH_BOARD(d3hot_stops_decoding_and_coming_back_resets),
		WITH_BOARD(bus_master_disable_stops_dma),
		WITH_BOARD(masked_messages_are_pending_and_come_later),
		WITH_BOARD(msix_table_is_memory_with_its_reset_values),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
