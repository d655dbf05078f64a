// SPDX-License-Identifier: MIT
/*
 * Checkpoint folders: both forms are read alike, and each thing that does not fit is
 * refused by name.
 */
#include "tests/unit/model/fixture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/status.h"
#include "tools/model/checkpoint_pack.h"
#include "tools/model/network.h"

static void the_shape_is_read(void **state)
{
	struct eb_checkpoint checkpoint;

	tiny_checkpoint_write(*state, &tiny_albert);
	assert_int_equal(eb_checkpoint_open(*state, &checkpoint), EB_OK);
	assert_int_equal(checkpoint.shape.architecture, EB_ARCHITECTURE_ALBERT);
	assert_int_equal(checkpoint.shape.layers, 4);
	assert_int_equal(checkpoint.shape.hidden_size, TINY_HIDDEN);
	assert_int_equal(checkpoint.shape.head_size, TINY_HIDDEN / 2);
	assert_int_equal(checkpoint.shape.embedding_size, TINY_EMBEDDING);
	assert_int_equal(checkpoint.shape.classes, 3);
	assert_string_equal(checkpoint.shape.labels[0], "no");
	/* A class without a name gets one. */
	assert_string_equal(checkpoint.shape.labels[2], "class 2");
	eb_checkpoint_close(&checkpoint);
}

/* config.json with one piece of text replaced. */
static void replace_in_config(const char *folder, const char *from, const char *to)
{
	const char *path = path_in(folder, "config.json");
	size_t size;
	char *text = read_bytes(path, &size), *found = strstr(text, from), *changed;

	assert_non_null(found);
	assert_true(asprintf(&changed, "%.*s%s%s", (int)(found - text), text, to,
			     found + strlen(from)) > 0);
	write_text(path, changed);
	free(changed);
	free(text);
}

static void configurations_that_do_not_fit_are_refused(void **state)
{
	static const struct {
		const char *from, *to, *detail;
	} changes[] = {
		{ "\"bert\"", "\"gpt2\"", "\"model_type\" is \"gpt2\"" },
		{ "\"gelu\"", "\"swish\"", "\"hidden_act\" is \"swish\"" },
		{ "\"num_hidden_layers\": 4", "\"num_hidden_layers\": 25", "is 25, supported" },
		{ "\"num_hidden_layers\": 4", "\"layers\": 4", "\"num_hidden_layers\" is missing" },
		{ "\"hidden_size\": 32", "\"hidden_size\": 33", "2 attention heads do not divide the hidden size 33" },
		{ "\"num_attention_heads\": 2, \"intermediate_size\": 64",
		  "\"num_attention_heads\": 256, \"intermediate_size\": 64",
		  "256 attention heads do not divide" },
		{ "\"num_labels\": 2", "\"num_labels\": 17", "\"num_labels\" is 17" },
		{ "\"attention_span_ramp\": 4", "\"attention_span_ramp\": 0",
		  "\"attention_span_ramp\" is 0" },
		{ "\"hidden_size\": 32", "\"hidden_size\": \"32\"", "not an integer" },
		{ "\"num_attention_heads\": 2", "\"num_attention_heads\": 3", "3 attention heads" },
		{ "\"num_labels\": 2", "\"num_labels\": 1", "\"num_labels\" is 1" },
		{ "\"vocab_size\": 60", "\"vocab_size\": 61", "has 60 lines, config.json says 61" },
		{ "1e-12", "-1", "layer_norm_eps" },
		{ "{ \"model", "[ \"model", "not a JSON object" },
	};

	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		struct eb_checkpoint checkpoint;

		tiny_checkpoint_write(*state, &tiny_bert);
		replace_in_config(*state, changes[i].from, changes[i].to);
		assert_detail(eb_checkpoint_open(*state, &checkpoint), EB_INVALID_ARGUMENT,
			      changes[i].detail);
	}
}

#define LOWER EB_MODEL_TOKENIZER_LOWER_CASE
#define KEEP EB_MODEL_TOKENIZER_KEEP_ACCENTS
#define STRIP EB_MODEL_TOKENIZER_STRIP_ACCENTS
#define JOIN EB_MODEL_TOKENIZER_JOIN_IDEOGRAPHS
#define SPACES EB_MODEL_TOKENIZER_KEEP_SPACES
#define NORMALIZER "{\"normalizer\": {\"type\": \"BertNormalizer\", "

