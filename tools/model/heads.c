// SPDX-License-Identifier: MIT
/*
 * Attention heads with learned spans: those that look at nothing leave the network, with
 * their columns of every matrix.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/status.h"
#include "tools/model/network.h"

#define NAME_BYTES 160

float eb_span_mask(const struct eb_shape *shape, float span, unsigned int distance)
{
	float mask = (span - (float)distance) / (float)shape->span_ramp + 1;

	if (!(span > 0))
		return 0;
	return mask < 0 ? 0 : mask > 1 ? 1 : mask;
}

/* Keeps the rows of the heads that stay: what they project to. */
static void keep_rows(struct eb_linear *linear, const unsigned int *kept, unsigned int count,
		      unsigned int head_size)
{
	for (unsigned int i = 0; i < count; i++) {
		size_t to = (size_t)i * head_size, from = (size_t)kept[i] * head_size;

		memmove(linear->weights + to * linear->depth,
			linear->weights + from * linear->depth,
			sizeof(float) * head_size * linear->depth);
		memmove(linear->bias + to, linear->bias + from, sizeof(float) * head_size);
	}
	linear->outputs = count * head_size;
}

/* Keeps the columns of the heads that stay: what is read of them. */
static void keep_columns(struct eb_linear *linear, const unsigned int *kept, unsigned int count,
			 unsigned int head_size)
{
	unsigned int depth = count * head_size;

	for (size_t row = 0; row < linear->outputs; row++) {
		for (unsigned int i = 0; i < count; i++)
			memmove(linear->weights + row * depth + (size_t)i * head_size,
				linear->weights + row * linear->depth + (size_t)kept[i] * head_size,
				sizeof(float) * head_size);
	}
	linear->depth = depth;
}

static void drop_heads(struct eb_layer *layer, unsigned int head_size)
{
	unsigned int kept[256], count = 0;

	for (unsigned int head = 0; head < layer->heads; head++) {
		if (layer->spans[head] > 0)
			kept[count++] = head;
	}
	/* See eb_layer_sees_nothing. */
	if (count == 0)
		kept[count++] = 0;
	if (count == layer->heads)
		return;
	for (unsigned int i = 0; i < count; i++)
		layer->spans[i] = layer->spans[kept[i]];
	keep_rows(&layer->linears[EB_LINEAR_QUERY], kept, count, head_size);
	keep_rows(&layer->linears[EB_LINEAR_KEY], kept, count, head_size);
	keep_rows(&layer->linears[EB_LINEAR_VALUE], kept, count, head_size);
	keep_columns(&layer->linears[EB_LINEAR_ATTENTION_OUTPUT], kept, count, head_size);
	layer->heads = count;
}

enum eb_status eb_network_load_spans(const struct eb_checkpoint *checkpoint, const char *prefix,
				     struct eb_layer *layer)
{
	const struct eb_shape *shape = &checkpoint->shape;
	enum eb_status status;
	char name[NAME_BYTES];

	snprintf(name, sizeof(name), "%sattention.%sspan", prefix,
		 shape->architecture == EB_ARCHITECTURE_BERT ? "self." : "");
	if (!eb_checkpoint_has(checkpoint, name))
		return EB_OK;
	status = eb_checkpoint_floats(checkpoint, name, 1, shape->attention_heads, &layer->spans);
	for (unsigned int i = 0; i < layer->heads && !status; i++) {
		if (layer->spans[i] < 0)
			status = eb_fail(EB_INVALID_ARGUMENT,
					 "%s: tensor %s: the span of head %u is %g; spans are tokens, 0 or more",
					 checkpoint->tensors.path, name, i, layer->spans[i]);
	}
	if (!status)
		drop_heads(layer, eb_whole_vectors(shape->head_size));
	return status;
}
