// SPDX-License-Identifier: MIT
/*
 * From a small checkpoint to a model file that opens, runs, and answers like the network in
 * floating point; and what is said when that can not be done.
 */
#include "tests/unit/model/fixture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/model.h"
#include "tools/model/compile.h"
#include "tools/model/reference.h"
#include "tools/model/runner.h"

#define SENTENCES 48

struct progress {
	char steps[512];		/* names as they begin, one after the other */
	double last;
	unsigned int backwards;
};

static void note_progress(void *opaque, const char *step, double fraction)
{
	struct progress *progress = opaque;

	if (fraction == 0) {
		strncat(progress->steps, step, 60);
		strcat(progress->steps, ";");
		progress->last = 0;
	}
	progress->backwards += fraction < progress->last;
	progress->last = fraction;
}

/* Compiles what lies in the folder to folder/model.ebm. */
static enum eb_status compile(void **state, const char *calibration,
			      struct eb_compile_summary *summary)
{
	char output[1024];
	struct eb_compile_options options = {
		.checkpoint = *state, .output = output, .summary = summary,
		.calibration = calibration ? path_in(*state, calibration) : NULL,
	};

	snprintf(output, sizeof(output), "%s/model.ebm", (char *)*state);
	return eb_compile(&options);
}

static struct eb_model *compile_and_open(void **state, const struct tiny_checkpoint *tiny,
					 const char *calibration)
{
	struct eb_model *model;
	enum eb_status status;

	tiny_checkpoint_write(*state, tiny);
	tiny_sentences_write(path_in(*state, "sentences.tsv"), SENTENCES);
	status = compile(state, calibration, NULL);
	if (status)
		fail_msg("%s", eb_error_detail());
	assert_int_equal(eb_model_open(path_in(*state, "model.ebm"), &model), EB_OK);
	return model;
}

/* The sentences that were written, tokenised by the model's own tokenizer. */
static void read_sentences(void **state, const struct eb_model *model,
			   struct eb_sentences *sentences)
{
	const struct eb_class_names classes = { .count = 2, .names = { "no", "yes" } };

	assert_int_equal(eb_sentences_from_text(path_in(*state, "sentences.tsv"),
						model->tokenizer, 0, &classes, sentences), EB_OK);
}

static struct eb_exit_result *run(struct eb_run_all *run, const struct eb_model *model,
				  const struct eb_sentences *sentences)
{
	const struct eb_runnable runnable = eb_runnable_of(model);

	run->runnable = &runnable;
	run->sentences = sentences;
	run->results = calloc(sentences->count * runnable.layers, sizeof(*run->results));
	assert_non_null(run->results);
	if (eb_run_all(run))
		fail_msg("%s", eb_error_detail());
	return run->results;
}

/* ---- Answers ------------------------------------------------------------------------ */

/* Signal to noise of the device's logits of one exit, in decibels. */
static double exit_decibels(const struct eb_exit_result *results, const float *wanted,
			    size_t sentences, unsigned int layers, unsigned int classes,
			    unsigned int layer)
{
	double signal = 0, noise = 0;

	for (size_t s = 0; s < sentences; s++) {
		for (unsigned int c = 0; c < classes; c++) {
			size_t exit = s * layers + layer;
			double difference = results[exit].logits[c] / 1024.0 -
					    wanted[exit * classes + c];

			signal += pow(wanted[exit * classes + c], 2);
			noise += difference * difference;
		}
	}
	return 10 * log10(signal / noise);
}

/* The second half of every sentence as the second sentence of a pair. */
static void make_pairs(struct eb_sentences *sentences)
{
	for (size_t s = 0; s < sentences->count; s++) {
		struct eb_sentence *sentence = &sentences->items[s];

		sentence->types = calloc(sentence->count, sizeof(*sentence->types));
		assert_non_null(sentence->types);
		for (size_t t = sentence->count / 2; t < sentence->count; t++)
			sentence->types[t] = 1;
	}
}

