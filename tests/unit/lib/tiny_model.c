// SPDX-License-Identifier: MIT
/* The small model: layout of its weights and scratch memory, and its program. */
#include "tests/unit/lib/tiny_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "tools/device/core/adaptivfloat.h"
#include "tools/device/core/core.h"

#define HIDDEN 32u
#define HEADS 2u
#define HEAD_DEPTH (HIDDEN / HEADS)
#define INTERMEDIATE 64u
#define ROWS 48u			/* TINY_SEQUENCE_MAX in whole vectors */
#define VECTORS (ROWS / EDGEBERT_HW_LANES)
#define PREDICTOR_ROWS 16u
#define PREDICTOR_STEP 48u
#define COMMANDS_MAX 512
#define SECTIONS_MAX 16

#define WEIGHTS_BIAS 3
#define STATE_BIAS 4
#define SCORES_BIAS 3

#define FROM(segment, offset) EDGEBERT_HW_OPERAND(EB_MODEL_SEGMENT_##segment, offset)

/* Scratch memory. */
enum {
	STATE = 0,
	WORK = STATE + ROWS * HIDDEN,
	QUERY = WORK + ROWS * HIDDEN,
	KEY = QUERY + ROWS * HIDDEN,
	VALUE = KEY + ROWS * HIDDEN,		/* transposed: [HIDDEN][ROWS] */
	SCORES = VALUE + HIDDEN * ROWS,		/* Q6.10 */
	PROBABILITIES = SCORES + 2 * ROWS * ROWS,
	CONTEXT = PROBABILITIES + ROWS * ROWS,
	WIDE = CONTEXT + ROWS * HIDDEN,
	POOLED = WIDE + ROWS * INTERMEDIATE,
	SCRATCH_BYTES = POOLED + HIDDEN,
};

struct builder {
	struct tiny_model_options options;
	uint64_t random;
	uint8_t *weights;
	uint32_t weights_size, weights_capacity;
	struct edgebert_hw_command commands[COMMANDS_MAX];
	struct eb_model_program program;
	uint32_t exit_command[EDGEBERT_HW_LAYERS_MAX];
};

static uint32_t next_random(uint64_t *state)
{
	*state = *state * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(*state >> 33);
}

/* About normal, mean 0, deviation 1. */
static double next_normal(struct builder *b)
{
	double sum = 0;

	for (int i = 0; i < 12; i++)
		sum += next_random(&b->random) / 2147483648.0;
	return sum - 6;
}

static void *grow(struct builder *b, uint32_t size, uint32_t *ret_offset)
{
	*ret_offset = b->weights_size;
	b->weights_size = (b->weights_size + size + 63) & ~63u;
	if (b->weights_size > b->weights_capacity)
		abort();
	return b->weights + *ret_offset;
}

/* Appends count random weights and returns their operand. */
static uint32_t add_weights(struct builder *b, uint32_t count, double mean, double deviation)
{
	uint32_t offset;
	uint8_t *codes = grow(b, count, &offset);

	for (uint32_t i = 0; i < count; i++)
		codes[i] = eb_adaptivfloat_encode_real(mean + deviation * next_normal(b),
						       WEIGHTS_BIAS);
	return FROM(WEIGHTS, offset);
}

static uint32_t add_bias(struct builder *b, uint32_t count)
{
	uint32_t offset;
	int32_t *values = (int32_t *)(void *)grow(b, count * 4, &offset);

	for (uint32_t i = 0; i < count; i++)
		values[i] = (int32_t)(next_normal(b) * 400);
	return FROM(WEIGHTS, offset);
}

static struct edgebert_hw_command *add_command(struct builder *b, uint8_t opcode, uint16_t flags)
{
	struct edgebert_hw_command *command = &b->commands[b->program.command_count];

	if (b->program.command_count == COMMANDS_MAX)
		abort();
	*command = (struct edgebert_hw_command){
		.opcode = opcode, .flags = flags, .tag = b->program.command_count++,
	};
	return command;
}

