// SPDX-License-Identifier: MIT
/*
 * The encoder that benchmarks run: its memory, weights and command stream.
 */
#include "tests/bench/encoder.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/device/core/adaptivfloat.h"
#include "tools/device/core/bitmask.h"

#define MEMORY_BYTES (64u << 20)
#define COMMANDS_PER_LAYER 64
#define WEIGHT_DEVIATION 0.02

/* AdaptivFloat biases that fit random activations of these deviations. */
enum { BIAS_WEIGHTS = 0, BIAS_QUERY = 1, BIAS_PROBABILITY = 2, BIAS_CONTEXT = 3, BIAS_INNER = 4,
       BIAS_STATE = 5 };

struct matrix {
	uint32_t weights, bias, depth, columns;
};

struct network {
	struct matrix query, key, value, output, inner, outer;
	uint32_t gamma, beta;
	/* Activations. */
	uint32_t state, q, k, v, scores, probabilities, context, sum, attended, middle;
};

static uint64_t random_state;

static double uniform(void)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return ((double)(random_state >> 40) + 0.5) / (1 << 24);
}

static double normal(void)
{
	double radius = sqrt(-2 * log(uniform()));

	return radius * cos(2 * M_PI * uniform());
}

static uint32_t reserve(struct encoder *encoder, size_t size)
{
	size_t at = encoder->used;

	encoder->used = (at + size + 4095) & ~(size_t)4095;
	if (encoder->used > encoder->size) {
		fprintf(stderr, "bench: the encoder needs more than %zu bytes; make it smaller\n",
			encoder->size);
		exit(1);
	}
	return (uint32_t)at;
}

/* ---- Weights ------------------------------------------------------------------------ */

static struct matrix add_matrix(struct encoder *encoder, uint32_t depth, uint32_t columns,
				double deviation)
{
	struct matrix matrix = { .depth = depth, .columns = columns };
	size_t count = (size_t)depth * columns;
	uint8_t *codes = malloc(count);
	int32_t *bias;

	if (!codes) {
		fprintf(stderr, "bench: no memory for a matrix of %zu bytes\n", count);
		exit(1);
	}
	for (size_t i = 0; i < count; i++)
		codes[i] = uniform() * 100 < encoder->shape.zero_percent ? 0 :
			   eb_adaptivfloat_encode_real(deviation * normal(), BIAS_WEIGHTS);
	if (encoder->shape.zero_percent) {
		size_t size = eb_bitmask_packed_bytes(codes, columns, depth, depth);

		matrix.weights = reserve(encoder, size);
		eb_bitmask_pack(codes, columns, depth, depth, encoder->memory + matrix.weights);
	} else {
		matrix.weights = reserve(encoder, count);
		memcpy(encoder->memory + matrix.weights, codes, count);
	}
	matrix.bias = reserve(encoder, columns * 4);
	bias = (int32_t *)(encoder->memory + matrix.bias);
	for (uint32_t c = 0; c < columns; c++)
		bias[c] = (int32_t)(4096 * WEIGHT_DEVIATION * normal());
	free(codes);
	return matrix;
}

static void add_network(struct encoder *encoder, struct network *network)
{
	const struct encoder_shape *shape = &encoder->shape;
	const uint32_t hidden = shape->hidden, rows = shape->sequence;
	int16_t *gamma;

	/* The query carries the division by the root of a head's size, as compiled models do. */
	network->query = add_matrix(encoder, hidden, hidden,
				    WEIGHT_DEVIATION / sqrt(hidden / shape->heads));
	network->key = add_matrix(encoder, hidden, hidden, WEIGHT_DEVIATION);
	network->value = add_matrix(encoder, hidden, hidden, WEIGHT_DEVIATION);
	network->output = add_matrix(encoder, hidden, hidden, WEIGHT_DEVIATION);
	network->inner = add_matrix(encoder, hidden, shape->inner, WEIGHT_DEVIATION);
	network->outer = add_matrix(encoder, shape->inner, hidden, WEIGHT_DEVIATION);
	network->gamma = reserve(encoder, hidden * 2);
	network->beta = reserve(encoder, hidden * 2);
	gamma = (int16_t *)(encoder->memory + network->gamma);
	for (uint32_t i = 0; i < hidden; i++)
		gamma[i] = 1 << 10;
	network->state = reserve(encoder, rows * hidden);
	network->q = reserve(encoder, rows * hidden);
	network->k = reserve(encoder, rows * hidden);
	network->v = reserve(encoder, rows * hidden);
	network->scores = reserve(encoder, rows * rows * 2);
	network->probabilities = reserve(encoder, rows * rows);
	network->context = reserve(encoder, rows * hidden);
	network->sum = reserve(encoder, rows * hidden * 2);
	network->attended = reserve(encoder, rows * hidden);
	network->middle = reserve(encoder, rows * shape->inner);
}

/* ---- Commands ----------------------------------------------------------------------- */