/* The first file that has an opinion decides; null is none. */
static void tokenizer_settings_become_flags(void **state)
{
	static const struct {
		bool sentencepiece;
		const char *tokenizer_config, *tokenizer;
		uint32_t flags;
	} cases[] = {
		{ false, "{}", "{}", LOWER },
		{ false, "{\"do_lower_case\": false}", "{}", 0 },
		{ false, "{}", NORMALIZER "\"lowercase\": false}}", 0 },
		{ false, "{\"do_lower_case\": true}", NORMALIZER "\"lowercase\": false}}", LOWER },
		{ false, "{}", "{\"normalizer\": {\"normalizers\": [{\"type\": \"NFC\"}, {\"type\": "
		  "\"BertNormalizer\", \"lowercase\": false, \"handle_chinese_chars\": false, "
		  "\"strip_accents\": null}]}}", JOIN },
		{ false, "{\"do_lower_case\": false, \"strip_accents\": true}", "{}", STRIP },
		{ false, "{\"strip_accents\": true}", "{}", LOWER },
		{ false, "{\"strip_accents\": false}", "{}", LOWER | KEEP },
		{ false, "{\"strip_accents\": null}", NORMALIZER "\"strip_accents\": false}}",
		  LOWER | KEEP },
		{ false, "{\"tokenize_chinese_chars\": false}", "{}", LOWER | JOIN },
		{ true, "{}", "{}", LOWER },
		{ true, "{\"do_lower_case\": false, \"keep_accents\": true}", "{}", KEEP },
		{ true, "{\"remove_space\": false, \"tokenizer_class\": \"AlbertTokenizer\"}", "{}",
		  LOWER | SPACES },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tiny_checkpoint tiny = tiny_bert;
		struct eb_checkpoint checkpoint;

		tiny.sentencepiece = cases[i].sentencepiece;
		unlink(path_in(*state, "vocab.txt"));
		tiny_checkpoint_write(*state, &tiny);
		write_text(path_in(*state, "tokenizer_config.json"), cases[i].tokenizer_config);
		write_text(path_in(*state, "tokenizer.json"), cases[i].tokenizer);
		if (eb_checkpoint_open(*state, &checkpoint))
			fail_msg("case %zu: %s", i, eb_error_detail());
		assert_int_equal(checkpoint.tokenizer_flags, cases[i].flags);
		assert_int_equal(checkpoint.tokenizer, cases[i].sentencepiece ?
				 EB_MODEL_TOKENIZER_SENTENCEPIECE : EB_MODEL_TOKENIZER_WORDPIECE);
		eb_checkpoint_close(&checkpoint);
	}
}

static void tokenizers_that_do_not_fit_are_refused(void **state)
{
	static const struct {
		bool vocabulary, pieces;
		const char *tokenizer_config, *detail;	/* NULL: accepted */
	} cases[] = {
		{ false, false, "{}", "holds neither vocab.txt (WordPiece) nor spiece.model" },
		{ true, true, "{}", "remove the wrong one" },
		{ true, true, "{\"tokenizer_class\": \"AlbertTokenizer\"}", NULL },
		{ true, true, "{\"tokenizer_class\": \"BertTokenizer\"}", NULL },
		{ false, true, "{\"tokenizer_class\": \"XLNetTokenizer\"}",
		  "\"tokenizer_class\" is \"XLNetTokenizer\"; supported" },
		{ true, false, "{\"do_lower_case\": 1}",
		  "tokenizer_config.json: \"do_lower_case\" is neither true nor false" },
		{ true, false, "[]", "tokenizer_config.json: is not a JSON object" },
		{ true, false, "{", "tokenizer_config.json: is not a JSON object" },
	};
	struct eb_checkpoint checkpoint;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tiny_checkpoint tiny = tiny_bert;

		for (int kind = 0; kind < 2; kind++) {
			tiny.sentencepiece = kind;
			tiny_checkpoint_write(*state, &tiny);
		}
		if (!cases[i].vocabulary)
			unlink(path_in(*state, "vocab.txt"));
		if (!cases[i].pieces)
			unlink(path_in(*state, "spiece.model"));
		write_text(path_in(*state, "tokenizer_config.json"), cases[i].tokenizer_config);
		if (cases[i].detail) {
			assert_detail(eb_checkpoint_open(*state, &checkpoint),
				      EB_INVALID_ARGUMENT, cases[i].detail);
			continue;
		}
		assert_int_equal(eb_checkpoint_open(*state, &checkpoint), EB_OK);
		eb_checkpoint_close(&checkpoint);
	}
	write_text(path_in(*state, "spiece.model"), "no model");
	unlink(path_in(*state, "vocab.txt"));
	unlink(path_in(*state, "tokenizer_config.json"));
	assert_detail(eb_checkpoint_open(*state, &checkpoint), EB_MODEL_CORRUPT,
		      "spiece.model: the SentencePiece model is damaged");
}

