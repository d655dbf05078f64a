// SPDX-License-Identifier: MIT
/*
 * Networks of every supported form, compiled and run on the device core, against the plain
 * network: sizes that are no whole vectors, spans, masks, activation functions, classes,
 * names of heads, pairs.
 */
#include "tests/unit/model/fixture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/model.h"
#include "lib/status.h"
#include "tests/unit/model/plain_network.h"
#include "tools/model/compile.h"
#include "tools/model/network.h"
#include "tools/model/reference.h"
#include "tools/model/runner.h"

#define SENTENCES 24
/* Of logits, against the plain network in double precision. */
#define FLOAT_DECIBELS 80
#define DEVICE_DECIBELS 16

/* Everything that one comparison needs. */
struct comparison {
	struct tiny_checkpoint tiny;
	struct eb_checkpoint checkpoint;
	struct eb_network network;
	struct eb_model *model;
	struct eb_sentences sentences;
	double *plain;			/* [sentence][class], of the last layer */
	float *floats;			/* [sentence][layer][class] */
	struct eb_exit_result *device;	/* [sentence][layer] */
};

static void compile(void **state, const char *calibration)
{
	char output[1024], path[1024];
	struct eb_compile_options options = { .checkpoint = *state, .output = output };

	snprintf(output, sizeof(output), "%s/model.ebm", (char *)*state);
	snprintf(path, sizeof(path), "%s/%s", (char *)*state, calibration ? calibration : "");
	options.calibration = calibration ? path : NULL;
	if (eb_compile(&options))
		fail_msg("%s", eb_error_detail());
}

static void open_all(void **state, const char *data, struct comparison *comparison)
{
	struct eb_class_names classes = { .count = comparison->tiny.classes };

	assert_int_equal(eb_checkpoint_open(*state, &comparison->checkpoint), EB_OK);
	assert_int_equal(eb_network_load(&comparison->checkpoint, &comparison->network), EB_OK);
	assert_int_equal(eb_model_open(path_in(*state, "model.ebm"), &comparison->model), EB_OK);
	for (unsigned int i = 0; i < classes.count; i++)
		classes.names[i] = comparison->checkpoint.shape.labels[i];
	if (eb_sentences_from_text(path_in(*state, data), comparison->model->tokenizer, 0, &classes,
				   &comparison->sentences))
		fail_msg("%s", eb_error_detail());
}

static void run_plain(struct comparison *comparison)
{
	const struct tiny_checkpoint *tiny = &comparison->tiny;
	const struct eb_sentences *sentences = &comparison->sentences;
	bool exits = tiny->head_names == TINY_EXITS;
	char pooler[40] = "pooler", classifier[40] = "classifier";

	if (exits) {
		snprintf(pooler, sizeof(pooler), "exits.%u.pooler", tiny->layers - 1);
		snprintf(classifier, sizeof(classifier), "exits.%u.classifier", tiny->layers - 1);
	} else if (tiny->architecture == EB_ARCHITECTURE_BERT) {
		snprintf(pooler, sizeof(pooler), "pooler.dense");
	}
	comparison->plain = calloc(sentences->count * tiny->classes, sizeof(double));
	assert_non_null(comparison->plain);
	for (size_t s = 0; s < sentences->count; s++) {
		const struct eb_sentence *item = &sentences->items[s];
		const struct plain_sentence sentence = { item->tokens, item->types, item->count };

		plain_network_run(&comparison->checkpoint, &sentence, pooler, classifier,
				  comparison->plain + s * tiny->classes);
	}
}

static void run_floats(struct comparison *comparison)
{
	const struct tiny_checkpoint *tiny = &comparison->tiny;
	struct eb_reference_run run = {
		.network = &comparison->network, .sentences = &comparison->sentences,
	};

	run.logits = calloc(comparison->sentences.count * tiny->layers * tiny->classes,
			    sizeof(float));
	assert_non_null(run.logits);
	assert_int_equal(eb_reference_run(&run), EB_OK);
	comparison->floats = run.logits;
}

