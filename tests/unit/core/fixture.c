// SPDX-License-Identifier: MIT
/*
 * A device core with host memory for tests.
 */
#include "tests/unit/core/fixture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MEMORY_BASE 0x10000000u
#define MEMORY_BYTES (8 * SEGMENT_BYTES)
#define STREAM_AT (7 * SEGMENT_BYTES)

static int check_range(const struct device *device, uint32_t address, size_t size)
{
	(void)device;
	if (address < MEMORY_BASE || (uint64_t)address + size > MEMORY_BASE + MEMORY_BYTES)
		return EDGEBERT_HW_PAGE_NOT_MAPPED;
	return EDGEBERT_HW_OK;
}

static int memory_read(void *opaque, uint32_t address, void *destination, size_t size)
{
	struct device *device = opaque;
	int status = check_range(device, address, size);

	device->reads++;
	if (status == EDGEBERT_HW_OK)
		memcpy(destination, device->memory + (address - MEMORY_BASE), size);
	return status;
}

static int memory_write(void *opaque, uint32_t address, const void *source, size_t size)
{
	struct device *device = opaque;
	int status = check_range(device, address, size);

	if (status == EDGEBERT_HW_OK && address < device->read_only_end &&
	    address + size > device->read_only_start)
		return EDGEBERT_HW_PAGE_READ_ONLY;
	if (status == EDGEBERT_HW_OK)
		memcpy(device->memory + (address - MEMORY_BASE), source, size);
	return status;
}

struct device *device_new(const char *profile)
{
	struct device *device = calloc(1, sizeof(*device));

	assert_non_null(device);
	device->core = eb_core_create(profile);
	device->memory = aligned_alloc(4096, MEMORY_BYTES);
	assert_non_null(device->core);
	assert_non_null(device->memory);
	memset(device->memory, 0, MEMORY_BYTES);
	device->callbacks = (struct eb_core_memory){
		.opaque = device, .read = memory_read, .write = memory_write };
	device->commands = (struct edgebert_hw_command *)(device->memory + STREAM_AT);
	device_begin(device);
	return device;
}

void device_free(struct device *device)
{
	eb_core_destroy(device->core);
	free(device->memory);
	free(device);
}

int device_setup(void **state)
{
	*state = device_new(NULL);
	return 0;
}

int device_teardown(void **state)
{
	device_free(*state);
	return 0;
}

uint8_t *at(struct device *device, uint32_t operand)
{
	uint32_t segment = EDGEBERT_HW_OPERAND_SEGMENT(operand);

	assert_true(segment < UNMAPPED_SEGMENT);
	return device->memory + segment * SEGMENT_BYTES + EDGEBERT_HW_OPERAND_OFFSET(operand);
}

struct edgebert_hw_command command(uint8_t opcode, uint16_t flags)
{
	struct edgebert_hw_command result;

	memset(&result, 0, sizeof(result));
	result.opcode = opcode;
	result.flags = flags;
	return result;
}

void device_begin(struct device *device)
{
	memset(&device->job, 0, sizeof(device->job));
	device->job.cookie = 0x1122334455667788;
	device->job.context = 3;
	device->job.stream_address = MEMORY_BASE + STREAM_AT;
	device->job.sequence_length = 16;
	device->job.operating_point = EDGEBERT_HW_OPERATING_POINT_DEFAULT;
	device->job.window_high = EDGEBERT_HW_OPERATING_POINTS_MAX - 1;
	for (uint32_t segment = 0; segment < EDGEBERT_HW_SEGMENTS; segment++)
		device->job.segments[segment] = MEMORY_BASE + segment * SEGMENT_BYTES;
	device->job.segments[UNMAPPED_SEGMENT] = 0x80000000;
}

void device_add(struct device *device, const struct edgebert_hw_command *command)
{
	assert_true(device->job.stream_commands < COMMANDS_MAX);
	device->commands[device->job.stream_commands++] = *command;
}

int device_run(struct device *device)
{
	struct edgebert_hw_command end = command(EDGEBERT_HW_OP_END, 0);

	device_add(device, &end);
	eb_core_execute(device->core, &device->job, &device->callbacks, &device->completion);
	return device->completion.status;
}

int device_run_one(struct device *device, const struct edgebert_hw_command *one)
{
	device_begin(device);
	device_add(device, one);
	return device_run(device);
}

uint32_t random_next(struct random *random)
{
	random->state = random->state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(random->state >> 33) ^ (uint32_t)(random->state >> 59);
}

uint32_t random_below(struct random *random, uint32_t limit)
{
	return random_next(random) % limit;
}

void random_codes(struct random *random, uint8_t *codes, size_t count, unsigned int exponent_max,
		  unsigned int zero_percent)
{
	for (size_t i = 0; i < count; i++) {
		codes[i] = (uint8_t)(random_below(random, 2) << 7 |
				     random_below(random, exponent_max + 1) << 4 |
				     random_below(random, 16));
		if (random_below(random, 100) < zero_percent)
			codes[i] = 0;
	}
}

double reference_value(uint8_t code, unsigned int bias)
{
	int exponent = code >> 4 & 7, mantissa = code & 15;
	double magnitude = pow(2, exponent + (int)bias - 10) * (1 + mantissa / 16.0);

	if (exponent == 0 && mantissa == 0)
		return 0;
	return code & 0x80 ? -magnitude : magnitude;
}

uint8_t reference_encode(double value, unsigned int bias)
{
	double step, rounded;

	if (value == 0)
		return 0;
	step = pow(2, floor(log2(fabs(value))) - 4);
	rounded = floor(value / step + 0.5) * step;
	if (rounded > reference_value(0x7f, bias))
		return 0x7f;
	if (rounded < reference_value(0xff, bias))
		return 0xff;
	for (int code = 0; code < 256; code++)
		if (code & 0x7f && reference_value((uint8_t)code, bias) == rounded)
			return (uint8_t)code;
	return 0;
}
