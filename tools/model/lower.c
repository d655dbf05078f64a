// SPDX-License-Identifier: MIT
/*
 * Lowering: one command program for sentences of any length.
 *
 * All tensors of a sentence live in its scratch segment; those that are never needed at
 * the same time share memory.  The hidden state has a place of its own, so that a job can
 * begin at any layer.
 */
#include "tools/model/lower.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/status.h"
#include "tools/device/core/adaptivfloat.h"
#include "tools/device/core/matmul.h"

#define ROWS EDGEBERT_HW_CMD_ROWS_FROM_JOB
#define COLUMNS EDGEBERT_HW_CMD_COLUMNS_FROM_JOB
#define DEPTH EDGEBERT_HW_CMD_DEPTH_FROM_JOB
#define BIAS_MAX 7
#define WORD_BITS 10
#define EPSILON_BITS 20
/* The finest code of the span masks that has a 1. */
#define SPAN_BIAS 3

/* A tensor in memory: where, how far its rows are apart, in which format. */
struct place {
	uint32_t operand;
	uint32_t stride;
};

struct tensor {
	struct place place;
	int bias;			/* AF8 */
};

/* A matrix and its bias vector. */
struct weights {
	const struct eb_codes *codes;
	const float *bias;
};

struct lowerer {
	const struct eb_lowering *lowering;
	const struct eb_shape *shape;
	struct eb_program_builder *builder;
	/* AF8 */
	struct place hidden, attention_norm, query, key, value, context, probabilities,
		     intermediate, pooled, words, types;
	/* Q6.10 */
	struct place scores, sum;
};

/* ---- Memory ------------------------------------------------------------------------- */

static struct place take(uint32_t *next, size_t rows, size_t row_bytes)
{
	struct place place = { EDGEBERT_HW_OPERAND(EB_MODEL_SEGMENT_SCRATCH, *next),
			       (uint32_t)row_bytes };

	*next += (uint32_t)((rows * row_bytes + 63) & ~(size_t)63);
	return place;
}