static void run_device(struct comparison *comparison)
{
	const struct eb_runnable runnable = eb_runnable_of(comparison->model);
	struct eb_run_all run = { .runnable = &runnable, .sentences = &comparison->sentences };

	run.results = calloc(comparison->sentences.count * runnable.layers, sizeof(*run.results));
	assert_non_null(run.results);
	if (eb_run_all(&run))
		fail_msg("%s", eb_error_detail());
	comparison->device = run.results;
}

static void compare(const struct comparison *comparison)
{
	size_t classes = comparison->tiny.classes, layers = comparison->tiny.layers;
	double signal = 0, float_noise = 0, device_noise = 0;

	for (size_t s = 0; s < comparison->sentences.count; s++) {
		size_t last = s * layers + layers - 1;

		for (size_t c = 0; c < classes; c++) {
			double plain = comparison->plain[s * classes + c];

			signal += plain * plain;
			float_noise += pow(comparison->floats[last * classes + c] - plain, 2);
			device_noise += pow(comparison->device[last].logits[c] / 1024.0 - plain, 2);
		}
	}
	if (10 * log10(signal / float_noise) < FLOAT_DECIBELS)
		fail_msg("the float network has %.1f dB", 10 * log10(signal / float_noise));
	if (10 * log10(signal / device_noise) < DEVICE_DECIBELS)
		fail_msg("the device has %.1f dB", 10 * log10(signal / device_noise));
}

static void close_all(struct comparison *comparison)
{
	free(comparison->plain);
	free(comparison->floats);
	free(comparison->device);
	eb_sentences_free(&comparison->sentences);
	eb_network_free(&comparison->network);
	eb_checkpoint_close(&comparison->checkpoint);
	eb_model_unref(comparison->model);
}

/* Writes, compiles and compares; the caller looks further and closes. */
static void make(void **state, const struct tiny_checkpoint *tiny, struct comparison *comparison)
{
	*comparison = (struct comparison){ .tiny = *tiny };
	tiny_checkpoint_write(*state, tiny);
	tiny_sentences_write(path_in(*state, "sentences.tsv"), SENTENCES);
	compile(state, "sentences.tsv");
	open_all(state, "sentences.tsv", comparison);
	run_plain(comparison);
	run_floats(comparison);
	run_device(comparison);
	compare(comparison);
}

static void check(void **state, const struct tiny_checkpoint *tiny)
{
	struct comparison comparison;

	make(state, tiny, &comparison);
	close_all(&comparison);
}

/* ---- Sizes -------------------------------------------------------------------------- */

static void sizes_need_not_be_whole_vectors(void **state)
{
	static const struct {
		unsigned int hidden, heads, intermediate, embedding;
	} sizes[] = {
		{ 40, 2, 72, 24 }, { 36, 3, 50, 10 }, { 50, 5, 33, 7 }, { 48, 3, 96, 16 },
		{ 30, 1, 100, 1 },
	};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct tiny_checkpoint tiny = i % 2 ? tiny_albert : tiny_bert;

		tiny.layers = 3;
		tiny.hidden = sizes[i].hidden;
		tiny.heads = sizes[i].heads;
		tiny.intermediate = sizes[i].intermediate;
		tiny.embedding = sizes[i].embedding;
		check(state, &tiny);
		tiny.architecture = i % 2 ? EB_ARCHITECTURE_BERT : EB_ARCHITECTURE_ALBERT;
		check(state, &tiny);
	}
}

static void parameters_say_the_sizes_of_the_checkpoint(void **state)
{
	struct tiny_checkpoint tiny = tiny_albert;
	struct comparison comparison;

	tiny.hidden = 40;
	tiny.intermediate = 72;
	tiny.embedding = 24;
	make(state, &tiny, &comparison);
	assert_int_equal(comparison.model->parameters.hidden_size, 40);
	assert_int_equal(comparison.model->parameters.intermediate_size, 72);
	assert_int_equal(comparison.model->parameters.embedding_size, 24);
	close_all(&comparison);
}

