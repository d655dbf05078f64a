// SPDX-License-Identifier: MIT
/*
 * Small random checkpoints: every tensor that the compiler reads, at sizes that run in
 * milliseconds.
 */
#include "tests/unit/model/fixture.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/status.h"
#include "tests/unit/tokenizer/piece_model.h"
#include "tools/model/safetensors.h"

const struct tiny_checkpoint tiny_bert = {
	.architecture = EB_ARCHITECTURE_BERT, .layers = 4, .classes = 2, .exits = 0xf, .seed = 1,
};
const struct tiny_checkpoint tiny_albert = {
	.architecture = EB_ARCHITECTURE_ALBERT, .layers = 4, .classes = 3, .exits = 0xf, .seed = 2,
};

/* ---- Files -------------------------------------------------------------------------- */

int folder_setup(void **state)
{
	char pattern[] = "/tmp/edgebert-model-test-XXXXXX";
	char *folder = mkdtemp(pattern);

	*state = folder ? strdup(folder) : NULL;
	return *state ? 0 : -1;
}

static void remove_tree(const char *path)
{
	struct stat attributes;

	if (lstat(path, &attributes) == 0 && S_ISDIR(attributes.st_mode)) {
		DIR *folder = opendir(path);
		struct dirent *entry;

		while (folder && (entry = readdir(folder))) {
			char child[1024];

			if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
				continue;
			snprintf(child, sizeof(child), "%s/%s", path, entry->d_name);
			remove_tree(child);
		}
		if (folder)
			closedir(folder);
	}
	remove(path);
}

int folder_teardown(void **state)
{
	remove_tree(*state);
	free(*state);
	return 0;
}

const char *path_in(const char *folder, const char *name)
{
	static char paths[16][1024];
	static unsigned int next;
	char *path = paths[next++ % 16];

	snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
	return path;
}

void write_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
	assert_int_equal(fclose(file), 0);
}

char *read_bytes(const char *path, size_t *ret_size)
{
	FILE *file = fopen(path, "rb");
	char *bytes;
	long size;

	assert_non_null(file);
	assert_int_equal(fseek(file, 0, SEEK_END), 0);
	size = ftell(file);
	rewind(file);
	bytes = malloc((size_t)size + 1);
	assert_non_null(bytes);
	assert_int_equal(fread(bytes, 1, (size_t)size, file), size);
	bytes[size] = '\0';
	fclose(file);
	*ret_size = (size_t)size;
	return bytes;
}

void assert_detail(enum eb_status status, enum eb_status expected, const char *text)
{
	assert_int_equal(status, expected);
	if (!strstr(eb_error_detail(), text))
		fail_msg("expected \"%s\" in: %s", text, eb_error_detail());
}

/* ---- Random numbers ----------------------------------------------------------------- */

double random_uniform(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (double)(*state >> 11) / 0x1p53;
}

double random_normal(uint64_t *state)
{
	double sum = -6;

	for (int i = 0; i < 12; i++)
		sum += random_uniform(state);
	return sum;
}

/* ---- Tensors ------------------------------------------------------------------------ */

#define TENSORS_MAX 200

struct writer {
	struct eb_tensor_source tensors[TENSORS_MAX];
	size_t count;
	uint64_t random;
};

static float *add_tensor(struct writer *writer, const char *prefix, const char *name,
			 size_t rows, size_t columns, double mean, double deviation)
{
	struct eb_tensor_source *tensor = &writer->tensors[writer->count++];
	float *values = malloc(rows * columns * sizeof(*values));
	char *full;

	assert_true(writer->count <= TENSORS_MAX);
	assert_non_null(values);
	assert_true(asprintf(&full, "%s%s", prefix, name) > 0);
	for (size_t i = 0; i < rows * columns; i++)
		values[i] = (float)(mean + deviation * random_normal(&writer->random));
	*tensor = (struct eb_tensor_source){ .name = full, .type = EB_TENSOR_F32,
					     .rank = rows > 1 ? 2 : 1, .bytes = values };
	tensor->shape[0] = rows > 1 ? rows : columns;
	tensor->shape[1] = rows > 1 ? columns : 0;
	return values;
}

