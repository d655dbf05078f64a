// SPDX-License-Identifier: MIT
/*
 * Command streams: any bytes end in a status, touch only what the job was given, and give
 * the same bytes, record and faults with the plain kernels and with the fastest.
 *
 * Input: number of commands (1), job descriptor (128), commands (64 each), memory.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "tools/device/core/core.h"

#define COMMANDS_MAX	8
#define MEMORY_BASE	0x10000000u
#define MEMORY_BYTES	0x20000u
#define STREAM_AT	0x1e000u	/* the device can not write behind it */
/* About a hundredth of a second with the plain kernels and sanitizers. */
#define CYCLES_MAX	20000

struct side {
	struct eb_core *core;
	uint8_t memory[MEMORY_BYTES];
	struct edgebert_hw_completion completion;
};

static struct side sides[2];

static bool inside(uint32_t address, size_t size)
{
	return address >= MEMORY_BASE && size <= MEMORY_BYTES &&
	       address - MEMORY_BASE <= MEMORY_BYTES - size;
}

static int read_memory(void *opaque, uint32_t address, void *destination, size_t size)
{
	struct side *side = opaque;

	if (!inside(address, size))
		return EDGEBERT_HW_PAGE_NOT_MAPPED;
	memcpy(destination, side->memory + (address - MEMORY_BASE), size);
	return EDGEBERT_HW_OK;
}

static int write_memory(void *opaque, uint32_t address, const void *source, size_t size)
{
	struct side *side = opaque;

	if (!inside(address, size))
		return EDGEBERT_HW_PAGE_NOT_MAPPED;
	if (address - MEMORY_BASE + size > STREAM_AT)
		return EDGEBERT_HW_PAGE_READ_ONLY;
	memcpy(side->memory + (address - MEMORY_BASE), source, size);
	return EDGEBERT_HW_OK;
}

static const void *map_memory(void *opaque, uint32_t address, size_t *size)
{
	struct side *side = opaque;

	if (!inside(address, *size))
		return NULL;
	/* What a command writes may not be what it still reads as a range. */
	if (address - MEMORY_BASE < STREAM_AT)
		return NULL;
	*size = MEMORY_BASE + MEMORY_BYTES - address;
	return side->memory + (address - MEMORY_BASE);
}

static bool create_cores(void)
{
	if (sides[0].core != NULL)
		return true;
	for (int i = 0; i < 2; i++)
		sides[i].core = eb_core_create(NULL);
	FUZZ_CHECK(sides[0].core != NULL && sides[1].core != NULL);
	FUZZ_CHECK(eb_core_use_kernels(sides[0].core, "generic"));
	FUZZ_CHECK(eb_core_set_threads(sides[1].core, 2));
	for (int i = 0; i < 2; i++) {
		uint8_t *envm = eb_core_envm(sides[i].core);

		for (uint32_t at = 0; at < EDGEBERT_HW_ENVM_BYTES; at++)
			envm[at] = (uint8_t)(at * 2654435761u >> 13);
	}
	return true;
}

static void place_segments(struct edgebert_hw_job *job, uint8_t commands)
{
	/* Seven in eight inputs have a descriptor that gets as far as the stream. */
	if (job->cookie % 8 == 7)
		return;
	job->flags &= EDGEBERT_HW_JOB_AUTONOMOUS;
	job->stream_address = MEMORY_BASE + STREAM_AT;
	job->stream_commands = commands;
	job->first_command = 0;
	job->sequence_length = 1 + job->sequence_length % 48;
	job->exit_layer_limit %= EDGEBERT_HW_LAYERS_MAX + 1;
	job->operating_point = EDGEBERT_HW_OPERATING_POINT_DEFAULT;
	job->window_low = 0;
	job->window_high = 0xff;
	job->envm_base &= EDGEBERT_HW_ENVM_BYTES - 4096;
	memset(job->reserved, 0, sizeof(job->reserved));
	for (uint32_t i = 0; i < EDGEBERT_HW_SEGMENTS; i++)
		job->segments[i] = MEMORY_BASE + i * 0x4000;
}