static uint32_t later(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

static unsigned int widest_intermediate(const struct eb_network *network)
{
	unsigned int widest = 0;

	for (unsigned int i = 0; i < network->own_layers; i++) {
		unsigned int outputs = network->layers[i].linears[EB_LINEAR_INTERMEDIATE].outputs;

		widest = outputs > widest ? outputs : widest;
	}
	return widest;
}

static unsigned int widest_attention(const struct eb_network *network)
{
	unsigned int widest = 0;

	for (unsigned int i = 0; i < network->own_layers; i++) {
		unsigned int size = eb_attention_size(&network->layers[i]);

		widest = size > widest ? size : widest;
	}
	return widest;
}

/*
 * hidden, attention_norm and sum last; embedding, attention, feed-forward and exit head
 * come one after the other and share what follows.
 */
static void allocate_scratch(struct lowerer *lowerer)
{
	const struct eb_shape *shape = lowerer->shape;
	size_t tokens = lowerer->lowering->sequence_max, hidden = shape->hidden_size;
	size_t widest = hidden > shape->embedding_size ? hidden : shape->embedding_size;
	size_t attention = widest_attention(lowerer->lowering->plan->network);
	uint32_t shared = 0, end, next;

	lowerer->hidden = take(&shared, tokens, hidden);
	lowerer->attention_norm = take(&shared, tokens, widest);
	lowerer->sum = take(&shared, tokens, 2 * widest);

	next = shared;
	lowerer->words = take(&next, tokens, shape->embedding_size);
	lowerer->types = take(&next, tokens, shape->embedding_size);
	end = next;

	next = shared;
	lowerer->query = take(&next, tokens, attention);
	lowerer->key = take(&next, tokens, attention);
	lowerer->value = take(&next, attention, tokens);
	lowerer->context = take(&next, tokens, attention);
	lowerer->scores = take(&next, tokens, 2 * tokens);
	lowerer->probabilities = take(&next, tokens, tokens);
	end = later(end, next);

	next = shared;
	lowerer->intermediate = take(&next, tokens,
				     widest_intermediate(lowerer->lowering->plan->network));
	end = later(end, next);

	next = shared;
	lowerer->pooled = take(&next, 1, hidden);
	lowerer->builder->scratch_bytes = later(end, next);
}

size_t eb_lower_tables_bytes(const struct eb_lowering *lowering)
{
	size_t layers = lowering->plan->network->shape.layers;
	size_t vectors = (lowering->sequence_max + EDGEBERT_HW_LANES - 1) / EDGEBERT_HW_LANES;

	return eb_lower_cycles_offset(lowering) + vectors * (layers - 1) * sizeof(uint32_t);
}

size_t eb_lower_cycles_offset(const struct eb_lowering *lowering)
{
	size_t columns = lowering->plan->network->shape.layers - 2;

	return (EB_PREDICTOR_ROWS * columns * sizeof(int16_t) + 3) & ~(size_t)3;
}

static struct weights weights_of(const struct eb_linear_plan *linear)
{
	return (struct weights){ &linear->codes, linear->bias };
}

static struct weights layer_weights(const struct lowerer *lowerer,
				    const struct eb_layer_plan *layer,
				    enum eb_layer_linear linear)
{
	return (struct weights){ &lowerer->lowering->plan->linears[layer->own][linear],
				 layer->biases[linear] };
}

/* ---- Commands ----------------------------------------------------------------------- */

static void unsupported(struct lowerer *lowerer, const char *what)
{
	if (!lowerer->builder->status)
		lowerer->builder->status = eb_fail(EB_MODEL_UNSUPPORTED,
						   "%s: its range can not be expressed with biases 0 to 7",
						   what);
}

/*
 * A product's power of two: with command biases a and b that add up to `sum`, the device
 * computes the true product divided by 2^(own biases - sum).
 */
static void set_product_biases(struct lowerer *lowerer, struct edgebert_hw_matmul *matmul,
			       const char *what, int sum)
{
	if (sum < 0 || sum > 2 * BIAS_MAX) {
		unsupported(lowerer, what);
		return;
	}
	matmul->input_bias = (uint8_t)(sum / 2);
	matmul->weights_bias = (uint8_t)(sum - sum / 2);
}

/* Bias vector at the product's scale, 12 fraction bits. */
static uint32_t bias_vector(struct lowerer *lowerer, struct weights linear,
			    int scale)
{
	size_t count = linear.codes->rows;
	int32_t *words = malloc(count * sizeof(*words));
	uint32_t operand;

	if (!words) {
		lowerer->builder->status = eb_fail(EB_OUT_OF_MEMORY, "no memory for a bias vector");
		return 0;
	}
	for (size_t i = 0; i < count; i++) {
		double value = ldexp(linear.bias[i], EB_MATMUL_FRACTION_BITS - scale);

		/* A finished sum has 29 bits at most; so much again can not overflow. */
		value = fmin(fmax(value, -0x1p29), 0x1p29);
		words[i] = (int32_t)lrint(value);
	}
	operand = eb_program_constant(lowerer->builder, words, count * sizeof(*words));
	free(words);
	return operand;
}

static struct edgebert_hw_matmul *add_linear(struct lowerer *lowerer, const char *what,
					     struct weights linear,
					     struct tensor input, struct place output,
					     int scale, uint16_t flags)
{
	struct eb_stored_codes stored = eb_program_codes(lowerer->builder, linear.codes);
	uint16_t packed = stored.packed_bytes ? EDGEBERT_HW_CMD_PACKED : 0;
	uint32_t bias = bias_vector(lowerer, linear, scale);
	struct edgebert_hw_matmul *matmul =
		&eb_program_add(lowerer->builder, EDGEBERT_HW_OP_MATMUL,
				flags | packed | EDGEBERT_HW_CMD_BIAS,
				stored.packed_bytes)->matmul;

	matmul->input = input.place.operand;
	matmul->input_stride = input.place.stride;
	matmul->weights = stored.operand;
	matmul->weights_stride = packed ? 0 : (uint32_t)linear.codes->columns;
	matmul->bias = bias;
	matmul->output = output.operand;
	matmul->output_stride = output.stride;
	matmul->rows = flags & ROWS ? 0 : 1;
	matmul->depth = (uint16_t)linear.codes->columns;
	matmul->columns = (uint16_t)linear.codes->rows;
	set_product_biases(lowerer, matmul, what, input.bias + linear.codes->bias - scale);
	return matmul;
}

/*
 * Scale of an AF8 output that only other commands read: as far up as its code allows, so
 * that the 12 fraction bits of a finished sum lie below the codes' last digits.
 */
static int output_scale(int product_bias, int output_bias)
{
	int scale = output_bias - BIAS_MAX;

	/* product_bias - scale must stay within 0..14, output_bias - scale within 0..7. */
	if (product_bias - scale > 2 * BIAS_MAX)
		scale = product_bias - 2 * BIAS_MAX;
	if (product_bias - scale < 0)
		scale = product_bias;
	return scale;
}

static void set_codes_output(struct lowerer *lowerer, struct edgebert_hw_matmul *matmul,
			     const char *what, int bias)
{
	if (bias < 0 || bias > BIAS_MAX) {
		unsupported(lowerer, what);
		return;
	}
	matmul->output_format = EDGEBERT_HW_FORMAT_AF8;
	matmul->output_bias = (uint8_t)bias;
}

/* A projection whose AF8 output may have any scale. */
static void add_projection(struct lowerer *lowerer, const char *what,
			   struct weights linear, struct tensor input,
			   struct tensor output, uint16_t flags)
{
	int scale = output_scale(input.bias + linear.codes->bias, output.bias);
	struct edgebert_hw_matmul *matmul =
		add_linear(lowerer, what, linear, input, output.place, scale, ROWS | flags);

	set_codes_output(lowerer, matmul, what, output.bias - scale);
}

/* A projection through an activation function, which needs the true value. */
static void add_activated(struct lowerer *lowerer, const char *what,
			  struct weights linear, struct tensor input,
			  struct tensor output, uint8_t activation, uint16_t flags)
{
	struct edgebert_hw_matmul *matmul =
		add_linear(lowerer, what, linear, input, output.place, 0, flags);

	matmul->activation = activation;
	set_codes_output(lowerer, matmul, what, output.bias);
}

/* A projection to Q6.10 words at a scale. */
static void add_words(struct lowerer *lowerer, const char *what,
		      struct weights linear, struct tensor input,
		      struct place output, int scale, uint16_t flags)
{
	struct edgebert_hw_matmul *matmul =
		add_linear(lowerer, what, linear, input, output, scale, flags);

	matmul->output_format = EDGEBERT_HW_FORMAT_Q6_10;
}

/* sum = words at `sum` (Q6.10) + codes at `codes`, both at the same scale. */
static void add_codes_to_sum(struct lowerer *lowerer, const char *what, struct place sum,
			     struct tensor codes, int scale, size_t columns)
{
	struct edgebert_hw_add *add =
		&eb_program_add(lowerer->builder, EDGEBERT_HW_OP_ADD, ROWS, 0)->add;
	int bias = codes.bias - scale;

	if (bias < 0 || bias > BIAS_MAX)
		unsupported(lowerer, what);
	add->a = sum.operand;
	add->a_stride = sum.stride;
	add->a_format = EDGEBERT_HW_FORMAT_Q6_10;
	add->b = codes.place.operand;
	add->b_stride = codes.place.stride;
	add->b_format = EDGEBERT_HW_FORMAT_AF8;
	add->b_bias = (uint8_t)bias;
	add->output = sum.operand;
	add->output_stride = sum.stride;
	add->output_format = EDGEBERT_HW_FORMAT_Q6_10;
	add->columns = (uint16_t)columns;
}

/* LayerNorm parameters as words, scaled like the output. */
static uint32_t parameter_vector(struct lowerer *lowerer, const float *values, size_t count,
				 int scale)
{
	int16_t *words = malloc(count * sizeof(*words));
	uint32_t operand;

	if (!words) {
		lowerer->builder->status = eb_fail(EB_OUT_OF_MEMORY, "no memory for a parameter");
		return 0;
	}
	for (size_t i = 0; i < count; i++) {
		double value = ldexp(values[i], WORD_BITS - scale);

		words[i] = (int16_t)lrint(fmin(fmax(value, -INT16_MAX), INT16_MAX));
	}
	operand = eb_program_constant(lowerer->builder, words, count * sizeof(*words));
	free(words);
	return operand;
}

/* The mean square of a sum at a scale shrinks by its square, and epsilon with it. */
static uint32_t scaled_epsilon(const struct lowerer *lowerer, int scale)
{
	double value = ldexp(lowerer->shape->layer_norm_epsilon, EPSILON_BITS - 2 * scale);

	return value < 1 ? 1 : value > 0x1p31 ? 1u << 31 : (uint32_t)lrint(value);
}

static void add_norm(struct lowerer *lowerer, const struct eb_norm_plan *norm,
		     struct place input, int input_scale, struct place output)
{
	uint32_t gamma = parameter_vector(lowerer, norm->norm->gamma, norm->norm->size,
					  norm->output_scale);
	uint32_t beta = parameter_vector(lowerer, norm->norm->beta, norm->norm->size,
					 norm->output_scale);
	struct edgebert_hw_layernorm *layernorm =
		&eb_program_add(lowerer->builder, EDGEBERT_HW_OP_LAYERNORM, ROWS, 0)->layernorm;

	layernorm->input = input.operand;
	layernorm->input_stride = input.stride;
	layernorm->input_format = EDGEBERT_HW_FORMAT_Q6_10;
	layernorm->output = output.operand;
	layernorm->output_stride = output.stride;
	layernorm->output_format = EDGEBERT_HW_FORMAT_AF8;
	layernorm->output_bias = (uint8_t)(norm->output_bias - norm->output_scale);
	layernorm->gamma = gamma;
	layernorm->beta = beta;
	layernorm->parameter_format = EDGEBERT_HW_FORMAT_Q6_10;
	layernorm->epsilon = scaled_epsilon(lowerer, input_scale);
	layernorm->columns = (uint16_t)norm->norm->size;
}

/* ---- Embedding ---------------------------------------------------------------------- */

static void add_lookup(struct lowerer *lowerer, const struct eb_codes *table, uint32_t indices,
		       struct place output, uint8_t bias, uint8_t format)
{
	struct eb_stored_codes stored = eb_program_codes(lowerer->builder, table);
	uint16_t packed = stored.packed_bytes ? EDGEBERT_HW_CMD_PACKED : 0;
	struct edgebert_hw_embed *embed =
		&eb_program_add(lowerer->builder, EDGEBERT_HW_OP_EMBED, ROWS | packed,
				stored.packed_bytes)->embed;

	embed->indices = indices;
	embed->table = stored.operand;
	embed->table_stride = packed ? 0 : (uint32_t)table->columns;
	embed->table_rows = (uint32_t)table->rows;
	embed->table_bias = bias;
	embed->output = output.operand;
	embed->output_stride = output.stride;
	embed->output_bias = format == EDGEBERT_HW_FORMAT_AF8 ? bias : 0;
	embed->output_format = format;
	embed->columns = (uint16_t)table->columns;
}

static void lower_embedding(struct lowerer *lowerer)
{
	const struct eb_plan *plan = lowerer->lowering->plan;
	size_t columns = lowerer->shape->embedding_size;
	int scale = plan->embedding_scale;
	uint32_t tokens = EDGEBERT_HW_OPERAND(EB_MODEL_SEGMENT_INPUT, 0);
	uint32_t types = tokens + 4 * lowerer->lowering->sequence_max;
	struct tensor positions = { { 0, (uint32_t)columns }, plan->positions.bias };
	struct tensor type_rows = { lowerer->types, plan->types.bias };
	struct place normed = plan->mapping.codes.codes ? lowerer->attention_norm : lowerer->hidden;
	struct place sum = { lowerer->sum.operand, (uint32_t)(2 * columns) };

	/* Row r of the table is position r: the first rows, in order, are what is added. */
	positions.place.operand = eb_program_constant(lowerer->builder, plan->positions.codes,
						      lowerer->lowering->sequence_max * columns);
	add_lookup(lowerer, &plan->words, tokens, sum, (uint8_t)(plan->words.bias - scale),
		   EDGEBERT_HW_FORMAT_Q6_10);
	add_codes_to_sum(lowerer, "position embedding", sum, positions, scale, columns);
	add_lookup(lowerer, &plan->types, types, lowerer->types,
		   (uint8_t)(plan->types.bias - scale), EDGEBERT_HW_FORMAT_AF8);
	add_codes_to_sum(lowerer, "type embedding", sum, type_rows, scale, columns);
	normed.stride = (uint32_t)columns;
	add_norm(lowerer, &plan->embedding_norm, sum, scale, normed);
	if (plan->mapping.codes.codes) {
		struct tensor input = { normed, plan->embedding_norm.output_bias };
		struct tensor output = { lowerer->hidden, plan->mapped };

		add_projection(lowerer, "embedding mapping", weights_of(&plan->mapping), input, output, 0);
	}
}

/* ---- Layers ------------------------------------------------------------------------- */

/* scores = query * key for one head, true values. */
static void add_scores(struct lowerer *lowerer, const struct eb_layer_plan *layer,
		       uint32_t column)
{
	struct edgebert_hw_matmul *matmul =
		&eb_program_add(lowerer->builder, EDGEBERT_HW_OP_MATMUL, ROWS | COLUMNS, 0)->matmul;

	matmul->input = lowerer->query.operand + column;
	matmul->input_stride = lowerer->query.stride;
	matmul->weights = lowerer->key.operand + column;
	matmul->weights_stride = lowerer->key.stride;
	matmul->output = lowerer->scores.operand;
	matmul->output_stride = lowerer->scores.stride;
	matmul->output_format = EDGEBERT_HW_FORMAT_Q6_10;
	matmul->depth = (uint16_t)lowerer->shape->head_size;
	set_product_biases(lowerer, matmul, "attention scores", layer->query + layer->key);
}

/* The mask of a head by distance; 0 where none is needed: it sees all of any sentence. */
static uint32_t span_mask(struct lowerer *lowerer, float span)
{
	unsigned int count = lowerer->lowering->sequence_max;
	uint8_t *codes;
	uint32_t operand;

	if (eb_span_mask(lowerer->shape, span, count - 1) == 1)
		return 0;
	codes = malloc(count);
	if (!codes) {
		lowerer->builder->status = eb_fail(EB_OUT_OF_MEMORY, "no memory for a span");
		return 0;
	}
	for (unsigned int i = 0; i < count; i++)
		codes[i] = eb_adaptivfloat_encode_real(eb_span_mask(lowerer->shape, span, i),
						       SPAN_BIAS);
	operand = eb_program_constant(lowerer->builder, codes, count);
	free(codes);
	return operand;
}

static void add_softmax(struct lowerer *lowerer, const struct eb_layer_plan *layer,
			const float *span)
{
	uint32_t mask = span ? span_mask(lowerer, *span) : 0;
	uint16_t masked = mask ? EDGEBERT_HW_CMD_SPAN | EDGEBERT_HW_CMD_SPAN_RELATIVE : 0;
	struct edgebert_hw_softmax *softmax = &eb_program_add(lowerer->builder,
							       EDGEBERT_HW_OP_SOFTMAX,
							       ROWS | COLUMNS | masked, 0)->softmax;

	softmax->span = mask;
	softmax->span_bias = mask ? SPAN_BIAS : 0;
	softmax->input = lowerer->scores.operand;
	softmax->input_stride = lowerer->scores.stride;
	softmax->input_format = EDGEBERT_HW_FORMAT_Q6_10;
	softmax->output = lowerer->probabilities.operand;
	softmax->output_stride = lowerer->probabilities.stride;
	softmax->output_format = EDGEBERT_HW_FORMAT_AF8;
	softmax->output_bias = (uint8_t)layer->probabilities;
}

/*
 * context = probabilities * value for one head.  The depth is a whole number of vectors:
 * probabilities past the sentence are zero, so what value holds there does not matter.
 */
static void add_context(struct lowerer *lowerer, const struct eb_layer_plan *layer,
			uint32_t column)
{
	int product = layer->probabilities + layer->value;
	int scale = output_scale(product, layer->context);
	struct edgebert_hw_matmul *matmul =
		&eb_program_add(lowerer->builder, EDGEBERT_HW_OP_MATMUL, ROWS | DEPTH, 0)->matmul;

	matmul->input = lowerer->probabilities.operand;
	matmul->input_stride = lowerer->probabilities.stride;
	matmul->weights = lowerer->value.operand + column * lowerer->value.stride;
	matmul->weights_stride = lowerer->value.stride;
	matmul->output = lowerer->context.operand + column;
	matmul->output_stride = lowerer->context.stride;
	matmul->columns = (uint16_t)lowerer->shape->head_size;
	set_product_biases(lowerer, matmul, "attention context", product - scale);
	set_codes_output(lowerer, matmul, "attention context", layer->context - scale);
}

static void lower_heads(struct lowerer *lowerer, const struct eb_layer_plan *layer,
			struct tensor hidden)
{
	const struct eb_layer *heads = &lowerer->lowering->plan->network->layers[layer->own];
	struct weights query_weights = layer_weights(lowerer, layer, EB_LINEAR_QUERY);
	struct weights key_weights = layer_weights(lowerer, layer, EB_LINEAR_KEY);
	struct weights value_weights = layer_weights(lowerer, layer, EB_LINEAR_VALUE);
	struct weights output = layer_weights(lowerer, layer, EB_LINEAR_ATTENTION_OUTPUT);
	struct tensor query = { lowerer->query, layer->query };
	struct tensor key = { lowerer->key, layer->key };
	struct tensor value = { lowerer->value, layer->value };
	struct tensor context = { lowerer->context, layer->context };

	add_projection(lowerer, "query", query_weights, hidden, query, 0);
	add_projection(lowerer, "key", key_weights, hidden, key, 0);
	add_projection(lowerer, "value", value_weights, hidden, value, EDGEBERT_HW_CMD_TRANSPOSE);
	for (unsigned int head = 0; head < heads->heads; head++) {
		uint32_t column = head * lowerer->shape->head_size;

		add_scores(lowerer, layer, column);
		add_softmax(lowerer, layer, heads->spans ? &heads->spans[head] : NULL);
		add_context(lowerer, layer, column);
	}
	add_words(lowerer, "attention output", output, context, lowerer->sum,
		  layer->attention_sum_scale, ROWS);
	add_codes_to_sum(lowerer, "attention sum", lowerer->sum, hidden,
			 layer->attention_sum_scale, lowerer->shape->hidden_size);
}

/* Of a layer whose heads see nothing, the attention output is its bias, the same in every row. */
static void lower_no_heads(struct lowerer *lowerer, const struct eb_layer_plan *layer,
			   struct tensor hidden)
{
	size_t columns = lowerer->shape->hidden_size;
	int scale = layer->attention_sum_scale;
	uint32_t row = parameter_vector(lowerer, layer->biases[EB_LINEAR_ATTENTION_OUTPUT], columns,
					scale);
	int bias = hidden.bias - scale;
	struct edgebert_hw_add *add;

	if (bias < 0 || bias > BIAS_MAX)
		unsupported(lowerer, "attention sum");
	add = &eb_program_add(lowerer->builder, EDGEBERT_HW_OP_ADD, ROWS, 0)->add;
	add->a = hidden.place.operand;
	add->a_stride = hidden.place.stride;
	add->a_format = EDGEBERT_HW_FORMAT_AF8;
	add->a_bias = (uint8_t)bias;
	/* A stride of 0: one row for all. */
	add->b = row;
	add->b_format = EDGEBERT_HW_FORMAT_Q6_10;
	add->output = lowerer->sum.operand;
	add->output_stride = lowerer->sum.stride;
	add->output_format = EDGEBERT_HW_FORMAT_Q6_10;
	add->columns = (uint16_t)columns;
}

static void lower_attention(struct lowerer *lowerer, const struct eb_layer_plan *layer,
			    struct tensor hidden)
{
	if (eb_layer_sees_nothing(&lowerer->lowering->plan->network->layers[layer->own]))
		lower_no_heads(lowerer, layer, hidden);
	else
		lower_heads(lowerer, layer, hidden);
	add_norm(lowerer, &layer->attention_norm, lowerer->sum, layer->attention_sum_scale,
		 lowerer->attention_norm);
}

static void lower_feed_forward(struct lowerer *lowerer, const struct eb_layer_plan *layer)
{
	struct weights first = layer_weights(lowerer, layer, EB_LINEAR_INTERMEDIATE);
	struct weights second = layer_weights(lowerer, layer, EB_LINEAR_OUTPUT);
	struct tensor input = { lowerer->attention_norm, layer->attention_norm.output_bias };
	struct tensor inner = { lowerer->intermediate, layer->intermediate };

	inner.place.stride = (uint32_t)first.codes->rows;
	add_activated(lowerer, "intermediate", first, input, inner,
		      lowerer->shape->activation == EB_FUNCTION_RELU ?
			      EDGEBERT_HW_ACTIVATION_RELU : EDGEBERT_HW_ACTIVATION_GELU, ROWS);
	add_words(lowerer, "output", second, inner, lowerer->sum, layer->output_sum_scale, ROWS);
	add_codes_to_sum(lowerer, "output sum", lowerer->sum, input, layer->output_sum_scale,
			 lowerer->shape->hidden_size);
	add_norm(lowerer, &layer->output_norm, lowerer->sum, layer->output_sum_scale,
		 lowerer->hidden);
}

static void lower_exit(struct lowerer *lowerer, const struct eb_layer_plan *layer,
		       unsigned int index)
{
	struct tensor input = { lowerer->hidden, layer->output_norm.output_bias };
	struct tensor pooled = { lowerer->pooled, layer->pooled };
	struct place logits = { EDGEBERT_HW_OPERAND(EB_MODEL_SEGMENT_OUTPUT,
						    index * EB_MODEL_OUTPUT_ROW_BYTES),
				EB_MODEL_OUTPUT_ROW_BYTES };
	bool last = index + 1 == lowerer->shape->layers;
	struct edgebert_hw_command *command;

	add_activated(lowerer, "pooler", weights_of(&layer->pooler), input, pooled,
		      EDGEBERT_HW_ACTIVATION_TANH, 0);
	add_words(lowerer, "classifier", weights_of(&layer->classifier), pooled, logits, 0, 0);
	command = eb_program_add(lowerer->builder, EDGEBERT_HW_OP_ENTROPY, 0, 0);
	command->entropy.input = logits.operand;
	command->entropy.input_format = EDGEBERT_HW_FORMAT_Q6_10;
	command->entropy.classes = (uint8_t)lowerer->shape->classes;
	command->entropy.layer = (uint8_t)(index + 1);
	command = eb_program_add(lowerer->builder, EDGEBERT_HW_OP_EXIT,
				 last ? EDGEBERT_HW_CMD_LAST : 0, 0);
	command->exit.layer = (uint8_t)(index + 1);
}

static void lower_predict(struct lowerer *lowerer)
{
	const struct eb_lowering *lowering = lowerer->lowering;
	unsigned int layers = lowerer->shape->layers;
	struct edgebert_hw_predict *predict =
		&eb_program_add(lowerer->builder, EDGEBERT_HW_OP_PREDICT, 0, 0)->predict;

	predict->table = EDGEBERT_HW_OPERAND(EB_MODEL_SEGMENT_TABLES, 0);
	predict->cycles = EDGEBERT_HW_OPERAND(EB_MODEL_SEGMENT_TABLES,
					      eb_lower_cycles_offset(lowering));
	predict->rows = EB_PREDICTOR_ROWS;
	predict->step = EB_PREDICTOR_STEP;
	predict->columns = (uint8_t)(layers - 2);
	predict->first_layer = 2;
	predict->last_layer = (uint8_t)layers;
	predict->cycle_rows = (uint8_t)((lowering->sequence_max + EDGEBERT_HW_LANES - 1) /
					EDGEBERT_HW_LANES);
}

enum eb_status eb_lower(const struct eb_lowering *lowering, struct eb_program_builder *builder)
{
	const struct eb_plan *plan = lowering->plan;
	struct lowerer lowerer = { .lowering = lowering, .shape = &plan->network->shape,
				   .builder = builder };
	struct tensor hidden;

	allocate_scratch(&lowerer);
	hidden.place = lowerer.hidden;
	hidden.bias = plan->mapping.codes.codes ? plan->mapped : plan->embedding_norm.output_bias;
	lower_embedding(&lowerer);
	for (unsigned int i = 0; i < lowerer.shape->layers; i++) {
		const struct eb_layer_plan *layer = &plan->layers[i];

		/* Layer 1 begins with the embedding. */
		if (i > 0)
			builder->layer_start[i] = (uint32_t)builder->command_count;
		lower_attention(&lowerer, layer, hidden);
		lower_feed_forward(&lowerer, layer);
		hidden.bias = layer->output_norm.output_bias;
		if (layer->has_exit)
			lower_exit(&lowerer, layer, i);
		if (i == 0 && lowering->predict)
			lower_predict(&lowerer);
	}
	return builder->status;
}