static float *add_linear(struct writer *writer, const char *prefix, const char *name,
			 size_t outputs, size_t depth, double gain)
{
	char full[200];
	float *weights;

	snprintf(full, sizeof(full), "%s.weight", name);
	weights = add_tensor(writer, prefix, full, outputs, depth, 0, gain / sqrt((double)depth));
	snprintf(full, sizeof(full), "%s.bias", name);
	add_tensor(writer, prefix, full, 1, outputs, 0, 0.1);
	return weights;
}

static void add_norm(struct writer *writer, const char *prefix, const char *name, size_t size)
{
	char full[200];

	snprintf(full, sizeof(full), "%s.weight", name);
	add_tensor(writer, prefix, full, 1, size, 1, 0.1);
	snprintf(full, sizeof(full), "%s.bias", name);
	add_tensor(writer, prefix, full, 1, size, 0, 0.1);
}

/* A 0 of the description is the default. */
static struct tiny_checkpoint sized(const struct tiny_checkpoint *tiny)
{
	struct tiny_checkpoint result = *tiny;

	result.hidden = tiny->hidden ? tiny->hidden : TINY_HIDDEN;
	result.heads = tiny->heads ? tiny->heads : TINY_HEADS;
	result.intermediate = tiny->intermediate ? tiny->intermediate : TINY_INTERMEDIATE;
	result.embedding = tiny->embedding ? tiny->embedding : TINY_EMBEDDING;
	if (tiny->architecture == EB_ARCHITECTURE_BERT)
		result.embedding = result.hidden;
	return result;
}

/* Ones and zeros in turns, as bytes; what they hide is far off, so that it would show. */
static void add_mask(struct writer *writer, const char *prefix, const char *name, float *weights,
		     size_t rows, size_t columns)
{
	struct eb_tensor_source *tensor = &writer->tensors[writer->count++];
	uint8_t *mask = malloc(rows * columns);
	char *full;

	assert_non_null(mask);
	assert_true(asprintf(&full, "%s%s.weight.mask", prefix, name) > 0);
	for (size_t i = 0; i < rows * columns; i++) {
		mask[i] = i % 2;
		weights[i] *= mask[i] ? 1.4f : 10;
	}
	*tensor = (struct eb_tensor_source){ .name = full, .type = EB_TENSOR_BOOL, .rank = 2,
					     .shape = { rows, columns }, .bytes = mask };
}

static void add_spans(struct writer *writer, const char *prefix,
		      const struct tiny_checkpoint *tiny, bool albert)
{
	float *spans = add_tensor(writer, prefix, albert ? "attention.span" : "attention.self.span",
				  1, tiny->heads, 0, 0);

	memcpy(spans, tiny->spans, tiny->heads * sizeof(*spans));
}

static void add_feed_forward(struct writer *writer, const char *prefix,
			     const struct tiny_checkpoint *tiny, bool albert)
{
	const char *inner_name = albert ? "ffn" : "intermediate.dense";
	const char *output_name = albert ? "ffn_output" : "output.dense";
	size_t hidden = tiny->hidden, inner = tiny->intermediate;
	float *first = add_linear(writer, prefix, inner_name, inner, hidden, 1);
	float *output = add_linear(writer, prefix, output_name, hidden, inner, 1);

	if (tiny->outlier)
		output[3 * inner + 5] = 12;
	if (tiny->masked) {
		add_mask(writer, prefix, inner_name, first, inner, hidden);
		add_mask(writer, prefix, output_name, output, hidden, inner);
	}
}

