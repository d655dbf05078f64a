// SPDX-License-Identifier: MIT
/*
 * Register writes, configuration space and MSI-X table in any order, with rings of good
 * jobs in memory: the function never hangs and never touches other memory.
 *
 * Input: steps of kind (1), offset (2) and value (4).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/fuzz/board.h"

#define STEPS_MAX	200

enum step {
	STEP_REGISTER_WRITE,
	STEP_REGISTER_READ,
	STEP_NARROW_WRITE,	/* 1 or 2 bytes, or not aligned */
	STEP_CONFIG_WRITE,
	STEP_CONFIG_READ,
	STEP_MSIX_WRITE,
	STEP_MSIX_READ,
	STEP_RESET,
	STEP_WAIT,
	STEP_COUNT,
};

/* Values that are right where a bus address is wanted: written again after each change. */
static void remember_rings(struct host_driver *driver, uint32_t offset, uint32_t *value)
{
	switch (offset) {
	case EDGEBERT_HW_REG_SUBMIT_BASE_LO:
		*value = (uint32_t)driver->submit;
		break;
	case EDGEBERT_HW_REG_COMPLETE_BASE_LO:
		*value = (uint32_t)driver->complete;
		break;
	case EDGEBERT_HW_REG_CONTEXT_TABLE_LO:
		*value = (uint32_t)driver->contexts;
		break;
	case EDGEBERT_HW_REG_SUBMIT_BASE_HI:
	case EDGEBERT_HW_REG_COMPLETE_BASE_HI:
	case EDGEBERT_HW_REG_CONTEXT_TABLE_HI:
		*value = MEMORY_BASE >> 32;
		break;
	case EDGEBERT_HW_REG_RING_ORDER:
		/* A larger ring would rightly reach past what was allocated. */
		*value = *value > 3 && *value <= EDGEBERT_HW_RING_ORDER_MAX ? 3 : *value;
		break;
	case EDGEBERT_HW_REG_ENVM_HOST_LO:
	case EDGEBERT_HW_REG_ENVM_HOST_HI:
		/* The eNVM's buffer is the host's choice: nowhere. */
		*value = 0;
		break;
	}
}

static void access_region(struct board *board, enum eb_device_region region, bool write,
			  uint32_t offset, uint32_t value, uint32_t bytes)
{
	size_t size = eb_device_region_size(region);

	offset %= (uint32_t)size;
	if (bytes > size - offset)
		bytes = (uint32_t)(size - offset);
	if (write)
		eb_device_write(board->device, region, offset, &value, bytes);
	else
		eb_device_read(board->device, region, offset, &value, bytes);
}

static void take_step(struct board *board, struct fuzz_input *input)
{
	enum step step = fuzz_u8(input) % STEP_COUNT;
	uint32_t offset = fuzz_u16(input);
	uint32_t value = fuzz_u32(input);

	switch (step) {
	case STEP_REGISTER_WRITE:
		/* All registers lie below 0x1004. */
		offset = offset % 0x1008 & ~3u;
		remember_rings(&board->driver, offset, &value);
		access_region(board, EB_DEVICE_REGISTERS, true, offset, value, 4);
		break;
	case STEP_REGISTER_READ:
		access_region(board, EB_DEVICE_REGISTERS, false, offset % 0x1008, 0, 4);
		break;
	case STEP_NARROW_WRITE:
		access_region(board, EB_DEVICE_REGISTERS, true, offset % 0x1008, value,
			      1 + value % 3);
		break;
	case STEP_CONFIG_WRITE:
	case STEP_CONFIG_READ:
		access_region(board, EB_DEVICE_CONFIG, step == STEP_CONFIG_WRITE, offset % 256,
			      value, 1u << (offset >> 8) % 3);
		break;
	case STEP_MSIX_WRITE:
	case STEP_MSIX_READ:
		access_region(board, EB_DEVICE_MSIX, step == STEP_MSIX_WRITE, offset, value, 4);
		break;
	case STEP_RESET:
		eb_device_reset(board->device);
		break;
	default:
		fuzz_board_settle(board);
		break;
	}
}

