/* SPDX-License-Identifier: MIT */
/* Small random checkpoints and sentences in a folder of their own. */
#ifndef EDGEBERT_TESTS_MODEL_FIXTURE_H
#define EDGEBERT_TESTS_MODEL_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifndef FIXTURE_STANDALONE
#include <cmocka.h>
#else
/* Within a program that is no test, what can not be made ends it. */
#include <stdio.h>
#include <stdlib.h>
#define assert_true(condition) ((condition) ? (void)0 : fixture_fail(#condition))
#define assert_non_null(pointer) assert_true((pointer) != NULL)
#define assert_int_equal(a, b) assert_true((long long)(a) == (long long)(b))
#define fail_msg(...) fixture_fail("see the sources")
static inline _Noreturn void fixture_fail(const char *what)
{
	fprintf(stderr, "the checkpoint can not be written: %s\n", what);
	exit(1);
}
#endif

#include "tools/model/checkpoint.h"

/* cmocka setup and teardown: *state is the path of a new, empty folder. */
int folder_setup(void **state);
int folder_teardown(void **state);

/* "folder/name"; valid until the sixteenth next call. */
const char *path_in(const char *folder, const char *name);
void write_text(const char *path, const char *text);
/* The whole file with a zero behind it; free it. */
char *read_bytes(const char *path, size_t *ret_size);

/* The last call failed with this status, and its detail holds this text. */
void assert_detail(enum eb_status status, enum eb_status expected, const char *text);

struct tiny_checkpoint {
	enum eb_architecture architecture;
	unsigned int layers;
	unsigned int classes;
	bool outlier;			/* one feed-forward weight far above the others */
	bool sentencepiece;		/* spiece.model in place of vocab.txt */
	/* 0: the defaults below */
	unsigned int hidden, heads, intermediate, embedding;
	const char *activation;		/* NULL: "gelu" */
	const float *spans;		/* [heads] of every layer; NULL: none */
	bool masked;			/* half of each feed-forward matrix, by a mask beside it */
	enum { TINY_EXITS, TINY_HIGHWAY, TINY_CLASSIFIER } head_names;
	bool extra_tensors;		/* of types that nothing reads */
	unsigned int exits;		/* bit l: layer l (from 0) has a head; the last always */
	uint64_t seed;
	uint64_t task_seed;		/* of what is behind the embeddings; 0: goes on with seed */
};

extern const struct tiny_checkpoint tiny_bert, tiny_albert;

#define TINY_VOCABULARY 60
#define TINY_POSITIONS 64
#define TINY_HIDDEN 32
#define TINY_HEADS 2
#define TINY_INTERMEDIATE 64
#define TINY_EMBEDDING 16		/* ALBERT */

/* config.json, the tokenizer's file and model.safetensors into folder, which must exist. */
void tiny_checkpoint_write(const char *folder, const struct tiny_checkpoint *tiny);

/* count labelled sentences in words of the vocabulary, with a header line. */
void tiny_sentences_write(const char *path, unsigned int count);

/* Deterministic random numbers. */
double random_uniform(uint64_t *state);		/* 0..1 */
double random_normal(uint64_t *state);

#endif /* EDGEBERT_TESTS_MODEL_FIXTURE_H */
