// SPDX-License-Identifier: MIT
/*
 * The image of constants, each stored once, and the growing list of commands.
 */
#include "tools/model/program.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "lib/status.h"
#include "tools/device/core/bitmask.h"

/* Operands start on a vector of the device's port at least; 64 suits the host's caches. */
#define CONSTANT_ALIGN 64
#define IMAGE_BYTES_MAX (1u << 28)

struct eb_constant {
	uint32_t offset;
	uint32_t size;
	uint32_t checksum;
};

/* Where commands go after a failure, so that callers need not check each one. */
static struct edgebert_hw_command discarded;

void eb_program_free(struct eb_program_builder *builder)
{
	free(builder->weights);
	free(builder->constants);
	free(builder->commands);
	free(builder->packed_bytes);
	memset(builder, 0, sizeof(*builder));
}

static size_t aligned(size_t size)
{
	return (size + CONSTANT_ALIGN - 1) & ~(size_t)(CONSTANT_ALIGN - 1);
}

static void fail(struct eb_program_builder *builder, enum eb_status status, const char *reason)
{
	if (!builder->status)
		builder->status = eb_fail(status, "%s", reason);
}

/* Room for one more element; arrays double. */
static bool grow(void **array, size_t *capacity, size_t needed, size_t element)
{
	size_t wanted = *capacity ? *capacity : 64;
	void *larger;

	if (needed <= *capacity)
		return true;
	while (wanted < needed)
		wanted *= 2;
	larger = realloc(*array, wanted * element);
	if (!larger)
		return false;
	*array = larger;
	*capacity = wanted;
	return true;
}

static const struct eb_constant *find_constant(const struct eb_program_builder *builder,
					       const void *bytes, size_t size, uint32_t checksum)
{
	for (size_t i = 0; i < builder->constant_count; i++) {
		const struct eb_constant *constant = &builder->constants[i];

		if (constant->size == size && constant->checksum == checksum &&
		    memcmp(builder->weights + constant->offset, bytes, size) == 0)
			return constant;
	}
	return NULL;
}

/* Space for size bytes at the end of the image, zeroed up to there; NULL on failure. */
static uint8_t *extend_image(struct eb_program_builder *builder, size_t size, uint32_t *ret_offset)
{
	size_t offset = aligned(builder->weights_size);

	if (size > IMAGE_BYTES_MAX - offset) {
		fail(builder, EB_MODEL_UNSUPPORTED,
		     "the weights do not fit an operand segment of 256 MiB");
		return NULL;
	}
	if (!grow((void **)&builder->weights, &builder->weights_capacity, offset + size, 1) ||
	    !grow((void **)&builder->constants, &builder->constant_capacity,
		  builder->constant_count + 1, sizeof(*builder->constants))) {
		fail(builder, EB_OUT_OF_MEMORY, "no memory for the weights");
		return NULL;
	}
	memset(builder->weights + builder->weights_size, 0, offset - builder->weights_size);
	builder->weights_size = offset + size;
	*ret_offset = (uint32_t)offset;
	return builder->weights + offset;
}

uint32_t eb_program_constant(struct eb_program_builder *builder, const void *bytes, size_t size)
{
	uint32_t checksum = (uint32_t)crc32_z(0, bytes, size);
	const struct eb_constant *constant = find_constant(builder, bytes, size, checksum);
	uint32_t offset = 0;
	uint8_t *destination;

	if (builder->status)
		return 0;
	if (constant)
		return EDGEBERT_HW_OPERAND(EB_MODEL_SEGMENT_WEIGHTS, constant->offset);
	destination = extend_image(builder, size, &offset);
	if (!destination)
		return 0;
	memcpy(destination, bytes, size);
	builder->constants[builder->constant_count++] = (struct eb_constant){
		.offset = offset, .size = (uint32_t)size, .checksum = checksum };
	return EDGEBERT_HW_OPERAND(EB_MODEL_SEGMENT_WEIGHTS, offset);
}

struct eb_stored_codes eb_program_codes(struct eb_program_builder *builder,
					const struct eb_codes *codes)
{
	struct eb_stored_codes stored = { 0 };
	size_t dense = codes->rows * codes->columns;
	size_t packed = eb_bitmask_packed_bytes(codes->codes, codes->rows, codes->columns,
						codes->columns);
	void *bytes;

	if (packed >= dense) {
		stored.operand = eb_program_constant(builder, codes->codes, dense);
		return stored;
	}
	bytes = aligned_alloc(CONSTANT_ALIGN, aligned(packed));
	if (!bytes) {
		fail(builder, EB_OUT_OF_MEMORY, "no memory to pack a matrix");
		return stored;
	}
	stored.packed_bytes = (uint32_t)eb_bitmask_pack(codes->codes, codes->rows, codes->columns,
							codes->columns, bytes);
	stored.operand = eb_program_constant(builder, bytes, packed);
	free(bytes);
	return stored;
}

struct edgebert_hw_command *eb_program_add(struct eb_program_builder *builder, uint8_t opcode,
					   uint16_t flags, uint32_t packed_bytes)
{
	size_t sizes_capacity = builder->command_capacity;
	struct edgebert_hw_command *command;

	if (builder->status)
		return &discarded;
	if (builder->command_count == EDGEBERT_HW_STREAM_COMMANDS_MAX) {
		fail(builder, EB_MODEL_UNSUPPORTED, "the program needs more than 65536 commands");
		return &discarded;
	}
	if (!grow((void **)&builder->commands, &builder->command_capacity,
		  builder->command_count + 1, sizeof(*builder->commands)) ||
	    !grow((void **)&builder->packed_bytes, &sizes_capacity, builder->command_count + 1,
		  sizeof(*builder->packed_bytes))) {
		fail(builder, EB_OUT_OF_MEMORY, "no memory for the program");
		return &discarded;
	}
	builder->packed_bytes[builder->command_count] = packed_bytes;
	command = &builder->commands[builder->command_count++];
	memset(command, 0, sizeof(*command));
	command->opcode = opcode;
	command->flags = flags;
	return command;
}
