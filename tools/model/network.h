/* SPDX-License-Identifier: MIT */
/*
 * A checkpoint's network in floating point, BERT and ALBERT in one form: matrices as
 * [output][input] like the checkpoint, layers that may be one and the same.
 * Query matrices include the scores' 1 / sqrt(head size).
 *
 * All sizes are whole vectors of 16: hidden, embedding and intermediate size and every head
 * are raised with zero weights, which change nothing.  Norms alone keep their true size.
 */
#ifndef EDGEBERT_MODEL_NETWORK_H
#define EDGEBERT_MODEL_NETWORK_H

#include "tools/model/checkpoint.h"

struct eb_linear {
	unsigned int outputs;
	unsigned int depth;
	float *weights;			/* [outputs][depth] */
	float *bias;			/* [outputs] */
	float *panels;			/* the weights as eb_matmul wants them */
};

struct eb_norm {
	unsigned int size;
	float *gamma;
	float *beta;
};

/* A layer's matrices, in the order in which they are applied. */
enum eb_layer_linear {
	EB_LINEAR_QUERY,
	EB_LINEAR_KEY,
	EB_LINEAR_VALUE,
	EB_LINEAR_ATTENTION_OUTPUT,
	EB_LINEAR_INTERMEDIATE,
	EB_LINEAR_OUTPUT,
	EB_LINEAR_COUNT,
};

struct eb_layer {
	struct eb_linear linears[EB_LINEAR_COUNT];
	/* Heads that look at nothing are dropped: their matrices have no columns for them. */
	unsigned int heads;
	float *spans;			/* [heads] tokens; NULL: all look everywhere */
	struct eb_norm attention_norm;
	struct eb_norm output_norm;
};

struct eb_exit_head {
	bool present;
	struct eb_linear pooler;
	struct eb_linear classifier;
};

struct eb_network {
	struct eb_shape shape;
	float *word_embedding;		/* [vocabulary][embedding] */
	float *position_embedding;	/* [positions][embedding] */
	float *type_embedding;		/* [token_types][embedding] */
	struct eb_norm embedding_norm;
	struct eb_linear mapping;	/* ALBERT: embedding -> hidden; else no weights */
	struct eb_layer layers[EDGEBERT_HW_LAYERS_MAX];
	unsigned int own_layers;	/* 1 when all layers share layers[0] */
	struct eb_exit_head exits[EDGEBERT_HW_LAYERS_MAX];
};

enum eb_status eb_network_load(const struct eb_checkpoint *checkpoint,
			       struct eb_network *ret_network) EB_WARN_UNUSED;
void eb_network_free(struct eb_network *network);

/*
 * Let go what is not needed any more, so that compiling takes little more memory than the
 * checkpoint's floats: the panels once nothing is multiplied, then matrices and tables.
 */
void eb_network_release_panels(struct eb_network *network);
void eb_network_release_weights(struct eb_network *network);

/* The weights of layer index (0-based). */
static inline const struct eb_layer *eb_network_layer(const struct eb_network *network,
						      unsigned int index)
{
	return &network->layers[network->own_layers == 1 ? 0 : index];
}

/* Columns of a layer's queries, keys, values and context. */
static inline unsigned int eb_attention_size(const struct eb_layer *layer)
{
	return layer->linears[EB_LINEAR_QUERY].outputs;
}

/* Whether all heads were off: one stays, because matrices without columns are none. */
static inline bool eb_layer_sees_nothing(const struct eb_layer *layer)
{
	return layer->spans && layer->heads == 1 && layer->spans[0] == 0;
}

/*
 * How much of a probability a head with a span keeps at a distance: all of it up to the
 * span, nothing from the ramp's end on, and nothing at all with span 0.
 */
float eb_span_mask(const struct eb_shape *shape, float span, unsigned int distance);

/* heads.c: reads the spans of a layer's heads and drops those of span 0. */
enum eb_status eb_network_load_spans(const struct eb_checkpoint *checkpoint, const char *prefix,
				     struct eb_layer *layer) EB_WARN_UNUSED;

/* A fixed name of the matrix ("query", ...). */
const char *eb_layer_linear_name(enum eb_layer_linear linear);

#endif /* EDGEBERT_MODEL_NETWORK_H */
