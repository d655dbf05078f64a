/* SPDX-License-Identifier: MIT */
/*
 * A checkpoint folder: config.json, a tokenizer and one safetensors file in Hugging Face
 * names, in floating point or in the compact 8-bit form (Documentation/models.md).
 */
#ifndef EDGEBERT_MODEL_CHECKPOINT_H
#define EDGEBERT_MODEL_CHECKPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/edgebert_hw.h"
#include "lib/tokenizer.h"
#include "tools/model/safetensors.h"

#define EB_LABEL_BYTES 64

enum eb_architecture {
	EB_ARCHITECTURE_BERT,		/* every layer has weights of its own */
	EB_ARCHITECTURE_ALBERT,		/* one shared layer, factorised embedding */
};

/* Of the feed-forward part. */
enum eb_activation_function {
	EB_FUNCTION_GELU,
	EB_FUNCTION_GELU_TANH,		/* its approximation; the device computes GELU */
	EB_FUNCTION_RELU,
};

/*
 * Sizes as config.json has them; eb_network_load raises those of its copy to whole vectors.
 */
struct eb_shape {
	enum eb_architecture architecture;
	enum eb_activation_function activation;
	unsigned int layers;
	unsigned int hidden_size;
	unsigned int attention_heads;
	unsigned int head_size;
	unsigned int intermediate_size;
	unsigned int embedding_size;	/* hidden_size unless factorised */
	unsigned int vocabulary_size;
	unsigned int positions;
	unsigned int token_types;
	unsigned int classes;
	double layer_norm_epsilon;
	unsigned int span_ramp;		/* tokens over which an attention span fades */
	char labels[EDGEBERT_HW_CLASSES_MAX][EB_LABEL_BYTES];
};

struct eb_checkpoint {
	char *directory;
	struct eb_shape shape;
	struct eb_safetensors tensors;
	char *config;			/* text of config.json */
	size_t config_size;
	enum eb_model_tokenizer tokenizer;
	uint32_t tokenizer_flags;
	const char *vocabulary_name;	/* the tokenizer's file in the folder */
	char *vocabulary;		/* as the model file's VOCABULARY has it */
	size_t vocabulary_size;
	char *description;		/* text of model.json, NULL when there is none */
	const char *prefix;		/* of tensor names: "", "bert." or "albert." */
};

enum eb_status eb_checkpoint_open(const char *directory, struct eb_checkpoint *ret_checkpoint)
	EB_WARN_UNUSED;
void eb_checkpoint_close(struct eb_checkpoint *checkpoint);

/* The size as a multiple of the 16 lanes that are the unit of every operand. */
static inline unsigned int eb_whole_vectors(unsigned int size)
{
	return (size + EDGEBERT_HW_LANES - 1) / EDGEBERT_HW_LANES * EDGEBERT_HW_LANES;
}

/* Parses config.json; path only names it in errors. */
enum eb_status eb_shape_parse(const char *path, const char *text, size_t size,
			      struct eb_shape *ret_shape) EB_WARN_UNUSED;

/* Fills in the tokenizer of a checkpoint whose directory and shape are known. */
enum eb_status eb_checkpoint_read_tokenizer(struct eb_checkpoint *checkpoint) EB_WARN_UNUSED;
/* longest: of a sequence. */
enum eb_status eb_checkpoint_tokenizer(const struct eb_checkpoint *checkpoint,
				       unsigned int longest,
				       struct eb_tokenizer **ret_tokenizer) EB_WARN_UNUSED;

/* Whether the tensor exists; name without the checkpoint's prefix. */
bool eb_checkpoint_has(const struct eb_checkpoint *checkpoint, const char *name);

/*
 * The tensor in float, rows x columns (rows 1: a vector), 8-bit codes multiplied by their
 * scales.  Fails unless it has exactly that shape.  Free with free().
 */
enum eb_status eb_checkpoint_floats(const struct eb_checkpoint *checkpoint, const char *name,
				    size_t rows, size_t columns, float **ret_values)
	EB_WARN_UNUSED;

#endif /* EDGEBERT_MODEL_CHECKPOINT_H */