static void add_embedding(struct builder *b, uint32_t indices, uint32_t table_rows,
			  uint32_t output)
{
	struct edgebert_hw_embed *embed =
		&add_command(b, EDGEBERT_HW_OP_EMBED, EDGEBERT_HW_CMD_ROWS_FROM_JOB)->embed;

	*embed = (struct edgebert_hw_embed){
		.indices = indices, .output = output,
		.table = add_weights(b, table_rows * HIDDEN, 0, 0.5),
		.table_stride = HIDDEN, .output_stride = HIDDEN, .table_rows = table_rows,
		.columns = HIDDEN, .table_bias = WEIGHTS_BIAS, .output_bias = STATE_BIAS,
	};
}

/* output = a + b, rows of HIDDEN values. */
static void add_sum(struct builder *b, uint32_t one, uint32_t other, uint8_t other_bias,
		    uint32_t output)
{
	struct edgebert_hw_add *add =
		&add_command(b, EDGEBERT_HW_OP_ADD, EDGEBERT_HW_CMD_ROWS_FROM_JOB)->add;

	*add = (struct edgebert_hw_add){
		.a = one, .b = other, .output = output, .a_stride = HIDDEN, .b_stride = HIDDEN,
		.output_stride = HIDDEN, .columns = HIDDEN, .a_bias = STATE_BIAS,
		.b_bias = other_bias, .output_bias = STATE_BIAS,
	};
}

static void add_layernorm(struct builder *b, uint32_t input, uint32_t output)
{
	struct edgebert_hw_layernorm *layernorm =
		&add_command(b, EDGEBERT_HW_OP_LAYERNORM, EDGEBERT_HW_CMD_ROWS_FROM_JOB)->layernorm;

	*layernorm = (struct edgebert_hw_layernorm){
		.input = input, .output = output, .gamma = add_weights(b, HIDDEN, 1, 0.1),
		.beta = add_weights(b, HIDDEN, 0, 0.1), .input_stride = HIDDEN,
		.output_stride = HIDDEN, .epsilon = 1, .columns = HIDDEN,
		.input_bias = STATE_BIAS, .output_bias = STATE_BIAS,
		.gamma_bias = WEIGHTS_BIAS, .beta_bias = WEIGHTS_BIAS,
	};
}

/* A fully connected layer with new weights. */
static struct edgebert_hw_command *add_dense(struct builder *b, uint32_t input, uint32_t depth,
					     uint32_t output, uint32_t columns, double deviation)
{
	struct edgebert_hw_command *command = add_command(b, EDGEBERT_HW_OP_MATMUL,
		EDGEBERT_HW_CMD_ROWS_FROM_JOB | EDGEBERT_HW_CMD_BIAS);

	command->matmul = (struct edgebert_hw_matmul){
		.input = input, .weights = add_weights(b, columns * depth, 0, deviation),
		.bias = add_bias(b, columns), .output = output, .input_stride = depth,
		.weights_stride = depth, .output_stride = columns, .depth = (uint16_t)depth,
		.columns = (uint16_t)columns, .input_bias = STATE_BIAS,
		.weights_bias = WEIGHTS_BIAS, .output_bias = STATE_BIAS,
	};
	return command;
}

static void add_head(struct builder *b, uint32_t head)
{
	const uint16_t all = EDGEBERT_HW_CMD_ROWS_FROM_JOB | EDGEBERT_HW_CMD_COLUMNS_FROM_JOB;
	struct edgebert_hw_command *command;

	command = add_command(b, EDGEBERT_HW_OP_MATMUL, all);
	command->matmul = (struct edgebert_hw_matmul){
		.input = FROM(SCRATCH, QUERY + head * HEAD_DEPTH),
		.weights = FROM(SCRATCH, KEY + head * HEAD_DEPTH),
		.output = FROM(SCRATCH, SCORES), .input_stride = HIDDEN,
		.weights_stride = HIDDEN, .output_stride = 2 * ROWS, .depth = HEAD_DEPTH,
		.input_bias = STATE_BIAS, .weights_bias = STATE_BIAS,
		.output_format = EDGEBERT_HW_FORMAT_Q6_10,
	};
	command = add_command(b, EDGEBERT_HW_OP_SOFTMAX, all);
	command->softmax = (struct edgebert_hw_softmax){
		.input = FROM(SCRATCH, SCORES), .output = FROM(SCRATCH, PROBABILITIES),
		.input_stride = 2 * ROWS, .output_stride = ROWS, .output_bias = SCORES_BIAS,
		.input_format = EDGEBERT_HW_FORMAT_Q6_10,
	};
	command = add_command(b, EDGEBERT_HW_OP_MATMUL,
			      EDGEBERT_HW_CMD_ROWS_FROM_JOB | EDGEBERT_HW_CMD_DEPTH_FROM_JOB);
	command->matmul = (struct edgebert_hw_matmul){
		.input = FROM(SCRATCH, PROBABILITIES),
		.weights = FROM(SCRATCH, VALUE + head * HEAD_DEPTH * ROWS),
		.output = FROM(SCRATCH, CONTEXT + head * HEAD_DEPTH), .input_stride = ROWS,
		.weights_stride = ROWS, .output_stride = HIDDEN, .columns = HEAD_DEPTH,
		.input_bias = SCORES_BIAS, .weights_bias = STATE_BIAS,
		.output_bias = STATE_BIAS,
	};
}