/* tokenizer.json with these entries of its vocabulary, and no vocab.txt. */
static enum eb_status open_words(void **state, const char *extra, struct eb_checkpoint *checkpoint)
{
	char text[TINY_VOCABULARY * 24] = "{\"model\": {\"type\": \"WordPiece\", \"vocab\": {";
	size_t size;
	char *words;

	tiny_checkpoint_write(*state, &tiny_bert);
	words = read_bytes(path_in(*state, "vocab.txt"), &size);
	/* Backwards: the order of a JSON object means nothing. */
	for (int i = TINY_VOCABULARY - 1; i >= 0; i--) {
		char *line = words;

		for (int j = 0; j < i; j++)
			line = strchr(line, '\n') + 1;
		sprintf(text + strlen(text), "%s\"%.*s\": %d", i + 1 < TINY_VOCABULARY ? ", " : "",
			(int)strcspn(line, "\n"), line, i);
	}
	free(words);
	strcat(strcat(text, extra), "}}}");
	write_text(path_in(*state, "tokenizer.json"), text);
	unlink(path_in(*state, "vocab.txt"));
	return eb_checkpoint_open(*state, checkpoint);
}

static void words_of_tokenizer_json_do_for_a_vocabulary(void **state)
{
	struct eb_checkpoint checkpoint;

	assert_int_equal(open_words(state, "", &checkpoint), EB_OK);
	assert_int_equal(checkpoint.tokenizer, EB_MODEL_TOKENIZER_WORDPIECE);
	assert_memory_equal(checkpoint.vocabulary, "[PAD]\n[UNK]\n[CLS]\n[SEP]\nae\n", 27);
	eb_checkpoint_close(&checkpoint);
	assert_detail(open_words(state, ", \"zz\": 77", &checkpoint), EB_INVALID_ARGUMENT,
		      "tokenizer.json: \"vocab\": word 'zz' has id 77; ids must be 0 to 60");
	assert_detail(open_words(state, ", \"zz\": 5", &checkpoint), EB_INVALID_ARGUMENT,
		      "has id 5; ids must be 0 to 60, each once");
	assert_detail(open_words(state, ", \"zz\": 60", &checkpoint), EB_INVALID_ARGUMENT,
		      "has 61 lines, config.json says 60");
}

static enum eb_status load(const char *folder)
{
	struct eb_checkpoint checkpoint;
	struct eb_network network;
	enum eb_status status = eb_checkpoint_open(folder, &checkpoint);

	if (status)
		return status;
	status = eb_network_load(&checkpoint, &network);
	if (!status)
		eb_network_free(&network);
	eb_checkpoint_close(&checkpoint);
	return status;
}