static void add_layer(struct writer *writer, const char *prefix,
		      const struct tiny_checkpoint *tiny)
{
	bool albert = tiny->architecture == EB_ARCHITECTURE_ALBERT;
	size_t hidden = tiny->hidden;

	add_linear(writer, prefix, albert ? "attention.query" : "attention.self.query", hidden,
		   hidden, 1.5);
	add_linear(writer, prefix, albert ? "attention.key" : "attention.self.key", hidden, hidden,
		   1.5);
	add_linear(writer, prefix, albert ? "attention.value" : "attention.self.value", hidden,
		   hidden, 1);
	add_linear(writer, prefix, albert ? "attention.dense" : "attention.output.dense", hidden,
		   hidden, 1);
	add_norm(writer, prefix, albert ? "attention.LayerNorm" : "attention.output.LayerNorm",
		 hidden);
	add_feed_forward(writer, prefix, tiny, albert);
	add_norm(writer, prefix, albert ? "full_layer_layer_norm" : "output.LayerNorm", hidden);
	if (tiny->spans)
		add_spans(writer, prefix, tiny, albert);
}

static void add_layers(struct writer *writer, const struct tiny_checkpoint *tiny)
{
	char prefix[64];

	if (tiny->architecture == EB_ARCHITECTURE_ALBERT) {
		add_linear(writer, "encoder.", "embedding_hidden_mapping_in", tiny->hidden,
			   tiny->embedding, 1);
		add_layer(writer, "encoder.albert_layer_groups.0.albert_layers.0.", tiny);
		return;
	}
	for (unsigned int i = 0; i < tiny->layers; i++) {
		snprintf(prefix, sizeof(prefix), "encoder.layer.%u.", i);
		add_layer(writer, prefix, tiny);
	}
}

static void add_embeddings(struct writer *writer, const struct tiny_checkpoint *tiny)
{
	size_t size = tiny->embedding;
	float *words;

	words = add_tensor(writer, "embeddings.", "word_embeddings.weight", TINY_VOCABULARY, size,
			   0, 0.05);
	/* A pruned table, so that the packed form is used. */
	for (size_t i = 0; i < TINY_VOCABULARY * size; i++) {
		if (tiny->architecture == EB_ARCHITECTURE_ALBERT && i % 5 < 3)
			words[i] = 0;
	}
	add_tensor(writer, "embeddings.", "position_embeddings.weight", TINY_POSITIONS, size, 0,
		   0.02);
	add_tensor(writer, "embeddings.", "token_type_embeddings.weight", 2, size, 0, 0.05);
	add_norm(writer, "embeddings.", "LayerNorm", size);
}

static void add_head(struct writer *writer, const struct tiny_checkpoint *tiny, unsigned int layer)
{
	bool last = layer + 1 == tiny->layers;
	char prefix[48] = "";
	const char *pooler = "pooler";

	if (tiny->head_names == TINY_EXITS)
		snprintf(prefix, sizeof(prefix), "exits.%u.", layer);
	else if (!last)
		snprintf(prefix, sizeof(prefix), "encoder.highway.%u.", layer);
	if (tiny->head_names != TINY_EXITS && tiny->architecture == EB_ARCHITECTURE_BERT)
		pooler = "pooler.dense";
	add_linear(writer, prefix, pooler, tiny->hidden, tiny->hidden, 1);
	add_linear(writer, prefix, "classifier", tiny->classes, tiny->hidden, 3);
}

/* Counters, as exporters leave them behind, and a type that is not known here. */
static void add_extra_tensors(struct writer *writer)
{
	struct eb_tensor_source *tensor = &writer->tensors[writer->count++];

	*tensor = (struct eb_tensor_source){ .name = strdup("embeddings.position_ids"),
					     .type = EB_TENSOR_I64, .rank = 2,
					     .shape = { 1, TINY_POSITIONS },
					     .bytes = calloc(TINY_POSITIONS, 8) };
}

static void write_weights(const char *folder, const struct tiny_checkpoint *tiny)
{
	struct writer *writer = calloc(1, sizeof(*writer));

	assert_non_null(writer);
	writer->random = tiny->seed;
	add_embeddings(writer, tiny);
	if (tiny->task_seed)
		writer->random = tiny->task_seed;
	add_layers(writer, tiny);
	for (unsigned int i = 0; i < tiny->layers; i++) {
		if (i + 1 == tiny->layers ||
		    (tiny->head_names != TINY_CLASSIFIER && tiny->exits >> i & 1))
			add_head(writer, tiny, i);
	}
	if (tiny->extra_tensors)
		add_extra_tensors(writer);
	assert_int_equal(eb_safetensors_write(path_in(folder, "model.safetensors"),
					      writer->tensors, writer->count), EB_OK);
	for (size_t i = 0; i < writer->count; i++) {
		free((void *)writer->tensors[i].name);
		free((void *)writer->tensors[i].bytes);
	}
	free(writer);
}