static struct edgebert_hw_command *add_command(struct encoder *encoder, uint8_t opcode,
					       uint16_t flags)
{
	struct edgebert_hw_command *command = &encoder->commands[encoder->command_count++];

	command->opcode = opcode;
	command->flags = flags;
	return command;
}

static struct edgebert_hw_matmul *add_matmul(struct encoder *encoder, uint16_t flags,
					     const struct edgebert_hw_matmul *fields)
{
	struct edgebert_hw_command *command = add_command(encoder, EDGEBERT_HW_OP_MATMUL, flags);

	command->matmul = *fields;
	command->matmul.rows = (uint16_t)encoder->shape.sequence;
	return &command->matmul;
}

static struct edgebert_hw_matmul *add_dense(struct encoder *encoder, const struct matrix *matrix,
					    uint16_t flags, uint32_t input, uint8_t input_bias,
					    uint32_t output)
{
	bool packed = encoder->shape.zero_percent;
	uint32_t row = flags & EDGEBERT_HW_CMD_TRANSPOSE ? encoder->shape.sequence :
							   matrix->columns;

	return add_matmul(encoder, flags | EDGEBERT_HW_CMD_BIAS |
			  (packed ? EDGEBERT_HW_CMD_PACKED : 0),
			  &(struct edgebert_hw_matmul){
		.input = input, .input_stride = matrix->depth, .input_bias = input_bias,
		.weights = matrix->weights, .weights_stride = packed ? 0 : matrix->depth,
		.weights_bias = BIAS_WEIGHTS, .bias = matrix->bias,
		.output = output, .output_stride = row, .output_bias = BIAS_INNER,
		.depth = (uint16_t)matrix->depth, .columns = (uint16_t)matrix->columns,
	});
}

static void add_head(struct encoder *encoder, const struct network *network, uint32_t head)
{
	const uint32_t hidden = encoder->shape.hidden, rows = encoder->shape.sequence;
	const uint32_t size = hidden / encoder->shape.heads;
	struct edgebert_hw_command *command;

	add_matmul(encoder, 0, &(struct edgebert_hw_matmul){
		.input = network->q + head * size, .input_stride = hidden,
		.input_bias = BIAS_QUERY,
		.weights = network->k + head * size, .weights_stride = hidden,
		.weights_bias = BIAS_INNER,
		.output = network->scores, .output_stride = rows * 2,
		.output_format = EDGEBERT_HW_FORMAT_Q6_10,
		.depth = (uint16_t)size, .columns = (uint16_t)rows,
	});
	command = add_command(encoder, EDGEBERT_HW_OP_SOFTMAX, 0);
	command->softmax = (struct edgebert_hw_softmax){
		.input = network->scores, .input_stride = rows * 2,
		.input_format = EDGEBERT_HW_FORMAT_Q6_10,
		.output = network->probabilities, .output_stride = rows,
		.output_bias = BIAS_PROBABILITY,
		.rows = (uint16_t)rows, .columns = (uint16_t)rows,
	};
	add_matmul(encoder, 0, &(struct edgebert_hw_matmul){
		.input = network->probabilities, .input_stride = rows,
		.input_bias = BIAS_PROBABILITY,
		.weights = network->v + head * size * rows, .weights_stride = rows,
		.weights_bias = BIAS_INNER,
		.output = network->context + head * size, .output_stride = hidden,
		.output_bias = BIAS_CONTEXT,
		.depth = (uint16_t)rows, .columns = (uint16_t)size,
	});
}

/* network.sum plus `residual`, normalised, to `output`. */
static void add_residual(struct encoder *encoder, const struct network *network,
			 uint32_t residual, uint32_t output)
{
	const uint32_t hidden = encoder->shape.hidden;
	const uint16_t rows = (uint16_t)encoder->shape.sequence;
	struct edgebert_hw_command *command = add_command(encoder, EDGEBERT_HW_OP_ADD, 0);

	command->add = (struct edgebert_hw_add){
		.a = network->sum, .a_stride = hidden * 2, .a_format = EDGEBERT_HW_FORMAT_Q6_10,
		.b = residual, .b_stride = hidden, .b_bias = BIAS_STATE,
		.output = network->sum, .output_stride = hidden * 2,
		.output_format = EDGEBERT_HW_FORMAT_Q6_10,
		.rows = rows, .columns = (uint16_t)hidden,
	};
	command = add_command(encoder, EDGEBERT_HW_OP_LAYERNORM, 0);
	command->layernorm = (struct edgebert_hw_layernorm){
		.input = network->sum, .input_stride = hidden * 2,
		.input_format = EDGEBERT_HW_FORMAT_Q6_10,
		.output = output, .output_stride = hidden, .output_bias = BIAS_STATE,
		.gamma = network->gamma, .beta = network->beta,
		.parameter_format = EDGEBERT_HW_FORMAT_Q6_10, .epsilon = 1,
		.rows = rows, .columns = (uint16_t)hidden,
	};
}