static void check_answers(void **state, const struct tiny_checkpoint *tiny, bool pairs,
			  double least)
{
	struct eb_model *model = compile_and_open(state, tiny, "sentences.tsv");
	struct eb_reference_run reference = { 0 };
	struct eb_run_all all = { 0 };
	struct eb_exit_result *results;
	struct eb_sentences sentences;
	struct eb_checkpoint checkpoint;
	struct eb_network network;

	read_sentences(state, model, &sentences);
	if (pairs)
		make_pairs(&sentences);
	assert_int_equal(eb_checkpoint_open(*state, &checkpoint), EB_OK);
	assert_int_equal(eb_network_load(&checkpoint, &network), EB_OK);
	reference.network = &network;
	reference.sentences = &sentences;
	reference.logits = calloc(sentences.count * tiny->layers * tiny->classes, sizeof(float));
	assert_non_null(reference.logits);
	assert_int_equal(eb_reference_run(&reference), EB_OK);
	results = run(&all, model, &sentences);
	for (unsigned int layer = 0; layer < tiny->layers; layer++) {
		double decibels = exit_decibels(results, reference.logits, sentences.count,
						tiny->layers, tiny->classes, layer);

		if (decibels < least)
			fail_msg("exit %u has %.1f dB only", layer + 1, decibels);
	}
	free(results);
	free(reference.logits);
	eb_sentences_free(&sentences);
	eb_network_free(&network);
	eb_checkpoint_close(&checkpoint);
	eb_model_unref(model);
}

static void bert_answers_like_its_checkpoint(void **state)
{
	check_answers(state, &tiny_bert, false, 17);
}

static void albert_answers_like_its_checkpoint(void **state)
{
	check_answers(state, &tiny_albert, false, 17);
}

/* Rows of the type table are far apart here: taking the wrong one would show. */
static void pairs_of_sentences_have_types(void **state)
{
	check_answers(state, &tiny_bert, true, 16);
}

static void an_outlier_does_not_spoil_the_answers(void **state)
{
	struct tiny_checkpoint tiny = tiny_bert;

	tiny.outlier = true;
	check_answers(state, &tiny, false, 14);
}

/* ---- The program -------------------------------------------------------------------- */

static void a_job_can_begin_at_the_second_layer(void **state)
{
	struct eb_model *model = compile_and_open(state, &tiny_albert, "sentences.tsv");
	struct eb_run_all one = { 0 }, two = { .two_jobs = true };
	struct eb_exit_result *in_one, *in_two;
	struct eb_sentences sentences;

	read_sentences(state, model, &sentences);
	in_one = run(&one, model, &sentences);
	in_two = run(&two, model, &sentences);
	assert_memory_equal(in_one, in_two, sentences.count * 4 * sizeof(*in_one));
	free(in_one);
	free(in_two);
	eb_sentences_free(&sentences);
	eb_model_unref(model);
}

/* count tokens: [CLS], then one word again and again. */
static struct eb_sentences one_sentence(struct eb_sentence *sentence, uint32_t *tokens,
					size_t count)
{
	for (size_t i = 0; i < count; i++)
		tokens[i] = i ? 7 : 2;
	*sentence = (struct eb_sentence){ .tokens = tokens, .count = count };
	return (struct eb_sentences){ .items = sentence, .count = 1, .longest = count };
}

static void cycle_tables_are_what_the_core_charges(void **state)
{
	struct eb_model *model = compile_and_open(state, &tiny_bert, "sentences.tsv");
	const struct eb_cycle_table *table;
	uint32_t tokens[TINY_POSITIONS];
	struct eb_sentence sentence;

	/* The runner's cores have the default profile, which comes first. */
	table = &model->cycle_tables[0];
	assert_true(model->cycle_table_count >= 2);
	for (size_t count = 16; count <= TINY_POSITIONS; count += 16) {
		for (unsigned int layer = 1; layer <= 4; layer++) {
			const struct eb_sentences sentences =
				one_sentence(&sentence, tokens, count);
			uint64_t cycles = 0;
			struct eb_run_all all = { .last_layer = layer, .cycles = &cycles };

			free(run(&all, model, &sentences));
			assert_int_equal(cycles, eb_cycle_table_until(table, (uint32_t)count,
								      layer));
		}
	}
	eb_model_unref(model);
}

static void every_length_runs(void **state)
{
	struct eb_model *model = compile_and_open(state, &tiny_bert, NULL);
	uint32_t tokens[TINY_POSITIONS + 1];
	struct eb_sentence sentence;
	struct eb_sentences sentences;

	for (size_t count = 1; count <= TINY_POSITIONS; count++) {
		struct eb_run_all all = { 0 };

		sentences = one_sentence(&sentence, tokens, count);
		free(run(&all, model, &sentences));
	}
	eb_model_unref(model);
}

