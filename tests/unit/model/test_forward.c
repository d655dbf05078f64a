// SPDX-License-Identifier: MIT
/*
 * The floating-point network against a plain one in double precision, and the changes that
 * must not change it: batches, centred keys, split neurons.
 */
#include "tests/unit/model/fixture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tools/model/calibrate.h"
#include "tools/model/matmul_float.h"
#include "tools/model/split_neurons.h"

#define TOKENS_MAX 40
#define WIDTH_MAX 128

/* ---- The plain network -------------------------------------------------------------- */

typedef double matrix[TOKENS_MAX][WIDTH_MAX];

static void plain_linear(const struct eb_linear *linear, matrix input, size_t rows, matrix output)
{
	for (size_t r = 0; r < rows; r++) {
		for (size_t c = 0; c < linear->outputs; c++) {
			double sum = linear->bias[c];

			for (size_t d = 0; d < linear->depth; d++)
				sum += input[r][d] * linear->weights[c * linear->depth + d];
			output[r][c] = sum;
		}
	}
}

static void plain_norm(const struct eb_norm *norm, matrix values, size_t rows)
{
	for (size_t r = 0; r < rows; r++) {
		double mean = 0, variance = 0;

		for (size_t i = 0; i < norm->size; i++)
			mean += values[r][i] / norm->size;
		for (size_t i = 0; i < norm->size; i++)
			variance += pow(values[r][i] - mean, 2) / norm->size;
		for (size_t i = 0; i < norm->size; i++)
			values[r][i] = (values[r][i] - mean) / sqrt(variance + 1e-12) *
				       norm->gamma[i] + norm->beta[i];
	}
}

static void plain_attention(const struct eb_shape *shape, matrix query, matrix key, matrix value,
			    size_t rows, matrix context)
{
	for (size_t column = 0; column < shape->hidden_size; column++) {
		size_t head = column / shape->head_size * shape->head_size;

		for (size_t r = 0; r < rows; r++) {
			double sum = 0, weighted = 0;

			for (size_t c = 0; c < rows; c++) {
				double score = 0;

				for (size_t d = head; d < head + shape->head_size; d++)
					score += query[r][d] * key[c][d];
				sum += exp(score);
				weighted += exp(score) * value[c][column];
			}
			context[r][column] = weighted / sum;
		}
	}
}

static void plain_embedding(const struct eb_network *network, const uint32_t *tokens,
			    size_t count, matrix hidden)
{
	size_t size = network->shape.embedding_size;
	static matrix sum;

	for (size_t t = 0; t < count; t++) {
		for (size_t i = 0; i < size; i++)
			sum[t][i] = (double)network->word_embedding[tokens[t] * size + i] +
				    network->position_embedding[t * size + i] +
				    network->type_embedding[i];
	}
	plain_norm(&network->embedding_norm, sum, count);
	if (network->mapping.weights)
		plain_linear(&network->mapping, sum, count, hidden);
	else
		memcpy(hidden, sum, sizeof(sum));
}

static void plain_layer(const struct eb_network *network, unsigned int index, matrix hidden,
			size_t count)
{
	const struct eb_layer *layer = eb_network_layer(network, index);
	size_t size = network->shape.hidden_size;
	static matrix query, key, value, context, inner, output;

	plain_linear(&layer->linears[EB_LINEAR_QUERY], hidden, count, query);
	plain_linear(&layer->linears[EB_LINEAR_KEY], hidden, count, key);
	plain_linear(&layer->linears[EB_LINEAR_VALUE], hidden, count, value);
	plain_attention(&network->shape, query, key, value, count, context);
	plain_linear(&layer->linears[EB_LINEAR_ATTENTION_OUTPUT], context, count, output);
	for (size_t t = 0; t < count; t++) {
		for (size_t i = 0; i < size; i++)
			hidden[t][i] += output[t][i];
	}
	plain_norm(&layer->attention_norm, hidden, count);
	plain_linear(&layer->linears[EB_LINEAR_INTERMEDIATE], hidden, count, inner);
	for (size_t t = 0; t < count; t++) {
		for (size_t i = 0; i < layer->linears[EB_LINEAR_INTERMEDIATE].outputs; i++)
			inner[t][i] *= 0.5 * (1 + erf(inner[t][i] * M_SQRT1_2));
	}
	plain_linear(&layer->linears[EB_LINEAR_OUTPUT], inner, count, output);
	for (size_t t = 0; t < count; t++) {
		for (size_t i = 0; i < size; i++)
			hidden[t][i] += output[t][i];
	}
	plain_norm(&layer->output_norm, hidden, count);
}

