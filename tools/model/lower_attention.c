// SPDX-License-Identifier: MIT
/* Lowering attention: heads one after the other, their spans as masks of softmax. */
#include <stdlib.h>

#include "lib/status.h"
#include "tools/device/core/adaptivfloat.h"
#include "tools/model/lower_commands.h"

/* The finest code of the span masks that has a 1. */
#define SPAN_BIAS 3

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
	lower_set_product_biases(lowerer, matmul, "attention scores", layer->query + layer->key);
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
	int scale = lower_output_scale(product, layer->context);
	struct edgebert_hw_matmul *matmul =
		&eb_program_add(lowerer->builder, EDGEBERT_HW_OP_MATMUL, ROWS | DEPTH, 0)->matmul;

	matmul->input = lowerer->probabilities.operand;
	matmul->input_stride = lowerer->probabilities.stride;
	matmul->weights = lowerer->value.operand + column * lowerer->value.stride;
	matmul->weights_stride = lowerer->value.stride;
	matmul->output = lowerer->context.operand + column;
	matmul->output_stride = lowerer->context.stride;
	matmul->columns = (uint16_t)lowerer->shape->head_size;
	lower_set_product_biases(lowerer, matmul, "attention context", product - scale);
	lower_set_codes_output(lowerer, matmul, "attention context", layer->context - scale);
}

static void lower_heads(struct lowerer *lowerer, const struct eb_layer_plan *layer,
			struct tensor hidden)
{
	const struct eb_layer *heads = &lowerer->lowering->plan->network->layers[layer->own];
	struct weights query_weights = lower_layer_weights(lowerer, layer, EB_LINEAR_QUERY);
	struct weights key_weights = lower_layer_weights(lowerer, layer, EB_LINEAR_KEY);
	struct weights value_weights = lower_layer_weights(lowerer, layer, EB_LINEAR_VALUE);
	struct weights output = lower_layer_weights(lowerer, layer, EB_LINEAR_ATTENTION_OUTPUT);
	struct tensor query = { lowerer->query, layer->query };
	struct tensor key = { lowerer->key, layer->key };
	struct tensor value = { lowerer->value, layer->value };
	struct tensor context = { lowerer->context, layer->context };

	lower_add_projection(lowerer, "query", query_weights, hidden, query, 0);
	lower_add_projection(lowerer, "key", key_weights, hidden, key, 0);
	lower_add_projection(lowerer, "value", value_weights, hidden, value, EDGEBERT_HW_CMD_TRANSPOSE);
	for (unsigned int head = 0; head < heads->heads; head++) {
		uint32_t column = head * lowerer->shape->head_size;

		add_scores(lowerer, layer, column);
		add_softmax(lowerer, layer, heads->spans ? &heads->spans[head] : NULL);
		add_context(lowerer, layer, column);
	}
	lower_add_words(lowerer, "attention output", output, context, lowerer->sum,
		  layer->attention_sum_scale, ROWS);
	lower_add_codes_to_sum(lowerer, "attention sum", lowerer->sum, hidden,
			 layer->attention_sum_scale, lowerer->shape->hidden_size);
}

/* Of a layer whose heads see nothing, the attention output is its bias, the same in every row. */
static void lower_no_heads(struct lowerer *lowerer, const struct eb_layer_plan *layer,
			   struct tensor hidden)
{
	size_t columns = lowerer->shape->hidden_size;
	int scale = layer->attention_sum_scale;
	uint32_t row = lower_parameter_vector(lowerer, layer->biases[EB_LINEAR_ATTENTION_OUTPUT], columns,
					scale);
	int bias = hidden.bias - scale;
	struct edgebert_hw_add *add;

	if (bias < 0 || bias > BIAS_MAX)
		lower_unsupported(lowerer, "attention sum");
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

void eb_lower_attention(struct lowerer *lowerer, const struct eb_layer_plan *layer,
			struct tensor hidden)
{
	if (eb_layer_sees_nothing(&lowerer->lowering->plan->network->layers[layer->own]))
		lower_no_heads(lowerer, layer, hidden);
	else
		lower_heads(lowerer, layer, hidden);
	lower_add_norm(lowerer, &layer->attention_norm, lowerer->sum, layer->attention_sum_scale,
		 lowerer->attention_norm);
}