static void add_attention(struct builder *b)
{
	struct edgebert_hw_command *command;

	add_dense(b, FROM(SCRATCH, STATE), HIDDEN, FROM(SCRATCH, QUERY), HIDDEN, 0.15);
	add_dense(b, FROM(SCRATCH, STATE), HIDDEN, FROM(SCRATCH, KEY), HIDDEN, 0.15);
	command = add_dense(b, FROM(SCRATCH, STATE), HIDDEN, FROM(SCRATCH, VALUE), HIDDEN, 0.2);
	command->flags |= EDGEBERT_HW_CMD_TRANSPOSE;
	command->matmul.output_stride = ROWS;
	for (uint32_t head = 0; head < HEADS; head++)
		add_head(b, head);
	add_dense(b, FROM(SCRATCH, CONTEXT), HIDDEN, FROM(SCRATCH, WORK), HIDDEN, 0.2);
	add_sum(b, FROM(SCRATCH, WORK), FROM(SCRATCH, STATE), STATE_BIAS, FROM(SCRATCH, WORK));
	add_layernorm(b, FROM(SCRATCH, WORK), FROM(SCRATCH, STATE));
}

static void add_exit_head(struct builder *b, uint32_t layer)
{
	const uint32_t logits = FROM(OUTPUT, (layer - 1) * EB_MODEL_OUTPUT_ROW_BYTES);
	struct edgebert_hw_command *command;

	command = add_dense(b, FROM(SCRATCH, STATE), HIDDEN, FROM(SCRATCH, POOLED), HIDDEN, 0.2);
	command->flags &= (uint16_t)~EDGEBERT_HW_CMD_ROWS_FROM_JOB;
	command->matmul.rows = 1;
	command->matmul.activation = EDGEBERT_HW_ACTIVATION_TANH;
	/* Deeper layers are surer, as in a trained model. */
	command = add_dense(b, FROM(SCRATCH, POOLED), HIDDEN, logits, TINY_CLASSES,
			    0.10 + 0.12 * layer);
	command->flags &= (uint16_t)~EDGEBERT_HW_CMD_ROWS_FROM_JOB;
	command->matmul.rows = 1;
	command->matmul.output_format = EDGEBERT_HW_FORMAT_Q6_10;
	command->matmul.output_stride = EB_MODEL_OUTPUT_ROW_BYTES;
	command->matmul.output_bias = 0;
	command = add_command(b, EDGEBERT_HW_OP_ENTROPY, 0);
	command->entropy = (struct edgebert_hw_entropy){
		.input = logits, .input_format = EDGEBERT_HW_FORMAT_Q6_10,
		.classes = TINY_CLASSES, .layer = (uint8_t)layer,
	};
	b->exit_command[layer - 1] = b->program.command_count;
	command = add_command(b, EDGEBERT_HW_OP_EXIT,
			      layer == b->options.layers ? EDGEBERT_HW_CMD_LAST : 0);
	command->exit.layer = (uint8_t)layer;
}

