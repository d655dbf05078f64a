// SPDX-License-Identifier: MIT
/*
 * Lowering: one command program for sentences of any length.
 *
 * All tensors of a sentence live in its scratch segment; those that are never needed at
 * the same time share memory.  The hidden state has a place of its own, so that a job can
 * begin at any layer.
 */
#include "tools/model/lower_commands.h"

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

/* ---- Embedding ---------------------------------------------------------------------- */

/* Where the word embedding's codes lie. */
static struct eb_stored_codes store_words(struct lowerer *lowerer)
{
	const struct eb_envm_table *table = lowerer->lowering->envm_words;

	if (!table)
		return eb_program_codes(lowerer->builder, &lowerer->lowering->plan->words);
	return (struct eb_stored_codes){
		.operand = EDGEBERT_HW_OPERAND(EDGEBERT_HW_SEGMENT_ENVM, sizeof(*table)),
		.packed_bytes = table->packed_bytes,
	};
}

static void add_lookup(struct lowerer *lowerer, const struct eb_codes *table,
		       struct eb_stored_codes stored, uint32_t indices, struct place output,
		       uint8_t bias, uint8_t format)
{
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
	add_lookup(lowerer, &plan->words, store_words(lowerer), tokens, sum,
		   (uint8_t)(plan->words.bias - scale), EDGEBERT_HW_FORMAT_Q6_10);
	lower_add_codes_to_sum(lowerer, "position embedding", sum, positions, scale, columns);
	add_lookup(lowerer, &plan->types, eb_program_codes(lowerer->builder, &plan->types), types,
		   lowerer->types, (uint8_t)(plan->types.bias - scale), EDGEBERT_HW_FORMAT_AF8);
	lower_add_codes_to_sum(lowerer, "type embedding", sum, type_rows, scale, columns);
	normed.stride = (uint32_t)columns;
	lower_add_norm(lowerer, &plan->embedding_norm, sum, scale, normed);
	if (plan->mapping.codes.codes) {
		struct tensor input = { normed, plan->embedding_norm.output_bias };
		struct tensor output = { lowerer->hidden, plan->mapped };

		lower_add_projection(lowerer, "embedding mapping", lower_weights_of(&plan->mapping), input, output, 0);
	}
}

/* ---- Layers ------------------------------------------------------------------------- */

static void lower_feed_forward(struct lowerer *lowerer, const struct eb_layer_plan *layer)
{
	struct weights first = lower_layer_weights(lowerer, layer, EB_LINEAR_INTERMEDIATE);
	struct weights second = lower_layer_weights(lowerer, layer, EB_LINEAR_OUTPUT);
	struct tensor input = { lowerer->attention_norm, layer->attention_norm.output_bias };
	struct tensor inner = { lowerer->intermediate, layer->intermediate };

	inner.place.stride = (uint32_t)first.codes->rows;
	lower_add_activated(lowerer, "intermediate", first, input, inner,
		      lowerer->shape->activation == EB_FUNCTION_RELU ?
			      EDGEBERT_HW_ACTIVATION_RELU : EDGEBERT_HW_ACTIVATION_GELU, ROWS);
	lower_add_words(lowerer, "output", second, inner, lowerer->sum, layer->output_sum_scale, ROWS);
	lower_add_codes_to_sum(lowerer, "output sum", lowerer->sum, input, layer->output_sum_scale,
			 lowerer->shape->hidden_size);
	lower_add_norm(lowerer, &layer->output_norm, lowerer->sum, layer->output_sum_scale,
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

	lower_add_activated(lowerer, "pooler", lower_weights_of(&layer->pooler), input, pooled,
		      EDGEBERT_HW_ACTIVATION_TANH, 0);
	lower_add_words(lowerer, "classifier", lower_weights_of(&layer->classifier), pooled, logits, 0, 0);
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
		eb_lower_attention(&lowerer, layer, hidden);
		lower_feed_forward(&lowerer, layer);
		hidden.bias = layer->output_norm.output_bias;
		if (layer->has_exit)
			lower_exit(&lowerer, layer, i);
		if (i == 0 && lowering->predict)
			lower_predict(&lowerer);
	}
	return builder->status;
}