static void add_layer(struct encoder *encoder, const struct network *network)
{
	struct edgebert_hw_matmul *matmul;

	add_dense(encoder, &network->query, 0, network->state, BIAS_STATE,
		  network->q)->output_bias = BIAS_QUERY;
	add_dense(encoder, &network->key, 0, network->state, BIAS_STATE, network->k);
	add_dense(encoder, &network->value, EDGEBERT_HW_CMD_TRANSPOSE, network->state, BIAS_STATE,
		  network->v);
	for (uint32_t head = 0; head < encoder->shape.heads; head++)
		add_head(encoder, network, head);
	matmul = add_dense(encoder, &network->output, 0, network->context, BIAS_CONTEXT,
			   network->sum);
	matmul->output_format = EDGEBERT_HW_FORMAT_Q6_10;
	matmul->output_stride *= 2;
	matmul->output_bias = 0;
	add_residual(encoder, network, network->state, network->attended);
	add_dense(encoder, &network->inner, 0, network->attended, BIAS_STATE,
		  network->middle)->activation = EDGEBERT_HW_ACTIVATION_GELU;
	matmul = add_dense(encoder, &network->outer, 0, network->middle, BIAS_INNER, network->sum);
	matmul->output_format = EDGEBERT_HW_FORMAT_Q6_10;
	matmul->output_stride *= 2;
	matmul->output_bias = 0;
	add_residual(encoder, network, network->attended, network->state);
}

/* ---- Running ------------------------------------------------------------------------ */

static const void *map_memory(void *opaque, uint32_t address, size_t *size)
{
	struct encoder *encoder = opaque;

	if (address >= encoder->size)
		return NULL;
	if (*size > encoder->size - address)
		*size = encoder->size - address;
	return encoder->memory + address;
}

static int read_memory(void *opaque, uint32_t address, void *destination, size_t size)
{
	struct encoder *encoder = opaque;

	if (size > encoder->size || address > encoder->size - size)
		return EDGEBERT_HW_PAGE_NOT_MAPPED;
	memcpy(destination, encoder->memory + address, size);
	return EDGEBERT_HW_OK;
}

static int write_memory(void *opaque, uint32_t address, const void *source, size_t size)
{
	struct encoder *encoder = opaque;

	if (size > encoder->size || address > encoder->size - size)
		return EDGEBERT_HW_PAGE_NOT_MAPPED;
	memcpy(encoder->memory + address, source, size);
	return EDGEBERT_HW_OK;
}

void encoder_create(const struct encoder_shape *shape, struct encoder *encoder)
{
	struct network network = { 0 };
	size_t stream = (shape->layers * (3 * shape->heads + COMMANDS_PER_LAYER) + 1) *
			sizeof(*encoder->commands);
	size_t state = (size_t)shape->sequence * shape->hidden;

	random_state = 1;
	*encoder = (struct encoder){ .shape = *shape, .size = MEMORY_BYTES };
	encoder->memory = aligned_alloc(4096, MEMORY_BYTES);
	if (!encoder->memory) {
		fprintf(stderr, "bench: no memory for %u bytes\n", MEMORY_BYTES);
		exit(1);
	}
	memset(encoder->memory, 0, MEMORY_BYTES);
	encoder->commands = (struct edgebert_hw_command *)(encoder->memory +
							   reserve(encoder, stream));
	add_network(encoder, &network);
	encoder->output = network.state;
	encoder->input = reserve(encoder, state);
	for (size_t i = 0; i < state; i++)
		encoder->memory[encoder->input + i] =
			eb_adaptivfloat_encode_real(normal(), BIAS_STATE);
	for (uint32_t layer = 0; layer < shape->layers; layer++)
		add_layer(encoder, &network);
	add_command(encoder, EDGEBERT_HW_OP_END, 0);
}

void encoder_destroy(struct encoder *encoder)
{
	free(encoder->memory);
}

void encoder_run(struct encoder *encoder, struct eb_core *core,
		 struct edgebert_hw_completion *completion)
{
	const struct eb_core_memory memory = {
		.opaque = encoder, .read = read_memory, .write = write_memory, .map_read = map_memory };
	const struct edgebert_hw_job job = {
		.stream_commands = encoder->command_count,
		.sequence_length = (uint16_t)encoder->shape.sequence,
		.operating_point = EDGEBERT_HW_OPERATING_POINT_DEFAULT,
		.window_high = EDGEBERT_HW_OPERATING_POINTS_MAX - 1,
	};

	memcpy(encoder->memory + encoder->output, encoder->memory + encoder->input,
	       (size_t)encoder->shape.sequence * encoder->shape.hidden);
	eb_core_execute(core, &job, &memory, completion);
}

uint64_t encoder_checksum(const struct encoder *encoder)
{
	uint64_t hash = 0xcbf29ce484222325;

	for (size_t i = 0; i < (size_t)encoder->shape.sequence * encoder->shape.hidden; i++)
		hash = (hash ^ encoder->memory[encoder->output + i]) * 0x100000001b3;
	return hash;
}
