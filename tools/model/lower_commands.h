/* SPDX-License-Identifier: MIT */
/* Inside lowering: tensors in memory, and the commands that several parts emit. */
#ifndef EDGEBERT_MODEL_LOWER_COMMANDS_H
#define EDGEBERT_MODEL_LOWER_COMMANDS_H

#include "tools/model/lower.h"

#define ROWS EDGEBERT_HW_CMD_ROWS_FROM_JOB
#define COLUMNS EDGEBERT_HW_CMD_COLUMNS_FROM_JOB
#define DEPTH EDGEBERT_HW_CMD_DEPTH_FROM_JOB
#define BIAS_MAX 7

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

/* Of a matrix by itself, and of a layer. */
struct weights lower_weights_of(const struct eb_linear_plan *linear);
struct weights lower_layer_weights(const struct lowerer *lowerer,
		const struct eb_layer_plan *layer, enum eb_layer_linear linear);

/* The first thing that can not be expressed, by name, becomes the builder's failure. */
void lower_unsupported(struct lowerer *lowerer, const char *what);

/*
 * A product's power of two: with command biases a and b that add up to `sum`, the device
 * computes the true product divided by 2^(own biases - sum).
 */
void lower_set_product_biases(struct lowerer *lowerer, struct edgebert_hw_matmul *matmul,
		const char *what, int sum);

/*
 * Scale of an AF8 output that only other commands read: as far up as its code allows, so
 * that the 12 fraction bits of a finished sum lie below the codes' last digits.
 */
int lower_output_scale(int product_bias, int output_bias);

/* An AF8 output with this bias of the command. */
void lower_set_codes_output(struct lowerer *lowerer, struct edgebert_hw_matmul *matmul,
		const char *what, int bias);

/* A projection whose AF8 output may have any scale. */
void lower_add_projection(struct lowerer *lowerer, const char *what, struct weights linear,
		struct tensor input, struct tensor output, uint16_t flags);

/* A projection through an activation function, which needs the true value. */
void lower_add_activated(struct lowerer *lowerer, const char *what, struct weights linear,
		struct tensor input, struct tensor output, uint8_t activation, uint16_t flags);

/* A projection to Q6.10 words at a scale. */
void lower_add_words(struct lowerer *lowerer, const char *what, struct weights linear,
		struct tensor input, struct place output, int scale, uint16_t flags);

/* sum = words at `sum` (Q6.10) + codes at `codes`, both at the same scale. */
void lower_add_codes_to_sum(struct lowerer *lowerer, const char *what, struct place sum,
		struct tensor codes, int scale, size_t columns);

/* LayerNorm parameters as words, scaled like the output. */
uint32_t lower_parameter_vector(struct lowerer *lowerer, const float *values, size_t count,
		int scale);

/* LayerNorm of a sum at a scale. */
void lower_add_norm(struct lowerer *lowerer, const struct eb_norm_plan *norm,
		struct place input, int input_scale, struct place output);

/* lower_attention.c: the attention part of a layer, from hidden to the attention norm. */
void eb_lower_attention(struct lowerer *lowerer, const struct eb_layer_plan *layer,
			struct tensor hidden);

#endif /* EDGEBERT_MODEL_LOWER_COMMANDS_H */