static void add_predict(struct builder *b)
{
	const uint32_t columns = b->options.layers - 2;
	struct edgebert_hw_command *command;

	if (b->options.without_predictor || b->options.without_predict_command || !columns)
		return;
	command = add_command(b, EDGEBERT_HW_OP_PREDICT, 0);
	command->predict = (struct edgebert_hw_predict){
		.table = FROM(TABLES, 0),
		.cycles = FROM(TABLES, (PREDICTOR_ROWS * columns * 2 + 3) & ~3u),
		.rows = PREDICTOR_ROWS, .step = PREDICTOR_STEP, .columns = (uint8_t)columns,
		.first_layer = 2, .last_layer = (uint8_t)b->options.layers,
		.cycle_rows = VECTORS,
	};
}

static void add_layer(struct builder *b, uint32_t layer)
{
	struct edgebert_hw_command *command;

	if (layer > 1)
		b->program.layer_start[layer - 1] = b->program.command_count;
	add_attention(b);
	command = add_dense(b, FROM(SCRATCH, STATE), HIDDEN, FROM(SCRATCH, WIDE), INTERMEDIATE,
			    0.15);
	command->matmul.activation = EDGEBERT_HW_ACTIVATION_GELU;
	add_dense(b, FROM(SCRATCH, WIDE), INTERMEDIATE, FROM(SCRATCH, WORK), HIDDEN, 0.15);
	add_sum(b, FROM(SCRATCH, WORK), FROM(SCRATCH, STATE), STATE_BIAS, FROM(SCRATCH, WORK));
	add_layernorm(b, FROM(SCRATCH, WORK), FROM(SCRATCH, STATE));
	b->exit_command[layer - 1] = b->program.command_count - 1;
	if (layer == b->options.layers || !b->options.only_last_exit)
		add_exit_head(b, layer);
	if (layer == 1)
		add_predict(b);
}

static void build_program(struct builder *b)
{
	add_embedding(b, FROM(INPUT, 0), TINY_VOCABULARY, FROM(SCRATCH, STATE));
	add_embedding(b, FROM(INPUT, 4 * TINY_SEQUENCE_MAX), 2, FROM(SCRATCH, WORK));
	add_sum(b, FROM(SCRATCH, STATE), FROM(SCRATCH, WORK), STATE_BIAS, FROM(SCRATCH, WORK));
	add_sum(b, FROM(SCRATCH, WORK), add_weights(b, TINY_SEQUENCE_MAX * HIDDEN, 0, 0.3),
		WEIGHTS_BIAS, FROM(SCRATCH, WORK));
	add_layernorm(b, FROM(SCRATCH, WORK), FROM(SCRATCH, STATE));
	for (uint32_t layer = 1; layer <= b->options.layers; layer++)
		add_layer(b, layer);
}

/* ---- the file ---- */

struct file_builder {
	uint8_t *data;
	size_t size, capacity;
	uint32_t count;
	struct eb_model_section sections[SECTIONS_MAX];
};

static void *add_section(struct file_builder *f, enum eb_model_section_type type, size_t size)
{
	size_t offset = (f->size + EB_MODEL_SECTION_ALIGN - 1) & ~(size_t)(EB_MODEL_SECTION_ALIGN - 1);

	if (f->count == SECTIONS_MAX || offset + size > f->capacity)
		abort();
	f->sections[f->count++] = (struct eb_model_section){
		.type = type, .offset = offset, .size = size,
	};
	f->size = offset + size;
	return f->data + offset;
}

static void add_copy(struct file_builder *f, enum eb_model_section_type type, const void *data,
		     size_t size)
{
	memcpy(add_section(f, type, size), data, size);
}

static const char word_letters[] = "abcdefg";

static void word_text(uint32_t number, char text[4])
{
	text[0] = word_letters[number % 7];
	text[1] = word_letters[number / 7];
	text[2] = '\0';
}

static void write_vocabulary(struct file_builder *f)
{
	char text[TINY_VOCABULARY * 8] = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n";

	for (uint32_t i = 4; i < TINY_VOCABULARY; i++) {
		char word[4];

		word_text(i - 4, word);
		strcat(strcat(text, word), "\n");
	}
	add_copy(f, EB_MODEL_VOCABULARY, text, strlen(text));
}