static void classes_may_be_2_to_16(void **state)
{
	for (unsigned int classes = 2; classes <= 16; classes += 7) {
		struct tiny_checkpoint tiny = tiny_bert;

		tiny.layers = 2;
		tiny.classes = classes;
		check(state, &tiny);
	}
}

static void other_activation_functions_work(void **state)
{
	static const char *const names[] = { "gelu_new", "relu", "gelu_pytorch_tanh" };

	for (size_t i = 0; i < 3; i++) {
		struct tiny_checkpoint tiny = i ? tiny_bert : tiny_albert;

		tiny.activation = names[i];
		check(state, &tiny);
	}
}

/* ---- Heads -------------------------------------------------------------------------- */

static unsigned int count_commands(const struct eb_model *model, unsigned int opcode,
				   unsigned int flags)
{
	unsigned int count = 0;

	for (uint32_t i = 0; i < model->command_count; i++)
		count += model->commands[i].opcode == opcode &&
			 (model->commands[i].flags & flags) == flags;
	return count;
}

static uint64_t cycles_of(const struct eb_model *model)
{
	return eb_cycle_table_until(&model->cycle_tables[0], 32, model->parameters.layers);
}

static void spans_mask_attention(void **state)
{
	static const float spans[] = { 3, 200, 0.5f, 20 };
	struct tiny_checkpoint tiny = tiny_bert;
	struct comparison comparison;

	tiny.hidden = 64;
	tiny.heads = 4;
	tiny.spans = spans;
	make(state, &tiny, &comparison);
	assert_int_equal(count_commands(comparison.model, EDGEBERT_HW_OP_SOFTMAX, 0), 4 * 4);
	/* A head that sees the longest sentence whole needs no mask. */
	assert_int_equal(count_commands(comparison.model, EDGEBERT_HW_OP_SOFTMAX,
					EDGEBERT_HW_CMD_SPAN | EDGEBERT_HW_CMD_SPAN_RELATIVE), 3 * 4);
	close_all(&comparison);
}

static void heads_that_see_nothing_cost_nothing(void **state)
{
	static const float spans[] = { 0, 300, 0, 5 };
	struct tiny_checkpoint tiny = tiny_albert;
	struct comparison comparison;
	uint64_t cycles;

	tiny.hidden = 64;
	tiny.heads = 4;
	make(state, &tiny, &comparison);
	cycles = cycles_of(comparison.model);
	close_all(&comparison);
	tiny.spans = spans;
	make(state, &tiny, &comparison);
	assert_int_equal(count_commands(comparison.model, EDGEBERT_HW_OP_SOFTMAX, 0), 2 * 4);
	/* Half of the heads, which are about half of this small layer. */
	assert_true(cycles_of(comparison.model) < cycles * 8 / 10);
	assert_int_equal(comparison.model->parameters.attention_heads, 4);
	close_all(&comparison);
}

static void a_layer_may_have_no_attention_at_all(void **state)
{
	static const float spans[] = { 0, 0, 0 };
	struct tiny_checkpoint tiny = tiny_bert;
	struct comparison comparison;

	tiny.hidden = 36;
	tiny.heads = 3;
	tiny.spans = spans;
	make(state, &tiny, &comparison);
	assert_int_equal(count_commands(comparison.model, EDGEBERT_HW_OP_SOFTMAX, 0), 0);
	close_all(&comparison);
}

static void spans_that_make_no_sense_are_refused(void **state)
{
	static const float spans[] = { 3, -1 };
	struct tiny_checkpoint tiny = tiny_bert;
	struct eb_compile_options options = { .checkpoint = *state };

	tiny.spans = spans;
	tiny_checkpoint_write(*state, &tiny);
	options.output = path_in(*state, "model.ebm");
	assert_detail(eb_compile(&options), EB_INVALID_ARGUMENT,
		      "encoder.layer.0.attention.self.span: the span of head 1 is -1");
}