/* Commands that would take long become END. */
static void bound_cost(struct edgebert_hw_command *commands, uint8_t count, uint16_t length)
{
	uint64_t cycles = 0;

	for (uint8_t i = 0; i < count; i++) {
		cycles += eb_core_command_cycles(sides[0].core, &commands[i], length, 4096);
		if (cycles > CYCLES_MAX)
			commands[i] = (struct edgebert_hw_command){ .opcode = EDGEBERT_HW_OP_END };
	}
}

static void run(struct side *side, const struct edgebert_hw_job *job)
{
	const struct eb_core_memory memory = {
		.opaque = side,
		.read = read_memory,
		.write = write_memory,
		.map_read = side == &sides[1] ? map_memory : NULL,
	};

	memset(&side->completion, 0, sizeof(side->completion));
	eb_core_abort_clear(side->core);
	eb_core_execute(side->core, job, &memory, &side->completion);
	FUZZ_CHECK(side->completion.status < EDGEBERT_HW_STATUS_COUNT);
	FUZZ_CHECK(side->completion.status != EDGEBERT_HW_DEVICE_ERROR);
	FUZZ_CHECK(side->completion.exit_layer <= EDGEBERT_HW_LAYERS_MAX);
	FUZZ_CHECK(side->completion.label < EDGEBERT_HW_CLASSES_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = fuzz_input(data, size);
	struct edgebert_hw_command commands[COMMANDS_MAX] = { 0 };
	struct edgebert_hw_job job;
	uint8_t count;

	create_cores();
	count = 1 + fuzz_u8(&input) % COMMANDS_MAX;
	fuzz_take(&input, &job, sizeof(job));
	fuzz_take(&input, commands, count * sizeof(commands[0]));
	place_segments(&job, count);
	bound_cost(commands, count, job.sequence_length);
	/* The rest of the input again and again, so that little of it fills the memory. */
	for (uint32_t at = 0; at < STREAM_AT; at++)
		sides[0].memory[at] = input.left > 0 ? input.next[at % input.left] : (uint8_t)at;
	memset(sides[0].memory + STREAM_AT, 0, MEMORY_BYTES - STREAM_AT);
	memcpy(sides[0].memory + STREAM_AT, commands, sizeof(commands));
	memcpy(sides[1].memory, sides[0].memory, MEMORY_BYTES);
	run(&sides[0], &job);
	run(&sides[1], &job);
	FUZZ_CHECK(memcmp(&sides[0].completion, &sides[1].completion,
			  sizeof(sides[0].completion)) == 0);
	FUZZ_CHECK(memcmp(sides[0].memory, sides[1].memory, MEMORY_BYTES) == 0);
	return 0;
}

/* ---- Seeds: one good command of each kind ---- */

#define IN(at)		EDGEBERT_HW_OPERAND(0, at)
#define OTHER(at)	EDGEBERT_HW_OPERAND(1, at)
#define OUT(at)		EDGEBERT_HW_OPERAND(2, at)

static const struct {
	const char *name;
	struct edgebert_hw_command command;
} good_commands[] = {
	{ "end", { .opcode = EDGEBERT_HW_OP_END } },
	{ "copy", { .opcode = EDGEBERT_HW_OP_COPY, .copy = {
		.source = IN(0), .destination = OUT(0), .source_stride = 64,
		.destination_stride = 80, .row_bytes = 48, .rows = 4 } } },
	{ "matmul", { .opcode = EDGEBERT_HW_OP_MATMUL, .flags = EDGEBERT_HW_CMD_BIAS, .matmul = {
		.input = IN(0), .weights = OTHER(0), .bias = OTHER(0x3000), .output = OUT(0),
		.input_stride = 64, .weights_stride = 64, .output_stride = 64, .rows = 20,
		.depth = 64, .columns = 24, .input_bias = 3, .weights_bias = 4, .output_bias = 2,
		.activation = EDGEBERT_HW_ACTIVATION_GELU } } },
	{ "matmul-packed", { .opcode = EDGEBERT_HW_OP_MATMUL, .flags = EDGEBERT_HW_CMD_PACKED,
		.matmul = { .input = IN(0), .weights = OTHER(0), .output = OUT(0),
		.input_stride = 32, .output_stride = 32, .rows = 16, .depth = 32, .columns = 16,
		.output_format = EDGEBERT_HW_FORMAT_Q6_10 } } },
	{ "softmax", { .opcode = EDGEBERT_HW_OP_SOFTMAX, .flags = EDGEBERT_HW_CMD_SPAN |
		EDGEBERT_HW_CMD_SPAN_RELATIVE, .softmax = { .input = IN(0), .output = OUT(0),
		.span = OTHER(0), .input_stride = 64, .output_stride = 64, .rows = 8, .columns = 20,
		.input_format = EDGEBERT_HW_FORMAT_Q6_10 } } },
	{ "layernorm", { .opcode = EDGEBERT_HW_OP_LAYERNORM, .layernorm = {
		.input = IN(0), .output = OUT(0), .gamma = OTHER(0), .beta = OTHER(0x200),
		.input_stride = 128, .output_stride = 128, .epsilon = 1, .rows = 6, .columns = 48,
		.input_format = EDGEBERT_HW_FORMAT_Q6_10,
		.parameter_format = EDGEBERT_HW_FORMAT_Q6_10 } } },
	{ "add", { .opcode = EDGEBERT_HW_OP_ADD, .flags = EDGEBERT_HW_CMD_ROWS_FROM_JOB, .add = {
		.a = IN(0), .b = OTHER(0), .output = OUT(0), .a_stride = 64, .output_stride = 64,
		.columns = 64 } } },
	{ "embed", { .opcode = EDGEBERT_HW_OP_EMBED, .embed = { .indices = IN(0),
		.table = EDGEBERT_HW_OPERAND(EDGEBERT_HW_SEGMENT_ENVM, 0), .output = OUT(0),
		.table_stride = 32, .output_stride = 32, .table_rows = 1000, .rows = 4,
		.columns = 32 } } },
	{ "entropy", { .opcode = EDGEBERT_HW_OP_ENTROPY, .entropy = { .input = IN(0),
		.input_format = EDGEBERT_HW_FORMAT_Q6_10, .classes = 3, .layer = 1 } } },
	{ "exit", { .opcode = EDGEBERT_HW_OP_EXIT, .exit = { .layer = 1 } } },
	{ "predict", { .opcode = EDGEBERT_HW_OP_PREDICT, .predict = { .table = IN(0),
		.cycles = OTHER(0), .rows = 8, .step = 64, .columns = 3, .first_layer = 2,
		.last_layer = 5, .cycle_rows = 4 } } },
	{ "mark", { .opcode = EDGEBERT_HW_OP_MARK, .mark = { .output = OUT(8), .tag = 7 } } },
};

#define GOOD_COMMANDS (sizeof(good_commands) / sizeof(good_commands[0]))

static void begin_seed(struct fuzz_seed *seed, uint8_t commands, uint16_t flags)
{
	const struct edgebert_hw_job job = { .flags = flags, .sequence_length = 16 };

	fuzz_put_u8(seed, commands - 1);
	fuzz_put(seed, &job, sizeof(job));
}

void fuzz_write_seeds(const char *directory)
{
	static struct fuzz_seed seed;
	/* A packed block of 16 rows by 32: offsets, masks, and as many bytes as bits. */
	uint32_t packed[2 + 16 + 512 / 4] = { 8, 8 + 64 + 512 };

	memset(packed + 2, 0xff, 64);
	memset(packed + 18, 0x35, 512);
	for (size_t i = 0; i < GOOD_COMMANDS; i++) {
		begin_seed(&seed, 1, EDGEBERT_HW_JOB_AUTONOMOUS);
		fuzz_put(&seed, &good_commands[i].command, sizeof(good_commands[i].command));
		fuzz_put(&seed, packed, sizeof(packed));
		fuzz_save(&seed, directory, good_commands[i].name);
	}
	begin_seed(&seed, 4, EDGEBERT_HW_JOB_AUTONOMOUS);
	fuzz_put(&seed, &good_commands[8].command, sizeof(good_commands[8].command));
	fuzz_put(&seed, &good_commands[10].command, sizeof(good_commands[10].command));
	fuzz_put(&seed, &good_commands[2].command, sizeof(good_commands[2].command));
	fuzz_put(&seed, &good_commands[9].command, sizeof(good_commands[9].command));
	fuzz_save(&seed, directory, "assess-predict-multiply-exit");
}