static void plain_run(const struct eb_network *network, const uint32_t *tokens, size_t count,
		      double *logits)
{
	static matrix hidden, pooled, row;

	plain_embedding(network, tokens, count, hidden);
	for (unsigned int layer = 0; layer < network->shape.layers; layer++) {
		plain_layer(network, layer, hidden, count);
		plain_linear(&network->exits[layer].pooler, hidden, 1, pooled);
		for (size_t i = 0; i < network->shape.hidden_size; i++)
			pooled[0][i] = tanh(pooled[0][i]);
		plain_linear(&network->exits[layer].classifier, pooled, 1, row);
		memcpy(logits + layer * network->shape.classes, row[0],
		       network->shape.classes * sizeof(double));
	}
}

/* ---- Fixture ------------------------------------------------------------------------ */

static void load(void **state, const struct tiny_checkpoint *tiny, struct eb_network *network)
{
	struct eb_checkpoint checkpoint;

	tiny_checkpoint_write(*state, tiny);
	assert_int_equal(eb_checkpoint_open(*state, &checkpoint), EB_OK);
	assert_int_equal(eb_network_load(&checkpoint, network), EB_OK);
	eb_checkpoint_close(&checkpoint);
}

#define SENTENCES 5

/* Sentences of 3, 10, 17, 24 and 31 random tokens that begin alike. */
static void make_sentences(struct eb_sentences *sentences)
{
	uint64_t random = 4;

	*sentences = (struct eb_sentences){ .count = SENTENCES, .longest = 31 };
	sentences->items = calloc(SENTENCES, sizeof(*sentences->items));
	assert_non_null(sentences->items);
	for (size_t s = 0; s < SENTENCES; s++) {
		struct eb_sentence *sentence = &sentences->items[s];

		sentence->count = 3 + 7 * s;
		sentence->tokens = calloc(sentence->count, sizeof(*sentence->tokens));
		assert_non_null(sentence->tokens);
		for (size_t t = 0; t < sentence->count; t++)
			sentence->tokens[t] = t ? 3 + (uint32_t)(random_uniform(&random) * 57) : 2;
	}
}

/* Every logit of the sentences, by the network under test. */
static float *run(const struct eb_network *network, const struct eb_sentences *sentences)
{
	size_t row = network->shape.layers * network->shape.classes;
	struct eb_reference_run reference = { .network = network, .sentences = sentences };

	reference.logits = calloc(sentences->count * row, sizeof(float));
	assert_non_null(reference.logits);
	assert_int_equal(eb_reference_run(&reference), EB_OK);
	return reference.logits;
}

static void assert_near(const float *values, const float *wanted, size_t count, double limit)
{
	for (size_t i = 0; i < count; i++) {
		if (!(fabs(values[i] - wanted[i]) <= limit))
			fail_msg("value %zu is %g, expected %g", i, (double)values[i],
				 (double)wanted[i]);
	}
}

/* ---- Tests -------------------------------------------------------------------------- */

static void products_equal_plain_sums_at_every_edge(void **state)
{
	static const size_t sizes[][3] = { { 1, 1, 1 }, { 4, 8, 16 }, { 5, 9, 3 }, { 3, 7, 40 },
					   { 11, 25, 33 } };
	uint64_t random = 8;

	(void)state;
	for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
		size_t rows = sizes[s][0], outputs = sizes[s][1], depth = sizes[s][2];
		float input[11 * 40], weights[25 * 40], bias[25], output[11 * 25], *panels;

		for (size_t i = 0; i < rows * depth; i++)
			input[i] = (float)random_normal(&random);
		for (size_t i = 0; i < outputs * depth; i++)
			weights[i] = (float)random_normal(&random);
		for (size_t i = 0; i < outputs; i++)
			bias[i] = (float)random_normal(&random);
		panels = eb_matmul_panels(weights, outputs, depth);
		assert_non_null(panels);
		eb_matmul(input, rows, depth, panels, bias, outputs, output);
		for (size_t i = 0; i < rows * outputs; i++) {
			double sum = bias[i % outputs];

			for (size_t d = 0; d < depth; d++)
				sum += (double)input[i / outputs * depth + d] *
				       weights[i % outputs * depth + d];
			assert_true(fabs(output[i] - sum) < 1e-4);
		}
		free(panels);
	}
}

