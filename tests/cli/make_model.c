// SPDX-License-Identifier: MIT
/*
 * cli-model: writes a small model, good or bad in one way, for tests of the tool.
 *
 * usage: cli-model FILE [KIND]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/lib/tiny_model.h"

struct kind {
	const char *name;
	struct tiny_model_options options;
	void (*damage)(uint8_t *file, size_t *size);
};

static void other_version(uint8_t *file, size_t *size)
{
	((struct eb_model_header *)file)->version_major = EB_MODEL_VERSION_MAJOR + 1;
	tiny_model_seal(file, *size);
}

static void cut(uint8_t *file, size_t *size)
{
	(void)file;
	*size /= 2;
}

static void cut_in_header(uint8_t *file, size_t *size)
{
	(void)file;
	*size = sizeof(struct eb_model_header) / 2;
}

/* One bit of one weight: only the checksum can tell. */
static void flip_weight(uint8_t *file, size_t *size)
{
	(void)size;
	((uint8_t *)tiny_model_contents(file, EB_MODEL_WEIGHTS))[100] ^= 1;
}

static void other_magic(uint8_t *file, size_t *size)
{
	(void)size;
	memcpy(file, "\x7f" "ELF", 4);
}

static void no_vocabulary(uint8_t *file, size_t *size)
{
	memcpy(tiny_model_contents(file, EB_MODEL_VOCABULARY), "[BAD]", 5);
	tiny_model_seal(file, *size);
}

/* A list of words where a SentencePiece model should be. */
static void words_for_pieces(uint8_t *file, size_t *size)
{
	struct eb_model_parameters *parameters = tiny_model_contents(file, EB_MODEL_PARAMETERS);

	parameters->tokenizer = EB_MODEL_TOKENIZER_SENTENCEPIECE;
	tiny_model_seal(file, *size);
}

/* Expects every sentence to be sure of itself at layer 2. */
static void predict_layer_2(uint8_t *file, size_t *size)
{
	struct eb_model_predictor *predictor = tiny_model_contents(file, EB_MODEL_PREDICTOR);

	memset(predictor + 1, 0, sizeof(int16_t) * predictor->rows * predictor->columns);
	tiny_model_seal(file, *size);
}

static const struct kind kinds[] = {
	{ .name = "good" },
	{ .name = "other-seed", .options = { .seed = 7 } },
	{ .name = "without-predictor", .options = { .without_predictor = true } },
	{ .name = "without-exits", .options = { .only_last_exit = true } },
	{ .name = "pairs", .options = { .pairs = true } },
	{ .name = "predicts-layer-2", .damage = predict_layer_2 },
	{ .name = "other-version", .damage = other_version },
	{ .name = "cut", .damage = cut },
	{ .name = "cut-in-header", .damage = cut_in_header },
	{ .name = "flipped-weight", .damage = flip_weight },
	{ .name = "other-magic", .damage = other_magic },
	{ .name = "bad-vocabulary", .damage = no_vocabulary },
	{ .name = "words-for-pieces", .damage = words_for_pieces },
};

static int write_model(const char *path, const struct kind *kind)
{
	size_t size;
	uint8_t *model = tiny_model_build(&kind->options, &size);
	FILE *file = fopen(path, "wb");
	int failed;

	if (!model || !file) {
		fprintf(stderr, "cli-model: %s can not be made\n", path);
		return 1;
	}
	if (kind->damage)
		kind->damage(model, &size);
	failed = fwrite(model, 1, size, file) != size;
	failed |= fclose(file) != 0;
	free(model);
	return failed;
}

int main(int argc, char **argv)
{
	const char *name = argc > 2 ? argv[2] : "good";

	for (size_t i = 0; argc > 1 && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].name, name) == 0)
			return write_model(argv[1], &kinds[i]);
	fprintf(stderr, "usage: cli-model FILE [KIND]\n");
	return 1;
}