static void equal_inputs_make_equal_files(void **state)
{
	size_t size, other_size;
	char *bytes, *other;

	eb_model_unref(compile_and_open(state, &tiny_albert, "sentences.tsv"));
	bytes = read_bytes(path_in(*state, "model.ebm"), &size);
	assert_int_equal(unlink(path_in(*state, "model.ebm")), 0);
	assert_int_equal(compile(state, "sentences.tsv", NULL), EB_OK);
	other = read_bytes(path_in(*state, "model.ebm"), &other_size);
	assert_int_equal(size, other_size);
	assert_memory_equal(bytes, other, size);
	free(bytes);
	free(other);
}

static void pruned_tables_are_stored_packed(void **state)
{
	struct eb_model *model = compile_and_open(state, &tiny_albert, NULL);
	bool found = false;

	for (uint32_t i = 0; i < model->command_count; i++)
		found = found || (model->commands[i].opcode == EDGEBERT_HW_OP_EMBED &&
				  model->commands[i].flags & EDGEBERT_HW_CMD_PACKED);
	assert_true(found);
	eb_model_unref(model);
}

/* ---- Forms of models ---------------------------------------------------------------- */

static void without_sentences_there_is_no_predictor(void **state)
{
	struct eb_model *model = compile_and_open(state, &tiny_bert, NULL);

	assert_false(model->has_predictor);
	assert_false(model->has_predict);
	assert_int_equal(model->parameters.tables_bytes, 0);
	eb_model_unref(model);
}

static void with_sentences_predictor_and_threshold_are_chosen(void **state)
{
	struct eb_model *model = compile_and_open(state, &tiny_bert, "sentences.tsv");

	assert_true(model->has_predictor);
	assert_true(model->has_predict);
	assert_int_equal(model->predictor.rows, 100);
	assert_int_equal(model->predictor.first_layer, 2);
	assert_int_equal(model->predictor.last_layer, 4);
	assert_true(model->parameters.default_threshold >= 0);
	eb_model_unref(model);
}

static void layers_may_lack_exits(void **state)
{
	struct tiny_checkpoint tiny = tiny_bert;
	struct eb_model *model;

	tiny.exits = 0x4;
	model = compile_and_open(state, &tiny, "sentences.tsv");
	assert_int_equal(model->parameters.exit_count, 2);
	assert_int_equal(model->exit_layers, 0xc);
	/* Nothing to predict from. */
	assert_false(model->has_predictor);
	eb_model_unref(model);
}

static void two_layers_need_no_predictor(void **state)
{
	struct tiny_checkpoint tiny = tiny_albert;
	struct eb_model *model;

	tiny.layers = 2;
	tiny.exits = 3;
	model = compile_and_open(state, &tiny, "sentences.tsv");
	assert_false(model->has_predictor);
	eb_model_unref(model);
}

static void sentencepiece_checkpoints_keep_their_tokenizer(void **state)
{
	struct tiny_checkpoint tiny = tiny_albert;
	const uint32_t expected[] = { 2, 4, 1, 59, 3 };
	struct eb_model *model;
	uint32_t ids[8];
	size_t count;

	tiny.sentencepiece = true;
	write_text(path_in(*state, "tokenizer_config.json"), "{\"do_lower_case\": false}");
	model = compile_and_open(state, &tiny, "sentences.tsv");
	assert_int_equal(model->parameters.tokenizer, EB_MODEL_TOKENIZER_SENTENCEPIECE);
	assert_int_equal(model->parameters.tokenizer_flags, 0);
	assert_int_equal(model->parameters.token_padding, 0);
	assert_int_equal(eb_model_tokenize(model, "ae AE ch", 8, ids, 8, &count, NULL), EB_OK);
	assert_int_equal(count, 5);
	assert_memory_equal(ids, expected, sizeof(expected));
	eb_model_unref(model);
}