static void check_against_plain(void **state, const struct tiny_checkpoint *tiny)
{
	struct eb_network network;
	struct eb_sentences sentences;
	size_t row = (size_t)tiny->layers * tiny->classes;
	double wanted[16];
	float *logits;

	load(state, tiny, &network);
	make_sentences(&sentences);
	logits = run(&network, &sentences);
	assert_true(row <= 16);
	for (size_t s = 0; s < SENTENCES; s++) {
		plain_run(&network, sentences.items[s].tokens, sentences.items[s].count, wanted);
		for (size_t i = 0; i < row; i++)
			assert_true(fabs(logits[s * row + i] - wanted[i]) < 2e-3);
	}
	free(logits);
	eb_sentences_free(&sentences);
	eb_network_free(&network);
}

static void bert_equals_a_plain_network(void **state)
{
	check_against_plain(state, &tiny_bert);
}

static void albert_equals_a_plain_network(void **state)
{
	check_against_plain(state, &tiny_albert);
}

static void centred_keys_change_scores_but_no_logits(void **state)
{
	struct eb_network network;
	struct eb_sentences sentences;
	struct eb_calibration *calibration;
	float before, *logits, *centred;

	load(state, &tiny_bert, &network);
	make_sentences(&sentences);
	logits = run(&network, &sentences);
	assert_int_equal(eb_calibrate(&network, &sentences, NULL, NULL, NULL, &calibration), EB_OK);
	before = network.layers[1].linears[EB_LINEAR_KEY].bias[3];
	eb_centre_keys(&network, calibration);
	assert_true(network.layers[1].linears[EB_LINEAR_KEY].bias[3] != before);
	centred = run(&network, &sentences);
	assert_near(centred, logits, SENTENCES * 8, 2e-3);
	eb_calibration_free(calibration);
	/* Centred on what they were measured with, their attended mean is now zero. */
	assert_int_equal(eb_calibrate(&network, &sentences, NULL, NULL, NULL, &calibration), EB_OK);
	for (unsigned int layer = 0; layer < 4; layer++) {
		for (size_t c = 0; c < TINY_HIDDEN; c++)
			assert_true(fabs(calibration->tensors[layer][EB_ACTIVATION_ATTENDED_KEY]
						 .column_sums[c]) < 1e-3);
	}
	eb_calibration_free(calibration);
	free(logits);
	free(centred);
	eb_sentences_free(&sentences);
	eb_network_free(&network);
}

static void split_neurons_change_no_logits(void **state)
{
	struct tiny_checkpoint tiny = tiny_bert;
	struct eb_network network;
	struct eb_sentences sentences;
	const struct eb_linear *output;
	float *logits, *split, largest = 0;

	tiny.outlier = true;
	load(state, &tiny, &network);
	make_sentences(&sentences);
	logits = run(&network, &sentences);
	assert_int_equal(eb_split_neurons(&network), EB_OK);
	output = &network.layers[0].linears[EB_LINEAR_OUTPUT];
	assert_int_equal(output->depth, TINY_INTERMEDIATE + 16);
	for (size_t i = 0; i < (size_t)output->outputs * output->depth; i++)
		largest = fmaxf(largest, fabsf(output->weights[i]));
	/* 12 is now in pieces. */
	assert_true(largest < 4);
	split = run(&network, &sentences);
	assert_near(split, logits, SENTENCES * 8, 5e-3);
	free(logits);
	free(split);
	eb_sentences_free(&sentences);
	eb_network_free(&network);
}

static void layers_without_outliers_stay_as_they_are(void **state)
{
	struct eb_network network;

	load(state, &tiny_bert, &network);
	assert_int_equal(eb_split_neurons(&network), EB_OK);
	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(network.layers[i].linears[EB_LINEAR_OUTPUT].depth,
				 TINY_INTERMEDIATE);
	eb_network_free(&network);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, folder_setup, folder_teardown)
		TEST(products_equal_plain_sums_at_every_edge),
		TEST(bert_equals_a_plain_network),
		TEST(albert_equals_a_plain_network),
		TEST(centred_keys_change_scores_but_no_logits),
		TEST(split_neurons_change_no_logits),
		TEST(layers_without_outliers_stay_as_they_are),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("model-forward", tests, NULL, NULL);
}