/* ---- Text --------------------------------------------------------------------------- */

/* Entry n >= 4 of the vocabulary: two letters. */
static void word(unsigned int n, char text[3])
{
	text[0] = (char)('a' + n / 26);
	text[1] = (char)('a' + n % 26);
	text[2] = '\0';
}

static void write_bytes(const char *path, const void *bytes, size_t size)
{
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

/* The same words with the same ids, as pieces that begin with a space. */
static void write_pieces(const char *folder)
{
	struct piece_model model = { .size = 0 };
	char entry[3], piece[8];

	piece_model_put_specials(&model);
	for (unsigned int i = 4; i < TINY_VOCABULARY; i++) {
		word(i, entry);
		snprintf(piece, sizeof(piece), "\u2581%s", entry);
		piece_model_put(&model, piece, -1, PIECE_NORMAL);
	}
	write_bytes(path_in(folder, "spiece.model"), model.bytes, model.size);
}

static void write_vocabulary(const char *folder)
{
	static const char *const special[] = { "[PAD]", "[UNK]", "[CLS]", "[SEP]" };
	char text[TINY_VOCABULARY * 8] = "", entry[3];

	for (unsigned int i = 0; i < TINY_VOCABULARY; i++) {
		word(i, entry);
		strcat(text, i < 4 ? special[i] : entry);
		strcat(text, "\n");
	}
	write_text(path_in(folder, "vocab.txt"), text);
}

static void write_config(const char *folder, const struct tiny_checkpoint *tiny)
{
	bool albert = tiny->architecture == EB_ARCHITECTURE_ALBERT;
	char text[1024], embedding[100];

	snprintf(embedding, sizeof(embedding),
		 "\"embedding_size\": %u, \"num_hidden_groups\": 1, \"inner_group_num\": 1,",
		 tiny->embedding);
	snprintf(text, sizeof(text),
		 "{ \"model_type\": \"%s\", \"hidden_size\": %u, \"num_hidden_layers\": %u,\n"
		 "\"num_attention_heads\": %u, \"intermediate_size\": %u, \"vocab_size\": %d,\n"
		 "\"max_position_embeddings\": %d, \"type_vocab_size\": 2, \"num_labels\": %u,\n"
		 "%s \"hidden_act\": \"%s\", \"layer_norm_eps\": 1e-12,\n"
		 "\"attention_span_ramp\": 4, \"id2label\": { \"0\": \"no\", \"1\": \"yes\" } }\n",
		 albert ? "albert" : "bert", tiny->hidden, tiny->layers, tiny->heads,
		 tiny->intermediate, TINY_VOCABULARY, TINY_POSITIONS, tiny->classes,
		 albert ? embedding : "", tiny->activation ? tiny->activation : "gelu");
	write_text(path_in(folder, "config.json"), text);
}

void tiny_checkpoint_write(const char *folder, const struct tiny_checkpoint *described)
{
	const struct tiny_checkpoint all = sized(described), *tiny = &all;

	if (tiny->sentencepiece)
		write_pieces(folder);
	else
		write_vocabulary(folder);
	write_config(folder, tiny);
	write_weights(folder, tiny);
}

void tiny_sentences_write(const char *path, unsigned int count)
{
	uint64_t random = 99;
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fprintf(file, "text\tlabel\n");
	for (unsigned int i = 0; i < count; i++) {
		unsigned int words = 2 + (unsigned int)(random_uniform(&random) * 30);

		for (unsigned int j = 0; j < words; j++) {
			char text[3];

			word(4 + (unsigned int)(random_uniform(&random) * (TINY_VOCABULARY - 4)),
			     text);
			fprintf(file, "%s%s", j ? " " : "", text);
		}
		fprintf(file, "\t%u\n", i % 2);
	}
	assert_int_equal(fclose(file), 0);
}
