// SPDX-License-Identifier: MIT
/*
 * cli-checkpoint: writes a small checkpoint and sentences for it, for tests of the tool.
 *
 * usage: cli-checkpoint FOLDER KIND [EMBEDDING TASK]; FOLDER must exist; the numbers choose
 * the embeddings and what is behind them
 */
#define FIXTURE_STANDALONE
#include "tests/unit/model/fixture.c"

#define SENTENCES 40

static const float spans[] = { 0, 6 };

static const struct {
	const char *name;
	struct tiny_checkpoint tiny;
} kinds[] = {
	{ "bert", { .architecture = EB_ARCHITECTURE_BERT, .layers = 4, .classes = 2, .exits = 0xf,
		    .seed = 1 } },
	{ "albert", { .architecture = EB_ARCHITECTURE_ALBERT, .layers = 4, .classes = 2,
		      .exits = 0xf, .seed = 2, .sentencepiece = true, .activation = "gelu_new",
		      .spans = spans, .hidden = 40, .extra_tensors = true } },
	{ "classifier", { .architecture = EB_ARCHITECTURE_BERT, .layers = 3, .classes = 3,
			  .seed = 3, .head_names = TINY_CLASSIFIER } },
};

/* Two texts of words of the vocabulary per line. */
static void write_pairs(const char *path)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs("sentence1\tsentence2\tlabel\n", file);
	for (unsigned int i = 0; i < SENTENCES; i++) {
		char first[3], second[3];

		word(4 + i, first);
		word(TINY_VOCABULARY - 1 - i, second);
		fprintf(file, "%s %s\t%s\t%s\n", first, second, second, i % 2 ? "yes" : "no");
	}
	assert_int_equal(fclose(file), 0);
}

int main(int argc, char **argv)
{
	struct tiny_checkpoint tiny;

	for (size_t i = 0; (argc == 3 || argc == 5) && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(kinds[i].name, argv[2]) != 0)
			continue;
		tiny = kinds[i].tiny;
		if (argc == 5) {
			tiny.seed = strtoul(argv[3], NULL, 10);
			tiny.task_seed = strtoul(argv[4], NULL, 10);
		}
		tiny_checkpoint_write(argv[1], &tiny);
		tiny_sentences_write(path_in(argv[1], "sentences.tsv"), SENTENCES);
		write_pairs(path_in(argv[1], "pairs.tsv"));
		return 0;
	}
	fprintf(stderr, "usage: cli-checkpoint FOLDER KIND [EMBEDDING TASK]\n");
	return 1;
}