static void files_of_pairs_make_models_for_pairs(void **state)
{
	const uint32_t expected_ids[] = { 2, 4, 5, 3, 6, 3 };
	const uint32_t expected_types[] = { 0, 0, 0, 0, 1, 1 };
	struct eb_model_info info = { .size = sizeof(info) };
	uint32_t ids[8], types[8];
	struct eb_model *model;
	size_t count;

	tiny_checkpoint_write(*state, &tiny_bert);
	write_text(path_in(*state, "pairs.tsv"),
		   "index\tquestion\tsentence\tlabel\n0\tae af\tag\tyes\n1\tba\tbb bc\tno\n"
		   "2\tca cb cc\tcd\t1\n3\tah\tai\t0\n");
	if (compile(state, "pairs.tsv", NULL))
		fail_msg("%s", eb_error_detail());
	assert_int_equal(eb_model_open(path_in(*state, "model.ebm"), &model), EB_OK);
	assert_int_equal(model->parameters.flags, EB_MODEL_FLAG_PAIRS);
	assert_int_equal(eb_model_get_info(model, &info), EB_OK);
	assert_int_equal(info.sentence_pairs, 1);
	assert_int_equal(eb_model_tokenize_pair(model, "ae af", 5, "ag", 2, ids, types, 8, &count,
						NULL), EB_OK);
	assert_int_equal(count, 6);
	assert_memory_equal(ids, expected_ids, sizeof(expected_ids));
	assert_memory_equal(types, expected_types, sizeof(expected_types));
	assert_int_equal(eb_model_tokenize_pair(model, "ae", 2, NULL, 2, ids, types, 8, &count,
						NULL), EB_INVALID_ARGUMENT);
	eb_model_unref(model);
}

static void models_for_pairs_need_no_sentences(void **state)
{
	struct eb_compile_options options = { .checkpoint = *state, .pairs = true };
	struct eb_model *model;

	tiny_checkpoint_write(*state, &tiny_bert);
	options.output = path_in(*state, "model.ebm");
	assert_int_equal(eb_compile(&options), EB_OK);
	assert_int_equal(eb_model_open(path_in(*state, "model.ebm"), &model), EB_OK);
	assert_int_equal(model->parameters.flags, EB_MODEL_FLAG_PAIRS);
	eb_model_unref(model);
	tiny_sentences_write(path_in(*state, "sentences.tsv"), 4);
	options.calibration = path_in(*state, "sentences.tsv");
	assert_detail(eb_compile(&options), EB_INVALID_ARGUMENT, "holds single texts, but");
}

static void the_description_becomes_metadata(void **state)
{
	struct eb_model *model;

	write_text(path_in(*state, "model.json"), "{\"name\":\"small one\",\"licence\":\"MIT\"}");
	model = compile_and_open(state, &tiny_bert, NULL);
	assert_string_equal(model->name, "small one");
	assert_string_equal(model->architecture, "bert");
	assert_string_equal(model->labels[1], "yes");
	eb_model_unref(model);
}

/* ---- Reports and refusals ----------------------------------------------------------- */

static void progress_and_report_name_the_steps_and_tensors(void **state)
{
	struct progress progress = { 0 };
	struct eb_compile_summary summary = { 0 };
	struct eb_compile_options options = {
		.progress = note_progress, .opaque = &progress, .summary = &summary,
	};
	size_t size;
	char *text;

	tiny_checkpoint_write(*state, &tiny_bert);
	tiny_sentences_write(path_in(*state, "sentences.tsv"), SENTENCES);
	options.checkpoint = *state;
	options.output = path_in(*state, "model.ebm");
	options.calibration = path_in(*state, "sentences.tsv");
	options.report = path_in(*state, "report.txt");
	assert_int_equal(eb_compile(&options), EB_OK);
	assert_int_equal(progress.backwards, 0);
	assert_true(progress.last == 1);
	assert_string_equal(progress.steps,
			    "reading the checkpoint;loading the network;calibrating;quantising;"
			    "lowering;running the device core;writing the model;");
	assert_int_equal(summary.sentences, SENTENCES);
	assert_int_equal(summary.layers, 4);
	free(read_bytes(path_in(*state, "model.ebm"), &size));
	assert_int_equal(summary.model_bytes, size);
	text = read_bytes(path_in(*state, "report.txt"), &size);
	assert_non_null(strstr(text, "attention output weights"));
	assert_non_null(strstr(text, "word embedding"));
	assert_non_null(strstr(text, "scratch "));
	/* 60 words of 32 codes. */
	assert_non_null(strstr(text, " dense       1920\n"));
	free(text);
}