static void write_parameters(struct file_builder *f, const struct builder *b)
{
	const uint32_t layers = b->options.layers;
	struct eb_model_parameters parameters = {
		.hardware_major = EDGEBERT_HW_VERSION_MAJOR,
		.layers = layers, .hidden_size = HIDDEN, .attention_heads = HEADS,
		.intermediate_size = INTERMEDIATE, .embedding_size = HIDDEN,
		.vocabulary_size = TINY_VOCABULARY, .classes = TINY_CLASSES,
		.exit_count = b->options.only_last_exit ? 1 : layers,
		.flags = b->options.pairs ? EB_MODEL_FLAG_PAIRS : 0, .sequence_max = TINY_SEQUENCE_MAX,
		.scratch_bytes = SCRATCH_BYTES, .input_bytes = 8 * TINY_SEQUENCE_MAX,
		.output_bytes = layers * EB_MODEL_OUTPUT_ROW_BYTES,
		.tables_bytes = PREDICTOR_ROWS * layers * 2 + VECTORS * layers * 4,
		.default_threshold = 300, .tokenizer = EB_MODEL_TOKENIZER_WORDPIECE,
		.tokenizer_flags = EB_MODEL_TOKENIZER_LOWER_CASE,
		.token_padding = 0, .token_unknown = 1, .token_cls = 2, .token_sep = 3,
	};

	add_copy(f, EB_MODEL_PARAMETERS, &parameters, sizeof(parameters));
}

static void write_program(struct file_builder *f, const struct builder *b)
{
	const size_t commands_size = b->program.command_count * sizeof(b->commands[0]);
	uint8_t *section = add_section(f, EB_MODEL_PROGRAM, sizeof(b->program) + commands_size);

	memcpy(section, &b->program, sizeof(b->program));
	memcpy(section + sizeof(b->program), b->commands, commands_size);
}

static uint32_t cycles_until(const struct eb_core *core, const struct builder *b, uint32_t layer,
			     uint16_t tokens)
{
	uint64_t cycles = 0;

	for (uint32_t i = 0; i <= b->exit_command[layer - 1]; i++)
		cycles += eb_core_command_cycles(core, &b->commands[i], tokens, 0);
	return (uint32_t)cycles;
}

static void write_cycles(struct file_builder *f, const struct builder *b, const char *profile)
{
	struct eb_model_cycles header = { .layers = b->options.layers, .vectors = VECTORS };
	struct eb_core *core = eb_core_create(profile);
	uint32_t *cycles;
	uint8_t *section;

	memcpy(header.profile, profile, strlen(profile));
	section = add_section(f, EB_MODEL_CYCLES,
			      sizeof(header) + sizeof(*cycles) * VECTORS * header.layers);
	memcpy(section, &header, sizeof(header));
	cycles = (uint32_t *)(void *)(section + sizeof(header));
	for (uint32_t row = 0; row < VECTORS; row++) {
		for (uint32_t layer = 1; layer <= header.layers; layer++)
			*cycles++ = cycles_until(core, b, layer,
						 (uint16_t)((row + 1) * EDGEBERT_HW_LANES));
	}
	eb_core_destroy(core);
}

/* The deeper the layer, the lower the entropy expected, down to 0 after the last. */
static void write_predictor(struct file_builder *f, const struct builder *b)
{
	struct eb_model_predictor header = {
		.rows = PREDICTOR_ROWS, .step = PREDICTOR_STEP,
		.columns = b->options.layers - 2, .first_layer = 2,
		.last_layer = b->options.layers,
	};
	int16_t *entropies;
	uint8_t *section;

	section = add_section(f, EB_MODEL_PREDICTOR,
			      sizeof(header) + sizeof(*entropies) * header.rows * header.columns);
	memcpy(section, &header, sizeof(header));
	entropies = (int16_t *)(void *)(section + sizeof(header));
	for (uint32_t row = 0; row < header.rows; row++) {
		for (uint32_t column = 0; column < header.columns; column++)
			*entropies++ = (int16_t)(row * header.step *
						 (header.columns - column) /
						 (header.columns + 1));
	}
}

