// SPDX-License-Identifier: MIT
/* Lowering's commands: products, sums and norms with their biases and scales. */
#include "tools/model/lower_commands.h"

#include <math.h>
#include <stdlib.h>

#include "lib/status.h"
#include "tools/device/core/matmul.h"

#define WORD_BITS 10
#define EPSILON_BITS 20

struct weights lower_weights_of(const struct eb_linear_plan *linear)
{
	return (struct weights){ &linear->codes, linear->bias };
}

struct weights lower_layer_weights(const struct lowerer *lowerer,
				    const struct eb_layer_plan *layer,
				    enum eb_layer_linear linear)
{
	return (struct weights){ &lowerer->lowering->plan->linears[layer->own][linear],
				 layer->biases[linear] };
}

void lower_unsupported(struct lowerer *lowerer, const char *what)
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
void lower_set_product_biases(struct lowerer *lowerer, struct edgebert_hw_matmul *matmul,
			       const char *what, int sum)
{
	if (sum < 0 || sum > 2 * BIAS_MAX) {
		lower_unsupported(lowerer, what);
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
	lower_set_product_biases(lowerer, matmul, what, input.bias + linear.codes->bias - scale);
	return matmul;
}

/*
 * Scale of an AF8 output that only other commands read: as far up as its code allows, so
 * that the 12 fraction bits of a finished sum lie below the codes' last digits.
 */
int lower_output_scale(int product_bias, int output_bias)
{
	int scale = output_bias - BIAS_MAX;

	/* product_bias - scale must stay within 0..14, output_bias - scale within 0..7. */
	if (product_bias - scale > 2 * BIAS_MAX)
		scale = product_bias - 2 * BIAS_MAX;
	if (product_bias - scale < 0)
		scale = product_bias;
	return scale;
}

void lower_set_codes_output(struct lowerer *lowerer, struct edgebert_hw_matmul *matmul,
			     const char *what, int bias)
{
	if (bias < 0 || bias > BIAS_MAX) {
		lower_unsupported(lowerer, what);
		return;
	}
	matmul->output_format = EDGEBERT_HW_FORMAT_AF8;
	matmul->output_bias = (uint8_t)bias;
}

/* A projection whose AF8 output may have any scale. */
void lower_add_projection(struct lowerer *lowerer, const char *what,
			   struct weights linear, struct tensor input,
			   struct tensor output, uint16_t flags)
{
	int scale = lower_output_scale(input.bias + linear.codes->bias, output.bias);
	struct edgebert_hw_matmul *matmul =
		add_linear(lowerer, what, linear, input, output.place, scale, ROWS | flags);

	lower_set_codes_output(lowerer, matmul, what, output.bias - scale);
}

/* A projection through an activation function, which needs the true value. */
void lower_add_activated(struct lowerer *lowerer, const char *what,
			  struct weights linear, struct tensor input,
			  struct tensor output, uint8_t activation, uint16_t flags)
{
	struct edgebert_hw_matmul *matmul =
		add_linear(lowerer, what, linear, input, output.place, 0, flags);

	matmul->activation = activation;
	lower_set_codes_output(lowerer, matmul, what, output.bias);
}

/* A projection to Q6.10 words at a scale. */
void lower_add_words(struct lowerer *lowerer, const char *what,
		      struct weights linear, struct tensor input,
		      struct place output, int scale, uint16_t flags)
{
	struct edgebert_hw_matmul *matmul =
		add_linear(lowerer, what, linear, input, output, scale, flags);

	matmul->output_format = EDGEBERT_HW_FORMAT_Q6_10;
}

/* sum = words at `sum` (Q6.10) + codes at `codes`, both at the same scale. */
void lower_add_codes_to_sum(struct lowerer *lowerer, const char *what, struct place sum,
			     struct tensor codes, int scale, size_t columns)
{
	struct edgebert_hw_add *add =
		&eb_program_add(lowerer->builder, EDGEBERT_HW_OP_ADD, ROWS, 0)->add;
	int bias = codes.bias - scale;

	if (bias < 0 || bias > BIAS_MAX)
		lower_unsupported(lowerer, what);
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
uint32_t lower_parameter_vector(struct lowerer *lowerer, const float *values, size_t count,
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

void lower_add_norm(struct lowerer *lowerer, const struct eb_norm_plan *norm,
		     struct place input, int input_scale, struct place output)
{
	uint32_t gamma = lower_parameter_vector(lowerer, norm->norm->gamma, norm->norm->size,
					  norm->output_scale);
	uint32_t beta = lower_parameter_vector(lowerer, norm->norm->beta, norm->norm->size,
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