static void sentences_that_do_not_fit_are_refused_by_line(void **state)
{
	static const struct {
		const char *text, *detail;
		enum eb_status status;
	} files[] = {
		{ "", "needs a header line", EB_INVALID_ARGUMENT },
		{ "text\tlabel\n", "needs a header line", EB_INVALID_ARGUMENT },
		{ "text\tlabel\naf ag\t0\nno tab\n", "sentences.tsv:3: has fewer columns",
		  EB_INVALID_ARGUMENT },
		{ "text\tclass\naf ag\t0\n", "sentences.tsv:1: the header does not name",
		  EB_INVALID_ARGUMENT },
		{ "words\tlabel\naf ag\t0\n", "sentences.tsv:1: the header does not name",
		  EB_INVALID_ARGUMENT },
		{ "text\tlabel\naf\t2\n", ":2: label \"2\" is neither a class of the checkpoint nor a number from 0 to 1",
		  EB_INVALID_ARGUMENT },
		{ "text\tlabel\naf\tmaybe\n", ":2: label \"maybe\"", EB_INVALID_ARGUMENT },
		{ "text\tlabel\naf\t-1\n", ":2: label \"-1\"", EB_INVALID_ARGUMENT },
		{ "text\tlabel\n\t1\n", "sentences.tsv:2:", EB_TEXT_EMPTY },
		{ "text\tlabel\na\xff\t1\n", "sentences.tsv:2:", EB_TEXT_INVALID },
	};

	tiny_checkpoint_write(*state, &tiny_bert);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		write_text(path_in(*state, "sentences.tsv"), files[i].text);
		assert_detail(compile(state, "sentences.tsv", NULL), files[i].status,
			      files[i].detail);
		assert_int_equal(access(path_in(*state, "model.ebm"), F_OK), -1);
	}
	assert_detail(compile(state, "none.tsv", NULL), EB_INVALID_ARGUMENT, "none.tsv");
}

static void sentences_longer_than_the_positions_are_cut(void **state)
{
	char line[1200] = "text\tlabel\n";
	struct eb_compile_summary summary = { 0 };

	for (int i = 0; i < 300; i++)
		strcat(line, "af ");
	strcat(line, "\t1\n");
	tiny_checkpoint_write(*state, &tiny_bert);
	write_text(path_in(*state, "sentences.tsv"), line);
	assert_int_equal(compile(state, "sentences.tsv", &summary), EB_OK);
	assert_int_equal(summary.sentences, 1);
}

static void an_output_that_can_not_be_written_is_named(void **state)
{
	struct eb_compile_options options = { .checkpoint = *state };

	tiny_checkpoint_write(*state, &tiny_bert);
	options.output = path_in(*state, "nowhere/model.ebm");
	assert_detail(eb_compile(&options), EB_INVALID_ARGUMENT, "nowhere/model.ebm");
}

static void ids_out_of_the_vocabulary_are_refused(void **state)
{
	struct eb_sentences sentences;
	const char *path = path_in(*state, "ids.txt");

	write_text(path, "1\t2 5 3\n0\t2 60 3\n");
	assert_detail(eb_sentences_from_ids(path, 60, 16, &sentences), EB_INVALID_ARGUMENT,
		      "ids.txt:2: \"60 3\"");
	write_text(path, "1\t2 5 3\n");
	assert_detail(eb_sentences_from_ids(path, 60, 2, &sentences), EB_INVALID_ARGUMENT,
		      "more than 2");
	assert_int_equal(eb_sentences_from_ids(path, 60, 3, &sentences), EB_OK);
	assert_int_equal(sentences.items[0].tokens[1], 5);
	assert_int_equal(sentences.items[0].label, 1);
	eb_sentences_free(&sentences);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, folder_setup, folder_teardown)
		TEST(bert_answers_like_its_checkpoint),
		TEST(albert_answers_like_its_checkpoint),
		TEST(pairs_of_sentences_have_types),
		TEST(an_outlier_does_not_spoil_the_answers),
		TEST(a_job_can_begin_at_the_second_layer),
		TEST(cycle_tables_are_what_the_core_charges),
		TEST(every_length_runs),
		TEST(equal_inputs_make_equal_files),
		TEST(pruned_tables_are_stored_packed),
		TEST(without_sentences_there_is_no_predictor),
		TEST(with_sentences_predictor_and_threshold_are_chosen),
		TEST(layers_may_lack_exits),
		TEST(two_layers_need_no_predictor),
		TEST(sentencepiece_checkpoints_keep_their_tokenizer),
		TEST(files_of_pairs_make_models_for_pairs),
		TEST(models_for_pairs_need_no_sentences),
		TEST(the_description_becomes_metadata),
		TEST(progress_and_report_name_the_steps_and_tensors),
		TEST(sentences_that_do_not_fit_are_refused_by_line),
		TEST(sentences_longer_than_the_positions_are_cut),
		TEST(an_output_that_can_not_be_written_is_named),
		TEST(ids_out_of_the_vocabulary_are_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("model-compile", tests, NULL, NULL);
}