/* model.safetensors with one tensor renamed (same length) or otherwise spoiled. */
static void replace_in_weights(const char *folder, const char *from, const char *to)
{
	const char *path = path_in(folder, "model.safetensors");
	size_t size;
	char *bytes = read_bytes(path, &size), *found;
	FILE *file;

	assert_int_equal(strlen(from), strlen(to));
	found = memmem(bytes, size, from, strlen(from));
	assert_non_null(found);
	memcpy(found, to, strlen(to));
	file = fopen(path, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	fclose(file);
	free(bytes);
}

static void missing_and_misshapen_tensors_are_refused_by_name(void **state)
{
	tiny_checkpoint_write(*state, &tiny_bert);
	assert_int_equal(load(*state), EB_OK);
	replace_in_weights(*state, "encoder.layer.2.output.dense.weight",
			   "encoder.layer.2.output.tense.weight");
	assert_detail(load(*state), EB_INVALID_ARGUMENT,
		      "tensor encoder.layer.2.output.dense.weight is missing; expected is a matrix of 32 x 64");
	tiny_checkpoint_write(*state, &tiny_bert);
	replace_in_weights(*state, "\"shape\":[64,32]", "\"shape\":[32,64]");
	assert_detail(load(*state), EB_INVALID_ARGUMENT, "has shape 32 x 64, config.json asks for 64 x 32");
	tiny_checkpoint_write(*state, &tiny_bert);
	replace_in_weights(*state, "embeddings.word_embeddings.weight",
			   "embeddings.word_embeddings.veight");
	assert_detail(load(*state), EB_INVALID_ARGUMENT, "holds no tensor");
}

static void a_last_layer_without_exit_is_refused_and_others_are_not(void **state)
{
	struct tiny_checkpoint tiny = tiny_bert;

	tiny.exits = 0x2;
	tiny_checkpoint_write(*state, &tiny);
	assert_int_equal(load(*state), EB_OK);
	replace_in_weights(*state, "exits.3.classifier.weight", "exits.9.classifier.weight");
	assert_detail(load(*state), EB_INVALID_ARGUMENT, "exits.3.classifier.weight is missing");
}

static void values_that_are_not_finite_are_refused(void **state)
{
	const float values[] = { 1, NAN, 2 };
	const struct eb_tensor_source source = { "embeddings.word_embeddings.weight",
						 EB_TENSOR_F32, 1, { 3 }, values };
	struct eb_checkpoint checkpoint = { .prefix = "" };
	float *floats;

	assert_int_equal(eb_safetensors_write(path_in(*state, "x.safetensors"), &source, 1),
			 EB_OK);
	assert_int_equal(eb_safetensors_open(path_in(*state, "x.safetensors"),
					     &checkpoint.tensors), EB_OK);
	assert_detail(eb_checkpoint_floats(&checkpoint, source.name, 1, 3, &floats),
		      EB_INVALID_ARGUMENT, "element 1 is not finite");
	eb_checkpoint_close(&checkpoint);
}

static void folders_without_exactly_one_weights_file_are_refused(void **state)
{
	struct eb_checkpoint checkpoint;

	tiny_checkpoint_write(*state, &tiny_bert);
	write_text(path_in(*state, "other.safetensors"), "x");
	assert_detail(eb_checkpoint_open(*state, &checkpoint), EB_INVALID_ARGUMENT, "several");
	unlink(path_in(*state, "other.safetensors"));
	unlink(path_in(*state, "model.safetensors"));
	assert_detail(eb_checkpoint_open(*state, &checkpoint), EB_INVALID_ARGUMENT,
		      "no .safetensors");
	unlink(path_in(*state, "config.json"));
	assert_detail(eb_checkpoint_open(*state, &checkpoint), EB_INVALID_ARGUMENT,
		      "config.json: can not be opened");
	assert_detail(eb_checkpoint_open(path_in(*state, "none"), &checkpoint),
		      EB_MODEL_NOT_FOUND, "can not be opened");
}

static void a_prefix_of_tensor_names_is_accepted(void **state)
{
	const float values[] = { 1, 2, 3 };
	const struct eb_tensor_source sources[] = {
		{ "bert.embeddings.word_embeddings.weight", EB_TENSOR_F32, 1, { 3 }, values },
		{ "exits.0.pooler.bias", EB_TENSOR_F32, 1, { 3 }, values },
	};
	struct eb_checkpoint checkpoint;

	tiny_checkpoint_write(*state, &tiny_bert);
	assert_int_equal(eb_safetensors_write(path_in(*state, "model.safetensors"), sources, 2),
			 EB_OK);
	assert_int_equal(eb_checkpoint_open(*state, &checkpoint), EB_OK);
	assert_string_equal(checkpoint.prefix, "bert.");
	assert_true(eb_checkpoint_has(&checkpoint, "embeddings.word_embeddings.weight"));
	assert_true(eb_checkpoint_has(&checkpoint, "exits.0.pooler.bias"));
	eb_checkpoint_close(&checkpoint);
}

static void packing_keeps_zeros_and_rounds_by_half_a_step_at_most(void **state)
{
	const char *packed = path_in(*state, "packed");
	struct eb_checkpoint before, after;
	float *wanted, *values;
	size_t count = TINY_VOCABULARY * TINY_EMBEDDING;

	tiny_checkpoint_write(*state, &tiny_albert);
	assert_int_equal(mkdir(packed, 0777), 0);
	assert_int_equal(eb_checkpoint_pack(*state, packed), EB_OK);
	assert_int_equal(eb_checkpoint_open(*state, &before), EB_OK);
	assert_int_equal(eb_checkpoint_open(packed, &after), EB_OK);
	assert_int_equal(eb_checkpoint_floats(&before, "embeddings.word_embeddings.weight",
					      TINY_VOCABULARY, TINY_EMBEDDING, &wanted), EB_OK);
	assert_int_equal(eb_checkpoint_floats(&after, "embeddings.word_embeddings.weight",
					      TINY_VOCABULARY, TINY_EMBEDDING, &values), EB_OK);
	for (size_t row = 0; row < TINY_VOCABULARY; row++) {
		float largest = 0;

		for (size_t i = row * TINY_EMBEDDING; i < (row + 1) * TINY_EMBEDDING; i++)
			largest = fmaxf(largest, fabsf(wanted[i]));
		for (size_t i = row * TINY_EMBEDDING; i < (row + 1) * TINY_EMBEDDING; i++) {
			assert_true(fabsf(values[i] - wanted[i]) <= 0.51f * largest / 127);
			if (wanted[i] == 0)
				assert_true(values[i] == 0);
		}
	}
	assert_true(count > 0);
	free(wanted);
	free(values);
	eb_checkpoint_close(&before);
	eb_checkpoint_close(&after);
}

static void a_packed_checkpoint_loads_and_is_not_packed_again(void **state)
{
	const char *packed = path_in(*state, "packed"), *again = path_in(*state, "again");
	size_t size, again_size;
	char *bytes, *same;

	tiny_checkpoint_write(*state, &tiny_bert);
	write_text(path_in(*state, "model.json"), "{\"name\":\"tiny\"}");
	assert_int_equal(mkdir(packed, 0777), 0);
	assert_int_equal(mkdir(again, 0777), 0);
	assert_int_equal(eb_checkpoint_pack(*state, packed), EB_OK);
	assert_int_equal(load(packed), EB_OK);
	assert_detail(eb_checkpoint_pack(packed, again), EB_INVALID_ARGUMENT, "packed already");
	assert_int_equal(eb_checkpoint_pack(*state, again), EB_OK);
	bytes = read_bytes(path_in(packed, "model.safetensors"), &size);
	same = read_bytes(path_in(again, "model.safetensors"), &again_size);
	assert_int_equal(size, again_size);
	assert_memory_equal(bytes, same, size);
	free(bytes);
	free(same);
	bytes = read_bytes(path_in(packed, "model.json"), &size);
	assert_string_equal(bytes, "{\"name\":\"tiny\"}");
	free(bytes);
}

static void codes_without_scales_are_refused(void **state)
{
	const char *packed = path_in(*state, "packed");

	tiny_checkpoint_write(*state, &tiny_bert);
	assert_int_equal(mkdir(packed, 0777), 0);
	assert_int_equal(eb_checkpoint_pack(*state, packed), EB_OK);
	replace_in_weights(packed, "encoder.layer.1.output.dense.weight.scale",
			   "encoder.layer.1.output.dense.weight.stale");
	assert_detail(load(packed), EB_INVALID_ARGUMENT,
		      "8-bit tensor encoder.layer.1.output.dense.weight needs");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, folder_setup, folder_teardown)
		TEST(the_shape_is_read),
		TEST(configurations_that_do_not_fit_are_refused),
		TEST(tokenizer_settings_become_flags),
		TEST(tokenizers_that_do_not_fit_are_refused),
		TEST(words_of_tokenizer_json_do_for_a_vocabulary),
		TEST(missing_and_misshapen_tensors_are_refused_by_name),
		TEST(a_last_layer_without_exit_is_refused_and_others_are_not),
		TEST(values_that_are_not_finite_are_refused),
		TEST(folders_without_exactly_one_weights_file_are_refused),
		TEST(a_prefix_of_tensor_names_is_accepted),
		TEST(packing_keeps_zeros_and_rounds_by_half_a_step_at_most),
		TEST(a_packed_checkpoint_loads_and_is_not_packed_again),
		TEST(codes_without_scales_are_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("model-checkpoint", tests, NULL, NULL);
}