static void write_sections(struct file_builder *f, struct builder *b)
{
	static const char metadata[] =
		"{\"name\": \"tiny\", \"architecture\": \"bert\", \"task\": \"test\", "
		"\"labels\": [\"negative\", \"positive\"], \"licence\": \"MIT\"}";

	write_parameters(f, b);
	add_copy(f, EB_MODEL_METADATA, metadata, sizeof(metadata) - 1);
	write_vocabulary(f);
	add_copy(f, EB_MODEL_WEIGHTS, b->weights, b->weights_size);
	write_program(f, b);
	if (!b->options.without_cycles) {
		for (const char *const *name = eb_core_profile_names(); *name; name++)
			write_cycles(f, b, *name);
	}
	if (!b->options.without_predictor)
		write_predictor(f, b);
	if (b->options.needs_image)
		add_copy(f, EB_MODEL_ENVM_IMAGE, &tiny_model_image, sizeof(tiny_model_image));
}

const struct eb_model_envm_image tiny_model_image = {
	.id = "tiny image ident", .name = "tiny-words", .bytes = 4096, .crc32 = 1,
};

uint8_t *tiny_model_build(const struct tiny_model_options *options, size_t *ret_size)
{
	struct builder *b = calloc(1, sizeof(*b));
	struct file_builder f = { .capacity = 1u << 20 };
	struct eb_model_header *header;

	b->options = options ? *options : (struct tiny_model_options){ 0 };
	if (!b->options.layers)
		b->options.layers = TINY_LAYERS;
	if (b->options.only_last_exit)
		b->options.without_predictor = true;
	b->random = b->options.seed;
	b->weights_capacity = 1u << 19;
	b->weights = calloc(1, b->weights_capacity);
	build_program(b);

	f.data = aligned_alloc(EB_MODEL_SECTION_ALIGN, f.capacity);
	memset(f.data, 0, f.capacity);
	f.size = sizeof(*header) + sizeof(f.sections);
	write_sections(&f, b);
	header = (void *)f.data;
	memcpy(header->magic, EB_MODEL_MAGIC, sizeof(header->magic));
	header->version_major = EB_MODEL_VERSION_MAJOR;
	header->version_minor = EB_MODEL_VERSION_MINOR;
	header->section_count = f.count;
	header->file_size = f.size;
	memcpy(header + 1, f.sections, f.count * sizeof(f.sections[0]));
	tiny_model_seal(f.data, f.size);
	free(b->weights);
	free(b);
	*ret_size = f.size;
	return f.data;
}

struct eb_model_section *tiny_model_section(uint8_t *file, enum eb_model_section_type type,
					    uint32_t nth)
{
	struct eb_model_header *header = (void *)file;
	struct eb_model_section *sections = (void *)(header + 1);

	for (uint32_t i = 0; i < header->section_count; i++) {
		if (sections[i].type == type && !nth--)
			return &sections[i];
	}
	return NULL;
}

void *tiny_model_contents(uint8_t *file, enum eb_model_section_type type)
{
	struct eb_model_section *section = tiny_model_section(file, type, 0);

	return section ? file + section->offset : NULL;
}

void tiny_model_seal(uint8_t *file, size_t file_size)
{
	struct eb_model_header *header = (void *)file;
	struct eb_model_section *sections = (void *)(header + 1);

	for (uint32_t i = 0; i < header->section_count && i < SECTIONS_MAX; i++) {
		/* A test may have made a section that reaches past the file. */
		if (sections[i].offset <= file_size &&
		    sections[i].size <= file_size - sections[i].offset)
			sections[i].crc = (uint32_t)crc32_z(0, file + sections[i].offset,
							    sections[i].size);
	}
	header->table_crc = (uint32_t)crc32_z(0, (void *)sections,
					      (header->section_count < SECTIONS_MAX ?
					       header->section_count : SECTIONS_MAX) *
					      sizeof(sections[0]));
	header->header_crc = 0;
	header->header_crc = (uint32_t)crc32_z(0, file, sizeof(*header));
}

void tiny_model_text(uint32_t number, char *text, size_t text_size)
{
	uint64_t state = number * 2654435761ull + 1;
	uint32_t words = 1 + next_random(&state) % (TINY_SEQUENCE_MAX - 2);
	size_t length = 0;

	text[0] = '\0';
	for (uint32_t i = 0; i < words && length + 4 < text_size; i++) {
		char word[4];

		word_text(next_random(&state) % (TINY_VOCABULARY - 4), word);
		length += (size_t)snprintf(text + length, text_size - length, "%s%s",
					   i ? " " : "", word);
	}
}