static void start(struct board *board)
{
	struct edgebert_hw_job job = driver_job(1, STREAM, 2);
	const struct edgebert_hw_command commands[2] = { command_busy(), command_end() };
	uint64_t stream;

	driver_start(&board->driver, 3);
	stream = board_map_stream(board, 1, 2);
	board_write_stream(board, stream, commands, 2);
	for (int i = 0; i < 8; i++)
		driver_queue(&board->driver, &job);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = fuzz_input(data, size);
	struct board *board = fuzz_board();

	start(board);
	for (int i = 0; i < STEPS_MAX && input.left > 0; i++)
		take_step(board, &input);
	fuzz_board_settle(board);
	FUZZ_CHECK(atomic_load(&board->violations) == 0);
	return 0;
}

static void put_step(struct fuzz_seed *seed, enum step step, uint32_t offset, uint32_t value)
{
	fuzz_put_u8(seed, step);
	fuzz_put_u16(seed, (uint16_t)offset);
	fuzz_put_u32(seed, value);
}

void fuzz_write_seeds(const char *directory)
{
	static struct fuzz_seed seed;

	put_step(&seed, STEP_REGISTER_WRITE, EDGEBERT_HW_REG_SUBMIT_DOORBELL, 3);
	put_step(&seed, STEP_REGISTER_WRITE, EDGEBERT_HW_REG_CONTEXT_ABORT, 1);
	put_step(&seed, STEP_REGISTER_WRITE, EDGEBERT_HW_REG_CONTEXT_UPDATE, 1);
	put_step(&seed, STEP_WAIT, 0, 0);
	put_step(&seed, STEP_REGISTER_WRITE, EDGEBERT_HW_REG_CONTROL,
		 EDGEBERT_HW_CONTROL_CORE_RESET);
	put_step(&seed, STEP_WAIT, 0, 0);
	put_step(&seed, STEP_REGISTER_WRITE, EDGEBERT_HW_REG_RING_ORDER, 3);
	put_step(&seed, STEP_REGISTER_WRITE, EDGEBERT_HW_REG_CONTROL, EDGEBERT_HW_CONTROL_ENABLE);
	fuzz_save(&seed, directory, "jobs-abort-reset");

	put_step(&seed, STEP_REGISTER_WRITE, EDGEBERT_HW_REG_ENVM_ADDRESS, 0x4000);
	put_step(&seed, STEP_REGISTER_WRITE, EDGEBERT_HW_REG_ENVM_LENGTH, 0x1000);
	put_step(&seed, STEP_REGISTER_WRITE, EDGEBERT_HW_REG_ENVM_COMMAND, EDGEBERT_HW_ENVM_ERASE);
	put_step(&seed, STEP_REGISTER_READ, EDGEBERT_HW_REG_ENVM_STATUS, 0);
	put_step(&seed, STEP_REGISTER_WRITE, EDGEBERT_HW_REG_ENVM_COMMAND, EDGEBERT_HW_ENVM_LOCK);
	fuzz_save(&seed, directory, "envm");

	put_step(&seed, STEP_CONFIG_WRITE, 4 | 1 << 8, 0);
	put_step(&seed, STEP_REGISTER_READ, EDGEBERT_HW_REG_STATUS, 0);
	put_step(&seed, STEP_CONFIG_WRITE, 4 | 1 << 8, 6);
	put_step(&seed, STEP_MSIX_WRITE, 12, 1);
	put_step(&seed, STEP_REGISTER_WRITE, EDGEBERT_HW_REG_DVFS_WINDOW, 0x0f00);
	put_step(&seed, STEP_NARROW_WRITE, EDGEBERT_HW_REG_IRQ_STATUS, 0xf);
	put_step(&seed, STEP_RESET, 0, 0);
	fuzz_save(&seed, directory, "configuration");
}