/* ---- Pruning ------------------------------------------------------------------------ */

static void masks_prune_and_packing_saves_space(void **state)
{
	struct tiny_checkpoint tiny = tiny_bert;
	struct comparison comparison;
	uint64_t dense;

	tiny.intermediate = 128;
	make(state, &tiny, &comparison);
	dense = comparison.model->weights_size;
	close_all(&comparison);
	tiny.masked = true;
	make(state, &tiny, &comparison);
	assert_true(comparison.model->weights_size < dense);
	assert_int_equal(count_commands(comparison.model, EDGEBERT_HW_OP_MATMUL,
					EDGEBERT_HW_CMD_PACKED), 2 * 4);
	close_all(&comparison);
}

/* ---- Heads of other names ----------------------------------------------------------- */

static void a_network_without_exits_compiles(void **state)
{
	for (int i = 0; i < 2; i++) {
		struct tiny_checkpoint tiny = i ? tiny_albert : tiny_bert;
		struct eb_model_info info = { .size = sizeof(info) };
		struct comparison comparison;

		tiny.head_names = TINY_CLASSIFIER;
		tiny.extra_tensors = true;
		make(state, &tiny, &comparison);
		assert_int_equal(comparison.model->parameters.exit_count, 1);
		assert_int_equal(comparison.model->exit_layers, 0x8);
		assert_false(comparison.model->has_predictor);
		assert_int_equal(eb_model_get_info(comparison.model, &info), EB_OK);
		assert_int_equal(info.exit_count, 0);
		close_all(&comparison);
	}
}

static void heads_named_as_highways_are_exits(void **state)
{
	for (int i = 0; i < 2; i++) {
		struct tiny_checkpoint tiny = i ? tiny_albert : tiny_bert;
		struct comparison comparison;

		tiny.head_names = TINY_HIGHWAY;
		make(state, &tiny, &comparison);
		assert_int_equal(comparison.model->exit_layers, 0xf);
		close_all(&comparison);
	}
}

/* ---- Pairs -------------------------------------------------------------------------- */

static void pairs_answer_like_the_network(void **state)
{
	struct comparison comparison = { .tiny = tiny_albert };

	tiny_checkpoint_write(*state, &tiny_albert);
	write_text(path_in(*state, "pairs.tsv"),
		   "premise\thypothesis\tlabel\nae af ca cb\tag\tyes\nba\tbb bc\tno\nca cb cc\tcd\t1\n"
		   "ah ai aj\tai\t0\nak\tca cb cc\t2\nbd\tbe bf bg bh bi bj\tno\n");
	compile(state, "pairs.tsv");
	open_all(state, "pairs.tsv", &comparison);
	assert_int_equal(comparison.model->parameters.flags, EB_MODEL_FLAG_PAIRS);
	assert_int_equal(comparison.sentences.items[0].types[7], 1);
	run_plain(&comparison);
	run_floats(&comparison);
	run_device(&comparison);
	compare(&comparison);
	close_all(&comparison);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, folder_setup, folder_teardown)
		TEST(sizes_need_not_be_whole_vectors),
		TEST(parameters_say_the_sizes_of_the_checkpoint),
		TEST(classes_may_be_2_to_16),
		TEST(other_activation_functions_work),
		TEST(spans_mask_attention),
		TEST(heads_that_see_nothing_cost_nothing),
		TEST(a_layer_may_have_no_attention_at_all),
		TEST(spans_that_make_no_sense_are_refused),
		TEST(masks_prune_and_packing_saves_space),
		TEST(a_network_without_exits_compiles),
		TEST(heads_named_as_highways_are_exits),
		TEST(pairs_answer_like_the_network),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("model-shapes", tests, NULL, NULL);
}
